"""Cosine annealing, with and without restarts."""

from __future__ import annotations

import math

from ..optimizer import Optimizer
from .base import LRScheduler, Rate, check_period, rates, switched_on


class CosineAnnealingLR(LRScheduler):
    """lr = eta_min + ½ · (initial_lr − eta_min) · (1 + cos(π · epoch / T_max)), epoch by epoch.

    Args:
        optimizer: whose rates it sets.
        T_max: the epoch at which eta_min is reached; afterwards the rate rises again.
        eta_min: the least rate.
        last_epoch: −1 to begin.

    >>> import autograd_cnn as ac
    >>> optimizer = ac.optim.SGD([ac.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = ac.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=4)
    >>> for _ in range(2):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> round(scheduler.get_last_lr()[0], 6)
    0.5

    Source: Loshchilov and Hutter 2016, SGDR, arXiv:1608.03983 (its cosine, without the restarts).
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        check_period("CosineAnnealingLR", "T_max", T_max)
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Rate]:
        """From the present rates to the next, so that other schedulers may act too."""
        self._warn_outside_step()
        groups = self.optimizer.param_groups
        if self._is_initial:
            return rates(self.optimizer)
        if self._step_count == 1 and self.last_epoch > 0:
            return self._get_closed_form_lr()
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # the last rate was eta_min: no ratio from there
            rise = 1 - math.cos(math.pi / self.T_max)
            return [group["lr"] + (base - self.eta_min) * rise / 2 for base, group in zip(self.base_lrs, groups, strict=True)]
        now = 1 + math.cos(math.pi * self.last_epoch / self.T_max)
        before = 1 + math.cos(math.pi * (self.last_epoch - 1) / self.T_max)
        return [now / before * (group["lr"] - self.eta_min) + self.eta_min for group in groups]

    def _get_closed_form_lr(self) -> list[Rate]:
        height = 1 + math.cos(math.pi * self.last_epoch / self.T_max)
        return [self.eta_min + (base - self.eta_min) * height / 2 for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """lr = eta_min + ½ · (initial_lr − eta_min) · (1 + cos(π · T_cur / T_i)), from the top again after T_i epochs.

    Args:
        optimizer: whose rates it sets.
        T_0: the first period.
        T_mult: how many times longer each period is than the last.
        eta_min: the least rate.
        last_epoch: −1 to begin.

    `step(epoch)` with a fraction of an epoch, after each batch, is a documented use here: `step(epoch + i / n)`.

    >>> import autograd_cnn as ac
    >>> optimizer = ac.optim.SGD([ac.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = ac.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2)
    >>> seen = []
    >>> for _ in range(4):
    ...     seen += scheduler.get_last_lr()
    ...     scheduler.step()
    >>> seen
    [1.0, 0.5, 1.0, 0.5]

    Source: Loshchilov and Hutter 2016, SGDR, arXiv:1608.03983.
    """

    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        if not isinstance(T_0, int) or T_0 <= 0:
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if not isinstance(T_mult, int) or T_mult < 1:
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, (float, int)):
            raise ValueError(f"Expected float or int eta_min, but got {eta_min} of type {type(eta_min)}")
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Rate]:
        """The rates T_cur epochs after the last restart."""
        self._warn_outside_step()
        height = 1 + math.cos(math.pi * self.T_cur / self.T_i)
        return [self.eta_min + (base - self.eta_min) * height / 2 for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go on by one epoch, or to `epoch`, which may be a fraction."""
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            self._go_to(epoch)
        self.last_epoch = math.floor(epoch)
        with switched_on(self, "_get_lr_called_within_step"):
            values = self.get_lr()
        self._set(values)

    def _go_to(self, epoch: float) -> None:
        if epoch < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}")
        if epoch < self.T_0:
            self.T_i, self.T_cur = self.T_0, epoch
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:  # T_0 · (1 + T_mult + … + T_multⁿ⁻¹) epochs lie before the n-th restart
            n = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
            self.T_cur = epoch - self.T_0 * (self.T_mult**n - 1) / (self.T_mult - 1)
            self.T_i = self.T_0 * self.T_mult**n
