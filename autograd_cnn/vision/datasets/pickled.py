"""Pickles that hold arrays, lists, numbers and text: read, with nothing else allowed."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

# What the original CIFAR files name; `_reconstruct` makes an empty array that is then filled from the pickle's bytes.
_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"expected arrays, lists and text only, but the file names {module}.{name}")
        if name == "_reconstruct":
            return np._core.multiarray._reconstruct  # type: ignore[attr-defined]  # NumPy's own way back from a pickle
        return super().find_class(module, name)


def read_pickled(path: Path) -> Any:
    """What is in a data set's pickle (of Python 2, too).

    Raises:
        ValueError: damaged, or it holds something else.
    """
    try:
        with path.open("rb") as file:
            return _Reader(file, encoding="latin1").load()
    except (pickle.UnpicklingError, EOFError, KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path}: the file is damaged or not what it should be ({error}). Fetch it again.") from None
