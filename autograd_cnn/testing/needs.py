"""hypothesis, imported when it is wanted: it is in the extra `test`."""

from __future__ import annotations

import importlib
from typing import Any


def hypothesis(of: str) -> Any:
    """The package hypothesis, or an ImportError that says how to get it."""
    try:
        module = importlib.import_module("hypothesis")
        importlib.import_module("hypothesis.strategies")
    except ImportError as error:
        raise ImportError(
            f'{of} needs the package hypothesis: expected it to be installed. Run: pip install "autograd-cnn[test]"'
        ) from error
    return module
