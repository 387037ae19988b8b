"""Operations that ONNX has no operator for, written with others: at their ends, another runtime gives what is computed here."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.onnx import OnnxError, export, load

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from .runtime import run

WIDE = np.array([0, -0.0, 1, -1, 0.5, 2, 3.7, -1e-30, 1e30, np.inf, -np.inf, np.nan])
ENDS = np.array([0, 0.5, -0.5, 0.9, 0.999999, -0.9999, 1e-7, 1, -1, 1.5])
INTS = np.array([0, 0, 12, -12, 7, 2**40, 832040, 6])
OTHERS = np.array([0, 5, 8, 18, -7, 2**20, 514229, 0])
ROWS = np.array([[2, 1, 2, 1, 3], [5, 5, 4, 4, 4], [1, 2, 3, 4, 5], [np.nan, 1, 2, np.nan, 1], [np.nan] * 5])

CASES: dict[str, tuple[Any, list[Any]]] = {
    "frexp": (ac.frexp, [np.float32([*WIDE, 1e-45, 3.4e38, 2**-126])]),
    "frexp double": (ac.frexp, [np.float64([*WIDE, 5e-324, 1.7e308, 2.0**-1022])]),
    "erfinv": (ac.erfinv, [np.float32(ENDS)]),
    "gcd": (ac.gcd, [INTS, OTHERS]),
    "gcd short": (ac.gcd, [np.int32([120, -9, 0]), np.int32([36])]),
    "lcm": (ac.lcm, [np.int64([0, 4, -6, 7]), np.int64([5, 6, 9, 0])]),
    "mode": (lambda x: tuple(ac.mode(x, 1)), [np.float32(ROWS)]),
    "mode of columns": (lambda x: tuple(ac.mode(x, 0, True)), [np.int64([[2, 1], [2, 3], [1, 3]])]),
    "unique": (lambda x: ac.unique(x, return_inverse=True, return_counts=True), [np.float32([[3, 1, 3], [2, 1, 0]])]),
    "unique rows": (lambda x: ac.unique(x, return_inverse=True, dim=0), [np.int32([[3, 1], [2, 1], [3, 1]])]),
    "bincount": (lambda x: ac.bincount(x, minlength=3), [np.int64([1, 1, 5, 0])]),
    "bincount weighed": (ac.bincount, [np.int64([1, 1, 2]), np.float32([0.5, 2, 1])]),
    "histogram": (lambda x: tuple(ac.histogram(x, 4, range=(0.0, 2.0), density=True)), [np.float32([0, 0.5, 0.7, 2, 3, -1])]),
    "histogram of edges": (
        lambda x, w: tuple(ac.histogram(x, ac.tensor([0.0, 1.0, 5.0]), weight=w)),
        [np.float32([0, 1, 5]), np.float32([1, 2, 4])],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_ends(name: str) -> None:
    fn, arrays = CASES[name]
    made = export(fn, tuple(ac.tensor(a) for a in arrays))
    expected = fn(*(ac.tensor(a) for a in arrays))
    for y, want in zip(run(made, arrays), expected if isinstance(expected, tuple) else (expected,), strict=True):
        right = np.asarray(want.numpy())
        assert (y.dtype, y.shape) == (right.dtype, right.shape)
        tight = 1e-12 if right.dtype == np.float64 else 3e-6
        np.testing.assert_allclose(y, right, rtol=tight if "erfinv" in name else 0, atol=0)


ROWS_OF = ac.tensor([0, 2, 0])
WRITES: dict[str, Any] = {
    "index_put": lambda x: ac.index_put(x, (ROWS_OF,), ac.ones(3, 3), accumulate=True),
    "index_add": lambda x: x.index_add(0, ROWS_OF, x[:3]),
    "index_fill": lambda x: x.index_fill(0, ROWS_OF, 1.0),
    "take": lambda x: x.take(ac.tensor([-1, 3])),
    "put": lambda x: x.put(ROWS_OF, ac.ones(3), accumulate=True),
    "diag": lambda x: ac.diag(x[0], 1),
    "diag_embed": lambda x: ac.diag_embed(x),
    "take_along_dim": lambda x: ac.take_along_dim(x, ac.tensor([[0, 1, 2]]), 0),
    "repeat_interleave": lambda x: x.repeat_interleave(ac.tensor([1, 2, 0, 1]), 0),
    "embedding_bag": lambda x: ac.nn.functional.embedding_bag(ac.tensor([[0, 1]]), x),
}


@pytest.mark.parametrize("name", WRITES)
def test_what_an_index_says_is_held_as_numbers(name: str) -> None:
    x = ac.arange(12.0).reshape(4, 3)
    np.testing.assert_allclose(run(export(WRITES[name], x), [x.numpy()])[0], WRITES[name](x).numpy(), rtol=1e-6)


@pytest.mark.parametrize("fn", [ac.bernoulli, lambda p: ac.multinomial(p, 2), lambda p: ac.normal(p, p)])
def test_numbers_drawn_are_not_held(fn: Any) -> None:
    chances, state = ac.tensor([0.5, 0.25, 0.75]), ac.get_rng_state()
    with pytest.raises(OnnxError, match="no words here"):
        export(lambda x: x + fn(chances).sum(), ac.ones(3))
    ac.set_rng_state(state)


def test_erfinv_of_doubles() -> None:  # no other runtime here has erf in float64
    made = export(ac.erfinv, ac.tensor(ENDS))
    with np.errstate(all="ignore"):
        found = load(made)(ac.tensor(ENDS)).numpy()
    for y, x in zip(found, ENDS, strict=True):
        assert np.isnan(y) if abs(x) > 1 else y == x * np.inf if abs(x) == 1 else abs(math.erf(y) - x) < 3e-16, (x, y)


def test_sizes_that_values_give_follow_them() -> None:
    made = export(lambda x: ac.bincount(x), ac.tensor([1, 1, 3]))
    assert run(made, [np.int64([0, 5, 5])])[0].tolist() == [1, 0, 0, 0, 0, 2]


@pytest.mark.parametrize(
    ("fn", "said"),
    [
        (ac.linalg.cholesky, "no words here for cholesky.*make what they give an input"),
        (ac.linalg.inv, "no words here for inv"),
        (lambda x: ac.linalg.svd(x)[1], "no words here for svd"),
        (lambda x: ac.linalg.qr(x)[1], "no words here for qr"),
        (lambda x: ac.linalg.eigh(x)[0], "no words here for eigh"),
        (lambda x: ac.linalg.solve(x, x), "no words here for solve"),
        (lambda x: x.masked_scatter(x > 0, ac.ones(9)), "words here for what .* takes from values"),
        (lambda x: ac.unique_consecutive(x), "unique of neighbours alone.*expected `unique`"),
        (lambda x: ac.histogram(x, 3).hist, "give it a range, or edges that are constants"),
    ],
)
def test_what_cannot_be_written_says_what_to_do(fn: Any, said: str) -> None:
    with pytest.raises(OnnxError, match=said):
        export(fn, ac.eye(3))
