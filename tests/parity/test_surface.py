"""The uses of `tests/compat/surface.py` give what they give under PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from autograd_cnn.compat.finder import standing  # noqa: E402

from ..compat.surface import USES, evaluate  # noqa: E402


def plain(value: Any) -> Any:
    """Tensors as arrays, containers as lists."""
    if hasattr(value, "detach"):
        return np.asarray(value.detach().numpy())
    if isinstance(value, dict):
        return [[k, plain(v)] for k, v in value.items()]
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


def same(a: Any, b: Any) -> None:
    assert type(a) is type(b) or {type(a), type(b)} <= {int, float, np.float32, np.float64}, f"{a!r} against PyTorch's {b!r}"
    if isinstance(a, list):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)
    elif isinstance(a, float | np.floating):
        assert a == pytest.approx(b, rel=1e-5)
    elif not hasattr(a, "__dict__"):
        assert a == b


@pytest.mark.parametrize("name", USES)
def test_same_as_pytorch(name):
    wanted = plain(evaluate(USES[name], torch))
    with standing():
        import torch as ours

        found = plain(evaluate(USES[name], ours))
    same(found, wanted)
