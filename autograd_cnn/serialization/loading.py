"""`load`: a file of torch's, or of `save`, as the object it holds. Nothing in a file is ever run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .errors import FileFormatError, TruncatedFileError
from .formats.legacy import read_legacy, survey_legacy
from .formats.zip import read_zip, survey_zip
from .storage.map_location import MapLocation
from .storage.source import FileLike, Source, is_path, open_source

_TAR = (
    "{}: Cannot use files saved in the legacy .tar format (before PyTorch 0.1.9). Load the file with an old torch and "
    "save it again with torch.save."
)
# What people hand to load by mistake, by its first bytes.
_NOT_OURS = {
    b"version https://git-lfs": "it is a Git LFS pointer, not the file itself; fetch it with `git lfs pull`",
    b"\x1f\x8b": "it is compressed with gzip; unpack it, or pass gzip.open(path)",
    b"\x89HDF": "it is an HDF5 file (Keras, h5py)",
    b"<": "it is a web page or XML; the download went wrong",
    b"\x93NUMPY": "it is a NumPy .npy file; read it with numpy.load",
}


def load(
    f: FileLike,
    map_location: MapLocation = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Load what `save` or `torch.save` has saved: the zip format, and the format of before torch 1.6.

    Nothing in the file is run, whatever it says: names are looked up in a table of tensors, numbers, text and plain
    containers, and everything else is refused by name, with `weights_only=False` too. Classes of your own can be
    allowed with `add_safe_globals`.

    NumPy lacks some of torch's element types. bfloat16 and the float8 types become float32 and complex32 becomes
    complex64, exactly: each of their numbers is one of the wider type.

    Args:
        f: a path, or an open binary file that can seek. Of a zip file, the archive is all from its position to its end.
            A path that ends in ".safetensors" is read by `safetensors.load_file`.
        map_location: None, "cpu", a device, a dict of locations, or a function of (storage, location), as in PyTorch.
            Files saved from a GPU need it, as on a PyTorch without CUDA.
        pickle_module: only None: files are read by this library's own reader.
        weights_only: True and False read alike, since this library never runs code from a file.
        mmap: True maps the file: tensors are read from the disk when they are looked at, and writes to them stay in
            memory. Needs a path to a zip file; checksums are then not compared, and bfloat16 and its kind are read at
            once.
        encoding: for texts that Python 2 wrote as bytes: "utf-8" (default), "latin1", "ascii" or "bytes" (as they are).

    Raises:
        pickle.UnpicklingError: the file asks for something that is not allowed, or its pickle is damaged.
        FileFormatError (a RuntimeError): it is not a file of torch's, or it is damaged; TruncatedFileError (also an
            EOFError) if it ends too early.
        DtypeError (a RuntimeError): it holds quantised or packed data.
        RuntimeError: it was saved from a device that is not there.
        OSError: the file cannot be read.

    Example:
        >>> import io
        >>> import autograd_cnn as ac
        >>> file = io.BytesIO()
        >>> ac.save([ac.zeros(2), "text"], file)
        >>> _ = file.seek(0)
        >>> ac.load(file, map_location="cpu")
        [tensor([0., 0.]), 'text']

    Source: the formats of `torch.save`, PyTorch 0.2 to 2.13.0.
    """
    _check_options(f, pickle_module, weights_only, mmap, pickle_load_args)
    encoding = pickle_load_args.get("encoding", "utf-8")
    if isinstance(f, (str, os.PathLike)) and os.fspath(f).endswith(".safetensors"):
        return _load_safetensors(f, map_location, bool(mmap))
    with open_source(f, "load") as source:
        if _is_zip(source):
            return read_zip(source, map_location, bool(mmap), encoding)
        if mmap:
            raise RuntimeError(
                "load: mmap can only be used with zip files, as torch.save writes them since 1.6; save the "
                "checkpoint again, or load it without mmap."
            )
        return read_legacy(source, map_location, encoding)


def get_unsafe_globals_in_checkpoint(f: FileLike) -> list[str]:
    """The names of the classes and functions that a file asks for and that `load` would refuse.

    Args:
        f: a path, or an open binary file that can seek.

    Raises:
        As `load`, for files that cannot be read.

    Example:
        >>> import io
        >>> import autograd_cnn as ac
        >>> from autograd_cnn import serialization
        >>> file = io.BytesIO()
        >>> ac.save({"weight": ac.ones(2)}, file)
        >>> _ = file.seek(0)
        >>> serialization.get_unsafe_globals_in_checkpoint(file)
        []
    """
    from .pickle import safe_globals
    from .pickle.builders import TABLE

    with open_source(f, "get_unsafe_globals_in_checkpoint") as source:
        names = survey_zip(source) if _is_zip(source) else survey_legacy(source)
    return [name for name in names if name not in TABLE and safe_globals.lookup(name) is None]


def _check_options(f: FileLike, pickle_module: Any, weights_only: Any, mmap: Any, rest: dict[str, Any]) -> None:
    if pickle_module is not None:
        raise RuntimeError(
            "load: Can not safely load weights when explicit pickle_module is specified: files are read by this "
            "library's own reader, which runs nothing. Leave pickle_module out."
        )
    for name, value in (("weights_only", weights_only), ("mmap", mmap)):
        if value not in (None, True, False):
            raise TypeError(f"load: expected {name} to be True, False or None, got {value!r:.60}.")
    unknown = sorted(set(rest) - {"encoding"})
    if unknown:
        raise TypeError(f"load() got an unexpected keyword argument {unknown[0]!r}; beside those listed, only encoding= is known.")
    if not isinstance(rest.get("encoding", ""), str):
        raise TypeError(f"load: expected encoding to be a name such as 'latin1', got {type(rest['encoding']).__name__}.")
    if mmap and not is_path(f):
        raise ValueError("load: f must be a file path in order to use the mmap argument.")


def _is_zip(source: Source) -> bool:
    """Is this a zip file? If it is neither that nor a pickle, say what it seems to be."""
    head = source.read(0, min(source.size, 512))
    if head[:4] == b"PK\x03\x04":
        return True
    if not head:
        raise TruncatedFileError(f"{source.label}: Ran out of input: the file is empty, or read to its end already (then f.seek(0)).")
    if head[257:262] == b"ustar":
        raise RuntimeError(_TAR.format(source.label))
    if head[0] != 0x80:
        guess = next((what for start, what in _NOT_OURS.items() if head.startswith(start)), "it begins with {!r}")
        raise FileFormatError(f"{source.label}: expected a file of torch.save or save(), but {guess.format(bytes(head[:16]))}.")
    return False


def _load_safetensors(f: FileLike, map_location: MapLocation, mmap: bool) -> Any:
    from .safetensors.files import load_file

    if isinstance(map_location, Mapping) or callable(map_location):
        raise RuntimeError(
            "load: Loading safetensors file with dict or callable map_location is not supported. Use 'cpu' or a device instead."
        )
    return load_file(f, device=map_location, mmap=mmap, widen=True)
