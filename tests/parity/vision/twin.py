"""torchvision beside ours: its Python part, also where its compiled operators do not fit the installed torch."""

from __future__ import annotations

import importlib
import importlib.util
import pathlib
import re
import sys
from typing import Any

import numpy as np
import pytest

from autograd_cnn.tensors.tensor import Tensor, wrap

torch = pytest.importorskip("torch")
_declared: list[Any] = []  # the library lives as long as this


def torchvision(part: str = "") -> Any:
    """The module `torchvision.<part>`; skips the tests where torchvision is not installed."""
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed", allow_module_level=True)
    try:
        importlib.import_module("torchvision")
    except RuntimeError:  # its compiled operators are for another build of torch
        _declare_operators()
        for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
    return importlib.import_module(f"torchvision.{part}" if part else "torchvision")


def _declare_operators() -> None:
    """The operators' names, without anything behind them: importing torchvision gives them rules of shapes, and needs no more."""
    spec = importlib.util.find_spec("torchvision")
    root = pathlib.Path(spec.origin).parent if spec is not None and spec.origin is not None else pathlib.Path()
    source = (root / "_meta_registrations.py").read_text(encoding="utf-8")
    library = torch.library.Library("torchvision", "FRAGMENT")
    for pair in sorted(set(re.findall(r'register_meta\("(\w+)"|torchvision::(\w+)', source))):
        operator = pair[0] or pair[1]
        if not torch._C._jit_get_schemas_for_operator(f"torchvision::{operator}"):
            library.define(f"{operator}(Tensor a) -> Tensor")
    _declared.append(library)


def as_ours(state: dict[str, torch.Tensor]) -> dict[str, Tensor]:
    """A state of theirs as tensors of ours, sharing nothing."""
    return {k: wrap(v.detach().numpy().copy()) for k, v in state.items()}


def apart(mine: Any, other: Any) -> float:
    """max |a − b| / max |b|"""
    a, b = (np.asarray(v.detach().value) if isinstance(v, Tensor) else v.detach().numpy() for v in (mine, other))
    assert a.shape == b.shape, f"shape {a.shape} against torch's {b.shape}"
    return float(np.abs(a - b).max() / (np.abs(b).max() + 1e-30)) if a.size else 0.0
