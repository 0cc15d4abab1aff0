// SPDX-License-Identifier: Apache-2.0
/* What is read of any JSON comes back when written, in either form, and as YAML
 * too; what is refused has a sentence. */
#include "ext/json.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "ext/yaml.h"
#include "fuzz.h"

static const struct yaml_limits wide = { BUF_MAX, 64, 1000000 };

static void check_json(const struct value *v)
{
	AUTO(buf_release) struct buf line = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf same = BUF_INIT(BUF_MAX);
	AUTO(value_release) struct value *again = NULL;
	AUTO(value_release) struct value *once_more = NULL;

	json_write_line(v, &line);
	json_write(v, &text);
	REQUIRE(!json_read(line.data, line.len, BUF_MAX, NULL, &again));
	REQUIRE(value_equal(v, again));
	REQUIRE(!json_read(text.data, text.len, BUF_MAX, NULL, &once_more));
	REQUIRE(value_equal(v, once_more));
	/* numbers keep their very text */
	json_write_line(again, &same);
	REQUIRE(!strcmp(line.data, same.data));
}

static void check_yaml(const struct value *v)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	AUTO(value_release) struct value *again = NULL;

	yaml_write(v, &text);
	if (text.err == -EFBIG)
		return;
	REQUIRE(!text.err);
	REQUIRE(!yaml_read(text.data, text.len, &wide, NULL, &again));
	REQUIRE(value_equal(v, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(value_release) struct value *v = NULL;
	int err = json_read((const char *)data, len, BUF_MAX, &why, &v);

	REQUIRE(!err == !!v);
	REQUIRE(!err == !why.len);
	if (err)
		REQUIRE(err == -EINVAL || err == -EFBIG);
	if (!v)
		return 0;
	check_json(v);
	check_yaml(v);
	return 0;
}
