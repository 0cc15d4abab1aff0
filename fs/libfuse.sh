#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# libfuse.sh FOLDER MODE: decides which libfuse the face is linked with, and
# leaves the compiler's words in FOLDER/cflags and FOLDER/libs.
#
#   system  what pkg-config finds
#   static  3.18.3, from Debian's own source package, linked statically
#   auto    the system's where it is 3.17 or newer (kernel passthrough), else
#           static; where that cannot be made (no network), the system's after
#           all, and a word about it
#
# What is made here is mended first (mend, below), and says so with
# -DLIBFUSE_RING_MENDED.
#
# Debian 12 has 3.14. From 3.18.3 on fuse-over-io_uring is safe to use; Debian's
# own packages are built without it, a build with liburing and libnuma has it.
set -eu
folder=$1 mode=${2:-auto}
version=3.18.3
package=$version-1

use_system() {
	pkg-config --cflags fuse3 >"$folder/cflags.new"
	pkg-config --libs fuse3 >"$folder/libs.new"
}

# Answers may come from any thread: libfuse then puts them into the ring under the
# queue's lock. But the queue's own thread submits without it, and so may hand an
# entry to the kernel that another thread has taken and not filled: the answer is
# lost, and who waits for it waits for ever. It also forgets to give the lock back
# when it finds no entry. And what was interrupted too late is not freed at the end.
# The end itself cancels a queue's thread in the middle of a handler, which then keeps
# its locks and forgets what it had in hand; and it frees what others are yet to
# answer: that now stays until the session is unmounted. And a thread that finds the
# mount gone in the middle of its read says so, and is cancelled while it holds the lock
# of stderr, for which the end then waits.
mend() {
	patch -d src -p1 <<'PATCH'
--- a/lib/fuse_lowlevel.c
+++ b/lib/fuse_lowlevel.c
@@ -3839,14 +3839,25 @@
 );
 }
 
+void fuse_uring_free(struct fuse_session *se);
+
 void fuse_session_destroy(struct fuse_session *se)
 {
 	struct fuse_ll_pipe *llp;
 
+	fuse_uring_free(se);
 	if (se->got_init && !se->got_destroy) {
 		if (se->op.destroy)
 			se->op.destroy(se->userdata);
 	}
+	while (se->interrupts.next != &se->interrupts) {
+		struct fuse_req *late = se->interrupts.next;
+
+		list_del_req(late);
+		fuse_chan_put(late->ch);
+		late->ch = NULL;
+		destroy_req(late);
+	}
 	llp = pthread_getspecific(se->pipe_key);
 	if (llp != NULL)
 		fuse_ll_pipe_free(llp);
@@ -4085,7 +4096,7 @@
 		if (err == ENOENT)
 			goto restart;
 
-		if (err == ENODEV) {
+		if (err == ENODEV || err == ECONNABORTED) {
 			/* Filesystem was unmounted, or connection was aborted
 			   via /sys/fs/fuse/connections */
 			fuse_session_exit(se);
@@ -4425,6 +4436,7 @@
 
 void fuse_session_unmount(struct fuse_session *se)
 {
+	fuse_uring_free(se);
 	if (se->mountpoint != NULL) {
 		char *mountpoint = atomic_exchange(&se->mountpoint, NULL);
 
--- a/lib/fuse_uring.c
+++ b/lib/fuse_uring.c
@@ -184,6 +184,8 @@
 		se->error = -EIO;
 		fuse_log(FUSE_LOG_ERR, "Failed to get a ring SQEs\n");
 
+		if (locked)
+			pthread_mutex_unlock(&queue->ring_lock);
 		return -EIO;
 	}
 
@@ -393,7 +395,7 @@
 	return 0;
 }
 
-static void fuse_session_destruct_uring(struct fuse_ring_pool *fuse_ring)
+static void fuse_uring_join(struct fuse_ring_pool *fuse_ring)
 {
 	for (size_t qid = 0; qid < fuse_ring->nr_queues; qid++) {
 		struct fuse_ring_queue *queue =
@@ -412,6 +414,15 @@
 			pthread_join(queue->tid, NULL);
 			queue->tid = 0;
 		}
+	}
+}
+
+static void fuse_session_destruct_uring(struct fuse_ring_pool *fuse_ring)
+{
+	fuse_uring_join(fuse_ring);
+	for (size_t qid = 0; qid < fuse_ring->nr_queues; qid++) {
+		struct fuse_ring_queue *queue =
+			fuse_uring_get_queue(fuse_ring, qid);
 
 		if (queue->eventfd >= 0) {
 			close(queue->eventfd);
@@ -840,10 +851,16 @@
 	}
 
 	sem_wait(&ring_pool->init_sem);
+	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
 
 	/* Not using fuse_session_exited(se), as that cannot be inlined */
 	while (!atomic_load_explicit(&se->mt_exited, memory_order_relaxed)) {
-		io_uring_submit_and_wait(&queue->ring, 1);
+		struct io_uring_cqe *cqe;
+
+		pthread_mutex_lock(&queue->ring_lock);
+		io_uring_submit(&queue->ring);
+		pthread_mutex_unlock(&queue->ring_lock);
+		io_uring_wait_cqe(&queue->ring, &cqe);
 
 		pthread_mutex_lock(&queue->ring_lock);
 		queue->cqe_processing = true;
@@ -944,11 +961,18 @@
 	if (ring == NULL)
 		return 0;
 
-	fuse_session_destruct_uring(ring);
+	fuse_uring_join(ring);
 
 	return 0;
 }
 
+void fuse_uring_free(struct fuse_session *se)
+{
+	if (se->uring.pool)
+		fuse_session_destruct_uring(se->uring.pool);
+	se->uring.pool = NULL;
+}
+
 void fuse_uring_wake_ring_threads(struct fuse_session *se)
 {
 	struct fuse_ring_pool *ring = se->uring.pool;
PATCH
}

use_static() {
	# our own folder first, whatever the system's pkg-config has
	PKG_CONFIG_PATH="$folder/lib/pkgconfig" \
		pkg-config --cflags fuse3 |
		sed 's/$/ -DLIBFUSE_RING_MENDED/' >"$folder/cflags.new"
	PKG_CONFIG_PATH="$folder/lib/pkgconfig" \
		pkg-config --static --libs fuse3 >"$folder/libs.new"
}

# A private list of sources, with the address that the machine's own use, so
# that nothing of the machine's package system changes.
fetch() {
	uri=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' \
		/etc/apt/sources.list.d/*.sources 2>/dev/null | head -n 1)
	[ -n "$uri" ] || uri=$(sed -n \
		's/^deb \(\[[^]]*\] \)*\([^ ]*\) .*/\2/p' \
		/etc/apt/sources.list 2>/dev/null | head -n 1)
	[ -n "$uri" ] || return 1
	mkdir -p "$work/lists/partial"
	key=/usr/share/keyrings/debian-archive-keyring.gpg
	echo "deb-src [signed-by=$key] $uri sid main" >"$work/sid.list"
	set -- -qq -o Dir::Etc::SourceList="$work/sid.list" \
		-o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$work/lists" -o APT::Sandbox::User=root
	apt-get "$@" update &&
		apt-get "$@" source --download-only "fuse3=$package"
}

build() {
	work=$folder/work
	rm -rf "$work" && mkdir -p "$work" && cd "$work"
	fetch && dpkg-source --no-check -x "fuse3_$package.dsc" src && mend &&
		meson setup src/b src --prefix="$folder" --libdir=lib \
			--buildtype=release -Ddefault_library=static \
			-Dexamples=false -Dutils=false -Dtests=false \
			-Dinitscriptdir= &&
		grep -q HAVE_URING src/b/fuse_config.h &&
		ninja -C src/b install && touch "$mended"
}

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
mended=$folder/mended-4
if [ "$mode" = auto ] && pkg-config --atleast-version=3.17 fuse3; then
	mode=system
fi
if [ "$mode" = system ]; then
	use_system
elif [ -e "$mended" ] ||
	(build) >"$folder/build.log" 2>&1; then
	rm -rf "$folder/work"
	use_static
elif [ "$mode" = auto ]; then
	echo "libfuse $version could not be built here (see $folder/build.log):" \
		"the system's is used, without kernel passthrough" >&2
	use_system
else
	tail -n 20 "$folder/build.log" >&2
	exit 1
fi
mv "$folder/cflags.new" "$folder/cflags"
mv "$folder/libs.new" "$folder/libs"
