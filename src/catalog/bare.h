// SPDX-License-Identifier: Apache-2.0
/*
 * What a directory can tell without a spec: its README (with or without a
 * Hugging Face card in front), its licence, its notebooks, what kinds of files
 * are in it. Everything in it is data of a user, looked at within limits.
 */
#ifndef CATALOG_BARE_H
#define CATALOG_BARE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/value.h"
#include "store/store.h"

struct bare {
	char *directory; /* its name */
	char *readme;	 /* the README's name, or NULL */
	char *title;	 /* the README's first heading, or NULL */
	char *summary;	 /* the README's first paragraph, or NULL */
	struct value
		*card; /* the YAML in front of the README: a map, or NULL */
	const char *license;   /* SPDX id by the licence's text, or NULL */
	bool has_license;      /* a LICENSE file is there */
	struct value *formats; /* list of {suffix, files, bytes}, most first */
	char *notebook;	       /* the (first) .ipynb's name, or NULL */
	struct value *notebook_doc; /* what it holds; NULL: not readable */
	unsigned int notebooks;	    /* how many .ipynb there are */
	unsigned int weights;	    /* files that hold a model's weights */
	unsigned int specs;	    /* YAML files directly in it */
	/* files directly in it that are no data: pages, YAML, hidden ones */
	unsigned int others;
	int64_t oldest; /* mtime of the oldest file, ns; 0: no file */
};

enum {
	BARE_TEXTS = 1 << 0,	/* read the README and the licence */
	BARE_NOTEBOOK = 1 << 1, /* read the notebook */
	BARE_TREE = 1 << 2,	/* count the files of all below */
};

/* Look (blocks). Names directly in it are always looked at; what: BARE_* more.
 * `prefer` (may be NULL): the .ipynb to take if it is there.
 * -ESTALE, -ENOMEM; what cannot be read is left out. */
int bare_read(struct store *st, uint64_t dir, const char *directory,
	      const char *prefer, unsigned int what, struct bare *ret_bare);
void bare_release(struct bare *b);

/* A list of tags, a licence, a title … of a card into a record; what all kinds
 * with a card have. */
int bare_copy_card(const struct bare *b, struct value *record);
/* What every directory tells: name, description, licence. */
int bare_copy_basics(const struct bare *b, struct value *record);
/* Title, kernel, language and parameters of the notebook. */
int bare_copy_notebook(const struct bare *b, struct value *record);

#endif
