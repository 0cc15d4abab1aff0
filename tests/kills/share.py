# SPDX-License-Identifier: Apache-2.0
"""share.py SOURCE COPY: makes files of COPY what they are in SOURCE. Those called
twin-N.dat had equal contents, so one blob, and copy.dat becomes a copy of one."""
import os
import subprocess
import sys

source, copy = sys.argv[1:]


def write(name, flags=0):
    with open(os.path.join(source, name), "rb") as f:
        data = f.read()
    fd = os.open(os.path.join(copy, name), os.O_WRONLY | flags)
    half = len(data) // 2
    os.pwrite(fd, data[:half], 0)
    os.pwrite(fd, data[half:], half)
    os.close(fd)


# who is read by the kernel itself stays, and the others move
reader = os.open(os.path.join(copy, "twin-3.dat"), os.O_RDONLY)
write("twin-1.dat")
write("twin-3.dat")
os.close(reader)
write("twin-2.dat", os.O_TRUNC)
subprocess.run(["cp", os.path.join(copy, "twin-1.dat"), os.path.join(copy, "copy.dat")],
               check=True)
write("twin-1.dat", os.O_TRUNC)
write("copy.dat", os.O_TRUNC)
write("twin-4.dat")
