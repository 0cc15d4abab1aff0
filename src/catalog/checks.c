// SPDX-License-Identifier: Apache-2.0
/*
 * checks.json: what is good and what is missing. To add a check: a function and
 * a row of the table at the end. A check looks at the record, never at the
 * kind: what an asset has decides what is asked of it.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "ext/json.h"
#include "license.h"
#include "pipeline/format.h"
#include "spec.h"
#include "state.h"

enum verdict { CHECK_PASS, CHECK_WARN, CHECK_FAIL };

struct checking {
	struct catalog *c;
	uint64_t asset;
	const struct value *view;
};

static bool is_true(const struct value *view, const char *key)
{
	const struct value *v = value_find(view, key);

	return value_is(v, VALUE_BOOL) && v->truth;
}

static enum verdict check_spec(const struct checking *k, struct buf *say)
{
	const char *error = value_find_string(k->view, ".error");
	const char *format = record_text(k->view, "spec_format");
	const char *state = record_text(k->view, "state");

	if (error) {
		buf_addf(say, "the last upload was refused: %s", error);
		return CHECK_FAIL;
	}
	if (view_has_spec(k->view)) {
		buf_addf(say, "%s is right (%s)",
			 record_text(k->view, "spec_file"), format);
		return CHECK_PASS;
	}
	if (stored_int(k->view, ".yaml_files") > 1) {
		buf_addf(say,
			 "there are several YAML files: call the one that "
			 "describes it %s.yaml",
			 record_text(k->view, "kind"));
		return CHECK_WARN;
	}
	if (!strcmp(state, state_name(STATE_REGISTERED))) {
		buf_addf(say,
			 "there is no spec; what is known was inferred%s%s",
			 format ? " from " : "", format ? format : "");
		return CHECK_WARN;
	}
	buf_addf(say, "it is a draft: add %s.yaml to register it",
		 record_text(k->view, "kind"));
	return CHECK_WARN;
}

static enum verdict check_license(const struct checking *k, struct buf *say)
{
	const char *license = record_text(k->view, "license");

	if (!license && is_true(k->view, ".license_file")) {
		buf_puts(say, "there is a licence file, but no licence that is "
			      "known by its text; say it in the spec");
		return CHECK_WARN;
	}
	if (!license) {
		buf_puts(say, "no licence is given");
		return CHECK_FAIL;
	}
	if (!license_is_spdx(license)) {
		buf_addf(say,
			 "the licence '%s' is no SPDX id "
			 "(spdx.org/licenses)",
			 license);
		return CHECK_WARN;
	}
	buf_addf(say, "%s", license);
	return CHECK_PASS;
}

static enum verdict check_description(const struct checking *k, struct buf *say)
{
	const char *text = record_text(k->view, "description");
	const char *name = record_text(k->view, "name");

	if (!text || !*text || (name && !strcmp(text, name))) {
		buf_puts(say, "there is no description");
		return CHECK_WARN;
	}
	buf_addf(say, "%zu bytes", strlen(text));
	return CHECK_PASS;
}

static enum verdict check_readme(const struct checking *k, struct buf *say)
{
	const char *file = record_text(k->view, "readme");
	const char *url = record_text(k->view, "readme_url");

	if (file || url) {
		buf_puts(say, file ? file : url);
		return CHECK_PASS;
	}
	buf_puts(say, "there is no README.md and no readme_url");
	return CHECK_WARN;
}

/* Where it comes from. */
static enum verdict check_provenance(const struct checking *k, struct buf *say)
{
	static const char *const keys[] = {
		"source",      "source_url",
		"provider",    "author",
		"website",     "repository.url",
		"base_models", "annotations.source",
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *text = record_text(k->view, keys[i]);

		if (!text &&
		    !value_is(value_path(k->view, keys[i]), VALUE_LIST))
			continue;
		buf_addf(say, "%s is given", keys[i]);
		return CHECK_PASS;
	}
	buf_puts(say, "nothing says where it comes from (source, provider, "
		      "author, website or repository)");
	return CHECK_WARN;
}

static enum verdict check_digest(const struct checking *k, struct buf *say)
{
	const struct value *fetched = value_find(k->view, "fetched");
	const char *given = record_text(k->view, "repository.sha_512");

	if (!value_find(k->view, "repository")) {
		buf_puts(say, "the digests of its files are in SHA256SUMS");
		return CHECK_PASS;
	}
	if (!given) {
		buf_puts(say, "the spec gives no repository.sha_512, so what "
			      "is fetched cannot be verified");
		return CHECK_WARN;
	}
	if (!fetched) {
		buf_puts(say,
			 "a SHA-512 is given; it is verified when the data "
			 "is fetched");
		return CHECK_PASS;
	}
	if (!is_true(fetched, "verified")) {
		buf_puts(say, "what was fetched does not have the SHA-512 that "
			      "is given");
		return CHECK_FAIL;
	}
	buf_puts(say, "the fetched data has the SHA-512 that is given");
	return CHECK_PASS;
}

static enum verdict check_data(const struct checking *k, struct buf *say)
{
	int64_t data = stored_int(k->view, ".data_files");

	if (data) {
		buf_addf(say, "%lld data files are here", (long long)data);
		return CHECK_PASS;
	}
	if (record_text(k->view, "repository.url")) {
		buf_puts(say, "the data is not here yet: write to run to fetch "
			      "it");
		return CHECK_WARN;
	}
	if (value_find(k->view, "image") || value_find(k->view, "stages") ||
	    value_find(k->view, "tasks") || value_find(k->view, "source_url")) {
		buf_puts(say, "it needs no data of its own");
		return CHECK_PASS;
	}
	buf_puts(say, "there is no data here, and nothing says where it is");
	return CHECK_WARN;
}

static enum verdict check_code(const struct checking *k, struct buf *say)
{
	AUTO(pipeline_release) struct pipeline p = { 0 };
	AUTO(buf_release) struct buf code = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf why = WHY_INIT;
	int err = view_get_pipeline(k->c, k->asset, k->view, NULL, NULL, &why,
				    &p);

	if (err) {
		buf_addf(say, "it cannot be run: %s", why.data);
		return CHECK_WARN;
	}
	err = kfp_python_write(&p, &code, &why);
	if (err || code.err) {
		buf_addf(say, "no code can be generated: %s",
			 why.len ? why.data : strerror(err ? -err : -code.err));
		return CHECK_FAIL;
	}
	buf_puts(say, "pipeline.py runs it");
	for (size_t i = 0; i < p.ignored_count; i++)
		buf_addf(say, "%s%s", i ? "; " : ", but for: ", p.ignored[i]);
	return p.ignored_count ? CHECK_WARN : CHECK_PASS;
}

static const struct {
	const char *name;
	enum verdict (*check)(const struct checking *k, struct buf *say);
} checks[] = {
	{ "spec-valid", check_spec },	      { "license", check_license },
	{ "description", check_description }, { "readme", check_readme },
	{ "provenance", check_provenance },   { "digest", check_digest },
	{ "data-present", check_data },	      { "code", check_code },
};

static int add_check(struct value *list, const char *name, enum verdict verdict,
		     const char *message)
{
	static const char *const words[] = {
		[CHECK_PASS] = "pass",
		[CHECK_WARN] = "warn",
		[CHECK_FAIL] = "fail",
	};
	AUTO(value_release) struct value *one = value_new_map();
	int err = one ? value_set_string(one, "name", name) : -ENOMEM;

	if (!err)
		err = value_set_string(one, "result", words[verdict]);
	if (!err)
		err = value_set_string(one, "message", message);
	return err ? err : value_add(list, TAKE(one));
}

static int run_checks(const struct checking *k, struct value *list,
		      int64_t counts[3])
{
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		AUTO(buf_release) struct buf say = BUF_INIT(65536);
		enum verdict verdict = checks[i].check(k, &say);
		int err = add_check(list, checks[i].name, verdict, say.data);

		if (err || say.err == -ENOMEM)
			return -ENOMEM;
		counts[verdict]++;
	}
	return 0;
}

int asset_put_checks(struct catalog *c, uint64_t asset, struct buf *out,
		     int64_t *ret_changed)
{
	AUTO(value_release) struct value *view = NULL;
	AUTO(value_release) struct value *doc = value_new_map();
	AUTO(value_release) struct value *list = value_new_list();
	AUTO(buf_release) struct buf path = BUF_INIT(4096);
	int64_t counts[3] = { 0 };
	int err = asset_look(c, asset, &view, ret_changed);
	struct checking k = { c, asset, view };

	if (!err && (!doc || !list))
		err = -ENOMEM;
	if (err)
		return err;
	asset_put_path(c, asset, NULL, &path);
	err = run_checks(&k, list, counts);
	if (!err)
		err = value_set_string(doc, "asset", path.data);
	if (!err)
		err = value_set_int(doc, "passed", counts[CHECK_PASS]);
	if (!err)
		err = value_set_int(doc, "warnings", counts[CHECK_WARN]);
	if (!err)
		err = value_set_int(doc, "failed", counts[CHECK_FAIL]);
	if (!err)
		err = value_set(doc, "checks", TAKE(list));
	if (err)
		return err;
	json_write(doc, out);
	return out->err;
}
