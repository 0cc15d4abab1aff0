#!/bin/bash
# Who waits for the disk (fsync, a file opened or made with O_SYNC) keeps nobody else
# waiting, on the same processor either.
. "${0%/*}/../lib.sh"
need_root
need python3 cc
cat >"$WORK/slow.c" <<'C'
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static void wait_if_asked(void)
{
	if (!access(getenv("SLOW_DISK"), F_OK))
		sleep(1);
}
int fsync(int fd)
{
	wait_if_asked();
	return (int)syscall(SYS_fsync, fd);
}
int fdatasync(int fd)
{
	wait_if_asked();
	return (int)syscall(SYS_fdatasync, fd);
}
C
cc -shared -fPIC -D_GNU_SOURCE -o "$WORK/slow.so" "$WORK/slow.c"
export SLOW_DISK=$WORK/slow.now
# a sanitizer wants to be the first library
export ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0"
LD_PRELOAD=$WORK/slow.so mount_start
at_end 'rm -f "$SLOW_DISK"'
[ "$(value "$MNT/.mlx/status.json" io)" = passthrough ] || skip "the kernel does not write blobs itself here"
mkdir "$MNT/models/"{a,b}
echo text >"$MNT/models/a/old"
python3 - "$MNT/models" "$SLOW_DISK" <<'PYTHON'
import errno, os, sys, time

top, slow = sys.argv[1:]
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def sync():
    fd = os.open(top + "/a/old", os.O_WRONLY)
    os.write(fd, b"more")
    os.fsync(fd)


def make():
    os.open(top + "/a/new", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_SYNC)


def open_it():
    os.open(top + "/a/old", os.O_WRONLY | os.O_SYNC)


def beside(what, count):
    """Others' requests, while a process does `what`: it must outlast them."""
    start = time.monotonic()
    open(slow, "w").close()
    child = os.fork()
    if not child:
        what()
        os._exit(0)
    time.sleep(0.2)
    for i in range(count):
        try:
            os.stat(f"{top}/b/{what.__name__}-{i}")
            sys.exit("it is there?")
        except FileNotFoundError:
            pass
    looked = time.monotonic() - start
    done, status = os.waitpid(child, os.WNOHANG)
    if not done:
        _, status = os.waitpid(child, 0)
    os.unlink(slow)
    print(f"{what.__name__}: {time.monotonic() - start:.2f} s, others {looked:.2f} s")
    if status:
        sys.exit(f"{what.__name__} failed")
    if time.monotonic() - start < 0.9:
        sys.exit(f"{what.__name__} did not wait for the disk")
    if done:
        sys.exit(f"others waited for {what.__name__}")


for what in sync, make, open_it:
    # what there is to commit
    os.mkdir(f"{top}/b/{what.__name__}")
    beside(what, 50)
PYTHON
