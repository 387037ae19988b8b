"""The layers that PyTorch does not have: what they compute, said in NumPy. And that every layer is tested in a table, here or against torch."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.tensors.tensor import wrap
from autograd_cnn.testing import check_module

from ..parity.nn.layer_table import TABLE

SIGNAL, IMAGE, VOLUME = (2, 3, 7), (2, 3, 6, 5), (1, 2, 4, 5, 3)


def sums(kernel: int, stride: int, padding: int = 0, ceil_mode: bool = False) -> Callable[[Any], Any]:
    """The sum of each window, in plain loops; a window of `ceil_mode` may hang over the end, none begins beyond it."""

    def run(x: Any) -> Any:
        sides = x.shape[2:]
        starts = []
        for side in sides:
            last = side + 2 * padding - kernel
            count = (last + (stride - 1 if ceil_mode else 0)) // stride + 1
            starts.append([k * stride - padding for k in range(count) if k * stride < side + padding])
        y = np.zeros((*x.shape[:2], *map(len, starts)))
        for at in product(*(range(len(s)) for s in starts)):
            windows = [slice(max(s[k], 0), max(s[k] + kernel, 0)) for s, k in zip(starts, at, strict=True)]
            y[(..., *at)] = x[(slice(None), slice(None), *windows)].sum(axis=tuple(range(2, x.ndim)))
        return y

    return run


# How it is made: its input, what it computes in evaluation, how it is printed.
OWN: dict[str, tuple[tuple[int, ...], Callable[[Any], Any], str]] = {
    "SumPool1d(3)": (SIGNAL, sums(3, 3), "SumPool1d(kernel_size=3, stride=3, padding=0)"),
    "SumPool1d(3, stride=2, padding=1)": (SIGNAL, sums(3, 2, 1), "SumPool1d(kernel_size=3, stride=2, padding=1)"),
    "SumPool2d(2)": (IMAGE, sums(2, 2), "SumPool2d(kernel_size=2, stride=2, padding=0)"),
    "SumPool2d(3, stride=2, padding=1, ceil_mode=True)": (
        IMAGE,
        sums(3, 2, 1, True),
        "SumPool2d(kernel_size=3, stride=2, padding=1)",
    ),
    "SumPool3d(2, stride=1)": (VOLUME, sums(2, 1), "SumPool3d(kernel_size=2, stride=1, padding=0)"),
    "ClassicDropout(0.25)": ((4, 6), lambda x: x * 0.75, "ClassicDropout(p=0.25)"),
    "ClassicDropout()": ((5,), lambda x: x * 0.5, "ClassicDropout(p=0.5)"),
}
# Tested in files of their own: containers and what layers are made of, stacks of layers, layers that become others.
ELSEWHERE = {
    "Module",
    "ModuleDict",
    "ModuleList",
    "ParameterDict",
    "ParameterList",
    "RNNBase",
    "RNNCellBase",
    "Sequential",
    "SyncBatchNorm",  # tests/distributed
    "TransformerDecoder",
    "TransformerEncoder",
}


def _layers() -> set[str]:
    found = {n: getattr(nn, n) for n in nn.__all__}
    return {n for n, v in found.items() if isinstance(v, type) and issubclass(v, nn.Module) and not n.startswith("Lazy")}


def _names(rows: Any) -> set[str]:
    return {row.partition("(")[0] for row in rows}


def test_every_layer_stands_in_a_table() -> None:
    missing = sorted(_layers() - _names(OWN) - _names(row[0] for row in TABLE) - ELSEWHERE)
    assert not missing, f"{missing}: a line in tests/parity/nn/layer_table.py, or here in OWN if PyTorch does not have it"
    assert _layers() >= ELSEWHERE


def _made(source: str) -> nn.Module:
    layer = eval(f"nn.{source}", {"nn": nn})
    assert isinstance(layer, nn.Module)
    return layer


@pytest.mark.parametrize("source", OWN)
def test_what_it_computes(source: str) -> None:
    shape, computed, _ = OWN[source]
    x = np.random.default_rng(0).normal(size=shape)
    np.testing.assert_allclose(_made(source).eval()(wrap(x)).value, computed(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("source", OWN)
def test_how_it_is_printed(source: str) -> None:
    assert repr(_made(source)) == OWN[source][2]


@pytest.mark.parametrize("source", OWN)
def test_what_must_hold_of_every_layer(source: str) -> None:
    assert check_module(lambda: _made(source), OWN[source][0])


def test_classic_dropout_drops_in_training_without_scaling() -> None:
    ac.manual_seed(0)
    x = ac.full((20_000,), 3.0, requires_grad=True)
    y = nn.ClassicDropout(0.25)(x)
    kept = y.value != 0
    assert set(np.unique(y.value)) == {0.0, 3.0}
    assert abs(kept.mean() - 0.75) < 4 * np.sqrt(0.25 * 0.75 / 20_000)
    y.sum().backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.value, kept)


@pytest.mark.parametrize("p", [-0.1, 1.1])
def test_classic_dropout_refuses_what_is_no_probability(p: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        nn.ClassicDropout(p)
