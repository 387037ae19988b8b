"""safetensors files, with the functions of the `safetensors` package: weights by name, and nothing else in the file.

`save_file`, `load_file`, `save`, `load`, `save_model`, `load_model` and `safe_open` take and give Tensors; the module
`safetensors.numpy` does the same with arrays.
"""

from __future__ import annotations

from ...support.listing import listed
from ..errors import FileFormatError as SafetensorError
from .files import load, load_file, save, save_file
from .models import load_model, save_model
from .reading import safe_open

__all__ = ["SafetensorError", "load", "load_file", "load_model", "safe_open", "save", "save_file", "save_model"]


def __dir__() -> list[str]:
    return listed(globals())
