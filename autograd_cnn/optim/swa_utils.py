"""Averages of a model's parameters over training: stochastic weight averaging and exponential moving averages.

Source: Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", 2018.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from typing import Any, Literal

from ..config import no_grad
from ..nn import Module
from ..nn.layers.norm import _BatchNorm
from ..support.listing import listed
from ..tensors.creation import tensor
from ..tensors.tensor import Tensor
from .lr_scheduler import LRScheduler
from .optimizer import Optimizer

__all__ = ["SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn", "update_bn"]

Average = Callable[[Tensor, Tensor, Any], Tensor]


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """The exponential moving average: a ← decay · a + (1 − decay) · p.

    Raises:
        ValueError: a decay outside of [0, 1].

    >>> import autograd_cnn as ac
    >>> get_ema_avg_fn(0.5)(ac.tensor(0.), ac.tensor(1.), 3)
    tensor(0.5000)
    """
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")

    def update(averaged: Tensor, current: Tensor, num_averaged: Any) -> Tensor:
        with no_grad():
            made: Tensor = averaged * decay + current * (1 - decay)
            return made

    return update


def get_swa_avg_fn() -> Average:
    """The plain average: a ← a + (p − a) / (n + 1).

    >>> import autograd_cnn as ac
    >>> get_swa_avg_fn()(ac.tensor(0.), ac.tensor(1.), 1)
    tensor(0.5000)
    """

    def update(averaged: Tensor, current: Tensor, num_averaged: Any) -> Tensor:
        with no_grad():
            made: Tensor = averaged + (current - averaged) / (float(num_averaged) + 1)
            return made

    return update


def _all_at_once(one: Average) -> Callable[[Any, Any, Any], None]:
    def update(averaged: Iterable[Tensor], current: Iterable[Tensor], num_averaged: Any) -> None:
        with no_grad():
            for a, p in zip(averaged, current, strict=True):
                a.copy_(one(a, p, num_averaged))

    return update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[[Any, Any, Any], None]:
    """`get_ema_avg_fn` over lists of tensors, in place.

    >>> import autograd_cnn as ac
    >>> a = [ac.tensor(0.)]
    >>> get_ema_multi_avg_fn(0.5)(a, [ac.tensor(1.)], 3)
    >>> a
    [tensor(0.5000)]
    """
    return _all_at_once(get_ema_avg_fn(decay))


def get_swa_multi_avg_fn() -> Callable[[Any, Any, Any], None]:
    """`get_swa_avg_fn` over lists of tensors, in place.

    >>> import autograd_cnn as ac
    >>> a = [ac.tensor(0.)]
    >>> get_swa_multi_avg_fn()(a, [ac.tensor(1.)], 1)
    >>> a
    [tensor(0.5000)]
    """
    return _all_at_once(get_swa_avg_fn())


class AveragedModel(Module):
    """A copy of a model that holds the average of its parameters: `update_parameters(model)` after each step or epoch; call it for the
    averaged model's answers.

    Args:
        avg_fn: (average, parameter, number of averages so far) → the new average; the plain average by default.
        multi_avg_fn: the same over lists, in place.
        use_buffers: average the buffers, too; else they are copied.

    >>> import autograd_cnn as ac
    >>> from autograd_cnn import nn
    >>> model = nn.Linear(1, 1)
    >>> averaged = AveragedModel(model)
    >>> averaged.update_parameters(model)
    >>> ac.equal(averaged.module.weight, model.weight)
    True
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: Callable[[Any, Any, Any], None] | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise ValueError("Only one of avg_fn and multi_avg_fn should be provided: AveragedModel got both.")
        self.module = copy.deepcopy(model)
        self.register_buffer("n_averaged", tensor(0))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the model's parameters into the average."""

        def averaged_of(m: Module) -> list[Tensor]:
            return [*m.parameters(), *(m.buffers() if self.use_buffers else ())]

        mine, theirs = averaged_of(self.module), averaged_of(model)
        with no_grad():
            if int(self.n_averaged) == 0:
                for a, p in zip(mine, theirs, strict=True):
                    a.copy_(p)
            elif self.avg_fn is not None:
                for a, p in zip(mine, theirs, strict=True):
                    a.copy_(self.avg_fn(a.detach(), p.detach(), self.n_averaged))
            else:
                (self.multi_avg_fn or get_swa_multi_avg_fn())(mine, theirs, self.n_averaged)
            if not self.use_buffers:
                for a, p in zip(self.module.buffers(), model.buffers(), strict=True):
                    a.copy_(p)
            self.n_averaged += 1


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Estimate the running statistics of a model's batch norms anew, from one pass over the data (the averaged parameters' activations are
    not those that the estimates were made from). A batch may be a tensor, or a list or tuple that begins with one.

    >>> import autograd_cnn as ac
    >>> from autograd_cnn import nn
    >>> net = nn.BatchNorm1d(1)
    >>> update_bn([ac.tensor([[1.], [3.]])], net)
    >>> net.running_mean
    tensor([2.])
    """
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    if not norms:
        return
    momenta = [m.momentum for m in norms]
    was_training = model.training
    model.train()
    try:
        for m in norms:
            m.reset_running_stats()
            m.momentum = None
        with no_grad():
            for batch in loader:
                model(batch[0] if isinstance(batch, list | tuple) else batch)
    finally:
        for m, momentum in zip(norms, momenta, strict=True):
            m.momentum = momentum
        model.train(was_training)


class SWALR(LRScheduler):
    """From each group's rate to a constant `swa_lr`, over `anneal_epochs` steps: along a cosine ("cos"), or a line ("linear").

    Raises:
        ValueError: another strategy, or a number of epochs that is none.

    >>> import autograd_cnn as ac
    >>> optimizer = ac.optim.SGD([ac.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = SWALR(optimizer, swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear")
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float,
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        rates = list(swa_lr) if isinstance(swa_lr, list | tuple) else [swa_lr] * len(optimizer.param_groups)
        if len(rates) != len(optimizer.param_groups):
            raise ValueError(
                f"swa_lr must have the same length as optimizer.param_groups: swa_lr has {len(rates)}, "
                f"optimizer.param_groups has {len(optimizer.param_groups)}"
            )
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = rate
        self._anneal_strategy, self.anneal_epochs = anneal_strategy, anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, t: float) -> float:
        """How much of the way is gone after the share t of the epochs."""
        return (1 - math.cos(math.pi * t)) / 2 if self._anneal_strategy == "cos" else t

    def get_lr(self) -> list[Any]:
        """The rates of the next step."""
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before = self._share(max(0.0, min(1.0, (step - 1) / max(1, self.anneal_epochs))))
        now = self._share(max(0.0, min(1.0, step / max(1, self.anneal_epochs))))
        made = []
        for group in self.optimizer.param_groups:
            goal = group["swa_lr"]
            first = goal if before == 1 else (group["lr"] - before * goal) / (1 - before)  # the rate the way began from
            made.append(goal * now + first * (1 - now))
        return made


def __dir__() -> list[str]:
    return listed(globals())
