#!/bin/bash
# When does a write to `run` start a run: exactly once for what was written and
# closed, whoever else closes the file meanwhile, and never for anything else.
. "${0%/*}/../lib.sh"
need python3
mount_start
asset=$MNT/components/echo
mkdir "$asset"
cat >"$asset/component.yaml" <<'YAML'
name: Echo
inputs:
  - {name: word, type: String, default: hello}
implementation:
  container:
    image: busybox
    command: [echo, {inputValue: word}]
YAML
run=$asset/_mlx/run
is "$(cat "$asset/_mlx/errors")" ''
count() { ls "$MNT/runs" | wc -l; }
latest() { basename "$(readlink "$asset/_mlx/runs/latest")"; }
starts() {
	local before=$1
	is "$(count)" $((before + 1)) "runs after $2"
}
n=0

# --- nothing starts
: >"$run"
touch "$run"
chmod 600 "$run"
touch -d 2001-01-01 "$run"
truncate -s 0 "$run"
cat "$run" >/dev/null
expect_errno OK open "$run" O_RDWR
expect_errno OK open "$run" O_WRONLY O_TRUNC
cat /dev/null >"$run"
printf '' | tee "$run"
python3 - "$run" <<'PYTHON'
import os, sys
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_TRUNC)
os.close(os.dup(fd))     # closed clean, twice
os.fsync(fd)
os.write(fd, b"name: gone\n")
os.fsync(fd)             # not a close
os.ftruncate(fd, 0)      # nothing is left of it
os.close(fd)
PYTHON
rsync -a --existing "$run" "$WORK/template" 2>/dev/null || cp "$run" "$WORK/template"
is "$(count)" $n
exists_not "$asset/_mlx/runs/latest"

# --- one does
echo >"$run"
starts $n 'a lone newline'
is "$(latest)" "$(ls "$MNT/runs")"
n=$((n + 1))
echo 'name: two' >"$run"
starts $n echo
is "$(latest)" two
n=$((n + 1))
printf 'name: three\n' | dd of="$run" 2>/dev/null
starts $n dd
n=$((n + 1))
printf 'name: four\n' | tee "$run" >/dev/null
starts $n tee
n=$((n + 1))
echo 'name: five' >"$WORK/five"
cp "$WORK/five" "$run"
starts $n cp
n=$((n + 1))
echo 'name: six' >"$MNT/components/echo/six.txt"
cp "$MNT/components/echo/six.txt" "$run"
starts $n 'cp within the mount'
rm "$MNT/components/echo/six.txt"
n=$((n + 1))

# --- in pieces: children that end in between close what they inherited
(echo 'name: seven'; sleep 0.2; echo 'parameters:'; /bin/true; echo '  word: whole') >"$run"
starts $n 'writes with children in between'
has "$(cat "$MNT/runs/seven/run.yaml")" whole
n=$((n + 1))
exec 7>"$run"
sleep 0.1
echo 'name: eight' >&7 # the shell closes a duplicate of it after that
starts $n 'the close of a duplicate'
exec 7>&-
starts $n 'a clean close'
n=$((n + 1))
python3 - "$run" <<'PYTHON'
import os, sys
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_TRUNC)
os.close(os.dup(fd))
os.write(fd, b"name: ")
if os.fork() == 0:
    os._exit(0)          # a child that wrote nothing
os.wait()
os.write(fd, b"nine\n")
os.close(os.dup(fd))
os.close(os.dup(fd))     # clean by now
os.close(fd)
PYTHON
starts $n 'several closes'
exists "$MNT/runs/nine"
n=$((n + 1))

# --- a second program writes to the same open file after a first one closed it
expect='after that is refused'
(/bin/echo 'name: ten'; /bin/echo '# more' && exit 9) >"$run" && fail 'no error' || true
starts $n 'the first of two programs'
has "$(cat "$asset/_mlx/errors")" "$expect"
n=$((n + 1))

# --- the descriptor that asked reads the answer
is "$(start_run components/echo 'name: eleven')" eleven
n=$((n + 1))
python3 - "$run" <<'PYTHON'
import os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
text = os.pread(fd, 65536, 0)
assert text == open(sys.argv[1], "rb").read(), "the template is read"
os.ftruncate(fd, 0)
os.write(fd, b"nonsense: true\n")
try:
    os.close(os.dup(fd))
    sys.exit("no error")
except OSError:
    pass
os.ftruncate(fd, 0)      # a second try, on the same descriptor
os.pwrite(fd, b"name: twelve\n", 0)
os.close(os.dup(fd))
assert os.pread(fd, 100, 0) == b"twelve\n"
PYTHON
starts $n 'a refused text that was corrected'
n=$((n + 1))

# --- a mapping does not tell who wrote: nothing comes of it
python3 - "$run" <<'PYTHON'
import mmap, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
try:
    with mmap.mmap(fd, 5) as mapped:
        mapped[:] = b"#xyz\n"
        mapped.flush()
    sys.exit("written through a mapping")
except OSError:
    pass
try:
    os.close(fd)
except OSError:
    pass
PYTHON
sleep 0.5
is "$(count)" $n 'runs after a write through a mapping'

# --- refused
refused EINVAL "$run" 'nonsense: 1' nonsense "$asset/_mlx/errors"
refused EINVAL "$run" '[' run "$asset/_mlx/errors"
refused EEXIST "$run" 'name: two' two "$asset/_mlx/errors"
printf 'name: a\0b' >"$WORK/nul"
refused EINVAL "$run" "@$WORK/nul" NUL "$asset/_mlx/errors"
head -c 70000 /dev/zero | tr '\0' '#' >"$WORK/long"
expect_errno EFBIG put "$run" "@$WORK/long"
is "$(count)" $n
has "$(tail -1 "$MNT/.mlx/errors")" NUL

# --- appended to the template
echo 'name: thirteen' >>"$run"
starts $n 'an append'
exists "$MNT/runs/thirteen"

# --- values
printf 'b\na\n' >"$asset/_mlx/tags"
is "$(cat "$asset/_mlx/tags" | tr '\n' ' ')" 'b a '
refused EINVAL "$asset/_mlx/featured" maybe maybe "$asset/_mlx/errors"
for value in 1 0 yes no; do
	echo $value >"$asset/_mlx/featured"
	is "$(cat "$asset/_mlx/featured")" "$(case $value in 1 | yes) echo 1 ;; *) echo 0 ;; esac)"
done
for name in $(ls "$MNT/runs"); do cat "$MNT/runs/$name/_mlx/wait" >/dev/null; done
