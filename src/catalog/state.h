// SPDX-License-Identifier: Apache-2.0
/*
 * The catalog from inside.
 *
 * In memory there is a small struct for each asset that was seen: which kind,
 * which id, in which state; by inode, by id and by name. It is a cache: whether
 * an asset is there is said by the namespace alone, and every answer is checked
 * against it. What a spec said is in the store's records (record.h here).
 *
 * Locks: `lock` guards all fields that say so. It is held for look-ups only:
 * never while files are read, a record is written or the listener is called.
 * Work on one asset (judging, writing its record) is done by one thread at a
 * time: it claims the asset's inode, and others wait for it. The kind's
 * directory is claimed while a dropped file moves. Order: the kind's directory,
 * then an asset; one asset at a time.
 */
#ifndef CATALOG_STATE_H
#define CATALOG_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/table.h"
#include "base/value.h"
#include "catalog/catalog.h"

enum asset_state {
	STATE_UNKNOWN, /* not looked at yet */
	STATE_REGISTERED,
	STATE_DRAFT,
	STATE_INVALID,
};

struct asset {
	struct table_link link[3]; /* by enum by */
	uint64_t ino;
	const struct kind *kind;
	char *id;   /* or NULL: not known yet */
	char *name; /* the directory's, when it was last looked at; or NULL */
	enum asset_state state;
	bool stale;  /* look at its files again before the next answer */
	bool looked; /* state and id are those of `changes` of its tree */
	/* the finished record of then, or NULL: it is not kept */
	struct value *view;
	uint64_t changes;
	int64_t changed;
};

enum by { BY_INO, BY_ID, BY_NAME };

struct index {
	struct table by[3];
	size_t views; /* assets whose view is kept */
};

#define VIEWS_MOST 8192 /* views kept at a time */

struct refusal {
	int64_t time;
	char *line;
};

#define REFUSALS_MOST 256

struct claim {
	struct catalog *c;
	uint64_t ino;
	struct claim *next;
};

struct catalog {
	struct store *st;
	uint64_t kind_dir[KIND_MOST]; /* fixed after open */
	uint64_t runs_dir;
	int64_t opened;
	pthread_mutex_t lock;
	pthread_cond_t unclaimed;
	struct claim *claims;		       /* lock */
	struct index index;		       /* lock */
	struct refusal refusal[REFUSALS_MOST]; /* lock; a ring */
	uint64_t counted; /* lock: store_changes before `counts`; 0: never */
	struct catalog_counts counts; /* lock */
	size_t refused; /* lock: of all time; the ring's next place is
			 * refused % REFUSALS_MOST */
};

/* ---- index.c; the caller holds the lock ---- */

int index_init(struct index *x);
void index_release(struct index *x);
struct asset *index_find(struct index *x, uint64_t ino);
/* By id, or by name, within a kind: the first, or the next after `after`. */
struct asset *index_find_text(struct index *x, enum by by,
			      const struct kind *kind, const char *text,
			      struct asset *after);
/* Find or make; NULL: no memory. */
struct asset *index_get(struct index *x, uint64_t ino);
/* 0 or -ENOMEM; `text` may be NULL. */
int index_set_text(struct index *x, struct asset *a, enum by by,
		   const struct kind *kind, const char *text);
/* The old view, if any, is freed; too many: all are. */
void index_set_view(struct index *x, struct asset *a, struct value *take_view,
		    uint64_t changes, int64_t changed);
void index_drop(struct index *x, struct asset *a);

/* ---- claims (catalog.c) ---- */

void claim_take(struct catalog *c, uint64_t ino, struct claim *ret_claim);
void claim_release(struct claim *claim);

/* ---- look.c ---- */

/* (blocks) The asset's finished record: see catalog_get; and hidden fields,
 * whose names begin with a dot. */
int asset_look(struct catalog *c, uint64_t ino, struct value **ret_view,
	       int64_t *ret_changed);
/* Its state and id are up to date after this; -ENOENT: no asset. */
int asset_refresh(struct catalog *c, uint64_t ino);
/* What is kept in memory of the asset's looks is out of date. stale: judge its
 * spec again, too. */
void asset_forget(struct catalog *c, uint64_t ino, bool stale);
/* Read, change by fn, save (claims the asset). fn: 1 changed, 0 not, -errno. */
typedef int asset_change_fn(struct value *rec, void *arg);
int asset_change(struct catalog *c, uint64_t ino, asset_change_fn *fn,
		 void *arg);

/* ---- spec_file.c: which file is the spec ---- */

struct spec_file {
	char *name;
	struct node_attr attr;
	/* The name says that it is the spec; else it may be other YAML. */
	bool strict;
};

/* The spec of a directory, with the file `extra` of attributes `extra_attr`
 * in it as well (NULL: as it is). in_force: the name of the spec in force, or
 * NULL. 1: found, 0: there is none. */
int spec_file_find(struct catalog *c, uint64_t dir, const struct kind *kind,
		   const char *in_force, const char *extra,
		   const struct node_attr *extra_attr,
		   struct spec_file *ret_file);
void spec_file_release(struct spec_file *f);
bool spec_file_is_name(const char *name); /* *.yaml, *.yml, no scratch */
/* Read and judge. 0; 1: not strict, and no spec of this kind; -errno. */
int spec_file_judge(struct catalog *c, const struct kind *kind,
		    const struct spec_file *f, struct buf *why,
		    struct buf *text, struct value **ret_fields);
/* The same of a text. */
int spec_text_judge(const struct kind *kind, const char *text, size_t len,
		    bool strict, struct buf *why, struct value **ret_fields);

/* ---- judge.c ---- */

/*
 * The asset is claimed. Judge f as the spec of asset ino, whose record is rec:
 * rec is changed to what holds from now on (right: the new fields; wrong: the
 * error), not saved. 0; 1: it is no spec; -errno.
 */
struct writer {
	uid_t uid;
	int64_t when; /* what the record's times become, if it changes */
};

int asset_judge(struct catalog *c, uint64_t ino, const struct kind *kind,
		const struct spec_file *f, const struct writer *by,
		struct buf *why, struct value *rec);

/* An id that an asset is to have. */
struct id_wish {
	uint64_t asset; /* 0: it is not made yet */
	const struct kind *kind;
	const char *id;
	bool only_ask;
	struct catalog_move move; /* that is being asked for */
};

/* Is the id another asset's? -EEXIST with a sentence that names it. */
int asset_reserve_id(struct catalog *c, const struct id_wish *wish,
		     struct buf *why);

/* ---- catalog.c ---- */

/* catalog_closed for a file of an asset. */
int asset_closed(struct catalog *c, uint64_t dir, const struct kind *kind,
		 const char *name, uid_t uid);
/* A refusal of a file, which need not be there: no asset's error. */
void refuse_file(struct catalog *c, uint64_t dir, const char *name, int err,
		 const struct buf *why);

/* ---- drop.c: files in a kind's directory ---- */

bool drop_is_name(const struct kind *kind, const char *name);
/* Become an asset. 0 also when the file is none. */
int drop_closed(struct catalog *c, const struct kind *kind, const char *name,
		uid_t uid);
int drop_judge(struct catalog *c, const struct kind *kind,
	       const struct catalog_move *move, const char *name,
	       struct buf *why);

/* ---- unpack.c ---- */

/*
 * The spec in an archive: its text, and its name, with the folder that it is
 * in ("echo/component.yaml"). 0; 1: there is none, or it is no archive;
 * -EINVAL: malformed or unsafe before a spec was found; other errnos.
 */
int unpack_find_spec(struct catalog *c, const struct kind *kind, uint64_t ino,
		     const char *name, struct buf *why, struct buf *ret_text,
		     struct buf *ret_member);
/* All of the folder of `member`, into directory dir. */
int unpack_into(struct catalog *c, uint64_t ino, const char *name,
		const char *member, uint64_t dir, const struct owner *owner,
		struct buf *why);

/* ---- code.c ---- */

/* Of an asset whose finished record is `view`. */
int view_get_pipeline(struct catalog *c, uint64_t asset,
		      const struct value *view, const char *stage,
		      const char *platform, struct buf *why,
		      struct pipeline *ret_p);
/* Is there a valid spec in force? */
bool view_has_spec(const struct value *view);
/* When what runs changed last: the spec, or, where that is in the files, any of
 * them (`changed`). */
int64_t view_code_changed(const struct value *view, int64_t changed);

/* ---- stored.c: the record as it is kept ---- */

/*
 * {"kind", "id", "state", "changed", "registered", "owner",
 *  "spec": {file, ino, ctime, size}, "error", "refused", "control_error",
 *  "tags", "featured", "published", "fetched", "fields": {…}}
 * The first three are always these, in this order: opening the catalog reads
 * no further.
 */
int stored_read(struct catalog *c, uint64_t ino, struct value **ret_rec);
int stored_save(struct catalog *c, uint64_t ino, struct value *rec);
/* Without parsing all of it; false: not as above. The texts are lent parts of
 * `text`, which is changed. */
bool stored_peek(char *text, const char **ret_kind, const char **ret_id,
		 const char **ret_state);
/* A record that has a valid spec, and which file that was. */
struct stored_spec {
	const char *kind, *id, *state; /* lent parts of the text, as `file` */
	int64_t changed;
	const char *file;
	uint64_t ino, size;
	int64_t ctime;
};

/* The same of all of it, which is much faster than parsing it. False: there is
 * none, or it has to be parsed. */
bool stored_peek_spec(char *text, struct stored_spec *ret_spec);
int64_t stored_int(const struct value *rec, const char *key);
enum asset_state state_named(const char *name);
const char *state_name(enum asset_state state);

/* An asset's path from the root, "models/max-ocr", and with a name after it. */
void asset_put_path(struct catalog *c, uint64_t dir, const char *name,
		    struct buf *out);
size_t kind_number(const struct kind *kind);

#endif
