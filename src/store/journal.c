// SPDX-License-Identifier: Apache-2.0
/*
 * The ring. The file is a page with a head, then the ring. An entry is
 *
 *	length, crc32, sequence, then rows (rows.h); a multiple of 8 bytes
 *
 * and lies in one piece: where it would not fit before the end of the ring, a
 * filler (length ~0) says that it is at the start; where not even the head of
 * an entry fits, no filler is needed. The crc covers epoch, sequence, length
 * and rows. The epoch is drawn anew at each open and kept in the database: what
 * an earlier life of the ring left behind is never taken for the next entry,
 * even where its sequence number happens to follow.
 *
 * The file is allocated on disk before it is mapped. A hole would be filled at
 * the first store to it, and a full disk would then be a SIGBUS.
 */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "ext/digest.h"

#define HEAD_BYTES 4096
#define FILLER UINT32_MAX
#define RESERVED_PART 8

static const char magic[8] = "mlxfsj1\n";

struct entry_head {
	uint32_t len; /* of the rows */
	uint32_t crc;
	uint64_t sequence;
};

/* ---- the file ---- */

static int make_file(int dir, size_t size, int *ret_fd)
{
	AUTO(close_fd)
	int fd = openat(dir, "journal.new",
			O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int err;

	if (fd < 0)
		return -errno;
	err = posix_fallocate(fd, 0, (off_t)(size + HEAD_BYTES));
	if (!err && pwrite(fd, magic, sizeof(magic), 0) < 0)
		err = errno;
	/* or a power cut leaves the name, with nothing behind it */
	if (!err && fsync(fd))
		err = errno;
	if (!err && renameat(dir, "journal.new", dir, "journal"))
		err = errno;
	if (err) {
		unlinkat(dir, "journal.new", 0);
		return -err;
	}
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static int map_file(struct journal *j, int fd, bool read_only, struct buf *why)
{
	int protection = read_only ? PROT_READ : PROT_READ | PROT_WRITE;
	struct stat s;
	void *file;

	if (fstat(fd, &s))
		return -errno;
	if (s.st_size < (off_t)(HEAD_BYTES + JOURNAL_LEAST) || s.st_size % 8)
		return why_set(why, -EUCLEAN, "journal is cut off");
	/* a copy of the store may have lost the allocation */
	if (!read_only && posix_fallocate(fd, 0, s.st_size))
		return -ENOSPC;
	file = mmap(NULL, (size_t)s.st_size, protection, MAP_SHARED, fd, 0);
	if (file == MAP_FAILED)
		return -errno;
	if (memcmp(file, magic, sizeof(magic))) {
		munmap(file, (size_t)s.st_size);
		return why_set(why, -EUCLEAN, "journal is no journal");
	}
	j->file = file;
	j->size = (size_t)s.st_size - HEAD_BYTES;
	return 0;
}

void journal_init(struct journal *j)
{
	pthread_condattr_t attr;

	*j = (struct journal){ .fd = -1 };
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->work, &attr);
	pthread_cond_init(&j->done, &attr);
	pthread_condattr_destroy(&attr);
}

int journal_open(struct journal *j, int dir, size_t size, bool read_only,
		 struct buf *why)
{
	int mode = read_only ? O_RDONLY : O_RDWR;
	AUTO(close_fd) int fd = openat(dir, "journal", mode | O_CLOEXEC);
	int err = fd < 0 ? -errno : 0;

	size = (size ? size : JOURNAL_USUAL) & ~(size_t)4095;
	if (size < JOURNAL_LEAST)
		size = JOURNAL_LEAST;
	if (err == -ENOENT && read_only)
		return 0;
	if (err == -ENOENT)
		err = make_file(dir, size, &fd);
	if (!err)
		err = map_file(j, fd, read_only, why);
	if (err)
		return why_set(why, err, "journal: %s", strerror(-err));
	if (!read_only) {
		j->fd = fd;
		fd = -1;
	}
	return 0;
}

void journal_close(struct journal *j)
{
	if (j->file)
		munmap(j->file, j->size + HEAD_BYTES);
	close_fd(&j->fd);
	j->file = NULL;
	pthread_cond_destroy(&j->work);
	pthread_cond_destroy(&j->done);
	pthread_mutex_destroy(&j->lock);
}

void journal_reset(struct journal *j, uint64_t epoch, uint64_t applied)
{
	j->epoch = epoch;
	j->head = j->tail = j->safe_tail = 0;
	j->appended = j->committed = j->durable = applied;
}

/* ---- entries ---- */

static unsigned char *place(const struct journal *j, uint64_t position)
{
	return j->file + HEAD_BYTES + position % j->size;
}

/* Bytes from the position to the end of the ring. */
static size_t left(const struct journal *j, uint64_t position)
{
	return j->size - (size_t)(position % j->size);
}

static uint32_t crc_of(const struct journal *j, const struct entry_head *head,
		       const unsigned char *rows)
{
	uint64_t seed[3] = { j->epoch, head->sequence, head->len };
	uint32_t crc = digest_crc32(0, seed, sizeof(seed));

	if (head->len != FILLER)
		crc = digest_crc32(crc, rows, head->len);
	return crc;
}

static void write_filler(struct journal *j, uint64_t position,
			 uint64_t sequence)
{
	struct entry_head head = { .len = FILLER, .sequence = sequence };

	head.crc = crc_of(j, &head, NULL);
	memcpy(place(j, position), &head, sizeof(head));
}

/* Where an entry of `need` bytes begins: here, or at the ring's start. */
static uint64_t start_of(const struct journal *j, uint64_t position,
			 size_t need)
{
	size_t rest = left(j, position);

	return rest < need ? position + rest : position;
}

/* While commits fail, the last part of the ring is for removals. */
static bool fits(const struct journal *j, size_t need, bool removal)
{
	size_t size = j->size;

	if (j->err && !removal)
		size -= size / RESERVED_PART;
	return start_of(j, j->head, need) + need - j->tail <= size;
}

static int wait_for_room(struct journal *j, size_t need, bool removal)
{
	uint64_t failures;
	HOLD(&j->lock);

	failures = j->failures;
	while (!fits(j, need, removal)) {
		if (j->err && (j->failures != failures || j->stop))
			return j->err;
		j->waiting++;
		pthread_cond_signal(&j->work);
		pthread_cond_wait(&j->done, &j->lock);
		j->waiting--;
	}
	return 0;
}

static int begin(struct journal *j, size_t room, bool removal,
		 struct rows *ret_rows)
{
	size_t need = sizeof(struct entry_head) + ((room + 7) & ~(size_t)7);
	uint64_t at;
	int err;

	if (j->fd < 0)
		return -EROFS;
	/* half: a filler may take as much again */
	if (need > j->size / 2 - j->size / RESERVED_PART)
		return -EFBIG;
	err = wait_for_room(j, need, removal);
	if (err)
		return err;
	/* only this thread moves the head, so it stands still unlocked */
	at = start_of(j, j->head, need);
	*ret_rows = (struct rows){
		.at = place(j, at) + sizeof(struct entry_head),
		.room = need - sizeof(struct entry_head),
	};
	return 0;
}

int journal_begin(struct journal *j, size_t room, struct rows *ret_rows)
{
	return begin(j, room, false, ret_rows);
}

int journal_begin_removal(struct journal *j, size_t room, struct rows *ret_rows)
{
	return begin(j, room, true, ret_rows);
}

uint64_t journal_end(struct journal *j, struct rows *rows)
{
	unsigned char *to = rows->at - sizeof(struct entry_head);
	struct entry_head head = {
		.len = (uint32_t)rows->len,
		.sequence = j->appended + 1,
	};

	if (to != place(j, j->head)) {
		if (left(j, j->head) >= sizeof(head))
			write_filler(j, j->head, head.sequence);
	}
	head.crc = crc_of(j, &head, rows->at);
	memcpy(to, &head, sizeof(head));

	HOLD(&j->lock);
	if (to != place(j, j->head))
		j->head += left(j, j->head);
	j->head += sizeof(head) + head.len;
	j->appended++;
	if (j->appended == j->committed + 1)
		pthread_cond_signal(&j->work);
	return j->appended;
}

int journal_read(const struct journal *j, uint64_t *position,
		 uint64_t *sequence, const unsigned char **ret_data,
		 size_t *ret_len)
{
	struct entry_head head;
	uint64_t at = *position;

	for (int i = 0; i < 2; i++) {
		if (left(j, at) < sizeof(head))
			at += left(j, at);
		memcpy(&head, place(j, at), sizeof(head));
		if (head.sequence != *sequence + 1)
			return 0;
		if (head.len != FILLER)
			break;
		if (head.crc != crc_of(j, &head, NULL))
			return 0;
		at += left(j, at);
	}
	if (head.len > left(j, at) - sizeof(head) || head.len % 8)
		return 0;
	*ret_data = place(j, at) + sizeof(head);
	if (head.crc != crc_of(j, &head, *ret_data))
		return 0;
	*ret_len = head.len;
	*position = at + sizeof(head) + head.len;
	++*sequence;
	return 1;
}

/* ---- the writer's side, and who waits for it ---- */

static void wait_ms(pthread_cond_t *cond, struct journal *j, int ms)
{
	struct timespec until =
		clock_to_timespec(clock_monotonic() + ms * NS_PER_MS);

	pthread_cond_timedwait(cond, &j->lock, &until);
}

static bool urgent(const struct journal *j)
{
	return j->wanted > j->durable || j->waiting || j->stop;
}

bool journal_take(struct journal *j, int window_ms, int idle_ms,
		  struct journal_work *ret_work)
{
	HOLD(&j->lock);

	if (j->appended == j->committed && !urgent(j))
		wait_ms(&j->work, j, idle_ms);
	if (j->appended != j->committed && !urgent(j))
		wait_ms(&j->work, j, window_ms);
	*ret_work = (struct journal_work){
		.from = j->tail,
		.to = j->head,
		.last = j->appended,
		.durable = j->wanted > j->durable,
	};
	return !(j->stop && j->appended == j->committed &&
		 j->wanted <= j->durable);
}

void journal_done(struct journal *j, const struct journal_work *work, int err)
{
	HOLD(&j->lock);

	j->err = err;
	if (err) {
		j->failures++;
	} else {
		j->commits++;
		j->tail = work->to;
		j->committed = work->last;
		if (work->durable) {
			j->durable = work->last;
			j->safe_tail = work->to;
		}
	}
	pthread_cond_broadcast(&j->done);
}

int journal_sync(struct journal *j)
{
	uint64_t wanted, failures;
	HOLD(&j->lock);

	/* the attempt that runs now may have begun before this call: its
	 * failure counts as well, since nothing was lost by it */
	failures = j->failures;
	wanted = j->appended;
	if (j->fd < 0)
		return 0;
	if (j->wanted < wanted)
		j->wanted = wanted;
	while (j->durable < wanted) {
		if (j->failures != failures || j->stop)
			return j->err ? j->err : -EIO;
		pthread_cond_signal(&j->work);
		pthread_cond_wait(&j->done, &j->lock);
	}
	return 0;
}

static int ring_is_whole(struct journal *j, uint64_t *ret_sequence)
{
	HOLD(&j->lock);

	*ret_sequence = j->appended;
	return j->head - j->safe_tail <= j->size ? 0 : -EAGAIN;
}

int journal_sync_ring(struct journal *j, uint64_t *ret_sequence)
{
	uint64_t sequence, now;
	int err = ring_is_whole(j, &sequence);

	if (!err && fdatasync(j->fd))
		err = -errno;
	/* and was it still when all of it was written? */
	if (!err)
		err = ring_is_whole(j, &now);
	if (!err)
		*ret_sequence = sequence;
	return err;
}

void journal_stop(struct journal *j)
{
	HOLD(&j->lock);

	j->stop = true;
	pthread_cond_broadcast(&j->work);
	pthread_cond_broadcast(&j->done);
}

bool journal_is_stopped(struct journal *j)
{
	HOLD(&j->lock);

	return j->stop;
}

uint64_t journal_durable(struct journal *j)
{
	HOLD(&j->lock);

	return j->durable;
}

uint64_t journal_appended(struct journal *j)
{
	HOLD(&j->lock);

	return j->appended;
}

void journal_count(struct journal *j, uint64_t *ret_bytes,
		   uint64_t *ret_commits)
{
	HOLD(&j->lock);

	*ret_bytes = j->head - j->tail;
	*ret_commits = j->commits;
}
