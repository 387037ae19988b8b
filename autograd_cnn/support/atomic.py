"""Writing a file so that whoever reads it finds the old content or the new one, never half of either.

The new content goes to a temporary file in the same folder, is flushed to the disk, and takes the old file's name in
one step (`os.replace`, atomic on POSIX and on Windows); then the folder itself is flushed. A process that is killed at
any moment leaves the old file or the new one. The temporary file has one fixed name per target, `.NAME.part`, so that
killed writers do not fill the disk: the next save takes the leftover over. A lock tells a leftover from a file that
another process is writing at this moment; then a second, random name is used.

Source: the rename recipe of T. Pillai et al., "All File Systems Are Not Created Equal" (OSDI 2014), section 2.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from typing import IO, Any, Literal, overload

PathLike = str | os.PathLike[str]


@overload
def atomic_write(path: PathLike, mode: Literal["wb"] = "wb") -> contextlib.AbstractContextManager[IO[bytes]]: ...
@overload
def atomic_write(path: PathLike, mode: Literal["w"]) -> contextlib.AbstractContextManager[IO[str]]: ...
@contextlib.contextmanager
def atomic_write(path: PathLike, mode: str = "wb") -> Iterator[IO[Any]]:
    r"""A context that yields a file to write; the file appears under `path` when the block ends, all of it at once.

    If the block raises, the old file stays as it was and the temporary one is removed. A symbolic link is followed,
    the old file's permissions are kept, and a device or pipe (`/dev/stdout`) is written directly, having no content.

    Args:
        path: the file to write. Its folder must exist.
        mode: "wb" for bytes, "w" for text (UTF-8, line ends as written).

    Raises:
        FileNotFoundError: the folder does not exist.
        NotADirectoryError: the folder is a file.
        IsADirectoryError: the path is a folder.
        PermissionError: the folder, or the old file, may not be written.
        ValueError: a mode other than "wb" and "w".

    Example:
        >>> import pathlib, tempfile
        >>> target = pathlib.Path(tempfile.mkdtemp(), "notes.txt")
        >>> with atomic_write(target, "w") as file:
        ...     _ = file.write("whole or not at all\n")
        >>> target.read_text()
        'whole or not at all\n'
    """
    if mode not in ("wb", "w"):
        raise ValueError(f"atomic_write: expected mode 'wb' or 'w', got {mode!r}. It always writes a whole new file.")
    target = os.path.realpath(os.fspath(path))
    if _is_special(target):
        with _open(target, mode) as file:
            yield file
        return
    _check_target(target)
    descriptor, temporary = _claim_temporary(target)
    # The lock ends when the file closes, so on POSIX the rename, or the removal, happens while it is still open.
    outer, inner = (_removing_on_error(temporary, after_close=closed) for closed in (True, False))
    with outer, _open(descriptor, mode) as file, inner:
        _keep_permissions(target, descriptor)
        yield file
        file.flush()
        os.fsync(descriptor)
        if sys.platform != "win32":
            os.replace(temporary, target)
    if sys.platform == "win32":  # which renames closed files only
        with _removing_on_error(temporary, after_close=True):
            os.replace(temporary, target)
    _flush_folder(os.path.dirname(target))


@contextlib.contextmanager
def _removing_on_error(temporary: str, *, after_close: bool) -> Iterator[None]:
    """Remove the temporary file when the block raises: while open on POSIX (still locked), closed on Windows."""
    try:
        yield
    except BaseException:
        if after_close == (sys.platform == "win32"):
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise


def _open(where: str | int, mode: str) -> IO[Any]:
    text: dict[str, str] = {} if mode == "wb" else {"encoding": "utf-8", "newline": ""}
    return open(where, mode, **text)  # type: ignore[call-overload, no-any-return]


def _is_special(target: str) -> bool:
    try:
        kind = os.stat(target).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(kind) or stat.S_ISDIR(kind))


def _check_target(target: str) -> None:
    """The errors a user can act on, said before anything is written."""
    folder = os.path.dirname(target)
    if os.path.isdir(target):
        raise IsADirectoryError(errno.EISDIR, "expected a file to write, got a folder. Add a file name", target)
    if not os.path.exists(folder):
        raise FileNotFoundError(errno.ENOENT, f"the folder {folder!r} does not exist. Create it first", target)
    if not os.path.isdir(folder):
        raise NotADirectoryError(errno.ENOTDIR, f"{folder!r} is a file, not a folder", target)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, f"no permission to write in the folder {folder!r}", target)
    if os.path.exists(target) and not os.access(target, os.W_OK):
        # The rename would succeed all the same, but a read-only file is meant to stay.
        raise PermissionError(errno.EACCES, "the file is read-only", target)


def _claim_temporary(target: str) -> tuple[int, str]:
    """An empty file beside `target` that nobody else writes: (descriptor, path)."""
    folder, name = os.path.split(target)
    stem = f".{name}"
    if len(os.fsencode(stem)) > 200:  # most file systems allow 255 bytes for a name
        stem = os.fsdecode(os.fsencode(stem)[:200])
    usual = os.path.join(folder, stem + ".part")
    if sys.platform != "win32":
        try:
            descriptor = lock_file(usual)
            os.ftruncate(descriptor, 0)
            return descriptor, usual
        except OSError:
            pass  # another writer has it, or a link or a foreign file lies there; the random name is the way out
    return tempfile.mkstemp(prefix=stem + ".", suffix=".part", dir=folder)


def lock_file(path: str) -> int:
    """A descriptor of the file of this name, made if need be, and locked. The lock ends when the descriptor is closed, so at the latest
    with its process, whatever ends that.

    Raises:
        BlockingIOError: somebody else holds it.
        OSError: it is a link or another foreign file, or the file system knows no locks.
    """
    if sys.platform == "win32":
        import msvcrt

        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOINHERIT)
        try:
            os.lseek(descriptor, _BEYOND, os.SEEK_SET)  # what is locked cannot be read by others: so not where the text is
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            os.close(descriptor)
            raise BlockingIOError(errno.EAGAIN, "another process holds the lock", path) from None
        return descriptor
    import fcntl

    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Its holder may have renamed or removed the file between our open and our lock: then the name is another file or none.
            if _same_file(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


_BEYOND = 1 << 30


def _same_file(descriptor: int, path: str) -> bool:
    try:
        named = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    held = os.fstat(descriptor)
    return (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino) and stat.S_ISREG(held.st_mode)


def _keep_permissions(target: str, descriptor: int) -> None:
    """The old file's mode, or what a plain `open` would give a new one."""
    if sys.platform == "win32":
        return
    try:
        mode = stat.S_IMODE(os.stat(target).st_mode)
    except FileNotFoundError:
        mode = 0o666 & ~_umask()
    with contextlib.suppress(OSError):  # a file system without permissions (FAT) has none to keep
        os.fchmod(descriptor, mode)


def _umask() -> int:
    """The process's umask, read without changing it where the system allows (another thread may be creating files)."""
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("Umask:"):
                    return int(line.split()[1], 8)
    except (OSError, ValueError, IndexError):
        pass
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _flush_folder(folder: str) -> None:
    """The new name reaches the disk too. A system that cannot open a folder (Windows) flushes it by itself."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as problem:  # some network file systems refuse to flush a folder; the rename stands all the same
        if problem.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EROFS):
            raise
    finally:
        os.close(descriptor)
