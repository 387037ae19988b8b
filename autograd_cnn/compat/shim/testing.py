"""`torch.testing.assert_close`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...tensors.creation import as_tensor

_TOLERANCES = {"float16": (1e-3, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7)}


def assert_close(
    actual: Any, expected: Any, *, rtol: float | None = None, atol: float | None = None, equal_nan: bool = False, **_: Any
) -> None:
    """Raise AssertionError unless |actual − expected| ≤ atol + rtol·|expected| everywhere; by default as exact as the dtype."""
    a, b = (np.asarray(as_tensor(x).detach().numpy()) for x in (actual, expected))
    by_kind = _TOLERANCES.get(a.dtype.name, (0.0, 0.0))
    np.testing.assert_allclose(a, b, by_kind[0] if rtol is None else rtol, by_kind[1] if atol is None else atol, equal_nan=equal_nan)


assert_allclose = assert_close
