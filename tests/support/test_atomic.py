"""atomic_write: the old file or the new one, whatever happens in between."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from autograd_cnn.support.atomic import atomic_write

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


def test_long_names(tmp_path: Path) -> None:
    path = tmp_path / ("ä" * 120)
    with atomic_write(path) as file:
        file.write(b"x")
    assert path.read_bytes() == b"x"


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
