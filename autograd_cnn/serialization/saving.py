"""`save`: an object with tensors in it, as a file that torch reads too."""

from __future__ import annotations

import os
import pickle
import sys
from typing import IO, Any

from ..support.atomic import atomic_write
from .formats.legacy import MAGIC_NUMBER, PROTOCOL_VERSION
from .pickle.tensor_pickler import TensorPickler
from .storage.archive_write import ALIGNMENT, ArchiveWriter, Sink
from .storage.source import FileLike
from .storage.views import StorageTable


def save(
    obj: object,
    f: FileLike,
    pickle_module: Any = None,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
) -> None:
    """Save an object, usually a tree of containers with tensors in it, so that `load` and `torch.load` read it.

    Tensors that share memory share it in the file, which has that memory once, and after loading. A view brings all of
    the memory that it is a view of: to save a small part of a large tensor, save its `.clone()`. A path is written
    atomically: whoever reads it finds the old file or the new one, whole.

    Args:
        obj: what to save. Tensors, parameters, numbers, text, bytes, None, and dicts, lists, tuples and sets of them
            can be loaded again anywhere; objects of other classes are saved by reference to their class, which `load`
            must be told to allow (`add_safe_globals`).
        f: a path, or an open binary file.
        pickle_module: only None or Python's `pickle`, as in PyTorch's default.
        pickle_protocol: only 2, PyTorch's default, the one that `torch.load(weights_only=True)` reads.
        _use_new_zipfile_serialization: False writes the format of before torch 1.6.

    Raises:
        pickle.PicklingError: something in `obj` cannot be saved; the message says what and where.
        RuntimeError: two tensors see the same memory as different types.
        OSError: the file cannot be written.

    Example:
        >>> import io
        >>> import autograd_cnn as ac
        >>> file = io.BytesIO()
        >>> ac.save({"weight": ac.ones(2), "epoch": 3}, file)
        >>> _ = file.seek(0)
        >>> ac.load(file)
        {'weight': tensor([1., 1.]), 'epoch': 3}

    Source: the format of `torch.save`, PyTorch 2.13.0.
    """
    if pickle_module not in (None, pickle):
        raise ValueError("save: expected no pickle_module: files are written by this library's own pickler. Leave it out.")
    if pickle_protocol != 2:
        raise ValueError(f"save: expected pickle_protocol 2, which torch.load reads safely, got {pickle_protocol!r}.")
    storages = StorageTable()
    tree = TensorPickler(storages, legacy=not _use_new_zipfile_serialization).dump(obj)

    def write(sink: Sink) -> None:
        if _use_new_zipfile_serialization:
            write_zip(sink, tree, storages, archive_name(f)).close()
        else:
            _write_legacy(sink, tree, storages)

    _write_to(f, write)


def _write_to(f: FileLike, write: Any) -> None:
    if isinstance(f, (str, os.PathLike)):
        with atomic_write(f) as file:
            write(file)
        return
    if not hasattr(f, "write"):
        raise AttributeError(
            f"save: expected 'f' to be string, path, or a file-like object with a 'write' attribute, got {type(f).__name__}."
        )
    write(_Whole(f))
    if hasattr(f, "flush"):
        f.flush()


class _Whole:
    """A file whose `write` writes all of it: unbuffered files may take a part only."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, data: bytes | memoryview, /) -> None:
        rest = memoryview(data)
        while rest.nbytes:
            written = self._file.write(rest)
            if not isinstance(written, int) or written >= rest.nbytes:
                return
            rest = rest[written:]


def archive_name(f: FileLike) -> str:
    """The name of the folder inside the zip: the file's, without its last suffix, as in torch."""
    if not isinstance(f, (str, os.PathLike)):
        return "archive"
    name = os.path.basename(os.fspath(f)).rpartition(".")[0] or os.path.basename(os.fspath(f))
    plain = "".join("_" if c in '\\/:\0"' or not c.isprintable() else c for c in name)
    return plain if plain.strip(". ") else "archive"


def write_zip(sink: Sink, tree: bytes, storages: StorageTable, root: str) -> ArchiveWriter:
    """All records of a file, in torch's order. The caller closes the archive."""
    archive = ArchiveWriter(sink, root)
    archive.write("data.pkl", tree)
    archive.write(".format_version", b"1")
    archive.write(".storage_alignment", b"%d" % ALIGNMENT)
    archive.write("byteorder", sys.byteorder.encode())
    for key, content in storages.contents.items():
        archive.write(f"data/{key}", content)
    archive.write("version", b"3\n")
    archive.write(".data/serialization_id", archive.identity())
    return archive


def _write_legacy(sink: Sink, tree: bytes, storages: StorageTable) -> None:
    sizes = {"short": 2, "int": 4, "long": 4}
    system = {"protocol_version": PROTOCOL_VERSION, "little_endian": sys.byteorder == "little", "type_sizes": sizes}
    keys = sorted(storages.contents)
    for value in (MAGIC_NUMBER, PROTOCOL_VERSION, system):
        sink.write(pickle.dumps(value, 2))
    sink.write(tree)
    sink.write(pickle.dumps(keys, 2))
    for key in keys:
        sink.write(storages.numels[key].to_bytes(8, "little"))
        sink.write(storages.contents[key])
