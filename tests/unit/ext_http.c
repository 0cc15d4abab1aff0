// SPDX-License-Identifier: Apache-2.0
#include "ext/http.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/ext/http_address.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "unit.h"

#define FILE_SIZE 102400 /* of http_server.py's /file */

static pid_t server_pid;
static int server_port, tls_port;
static char server_dir[64]; /* cert.pem, key.pem */

static void remove_in_dir(const char *name)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/%s", server_dir, name);
	remove(path);
}

static void stop_server(void)
{
	if (server_pid > 0) {
		kill(server_pid, SIGTERM);
		waitpid(server_pid, NULL, 0);
	}
	remove_in_dir("cert.pem");
	remove_in_dir("key.pem");
	rmdir(server_dir);
}

static void run_server(int out)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	dup2(out, STDOUT_FILENO);
	execlp("python3", "python3", "tests/unit/http_server.py", server_dir,
	       NULL);
	_exit(127);
}

static void start_server(void)
{
	char ports[32] = "";
	int ends[2];

	unsetenv("http_proxy");
	unsetenv("https_proxy");
	unsetenv("HTTPS_PROXY");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	strcpy(server_dir, "/var/tmp/mlxfs-server-XXXXXX");
	if (http_setup() || pipe(ends) || !mkdtemp(server_dir))
		return;
	atexit(stop_server);
	server_pid = fork();
	if (!server_pid)
		run_server(ends[1]);
	close(ends[1]);
	if (read(ends[0], ports, sizeof(ports) - 1) > 0)
		sscanf(ports, "%d %d", &server_port, &tls_port);
	close(ends[0]);
}

/* Started by the first test that needs it. */
static bool have_server(void)
{
	if (!server_dir[0])
		start_server();
	if (!server_port)
		unit_skip("no python3 to serve with");
	return server_port != 0;
}

/* ---- a download ---- */

struct download {
	struct http_fetch f;
	struct http_result result;
	struct buf why;
	char url[200];
	int calls; /* of progress */
	uint64_t done, total;
	int cancel_at;
};

static int on_progress(void *arg, uint64_t done, uint64_t total)
{
	struct download *d = arg;

	d->done = done;
	d->total = total;
	return ++d->calls == d->cancel_at;
}

static void download_release(struct download *d)
{
	buf_release(&d->why);
	if (d->f.fd >= 0)
		close(d->f.fd);
}

#define DOWNLOAD_INIT                                                          \
	{                                                                      \
		.f = { .fd = -1, .limits = { .private_hosts = true } },        \
		.why = WHY_INIT                                                \
	}

static int fetch_url(struct download *d, const char *url)
{
	char path[200];

	if (d->f.fd < 0) {
		snprintf(path, sizeof(path), "%s/file", unit_dir());
		d->f.fd = open(path, O_RDWR | O_CREAT, 0600);
	}
	d->f.url = url;
	d->f.progress = on_progress;
	d->f.arg = d;
	buf_clear(&d->why);
	return http_fetch(&d->f, &d->why, &d->result);
}

static int fetch(struct download *d, const char *path)
{
	snprintf(d->url, sizeof(d->url), "http://127.0.0.1:%d%s", server_port,
		 path);
	return fetch_url(d, d->url);
}

/* Is the descriptor the whole of /file? */
static bool is_whole(const struct download *d)
{
	static unsigned char got[FILE_SIZE + 1];

	if (pread(d->f.fd, got, sizeof(got), 0) != FILE_SIZE)
		return false;
	for (size_t i = 0; i < FILE_SIZE; i++)
		if (got[i] != i % 256)
			return false;
	return d->result.size == FILE_SIZE;
}

/* The first bytes of /file, or as many others. */
static void begin_with(struct download *d, size_t len, bool others)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/file", unit_dir());
	d->f.fd = open(path, O_RDWR | O_CREAT, 0600);
	for (size_t i = 0; i < len; i++) {
		char c = (char)(others ? 'x' : i % 256);

		if (write(d->f.fd, &c, 1) != 1)
			return;
	}
	d->f.offset = len;
}

TEST(http_fetches)
{
	AUTO(download_release) struct download d = DOWNLOAD_INIT;

	if (!have_server())
		return;
	CHECK_INT(fetch(&d, "/file"), 0);
	CHECK(is_whole(&d));
	CHECK_INT(d.result.status, 200);
	CHECK(!d.result.resumed);
	CHECK_STR(d.result.etag, "\"v1\"");
	CHECK(d.calls > 0);
	/* a shorter one over a longer one */
	CHECK_INT(fetch(&d, "/agent"), 0);
	CHECK_INT(d.result.size, strlen("mlxfs/" MLXFS_VERSION));
	CHECK_INT(lseek(d.f.fd, 0, SEEK_END), d.result.size);
	CHECK_INT(fetch(&d, "/empty"), 0);
	CHECK_INT(lseek(d.f.fd, 0, SEEK_END), 0);
	CHECK_INT(fetch(&d, "/long-etag"), 0);
	CHECK_STR(d.result.etag, "");
	CHECK_INT(fetch(&d, "/to-self"), 0);
	CHECK_INT(fetch(&d, "/hops/4"), 0);
	CHECK(is_whole(&d));
}

/* ---- resumes ---- */

TEST(http_resumes)
{
	static const struct {
		const char *path, *etag;
		size_t offset;
		bool others; /* what is there is not the file's */
		bool resumed;
	} row[] = {
		{ "/file", "\"v1\"", 1000, false, true },
		{ "/file", NULL, 1000, false, true },
		{ "/file", "\"v1\"", FILE_SIZE, false, true },
		{ "/file", "\"v0\"", 1000, true, false },
		{ "/file", "", 1000, true, false },
		{ "/file", "W/\"v1\"", 1000, true, false },
		{ "/file", "\"v1\"\r\nX: y", 1000, true, false },
		{ "/changed", "\"v1\"", 1000, true, false },
		{ "/whole", "\"v1\"", 1000, true, false },
		/* longer than the file */
		{ "/file", "\"v1\"", FILE_SIZE + 5, true, false },
	};

	for (size_t i = 0; have_server() && i < ARRAY_SIZE(row); i++) {
		AUTO(download_release) struct download d = DOWNLOAD_INIT;

		begin_with(&d, row[i].offset, row[i].others);
		d.f.if_range = row[i].etag;
		CHECK_INT(fetch(&d, row[i].path), 0);
		CHECK(is_whole(&d));
		CHECK_INT(d.result.resumed, row[i].resumed);
	}
}

TEST(http_keeps_what_came_before_a_cut)
{
	AUTO(download_release) struct download d = DOWNLOAD_INIT;
	char etag[sizeof(d.result.etag)];

	if (!have_server())
		return;
	CHECK_INT(fetch(&d, "/cut"), -EIO);
	CHECK_INT(d.result.size, 1000);
	CHECK_STR(d.result.etag, "\"v1\"");
	CHECK(d.why.len > 0);
	strcpy(etag, d.result.etag);
	d.f.offset = d.result.size;
	d.f.if_range = etag;
	CHECK_INT(fetch(&d, "/file"), 0);
	CHECK(d.result.resumed);
	CHECK(is_whole(&d));
}

TEST(http_leaves_what_is_there_when_refused)
{
	static const char *const paths[] = { "/status/404", "/status/500",
					     "/shifted",    "/garbage",
					     "/nowhere",    "/reset" };

	for (size_t i = 0; have_server() && i < ARRAY_SIZE(paths); i++) {
		AUTO(download_release) struct download d = DOWNLOAD_INIT;

		begin_with(&d, 1000, false);
		CHECK(fetch(&d, paths[i]) < 0);
		CHECK_INT(d.result.size, 1000);
		CHECK_INT(lseek(d.f.fd, 0, SEEK_END), 1000);
		CHECK_STR(d.result.etag, "");
	}
}

/* ---- errors ---- */

TEST(http_errors)
{
	static const struct {
		const char *path;
		int err;
		const char *why;
	} row[] = {
		{ "/status/404", -ENOENT, "the server answered 404" },
		{ "/status/410", -ENOENT, NULL },
		{ "/status/401", -EACCES, NULL },
		{ "/status/403", -EACCES, NULL },
		{ "/status/500", -EIO, "the server answered 500" },
		{ "/status/503", -EIO, NULL },
		{ "/status/429", -EIO, NULL },
		{ "/status/418", -EPROTO, NULL },
		{ "/status/304", -EPROTO, NULL },
		{ "/nowhere", -EPROTO, "the server answered 302" },
		{ "/loop/", -EPROTO, NULL },
		{ "/hops/5", -EPROTO, NULL },
		{ "/to-file", -EINVAL, NULL },
		{ "/to-ftp", -EINVAL, NULL },
		{ "/garbage", -EPROTO, NULL },
		{ "/cut-chunks", -EIO, NULL },
		{ "/reset", -EIO, NULL },
		{ "/to-private", -EHOSTUNREACH, NULL }, /* nobody listens */
	};

	for (size_t i = 0; have_server() && i < ARRAY_SIZE(row); i++) {
		AUTO(download_release) struct download d = DOWNLOAD_INIT;
		int err = fetch(&d, row[i].path);

		if (err != row[i].err || !d.why.len ||
		    (row[i].why && strcmp(row[i].why, d.why.data) != 0)) {
			unit_fail(__FILE__, __LINE__, "%s: %d, %s", row[i].path,
				  err, d.why.data);
			return;
		}
	}
}

TEST(http_limit_of_bytes)
{
	static const char *const paths[] = { "/file", "/endless" };

	for (size_t i = 0; have_server() && i < ARRAY_SIZE(paths); i++) {
		AUTO(download_release) struct download d = DOWNLOAD_INIT;

		d.f.limits.bytes = FILE_SIZE - 1;
		CHECK_INT(fetch(&d, paths[i]), -EFBIG);
		CHECK_STR(d.why.data, "more than 102399 bytes");
		CHECK(lseek(d.f.fd, 0, SEEK_END) < FILE_SIZE);
		d.f.limits.bytes = FILE_SIZE;
		if (!i)
			CHECK_INT(fetch(&d, paths[i]), 0);
	}
}

TEST(http_gives_up_when_nothing_comes)
{
	AUTO(download_release) struct download d = DOWNLOAD_INIT;
	int64_t began = clock_monotonic();

	if (!have_server())
		return;
	d.f.limits.stalled_s = 1;
	CHECK_INT(fetch(&d, "/trickle"), 0); /* slow, but it moves */
	CHECK_INT(fetch(&d, "/slow"), -ETIMEDOUT);
	CHECK(clock_monotonic() - began < 15 * NS_PER_S);
	CHECK_INT(d.result.size, 1);
}

TEST(http_is_canceled)
{
	AUTO(download_release) struct download d = DOWNLOAD_INIT;

	if (!have_server())
		return;
	d.cancel_at = 3;
	CHECK_INT(fetch(&d, "/trickle"), -ECANCELED);
	CHECK_INT(d.calls, 3);
	CHECK_INT(d.total, 50);
	CHECK_INT(lseek(d.f.fd, 0, SEEK_END), d.result.size);
}

TEST(http_descriptor_that_cannot_be_written)
{
	AUTO(download_release) struct download d = DOWNLOAD_INIT;

	if (!have_server())
		return;
	d.f.fd = open("/dev/null", O_RDONLY);
	CHECK_INT(fetch(&d, "/file"), -EINVAL); /* ftruncate's */
}

TEST(http_believes_certificates_only)
{
	AUTO(download_release) struct download d = DOWNLOAD_INIT;
	char ca[100], url[100];

	if (!have_server())
		return;
	if (!tls_port) {
		unit_skip("no openssl to make a certificate with");
		return;
	}
	snprintf(url, sizeof(url), "https://localhost:%d/file", tls_port);
	CHECK_INT(fetch_url(&d, url), -EPROTO);
	CHECK(strstr(d.why.data, "certificate"));
	snprintf(ca, sizeof(ca), "%s/cert.pem", server_dir);
	d.f.limits.ca_file = ca;
	CHECK_INT(fetch_url(&d, url), 0);
	CHECK(is_whole(&d));
	/* for another name than it has */
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/file", tls_port);
	CHECK_INT(fetch_url(&d, url), -EPROTO);
	/* and where nobody speaks TLS */
	snprintf(url, sizeof(url), "https://localhost:%d/file", server_port);
	CHECK_INT(fetch_url(&d, url), -EPROTO);
}

/* ---- where a URL may lead ---- */

TEST(http_refuses_urls)
{
	static const char *const urls[] = {
		"",
		"/etc/passwd",
		"127.0.0.1/x",
		"file:///etc/passwd",
		"FILE:///etc/passwd",
		"ftp://127.0.0.1/x",
		"gopher://127.0.0.1/x",
		"dict://127.0.0.1:11/x",
		"http://",
		"http://a b/",
		"http://a\r\nX: y/",
	};

	if (!have_server())
		return;
	for (size_t i = 0; i < ARRAY_SIZE(urls); i++) {
		AUTO(download_release) struct download d = DOWNLOAD_INIT;

		d.f.limits.private_hosts = false;
		CHECK_INT(fetch_url(&d, urls[i]), -EINVAL);
		CHECK(d.why.len > 0);
	}
}

TEST(http_refuses_private_hosts)
{
	static const char *const hosts[] = {
		"127.0.0.1",
		"localhost",
		"127.1",
		"2130706433",
		"0x7f.1",
		"0.0.0.0",
		"[::1]",
		"[::]",
		"[::ffff:127.0.0.1]",
		"10.0.0.1",
		"169.254.169.254",
		"192.168.1.1",
		"[fe80::1]",
		"[fd00::1]",
	};

	if (!have_server())
		return;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		AUTO(download_release) struct download d = DOWNLOAD_INIT;
		char url[100];

		d.f.limits.private_hosts = false;
		snprintf(url, sizeof(url), "http://%s:%d/file", hosts[i],
			 server_port);
		CHECK_INT(fetch_url(&d, url), -EINVAL);
		CHECK(strstr(d.why.data, "private address"));
	}
}

/* The proxy of the environment may be on this machine; where it redirects to,
 * past it (no_proxy), may not. */
TEST(http_proxy_is_allowed_but_not_what_is_behind)
{
	AUTO(download_release) struct download d = DOWNLOAD_INIT;
	char proxy[60];
	int direct, redirected;

	if (!have_server())
		return;
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", server_port);
	setenv("http_proxy", proxy, 1);
	setenv("no_proxy", "127.0.0.1", 1);
	d.f.limits.private_hosts = false;
	direct = fetch_url(&d, "http://example.invalid/file");
	redirected = fetch_url(&d, "http://example.invalid/to-private");
	unsetenv("http_proxy");
	unsetenv("no_proxy");
	CHECK_INT(direct, 0);
	CHECK_INT(redirected, -EINVAL);
	CHECK(strstr(d.why.data, "private address"));
}

TEST(http_file_where_private_hosts_are_allowed)
{
	AUTO(download_release) struct download d = DOWNLOAD_INIT;
	AUTO(close_fd) int fd = -1;
	char path[300], url[320];

	if (!have_server())
		return;
	begin_with(&d, 10, true);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", d.f.fd);
	path[readlink(path, url, 200)] = 0;
	snprintf(path, sizeof(path), "%.*s/other",
		 (int)(strrchr(url, '/') - url), url);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	CHECK_INT(write(fd, "abc", 3), 3);
	snprintf(url, sizeof(url), "file://%s", path);
	CHECK_INT(fetch_url(&d, url), 0);
	CHECK_INT(d.result.status, 0);
	CHECK_INT(lseek(d.f.fd, 0, SEEK_END), 3);
	strcat(url, "x");
	CHECK_INT(fetch_url(&d, url), -ENOENT);
}

TEST(http_addresses)
{
	static const struct {
		const char *text;
		bool is_private;
	} row[] = {
		{ "0.0.0.0", true },
		{ "9.255.255.255", false },
		{ "10.255.0.1", true },
		{ "11.0.0.0", false },
		{ "100.63.255.255", false },
		{ "100.64.0.1", true },
		{ "100.128.0.0", false },
		{ "126.255.255.255", false },
		{ "127.255.255.255", true },
		{ "128.0.0.1", false },
		{ "169.254.169.254", true },
		{ "172.15.255.255", false },
		{ "172.16.0.1", true },
		{ "172.31.255.255", true },
		{ "172.32.0.0", false },
		{ "192.0.0.8", true },
		{ "192.168.0.1", true },
		{ "192.169.0.1", false },
		{ "198.18.0.1", true },
		{ "198.20.0.1", false },
		{ "223.255.255.255", false },
		{ "224.0.0.1", true },
		{ "240.0.0.1", true },
		{ "255.255.255.255", true },
		{ "::", true },
		{ "::1", true },
		{ "::ffff:127.0.0.1", true },
		{ "::ffff:8.8.8.8", false },
		{ "::127.0.0.1", true },
		{ "64:ff9b::10.0.0.1", true },
		{ "64:ff9b::8.8.8.8", false },
		{ "64:ff9b:1::1", true },
		{ "2002:a00:1::", true },
		{ "2002:808:808::", false },
		{ "2001:0:1::", true },
		{ "2606:4700::1111", false },
		{ "fe80::1", true },
		{ "fec0::1", true },
		{ "fd00::1", true },
		{ "ff02::1", true },
		{ "4000::1", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct sockaddr_in v4 = { .sin_family = AF_INET };
		struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
		bool is_v4 = inet_pton(AF_INET, row[i].text, &v4.sin_addr) == 1;

		if (!is_v4)
			CHECK_INT(
				inet_pton(AF_INET6, row[i].text, &v6.sin6_addr),
				1);
		if (http_address_is_private(is_v4 ? (struct sockaddr *)&v4
						  : (struct sockaddr *)&v6) !=
		    row[i].is_private) {
			unit_fail(__FILE__, __LINE__, "%s", row[i].text);
			return;
		}
	}
}
