"""Saving and loading: torch's files, safetensors, and checkpoints that resume a run. Nothing in a file is ever run.

- `save`, `load`: trees of tensors and plain values, in the format of `torch.save` and `torch.load`.
- `save_file`, `load_file` and the rest of `safetensors`: weights by name.
- `save_checkpoint`, `load_checkpoint`: the whole state of a run, sealed with a checksum.
- `add_safe_globals`, `safe_globals`, …: classes of your own that a file may bring.
"""

from __future__ import annotations

from ..support.listing import listed
from . import safetensors
from .checkpoint import load_checkpoint, save_checkpoint
from .errors import FileFormatError, TruncatedFileError
from .loading import get_unsafe_globals_in_checkpoint, load
from .pickle.safe_globals import add_safe_globals, clear_safe_globals, get_safe_globals, safe_globals
from .safetensors.files import load_file, save_file
from .saving import save

__all__ = [
    "FileFormatError",
    "TruncatedFileError",
    "add_safe_globals",
    "clear_safe_globals",
    "get_safe_globals",
    "get_unsafe_globals_in_checkpoint",
    "load",
    "load_checkpoint",
    "load_file",
    "safe_globals",
    "safetensors",
    "save",
    "save_checkpoint",
    "save_file",
]


def __dir__() -> list[str]:
    return listed(globals())
