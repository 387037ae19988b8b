"""Every primitive's kernel in float32, of either backend, against its reference in float64: in all memory layouts, and with special values.

What an error may be is measured: what the result moves by when each input moves within float32's rounding, and a few roundings more.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.kernels.onednn import library
from autograd_cnn.kernels.onednn.plain import to_plain
from autograd_cnn.kernels.onednn.reorder import as_last
from autograd_cnn.kernels.reference.pooling import places
from autograd_cnn.primitives.cases import Case
from autograd_cnn.primitives.primitive import REGISTRY, Primitive
from autograd_cnn.testing import RandomDraw
from tests.kernels.arrays import LAYOUTS
from tests.ops.oracles import WITHOUT

EPS = float(np.finfo(np.float32).eps)
TINY = float(np.finfo(np.float32).tiny)
NAMES = sorted(n for n, p in REGISTRY.items() if p.__module__.startswith("autograd_cnn.") and n not in WITHOUT)
FAST = [n for n in NAMES if REGISTRY[n].fast is not None]
reached: Counter[str] = Counter()
needs_onednn = pytest.mark.skipif(library.library() is None, reason=library.reason())


def misaligned(x: np.ndarray) -> np.ndarray:
    """At an odd address."""
    memory = np.empty(x.nbytes + 1, np.uint8)
    y = np.frombuffer(memory.data, x.dtype, x.size, 1).reshape(x.shape)
    y[...] = x
    return y


def repeated(x: np.ndarray) -> np.ndarray:
    """One row for all, if the rows are equal: strides of 0."""
    return np.broadcast_to(x[:1], x.shape) if x.ndim and len(x) and np.array_equal(x, np.broadcast_to(x[:1], x.shape)) else x


def last(x: np.ndarray) -> np.ndarray:
    """As a kernel of oneDNN leaves it."""
    return as_last(np.array(x)) if 3 <= x.ndim <= 5 and x.size else x


HOW: dict[str, Callable[[np.ndarray], np.ndarray]] = {**LAYOUTS, "misaligned": misaligned, "repeated": repeated, "last": last}
CONVOLUTIONS = frozenset(("conv", "conv_input", "conv_weight", "conv_weight_bias"))
SUMMED = frozenset(("normalize_adjoint", "batch_norm_adjoint", "batch_norm_adjoints"))  # what overflows on the way is a matter of order
OF_A_PASS = SUMMED | frozenset(  # what they take beside a gradient belongs together, and is what the forward pass gave
    ("relu_adjoint", "leaky_relu_adjoint", "sigmoid_adjoint", "tanh_adjoint", "softmax_adjoint", "log_softmax_adjoint")
)
BY_OTHERS = {"switch_adjoint": "takes the codes of oneDNN's max_pool, in test_onednn.test_max_pooling"}


@pytest.fixture
def small_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """oneDNN's kernels take arrays of any size."""
    for name, module in list(sys.modules.items()):
        if name.startswith("autograd_cnn.kernels.onednn."):
            for limit in ("_SMALL", "SMALL", "_LONG", "_WIDE", "_NARROW"):
                if isinstance(getattr(module, limit, None), int):
                    monkeypatch.setattr(module, limit, 1)


def is_float(x: Any) -> bool:
    return isinstance(x, np.ndarray | np.generic) and x.dtype.kind == "f"


def single(case: Case) -> list[Any]:
    return [np.asarray(x, np.float32) if is_float(x) else x for x in case.inputs]


def run(prim: Primitive, inputs: list[Any], params: dict[str, Any], backend: str) -> list[np.ndarray]:
    left_out = () if prim.variadic else prim.inputs[len(inputs) :]
    inputs, params = [*inputs, *(prim.optional[n] for n in left_out)], {**prim.defaults, **params}
    with ac.use_backend(backend), np.errstate(all="ignore"):
        if backend == "onednn" and prim.fast is not None and prim.fast(*inputs, **params) is not NotImplemented:
            reached[prim.name] += 1
        y = prim.raw(*inputs, **params)
    return [np.asarray(places(to_plain(v))) for v in (y if isinstance(y, tuple) else (y,))]


def truth_and_room(prim: Primitive, inputs: list[Any], params: dict[str, Any], tolerance: float) -> Iterator[tuple[np.ndarray, float]]:
    """Each output in float64, and how far float32 may be from it."""
    wide = [x.astype(np.float64) if is_float(x) else x for x in inputs]
    right = run(prim, wide, params, "numpy")
    rng = np.random.default_rng(0)
    moved = []
    for _ in range(4):
        near = [x * (1 + EPS * rng.uniform(-1, 1, x.shape)) if is_float(x) else x for x in wide]
        moved.append(run(prim, near, params, "numpy"))
    for i, y in enumerate(right):
        if not is_float(y):
            yield y, 0.0
            continue
        fine = np.isfinite(y)
        spread = max((float(np.abs(m[i] - y)[fine].max(initial=0)) for m in moved if m[i].shape == y.shape), default=0.0)
        yield y, tolerance * (8 * EPS * float(np.abs(y[fine]).max(initial=0)) + 8 * spread) + TINY


def compare(prim: Primitive, case: Case, inputs: list[Any], backend: str, how: str) -> None:
    before = [np.array(x) if isinstance(x, np.ndarray) else x for x in inputs]
    found = run(prim, inputs, case.params, backend)
    for x, old in zip(inputs, before, strict=True):
        assert not isinstance(x, np.ndarray) or np.array_equal(x, old, equal_nan=x.dtype.kind == "f"), f"{prim.name} wrote into its input"
    for y, (right, room) in zip(found, truth_and_room(prim, before, case.params, case.tolerance), strict=False):
        assert y.shape == right.shape, f"{prim.name}, {backend}, {how}: shape {y.shape}, expected {right.shape}"
        if not is_float(right):
            assert np.array_equal(y, right), f"{prim.name}, {backend}, {how}: {case!r} gives {y}, expected {right}"
            continue
        with np.errstate(all="ignore"):
            single_right = right.astype(y.dtype)
            fine = np.isfinite(single_right)
            assert np.array_equal(np.isnan(y), np.isnan(right)), f"{prim.name}, {backend}, {how}: {case!r} gives {y}, expected {right}"
            assert np.array_equal(y[~fine], single_right[~fine], equal_nan=True), (
                f"{prim.name}, {backend}, {how}: {case!r} gives {y}, not {right}"
            )
            error = float(np.abs(y.astype(np.float64) - right)[fine].max(initial=0))
        assert error <= room, f"{prim.name}, {backend}, {how}: {case!r} is off by {error:.3g}, allowed {room:.3g}: {y} for {right}"


BACKENDS = ["numpy", pytest.param("onednn", marks=needs_onednn)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", NAMES)
def test_layouts(name: str, backend: str, small_too: None) -> None:
    check(name, backend, seeds=range(1), layouts=("backwards", "misaligned", "last"))


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", NAMES)
def test_layouts_thoroughly(name: str, backend: str, small_too: None) -> None:
    check(name, backend, seeds=range(20, 45), layouts=tuple(HOW))


def check(name: str, backend: str, seeds: range, layouts: tuple[str, ...]) -> None:
    prim = REGISTRY[name]
    assert prim.draw_case is not None
    for seed in seeds:
        case = prim.draw_case(RandomDraw(seed))
        for how in layouts:
            compare(prim, case, [HOW[how](x) if is_float(x) and x.ndim else x for x in single(case)], backend, how)


@needs_onednn
@pytest.mark.parametrize("name", FAST)
def test_special_values_stand_where_the_reference_has_them(name: str, small_too: None) -> None:
    prim = REGISTRY[name]
    assert prim.draw_case is not None
    for seed in range(12):
        case = prim.draw_case(RandomDraw(seed))
        rng = np.random.default_rng(seed)
        inputs = [np.array(x) if is_float(x) else x for x in single(case)]
        for x in inputs[:1] if name in OF_A_PASS else inputs:
            if is_float(x) and x.size:
                x.reshape(-1)[rng.integers(x.size)] = rng.choice(
                    [np.nan, np.inf, -np.inf, 1e-45, -0.0, 1e30 if name in SUMMED else 3e38, 1e-30]
                )
        right, found = run(prim, inputs, case.params, "numpy"), run(prim, inputs, case.params, "onednn")
        for y, z in zip(found, right, strict=False):
            told = f"{prim.name}: {inputs} {case.params} gives {y}, the reference {z}"
            if name in CONVOLUTIONS:  # the reference multiplies by the zeros of the padding, too
                assert np.all(np.isfinite(y) | ~np.isfinite(z)), told
                continue
            if name in SUMMED:
                assert np.array_equal(np.isfinite(y), np.isfinite(z)), told
                continue
            assert np.array_equal(np.isnan(y), np.isnan(z)), told
            assert np.array_equal(np.isinf(y), np.isinf(z)), told


@needs_onednn
@pytest.mark.parametrize("name", [n for n in FAST if n not in BY_OTHERS])
def test_the_fast_kernel_is_reached(name: str, small_too: None) -> None:
    prim = REGISTRY[name]
    assert prim.draw_case is not None
    reached.pop(name, None)
    for seed in range(60):
        case = prim.draw_case(RandomDraw(seed))
        for how in ("plain", "last"):
            run(prim, [HOW[how](x) if is_float(x) else x for x in single(case)], case.params, "onednn")
        if reached[name]:
            return
    pytest.fail(f"no case of {name} reaches its kernel of oneDNN")
