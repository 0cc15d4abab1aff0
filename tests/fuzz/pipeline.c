// SPDX-License-Identifier: Apache-2.0
/*
 * Whatever a document says, its reader gives a pipeline that can be started or
 * a sentence; and the Python of it, if it can be said, has its literals closed:
 * outside of them there are only the characters that we write.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "ext/json.h"
#include "ext/yaml.h"
#include "fuzz.h"
#include "pipeline/format.h"

/* Walks over code: comments and strings are stepped over as Python does. */
static void check_code(const char *s)
{
	while (*s) {
		if (*s == '#') {
			s += strcspn(s, "\n");
			continue;
		}
		if (strncmp(s, "\"\"\"", 3) == 0) {
			s = strstr(s + 3, "\"\"\"");
			REQUIRE(s);
			s += 3;
			continue;
		}
		if (*s == '\'') {
			for (s++; *s != '\''; s++) {
				REQUIRE(*s && *s != '\n');
				s += *s == '\\';
			}
		}
		REQUIRE(*s == '\n' || (*s >= ' ' && *s < 127));
		s++;
	}
}

static void check_python(const struct pipeline *p)
{
	AUTO(buf_release) struct buf code = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf why = WHY_INIT;
	int err = kfp_python_write(p, &code, &why);

	REQUIRE(!err || (err == -EOPNOTSUPP && why.len) || err == -EFBIG);
	REQUIRE(!err == !!code.len);
	check_code(code.data);
}

static void check_pipeline(int err, const struct pipeline *p,
			   const struct buf *why)
{
	if (err) {
		REQUIRE(err == -EINVAL || err == -EOPNOTSUPP);
		REQUIRE(why->len && !p->tasks && !p->name);
		return;
	}
	REQUIRE(p->name && p->tasks_count);
	REQUIRE(!pipeline_judge(p, NULL, NULL));
	check_python(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	AUTO(value_release) struct value *docs = NULL;
	AUTO(value_release) struct value *json = NULL;
	const struct pipeline_reader *reader;

	if (!json_read(text, len, BUF_MAX, NULL, &json)) {
		AUTO(pipeline_release) struct pipeline p = { 0 };
		AUTO(buf_release) struct buf why = WHY_INIT;

		check_pipeline(notebook_read(json, &why, &p), &p, &why);
	}
	if (yaml_read_all(text, len, &yaml_spec_limits, NULL, &docs))
		return 0;
	reader = reader_find(docs);
	if (reader) {
		AUTO(pipeline_release) struct pipeline p = { 0 };
		AUTO(buf_release) struct buf why = WHY_INIT;

		check_pipeline(reader->read(docs, &why, &p), &p, &why);
	}
	return 0;
}
