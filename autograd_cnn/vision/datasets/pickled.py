"""Pickles that hold arrays, lists, numbers and text: read by the checkpoints' machine, which can make nothing else."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from ...serialization.errors import FileFormatError
from ...serialization.pickle.loading_context import LoadingContext, full_name
from ...serialization.pickle.unpickler import Reader

_ARRAYS = ("numpy.core.", "numpy._core.", "numpy.dtype", "numpy.ndarray", "_codecs.encode", "builtins.byte")


class _Arrays(LoadingContext):
    """Of what checkpoints may hold, arrays and what they consist of."""

    def __init__(self) -> None:
        super().__init__(_no_storage, _no_storage)

    def find(self, module: str, name: str) -> Any:
        full = full_name(module, name)
        if not full.startswith(_ARRAYS):
            raise pickle.UnpicklingError(f"expected arrays, lists and text only, but the file names {full}")
        return super().find(module, name)


def _no_storage(*_: Any) -> Any:
    raise pickle.UnpicklingError("expected arrays, lists and text only, but the file names a storage")


def read_pickled(path: Path) -> Any:
    """What is in a data set's pickle (of Python 2, too).

    Raises:
        ValueError: damaged, or it holds something else.
    """
    content = path.read_bytes()
    try:
        return _Arrays().run(Reader(content), "latin1")
    except (pickle.UnpicklingError, FileFormatError) as error:
        raise ValueError(f"{path}: the file is damaged or not what it should be ({error}). Fetch it again.") from None
