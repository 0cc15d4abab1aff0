// SPDX-License-Identifier: Apache-2.0
/*
 * Keys of config.yaml that concern runs, with what counts when they are absent
 * or make no sense:
 *
 *	engine: local           the first of the list of engines
 *	runs_at_once: 8         further runs stay PENDING; at most 1000
 *	steps_at_once: N        of one run; the number of processors
 *	log_bytes: 67108864     of one log, then a sentence instead
 *	path: /usr/bin:/bin     of the steps; the daemon's own, else the usual
 *	step_limits:            {memory_bytes, file_bytes, processes,
 *	                        open_files}; none, but 1024 open files
 *	fetch:
 *	  private_hosts: false  fetch from loopback and private addresses
 *	  bytes: N              of one transfer; 1 TiB
 *	  stalled_s: 60         give up when nothing came for so long
 *	  unpacked_bytes, members: limits of an archive
 *	  ca_file: FILE         trusted certificates
 */
#include "settings.h"

#include <stdlib.h>
#include <unistd.h>

#include "store/store.h"

static uint64_t number(const struct value *map, const char *key,
		       uint64_t fallback)
{
	int64_t n;

	if (value_int(value_find(map, key), &n) || n <= 0)
		return fallback;
	return (uint64_t)n;
}

/* Of what costs memory by itself. */
static unsigned int small(uint64_t n)
{
	return n > 1000 ? 1000 : (unsigned int)n;
}

static const char *default_path(void)
{
	const char *path = getenv("PATH");

	if (path && *path)
		return path;
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

static void read_fetch(const struct value *fetch, struct settings *s)
{
	const struct value *private_hosts = value_find(fetch, "private_hosts");

	s->http = (struct http_limits){
		.private_hosts = value_is(private_hosts, VALUE_BOOL) &&
				 private_hosts->truth,
		.bytes = number(fetch, "bytes", UINT64_C(1) << 40),
		.stalled_s = (int)number(fetch, "stalled_s", 60),
		.ca_file = value_find_string(fetch, "ca_file"),
	};
	s->archive = archive_usual_limits;
	s->archive.bytes = number(fetch, "unpacked_bytes", s->archive.bytes);
	s->archive.members = number(fetch, "members", s->archive.members);
}

void settings_read(const struct store *st, struct settings *ret_settings)
{
	const struct value *config = store_config(st);
	const struct value *limits = value_find(config, "step_limits");
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	const char *path = value_find_string(config, "path");
	struct settings s = {
		.engine = value_find_string(config, "engine"),
		.runs_at_once = small(number(config, "runs_at_once", 8)),
		.steps_at_once = small(number(config, "steps_at_once", cpus > 0 ? (uint64_t)cpus : 1)),
		.log_bytes = number(config, "log_bytes", UINT64_C(64) << 20),
		.path = path ? path : default_path(),
		.step = {
			.memory_bytes = number(limits, "memory_bytes", 0),
			.file_bytes = number(limits, "file_bytes", 0),
			.processes = number(limits, "processes", 0),
			.open_files = number(limits, "open_files", 0),
		},
	};

	read_fetch(value_find(config, "fetch"), &s);
	*ret_settings = s;
}
