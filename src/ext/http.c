// SPDX-License-Identifier: Apache-2.0
/*
 * Downloads by libcurl's easy interface: a handle a call, nothing shared.
 *
 * A resume asks for a range under the condition that the file is still the one
 * of the ETag (RFC 9110, 13.1.5 and 14.2). The server's answers to that:
 *
 *	206	the rest: goes behind what is there
 *	200	all of it: the descriptor is emptied first
 *	416	nothing there: complete when its Content-Range tells our
 *		size, else asked again without a range
 */
#include "ext/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "http_address.h"

#define REDIRECTS_MOST 5L
#define CONNECT_S 30L
#define STALLED_S 60L
#define PROGRESS_NS (100 * NS_PER_MS)

struct transfer {
	const struct http_fetch *f;
	CURL *curl;
	struct curl_slist *headers;
	char error[CURL_ERROR_SIZE];
	bool is_file;
	uint64_t offset; /* that is asked for */
	bool begun;	 /* the answer was judged, the descriptor is ready */
	bool resumed;
	uint64_t base; /* where the body begins in the descriptor */
	uint64_t at;   /* where the next bytes go */
	int err;       /* of ours; the transfer was ended for it */
	bool refused_address;
	int64_t progress_at;
	/* of the last answer */
	char etag[sizeof(((struct http_result *)0)->etag)];
	bool has_range;
	uint64_t range_from;  /* Content-Range: bytes FROM-…/TOTAL */
	uint64_t range_total; /* 0: not told */
};

int http_setup(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) ? -ENOMEM : 0;
}

/* ---- addresses ---- */

static bool same_endpoint(const struct sockaddr *a, const struct sockaddr *b)
{
	struct sockaddr_in a4, b4;
	struct sockaddr_in6 a6, b6;

	if (a->sa_family != b->sa_family)
		return false;
	if (a->sa_family == AF_INET) {
		memcpy(&a4, a, sizeof(a4));
		memcpy(&b4, b, sizeof(b4));
		return a4.sin_port == b4.sin_port &&
		       a4.sin_addr.s_addr == b4.sin_addr.s_addr;
	}
	memcpy(&a6, a, sizeof(a6));
	memcpy(&b6, b, sizeof(b6));
	return a6.sin6_port == b6.sin6_port &&
	       !memcmp(&a6.sin6_addr, &b6.sin6_addr, sizeof(a6.sin6_addr));
}

static void url_release(CURLU **url)
{
	curl_url_cleanup(*url);
}

static void part_release(char **part)
{
	curl_free(*part);
}

/* Host and port of a proxy as curl reads them from the environment. */
static bool leads_to(const char *proxy, const struct sockaddr *address)
{
	AUTO(url_release) CURLU *url = curl_url();
	AUTO(part_release) char *host = NULL;
	AUTO(part_release) char *port = NULL;
	struct addrinfo *found = NULL;
	bool same = false;

	if (!url ||
	    curl_url_set(url, CURLUPART_URL, proxy,
			 CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME) ||
	    curl_url_get(url, CURLUPART_HOST, &host, 0))
		return false;
	if (curl_url_get(url, CURLUPART_PORT, &port, 0))
		port = NULL;
	/* brackets of an IPv6 address are not for the resolver */
	if (host[0] == '[' && strlen(host) > 2) {
		host[strlen(host) - 1] = 0;
		memmove(host, host + 1, strlen(host));
	}
	if (getaddrinfo(host, port ? port : "1080", NULL, &found))
		return false;
	for (const struct addrinfo *a = found; a && !same; a = a->ai_next)
		same = same_endpoint(a->ai_addr, address);
	freeaddrinfo(found);
	return same;
}

static bool is_proxy(const struct sockaddr *address)
{
	static const char *const names[] = { "http_proxy", "https_proxy",
					     "HTTPS_PROXY", "all_proxy",
					     "ALL_PROXY" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *proxy = getenv(names[i]);

		if (proxy && *proxy && leads_to(proxy, address))
			return true;
	}
	return false;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose,
			       struct curl_sockaddr *address)
{
	struct transfer *t = arg;

	(void)purpose;
	if (!t->f->limits.private_hosts &&
	    http_address_is_private(&address->addr) &&
	    !is_proxy(&address->addr)) {
		t->refused_address = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
		      address->protocol);
}

/* ---- headers ---- */

/* The value of header `name` in a line, or NULL. */
static const char *header_value(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncasecmp(line, name, len) != 0 || line[len] != ':')
		return NULL;
	line += len + 1;
	return line + strspn(line, " \t");
}

static void take_etag(struct transfer *t, const char *value)
{
	size_t len = strcspn(value, "\r\n");

	while (len && strchr(" \t", value[len - 1]))
		len--;
	/* a part of one would be the ETag of nothing */
	if (len >= sizeof(t->etag))
		len = 0;
	memcpy(t->etag, value, len);
	t->etag[len] = 0;
}

static void take_range(struct transfer *t, const char *value)
{
	const char *total = strchr(value, '/');

	if (strncasecmp(value, "bytes ", 6) != 0)
		return;
	t->has_range = true;
	t->range_from = strtoull(value + 6, NULL, 10);
	t->range_total = total ? strtoull(total + 1, NULL, 10) : 0;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
	AUTO(buf_release) struct buf line = BUF_INIT(BUF_MAX);
	struct transfer *t = arg;
	const char *value;

	buf_add(&line, data, size * count);
	if (line.err)
		return 0;
	if (!strncmp(line.data, "HTTP/", 5)) { /* another answer begins */
		t->etag[0] = 0;
		t->has_range = false;
	}
	if ((value = header_value(line.data, "ETag")))
		take_etag(t, value);
	if ((value = header_value(line.data, "Content-Range")))
		take_range(t, value);
	return size * count;
}

/* ---- the body ---- */

static long status_of(const struct transfer *t)
{
	long status = 0;

	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static bool is_body(const struct transfer *t)
{
	long status = status_of(t);

	return t->is_file || (status >= 200 && status < 300);
}

/* Of what is still to come, 0 when it is not told. */
static uint64_t announced(const struct transfer *t)
{
	curl_off_t len = -1;

	curl_easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &len);
	return len > 0 ? (uint64_t)len : 0;
}

static bool is_too_much(const struct transfer *t, uint64_t size)
{
	return t->f->limits.bytes && size > t->f->limits.bytes;
}

/* The answer is here, its body is not yet: where does it go? */
static int begin(struct transfer *t)
{
	if (status_of(t) == 206) {
		if (!t->has_range || t->range_from != t->offset)
			return -EPROTO;
		t->resumed = t->offset > 0;
		t->base = t->offset;
	}
	t->at = t->base;
	if (is_too_much(t, t->base + announced(t)))
		return -EFBIG;
	if (ftruncate(t->f->fd, (off_t)t->base))
		return -errno;
	t->begun = true;
	return 0;
}

static int put_bytes(struct transfer *t, const char *data, size_t len)
{
	while (len) {
		ssize_t done = pwrite(t->f->fd, data, len, (off_t)t->at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		data += done;
		len -= (size_t)done;
		t->at += (uint64_t)done;
	}
	return 0;
}

/* A count that is not the one given ends the transfer. */
static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * count;

	if (!is_body(t))
		return 0;
	if (!t->begun)
		t->err = begin(t);
	if (!t->err && is_too_much(t, t->at + len))
		t->err = -EFBIG;
	if (!t->err)
		t->err = put_bytes(t, data, len);
	return t->err ? 0 : len;
}

static int on_progress(void *arg, curl_off_t total, curl_off_t done,
		       curl_off_t up_total, curl_off_t up_done)
{
	struct transfer *t = arg;
	int64_t now = clock_monotonic();

	(void)done, (void)up_total, (void)up_done;
	if (!t->f->progress || now - t->progress_at < PROGRESS_NS)
		return 0;
	t->progress_at = now;
	if (!t->begun)
		return t->f->progress(t->f->arg, 0, 0);
	return t->f->progress(t->f->arg, t->at,
			      total > 0 ? t->base + (uint64_t)total : 0);
}

/* ---- errors ---- */

static int of_code(CURLcode code)
{
	switch (code) {
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
		return -EINVAL;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_INTERFACE_FAILED:
		return -EHOSTUNREACH;
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_HTTP2_STREAM:
		return -EIO;
	case CURLE_ABORTED_BY_CALLBACK:
		return -ECANCELED;
	case CURLE_FILE_COULDNT_READ_FILE:
		return -ENOENT;
	case CURLE_OUT_OF_MEMORY:
		return -ENOMEM;
	default:
		return -EPROTO; /* TLS, and what is malformed */
	}
}

static int of_status(long status)
{
	if (status == 404 || status == 410)
		return -ENOENT;
	if (status == 401 || status == 403 || status == 407)
		return -EACCES;
	if (status >= 500 || status == 408 || status == 429)
		return -EIO;
	return -EPROTO;
}

static int own_error(struct transfer *t, struct buf *why)
{
	if (t->err == -EFBIG)
		return why_set(why, t->err, "more than %llu bytes",
			       (unsigned long long)t->f->limits.bytes);
	if (t->err == -EPROTO)
		return why_set(why, t->err,
			       "the server sent another range than asked for");
	if (t->err == -ENOSPC || t->err == -EDQUOT)
		return why_set(why, -ENOSPC, "no space is left to keep it");
	return why_set(why, t->err, "%s", strerror(-t->err));
}

static int judge(struct transfer *t, CURLcode code, struct buf *why)
{
	long status = status_of(t);

	if (t->err)
		return own_error(t, why);
	if (t->refused_address && of_code(code) == -EHOSTUNREACH)
		return why_set(why, -EINVAL,
			       "the host has a private address, to which no "
			       "URL may lead");
	/* curl's word for what answers without a status line as well; a scheme
	 * that is refused comes with a redirect */
	if (code == CURLE_UNSUPPORTED_PROTOCOL && !status && !t->is_file)
		return why_set(why, -EPROTO, "%s", t->error);
	if (code && (code != CURLE_WRITE_ERROR || is_body(t)))
		return why_set(why, of_code(code), "%s",
			       t->error[0] ? t->error
					   : curl_easy_strerror(code));
	if (!is_body(t))
		return why_set(why, of_status(status),
			       "the server answered %ld", status);
	return 0;
}

/* ---- a transfer ---- */

static bool is_usable_etag(const char *etag)
{
	/* a weak one does not tell that bytes are the same */
	if (!*etag || !strncasecmp(etag, "W/", 2))
		return false;
	for (; *etag; etag++)
		if ((unsigned char)*etag < 0x20 || *etag == 0x7f)
			return false;
	return true;
}

static int ask_for_range(struct transfer *t)
{
	AUTO(buf_release) struct buf range = BUF_INIT(BUF_MAX);
	AUTO(buf_release) struct buf condition = BUF_INIT(BUF_MAX);

	if (!t->offset)
		return 0;
	buf_addf(&range, "%llu-", (unsigned long long)t->offset);
	if (range.err)
		return range.err;
	if (curl_easy_setopt(t->curl, CURLOPT_RANGE, range.data))
		return -ENOMEM;
	if (!t->f->if_range)
		return 0;
	buf_addf(&condition, "If-Range: %s", t->f->if_range);
	if (condition.err)
		return condition.err;
	t->headers = curl_slist_append(NULL, condition.data);
	if (!t->headers)
		return -ENOMEM;
	curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->headers);
	return 0;
}

static void set_limits(struct transfer *t)
{
	const struct http_limits *limits = &t->f->limits;
	long stalled = limits->stalled_s ? limits->stalled_s : STALLED_S;

	curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR,
			 t->is_file ? "file" : "http,https");
	curl_easy_setopt(t->curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(t->curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(t->curl, CURLOPT_MAXREDIRS, REDIRECTS_MOST);
	curl_easy_setopt(t->curl, CURLOPT_CONNECTTIMEOUT,
			 stalled < CONNECT_S ? stalled : CONNECT_S);
	curl_easy_setopt(t->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(t->curl, CURLOPT_LOW_SPEED_TIME, stalled);
	if (limits->ca_file)
		curl_easy_setopt(t->curl, CURLOPT_CAINFO, limits->ca_file);
}

static void set_callbacks(struct transfer *t)
{
	curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(t->curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(t->curl, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(t->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(t->curl, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(t->curl, CURLOPT_XFERINFODATA, t);
	curl_easy_setopt(t->curl, CURLOPT_NOPROGRESS, 0L);
}

static int prepare(struct transfer *t)
{
	t->curl = curl_easy_init();
	if (!t->curl)
		return -ENOMEM;
	if (curl_easy_setopt(t->curl, CURLOPT_URL, t->f->url))
		return -ENOMEM;
	curl_easy_setopt(t->curl, CURLOPT_USERAGENT, "mlxfs/" MLXFS_VERSION);
	curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
	/* the answers of a proxy to CONNECT are not the server's */
	curl_easy_setopt(t->curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	set_limits(t);
	set_callbacks(t);
	return ask_for_range(t);
}

static void transfer_release(struct transfer *t)
{
	curl_easy_cleanup(t->curl);
	curl_slist_free_all(t->headers);
}

/* 1: the range is not there, all is to be asked for. */
static int run(struct transfer *t, struct buf *why)
{
	CURLcode code;
	int err = prepare(t);

	if (err)
		return err;
	code = curl_easy_perform(t->curl);
	if (status_of(t) == 416 && t->offset) {
		if (!t->has_range || t->range_total != t->offset)
			return 1;
		t->resumed = true;
		t->at = t->offset;
		return 0;
	}
	/* a body of no bytes does not come to on_data */
	if (!code && is_body(t) && !t->begun)
		t->err = begin(t);
	return judge(t, code, why);
}

static void put_result(const struct transfer *t, struct http_result *ret_result)
{
	ret_result->status = status_of(t);
	ret_result->resumed = t->resumed;
	/* before that, what was there still is */
	if (!t->begun && !t->resumed)
		return;
	ret_result->size = t->at;
	memcpy(ret_result->etag, t->etag, sizeof(t->etag));
}

static int fetch(const struct http_fetch *f, bool is_file, uint64_t offset,
		 struct buf *why, struct http_result *ret_result)
{
	AUTO(transfer_release)
	struct transfer t = { .f = f, .is_file = is_file, .offset = offset };
	int err = run(&t, why);

	if (t.curl)
		put_result(&t, ret_result);
	return err;
}

static bool has_scheme(const char *url, const char *scheme)
{
	return !strncasecmp(url, scheme, strlen(scheme));
}

int http_fetch(const struct http_fetch *f, struct buf *why,
	       struct http_result *ret_result)
{
	bool is_file = has_scheme(f->url, "file://");
	uint64_t offset = f->offset;
	int err;

	*ret_result = (struct http_result){ .size = offset };
	if (is_file ? !f->limits.private_hosts
		    : !has_scheme(f->url, "http://") &&
			      !has_scheme(f->url, "https://"))
		return why_set(why, -EINVAL,
			       "only http and https URLs are fetched");
	if (is_file || (f->if_range && !is_usable_etag(f->if_range)))
		offset = 0;
	err = fetch(f, is_file, offset, why, ret_result);
	if (err == 1)
		err = fetch(f, is_file, 0, why, ret_result);
	return err;
}
