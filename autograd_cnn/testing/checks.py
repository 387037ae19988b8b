"""What is checked for every primitive, each on one case. `CHECKS` names them; `check_primitive` runs them."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..config import inference_mode, no_grad
from ..engine.trace import trace
from ..tensor import Tensor, wrap
from .gradcheck import gradcheck, gradgradcheck
from .report import GradcheckError
from .setup import Setup, own, require, values

CHECKS: dict[str, Callable[[Setup], None]] = {}
_EXACT = 1e-7  # how near a correct float64 rule comes to the differences


def check(fn: Callable[[Setup], None]) -> Callable[[Setup], None]:
    """Add to the table, under the function's name in words."""
    CHECKS[fn.__name__.replace("_", " ")] = fn
    return fn


def _near(a: Any, b: Any, rtol: float, atol: float | None = None) -> bool:
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return False
    if a.dtype.kind in "biu" and b.dtype.kind in "biu":
        return bool(np.array_equal(a, b))
    size = float(np.abs(b[np.isfinite(b)]).max(initial=0.0)) if b.size else 0.0
    return bool(np.allclose(a, b, rtol=rtol, atol=rtol * (1 + size) if atol is None else atol, equal_nan=True))


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
def recorded_backward(s: Setup) -> None:
    """A recorded backward pass gives the same numbers as a plain one."""
    if s.differentiable and not s.prim.once:
        plain, recorded = s.gradients(s.tensors()), s.gradients(s.tensors(), create_graph=True)
        for i, a, b in zip(s.wanted, plain, recorded, strict=False):
            require(_near(b.value, a.value, 1e-12), f"create_graph=True changes the gradient of input {i}")


# ------------------------------------------------------------------------------------------------- dtypes and layouts
@check
def dtype_and_shape(s: Setup) -> None:
    """Gradients have their input's shape and dtype; the node knows its output's."""
    for dtype in (np.float64, np.float32):
        args = s.tensors(dtype)
        ys = s.run(args)
        for y in ys:
            require(isinstance(y, Tensor), f"returns a {type(y).__name__}, not a Tensor")
            if y.node is not None:
                require(
                    tuple(y.node.shape) == tuple(y.shape) and y.node.dtype == y.dtype,
                    "the node's shape or dtype is not the output's",
                )
        for i, g in zip(s.wanted, s.gradients(args), strict=False):
            x = args[i]
            require(
                g.shape == x.shape, f"the gradient of input {i} has shape {list(g.shape)}, the input {list(x.shape)}"
            )
            require(g.dtype == x.dtype, f"the gradient of input {i} is {g.dtype}, the input {x.dtype}")


@check
def float32_agrees(s: Setup) -> None:
    """In float32 the values and gradients are those of float64, to float32's precision, and stay float32."""
    if not s.floats:
        return
    rounded = [
        np.asarray(x, np.float32).astype(np.float64) if i in s.floats else x for i, x in enumerate(s.case.inputs)
    ]
    single, double = s.tensors(np.float32), s.tensors(inputs=rounded)
    a, b = s.run(single), s.run(double)
    tolerance = 2e-5 * s.case.tolerance
    for y, z in zip(a, b, strict=True):
        require(y.dtype == z.dtype or (y.dtype == np.float32 and z.dtype == np.float64) or "dtype" in s.case.params,
                f"float32 in gives {y.dtype} out, where float64 in gives {z.dtype}")  # fmt: skip
        require(
            _near(np.asarray(y.value, z.dtype), z.value, tolerance),
            "the float32 result is not the float64 one to its precision",
        )
    if not s.smooth:
        return
    for i, g, h in zip(s.wanted, s.gradients(single), s.gradients(double), strict=False):
        require(
            _near(g.value.astype(np.float64), h.value, 20 * tolerance),
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
                require(_near(a, b, 1e-12), f"input {i} in {name} memory gives another result")
            for k, a, b in zip(s.wanted, values(s.gradients(args)), slopes, strict=False):
                require(_near(a, b, 1e-11), f"input {i} in {name} memory gives another gradient of input {k}")
        if x.ndim and x.shape[0] > 1 and i in s.floats:
            same = np.broadcast_to(x[:1], x.shape)
            one, two = s.tensors(inputs=plain), s.tensors(inputs=plain)
            one[i], two[i] = wrap(same), wrap(np.array(same))
            for a, b in zip(values(s.run(one)), values(s.run(two)), strict=True):
                require(_near(a, b, 1e-12), f"input {i} in broadcast memory (stride 0) gives another result")


@check
def zero_size(s: Setup) -> None:
    """An elementwise operation takes arrays without entries."""
    arrays = [x for x in s.case.inputs if isinstance(x, np.ndarray)]
    if s.case.params or s.prim.variadic or len(arrays) != len(s.case.inputs) or any(not x.ndim for x in arrays):
        return
    outs = values(s.run(s.tensors()))
    if len(outs) != 1 or any(x.shape != outs[0].shape for x in arrays) or s.prim.family in ("shape", "linalg"):
        return
    empty = s.tensors(inputs=[x[:0] for x in arrays])
    y = s.run(empty)[0]
    require(y.shape == (0, *outs[0].shape[1:]), f"of empty inputs the result has shape {list(y.shape)}")
    for g, x in zip(s.gradients(empty), [empty[i] for i in s.wanted], strict=False):
        require(g.shape == x.shape, "the gradient of an empty input has another shape")


# ------------------------------------------------------------------------------------------------- side effects
@check
def nothing_overwritten(s: Setup) -> None:
    """Neither inputs nor the gradients that arrive are written to."""
    args = s.tensors()
    before = [np.array(a.value) if isinstance(a, Tensor) else a for a in args]
    ys = s.live(args)
    kept_out = values(ys)
    weights = s.weights(ys)
    copies = [w.copy() for w in weights]
    if ys:
        from ..autograd.walks import grad

        grad(ys, [args[i] for i in s.wanted], [wrap(w) for w in weights], retain_graph=True, allow_unused=True)
    else:
        s.run(args)
    for i, (a, b) in enumerate(zip(args, before, strict=True)):
        require(
            not isinstance(a, Tensor) or np.array_equal(a.value, b, equal_nan=a.value.dtype.kind == "f"),
            f"input {i} was overwritten",
        )
    require(
        all(np.array_equal(w, c) for w, c in zip(weights, copies, strict=True)),
        "the gradient that arrived was overwritten",
    )
    require(
        all(np.array_equal(y.value, k, equal_nan=True) for y, k in zip(ys, kept_out, strict=True)),
        "backward overwrote the output",
    )


@check
def no_shared_memory(s: Setup) -> None:
    """Outputs share memory with an input only if the operation is a view; accumulated gradients with nothing."""
    args = s.tensors()
    ys = s.run(args)
    if not s.prim.view:
        for i, a in enumerate(args):
            for y in ys:
                require(
                    not isinstance(a, Tensor) or y is a or not _overlap(a.value, y.value),
                    f"the output shares memory with input {i}",
                )
    ys = [y for y in ys if y.requires_grad]
    if not ys:
        return
    weights = s.weights(ys)
    from ..autograd.walks import backward

    backward(ys, [wrap(w) for w in weights])
    named = [(f"the gradient of input {i}", args[i].grad.value) for i in s.wanted if args[i].grad is not None]
    others = [(f"input {i}", a.value) for i, a in enumerate(args) if isinstance(a, Tensor)]
    others += [("the gradient that arrived", w) for w in weights]
    for k, (name, g) in enumerate(named):
        for other, x in [*named[:k], *others]:
            require(not _overlap(g, x), f"{name} shares memory with {other}")


def _overlap(a: Any, b: Any) -> bool:
    return (
        isinstance(a, np.ndarray)
        and isinstance(b, np.ndarray)
        and bool(np.may_share_memory(a, b))
        and bool(a.size and b.size)
    )


@check
def nothing_recorded_without_grad(s: Setup) -> None:
    """Under no_grad() and inference_mode(), and of inputs that want no gradient, nothing is recorded."""
    with no_grad():
        require(all(y.node is None for y in s.run(s.tensors())), "records under no_grad()")
    with inference_mode():
        made = s.run(s.tensors(grad=False))
    require(all(y.node is None and y.is_inference() for y in made), "inference_mode() leaves no inference tensor")
    require(all(y.node is None for y in s.run(s.tensors(grad=False))), "records although no input requires a gradient")


@check
def graph_released(s: Setup) -> None:
    """After backward nothing of the graph is kept, without the help of the garbage collector."""
    if not s.differentiable:
        return
    from ..autograd.walks import backward
    from ..ops.shape import clone

    enabled = gc.isenabled()
    gc.disable()
    try:
        args = s.tensors()
        leaves = [args[i] for i in s.wanted]
        for i in s.wanted:
            args[i] = clone(args[i])
        ys = s.live(args)
        if not ys:
            return
        watched = [weakref.ref(a.value) for a in args if isinstance(a, Tensor) and isinstance(a.value, np.ndarray)]
        watched += [weakref.ref(y) for y in ys]
        nodes = [y.grad_fn for y in ys]
        backward(ys, [wrap(w) for w in s.weights(ys)])
        require(
            all(n is None or n.prim is None or not n.kept for n in nodes),
            "backward left what the rules needed on the node",
        )
        del args, ys, nodes, leaves
        require(
            all(r() is None for r in watched),
            "values are still alive after backward: something holds them, or a reference cycle",
        )
    finally:
        if enabled:
            gc.enable()


@check
def twice_doubles(s: Setup) -> None:
    """A second backward adds to `.grad`."""
    from ..autograd.walks import backward

    args = s.tensors()
    ys = s.live(args)
    if not ys:
        return
    backward(ys, [wrap(w) for w in s.weights(ys)])
    once = [None if args[i].grad is None else np.array(args[i].grad.value) for i in s.wanted]
    ys = s.live(args)
    backward(ys, [wrap(w) for w in s.weights(ys)])
    for i, g in zip(s.wanted, once, strict=True):
        require(
            g is None or _near(args[i].grad.value, 2 * g, 1e-12),
            f"after a second backward the gradient of input {i} is not doubled",
        )


# ------------------------------------------------------------------------------------------------- structure
@check
def linear_and_adjoint(s: Setup) -> None:
    """Where the rule of an input wants neither that input nor the output, the operation is affine in it, and rule and operation
    are an adjoint pair: ⟨A x, w⟩ = ⟨x, Aᵀ w⟩ to rounding."""
    if s.prim.variadic or not s.smooth or not s.differentiable:
        return
    args = s.tensors(grad=False)
    for i in s.wanted:
        if any(i in k.wanted_by and (k.kind == "output" or (k.kind == "input" and k.index == i)) for k in s.prim.keep):
            if not s.random:
                continue
        if any(isinstance(v, np.ndarray) for v in s.case.params.values()):
            continue
        moved = list(args)
        x = np.array(args[i].value)
        moved[i] = wrap(np.zeros_like(x))
        zero = values(s.run(moved))
        leaf = wrap(x.copy(), requires_grad=True)
        moved[i] = leaf
        ys = s.run(moved)
        moved[i] = wrap(x / 2)
        middle = s.run(moved)
        live = [(y, z) for y, z in zip(ys, zero, strict=True) if y.requires_grad]
        affine = all(_near(2 * m.value, y.value + z, 1e-12) for m, y, z in zip(middle, ys, zero, strict=True) if y.requires_grad)
        if not live or not affine:
            continue  # in pieces only: frac, fmod
        from ..autograd.walks import grad

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
def float_kernel_agrees(s: Setup) -> None:
    """The kernel over Python floats (Scalar) gives the reference's values and gradients."""
    kernel = s.prim.kernels.get(float)
    if (
        kernel is None
        or s.prim.variadic
        or not all(isinstance(x, np.ndarray) and x.dtype.kind == "f" for x in s.case.inputs)
    ):
        return
    from ..scalar import Scalar

    shape = np.broadcast_shapes(*(x.shape for x in s.case.inputs))
    flat = [np.broadcast_to(x, shape).reshape(-1)[:3] for x in s.case.inputs]
    for entry in zip(*flat, strict=True):
        numbers = [float(v) for v in entry]
        arrays = [wrap(np.array(v), requires_grad=i in s.wanted) for i, v in enumerate(numbers)]
        want = s.run(arrays)[0]
        scalars = [Scalar(v) for v in numbers]
        got = s.prim(*scalars, **s.case.params)
        require(
            _near(float(got), float(want.detach().value), 1e-12),
            f"Scalar gives {float(got)!r}, Tensor {float(want.detach().value)!r} at {numbers}",
        )
        if want.requires_grad and s.smooth:
            want.backward()
            got.backward()
            for i in s.wanted:
                g = 0.0 if arrays[i].grad is None else float(arrays[i].grad.value)
                require(
                    _near(scalars[i].grad or 0.0, g, 1e-11),
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
