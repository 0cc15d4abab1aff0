// SPDX-License-Identifier: Apache-2.0
/*
 * model [-s SEED] [-n STEPS] [-t SECONDS] [-k] PLAIN OURS
 *
 * Random operations, each on a plain directory and on one of a mount. After
 * each step both must agree: in the result and the bytes that the call gave, in
 * what is listed, in type, mode, owner, links, size and bytes of every file, in
 * which of their times changed, and in times that were set.
 *
 * A step follows from the seed and its own number, not from what went before:
 * so any selection of steps can be done again, and a difference is reported
 * with as few steps as still show it. -k goes on in trees that are there, and
 * leaves them; then the last steps are told as they were. Root only.
 *
 * Known differences, which are asserted: O_TMPFILE and extended attributes are
 * EOPNOTSUPP. Not compared: sizes of directories, inode numbers (but which
 * names share one is), atimes that nobody set. Not tried: a setgid bit without
 * group x, which ext4 drops when one from outside the group writes; FUSE's
 * kernel side keeps it. Nor is a write to a FIFO, which changes no mtime on any
 * FUSE file system.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 6
#define PATH_ROOM 1200
#define OUT_ROOM 65536
#define NODES 1024
#define SIZE_MOST (192 * 1024)
#define SHRINK_SECONDS 40
#define TAIL 25
#define SLACK_NS 40000000LL /* of the kernel's coarse clock */
/* Changes of different files, one after another, are told apart no better. */
#define ORDER_NS 100
#define USER 12001

struct side {
	const char *name;
	int top;
	int fd[SLOTS];
	unsigned char *map[SLOTS]; /* of its first page, while it is open */
	unsigned char out[OUT_ROOM];
	size_t len; /* of out: what the call gave besides its result */
};

struct step {
	unsigned long number;
	const struct action *action;
	char from[PATH_ROOM], to[PATH_ROOM];
	unsigned int slot, other;
	unsigned int a, b, c; /* any numbers; each action takes what it likes */
	uid_t uid;
};

struct action {
	const char *name;
	long (*run)(struct side *s, const struct step *t);
	unsigned int weight;
};

struct node {
	char path[PATH_ROOM];
	unsigned char type; /* as listed */
	struct stat st;
};

struct tree {
	struct node *node;
	size_t count;
};

struct pair {
	struct side plain, ours;
	struct tree before[2], now[2];
	uint64_t seed;
	bool keep;	   /* -k */
	bool is_fine;	   /* each change has a time of its own */
	unsigned int look; /* bytes are compared after so many steps */
	int64_t began;	   /* the last step did, by stamp_ns; 0: none */
	int64_t latest;	   /* of all ctimes before the step, of ours */
	const char *kind;  /* of difference: the format of why */
	char why[4 * PATH_ROOM];
};

/* ---- numbers ---- */

static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static unsigned int roll(uint64_t *state, unsigned int below)
{
	*state = mix(*state);
	return (unsigned int)(*state >> 33) % below;
}

static int64_t ns_of(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return ns_of(&t);
}

/* By the clock that stamps files: it ticks, and late on a busy machine. */
static int64_t stamp_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	return ns_of(&t);
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

/* ---- what the operations are ---- */

static long result(long rc)
{
	return rc < 0 ? -errno : rc;
}

static void give(struct side *s, const void *data, size_t len)
{
	if (len > OUT_ROOM - s->len)
		len = OUT_ROOM - s->len;
	memcpy(s->out + s->len, data, len);
	s->len += len;
}

static void fill(unsigned char *to, size_t len, unsigned int with)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (unsigned char)(with + i * 31 + (i >> 8));
}

static const int open_modes[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR };
static const int open_more[] = {
	0,	    O_CREAT,	       O_CREAT,		 O_CREAT | O_EXCL,
	O_TRUNC,    O_CREAT | O_TRUNC, O_CREAT,		 O_APPEND | O_CREAT,
	O_NOFOLLOW, O_DIRECTORY,       O_SYNC | O_CREAT, O_NOATIME,
};
static const unsigned int modes[] = { 0644, 0600, 0666,	 0777,	0755, 0,
				      0400, 0222, 04755, 02755, 06777 };
static const mode_t dir_modes[] = { 0755,  0777, 0700,	02777,
				    01777, 0775, 02755, 0711 };

#define PICK(list, n) ((list)[(n) % (sizeof(list) / sizeof((list)[0]))])

static void unmap(struct side *s, unsigned int slot)
{
	if (s->map[slot])
		munmap(s->map[slot], 4096);
	s->map[slot] = NULL;
}

static long do_close(struct side *s, const struct step *t)
{
	int fd = s->fd[t->slot];

	unmap(s, t->slot);
	s->fd[t->slot] = -1;
	return fd < 0 ? -EBADF : result(close(fd));
}

static long do_open(struct side *s, const struct step *t)
{
	int flags = PICK(open_modes, t->a) | PICK(open_more, t->b);
	int fd = openat(s->top, t->from, flags | O_NONBLOCK | O_CLOEXEC,
			PICK(modes, t->c));

	if (fd < 0)
		return -errno;
	do_close(s, t);
	s->fd[t->slot] = fd;
	return 0;
}

static long do_tmpfile(struct side *s, const struct step *t)
{
	int fd = openat(s->top, t->from, O_TMPFILE | O_RDWR, 0600);
	long rc = result(fd);

	if (fd >= 0)
		close(fd);
	/* where the plain disk has one, a mount says that it has none */
	if (!strcmp(s->name, "ours") && rc == -EOPNOTSUPP)
		rc = 0;
	return rc < 0 ? rc : 0;
}

static bool is_file(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode);
}

static long do_pread(struct side *s, const struct step *t)
{
	unsigned char bytes[16384];
	long rc = result(pread(s->fd[t->slot], bytes, t->a % sizeof(bytes),
			       t->b % SIZE_MOST));

	if (rc > 0)
		give(s, bytes, (size_t)rc);
	return rc;
}

static long do_pwrite(struct side *s, const struct step *t)
{
	unsigned char bytes[16384];
	size_t len = t->a % sizeof(bytes);

	if (!is_file(s->fd[t->slot]))
		return -EBADF;
	fill(bytes, len, t->c);
	return result(pwrite(s->fd[t->slot], bytes, len, t->b % SIZE_MOST));
}

static long do_write(struct side *s, const struct step *t)
{
	unsigned char bytes[5000];
	size_t len = t->a % sizeof(bytes);

	if (!is_file(s->fd[t->slot]))
		return -EBADF;
	fill(bytes, len, t->c);
	if (lseek(s->fd[t->slot], 0, SEEK_CUR) > SIZE_MOST)
		lseek(s->fd[t->slot], 0, SEEK_SET);
	return result(write(s->fd[t->slot], bytes, len));
}

static long do_ftruncate(struct side *s, const struct step *t)
{
	return result(ftruncate(s->fd[t->slot], t->a % SIZE_MOST));
}

static long do_truncate(struct side *s, const struct step *t)
{
	char path[PATH_ROOM + 64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", s->top, t->from);
	return result(truncate(path, t->b % 3 ? t->a % SIZE_MOST : 0));
}

static const int allocations[] = {
	0,
	FALLOC_FL_KEEP_SIZE,
	FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	FALLOC_FL_ZERO_RANGE,
	FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
	FALLOC_FL_PUNCH_HOLE,
};

static long do_fallocate(struct side *s, const struct step *t)
{
	return result(fallocate(s->fd[t->slot], PICK(allocations, t->c),
				t->a % SIZE_MOST, t->b % 40000));
}

static long do_seek(struct side *s, const struct step *t)
{
	if (!is_file(s->fd[t->slot]))
		return -EBADF;
	return result(lseek(s->fd[t->slot], t->a % SIZE_MOST,
			    t->b % 2 ? SEEK_DATA : SEEK_HOLE));
}

static long do_mmap(struct side *s, const struct step *t)
{
	size_t off = t->a % SIZE_MOST & ~(size_t)4095;
	struct stat st;
	unsigned char *at;
	long rc;

	if (fstat(s->fd[t->slot], &st) || !S_ISREG(st.st_mode) ||
	    st.st_size <= (off_t)off)
		return -EBADF;
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
		  s->fd[t->slot], (off_t)off);
	if (at == MAP_FAILED)
		return -errno;
	/* past the end of the file, only this page holds it */
	fill(at + t->b % 4000, 96, t->c);
	rc = result(msync(at, 4096, MS_SYNC));
	munmap(at, 4096);
	return rc;
}

static long do_map(struct side *s, const struct step *t)
{
	int fd = s->fd[t->slot];
	unsigned char *at;

	if (!is_file(fd))
		return -EBADF;
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	unmap(s, t->slot);
	s->map[t->slot] = at;
	return 0;
}

/* The page is then clean, so that the next time tells of itself again. */
static long do_poke(struct side *s, const struct step *t)
{
	unsigned char *at = s->map[t->slot];
	struct stat st;

	if (!at || fstat(s->fd[t->slot], &st) || st.st_size == 0)
		return -EBADF;
	fill(at + t->b % (st.st_size < 4096 ? st.st_size : 4096), 1, t->c);
	return result(msync(at, 4096, MS_SYNC));
}

static long do_copy(struct side *s, const struct step *t)
{
	loff_t from = t->a % SIZE_MOST, to = t->b % SIZE_MOST;

	return result(copy_file_range(s->fd[t->slot], &from, s->fd[t->other],
				      &to, t->c % 30000, 0));
}

static void make_large(struct side *s, const struct step *t)
{
	static unsigned char bytes[120000];
	int fd = openat(s->top, t->from,
			O_WRONLY | O_TRUNC | O_NONBLOCK | O_CLOEXEC);

	fill(bytes, sizeof(bytes), t->c);
	if (is_file(fd))
		(void)!pwrite(fd, bytes, 60000 + t->b % 60000, 0);
	if (fd >= 0)
		close(fd);
}

static bool is_without_holes(int fd)
{
	return is_file(fd) && lseek(fd, 0, SEEK_HOLE) == lseek(fd, 0, SEEK_END);
}

/* Its name tells a mount what is coming. The copy is open afterwards: what is
 * done to it then is nothing that cp(1) would do. */
static long copy_as_cp(struct side *s, const struct step *t, int from)
{
	int to;

	prctl(PR_SET_NAME, "cp");
	to = openat(s->top, t->to, O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC,
		    0644);
	prctl(PR_SET_NAME, "model");
	if (to < 0)
		return -errno;
	do_close(s, t);
	s->fd[t->slot] = to;
	return result(
		copy_file_range(from, &(loff_t){ 0 }, to, NULL, 1 << 30, 0));
}

static long do_copy_all(struct side *s, const struct step *t)
{
	int from;
	long rc = 0;

	make_large(s, t);
	if (t->a % 2)
		unlinkat(s->top, t->to, 0);
	from = openat(s->top, t->from, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (from < 0)
		return -errno;
	/* a plain disk fills the holes of what it copies */
	if (is_without_holes(from))
		rc = copy_as_cp(s, t, from);
	close(from);
	return rc;
}

static long do_sendfile(struct side *s, const struct step *t)
{
	off_t from = t->a % SIZE_MOST;
	int to = s->fd[t->other];

	if (!is_file(to) || !is_file(s->fd[t->slot]))
		return -EBADF;
	if (fcntl(to, F_GETFL) & O_APPEND || t->slot == t->other)
		return -EINVAL;
	lseek(to, t->b % SIZE_MOST, SEEK_SET);
	return result(sendfile(to, s->fd[t->slot], &from, t->c % 30000));
}

/* Past the page cache, whole blocks; a mount takes parts of blocks, too. */
static long do_direct(struct side *s, const struct step *t)
{
	static _Alignas(4096) unsigned char bytes[16384];
	size_t len = (1 + t->b % 4) * 4096;
	off_t off = t->a % SIZE_MOST & ~4095;
	int fd = openat(s->top, t->from,
			O_RDWR | O_DIRECT | O_NONBLOCK | O_CLOEXEC);
	long rc = result(fd);

	if (fd < 0)
		return rc;
	if (!is_file(fd)) {
		rc = -EBADF;
	} else if (t->c % 2) {
		rc = result(pread(fd, bytes, len, off));
		if (rc > 0)
			give(s, bytes, (size_t)rc);
	} else {
		fill(bytes, len, t->c);
		rc = result(pwrite(fd, bytes, len, off));
	}
	close(fd);
	return rc;
}

/* Ours has none, and says so; what else is wrong comes first, as on disk. */
static long do_xattr(struct side *s, const struct step *t)
{
	bool ours = !strcmp(s->name, "ours");
	char path[PATH_ROOM + 64], value[16];
	long rc;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", s->top, t->from);
	if (t->a % 3 == 0)
		rc = result(llistxattr(path, NULL, 0));
	else if (t->a % 3 == 1 && ours)
		rc = result(lsetxattr(path, "user.a", "b", 1, XATTR_REPLACE));
	else if (t->a % 3 == 1)
		rc = result(lremovexattr(path, "user.a"));
	else
		rc = result(lgetxattr(path, "user.a", value, sizeof(value)));
	if (rc == -ENODATA || (ours && rc == -EOPNOTSUPP))
		return 0;
	return rc;
}

static long do_fsync(struct side *s, const struct step *t)
{
	return result(t->a % 2 ? fsync(s->fd[t->slot])
			       : fdatasync(s->fd[t->slot]));
}

static void give_stat(struct side *s, const struct stat *st)
{
	uint64_t said[6] = { st->st_mode,
			     st->st_nlink,
			     st->st_uid,
			     st->st_gid,
			     S_ISDIR(st->st_mode) ? 0 : (uint64_t)st->st_size,
			     (uint64_t)st->st_blksize };

	give(s, said, sizeof(said));
}

static long do_fstat(struct side *s, const struct step *t)
{
	struct stat st;
	long rc = result(fstat(s->fd[t->slot], &st));

	if (!rc)
		give_stat(s, &st);
	return rc;
}

static long do_fchmod(struct side *s, const struct step *t)
{
	return result(fchmod(s->fd[t->slot], PICK(modes, t->a)));
}

static const uid_t owners[] = { 0, USER, USER + 1, (uid_t)-1 };

static long do_fchown(struct side *s, const struct step *t)
{
	return result(
		fchown(s->fd[t->slot], PICK(owners, t->a), PICK(owners, t->b)));
}

static struct timespec time_of(unsigned int n, unsigned int how)
{
	struct timespec t = { .tv_sec = n % 2000000000,
			      .tv_nsec = (long)(mix(n) % 1000000000) };

	if (how % 5 == 0)
		t.tv_nsec = UTIME_OMIT;
	if (how % 5 == 1)
		t.tv_nsec = UTIME_NOW;
	return t;
}

static void give_times(struct side *s, const struct stat *st,
		       const struct timespec *set)
{
	int64_t is[2] = { ns_of(&st->st_atim), ns_of(&st->st_mtim) };

	for (int i = 0; i < 2; i++)
		/* who goes through a symlink of a plain disk moves its atime */
		if (set[i].tv_nsec != UTIME_OMIT &&
		    set[i].tv_nsec != UTIME_NOW && (i || !S_ISLNK(st->st_mode)))
			give(s, &is[i], sizeof(is[i]));
	if (set[1].tv_nsec == UTIME_NOW)
		give(s, is[1] == ns_of(&st->st_ctim) ? "now" : "not", 3);
}

static long do_futimens(struct side *s, const struct step *t)
{
	struct timespec set[2] = { time_of(t->a, t->c),
				   time_of(t->b, t->c / 5) };
	long rc = result(futimens(s->fd[t->slot], set));
	struct stat st;

	if (!rc && !fstat(s->fd[t->slot], &st))
		give_times(s, &st, set);
	return rc;
}

static long do_utimens(struct side *s, const struct step *t)
{
	struct timespec set[2] = { time_of(t->a, t->c),
				   time_of(t->b, t->c / 5) };
	int flags = t->c % 2 ? AT_SYMLINK_NOFOLLOW : 0;
	long rc = result(utimensat(s->top, t->from, set, flags));
	struct stat st;

	if (!rc && !fstatat(s->top, t->from, &st, flags))
		give_times(s, &st, set);
	return rc;
}

static long do_mkdir(struct side *s, const struct step *t)
{
	return result(mkdirat(s->top, t->from, PICK(dir_modes, t->a)));
}

static long do_rmdir(struct side *s, const struct step *t)
{
	return result(unlinkat(s->top, t->from, AT_REMOVEDIR));
}

static long do_unlink(struct side *s, const struct step *t)
{
	return result(unlinkat(s->top, t->from, 0));
}

static long do_rename(struct side *s, const struct step *t)
{
	static const unsigned int flags[] = {
		0, 0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_EXCHANGE
	};

	return result(
		renameat2(s->top, t->from, s->top, t->to, PICK(flags, t->a)));
}

static long do_link(struct side *s, const struct step *t)
{
	return result(linkat(s->top, t->from, s->top, t->to,
			     t->a % 2 ? AT_SYMLINK_FOLLOW : 0));
}

/* An open file gets a name; one that has none left does not. */
static long do_link_open(struct side *s, const struct step *t)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd[t->slot]);
	return result(linkat(AT_FDCWD, path, s->top, t->to, AT_SYMLINK_FOLLOW));
}

static long do_symlink(struct side *s, const struct step *t)
{
	static const char *const targets[] = { "a", "b",      "c/d", "a/../b",
					       ".", "absent", "c",   "" };
	char text[1000];
	size_t len = 60 + t->b % 900;

	memset(text, 'x', len);
	text[len] = 0;
	return result(symlinkat(t->b % 8 ? PICK(targets, t->a) : text, s->top,
				t->from));
}

static long do_readlink(struct side *s, const struct step *t)
{
	char text[2000];
	long rc = result(
		readlinkat(s->top, t->from, text, 1 + t->a % sizeof(text)));

	if (rc > 0)
		give(s, text, (size_t)rc);
	return rc;
}

static long do_chmod(struct side *s, const struct step *t)
{
	return result(fchmodat(
		s->top, t->from,
		t->b % 2 ? PICK(modes, t->a) : PICK(dir_modes, t->a), 0));
}

static long do_chown(struct side *s, const struct step *t)
{
	return result(fchownat(s->top, t->from, PICK(owners, t->a),
			       PICK(owners, t->b),
			       t->c % 2 ? AT_SYMLINK_NOFOLLOW : 0));
}

static long do_mkfifo(struct side *s, const struct step *t)
{
	return result(mknodat(
		s->top, t->from,
		(t->b % 2 ? S_IFIFO : S_IFSOCK) | PICK(modes, t->a), 0));
}

static long do_mknod(struct side *s, const struct step *t)
{
	return result(mknodat(s->top, t->from, S_IFREG | PICK(modes, t->a), 0));
}

static long do_access(struct side *s, const struct step *t)
{
	return result(faccessat(s->top, t->from, (int)(t->a % 8), AT_EACCESS));
}

static long do_stat(struct side *s, const struct step *t)
{
	struct stat st;
	long rc = result(fstatat(s->top, t->from, &st, 0));

	if (!rc)
		give_stat(s, &st);
	return rc;
}

static const struct action actions[] = {
	{ "open", do_open, 30 },
	{ "close", do_close, 8 },
	{ "tmpfile", do_tmpfile, 1 },
	{ "pread", do_pread, 6 },
	{ "pwrite", do_pwrite, 14 },
	{ "write", do_write, 8 },
	{ "ftruncate", do_ftruncate, 4 },
	{ "truncate", do_truncate, 4 },
	{ "fallocate", do_fallocate, 6 },
	{ "seek", do_seek, 4 },
	{ "map", do_map, 3 },
	{ "poke", do_poke, 5 },
	{ "mmap", do_mmap, 6 },
	{ "copy", do_copy, 6 },
	{ "copy-all", do_copy_all, 8 },
	{ "fsync", do_fsync, 2 },
	{ "fstat", do_fstat, 3 },
	{ "fchmod", do_fchmod, 3 },
	{ "fchown", do_fchown, 3 },
	{ "futimens", do_futimens, 4 },
	{ "utimens", do_utimens, 4 },
	{ "mkdir", do_mkdir, 14 },
	{ "rmdir", do_rmdir, 4 },
	{ "unlink", do_unlink, 7 },
	{ "rename", do_rename, 14 },
	{ "link", do_link, 6 },
	{ "link-open", do_link_open, 2 },
	{ "symlink", do_symlink, 4 },
	{ "readlink", do_readlink, 2 },
	{ "chmod", do_chmod, 6 },
	{ "chown", do_chown, 5 },
	{ "mkfifo", do_mkfifo, 2 },
	{ "mknod", do_mknod, 2 },
	{ "access", do_access, 2 },
	{ "stat", do_stat, 2 },
	{ "sendfile", do_sendfile, 3 },
	{ "direct", do_direct, 4 },
	{ "xattr", do_xattr, 2 },
};
#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

/* ---- a step ---- */

static const struct action *roll_action(uint64_t *state)
{
	unsigned int sum = 0, at;
	size_t i = 0;

	for (size_t k = 0; k < ACTIONS; k++)
		sum += actions[k].weight;
	at = roll(state, sum);
	while (at >= actions[i].weight)
		at -= actions[i++].weight;
	return &actions[i];
}

static void roll_name(uint64_t *state, char *to)
{
	unsigned int odd = roll(state, 60);

	if (odd == 0)
		strcpy(to, "\xff\xfe.\x80");
	else if (odd == 1)
		strcpy(to, ".");
	else if (odd == 2)
		strcpy(to, "a b\n");
	else if (odd == 3 || odd == 4)
		sprintf(to, "%0*d", odd == 3 ? 255 : 256, 7);
	else
		sprintf(to, "%c%s", 'a' + (int)roll(state, 6),
			odd == 5 ? "/" : "");
}

/* Few names and little depth, so that steps meet. */
static void roll_path(uint64_t *state, char *to)
{
	unsigned int depth = roll(state, 3);

	*to = 0;
	for (unsigned int i = 0; i < depth; i++) {
		char part[4] = { (char)('a' + roll(state, 3)), '/', 0 };

		strcat(to, part);
	}
	roll_name(state, to + strlen(to));
}

static void make_step(const struct pair *p, unsigned long number,
		      struct step *t)
{
	uint64_t state = mix(p->seed ^ mix(number));
	unsigned int who = roll(&state, 4);

	t->number = number;
	t->action = roll_action(&state);
	roll_path(&state, t->from);
	roll_path(&state, t->to);
	t->slot = roll(&state, SLOTS);
	t->other = roll(&state, SLOTS);
	t->a = roll(&state, 1u << 31);
	t->b = roll(&state, 1u << 31);
	t->c = roll(&state, 1u << 31);
	t->uid = who < 2 ? 0 : USER + who - 2;
}

static void become(uid_t uid)
{
	if (seteuid(0) || setegid(uid) || seteuid(uid))
		die("seteuid");
}

static long run_step(struct side *s, const struct step *t)
{
	long rc;

	s->len = 0;
	become(t->uid);
	rc = t->action->run(s, t);
	become(0);
	return rc;
}

static void tell_step(const struct step *t)
{
	printf("  %lu %s %.40s %.40s slots %u %u numbers %u %u %u uid %u\n",
	       t->number, t->action->name, t->from, t->to, t->slot, t->other,
	       t->a, t->b, t->c, (unsigned int)t->uid);
}

/* ---- what there is ---- */

__attribute__((format(printf, 2, 3))) static bool differ(struct pair *p,
							 const char *format,
							 ...)
{
	va_list args;

	p->kind = format;
	va_start(args, format);
	vsnprintf(p->why, sizeof(p->why), format, args);
	va_end(args);
	return true;
}

static void add_nodes(struct tree *t, int dir, const char *prefix);

static void add_node(struct tree *t, int dir, const char *prefix,
		     const struct dirent *e)
{
	struct node *n = &t->node[t->count++];
	int fd;

	if (t->count == NODES)
		die("too many files");
	snprintf(n->path, sizeof(n->path), "%s%s", prefix, e->d_name);
	n->type = e->d_type;
	if (fstatat(dir, e->d_name, &n->st, AT_SYMLINK_NOFOLLOW))
		die(n->path);
	if (!S_ISDIR(n->st.st_mode))
		return;
	fd = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		die(n->path);
	snprintf(n->path, sizeof(n->path), "%s%s/", prefix, e->d_name);
	add_nodes(t, fd, n->path);
}

/* Takes the descriptor. `_mlx` stands in an asset's directory. */
static void add_nodes(struct tree *t, int dir, const char *prefix)
{
	DIR *d = fdopendir(dir);
	struct dirent *e;

	if (!d)
		die("fdopendir");
	while ((e = readdir(d))) {
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") &&
		    strcmp(e->d_name, "_mlx"))
			add_node(t, dirfd(d), prefix, e);
	}
	closedir(d);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct node *)a)->path,
		      ((const struct node *)b)->path);
}

static void look(const struct side *s, struct tree *t)
{
	int dir = openat(s->top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct node *n = &t->node[0];

	if (dir < 0 || fstat(dir, &n->st))
		die("the top");
	strcpy(n->path, "");
	n->type = DT_DIR;
	t->count = 1;
	add_nodes(t, dir, "");
	qsort(t->node, t->count, sizeof(t->node[0]), by_path);
}

/* ---- both sides ---- */

static unsigned char type_of(const struct stat *st)
{
	return (unsigned char)((st->st_mode & S_IFMT) >> 12);
}

static bool differ_in_stat(struct pair *p, const struct node *a,
			   const struct node *b)
{
	const struct stat *x = &a->st, *y = &b->st;

	if (b->type != type_of(y))
		return differ(p, "%s: listed as type %u", b->path, b->type);
	if (x->st_mode != y->st_mode)
		return differ(p, "%s: mode %o, not %o", a->path, y->st_mode,
			      x->st_mode);
	if (x->st_nlink != y->st_nlink)
		return differ(p, "%s: %lu links, not %lu", a->path,
			      (unsigned long)y->st_nlink,
			      (unsigned long)x->st_nlink);
	if (x->st_uid != y->st_uid || x->st_gid != y->st_gid)
		return differ(p, "%s: owner %u:%u, not %u:%u", a->path,
			      y->st_uid, y->st_gid, x->st_uid, x->st_gid);
	if (!S_ISDIR(x->st_mode) && x->st_size != y->st_size)
		return differ(p, "%s: %ld bytes, not %ld", a->path,
			      (long)y->st_size, (long)x->st_size);
	return false;
}

static bool differ_in_bytes(struct pair *p, const char *path, int a, int b)
{
	static unsigned char x[65536], y[65536];
	off_t at = 0;
	ssize_t got;

	while ((got = pread(a, x, sizeof(x), at)) > 0) {
		if (pread(b, y, sizeof(y), at) != got)
			return differ(p, "%s: short at %ld", path, (long)at);
		for (ssize_t i = 0; i < got; i++)
			if (x[i] != y[i])
				return differ(p,
					      "%s: byte %ld is %02x, not "
					      "%02x",
					      path, (long)at + i, y[i], x[i]);
		at += got;
	}
	return false;
}

static bool differ_in_content(struct pair *p, const struct node *n)
{
	int a, b;
	bool found;

	if (!S_ISREG(n->st.st_mode))
		return false;
	a = openat(p->plain.top, n->path, O_RDONLY | O_CLOEXEC);
	b = openat(p->ours.top, n->path, O_RDONLY | O_CLOEXEC);
	if (a < 0 || b < 0)
		return differ(p, "%s: can't be opened", n->path);
	found = differ_in_bytes(p, n->path, a, b);
	close(a);
	close(b);
	return found;
}

static size_t first_with(const struct tree *t, ino_t ino)
{
	size_t i = 0;

	while (i < t->count && t->node[i].st.st_ino != ino)
		i++;
	return i;
}

/* Our inode numbers are never used twice: the same one was the same file. */
static bool differ_in_changes(struct pair *p, size_t n)
{
	const struct stat *x = &p->now[0].node[n].st,
			  *y = &p->now[1].node[n].st;
	const char *path = p->now[0].node[n].path;
	size_t k = first_with(&p->before[1], y->st_ino);
	const struct stat *u, *v;
	bool plain, ours;

	if (k == p->before[1].count)
		return false;
	u = &p->before[0].node[k].st;
	v = &p->before[1].node[k].st;
	if (u->st_ino != x->st_ino)
		return differ(p, "%s: is not the file it was", path);
	plain = ns_of(&u->st_mtim) != ns_of(&x->st_mtim);
	ours = ns_of(&v->st_mtim) != ns_of(&y->st_mtim);
	if (plain != ours)
		return differ(p, "%s: mtime changed: %d, not %d", path, ours,
			      plain);
	plain = ns_of(&u->st_ctim) != ns_of(&x->st_ctim);
	ours = ns_of(&v->st_ctim) != ns_of(&y->st_ctim);
	if (plain != ours)
		return differ(p,
			      "%s: ctime changed: %d, not %d: from %ld to %ld, "
			      "mtime from %ld to %ld",
			      path, ours, plain, (long)ns_of(&v->st_ctim),
			      (long)ns_of(&y->st_ctim),
			      (long)ns_of(&v->st_mtim),
			      (long)ns_of(&y->st_mtim));
	if (ours && (ns_of(&y->st_ctim) < p->began - SLACK_NS ||
		     ns_of(&y->st_ctim) > now_ns() + SLACK_NS))
		return differ(p, "%s: ctime is %ld us after the call", path,
			      (long)(ns_of(&y->st_ctim) - p->began) / 1000);
	if (ours && ns_of(&y->st_ctim) < p->latest - ORDER_NS)
		return differ(p, "%s: changed, but %ld ns before another", path,
			      (long)(p->latest - ns_of(&y->st_ctim)));
	return false;
}

static bool differ_in_node(struct pair *p, size_t n, bool bytes)
{
	const struct node *a = &p->now[0].node[n], *b = &p->now[1].node[n];

	if (strcmp(a->path, b->path))
		return differ(p, "%s is listed, not %s", b->path, a->path);
	if (first_with(&p->now[0], a->st.st_ino) !=
	    first_with(&p->now[1], b->st.st_ino))
		return differ(p, "%s: not the same file as on disk", a->path);
	return differ_in_stat(p, a, b) || differ_in_changes(p, n) ||
	       (bytes && differ_in_content(p, a));
}

static bool differ_in_trees(struct pair *p, bool bytes)
{
	look(&p->plain, &p->now[0]);
	look(&p->ours, &p->now[1]);
	if (p->now[0].count != p->now[1].count)
		return differ(p, "%zu files, not %zu", p->now[1].count,
			      p->now[0].count);
	for (size_t n = 0; n < p->now[0].count; n++)
		if (differ_in_node(p, n, bytes))
			return true;
	return false;
}

static bool differ_in_results(struct pair *p, long plain, long ours)
{
	if (plain != ours)
		return differ(p, "gives %ld (%s), not %ld (%s)", ours,
			      ours < 0 ? strerror((int)-ours) : "", plain,
			      plain < 0 ? strerror((int)-plain) : "");
	if (p->plain.len != p->ours.len ||
	    memcmp(p->plain.out, p->ours.out, p->plain.len) != 0)
		return differ(p, "gives other bytes");
	return false;
}

static int64_t latest(const struct tree *t)
{
	int64_t found = 0;

	for (size_t n = 0; n < t->count; n++)
		if (ns_of(&t->node[n].st.st_ctim) > found)
			found = ns_of(&t->node[n].st.st_ctim);
	return found;
}

static bool differ_after(struct pair *p, unsigned long number)
{
	struct step t;
	long plain, ours;

	p->began = stamp_ns();

	if (!p->is_fine)
		usleep(10000);
	for (int i = 0; i < 2; i++) {
		struct tree swap = p->before[i];

		p->before[i] = p->now[i];
		p->now[i] = swap;
	}
	p->latest = latest(&p->before[1]);
	make_step(p, number, &t);
	plain = run_step(&p->plain, &t);
	ours = run_step(&p->ours, &t);
	return differ_in_results(p, plain, ours) ||
	       differ_in_trees(p, number % p->look == 0);
}

/* ---- runs ---- */

static void empty(int top)
{
	int dir = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(dir);
	struct dirent *e;

	while ((e = readdir(d))) {
		int below;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		    !strcmp(e->d_name, "_mlx"))
			continue;
		if (!unlinkat(top, e->d_name, 0))
			continue;
		below = openat(top, e->d_name, O_RDONLY | O_DIRECTORY);
		if (below < 0)
			die(e->d_name);
		empty(below);
		close(below);
		if (unlinkat(top, e->d_name, AT_REMOVEDIR))
			die(e->d_name);
	}
	closedir(d);
}

static void begin_side(struct side *s, bool keep)
{
	for (int i = 0; i < SLOTS; i++)
		s->fd[i] = -1;
	if (!keep)
		empty(s->top);
	/* root's, for all: the trees begin alike */
	if (fchown(s->top, 0, 0) || fchmod(s->top, 0777))
		die(s->name);
}

static void end_side(struct side *s)
{
	for (unsigned int i = 0; i < SLOTS; i++) {
		unmap(s, i);
		if (s->fd[i] >= 0)
			close(s->fd[i]);
	}
}

/* Steps, all below `count` or those of the list: how many it takes to show a
 * difference; -1: there is none. */
static long run(struct pair *p, const unsigned long *list, unsigned long count,
		time_t until)
{
	unsigned long i;
	bool found;

	p->began = 0;
	begin_side(&p->plain, p->keep);
	begin_side(&p->ours, p->keep);
	p->now[0].count = p->now[1].count = 0;
	found = differ_in_trees(p, true);
	for (i = 0; i < count && !found; i++) {
		if (until && i % 16 == 0 && time(NULL) >= until)
			break;
		found = differ_after(p, list ? list[i] : i);
	}
	if (!found)
		found = differ_in_trees(p, true);
	end_side(&p->plain);
	end_side(&p->ours);
	return found ? (long)i : -1;
}

/* Takes parts away as long as a difference remains. */
static unsigned long shrink(struct pair *p, unsigned long *list,
			    unsigned long count)
{
	unsigned long *less = malloc((count + 1) * sizeof(*less));
	time_t until = time(NULL) + SHRINK_SECONDS;
	const char *kind = p->kind;
	unsigned long part = count / 2;

	p->look = 1;
	for (; less && part; part /= 2) {
		for (unsigned long at = 0; at + part <= count;) {
			unsigned long rest = count - part;
			long end;

			if (time(NULL) >= until)
				break;
			memcpy(less, list, at * sizeof(*less));
			memcpy(less + at, list + at + part,
			       (count - at - part) * sizeof(*less));
			end = run(p, less, rest, 0);
			if (end < 0 || p->kind != kind) {
				at += part;
				continue;
			}
			count = (unsigned long)end;
			memcpy(list, less, count * sizeof(*less));
		}
	}
	free(less);
	return count;
}

static void tell(struct pair *p, const unsigned long *list, unsigned long first,
		 unsigned long count)
{
	struct step t;

	for (unsigned long i = first; i < count; i++) {
		make_step(p, list[i], &t);
		tell_step(&t);
	}
}

static void report(struct pair *p, unsigned long steps)
{
	unsigned long *list = malloc((steps + 1) * sizeof(*list));

	printf("seed %llu: after %lu steps: %s\n", (unsigned long long)p->seed,
	       steps, p->why);
	fflush(stdout);
	for (unsigned long i = 0; list && i < steps; i++)
		list[i] = i;
	if (list && !p->keep) {
		steps = shrink(p, list, steps);
		run(p, list, steps, 0);
		printf("%lu steps suffice: %s\n", steps, p->why);
	}
	if (list)
		tell(p, list, steps > TAIL ? steps - TAIL : 0, steps);
	free(list);
}

/* Whether two changes one right after another, looked at in between, differ. */
static bool is_fine(int top)
{
	struct stat st[2] = { 0 };

	for (int i = 0; i < 2; i++) {
		if (fchmod(top, 0777) || fstat(top, &st[i]))
			die("the top");
	}
	return ns_of(&st[0].st_ctim) != ns_of(&st[1].st_ctim);
}

static void open_side(struct side *s, const char *name, const char *path)
{
	s->name = name;
	s->top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->top < 0)
		die(path);
}

int main(int argc, char **argv)
{
	static struct pair p = { .seed = 1, .look = 1 };
	unsigned long steps = 1000000000;
	long failed, seconds = 0;
	int option;

	while ((option = getopt(argc, argv, "s:n:t:k")) != -1) {
		if (option == 's')
			p.seed = strtoull(optarg, NULL, 10);
		else if (option == 'n')
			steps = strtoul(optarg, NULL, 10);
		else if (option == 't')
			seconds = atol(optarg);
		else if (option == 'k')
			p.keep = true;
		else
			return 2;
	}
	if (argc - optind != 2)
		return 2;
	open_side(&p.plain, "plain", argv[optind]);
	open_side(&p.ours, "ours", argv[optind + 1]);
	for (int i = 0; i < 2; i++) {
		p.before[i].node = calloc(NODES, sizeof(struct node));
		p.now[i].node = calloc(NODES, sizeof(struct node));
		if (!p.before[i].node || !p.now[i].node)
			die("memory");
	}
	if (setgroups(0, NULL))
		die("setgroups");
	umask(022);
	p.is_fine = is_fine(p.plain.top);
	p.look = p.seed % 2 ? 1 : 16;
	failed = run(&p, NULL, steps, seconds ? time(NULL) + seconds : 0);
	if (failed >= 0)
		report(&p, (unsigned long)failed);
	return failed >= 0;
}
