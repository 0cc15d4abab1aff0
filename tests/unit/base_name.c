// SPDX-License-Identifier: Apache-2.0
#include "base/cleanup.h"
#include "base/name.h"
#include "unit.h"

TEST(name_ids_are_as_mlx_derives_them)
{
	static const char *const pairs[][2] = {
		{ "Echo Sample", "echo-sample" },
		{ "Create Secret - Kubernetes Cluster",
		  "create-secret-kubernetes-cluster" },
		{ "データ", "" },
		{ "Ünïcode", "n-code" },
		{ "a__b..c", "a-b-c" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		AUTO(buf_release) struct buf id = BUF_INIT(256);

		name_put_id(pairs[i][0], &id);
		CHECK_STR(id.data, pairs[i][1]);
	}
}

TEST(name_scratch_is_what_tools_leave)
{
	static const char *const scratch[] = {
		".run.yaml.a1B2c3",
		".~nb.ipynb",
		"run~",
		".x.swp",
		"4913",
		"sedAb12Cd",
		".#lock",
		".ipynb_checkpoints",
		"big.bin.part",
	};
	static const char *const plain[] = {
		"run.yaml",   "component.yaml", ".gitignore", "sed",
		"sedan.yaml", "model.tmpl",	".a.b",
	};

	for (size_t i = 0; i < ARRAY_SIZE(scratch); i++)
		CHECK(name_is_scratch(scratch[i]));
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		CHECK(!name_is_scratch(plain[i]));
}

TEST(name_utf8_is_strict)
{
	CHECK(name_is_utf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 10));
	CHECK(!name_is_utf8("\xc0\xaf", 2));
	CHECK(!name_is_utf8("\xed\xa0\x80", 3));
	CHECK(!name_is_utf8("\xff", 1));
	CHECK(!name_is_utf8("a\0b", 3));
}
