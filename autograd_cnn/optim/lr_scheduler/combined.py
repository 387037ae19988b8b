"""Several schedulers on one optimizer: one after another, or all at once."""

from __future__ import annotations

import warnings
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from ...errors import expected
from ..optimizer import Optimizer
from .base import LRScheduler, put, rates
from .plateau import ReduceLROnPlateau


class _Combined(LRScheduler):
    _schedulers: Sequence[LRScheduler]

    def _check(self, schedulers: Sequence[LRScheduler], optimizer: Any) -> None:
        name = type(self).__name__
        for i, scheduler in enumerate(schedulers):
            if not hasattr(scheduler, "optimizer"):
                raise TypeError(f"{name} at index {i} should have `optimizer` as its attribute.")
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError(
                    f"{name} does not support `ReduceLROnPlateau` scheduler as it requires additional kwargs to be "
                    f"specified when calling `step`, but got one at index {i} in the given schedulers sequence."
                )
            if optimizer is not scheduler.optimizer:
                raise ValueError(
                    f"{name} expects all schedulers to belong to the same optimizer, but got scheduler "
                    f"{type(scheduler).__name__} at index {i} has {scheduler.optimizer}, "
                    f"which is different from {type(optimizer).__name__}."
                )

    def _initial_step(self) -> None:
        with warnings.catch_warnings():  # the optimizer has made no step yet, and need not have
            warnings.simplefilter("ignore", UserWarning)
            super()._initial_step()

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer, with the state dicts of the schedulers inside."""
        state = super().state_dict()
        state["_schedulers"] = [scheduler.state_dict() for scheduler in self._schedulers]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the result of `state_dict()`, the inner schedulers' too."""
        saved = state_dict["_schedulers"]
        if len(saved) != len(self._schedulers):
            raise ValueError(expected(f"{type(self).__name__}.load_state_dict", f"{len(self._schedulers)} schedulers", str(len(saved))))
        super().load_state_dict({key: value for key, value in state_dict.items() if key != "_schedulers"})
        for scheduler, inner in zip(self._schedulers, saved, strict=True):
            scheduler.load_state_dict(inner)


class SequentialLR(_Combined):
    """One scheduler after another, each beginning at its milestone.

    Args:
        optimizer: the optimizer of all of them.
        schedulers: made for it, in order.
        milestones: the epochs at which the second, third, … takes over.
        last_epoch: −1 to begin.

    >>> import autograd_cnn as ac
    >>> optimizer = ac.optim.SGD([ac.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = ac.optim.lr_scheduler
    >>> warmup = schedule.ConstantLR(optimizer, factor=0.5, total_iters=2)
    >>> decay = schedule.ExponentialLR(optimizer, gamma=0.5)
    >>> scheduler = schedule.SequentialLR(optimizer, [warmup, decay], milestones=[2])
    >>> seen = []
    >>> for _ in range(4):
    ...     seen += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> seen
    [0.5, 0.5, 1.0, 0.5]
    """

    def __init__(self, optimizer: Optimizer, schedulers: list[LRScheduler], milestones: list[int], last_epoch: int = -1) -> None:
        if len(schedulers) < 1:
            raise ValueError(f"{type(self).__name__} expects at least one scheduler, but got no scheduler.")
        self._check(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "Sequential Schedulers expects number of schedulers provided to be one more than the number of "
                f"milestone points, but got number of schedulers {len(schedulers)} and the number of milestones to be "
                f"equal to {len(milestones)}"
            )
        self._schedulers = schedulers
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            put(group, "lr", group["initial_lr"])
        self.recursive_undo()  # each scheduler made its first step when it was built; only one of them shall count
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def recursive_undo(self, sched: LRScheduler | None = None) -> None:
        """Take back the step that each scheduler, also of nested sequences, made when it was built."""
        present = self if sched is None else sched
        if hasattr(present, "_schedulers"):
            for inner in present._schedulers:
                self.recursive_undo(inner)
        elif hasattr(present, "last_epoch"):
            present.last_epoch -= 1

    def step(self) -> None:  # type: ignore[override]
        """Set the rates of the next epoch, by the scheduler whose turn it is."""
        self.last_epoch += 1
        turn = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[turn]
        if turn > 0 and self._milestones[turn - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()

    def _update_lr(self, epoch: int | None = None) -> None:
        """Begin anew, inside a sequence whose turn it is: with the first scheduler's first rate."""
        self.last_epoch = 0
        first = self._schedulers[bisect_right(self._milestones, 0)]
        first._update_lr(0)
        self._last_lr = first.get_last_lr()


class ChainedScheduler(_Combined):
    """Several schedulers at once: each `step` steps them all, in order, so that their factors multiply.

    Args:
        schedulers: made for one optimizer.
        optimizer: that optimizer; the first scheduler's where none is given.

    >>> import autograd_cnn as ac
    >>> optimizer = ac.optim.SGD([ac.zeros(1, requires_grad=True)], lr=1.0)
    >>> schedule = ac.optim.lr_scheduler
    >>> both = [schedule.ConstantLR(optimizer, factor=0.5, total_iters=2), schedule.ExponentialLR(optimizer, gamma=0.5)]
    >>> scheduler = schedule.ChainedScheduler(both)
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        if len(schedulers) < 1:
            raise ValueError(f"{type(self).__name__} expects at least one scheduler to be chained, but got no scheduler.")
        self._check(schedulers, optimizer or getattr(schedulers[0], "optimizer", None))
        self.optimizer = optimizer or schedulers[0].optimizer
        self._schedulers = schedulers
        self._last_lr = rates(self.optimizer)

    def step(self) -> None:  # type: ignore[override]
        """Step all schedulers."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = rates(self.optimizer)

    def _update_lr(self, epoch: int | None = None) -> None:
        raise NotImplementedError(
            "ChainedScheduler: cannot begin at a milestone of a SequentialLR, since the product of its factors has no "
            "closed form. Let it be the first of the sequence, or chain sequences instead."
        )
