// SPDX-License-Identifier: Apache-2.0
/*
 * Digests of contents. The janitor picks files and sends them to the hashers,
 * many small ones at once; a result counts only if no writer came meanwhile.
 * The hashers have what the processors and the disk have left over.
 *
 * Equal digests are equal contents: the file that is found last then shares the
 * other one's blob (shares.h), if nobody has it open, else later.
 */
#include "digests.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "blob.h"
#include "ext/digest.h"
#include "opening.h"
#include "state.h"

#define SMALL 65536		/* bytes: digested as soon as it is quiet */
#define QUIET_NS (2 * NS_PER_S) /* larger ones: when left alone so long */
#define BUSY_NS NS_PER_S	/* what can be written is tried again then */
#define CHUNK ((size_t)256 << 10)
#define BATCH_FILES 32 /* of one job: two rows each fit in any journal */
#define BATCH_BYTES ((uint64_t)4 << 20)
#define BIG ((uint64_t)1 << 20) /* bytes: read past the page cache */

#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE (3 << 13)
#ifndef RWF_DONTCACHE /* Linux 6.14: pages that are read for this go again */
#define RWF_DONTCACHE 0x80
#endif

struct digest_file {
	uint64_t ino, blob;
	/* 0: `digest` is wanted; else ino is to share `blob`, which is this
	 * file's, and is to be on disk first: ino's own may be */
	uint64_t twin;
	uint64_t own;	  /* blob of ino, which is given up then */
	bool gone;	  /* and nobody has it now */
	int err;	  /* -EBUSY: somebody has the file, open or mapped */
	struct stat stat; /* of the blob, as it was read */
	bool late;	  /* its attributes were not what we knew */
	unsigned char digest[32];
};

struct digest_job {
	size_t count;
	struct digest_file file[BATCH_FILES];
};

static const char empty_hex[] =
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

int node_get_digest(struct store *st, uint64_t ino, char ret_hex[65])
{
	HOLD_READ(&st->lock);
	const struct inode *i = inode_find(&st->names, ino);

	if (!i)
		return -ESTALE;
	if (!inode_is_file(i))
		return -EINVAL;
	if (i->flags & INODE_DIGEST)
		digest_hex(i->digest, sizeof(i->digest), ret_hex);
	else if (!i->blob)
		memcpy(ret_hex, empty_hex, sizeof(empty_hex));
	else
		return -EAGAIN;
	return 0;
}

/* ---- the hasher: no locks here ---- */

static void lower_priority(void)
{
	const struct sched_param none = { 0 };

	(void)sched_setscheduler(0, SCHED_IDLE, &none);
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
}

struct hasher {
	struct janitor *jan;
	struct digest *d;
	unsigned char *chunk;
	bool may_skip_cache;
};

static ssize_t read_chunk(struct hasher *h, int fd, off_t at, bool big)
{
	struct iovec to = { .iov_base = h->chunk, .iov_len = CHUNK };
	ssize_t got;

	if (big && h->may_skip_cache) {
		got = preadv2(fd, &to, 1, at, RWF_DONTCACHE);
		if (got >= 0 || (errno != EOPNOTSUPP && errno != EINVAL))
			return got;
		h->may_skip_cache = false;
	}
	return pread(fd, h->chunk, CHUNK, at);
}

static int add_bytes(struct hasher *h, int fd, uint64_t size)
{
	off_t at = 0;
	int err = 0;

	while (!err) {
		ssize_t got = read_chunk(h, fd, at, size >= BIG);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		err = digest_add(h->d, h->chunk, (size_t)got);
		at += got;
		/* who unmounts does not wait for the end of a large file */
		if (size > SMALL &&
		    __atomic_load_n(&h->jan->give_up, __ATOMIC_RELAXED))
			return -ECANCELED;
	}
	return err;
}

static int hash_file(struct hasher *h, int blobs, struct digest_file *f)
{
	AUTO(close_fd) int fd = -1;
	uint64_t size;
	size_t len;
	int err = blob_open(blobs, f->blob, O_RDONLY, &fd);

	if (!err && blob_has_writer(fd))
		err = -EBUSY;
	if (!err && fstat(fd, &f->stat))
		err = -errno;
	size = (uint64_t)f->stat.st_size;
	if (!err)
		err = digest_reset(h->d);
	if (!err && size >= BIG)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	if (!err)
		err = add_bytes(h, fd, size);
	return err ? err : digest_finish(h->d, f->digest, &len);
}

static int prepare_share(int blobs, const struct digest_file *f)
{
	AUTO(close_fd) int fd = -1;
	int err;

	if (!blob_is_unused(blobs, f->own))
		return -EBUSY;
	err = blob_open(blobs, f->blob, O_RDONLY, &fd);
	if (!err && fdatasync(fd))
		err = -errno;
	return err;
}

static void hash_job(struct hasher *h, int blobs, struct digest_job *job)
{
	for (size_t i = 0; i < job->count; i++) {
		struct digest_file *f = &job->file[i];

		if (f->twin)
			f->err = prepare_share(blobs, f);
		else if (h->d && h->chunk)
			f->err = hash_file(h, blobs, f);
		else
			f->err = -ENOMEM;
	}
}

void *digests_hash(void *arg)
{
	struct store *st = arg;
	struct hasher h = { .jan = &st->janitor, .may_skip_cache = true };
	struct digest_job *job;

	lower_priority();
	h.chunk = malloc(CHUNK);
	(void)digest_new(DIGEST_SHA256, &h.d);
	while (read(h.jan->jobs[0], &job, sizeof(job)) == sizeof(job)) {
		hash_job(&h, st->blobs, job);
		if (write(h.jan->results[1], &job, sizeof(job)) != sizeof(job))
			break;
	}
	digest_free(h.d);
	free(h.chunk);
	return NULL;
}

/* ---- the janitor's side ---- */

/* All that share go with one job, so that no hasher has a blob that another one
 * wants to see unused. */
static int choose_twin(struct store *st, struct inode *i,
		       struct digest_job *job)
{
	struct digest_job **sharing = &st->janitor.sharing;
	const struct inode *twin;

	if (*sharing && *sharing != job)
		return -EAGAIN;
	i->flags &= (uint16_t)~INODE_QUEUED;
	if (i->size < SHARE_LEAST)
		return -ENOENT;
	twin = shares_find_twin(&st->shares, &st->names, i);
	if (!twin)
		return -ENOENT;
	if (i->opening) {
		i->flags |= INODE_TWIN;
		return -ENOENT;
	}
	*sharing = job;
	job->file[job->count] = (struct digest_file){ .ino = i->ino,
						      .blob = twin->blob,
						      .twin = twin->ino,
						      .own = i->blob };
	i->flags |= INODE_UNUSED;
	return 0;
}

/* Is this the time to digest it? Marks the inode when it is. */
static int choose(struct store *st, uint64_t ino, struct digest_job *job,
		  uint64_t *ret_size)
{
	struct inode *i = inode_find(&st->names, ino);
	int64_t age;

	*ret_size = 0;
	if (!i || !i->nlink || !i->blob)
		return -ENOENT;
	if (i->flags & INODE_DIGEST)
		return choose_twin(st, i, job);
	i->flags &= (uint16_t)~INODE_QUEUED;
	/* its last close will queue it again */
	if (i->opening && i->opening->writers)
		return -ENOENT;
	age = clock_now() - i->ctime;
	/* what is in work may be of an earlier content */
	if (i->flags & INODE_IN_WORK ||
	    (i->size > SMALL && age >= 0 && age < QUIET_NS)) {
		i->flags |= INODE_QUEUED;
		return -EAGAIN;
	}
	i->flags |= INODE_HASHED | INODE_IN_WORK;
	job->file[job->count] =
		(struct digest_file){ .ino = ino, .blob = i->blob };
	*ret_size = i->size;
	return 0;
}

/* Each that waits is looked at once, at most. */
static void fill(struct store *st, struct digest_job *job)
{
	HOLD_WRITE(&st->lock);
	uint64_t most = janitor_waiting(&st->janitor), bytes = 0, ino, size;

	while (most-- && job->count < BATCH_FILES && bytes < BATCH_BYTES &&
	       janitor_pop(&st->janitor, &ino)) {
		int err = choose(st, ino, job, &size);

		if (err == -EAGAIN)
			janitor_push_back(&st->janitor, ino);
		else if (err)
			janitor_end_work(&st->janitor, 1);
		if (err)
			continue;
		job->count++;
		bytes += size;
	}
}

size_t digests_send(struct store *st)
{
	struct digest_job *job = calloc(1, sizeof(*job));
	size_t count;

	if (!job)
		return 0;
	fill(st, job);
	count = job->count;
	if (count &&
	    write(st->janitor.jobs[1], &job, sizeof(job)) == sizeof(job))
		return count;
	janitor_end_work(&st->janitor, count);
	if (st->janitor.sharing == job)
		st->janitor.sharing = NULL;
	free(job);
	return 0;
}

/* It goes to the end of the queue, which is left alone for a moment. */
static void put_off(struct store *st, struct inode *i)
{
	i->flags &= (uint16_t)~INODE_HASHED;
	janitor_queue(st, i);
	st->janitor.not_before = clock_monotonic() + BUSY_NS;
}

/* It may have been written after its last close, or be as if. The blob of
 * several files has the times of one of them, and nobody writes it. */
static void take_digest(struct store *st, struct digest_file *f,
			struct inode *i, struct rows *rows)
{
	f->late = !(i->flags & INODE_SHARED) &&
		  clock_from_timespec(&f->stat.st_ctim) > i->ctime &&
		  node_take_stat(i, &f->stat);
	i->flags &= (uint16_t)~INODE_HASHED;
	i->flags |= INODE_DIGEST;
	memcpy(i->digest, f->digest, sizeof(i->digest));
	rows_put_inode(rows, i);
	if (i->size >= SHARE_LEAST)
		janitor_queue_twin(st, i);
}

static void end_work(struct store *st, const struct digest_file *f)
{
	struct inode *i = inode_find(&st->names, f->ino);

	if (i && !f->twin)
		i->flags &= (uint16_t)~INODE_IN_WORK;
}

static void record_digest(struct store *st, struct digest_file *f,
			  struct rows *rows)
{
	struct inode *i = inode_find(&st->names, f->ino);

	end_work(st, f);
	/* a writer has taken INODE_HASHED away */
	if (!i || !i->nlink || !(i->flags & INODE_HASHED))
		return;
	/* it can be written, or was moved to another blob */
	if (f->err == -EBUSY || i->blob != f->blob)
		put_off(st, i);
	else if (!f->err)
		take_digest(st, f, i, rows);
}

/* ---- sharing ---- */

static bool are_twins(const struct inode *i, const struct inode *twin)
{
	return twin && twin->nlink && (twin->flags & INODE_DIGEST) &&
	       i->size == twin->size &&
	       !memcmp(i->digest, twin->digest, sizeof(i->digest));
}

static void share(struct store *st, struct digest_file *f, struct inode *i,
		  struct inode *twin, struct rows *rows)
{
	struct inode *left;

	if (shares_join(&st->shares, i, twin, &f->gone))
		return;
	/* who had come to this one follows */
	left = shares_any(&st->shares, f->own);
	if (left && left->flags & INODE_DIGEST)
		janitor_queue_twin(st, left);
	rows_put_inode(rows, twin);
	rows_put_inode(rows, i);
}

/* It is in use: after a moment, for it may be one of us who has it, then when
 * somebody closes it. */
static void try_again(struct store *st, struct inode *i)
{
	bool tried = i->flags & INODE_TRIED;

	i->flags ^= INODE_TRIED;
	if (tried || i->opening) {
		i->flags |= INODE_TWIN;
		return;
	}
	janitor_queue_twin(st, i);
	st->janitor.not_before = clock_monotonic() + BUSY_NS;
}

/* Nothing that anybody can see of the file changes, but the space on disk. That
 * it has a digest says that nobody writes it; that it was not opened since
 * its blob was found unused, that nobody has that. */
static void record_share(struct store *st, struct digest_file *f,
			 struct rows *rows)
{
	struct inode *i = inode_find(&st->names, f->ino);
	struct inode *twin = inode_find(&st->names, f->twin);

	if (!i || !i->nlink || !(i->flags & INODE_DIGEST))
		return;
	/* one was written, or has moved, and its old blob may be gone: look
	 * again */
	if (i->blob != f->own || !are_twins(i, twin) || twin->blob != f->blob)
		janitor_queue_twin(st, i);
	else if (f->err == -EBUSY || !(i->flags & INODE_UNUSED))
		try_again(st, i);
	else if (!f->err)
		share(st, f, i, twin, rows);
}

/* All of a job in one entry of the journal. *ret_sequence is its number. */
static int record(struct store *st, struct digest_job *job,
		  uint64_t *ret_sequence)
{
	HOLD_WRITE(&st->lock);
	struct rows rows;
	int err = journal_begin(&st->journal, 2 * job->count * ROW_ROOM, &rows);

	for (size_t n = 0; n < job->count; n++) {
		if (err)
			end_work(st, &job->file[n]);
		else if (job->file[n].twin)
			record_share(st, &job->file[n], &rows);
		else
			record_digest(st, &job->file[n], &rows);
	}
	if (err || !rows.len)
		return err;
	*ret_sequence = journal_end(&st->journal, &rows);
	st->janitor.own++;
	return 0;
}

/* And the blobs that nobody has any more; the kernel may have them still. */
static void tell(struct store *st, const struct digest_file *f,
		 uint64_t sequence)
{
	struct store_event event = { .type = f->gone ? EVENT_BLOB : EVENT_ATTR,
				     .ino = f->ino,
				     .key = f->own };

	if (f->gone)
		janitor_bury(st, f->own, sequence);
	if (f->gone || f->late)
		store_tell(st, &event);
}

size_t digests_receive(struct store *st)
{
	struct digest_job *job;
	uint64_t sequence = 0;
	size_t count;

	if (read(st->janitor.results[0], &job, sizeof(job)) != sizeof(job))
		return 0;
	count = job->count;
	if (st->janitor.sharing == job)
		st->janitor.sharing = NULL;
	(void)record(st, job, &sequence);
	for (size_t n = 0; n < count; n++)
		tell(st, &job->file[n], sequence);
	free(job);
	return count;
}
