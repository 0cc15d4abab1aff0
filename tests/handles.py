# SPDX-License-Identifier: Apache-2.0
"""File handles, as an NFS server keeps them.

    handles.py get PATH              prints the handle: type and bytes in hex
    handles.py open MOUNT HANDLE...  opens them: prints of each the inode's number and
                                     what it is of (a path, for a directory), or the
                                     errno's name
    handles.py read MOUNT HANDLE     prints the bytes of the file
"""
import ctypes
import errno
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
AT_FDCWD = -100
BYTES_MOST = 128


class Handle(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint), ("type", ctypes.c_int),
                ("handle", ctypes.c_ubyte * BYTES_MOST)]


def get(path):
    handle = Handle(bytes=BYTES_MOST)
    mount = ctypes.c_int()
    if libc.name_to_handle_at(AT_FDCWD, os.fsencode(path), ctypes.byref(handle),
                              ctypes.byref(mount), 0):
        sys.exit(errno.errorcode[ctypes.get_errno()])
    return f"{handle.type}:{bytes(handle.handle[:handle.bytes]).hex()}"


def open_by(mount, text, flags):
    kind, _, digits = text.partition(":")
    raw = bytes.fromhex(digits)
    handle = Handle(bytes=len(raw), type=int(kind))
    ctypes.memmove(handle.handle, raw, len(raw))
    at = os.open(mount, os.O_RDONLY | os.O_DIRECTORY)
    fd = libc.open_by_handle_at(at, ctypes.byref(handle), flags)
    err = ctypes.get_errno()
    os.close(at)
    if fd < 0:
        raise OSError(err, text)
    return fd


def tell(mount, text):
    try:
        fd = open_by(mount, text, os.O_PATH)
    except OSError as e:
        print(errno.errorcode[e.errno])
        return
    print(os.fstat(fd).st_ino, os.readlink(f"/proc/self/fd/{fd}"))
    os.close(fd)


def main():
    what, *rest = sys.argv[1:]
    if what == "get":
        print(get(rest[0]))
    elif what == "open":
        for text in rest[1:]:
            tell(rest[0], text)
    else:
        fd = open_by(rest[0], rest[1], os.O_RDONLY)
        while data := os.read(fd, 65536):
            sys.stdout.buffer.write(data)


main()
