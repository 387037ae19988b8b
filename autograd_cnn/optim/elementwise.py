"""Optimizers that treat every element alike: the update runs in place, block by block, with a small fixed scratch.

A parameter, its gradient and its state are cut into corresponding blocks of 128 KiB, and all operations of an update
run on one block before the next is touched; many blocks are shared among the threads. The block stays in the cache, so an update
of thirteen NumPy operations reads and writes memory about once; and no temporary ever has the size of a parameter.

The operations come in the order of PyTorch's single-tensor implementation, so that trajectories agree to rounding.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ..config import enable_grad
from ..engine import versions
from ..errors import InplaceError, expected
from ..kernels.errstate import enter_errstate, leave_errstate
from ..kernels.memory.threads import share
from ..tensors.tensor import Tensor, wrap
from ..types.promotion import get_default_dtype
from .checks import check_capturable, check_flags
from .optimizer import Closure, Optimizer

Array = npt.NDArray[Any]
State = dict[str, Any]
Phase = tuple[Any, ...]
Constant = Callable[[Any], Array]
Update = Callable[..., None]
Work = tuple[list[Array], Update, Callable[..., Array] | None]  # a block, its update, and what regularises its gradient

BLOCK_BYTES = 1 << 17
SHARED_BYTES = 1 << 23  # written, a fifth of a millisecond's work, from which all threads take part


def constants(dtype: Any) -> Constant:
    """Numbers as 0-d arrays of the parameter's dtype: NumPy takes them faster than Python's, to the same result."""
    return lambda x: np.array(x, dtype)


def regularised(c: Constant, maximize: bool, weight_decay: float, l1: float) -> Callable[..., Array] | None:
    """gradient(p, g, out, t): ± g + weight_decay · p + l1 · sign(p), into `out`; None where g stays as it is."""
    if not (maximize or weight_decay or l1):
        return None
    decay, sparsity = c(weight_decay), c(l1)

    def gradient(p: Array, g: Array, out: Array, t: Array) -> Array:
        if weight_decay:
            np.multiply(p, decay, out=out)
            g = np.subtract(out, g, out=out) if maximize else np.add(g, out, out=out)
        elif maximize:
            g = np.negative(g, out=out)
        if l1:
            np.sign(p, out=t)
            np.multiply(t, sparsity, out=t)
            g = np.add(g, t, out=out)
        return g

    return gradient


class Scratch:
    """Three rows of a block's size for each dtype, and their cuts to the shapes in use."""

    def __init__(self) -> None:
        self._rows: dict[Any, Array] = {}
        self._cuts: dict[Any, tuple[Array, Array, Array]] = {}

    def rows(self, like: Array) -> tuple[Array, Array, Array]:
        """Three arrays of the shape of `like`, which is at most a block."""
        key = (like.shape, like.dtype)
        cut = self._cuts.get(key)
        if cut is None:
            if len(self._cuts) > 1000:  # a process with ever new shapes
                self._cuts.clear()
            cut = self._cuts[key] = self._cut(like)
        return cut

    def _cut(self, like: Array) -> tuple[Array, Array, Array]:
        rows = self._rows.get(like.dtype)
        if rows is None:
            rows = self._rows[like.dtype] = np.empty((3, BLOCK_BYTES // like.itemsize), like.dtype)
        cut = rows[:, : like.size].reshape(3, *like.shape)
        return cut[0, ...], cut[1, ...], cut[2, ...]  # with the dots a 0-d row is an array too


_local = threading.local()


def scratch() -> Scratch:
    """This thread's."""
    made: Scratch | None = getattr(_local, "scratch", None)
    if made is None:
        made = _local.scratch = Scratch()
    return made


def blocks(arrays: list[Array]) -> Iterator[list[Array]]:
    """Corresponding parts of equally shaped arrays, each at most a block; views, whatever the memory layout."""
    first = arrays[0]
    if first.nbytes <= BLOCK_BYTES:
        yield arrays
    elif first.ndim > 1 and all(a.flags.c_contiguous for a in arrays):
        yield from blocks([a.reshape(-1) for a in arrays])
    elif first.ndim > 1 and all(a.flags.f_contiguous for a in arrays):
        yield from blocks([a.T.reshape(-1) for a in arrays])
    elif len(first) == 1:
        yield from blocks([a[0] for a in arrays])
    else:
        rows = max(1, BLOCK_BYTES * len(first) // first.nbytes)
        for i in range(0, len(first), rows):
            yield from blocks([a[i : i + rows] for a in arrays])


class Elementwise(Optimizer):
    """Base of the optimizers whose update of an element looks at that element only.

    A subclass gives `_rule`; gradients are regularised here, the same for all:

        g ← g + weight_decay · p + l1 · sign(p)        (−g instead of g with `maximize`)

    `weight_decay · p` is the gradient of the L2 penalty weight_decay/2 · Σ p²; `l1 · sign(p)` that of the L1 penalty
    l1 · Σ |p|, with 0 at p = 0. Where weight decay is decoupled (AdamW), only `l1` enters the gradient.
    """

    _keeps: ClassVar[tuple[str, ...]] = ()  # what a parameter's state holds at least, once there is any

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        check_flags(
            type(self).__name__,
            differentiable=defaults["differentiable"],
            foreach=defaults.get("foreach"),
            fused=defaults.get("fused"),
        )
        super().__init__(params, defaults)

    def step(self, closure: Closure | None = None) -> Any:
        """Update the parameters once from their gradients; a parameter whose gradient is None stays as it is.

        `closure`, where given, computes loss and gradients anew; its loss is returned.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            self._refuse(group)
        quiet = enter_errstate()  # infinities and NaNs pass through, as in PyTorch
        try:
            for group in self.param_groups:
                self._step_group(group)
        finally:
            leave_errstate(quiet)
        return loss

    def _refuse(self, group: dict[str, Any]) -> None:
        check_flags(type(self).__name__, differentiable=group.get("differentiable", False))
        check_capturable(f"{type(self).__name__}.step", group.get("capturable", False))

    def _step_group(self, group: dict[str, Any]) -> None:
        decay = 0.0 if group.get("decoupled_weight_decay") else float(number(group.get("weight_decay", 0.0)))
        penalty = float(number(group.get("l1", 0.0)))
        rules: dict[Any, tuple[Update, Callable[..., Array] | None]] = {}  # most parameters are in the same phase
        work: list[Work] = []
        written: list[Array] = []
        ready = [(p, p.grad, writable(p)) for p in group["params"] if p.grad is not None]  # what cannot be written to is refused first
        for p, grad, value in ready:
            phase, state = self._begin(group, p)
            arrays = [value, grad.value, *[writable(s) for s in state]]
            key = (phase, value.dtype)
            pair = rules.get(key)
            if pair is None:
                c = constants(value.dtype)
                pair = rules[key] = self._rule(group, c, *phase), regularised(c, group["maximize"], decay, penalty)
            work += [(part, *pair) for part in ((arrays,) if value.nbytes <= BLOCK_BYTES else blocks(arrays))]
            written += (value, *arrays[2:])
        if sum(array.nbytes for array in written) < SHARED_BYTES:
            _apply(work)
        else:
            share(_apply, work)
        for array in written:
            versions.wrote(array)

    @abstractmethod
    def _begin(self, group: dict[str, Any], p: Tensor) -> tuple[Phase, Sequence[Tensor]]:
        """Count the step of a parameter. Its phase: the numbers in its rule that are not the group's; and its state."""

    @abstractmethod
    def _rule(self, group: dict[str, Any], c: Constant, *phase: Any) -> Update:
        """The update for parameters in that phase, `update(t, u, p, g, *state)`; t, u: scratch; c makes constants."""

    def _check_state(self, index: Any, p: Tensor, state: dict[Any, Any]) -> None:
        name = type(self).__name__
        missing = [key for key in self._keeps if key not in state]
        if state and missing:
            raise KeyError(
                expected(
                    f"{name}.load_state_dict",
                    f"a state with {', '.join(self._keeps)} for parameter {index}",
                    f"one with {', '.join(map(str, state))}",
                    "It is the state dict of another optimizer.",
                )
            )
        for key, value in state.items():
            if key in ("step", "eta", "mu", "mu_product"):  # plain numbers, in state dicts of early versions
                keep = isinstance(value, Tensor) and value.dtype.kind == "f"
                state[key] = value if keep else scalar_tensor(float(value))
            elif isinstance(value, Tensor) and value.ndim and value.shape != p.shape:
                raise ValueError(
                    expected(
                        f"{name}.load_state_dict",
                        f"{key} of shape {tuple(p.shape)} for parameter {index}",
                        str(tuple(value.shape)),
                        "The parameters were in another order, or the model was another, when it was saved.",
                    )
                )


def number(x: Any) -> Any:
    """An option as a number: a tensor of one element becomes a NumPy scalar, so that it computes in its own dtype."""
    return np.asarray(x.value).reshape(())[()] if isinstance(x, Tensor) else x


def buffer(state: State, name: str, p: Tensor) -> Tensor:
    """The state tensor of that name, of the shape of `p`; zeros at first."""
    kept: Tensor | None = state.get(name)
    if kept is None:
        kept = state[name] = wrap(np.zeros_like(p.value, subok=False))
    return kept


def scalar_tensor(value: float) -> Tensor:
    """A 0-d tensor as PyTorch keeps `step` in: float32, or float64 where that is the default dtype."""
    dtype = np.float64 if get_default_dtype() == np.float64 else np.float32
    return wrap(np.array(value, dtype))


def advance(state: State) -> float:
    """Count one step; the count."""
    kept: Tensor | None = state.get("step")
    if kept is None:
        kept = state["step"] = scalar_tensor(0.0)
    count = kept.storage()
    count[()] = count.item() + 1.0  # a ufunc on a 0-d array takes ten times as long
    versions.wrote(count)
    return count.item()  # type: ignore[no-any-return]


def lerp(weight: float, c: Constant) -> Update:
    """lerp(a, b, t): a ← a + weight · (b − a), from the end that loses fewer digits; `t` is scratch."""
    near = abs(weight) < 0.5
    factor = c(weight if near else weight - 1.0)

    def update(a: Array, b: Array, t: Array) -> None:
        np.subtract(b, a, out=t)
        np.multiply(t, factor, out=t)
        np.add(a if near else b, t, out=a)

    return update


def mean_square(beta: float, c: Constant) -> Update:
    """mean_square(v, g, t): v ← beta · v + (1 − beta) · g²; `t` is scratch."""
    keep, take = c(beta), c(1.0 - beta)

    def update(v: Array, g: Array, t: Array) -> None:
        np.multiply(v, keep, out=v)
        np.multiply(g, take, out=t)
        np.multiply(t, g, out=t)
        np.add(v, t, out=v)

    return update


def add_scaled(a: Array, b: Array, factor: Array, t: Array) -> None:
    """a ← a + factor · b; `t` is scratch."""
    np.multiply(b, factor, out=t)
    np.add(a, t, out=a)


def add_whole(a: Array, b: Array, factor: Array, t: Array) -> None:
    """`add_scaled` for a factor of 1, to the same bits."""
    np.add(a, b, out=a)


def add_quotient(a: Array, b: Array, c: Array, factor: Array, t: Array) -> None:
    """a ← a + factor · b / c; `t` is scratch."""
    np.multiply(b, factor, out=t)
    np.divide(t, c, out=t)
    np.add(a, t, out=a)


def _apply(work: Sequence[Work]) -> None:
    """The updates, each of one block: of the parameter, its gradient and its state."""
    rows = scratch().rows
    for part, update, gradient in work:
        d, t, u = rows(part[0])
        if gradient is not None:
            part[1] = gradient(part[0], part[1], d, t)
        update(t, u, *part)


def writable(t: Tensor) -> Array:
    """The array `t` lives in, 0-d too, to be written to."""
    array: Array = t.storage()
    if not array.flags.writeable:
        raise InplaceError(
            "optimizer.step: expected parameters whose memory can be written to, got one over read-only memory. "
            "Build it from a copy: tensor(array.copy(), requires_grad=True)."
        )
    return array
