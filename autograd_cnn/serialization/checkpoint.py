"""The checkpoint that resumes a run: a tree of tensors and plain values, written atomically and sealed with a checksum.

The file is one of `save`'s, so `load` and `torch.load` read it, too. Its zip comment holds a tag and the SHA-256 of all
bytes before the digest, so that any change anywhere is an error, not a run that goes on from other numbers.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any

from ..support.atomic import atomic_write
from .errors import FileFormatError, TruncatedFileError
from .formats.zip import read_zip
from .pickle.tensor_pickler import TensorPickler
from .saving import archive_name, write_zip
from .storage.archive_write import Sink
from .storage.map_location import MapLocation
from .storage.source import FileLike, Source, open_source
from .storage.views import StorageTable

FORMAT, VERSION = "autograd_cnn.checkpoint", 1
_TAG = b"autograd_cnn.checkpoint v%04d sha256:"
_TAG_LENGTH = len(_TAG % VERSION)
_DIGITS = 64


class _Hashing:
    """A sink that knows the checksum of what passed through it."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.digest = hashlib.sha256()

    def write(self, data: bytes | memoryview, /) -> None:
        self.digest.update(data)
        self._sink.write(data)


def save_checkpoint(path: FileLike, /, **state: Any) -> None:
    """Save the whole state of a run, by name, so that `load_checkpoint` gives it back bit for bit.

    What a run needs to go on as if it had not stopped: the model's and optimizer's `state_dict()`, the scheduler's, the
    random generators' states, the position in the epoch, and the configuration. Tensors, arrays, numbers, text and
    containers of them can be saved. A path is written atomically: a killed process leaves the old checkpoint or the
    new.

    Args:
        path: a path, or an open binary file.
        state: what to save, each thing under its name.

    Raises:
        pickle.PicklingError: something cannot be saved; the message says what and where.
        OSError: the file cannot be written.

    Example:
        >>> import io
        >>> import autograd_cnn as ac
        >>> from autograd_cnn.serialization import load_checkpoint, save_checkpoint
        >>> file = io.BytesIO()
        >>> save_checkpoint(file, model={"w": ac.ones(2)}, epoch=3, rng=(1, 2))
        >>> _ = file.seek(0)
        >>> load_checkpoint(file)
        {'model': {'w': tensor([1., 1.])}, 'epoch': 3, 'rng': (1, 2)}
    """
    storages = StorageTable()
    tree = TensorPickler(storages).dump({"format": FORMAT, "version": VERSION, "state": state})

    def write(file: Any) -> None:
        sink = _Hashing(file)
        write_zip(sink, tree, storages, archive_name(path)).close(comment_length=_TAG_LENGTH + _DIGITS)
        sink.write(_TAG % VERSION)
        file.write(sink.digest.hexdigest().encode())

    if isinstance(path, (str, os.PathLike)):
        with atomic_write(path) as file:
            write(file)
    else:
        write(path)
        path.flush()


def load_checkpoint(path: FileLike, /, map_location: MapLocation = None) -> dict[str, Any]:
    """What `save_checkpoint` saved, by name. Nothing in the file is run.

    Args:
        path: a path, or an open binary file that can seek.
        map_location: as for `load`.

    Raises:
        FileFormatError (a RuntimeError): it is not a checkpoint, or one bit of it has changed; TruncatedFileError (also
            an EOFError) if its end is missing.
        pickle.UnpicklingError: it asks for a class that is not allowed, see `add_safe_globals`.
        OSError: the file cannot be read.

    Example:
        >>> import io
        >>> from autograd_cnn.serialization import load_checkpoint, save_checkpoint
        >>> file = io.BytesIO()
        >>> save_checkpoint(file, step=7)
        >>> _ = file.seek(0)
        >>> load_checkpoint(file)["step"]
        7
    """
    with open_source(path, "load_checkpoint") as source:
        _check_seal(source)
        tree = read_zip(source, map_location, mmap=False, encoding="utf-8")
        if not isinstance(tree, dict) or tree.get("format") != FORMAT or not isinstance(tree.get("state"), dict):
            raise FileFormatError(f"{source.label}: expected a checkpoint of save_checkpoint, got another tree.")
        state: dict[str, Any] = tree["state"]
        return state


def _check_seal(source: Source) -> None:
    """Compare the checksum, and the version, before anything else is read."""
    sealed = source.size - _DIGITS
    if source.read(0, min(4, source.size)) != b"PK\x03\x04":
        raise FileFormatError(f"{source.label}: expected a file of save_checkpoint, got something else, or a damaged one.")
    tag = source.read(sealed - _TAG_LENGTH, _TAG_LENGTH) if sealed > _TAG_LENGTH else b""
    fixed = len(b"autograd_cnn.checkpoint v")
    if tag[:fixed] != _TAG[:fixed] or tag[fixed + 4 :] != _TAG[-8:]:
        raise TruncatedFileError(
            f"{source.label}: expected a file of save_checkpoint, but the seal at its end is missing. It is cut "
            "short or damaged; or it is a file of save(), which load() reads."
        )
    if tag != _TAG % VERSION:
        raise FileFormatError(
            f"{source.label}: expected a checkpoint of version {VERSION}, got "
            f"{tag[fixed : fixed + 4].decode('latin1')!r}. A newer version of this library wrote it, or it is damaged."
        )
    digest = hashlib.sha256()
    for block in source.blocks(0, sealed):
        digest.update(block)
    if source.read(sealed, _DIGITS) != digest.hexdigest().encode():
        raise FileFormatError(
            f"{source.label}: the checkpoint does not have the checksum it was written with: it is damaged. Go back "
            "to the one before it, or copy it again."
        )
