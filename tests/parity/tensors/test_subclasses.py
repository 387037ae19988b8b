"""Arrays of NumPy's subclasses (memory-mapped files above all): taken as ordinary arrays over the same memory, forward and backward."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402


class Subclass(np.ndarray[Any, Any]):
    """As of other libraries' arrays."""


def _mapped(folder: Path, name: str) -> Any:
    made = np.memmap(folder / name, np.float32, "w+", shape=(2, 1, 8, 8))
    made[...] = np.random.default_rng(0).uniform(-1, 1, made.shape)
    return made


PROGRAMS = {
    "linear and cross entropy": lambda t, a, w: t.nn.functional.cross_entropy(
        t.nn.functional.linear(a.reshape(8, 16), w.reshape(3, 16)), t.tensor([0, 1, 2, 0, 1, 2, 0, 1])
    ),
    "conv2d": lambda t, a, w: (t.nn.functional.conv2d(a, w.reshape(3, 1, 4, 4)) ** 2).sum(),
    "a module": lambda t, a, w: (t.nn.functional.max_pool2d(t.nn.functional.conv2d(a, w.reshape(3, 1, 4, 4)).relu(), 2)).sum(),
    "arithmetic": lambda t, a, w: ((a[:, :, :1, :3] * w[0, :3]) / (a.abs().sum() + w).mean()).sum(),
    "an index": lambda t, a, w: (a[1, 0][[0, 2]] @ w.reshape(8, 6)).sum(),
    "as_tensor of it": lambda t, a, w: (t.as_tensor(a.numpy())[0] * w[0, 0]).sum(),
}


@pytest.mark.parametrize("backend", ["numpy", "onednn"])
@pytest.mark.parametrize("kind", ["memory-mapped", "subclass"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_backward(name: str, kind: str, backend: str, tmp_path: Path) -> None:
    found = []
    for t in (ac, torch):
        array = _mapped(tmp_path, t.__name__)
        array = {"memory-mapped": array, "subclass": np.array(array).view(Subclass)}[kind]
        x = t.from_numpy(array).reshape(2, 1, 8, 8)
        w = t.tensor(np.random.default_rng(1).uniform(-1, 1, (3, 16)).astype(np.float32), requires_grad=True)
        with ac.use_backend(backend):
            loss = PROGRAMS[name](t, x, w)
            loss.backward()
        x[0].zero_()
        assert not np.asarray(array).reshape(2, -1)[0].any()  # the memory is shared
        found.append((loss.item(), w.grad.numpy()))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
