"""What is checked for every primitive, each on one case. `CHECKS` names them; `check_primitive` runs them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..autograd.gradients import grad
from ..tensors.tensor import Tensor, wrap
from .gradcheck import gradcheck, gradgradcheck
from .registry import CHECKS, check, near
from .report import GradcheckError
from .setup import Setup, require, values

_EXACT = 1e-7  # how near a correct float64 rule comes to the differences


# ------------------------------------------------------------------------------------------------- derivatives
def _derivative(s: Setup, second: bool) -> None:
    if not s.differentiable or not s.smooth:
        return
    args = s.tensors()
    if not s.live(args):
        return
    test = gradgradcheck if second else gradcheck
    tolerance = _EXACT * s.case.tolerance * (10 if second else 1)
    try:
        report = test(lambda *xs: tuple(s.run(xs)), args, atol=tolerance, rtol=tolerance, nondet_tol=0.0)
    except GradcheckError as error:
        require(False, str(error))
        return
    require(report, str(report))
    s.error = max(s.error, report.error)


@check
def first_derivative(s: Setup) -> None:
    """The rules against finite differences, for every input and output; undefined output gradients count as zeros."""
    _derivative(s, second=False)


@check
def second_derivative(s: Setup) -> None:
    """The derivative of the rules, by the inputs and by the gradient that arrives."""
    if s.prim.once:
        return
    _derivative(s, second=True)


@check
def jvp_of_the_vjp(s: Setup) -> None:
    """A Jacobian-vector product of the rules, and of the operation itself."""
    if not s.differentiable or not s.smooth or s.prim.once:
        return
    args = s.tensors()
    if not s.live(args):
        return
    tolerance = 10 * _EXACT * s.case.tolerance
    try:
        report = gradgradcheck(
            lambda *xs: tuple(s.run(xs)), args, atol=tolerance, rtol=tolerance, check_fwd_over_rev=True, check_rev_over_rev=False
        )
    except GradcheckError as error:
        require(False, str(error))
        return
    require(report, str(report))


@check
def recorded_backward(s: Setup) -> None:
    """A recorded backward pass gives the same numbers as a plain one."""
    if s.differentiable and not s.prim.once:
        plain, recorded = s.gradients(s.tensors()), s.gradients(s.tensors(), create_graph=True)
        for i, a, b in zip(s.wanted, plain, recorded, strict=False):
            require(near(b.value, a.value, 1e-12), f"create_graph=True changes the gradient of input {i}")


@check
def each_input_alone(s: Setup) -> None:
    """An input's gradient does not depend on which other inputs want one."""
    if len(s.wanted) < 2 or not s.differentiable:
        return
    together = s.gradients(s.tensors())
    for k, i in enumerate(s.wanted):
        args = s.tensors()
        for j in s.wanted:
            if j != i:
                args[j] = args[j].detach()
        ys = s.live(args)
        if not ys or not together:
            continue
        weights = [w for w, y in zip(s.weights(s.live(s.tensors())), s.run(args), strict=False) if y.requires_grad]
        if len(weights) != len(ys):
            continue
        alone = grad(ys, args[i], [wrap(w) for w in weights], allow_unused=True, materialize_grads=True)[0]
        require(near(alone.value, together[k].value, 1e-12), f"the gradient of input {i} is another when only this input wants one")


@check
def huge_values(s: Setup) -> None:
    """Where finite inputs give a finite result, no gradient is NaN, be they ever so large. (Differences mean nothing out there.)"""
    if not s.differentiable:
        return
    for dtype in (np.float64, np.float32):
        with np.errstate(all="ignore"):
            args = s.tensors(dtype)
            if not all(np.isfinite(args[i].value).all() for i in s.floats):
                continue
            try:
                ys = s.run(args)
            except (RuntimeError, ValueError, OverflowError, np.linalg.LinAlgError):
                continue  # it refuses them
            if not all(np.isfinite(y.detach().storage()).all() for y in ys):
                continue
            for i, g in zip(s.wanted, s.gradients(args), strict=False):
                lost = "inf · 0 or inf − inf in the rule: compute it in a form that does not overflow, or give the case a range"
                require(
                    not np.isnan(g.storage()).any(),
                    f"at these inputs the {np.dtype(dtype)} result is finite, but the gradient of input {i} is NaN ({lost})",
                )


# ------------------------------------------------------------------------------------------------- dtypes and layouts
@check
def dtype_and_shape(s: Setup) -> None:
    """Gradients have their input's shape and dtype; the node knows its output's."""
    for dtype in (np.float64, np.float32):
        args = s.tensors(dtype)
        ys = s.run(args)
        for y in ys:
            require(isinstance(y, Tensor), f"returns a {type(y).__name__}, not a Tensor")
            right = y.dtype.kind != "f" or y.dtype == dtype or not s.floats or "dtype" in s.case.params
            require(right, f"{np.dtype(dtype)} in gives {y.dtype} out")
            if y.node is not None:
                require(
                    tuple(y.node.shape) == tuple(y.shape) and y.node.dtype == y.dtype,
                    "the node's shape or dtype is not the output's",
                )
        for i, g in zip(s.wanted, s.gradients(args), strict=False):
            x = args[i]
            require(g.shape == x.shape, f"the gradient of input {i} has shape {list(g.shape)}, the input {list(x.shape)}")
            require(g.dtype == x.dtype, f"the gradient of input {i} is {g.dtype}, the input {x.dtype}")


@check
def float32_agrees(s: Setup) -> None:
    """In float32 the values and gradients are those of float64, to float32's precision, and stay float32."""
    if not s.floats:
        return
    rounded = [np.asarray(x, np.float32).astype(np.float64) if i in s.floats else x for i, x in enumerate(s.case.inputs)]
    single, double = s.tensors(np.float32), s.tensors(inputs=rounded)
    a, b = s.run(single), s.run(double)
    tolerance = 2e-5 * s.case.tolerance
    for y, z in zip(a, b, strict=True):
        value = np.asarray(y.storage())  # as it is seen, in no backend's own form
        require(
            value.dtype == z.dtype or (value.dtype == np.float32 and z.dtype == np.float64) or "dtype" in s.case.params,
            f"float32 in gives {value.dtype} out, where float64 in gives {z.dtype}",
        )
        require(
            near(value.astype(z.dtype), z.value, tolerance),
            "the float32 result is not the float64 one to its precision",
        )
    if not s.smooth:
        return
    for i, g, h in zip(s.wanted, s.gradients(single), s.gradients(double), strict=False):
        require(
            near(g.value.astype(np.float64), h.value, 20 * tolerance),
            f"the float32 gradient of input {i} is not the float64 one",
        )


def layouts(x: Any) -> Iterator[tuple[str, Any]]:
    """The same array in every layout memory allows."""
    x = np.array(x)
    if not x.ndim or not x.size:
        return
    yield "transposed", np.asfortranarray(x) if x.ndim > 1 else x.copy()
    wide = np.zeros(tuple(2 * n + 1 for n in x.shape), x.dtype)
    wide[tuple(slice(0, 2 * n, 2) for n in x.shape)] = x
    yield "strided", wide[tuple(slice(0, 2 * n, 2) for n in x.shape)]
    back = tuple(slice(None, None, -1) for _ in x.shape)
    yield "negative strides", x[back].copy()[back]
    raw = np.zeros(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    raw[...] = x
    yield "unaligned", raw


@check
def memory_layouts(s: Setup) -> None:
    """Transposed, strided, reversed and unaligned memory give the same answer."""
    plain = [np.array(x, order="C") if isinstance(x, np.ndarray) else x for x in s.case.inputs]
    if s.random:  # masks are drawn in the order of memory
        return
    base = s.tensors(inputs=plain)
    want, slopes = values(s.run(base)), values(s.gradients(base))
    for i, x in enumerate(plain):
        if not isinstance(x, np.ndarray):
            continue
        for name, array in layouts(x):
            args = s.tensors(inputs=plain)
            args[i] = wrap(array, requires_grad=i in s.wanted)
            for a, b in zip(values(s.run(args)), want, strict=True):
                require(near(a, b, 1e-12), f"input {i} in {name} memory gives another result")
            for k, a, b in zip(s.wanted, values(s.gradients(args)), slopes, strict=False):
                require(near(a, b, 1e-11), f"input {i} in {name} memory gives another gradient of input {k}")
        if x.ndim and x.shape[0] > 1 and i in s.floats:
            same = np.broadcast_to(x[:1], x.shape)
            one, two = s.tensors(inputs=plain), s.tensors(inputs=plain)
            one[i], two[i] = wrap(same), wrap(np.array(same))
            try:
                plainly = values(s.run(two))
            except np.linalg.LinAlgError:  # a matrix of equal rows has no inverse
                continue
            for a, b in zip(values(s.run(one)), plainly, strict=True):
                require(near(a, b, 1e-12), f"input {i} in broadcast memory (stride 0) gives another result")


@check
def zero_size(s: Setup) -> None:
    """An operation whose results have its inputs' shape takes arrays without entries."""
    arrays = [x for x in s.case.inputs if isinstance(x, np.ndarray)]
    if s.prim.variadic or len(arrays) != len(s.case.inputs) or any(not x.ndim for x in arrays):
        return
    if s.prim.family in ("shape", "linalg", "index") or {"k", "dims", "keepdim"} & set(s.case.params):
        return  # these speak of sizes and places
    outs = values(s.run(s.tensors()))
    if any(x.shape != y.shape for x in arrays for y in outs) or any(
        isinstance(v, tuple | list | np.ndarray) for v in s.case.params.values()
    ):
        return
    empty = s.tensors(inputs=[x[:0] for x in arrays])
    for y, full in zip(s.run(empty), outs, strict=True):
        require(y.shape == (0, *full.shape[1:]), f"of empty inputs the result has shape {list(y.shape)}")
    for g, x in zip(s.gradients(empty), [empty[i] for i in s.wanted], strict=False):
        require(g.shape == x.shape, "the gradient of an empty input has another shape")


from . import side_effects, structure  # noqa: E402  # they add theirs to the table

# An input that a kernel has written over makes other checks fail, too, for reasons that would mislead: so this is said first.
_others = {name: fn for name, fn in CHECKS.items() if name != "nothing overwritten"}
_first = CHECKS["nothing overwritten"]
CHECKS.clear()
CHECKS.update({"nothing overwritten": _first, **_others})

__all__ = ["CHECKS", "check", "layouts", "side_effects", "structure"]
