// SPDX-License-Identifier: Apache-2.0
#include "base/cleanup.h"
#include "base/value.h"
#include "unit.h"

TEST_STARVED(value_keeps_what_it_is_given)
{
	AUTO(value_release) struct value *map = value_new_map();
	AUTO(value_release) struct value *copy = NULL;

	ENOUGH(map ? 0 : -ENOMEM);
	ENOUGH(value_set_string(map, "name", "x"));
	ENOUGH(value_set_int(map, "n", INT64_MAX));
	ENOUGH(value_set(map, "list", value_new_list()));
	ENOUGH(value_add(value_find(map, "list"), value_new_bool(true)));
	ENOUGH(value_set_string(map, "name", "y"));
	CHECK_INT(map->count, 3);
	CHECK_STR(value_find_string(map, "name"), "y");
	copy = value_copy(map);
	ENOUGH(copy ? 0 : -ENOMEM);
	CHECK(value_equal(map, copy));
	value_drop(copy, "n");
	CHECK(!value_equal(map, copy));
}

TEST(value_path_finds_nested_keys)
{
	AUTO(value_release) struct value *map = value_new_map();

	CHECK_INT(value_set(map, "license", value_new_map()), 0);
	CHECK_INT(value_set_string(value_find(map, "license"), "name", "MIT"),
		  0);
	CHECK_STR(value_string(value_path(map, "license.name")), "MIT");
	CHECK(!value_path(map, "license.url"));
	CHECK(!value_path(map, "absent.name"));
}

TEST(value_reals_read_back)
{
	static const double numbers[] = { 0.1, 1e300, -2.5, 3.0, 1.0 / 3 };

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		AUTO(value_release)
		struct value *v = value_new_real(numbers[i]);
		double n;

		CHECK_INT(value_real(v, &n), 0);
		CHECK(n == numbers[i]);
		CHECK(strpbrk(v->text, ".e"));
	}
}

TEST_STARVED(value_map_of_many_keys)
{
	AUTO(value_release) struct value *map = value_new_map();
	char key[32];

	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		ENOUGH(value_set_int(map, key, i));
		ENOUGH(value_set_int(map, key, i * 2));
	}
	CHECK_INT(map->count, 100);
	value_drop(map, "k50");
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 100; i++) {
			int64_t n = -1;

			snprintf(key, sizeof(key), "k%d", i);
			if (i == 50) {
				CHECK(!value_find(map, key));
				continue;
			}
			CHECK_INT(value_int(value_find(map, key), &n), 0);
			CHECK_INT(n, i * 2);
		}
		ENOUGH(value_set_int(map, "late", 1)); /* indexed again */
	}
	CHECK_STR(map->key[99], "late");
}

TEST(value_numbers_are_equal_by_text_but_for_the_exponent)
{
	static const struct {
		const char *text, *put;
	} row[] = {
		{ "1e3", "1.0e+3" },	{ "1E3", "1.0e+3" },
		{ "1.0e+3", "1.0e+3" }, { "-2.5E-07", "-2.5e-07" },
		{ "1.10", "1.10" },
	};
	AUTO(value_release)
	struct value *first = value_new_number(VALUE_REAL, "1e3");

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		AUTO(buf_release) struct buf out = BUF_INIT(100);
		AUTO(value_release)
		struct value *v = value_new_number(VALUE_REAL, row[i].text);

		value_put_number(v, &out);
		CHECK_STR(out.data, row[i].put);
		CHECK_INT(value_equal(first, v), i < 3);
	}
}
