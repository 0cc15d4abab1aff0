// SPDX-License-Identifier: Apache-2.0
/* What is read of any YAML comes back when written as YAML or JSON; what is
 * refused has a sentence. */
#include "ext/yaml.h"

#include <errno.h>

#include "base/cleanup.h"
#include "ext/json.h"
#include "fuzz.h"

/* what was within the limits once has more events without its aliases */
static const struct yaml_limits wide = { BUF_MAX, 64, 1000000 };

static void check_yaml(const struct value *v)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	AUTO(value_release) struct value *again = NULL;

	yaml_write(v, &text);
	if (text.err == -EFBIG) /* by indentation */
		return;
	REQUIRE(!text.err);
	REQUIRE(!yaml_read(text.data, text.len, &wide, NULL, &again));
	REQUIRE(value_equal(v, again));
}

static void check_json(const struct value *v)
{
	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
	AUTO(value_release) struct value *again = NULL;

	json_write(v, &text);
	REQUIRE(!text.err);
	REQUIRE(!json_read(text.data, text.len, BUF_MAX, NULL, &again));
	REQUIRE(value_equal(v, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(buf_release) struct buf why = WHY_INIT;
	AUTO(value_release) struct value *v = NULL;
	AUTO(value_release) struct value *docs = NULL;
	const char *text = (const char *)data;
	int err = yaml_read(text, len, &yaml_spec_limits, &why, &v);

	REQUIRE(!err == !!v);
	REQUIRE(!err == !why.len);
	if (err)
		REQUIRE(err == -EINVAL || err == -EFBIG);
	yaml_read_all(text, len, &yaml_spec_limits, NULL, &docs);
	REQUIRE(err || (docs && docs->count <= 1));
	if (!v)
		return 0;
	check_yaml(v);
	check_json(v);
	return 0;
}
