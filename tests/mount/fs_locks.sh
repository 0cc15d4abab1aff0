#!/bin/bash
# Locks between processes: those of POSIX, those of open files, and flock; they
# block, and end with their holders, as on the disk.
. "${0%/*}/../lib.sh"
need_root
mount_start
mkdir "$MNT/models/a"
on_both "$MNT/models/a" <<'PYTHON'
import fcntl, os, signal, struct
from trial import *

put("f", b"0123456789" * 100)
SOON = 0.3


def lock(kind, start=0, length=0):
    return struct.pack("hhqqi4x", kind, os.SEEK_SET, start, length, 0)


def ask_lock(fd, command, kind, start=0, length=0):
    got = struct.unpack("hhqqi4x", fcntl.fcntl(fd, command, lock(kind, start, length)))
    return got


def ofd(fd, kind, start=0, length=0, wait=False):
    fcntl.fcntl(fd, 38 if wait else 37, lock(kind, start, length))


def start(name="f"):
    p = Process(globals())
    p.ask("fd = os.open('%s', os.O_RDWR)" % name)
    return p


def blocks(p, line):
    """Told to wait for a lock: it does wait."""
    p.tell(line)
    return p.answer(SOON) is None


# ---- POSIX ----
a, b = start(), start()
say("a takes", a.ask("fcntl.lockf(fd, fcntl.LOCK_EX, 10, 0)"))
say("b: the same", b.ask("fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 5)"))
say("b: shared", b.ask("fcntl.lockf(fd, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, 9)"))
say("b: beside", b.ask("fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 10)"))
told = eval(b.ask("ask_lock(fd, fcntl.F_GETLK, fcntl.F_WRLCK, 0, 5)"))
say("who has it", told[0] == fcntl.F_WRLCK, told[1:4], told[4] == a.pid)
told = eval(b.ask("ask_lock(fd, fcntl.F_GETLK, fcntl.F_WRLCK, 100, 5)"))
say("nobody", told[0] == fcntl.F_UNLCK)
say("b waits", blocks(b, "fcntl.lockf(fd, fcntl.LOCK_EX, 10, 0)"))
say("a gives", a.ask("fcntl.lockf(fd, fcntl.LOCK_UN, 10, 0)"), "b has", b.answer())
say("a waits", blocks(a, "fcntl.lockf(fd, fcntl.LOCK_SH, 5, 0)"))
b.kill()
say("b killed, a has", a.answer())
b = start()
say("both read", b.ask("fcntl.lockf(fd, fcntl.LOCK_SH | fcntl.LOCK_NB, 5, 0)"))
say("to write", b.ask("fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 5, 0)"))
a.end()
say("alone", b.ask("fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 5, 0)"))
a = start()
say("held", a.ask("fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 0)"))
# the close of any descriptor of the file gives up the process's locks
b.ask("os.close(os.open('f', os.O_RDONLY))")
say("given up", a.ask("fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 0)"))
# a ring of waiting
say(a.ask("fcntl.lockf(fd, fcntl.LOCK_EX, 1, 0)"))
say(b.ask("fcntl.lockf(fd, fcntl.LOCK_EX, 1, 1)"))
say("a waits for b", blocks(a, "fcntl.lockf(fd, fcntl.LOCK_EX, 1, 1)"))
say("b for a", b.ask("fcntl.lockf(fd, fcntl.LOCK_EX, 1, 0)"))
b.end()
say("a has", a.answer())
# a signal ends the waiting
b = start()
b.ask("import signal; signal.signal(signal.SIGALRM, lambda *x: (_ for _ in ()).throw(OSError(4, 'x')))")
b.tell("signal.alarm(1); fcntl.lockf(fd, fcntl.LOCK_EX, 1, 0)")
say("interrupted", b.answer())
# what is closed on exec, what is inherited
a.ask("fcntl.lockf(fd, fcntl.LOCK_EX)")
a.ask("pid = os.fork() or os._exit(int(fails(fcntl.lockf, fd, fcntl.LOCK_EX | fcntl.LOCK_NB) == 'OK'))")
say("a child has none of it", a.ask("os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])"))
say("read only", a.ask("fcntl.lockf(os.open('f', os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)"))
a.end()
b.end()

# ---- of open files ----
a, b = start(), start()
a.ask("other = os.open('f', os.O_RDWR)")
say("ofd", a.ask("ofd(fd, fcntl.F_WRLCK, 0, 10)"))
say("another open of the same process", a.ask("ofd(other, fcntl.F_WRLCK, 0, 10)"))
say("another process", b.ask("ofd(fd, fcntl.F_RDLCK, 5, 1)"))
say("beside", b.ask("ofd(fd, fcntl.F_WRLCK, 10, 10)"))
say("against POSIX", b.ask("fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 0)"))
a.ask("os.close(os.open('f', os.O_RDONLY))")
say("a close of another leaves it", b.ask("ofd(fd, fcntl.F_RDLCK, 5, 1)"))
told = eval(b.ask("ask_lock(fd, 36, fcntl.F_WRLCK, 0, 5)"))
say("who", told)
say("b waits", blocks(b, "ofd(fd, fcntl.F_WRLCK, 0, 10, True)"))
a.ask("held = os.dup(fd)")
a.ask("os.close(fd)")
say("a duplicate holds it", b.answer(SOON))
a.ask("os.close(held)")
say("the last one gone, b has", b.answer())
b.kill()
say("killed", a.ask("ofd(other, fcntl.F_WRLCK, 0, 10)"))
a.end()

# ---- flock ----
a, b, c = start(), start(), start()
say("flock", a.ask("fcntl.flock(fd, fcntl.LOCK_SH)"))
say("shared", b.ask("fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)"))
say("alone", c.ask("fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)"))
say("c waits", blocks(c, "fcntl.flock(fd, fcntl.LOCK_EX)"))
a.ask("fcntl.flock(fd, fcntl.LOCK_UN)")
say("still", c.answer(SOON))
b.kill()
say("c has", c.answer())
say("a", a.ask("fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)"))
say("not with POSIX", a.ask("fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)"))
say("another open", c.ask("fcntl.flock(os.open('f', os.O_RDONLY), fcntl.LOCK_SH | fcntl.LOCK_NB)"))
c.ask("twin = os.dup(fd)")
say("a duplicate", c.ask("fcntl.flock(twin, fcntl.LOCK_EX | fcntl.LOCK_NB)"))
say("a waits", blocks(a, "fcntl.flock(fd, fcntl.LOCK_EX)"))
c.ask("os.close(fd)")
say("still", a.answer(SOON))
c.end()
say("a has", a.answer())
# by another name, and after the name is gone
os.link("f", "g")
b = start("g")
say("by another name", b.ask("fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)"))
os.unlink("f")
os.rename("g", "f")
say("renamed", b.ask("fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)"))
put("new")
os.rename("new", "f")
c = start("f")
say("a new file of that name", c.ask("fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)"))
for p in (a, b, c):
    p.end()
# a directory, too
os.mkdir("d")
one = os.open("d", os.O_RDONLY)
two = os.open("d", os.O_RDONLY)
say("directory", fails(fcntl.flock, one, fcntl.LOCK_EX), fails(fcntl.flock, two, fcntl.LOCK_EX | fcntl.LOCK_NB))
PYTHON
grep -qx "b waits True" "$WORK/said"
