"""One training run at a time in a folder: a lock that ends with its process, however that ends."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ..support.atomic import lock_file

LOCK = ".lock"
_held: set[int] = set()


def _after_fork() -> None:
    """A worker process shall not hold what its program holds: it may live a moment longer."""
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@contextlib.contextmanager
def claimed(out: Path) -> Iterator[None]:
    """The folder, made if need be, as this run's own until the block ends; one that was made and stayed empty goes again.

    A killed run leaves the file behind, but not the lock: the next one takes it over. Where the file system knows no locks, nobody is
    refused.

    Raises:
        RuntimeError: another run works there, with its process.

    >>> import tempfile
    >>> out = Path(tempfile.mkdtemp())
    >>> with claimed(out), claimed(out):  # doctest: +ELLIPSIS
    ...     pass
    Traceback (most recent call last):
    ...
    RuntimeError: ...: process ... is training in this folder...
    """
    made = not out.exists()
    path = out / LOCK
    descriptor = _lock(out, path)
    if descriptor is None:
        yield
        return
    _held.add(descriptor)
    try:
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, f"{os.getpid()} {platform.node()}\n".encode())
        yield
    finally:
        if sys.platform != "win32":  # while it is locked: whoever waits for this very file sees that its name is gone
            with contextlib.suppress(OSError):
                path.unlink()
        if descriptor in _held:  # not in a process forked since
            _held.remove(descriptor)
            os.close(descriptor)
            if made:
                with contextlib.suppress(OSError):  # it is not empty
                    out.rmdir()


def _lock(out: Path, path: Path) -> int | None:
    while True:
        out.mkdir(parents=True, exist_ok=True)
        try:
            return lock_file(str(path))
        except FileNotFoundError:
            continue  # whoever had made the folder took it away, empty
        except BlockingIOError:
            who, pid = _holder(path)
            raise RuntimeError(
                f"{out}: {who} is training in this folder. Choose another one (--out), or let it end; "
                f"kill -INT {pid} stops it after its next batch with everything saved, and --resume goes on from there."
            ) from None
        except OSError as problem:
            if problem.errno in _NO_LOCKS:
                return None
            raise


_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


def _holder(path: Path) -> tuple[str, str]:
    """Who holds the lock, in words, and its process number. It writes them just after it has locked the file, in which a killed one's
    may stand: so they are what is read twice."""
    said = ""
    for _ in range(50):
        before = said
        with contextlib.suppress(OSError):
            said = path.read_text().strip()
        if said and said == before:
            pid, _, machine = said.partition(" ")
            return f"process {pid}" + (f" on {machine}" if machine != platform.node() else ""), pid
        time.sleep(0.01)
    return "another process", "PROCESS"
