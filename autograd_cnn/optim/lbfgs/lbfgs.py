"""L-BFGS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ...config import enable_grad
from ...engine import versions
from ...errors import expected
from ...tensors.tensor import Tensor, wrap
from ..checks import check_lr, check_not_negative
from ..elementwise import number, writable
from ..optimizer import Closure, Optimizer, ParamsT
from .line_search import Point, strong_wolfe

Array = npt.NDArray[Any]
State = dict[str, Any]


class LBFGS(Optimizer):
    """Quasi-Newton steps with a curvature remembered from the last `history_size` steps. For whole-batch training.

        d ← −H · g, H from the pairs s = Δp, y = Δg         (two-loop recursion)
        p ← p + t · d, t = lr, or by a line search

    `step` needs a closure that clears the gradients, computes the loss, calls `backward()` and returns the loss; it is
    called several times a step. Memory: (2 · history_size + 4) times that of the parameters.

    Args:
        params: tensors or (name, tensor) pairs; one parameter group.
        lr: step length, or the line search's first guess; a number or a tensor of one element.
        max_iter: iterations a step.
        max_eval: calls of the closure a step; 5/4 of max_iter where none is given.
        tolerance_grad: stop when no |gᵢ| is greater.
        tolerance_change: stop when neither the loss nor a parameter changes more.
        history_size: how many pairs are remembered.
        line_search_fn: None or `"strong_wolfe"`.
        l1: L1 regularisation: l1 · Σ|p| is added to the loss the line search sees, l1 · sign(p) to the gradient.

    Raises:
        ValueError: a negative lr or more than one group.
        RuntimeError: an unknown line search.

    >>> import autograd_cnn as ac
    >>> w = ac.tensor([3.0, -2.0], requires_grad=True)
    >>> optimizer = ac.optim.LBFGS([w], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (w * w).sum()
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure).item()  # the loss before the step
    13.0
    >>> closure().item() < 1e-10
    True

    Source: Nocedal 1980, Updating quasi-Newton matrices with limited storage; Schmidt's minFunc.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
        *,
        l1: float = 0.0,
    ) -> None:
        check_lr("LBFGS", lr)
        check_not_negative("LBFGS", l1=l1)
        super().__init__(
            params,
            {
                "lr": lr,
                "max_iter": max_iter,
                "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
                "tolerance_grad": tolerance_grad,
                "tolerance_change": tolerance_change,
                "history_size": history_size,
                "line_search_fn": line_search_fn,
                "l1": l1,
            },
        )

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Takes the first group; a second is an error, since all parameters move along one direction."""
        if self.param_groups:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        super().add_param_group(param_group)

    @property
    def _params(self) -> list[Tensor]:
        params: list[Tensor] = self.param_groups[0]["params"]
        return params

    def step(self, closure: Closure | None = None) -> Any:
        """Up to `max_iter` iterations; the loss of the first evaluation."""
        if closure is None:
            raise TypeError(expected("LBFGS.step", "a closure that computes the loss and gradients", "none", "Call step(closure)."))
        group = self.param_groups[0]
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError(f"only 'strong_wolfe' is supported, got line_search_fn={group['line_search_fn']!r}")
        outside = np.geterr()

        def evaluate() -> Any:
            with enable_grad(), np.errstate(**outside):  # the user's code warns as the user set it
                return closure()

        with np.errstate(all="ignore"):
            return _Run(self._params, group, self.state[self._params[0]], evaluate).iterate()


class _Run:
    """One call of `step`: the parameters as one flat vector."""

    def __init__(self, params: list[Tensor], group: State, state: State, closure: Callable[[], Any]) -> None:
        self.params = params
        self.group = group
        self.kept = state
        self.closure = closure
        self.l1 = float(number(group.get("l1", 0.0)))
        self.evaluations = 0

    def iterate(self) -> Any:
        kept, group = self.kept, self.group
        kept.setdefault("func_evals", 0)
        kept.setdefault("n_iter", 0)
        lr = number(group["lr"])
        first_loss = self.closure()
        loss, g = self.objective(first_loss), self.gradient()
        self.evaluations = 1
        kept["func_evals"] += 1
        if np.abs(g).max() <= group["tolerance_grad"]:
            return first_loss

        memory = _Memory(kept, group["history_size"])
        old_loss = kept.get("prev_loss")
        for n in range(1, group["max_iter"] + 1):
            kept["n_iter"] += 1
            memory.direct(g, first=kept["n_iter"] == 1)
            memory.g = g
            old_loss = loss
            memory.t = min(1.0, 1.0 / np.abs(g).sum()) * lr if kept["n_iter"] == 1 else lr
            slope = np.dot(g, memory.d)
            if slope > -group["tolerance_change"]:
                break
            last = n == group["max_iter"]
            before = self.evaluations
            loss, g, memory.t = self.move(loss, g, slope, memory, last)
            kept["func_evals"] += self.evaluations - before
            if last or self.evaluations >= group["max_eval"] or np.abs(g).max() <= group["tolerance_grad"]:
                break
            if np.abs(memory.d * memory.t).max() <= group["tolerance_change"]:
                break
            if abs(loss - old_loss) < group["tolerance_change"]:
                break
        memory.keep(kept, old_loss)
        return first_loss

    def move(self, loss: float, g: Array, slope: Any, memory: _Memory, last: bool) -> tuple[float, Array, Any]:
        """Go along the direction; the loss, the gradient and the step length taken."""
        if self.group["line_search_fn"] is None:
            self.add(memory.t, memory.d)
            if last:  # the next step begins with an evaluation: with mini-batches this one would be wasted
                return loss, g, memory.t
            self.evaluations += 1
            loss = self.objective(self.closure())
            return loss, self.gradient(), memory.t
        start = [writable(p).copy() for p in self.params]

        def at(t: Any) -> Point:
            self.add(t, memory.d)
            loss = self.objective(self.closure())
            g = self.gradient()
            for p, old in zip(self.params, start, strict=True):
                raw = writable(p)
                np.copyto(raw, old)
                versions.wrote(raw)
            return Point(t, loss, g, np.dot(g, memory.d))

        best, evaluations = strong_wolfe(
            at,
            Point(0, loss, g, slope),
            memory.t,
            np.abs(memory.d).max(),
            max_ls=self.group["max_eval"] - self.evaluations,
        )
        self.evaluations += evaluations
        self.add(best.t, memory.d)
        return best.f, best.g, best.t

    def objective(self, loss: Any) -> float:
        """The loss with its L1 penalty."""
        value = float(loss.item() if isinstance(loss, Tensor) else loss)
        if self.l1:
            value += self.l1 * sum(float(np.abs(p.value).sum()) for p in self.params)
        return value

    def gradient(self) -> Array:
        """All gradients in one flat vector; zeros where there is none."""
        flat = [np.ravel(np.zeros_like(p.value) if p.grad is None else p.grad.value) for p in self.params]
        g = np.concatenate(flat)
        if self.l1:
            g += self.l1 * np.sign(np.concatenate([np.ravel(p.value) for p in self.params]))
        return g

    def add(self, t: Any, d: Array) -> None:
        """p ← p + t · d, in place."""
        start = 0
        for p in self.params:
            raw = writable(p)
            part = d[start : start + raw.size].reshape(raw.shape)
            np.add(raw, part * float(t), out=raw)
            versions.wrote(raw)
            start += raw.size


class _Memory:
    """The direction and the pairs (y, s) it comes from; between steps they are Tensors in the optimizer's state."""

    def __init__(self, kept: State, size: int) -> None:
        self.size = size
        self.d: Array = _raw(kept.get("d"))
        self.t: Any = _raw(kept.get("t"))
        self.ys: list[Array] = [_raw(y) for y in kept.get("old_dirs") or []]
        self.steps: list[Array] = [_raw(s) for s in kept.get("old_stps") or []]
        self.ro: list[Any] = [_raw(r) for r in kept.get("ro") or []]
        self.scale: Any = _raw(kept.get("H_diag", 1))
        self.g: Array = _raw(kept.get("prev_flat_grad"))

    def direct(self, g: Array, first: bool) -> None:
        """The next direction: −g at first, then −H·g after the last step was remembered."""
        if first:
            self.ys, self.steps, self.ro, self.scale = [], [], [], 1
            self.d = -g
            return
        self._remember(g - self.g, self.d * self.t)
        q = -g
        al = [0.0] * len(self.ys)
        for i in range(len(self.ys) - 1, -1, -1):
            al[i] = np.dot(self.steps[i], q) * self.ro[i]
            q -= al[i] * self.ys[i]
        q *= self.scale
        for i in range(len(self.ys)):
            q += (al[i] - np.dot(self.ys[i], q) * self.ro[i]) * self.steps[i]
        self.d = q

    def _remember(self, y: Array, s: Array) -> None:
        ys = np.dot(y, s)
        if not ys > 1e-10:  # no curvature to learn from
            return
        if len(self.ys) == self.size:
            for history in (self.ys, self.steps, self.ro):
                history.pop(0)
        self.ys.append(y)
        self.steps.append(s)
        self.ro.append(1.0 / ys)
        self.scale = ys / np.dot(y, y)

    def keep(self, kept: State, loss: float | None) -> None:
        """Into the state, in PyTorch's layout."""
        kept["d"] = _boxed(self.d)
        kept["t"] = _boxed(self.t)
        kept["old_dirs"] = [_boxed(y) for y in self.ys]
        kept["old_stps"] = [_boxed(s) for s in self.steps]
        kept["ro"] = [_boxed(r) for r in self.ro]
        kept["H_diag"] = _boxed(self.scale)
        kept["prev_flat_grad"] = _boxed(self.g)
        kept["prev_loss"] = loss


def _raw(x: Any) -> Any:
    if not isinstance(x, Tensor):
        return x
    return x.value if x.ndim else number(x)


def _boxed(x: Any) -> Any:
    return wrap(np.asarray(x)) if isinstance(x, (np.ndarray, np.generic)) else x
