"""Checks of the operation as a whole: linearity and adjoint, replay of its trace, its float kernel, bare arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import config
from ..autograd.gradients import grad
from ..graph.trace import trace
from ..tensors.scalar import Scalar
from ..tensors.tensor import Tensor, wrap
from .registry import check, near
from .setup import Setup, own, require, values


@check
def linear_and_adjoint(s: Setup) -> None:
    """Where the rule of an input wants neither that input nor the output, the operation is affine in it, and rule and operation
    are an adjoint pair: ⟨A x, w⟩ = ⟨x, Aᵀ w⟩ to rounding."""
    if not s.smooth or not s.differentiable:
        return
    args = s.tensors(grad=False)
    for i in s.wanted:
        own = not s.prim.variadic and any(
            i in k.wanted_by and (k.kind == "output" or (k.kind == "input" and k.index == i)) for k in s.prim.keep
        )
        if own and not s.random:
            continue
        moved = list(args)
        x = np.array(args[i].value)
        moved[i] = wrap(np.zeros_like(x))
        try:
            zero = values(s.run(moved))
        except RuntimeError:
            continue  # not defined at 0, so not linear: the inverse of a matrix
        leaf = wrap(x.copy(), requires_grad=True)
        moved[i] = leaf
        ys = s.run(moved)
        live = [(y, z) for y, z in zip(ys, zero, strict=True) if y.requires_grad]
        affine = True
        for t in (0.5, -0.37, 1.7):
            moved[i] = wrap(t * x)
            with np.errstate(invalid="ignore"):  # ∞ − ∞ where 0 is no place for this input: a divisor
                for m, y, z in zip(s.run(moved), ys, zero, strict=True):
                    affine = affine and (not y.requires_grad or near(m.value, z + t * (y.value - z), 1e-12))
        if not live or not affine:
            continue  # in pieces only: frac, fmod
        weights = s.weights([y for y, _ in live])
        g = grad([y for y, _ in live], leaf, [wrap(w) for w in weights], allow_unused=True, materialize_grads=True)[0]
        if not np.any(g.value):
            continue  # locally constant: round, sign, fill
        told = float((g.value * x).sum())
        found = sum(float(((y.value - z) * w).sum()) for (y, z), w in zip(live, weights, strict=True))
        size = (
            1
            + float(np.abs(g.value * x).sum())
            + sum(float(np.abs((y.value - z) * w).sum()) for (y, z), w in zip(live, weights, strict=True))
        )
        require(
            abs(told - found) <= 1e-12 * size,
            f"not an adjoint pair in input {i}: ⟨A x, w⟩ = {found!r}, ⟨x, Aᵀ w⟩ = {told!r}",
        )


@check
def trace_replays(s: Setup) -> None:
    """The traced graph replays to the eager result, and prints."""
    if s.random:
        return
    args = s.tensors()
    tensors = [a for a in args if isinstance(a, Tensor)]
    if not tensors:
        return

    def fn(*given: Any) -> Any:
        left = list(given)
        return tuple(s.run([left.pop(0) if isinstance(a, Tensor) else a for a in args]))

    graph = trace(fn, *tensors)
    require(s.prim.name in str(graph), "the printed graph does not name the operation")
    for a, b in zip(values(graph(*tensors)), values(s.run(args)), strict=True):
        require(
            np.array_equal(a, b, equal_nan=a.dtype.kind == "f"),
            "the replayed trace gives another result than the eager run",
        )


@check
def backends_agree(s: Setup) -> None:
    """Each backend, wherever it has a kernel, gives the reference's values and gradients, to float32's precision. (One that is not
    installed is NumPy.)"""
    if s.random or not s.floats:
        return

    def under(backend: str) -> tuple[list[Any], list[Any]]:
        with config.use_backend(backend):
            return values(s.run(s.tensors(np.float32))), values(s.gradients(s.tensors(np.float32)) if s.smooth else [])

    for backend in (b for b in config.BACKENDS if b not in ("auto", "numpy")):
        want, slopes = under("numpy")
        got, theirs = under(backend)
        for a, b in zip(got, want, strict=True):
            require(near(a, b, 2e-5 * s.case.tolerance), f"{backend} gives another result than NumPy:\n{a}\nagainst\n{b}")
        for i, a, b in zip(s.wanted, theirs, slopes, strict=False):
            require(near(a, b, 2e-4 * s.case.tolerance), f"{backend} gives another gradient of input {i}:\n{a}\nagainst\n{b}")


@check
def float_kernel_agrees(s: Setup) -> None:
    """The kernel over Python floats (Scalar) gives the reference's values and gradients."""
    kernel = s.prim.kernels.get(float)
    if kernel is None or s.prim.variadic or not all(isinstance(x, np.ndarray) and x.dtype.kind == "f" for x in s.case.inputs):
        return
    shape = np.broadcast_shapes(*(x.shape for x in s.case.inputs))
    flat = [np.broadcast_to(x, shape).reshape(-1)[:3] for x in s.case.inputs]
    for entry in zip(*flat, strict=True):
        numbers = [float(v) for v in entry]
        arrays = [wrap(np.array(v), requires_grad=i in s.wanted) for i, v in enumerate(numbers)]
        want = s.run(arrays)[0]
        scalars = [Scalar(v) for v in numbers]
        got = s.prim(*scalars, **s.case.params)
        require(
            near(got.item(), float(want.detach().value), 1e-12),
            f"Scalar gives {got.item()!r}, Tensor {float(want.detach().value)!r} at {numbers}",
        )
        if want.requires_grad and s.smooth:
            want.backward()
            got.backward()
            for i in s.wanted:
                grad = arrays[i].grad
                g = 0.0 if grad is None else float(grad.value)
                require(
                    near(scalars[i].grad or 0.0, g, 1e-11),
                    f"d/d input {i} at {numbers}: Scalar {scalars[i].grad!r}, Tensor {g!r}",
                )


@check
def raw_agrees(s: Setup) -> None:
    """On bare arrays the operation computes the same, and records nothing."""
    if s.random:
        return
    raw = [own(x) if hasattr(x, "dtype") else x for x in s.case.inputs]
    if not any(hasattr(x, "dtype") for x in raw):
        return
    for a, b in zip(values(s.run(raw)), values(s.run(s.tensors())), strict=True):
        require(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"), "bare arrays give another result than tensors")
