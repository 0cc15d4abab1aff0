// SPDX-License-Identifier: Apache-2.0
/* Assets on a real store: what is right is registered and stays so. */
#include "catalog_util.h"

TEST(reopen_keeps_records)
{
	AUTO(world_close) struct world w = { 0 };

	CHECK_INT(world_open(&w), 0);
	CHECK(make_dir(&w, "datasets/rain"));
	CHECK_INT(put(&w, "datasets/rain/dataset.yaml", DATASET("rain")), 0);
	CHECK_FIELD(&w, "datasets/rain", "name", "Rain");
	world_close(&w);
	CHECK_INT(world_open(&w), 0);
	CHECK(at(&w, "datasets/rain"));
	CHECK_FIELD(&w, "datasets/rain", "name", "Rain");
}
