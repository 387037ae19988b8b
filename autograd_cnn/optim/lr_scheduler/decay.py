"""Schedules that go one way: in steps, at milestones, linearly, exponentially, as a polynomial.

Each comes in two forms. `get_lr` goes from the present rate to the next, so that several schedulers can act on one
optimizer; `_get_closed_form_lr` computes the rate of an epoch from the initial one, for `step(epoch)`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable

from ..optimizer import Optimizer
from .base import LRScheduler, Rate, check_period, own, rates


class _Decay(LRScheduler):
    def _scaled(self, factor: float) -> list[Rate]:
        return [group["lr"] * factor for group in self.optimizer.param_groups]

    def _base_scaled(self, factor: float) -> list[Rate]:
        return [base * factor for base in self.base_lrs]


class StepLR(_Decay):
    """lr ← lr · gamma every `step_size` epochs.

    Args:
        optimizer: whose rates it sets.
        step_size: the period, in epochs.
        gamma: the factor.
        last_epoch: −1 to begin.

    >>> import autograd_cnn as ac
    >>> optimizer = ac.optim.SGD([ac.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = ac.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    >>> seen = []
    >>> for _ in range(5):
    ...     seen += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> seen
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        check_period("StepLR", "step_size", step_size)
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Rate]:
        """The present rates, times gamma at a multiple of step_size."""
        self._warn_outside_step()
        if self.last_epoch == 0 or self.last_epoch % self.step_size != 0:
            return rates(self.optimizer)
        return self._scaled(self.gamma)

    def _get_closed_form_lr(self) -> list[Rate]:
        return self._base_scaled(self.gamma ** (self.last_epoch // self.step_size))


class MultiStepLR(_Decay):
    """lr ← lr · gamma at each of the epochs in `milestones`; at one that is named n times, by gammaⁿ.

    Args:
        optimizer: whose rates it sets.
        milestones: epochs.
        gamma: the factor.
        last_epoch: −1 to begin.

    >>> import autograd_cnn as ac
    >>> optimizer = ac.optim.SGD([ac.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = ac.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[1, 3], gamma=0.5)
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Rate]:
        """The present rates, times gamma at a milestone."""
        self._warn_outside_step()
        if self.last_epoch not in self.milestones:
            return rates(self.optimizer)
        return self._scaled(self.gamma ** self.milestones[self.last_epoch])

    def _get_closed_form_lr(self) -> list[Rate]:
        passed = bisect_right(sorted(self.milestones.elements()), self.last_epoch)
        return self._base_scaled(self.gamma**passed)


class ConstantLR(_Decay):
    """lr = factor · initial_lr for the first `total_iters` epochs, then initial_lr.

    Args:
        optimizer: whose rates it sets.
        factor: in [0, 1].
        total_iters: how many epochs it is in force.
        last_epoch: −1 to begin.

    >>> import autograd_cnn as ac
    >>> optimizer = ac.optim.SGD([ac.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = ac.optim.lr_scheduler.ConstantLR(optimizer, factor=0.25, total_iters=1)
    >>> scheduler.get_last_lr()
    [0.25]
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [1.0]
    """

    def __init__(self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1) -> None:
        if not 0 <= factor <= 1.0:
            raise ValueError(f"Constant multiplicative factor expected to be between 0 and 1. Got {factor}.")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Rate]:
        """The present rates, times the factor at the beginning and divided by it at the end."""
        self._warn_outside_step()
        if self.last_epoch == 0:
            return self._scaled(self.factor)
        if self.last_epoch != self.total_iters:
            return rates(self.optimizer)
        if self.factor == 0:  # nothing is left to be scaled back
            return [own(base) for base in self.base_lrs]
        return self._scaled(1.0 / self.factor)

    def _get_closed_form_lr(self) -> list[Rate]:
        return self._base_scaled(self.factor + (self.last_epoch >= self.total_iters) * (1 - self.factor))


class LinearLR(_Decay):
    """lr = f · initial_lr, with f going linearly from `start_factor` to `end_factor` in `total_iters` epochs.

    Args:
        optimizer: whose rates it sets.
        start_factor: in (0, 1].
        end_factor: in [0, 1].
        total_iters: how many epochs the change takes.
        last_epoch: −1 to begin.

    >>> import autograd_cnn as ac
    >>> optimizer = ac.optim.SGD([ac.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = ac.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.75]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1.0:
            raise ValueError(f"Starting multiplicative factor expected to be greater than 0 and less or equal to 1. Got {start_factor}.")
        if not 0 <= end_factor <= 1.0:
            raise ValueError(f"Ending multiplicative factor expected to be between 0 and 1. Got {end_factor}.")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Rate]:
        """The present rates, times the ratio of this epoch's factor to the last one's."""
        self._warn_outside_step()
        if self.last_epoch == 0:
            return self._scaled(self.start_factor)
        if self._is_initial or self.last_epoch > self.total_iters:
            return rates(self.optimizer)
        rise = self.end_factor - self.start_factor
        return self._scaled(1.0 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise))

    def _get_closed_form_lr(self) -> list[Rate]:
        rise = self.end_factor - self.start_factor
        return self._base_scaled(self.start_factor + rise * min(self.total_iters, self.last_epoch) / self.total_iters)


class ExponentialLR(_Decay):
    """lr ← lr · gamma every epoch.

    Args:
        optimizer: whose rates it sets.
        gamma: the factor.
        last_epoch: −1 to begin.

    >>> import autograd_cnn as ac
    >>> optimizer = ac.optim.SGD([ac.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = ac.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.125]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Rate]:
        """The present rates times gamma."""
        self._warn_outside_step()
        return rates(self.optimizer) if self._is_initial else self._scaled(self.gamma)

    def _get_closed_form_lr(self) -> list[Rate]:
        return self._base_scaled(self.gamma**self.last_epoch)


class PolynomialLR(_Decay):
    """lr = initial_lr · (1 − epoch / total_iters)^power, and 0 from epoch `total_iters` on.

    Args:
        optimizer: whose rates it sets.
        total_iters: how many epochs the decay takes.
        power: of the polynomial.
        last_epoch: −1 to begin.

    >>> import autograd_cnn as ac
    >>> optimizer = ac.optim.SGD([ac.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = ac.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=4, power=2.0)
    >>> for _ in range(2):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> round(scheduler.get_last_lr()[0], 6)
    0.25
    """

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Rate]:
        """The present rates, times the ratio of this epoch's factor to the last one's."""
        self._warn_outside_step()
        if self._is_initial or self.last_epoch > self.total_iters:
            return rates(self.optimizer)
        now = 1.0 - self.last_epoch / self.total_iters
        before = 1.0 - (self.last_epoch - 1) / self.total_iters
        return self._scaled((now / before) ** self.power)

    def _get_closed_form_lr(self) -> list[Rate]:
        return self._base_scaled((1.0 - min(self.total_iters, self.last_epoch) / self.total_iters) ** self.power)
