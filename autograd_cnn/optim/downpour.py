"""Asynchronous stochastic gradient descent: processes that do not wait for one another."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ..config import enable_grad
from ..tensors.tensor import Tensor, wrap
from .checks import check_lr, check_not_negative
from .optimizer import Optimizer, ParamsT

__all__ = ["Downpour"]


class Downpour(Optimizer):
    """Asynchronous SGD on parameters that all processes share: each adds its steps and reads what has come of all, without waiting.

        b ← μ · b + g + weight_decay · p            in each process
        p ← p − lr · b                              of the shared parameters, at once
        staleness of a step = steps of others between reading the parameters and adding it

    The shared parameters are divided among the memories of all processes. After a step the process's own parameters are the shared ones.
    When a process has made its last step it calls `finish`, which gives all of them the same.

    Args:
        momentum: how much of the last step is kept, in all. Steps that arrive late are a momentum themselves: gradients are applied s steps
            late on average, as under the momentum s / (s + 1). With `correct` the process's own μ makes up what is missing to `momentum`:
            their mean delays add, μ / (1 − μ) = max(0, momentum / (1 − momentum) − s), with the same total step lr / (1 − momentum).
        correct: whether to do so; s is measured.
        push_every, pull_every: steps after which what was added up is sent, and after which the shared parameters are read.
        bound: a process is at most so many steps ahead of the slowest one, and waits where it would be more; None: it never waits, and 0 is
            nearly synchronous.

    Attributes:
        staleness: how often this process's additions had which staleness (a Counter).
        waited: seconds that it waited because of `bound`.

    Raises:
        ValueError: `init_process_group` was not called; an option is out of range; the parameters are not all of float32, or of float64.
        RuntimeError: a step after `finish`.

    >>> import autograd_cnn as ac
    >>> ac.optim.Downpour(ac.nn.Linear(2, 1).parameters(), lr=0.01)
    Traceback (most recent call last):
        ...
    ValueError: Default process group has not been initialized, please make sure to call init_process_group.

    Source: Dean et al., "Large Scale Distributed Deep Networks", NeurIPS 2012 (Downpour SGD); Ho et al., "More Effective Distributed ML via a
    Stale Synchronous Parallel Parameter Server", NeurIPS 2013 (`bound`); Mitliagkas et al., "Asynchrony begets Momentum", 2016.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        *,
        correct: bool = True,
        push_every: int = 1,
        pull_every: int = 1,
        bound: int | None = None,
        process_group: Any = None,
    ) -> None:
        from ..distributed.groups import of

        self.process_group = of(process_group, "Downpour")
        check_lr("Downpour", lr)
        check_not_negative("Downpour", weight_decay=weight_decay)
        if not 0 <= momentum < 1:
            raise ValueError(f"Downpour: momentum: expected a number from 0 to below 1, got {momentum}.")
        for name, value, least in (("push_every", push_every, 1), ("pull_every", pull_every, 1), ("bound", bound, 0)):
            if value is not None and (not isinstance(value, int) or value < least):
                raise ValueError(f"Downpour: {name}: expected a whole number from {least} on, got {value!r}.")
        self.correct, self.push_every, self.pull_every, self.bound = correct, push_every, pull_every, bound
        self.staleness: Counter[int] = Counter()
        self.waited = 0.0
        self._steps, self._seen, self._mean = 0, 0, 0.0
        self._server: Any = None
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self._flat = [p for group in self.param_groups for p in group["params"]]
        kinds = sorted({str(p.dtype) for p in self._flat})
        if kinds not in (["float32"], ["float64"]):
            raise ValueError(f"Downpour: expected parameters of one dtype, float32 or float64, got {', '.join(kinds)}.")
        self._start()

    def _start(self) -> None:
        from ..distributed.server import Server

        self._server = Server(self.process_group, self._packed())
        self._unsent = np.zeros(self._server.size, self._server.dtype)
        self._pull()

    def _packed(self) -> np.ndarray[Any, Any]:
        from ..distributed.collectives import raw

        return np.concatenate([raw("Downpour", "params", p).reshape(-1) for p in self._flat])

    def _unpack(self, numbers: np.ndarray[Any, Any]) -> None:
        from ..distributed.collectives import put

        at = 0
        for p in self._flat:
            put(p, numbers[at : at + p.numel()])
            at += p.numel()

    def _pull(self) -> None:
        numbers, self._seen = self._server.read()
        self._unpack(numbers)

    def _push(self) -> None:
        stale = self._server.add(self._unsent) - self._seen
        self._seen += 1  # its own addition makes nothing stale
        self.staleness[stale] += 1
        self._mean += (stale - self._mean) / min(sum(self.staleness.values()), 100)
        self._unsent[:] = 0

    def own_momentum(self, momentum: float) -> float:
        """The μ of this process's own steps, of which `momentum` comes about in all."""
        if not self.correct or momentum == 0:
            return momentum
        delay = max(0.0, momentum / (1 - momentum) - self._mean)
        return delay / (1 + delay)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Only before the first: the shared memory has its size."""
        if self._server is not None:
            raise RuntimeError("Downpour.add_param_group: the parameters are shared already; give all of them to Downpour(…).")
        super().add_param_group(param_group)

    def step(self, closure: Any = None) -> Any:
        """Add this process's step to the shared parameters, and read them."""
        if self._server is None:
            raise RuntimeError("Downpour.step: after finish(), nothing is shared any more. Make a new Downpour.")
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        change = self._change()
        self._unsent += change
        self._steps += 1
        if self._steps % self.push_every == 0:
            self._push()
        self._server.tick()
        if self._steps % self.pull_every:
            self._unpack(self._packed() + change)
            return loss
        if self.bound is not None:
            self.waited += self._server.wait(self.bound)
        self._pull()
        if self._steps % self.push_every:  # what the others do not have yet
            self._unpack(self._packed() + self._unsent)
        return loss

    def _change(self) -> np.ndarray[Any, Any]:
        """What the step adds to each number."""
        parts = []
        for group in self.param_groups:
            total = group["momentum"]
            own = self.own_momentum(total)
            scale = float(group["lr"]) * (1 - own) / (1 - total)
            for p in group["params"]:
                if p.grad is None:
                    parts.append(np.zeros(p.numel(), self._server.dtype))
                    continue
                g = np.asarray(p.grad.detach().value)
                if group["weight_decay"]:
                    g = g + group["weight_decay"] * p.detach().value
                if total:
                    kept = self.state[p].get("momentum_buffer")
                    g = g.copy() if kept is None else own * kept.value + g
                    self.state[p]["momentum_buffer"] = wrap(g)
                parts.append((-scale * g).astype(self._server.dtype).reshape(-1))
        return np.concatenate(parts)

    def finish(self) -> None:
        """This process has made its last step: wait for the others, then all have the same parameters. All call it."""
        if self._server is None:
            return
        if self._unsent.any():
            self._push()
        numbers = self._server.finish()
        self._server = None
        self._unpack(numbers)
