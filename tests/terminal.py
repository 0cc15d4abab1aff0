# SPDX-License-Identifier: Apache-2.0
"""Drives a program on a terminal of its own, as a person would.

    terminal.py [-t SECONDS] STEP... -- PROGRAM ARGUMENT...

A step is `see:TEXT` (wait until the screen's raw output since the last step has
TEXT) or `type:KEYS` (with \\xNN, \\r, \\e escapes), or `pause:SECONDS`. Ends with
the program's status; 124 when a step or the end takes too long.
"""
import codecs
import os
import pty
import select
import signal
import sys
import time


def keys(text):
    return codecs.escape_decode(text.replace("\\e", "\\x1b").encode())[0]


def fail(pid, seen, why):
    sys.stdout.buffer.write(seen[-2000:])
    print("\nterminal.py:", why)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    sys.exit(124)


def read_some(fd, until):
    left = until - time.monotonic()
    if left <= 0 or not select.select([fd], [], [], left)[0]:
        return None
    try:
        return os.read(fd, 65536)
    except OSError:
        return b""


def drive(pid, fd, steps, seconds):
    seen = b""
    until = time.monotonic() + seconds
    for step in steps:
        word, _, text = step.partition(":")
        if word == "type":
            seen = b""
            os.write(fd, keys(text))
        elif word == "pause":
            end = time.monotonic() + float(text)
            while (got := read_some(fd, end)):
                seen += got
        while word == "see" and keys(text) not in seen:
            got = read_some(fd, until)
            if not got:
                fail(pid, seen, f"did not see {text!r}")
            seen += got
    while True:
        got = read_some(fd, until)
        if got is None:
            fail(pid, seen, "does not end")
        if not got:
            break
        seen += got
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main():
    arguments = sys.argv[1:]
    seconds = 30.0
    if arguments[0] == "-t":
        seconds = float(arguments[1])
        arguments = arguments[2:]
    cut = arguments.index("--")
    program = arguments[cut + 1:]
    pid, fd = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "vt100"
        os.execvp(program[0], program)
    sys.exit(drive(pid, fd, arguments[:cut],
                   seconds * float(os.environ.get("SLOW", "1"))))


main()
