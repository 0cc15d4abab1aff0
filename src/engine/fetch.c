// SPDX-License-Identifier: Apache-2.0
#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "ext/digest.h"
#include "job.h"
#include "unpack.h"

#define NEWS_EVERY (NS_PER_S / 4)
#define STEM_LIMIT 200 /* of a name, so that what is added fits */

struct fetcher {
	struct catalog *c;
	struct store *st;
	struct owner owner;
	const struct settings *settings;
	uint64_t dir;
	bool unpack;
	char *url, *wanted; /* wanted: SHA-512 or NULL */
	char *name;
	char part[256], etag_name[256], scratch[256];
	int fd; /* eventfd */
	atomic_bool cancel;
	pthread_t thread;

	/* of the thread */
	int64_t began, told; /* monotonic */
	uint64_t offset;
	struct buf why;
	char sha512[DIGEST_HEX];

	pthread_mutex_t lock;
	struct fetch_news news; /* under lock */

	struct fetcher *next; /* of those under way; under `running`'s lock */
};

/* Two runs must not write one part. */
static struct {
	pthread_mutex_t lock;
	struct fetcher *first;
} running = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* False: somebody else is fetching that already. */
static bool enter(struct fetcher *f)
{
	HOLD(&running.lock);

	for (const struct fetcher *o = running.first; o; o = o->next)
		if (o->st == f->st && o->dir == f->dir &&
		    strcmp(o->name, f->name) == 0)
			return false;
	f->next = running.first;
	running.first = f;
	return true;
}

static void leave(struct fetcher *f)
{
	HOLD(&running.lock);
	struct fetcher **at = &running.first;

	while (*at && *at != f)
		at = &(*at)->next;
	if (*at)
		*at = f->next;
}

/* ---- names ---- */

static int set_name(struct fetcher *f, const char *name)
{
	AUTO(buf_release) struct buf raw = BUF_INIT(8192);
	AUTO(buf_release) struct buf safe = BUF_INIT(8192);
	const char *path = strstr(f->url, "://");
	const char *end;

	path = path ? path + 3 : f->url;
	end = path + strcspn(path, "?#");
	if (name) {
		buf_puts(&raw, name);
	} else {
		const char *slash = memrchr(path, '/', (size_t)(end - path));

		if (slash)
			buf_add(&raw, slash + 1, (size_t)(end - slash - 1));
	}
	put_component(raw.data, &safe);
	if (safe.len > STEM_LIMIT)
		safe.data[STEM_LIMIT] = 0;
	f->name = strdup(safe.len ? safe.data : "data");
	if (!f->name || raw.err || safe.err)
		return -ENOMEM;
	snprintf(f->part, sizeof(f->part), ".%.200s.part", f->name);
	snprintf(f->etag_name, sizeof(f->etag_name), ".%.200s.etag.part",
		 f->name);
	snprintf(f->scratch, sizeof(f->scratch), ".%.200s.new.part", f->name);
	return 0;
}

/* ---- news ---- */

static void tell(struct fetcher *f, const struct fetch_news *news)
{
	uint64_t one = 1;

	pthread_mutex_lock(&f->lock);
	f->news = *news;
	pthread_mutex_unlock(&f->lock);
	if (write(f->fd, &one, sizeof(one)) < 0)
		return; /* it is readable already */
}

static int progress(void *arg, uint64_t done, uint64_t total)
{
	struct fetcher *f = arg;
	int64_t now = clock_monotonic();
	double seconds = (double)(now - f->began) / (double)NS_PER_S;
	struct fetch_news news = { .bytes = done, .total = total };

	if (atomic_load(&f->cancel))
		return 1;
	if (now - f->told < NEWS_EVERY)
		return 0;
	f->told = now;
	if (seconds > 0 && done > f->offset)
		news.rate = (double)(done - f->offset) / seconds;
	tell(f, &news);
	return 0;
}

/* ---- the transfer ---- */

/* Did the part come from this URL, and with which ETag? */
static bool read_etag(struct fetcher *f, struct buf *out)
{
	AUTO(buf_release) struct buf text = BUF_INIT(8192);
	struct node_attr attr;
	size_t len = strlen(f->url);

	if (node_find(f->st, f->dir, f->etag_name, &attr) ||
	    !S_ISREG(attr.mode) || file_read(f->st, attr.ino, &text))
		return false;
	if (text.len <= len || strncmp(text.data, f->url, len) != 0 ||
	    text.data[len] != '\n')
		return false;
	buf_puts(out, text.data + len + 1);
	return true;
}

static void write_etag(struct fetcher *f, const char *etag)
{
	AUTO(buf_release) struct buf text = BUF_INIT(8192);

	buf_addf(&text, "%s\n%s", f->url, etag);
	if (!text.err)
		file_put(f->st, f->dir, f->etag_name, 0600, &f->owner,
			 text.data, text.len);
}

static int open_part(struct fetcher *f, struct content **ret_content)
{
	struct node_attr attr;
	int err = node_find(f->st, f->dir, f->part, &attr);

	if (err == -ENOENT) {
		err = file_put(f->st, f->dir, f->part, 0600, &f->owner, "", 0);
		if (!err)
			err = node_find(f->st, f->dir, f->part, &attr);
	}
	if (!err && !S_ISREG(attr.mode))
		err = why_set(&f->why, -EEXIST, "%s is in the way", f->part);
	if (!err)
		err = content_open(f->st, attr.ino, O_RDWR, ret_content);
	return err;
}

/* Go on from what is there when it can be told that it belongs to the same
 * file: by its ETag, or because a digest will tell in the end. */
static int transfer(struct fetcher *f, int fd, uint64_t *ret_size)
{
	AUTO(buf_release) struct buf etag = BUF_INIT(8192);
	struct http_fetch h = {
		.url = f->url,
		.fd = fd,
		.limits = f->settings->http,
		.progress = progress,
		.arg = f,
	};
	struct http_result result = { 0 };
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return -errno;
	if (read_etag(f, &etag) && (etag.len || f->wanted))
		h.offset = (uint64_t)st.st_size;
	else if (ftruncate(fd, 0))
		return -errno;
	h.if_range = etag.len ? etag.data : NULL;
	f->offset = h.offset;
	f->began = clock_monotonic();
	err = http_fetch(&h, &f->why, &result);
	write_etag(f, result.etag);
	*ret_size = result.size;
	return err;
}

static int check_digest(struct fetcher *f, int fd, uint64_t size)
{
	char hex[DIGEST_HEX];
	int err = digest_fd(DIGEST_SHA512, fd, size, hex);

	if (err)
		return err;
	memcpy(f->sha512, hex, sizeof(hex));
	if (f->wanted && strcasecmp(hex, f->wanted) != 0)
		return why_set(&f->why, -EBADMSG,
			       "what %s gives has the SHA-512 %.16s… where "
			       "%.16s… is expected: nothing of it was kept",
			       f->url, hex, f->wanted);
	return 0;
}

/* Worth keeping for the next run: what a network cut off. */
static bool can_resume(int err)
{
	return err == -EIO || err == -ETIMEDOUT || err == -EHOSTUNREACH ||
	       err == -ECANCELED || err == -EPROTO;
}

static void remove_parts(struct fetcher *f)
{
	file_remove(f->st, f->dir, f->scratch);
	file_remove(f->st, f->dir, f->part);
	file_remove(f->st, f->dir, f->etag_name);
}

/* The file is given its mode for good before it appears. */
static int place(struct fetcher *f, struct content *c)
{
	const struct placement p = {
		.c = f->c,
		.st = f->st,
		.owner = f->owner,
		.limits = &f->settings->archive,
		.cancel = &f->cancel,
		.dir = f->dir,
		.part = f->part,
		.name = f->name,
		.scratch = f->scratch,
		.unpack = f->unpack,
	};
	const struct node_change change = { .what = CHANGE_MODE, .mode = 0644 };
	struct node_attr attr;
	int err = node_set(f->st, content_ino(c), &change, &attr);

	if (!err)
		err = content_flush(c);
	return err < 0 ? err : place_file(&p, content_fd(c), &f->why);
}

static int fetch(struct fetcher *f, uint64_t *ret_size)
{
	AUTO(content_release) struct content *c = NULL;
	int err = open_part(f, &c);

	if (err)
		return err;
	err = transfer(f, content_fd(c), ret_size);
	if (err) {
		if (!can_resume(err))
			remove_parts(f);
		return err;
	}
	err = check_digest(f, content_fd(c), *ret_size);
	if (!err)
		err = place(f, c);
	remove_parts(f);
	return err;
}

static int fetch_alone(struct fetcher *f, uint64_t *ret_size)
{
	int err;

	if (!owner_may(f->st, &f->owner, f->dir, W_OK | X_OK))
		return why_set(&f->why, -EACCES,
			       "uid %u must not write to the directory that "
			       "the data belongs in",
			       f->owner.uid);
	if (!enter(f))
		return why_set(&f->why, -EBUSY,
			       "another run is fetching %s just now", f->name);
	err = fetch(f, ret_size);
	leave(f);
	return err;
}

static void *thread_main(void *arg)
{
	struct fetcher *f = arg;
	struct fetch_news news = { 0 };

	news.err = fetch_alone(f, &news.bytes);
	news.total = news.bytes;
	news.is_done = true;
	news.why = f->why.data;
	news.sha512 = f->sha512;
	news.verified = !news.err && f->wanted;
	tell(f, &news);
	return NULL;
}

/* ---- the run's side ---- */

static void release(struct fetcher *f)
{
	close_fd(&f->fd);
	buf_release(&f->why);
	pthread_mutex_destroy(&f->lock);
	free(f->url);
	free(f->wanted);
	free(f->name);
	free(f);
}

static int init(struct fetcher *f, const struct run *r,
		const struct fetch_what *what)
{
	f->c = r->c;
	f->st = r->st;
	f->owner = r->owner;
	f->settings = r->settings;
	f->dir = what->dir;
	f->unpack = what->unpack;
	f->url = strdup(what->url);
	f->wanted = what->sha512 ? strdup(what->sha512) : NULL;
	if (!f->url || (what->sha512 && !f->wanted))
		return -ENOMEM;
	f->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (f->fd < 0)
		return -errno;
	return set_name(f, what->name);
}

int fetcher_start(const struct run *r, const struct fetch_what *what,
		  struct fetcher **ret_fetcher)
{
	struct fetcher *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	f->fd = -1;
	buf_init(&f->why, 4096);
	pthread_mutex_init(&f->lock, NULL);
	err = init(f, r, what);
	if (!err)
		err = -pthread_create(&f->thread, NULL, thread_main, f);
	if (err) {
		release(f);
		return err;
	}
	*ret_fetcher = f;
	return 0;
}

int fetcher_fd(const struct fetcher *f)
{
	return f->fd;
}

void fetcher_hear(struct fetcher *f, struct fetch_news *ret_news)
{
	HOLD(&f->lock);
	uint64_t count;

	if (read(f->fd, &count, sizeof(count)) < 0)
		count = 0; /* asked without news */
	*ret_news = f->news;
}

void fetcher_cancel(struct fetcher *f)
{
	atomic_store(&f->cancel, true);
}

void fetcher_free(struct fetcher *f)
{
	if (!f)
		return;
	atomic_store(&f->cancel, true);
	pthread_join(f->thread, NULL);
	release(f);
}
