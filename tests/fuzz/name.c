// SPDX-License-Identifier: Apache-2.0
/* What becomes of names: ids are ids, what is shown is one line of UTF-8. */
#include "base/name.h"

#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"

static void check_id(const char *title)
{
	AUTO(buf_release) struct buf id = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf same = BUF_INIT(BUF_MAX);

	name_put_id(title, &id);
	REQUIRE(!id.len || name_is_id(id.data));
	name_put_id(id.data, &same);
	REQUIRE(!strcmp(id.data, same.data));
	if (name_is_id(title) && !strstr(title, "--"))
		REQUIRE(!strcmp(title, id.data));
}

static void check_shown(const char *name)
{
	AUTO(buf_release) struct buf shown = BUF_INIT(BUF_MAX);

	name_put_shown(name, &shown);
	REQUIRE(name_is_utf8(shown.data, shown.len));
	for (size_t i = 0; i < shown.len; i++)
		REQUIRE((unsigned char)shown.data[i] >= 0x20 &&
			shown.data[i] != 0x7f);
}

static void check_utf8(const char *text, size_t len)
{
	bool is_valid = name_is_utf8(text, len);
	size_t at = 0;

	while (at < len) {
		size_t step = name_utf8_step(text + at, len - at);

		REQUIRE(step <= 4 && step <= len - at);
		if (!step)
			break;
		at += step;
	}
	REQUIRE(is_valid == (at == len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(free_text) char *text = strndup((const char *)data, len);

	if (!text)
		return 0;
	check_utf8((const char *)data, len);
	check_id(text);
	check_shown(text);
	if (name_is_scratch(text))
		REQUIRE(*text);
	REQUIRE(name_has_suffix(text, ""));
	return 0;
}
