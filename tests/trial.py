# SPDX-License-Identifier: Apache-2.0
"""What trials share. A trial is run twice, by on_both of tests/lib.sh: in a plain
directory of the disk and in one of the mount; it must say the same in both."""
import errno
import os
import select
import signal
import sys
import traceback


def say(*words):
    print(*words, flush=True)


def fails(what, *args, **kw):
    try:
        what(*args, **kw)
        return "OK"
    except OSError as e:
        return errno.errorcode[e.errno]


def put(name, data=b"x", mode=0o644):
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    os.write(fd, data)
    os.close(fd)


def bits(name):
    return oct(os.stat(name).st_mode & 0o7777)


def as_user(uid, gid, groups, what, *args):
    """What `what` does as another user: OK or the errno of its first failure."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setgroups(groups)
        os.setgid(gid)
        os.setuid(uid)
        os.write(write, fails(what, *args).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(pid, 0)
    answer = os.read(read, 100).decode()
    os.close(read)
    return answer


class Process:
    """Another process, which does line by line what it is told, in names of its
    own; it answers with the value, or the errno's name."""

    def __init__(self, names):
        to_read, self.to = os.pipe()
        self.back, to_write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.to)
            os.close(self.back)
            try:
                signal.alarm(120)
                self.serve(dict(names), os.fdopen(to_read), to_write)
            except BaseException:
                traceback.print_exc()
            os._exit(1)
        os.close(to_read)
        os.close(to_write)

    @staticmethod
    def serve(names, lines, to_write):
        for line in lines:
            if line == "end\n":
                os._exit(0)
            try:
                try:
                    value = eval(line, names)
                except SyntaxError:
                    value = exec(line, names)
            except OSError as e:
                value = errno.errorcode[e.errno]
            os.write(to_write, (repr(value) + "\n").encode())

    def tell(self, line):
        os.write(self.to, line.encode() + b"\n")

    def answer(self, seconds=20):
        """None: there is none yet."""
        if not select.select([self.back], [], [], seconds)[0]:
            return None
        return os.read(self.back, 65536).decode().strip()

    def ask(self, line):
        self.tell(line)
        return self.answer()

    # it is told, since later ones have this pipe, too
    def end(self):
        self.tell("end")
        self.bury()

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        self.bury()

    def bury(self):
        os.close(self.to)
        os.waitpid(self.pid, 0)
        os.close(self.back)


sys.stdout.reconfigure(errors="backslashreplace")
