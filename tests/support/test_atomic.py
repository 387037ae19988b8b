"""atomic_write: the old file or the new one, whatever happens in between."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from autograd_cnn.support import atomic
from autograd_cnn.support.atomic import atomic_write, lock_file

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX locks and permissions")


def test_writes_bytes_and_text(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a.bin") as file:
        file.write(b"\x00\x01")
    with atomic_write(str(tmp_path / "a.txt"), "w") as text:
        text.write("α\n")
    assert (tmp_path / "a.bin").read_bytes() == b"\x00\x01"
    assert (tmp_path / "a.txt").read_bytes() == "α\n".encode()
    assert sorted(os.listdir(tmp_path)) == ["a.bin", "a.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_keeps_the_old_file_and_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def fail() -> None:
        with atomic_write(path) as file:
            file.write(b"half of the new")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_the_old_file_stands_until_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with atomic_write(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


def test_a_longer_leftover_of_a_killed_writer_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / ".a.part").write_bytes(b"x" * 1000)
    with atomic_write(tmp_path / "a") as file:
        file.write(b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a"]


def test_two_writers_at_once_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with atomic_write(path) as first:
        first.write(b"first")
        with atomic_write(path) as second:
            second.write(b"second")
        assert path.read_bytes() == b"second"
    assert path.read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["a"]


def test_many_threads(tmp_path: Path) -> None:
    path = tmp_path / "a"

    def write(i: int) -> None:
        for _ in range(10):
            with atomic_write(path) as file:
                file.write(bytes([i]) * 5000)

    threads = [threading.Thread(target=write, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        with contextlib.suppress(FileNotFoundError):
            assert len(set(path.read_bytes())) == 1
        time.sleep(0.001)
    assert os.listdir(tmp_path) == ["a"]


def test_kind_errors(tmp_path: Path) -> None:
    with (
        pytest.raises(FileNotFoundError, match=r"does not exist. Create it first"),
        atomic_write(tmp_path / "no" / "a"),
    ):
        pass
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotADirectoryError, match="is a file, not a folder"), atomic_write(tmp_path / "file" / "a"):
        pass
    with pytest.raises(IsADirectoryError, match=r"got a folder. Add a file name"), atomic_write(tmp_path):
        pass
    with pytest.raises(ValueError, match="expected mode 'wb' or 'w', got 'a'"), atomic_write(tmp_path / "a", "a"):  # type: ignore[call-overload]
        pass


@posix
def test_permissions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    with atomic_write(path):
        pass
    plain = tmp_path / "b"
    plain.write_bytes(b"")
    assert path.stat().st_mode == plain.stat().st_mode
    path.chmod(0o640)
    with atomic_write(path):
        pass
    assert path.stat().st_mode & 0o777 == 0o640

    allowed = os.access
    monkeypatch.setattr(os, "access", lambda p, mode: allowed(p, mode) and os.fspath(p) != os.fspath(path))
    with pytest.raises(PermissionError, match="the file is read-only"), atomic_write(path):
        pass
    monkeypatch.setattr(os, "access", lambda p, mode: False)
    with pytest.raises(PermissionError, match="no permission to write in the folder"), atomic_write(path):
        pass


@posix
def test_links_are_followed_and_devices_written(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    with atomic_write(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    with atomic_write("/dev/null") as file:
        file.write(b"gone")
    assert not Path("/dev/null").is_file()


@posix
def test_a_link_in_the_temporary_names_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / ".a.part").symlink_to("victim")
    with atomic_write(tmp_path / "a") as file:
        file.write(b"new")
    assert (tmp_path / "victim").read_bytes() == b"precious"
    assert (tmp_path / "a").read_bytes() == b"new"


@posix
def test_a_writer_that_ends_between_open_and_lock_keeps_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the descriptor is that writer's finished file, which must be neither emptied nor written into."""
    import fcntl

    path, part = tmp_path / "a", tmp_path / ".a.part"
    part.write_bytes(b"another writer's")
    locked, ends = fcntl.flock, [lambda: part.replace(path)]

    def lock(descriptor: int, how: int) -> None:
        for end in ends:
            end()
        ends.clear()
        locked(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", lock)
    with atomic_write(path) as file:
        assert path.read_bytes() == b"another writer's"
        file.write(b"ours")
        file.flush()
        assert path.read_bytes() == b"another writer's"
    assert path.read_bytes() == b"ours"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("length", [96, 97, 98, 120])
def test_long_names(tmp_path: Path, length: int) -> None:
    """The temporary name is cut where a file system may not take it: names of 255 bytes can be written."""
    path = tmp_path / ("ä" * length)
    with atomic_write(path) as file:
        (temporary,) = os.listdir(os.fsencode(tmp_path))
        assert len(temporary) <= 200 + len(".part")
        assert os.fsencode(f".{path.name}.part").startswith(temporary[:-5])
        assert temporary[:-5] == os.fsencode(f".{path.name}")[:200]
        file.write(b"x")
    assert path.read_bytes() == b"x"


@posix
def test_the_disk_has_the_content_before_the_name_and_the_name_before_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, object]] = []
    replace = os.replace

    def flush(descriptor: int) -> None:
        what = os.fstat(descriptor)
        done.append(("folder", what.st_ino) if stat.S_ISDIR(what.st_mode) else ("file", what.st_size))

    def rename(old: str, new: str) -> None:
        done.append(("name", Path(old).read_bytes()))
        replace(old, new)

    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(os, "replace", rename)
    with atomic_write(tmp_path / "a") as file:
        file.write(b"new")
    assert done == [("file", 3), ("name", b"new"), ("folder", tmp_path.stat().st_ino)]


@posix
@pytest.mark.parametrize(("number", "stands"), [(errno.EINVAL, True), (errno.ENOTSUP, True), (errno.EROFS, True), (errno.EIO, False)])
def test_a_folder_that_cannot_be_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, stands: bool) -> None:
    """Some network file systems know no such thing; a disk that fails is an error. No descriptor stays open."""

    def flush(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", flush)
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    with contextlib.nullcontext() if stands else pytest.raises(OSError, match=os.strerror(number)), atomic_write(tmp_path / "a") as file:
        file.write(b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert not before or len(os.listdir("/proc/self/fd")) == before


@posix
@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o027, 0o177])
def test_a_new_file_has_the_permissions_of_a_plain_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mask: int, told: bool) -> None:
    """Whether the system tells the umask or it has to be set to be read; it stays what it was."""

    def no_proc(path: object, *rest: object, **more: object) -> object:
        if path == "/proc/self/status":
            raise FileNotFoundError
        return open(path, *rest, **more)  # type: ignore[call-overload]

    if not told:
        monkeypatch.setattr(atomic, "open", no_proc, raising=False)
    before = os.umask(mask)
    try:
        with atomic_write(tmp_path / "a"):
            pass
        (tmp_path / "b").touch()
    finally:
        after = os.umask(before)
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode
    assert after == mask


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the system does not tell the umask")
def test_a_umask_that_is_told_is_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for a moment: another thread may be making files."""

    def changed(mask: int) -> int:
        raise AssertionError(f"set to {mask:o}")

    monkeypatch.setattr(os, "umask", changed)
    with atomic_write(tmp_path / "a"):
        pass
    (tmp_path / "b").touch()
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


# ------------------------------------------------------------------------------------------------ locks
@posix
def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    first = lock_file(path)
    with pytest.raises(BlockingIOError):
        lock_file(path)
    os.close(first)
    again = lock_file(path)
    assert os.get_inheritable(again) is False
    assert stat.S_IMODE(os.fstat(again).st_mode) == 0o600
    os.close(again)
    (tmp_path / "link").symlink_to("lock")
    with pytest.raises(OSError, match=r"(?i)symbolic link"):
        lock_file(str(tmp_path / "link"))


@posix
@pytest.mark.parametrize("fate", ["renamed", "removed", "replaced", "held"])
def test_a_lock_is_one_on_the_file_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fate: str) -> None:
    """Its holder may do anything with the file while another waits to lock it. What was opened in vain is closed."""
    import fcntl

    path, other = tmp_path / "lock", tmp_path / "other"
    path.write_bytes(b"holder's")
    locked, tries = fcntl.flock, []

    def lock(descriptor: int, how: int) -> None:
        tries.append(descriptor)
        if len(tries) == 1:
            if fate == "renamed":
                path.replace(other)
            elif fate == "removed":
                path.unlink()
            elif fate == "replaced":
                other.write_bytes(b"new")
                other.replace(path)
            else:
                raise BlockingIOError
        locked(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", lock)
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    if fate == "held":
        with pytest.raises(BlockingIOError):
            lock_file(str(path))
    else:
        descriptor = lock_file(str(path))
        assert len(tries) == 2
        assert os.path.samestat(os.fstat(descriptor), path.stat())
        os.close(descriptor)
    assert not before or len(os.listdir("/proc/self/fd")) == before


def test_a_full_disk_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"), atomic_write(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


WRITER = textwrap.dedent(
    """
    import sys
    from autograd_cnn.support.atomic import atomic_write
    print("ready", flush=True)
    for i in range(10**9):
        with atomic_write(sys.argv[1]) as file:
            for _ in range(64):
                file.write(bytes([i % 256]) * 4096)
    """
)


@posix
@pytest.mark.parametrize("attempts", [6, pytest.param(100, marks=pytest.mark.slow)])
def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path, attempts: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\xff" * 4096 * 64)
    for attempt in range(attempts):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(0.0007 * (attempt * 37 % 50))
            process.send_signal(signal.SIGKILL)
            process.wait()
        content = path.read_bytes()
        assert len(content) == 4096 * 64
        assert len(set(content)) == 1
        assert set(os.listdir(tmp_path)) <= {"a", ".a.part"}


# ------------------------------------------------------------------------------------------------ where names cannot be taken from open files
class _Locks:
    """`msvcrt`, as far as it is used: a byte is locked where the descriptor stands."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        self.held: list[tuple[int, int, int, int]] = []

    def locking(self, descriptor: int, how: int, count: int) -> None:
        if any(os.path.sameopenfile(descriptor, other) for other, *_ in self.held):
            raise OSError("locked")
        self.held.append((descriptor, how, count, os.lseek(descriptor, 0, os.SEEK_CUR)))


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> _Locks:
    made = _Locks()
    monkeypatch.setitem(sys.modules, "msvcrt", made)  # type: ignore[arg-type]
    monkeypatch.setattr(atomic.sys, "platform", "win32")
    monkeypatch.setattr(os, "O_NOINHERIT", getattr(os, "O_CLOEXEC", 0), raising=False)
    return made


@posix
def test_a_lock_on_windows_is_one_byte_far_behind_the_text(tmp_path: Path, windows: _Locks) -> None:
    path = str(tmp_path / "lock")
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    descriptor = lock_file(path)
    assert windows.held == [(descriptor, 2, 1, 1 << 30)]
    assert os.get_inheritable(descriptor) is False
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, b"whose")
    with pytest.raises(BlockingIOError, match="another process holds the lock"):
        lock_file(path)
    os.close(descriptor)
    assert not before or len(os.listdir("/proc/self/fd")) == before
    assert Path(path).read_bytes() == b"whose"


@posix
@pytest.mark.parametrize("error", [None, ValueError, PermissionError])
def test_on_windows_the_name_is_taken_once_the_file_is_closed(
    tmp_path: Path, windows: _Locks, monkeypatch: pytest.MonkeyPatch, error: type[Exception] | None
) -> None:
    """And what could not be renamed, or not be written, is removed once it is closed."""
    path = tmp_path / "a"
    path.write_bytes(b"old")
    closed = []
    replace, unlink, opened = os.replace, os.unlink, []

    def rename(old: str, new: str) -> None:
        closed.append(opened[0].closed)
        if error is PermissionError:  # somebody else has it open
            raise error
        replace(old, new)

    def remove(name: str) -> None:
        closed.append(opened[0].closed)
        unlink(name)

    def write() -> None:
        with atomic_write(path) as file:
            opened.append(file)
            file.write(b"new")
            if error is ValueError:
                raise error

    monkeypatch.setattr(os, "replace", rename)
    monkeypatch.setattr(os, "unlink", remove)
    if error is None:
        write()
    else:
        with pytest.raises(error):
            write()
    assert closed == ([True, True] if error is PermissionError else [True])
    assert path.read_bytes() == (b"new" if error is None else b"old")
    assert os.listdir(tmp_path) == ["a"]
