// SPDX-License-Identifier: Apache-2.0
/*
 * Digests of contents. The janitor picks a file, opens its blob and sends a
 * job to the hasher; the result counts only if no writer came meanwhile.
 */
#include "digests.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "blob.h"
#include "ext/digest.h"
#include "opening.h"
#include "state.h"

#define SMALL 65536		/* bytes: digested at once */
#define QUIET_NS (2 * NS_PER_S) /* larger ones: when left alone so long */
#define CHUNK 131072

#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE (3 << 13)

struct digest_job {
	uint64_t ino;
	int fd;
	int err;
	unsigned char digest[32];
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
	pid_t self = (pid_t)syscall(SYS_gettid);

	(void)setpriority(PRIO_PROCESS, (id_t)self, 19);
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
}

static int hash_fd(int fd, unsigned char *chunk, unsigned char *ret_digest)
{
	AUTO(digest_release) struct digest *d = NULL;
	int err = digest_new(DIGEST_SHA256, &d);
	off_t at = 0;
	size_t len;

	while (!err) {
		ssize_t got = pread(fd, chunk, CHUNK, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			return digest_finish(d, ret_digest, &len);
		err = digest_add(d, chunk, (size_t)got);
		at += got;
	}
	return err;
}

void *digests_hash(void *arg)
{
	struct janitor *jan = arg;
	AUTO(free_text) char *chunk = malloc(CHUNK);
	struct digest_job *job;

	lower_priority();
	while (read(jan->jobs[0], &job, sizeof(job)) == sizeof(job)) {
		job->err = chunk ? hash_fd(job->fd, (unsigned char *)chunk,
					   job->digest)
				 : -ENOMEM;
		if (write(jan->results[1], &job, sizeof(job)) != sizeof(job))
			break;
	}
	return NULL;
}

/* ---- the janitor's side ---- */

/* Is this the time to digest it? Marks the inode when it is. */
static int choose(struct store *st, uint64_t ino, uint64_t *ret_blob)
{
	HOLD_WRITE(&st->lock);
	struct inode *i = inode_find(&st->names, ino);

	if (!i || !i->nlink || !i->blob || (i->flags & INODE_DIGEST))
		return -ENOENT;
	i->flags &= (uint16_t)~INODE_QUEUED;
	/* its last close will queue it again */
	if (i->opening && i->opening->writers)
		return -ENOENT;
	if (i->size > SMALL && clock_now() - i->ctime < QUIET_NS) {
		i->flags |= INODE_QUEUED;
		return -EAGAIN;
	}
	i->flags |= INODE_HASHED;
	*ret_blob = i->blob;
	return 0;
}

int digests_send(struct store *st, uint64_t ino)
{
	struct digest_job *job;
	uint64_t blob;
	int err = choose(st, ino, &blob);

	if (err)
		return err;
	job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	job->ino = ino;
	err = blob_open(st->blobs, blob, O_RDONLY, &job->fd);
	if (!err &&
	    write(st->janitor.jobs[1], &job, sizeof(job)) != sizeof(job)) {
		close(job->fd);
		err = -EIO;
	}
	if (err)
		free(job);
	return err;
}

static int record_digest(struct store *st, const struct digest_job *job)
{
	HOLD_WRITE(&st->lock);
	struct inode *i = inode_find(&st->names, job->ino);
	struct rows rows;
	int err;

	if (!i || !i->nlink || !(i->flags & INODE_HASHED))
		return 0;
	err = journal_begin(&st->journal, ROW_ROOM, &rows);
	if (err)
		return err;
	i->flags &= (uint16_t)~INODE_HASHED;
	i->flags |= INODE_DIGEST;
	memcpy(i->digest, job->digest, sizeof(i->digest));
	rows_put_inode(&rows, i);
	journal_end(&st->journal, &rows);
	return 0;
}

void digests_receive(struct store *st)
{
	struct digest_job *job;

	if (read(st->janitor.results[0], &job, sizeof(job)) != sizeof(job))
		return;
	if (!job->err)
		(void)record_digest(st, job);
	close(job->fd);
	free(job);
}
