"""The base of all learning rate schedulers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any
from weakref import ref

from ...tensors.tensor import Tensor
from ..optimizer import Optimizer

Rate = float | Tensor

EPOCH_DEPRECATION_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please use "
    "`scheduler.step()` to step the scheduler. With an epoch, the closed form is used instead of the chainable form, "
    "where there is one."
)


class LRScheduler:
    """Base class of the schedulers. A subclass implements `get_lr`, which returns the next rate of each group.

    Args:
        optimizer: whose `param_groups[i]["lr"]` it sets, at once and at each `step()`.
        last_epoch: −1 to begin; otherwise the number of the last epoch of a run that is resumed, and each parameter
            group must have its `"initial_lr"`, which `optimizer.load_state_dict` brings.

    Attributes: `last_epoch`, `base_lrs`. Make the scheduler before `optimizer.load_state_dict`: it sets the rates.

    >>> import autograd_cnn as ac
    >>> optimizer = ac.optim.SGD([ac.zeros(1, requires_grad=True)], lr=1.0)
    >>> class Halve(ac.optim.lr_scheduler.LRScheduler):
    ...     def get_lr(self):
    ...         return [base / 2**self.last_epoch for base in self.base_lrs]
    >>> scheduler = Halve(optimizer)
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.125]
    """

    _get_lr_called_within_step = False
    _is_initial = False
    _step_count: int
    _last_lr: list[Rate]
    optimizer: Optimizer
    base_lrs: list[Rate]
    last_epoch: int

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = check_optimizer(optimizer)
        if last_epoch == -1:
            for group in optimizer.param_groups:
                group.setdefault("initial_lr", own(group["lr"]))
        else:
            check_resumable(optimizer)
        self.base_lrs = rates(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        _watch_step(optimizer)
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        with switched_on(self, "_is_initial"):
            self.step()

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer, as a dict."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the result of `state_dict()`, this package's or PyTorch's. Load the optimizer's too."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list[Rate]:
        """The rates that were set last, one a group."""
        return self._last_lr

    def get_lr(self) -> list[Rate]:
        """The rates of epoch `last_epoch`, one a group; called by `step`. The present ones: `get_last_lr()`."""
        raise NotImplementedError(f"{type(self).__name__}: an LRScheduler's subclass must implement get_lr()")

    def step(self, epoch: int | None = None) -> None:
        """Set the rates of the next epoch. Call it after `optimizer.step()`. `epoch` is deprecated, as in PyTorch."""
        if self._step_count == 1:
            self._check_order()
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_DEPRECATION_WARNING, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _check_order(self) -> None:
        if not hasattr(self.optimizer.step, "_wrapped_by_lr_sched"):
            warnings.warn(
                "Seems like `optimizer.step()` has been overridden after learning rate scheduler initialization. "
                "Please, make sure to call `optimizer.step()` before `lr_scheduler.step()`.",
                UserWarning,
                stacklevel=3,
            )
        elif not getattr(self.optimizer, "_opt_called", False):
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. You should call them in the "
                "opposite order: `optimizer.step()` before `lr_scheduler.step()`. Otherwise the first value of the "
                "learning rate schedule is skipped.",
                UserWarning,
                stacklevel=3,
            )

    def _update_lr(self, epoch: int | None = None) -> None:
        with switched_on(self, "_get_lr_called_within_step"):
            self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
            closed_form: Callable[[], list[Rate]] | None = getattr(self, "_get_closed_form_lr", None)
            values = self.get_lr() if epoch is None or closed_form is None else closed_form()
        self._set(values)

    def _set(self, values: list[Rate]) -> None:
        for group, value in zip(self.optimizer.param_groups, values, strict=True):
            put(group, "lr", value)
        self._last_lr = rates(self.optimizer)

    def _warn_outside_step(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )


class _LRScheduler(LRScheduler):
    """The base's older name, which many programs derive from."""


def check_optimizer(optimizer: Any) -> Optimizer:
    """The optimizer, or TypeError."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
    return optimizer


def check_resumable(optimizer: Optimizer) -> None:
    """KeyError unless each group knows its initial rate."""
    for i, group in enumerate(optimizer.param_groups):
        if "initial_lr" not in group:
            raise KeyError(
                f"param 'initial_lr' is not specified in param_groups[{i}] when resuming scheduler with "
                "last_epoch >= 0. Load the optimizer's state dict first, or begin a new run with last_epoch=-1."
            )


def check_period(operation: str, name: str, value: int) -> None:
    """A period of 0 would divide by zero at the first step: say so now."""
    if value == 0:
        raise ZeroDivisionError(f"{operation}: expected {name} to be at least 1, got 0.")


def own(value: Any) -> Any:
    """The value, or a copy of it where it is a tensor, which others may write into."""
    return value.detach().clone() if isinstance(value, Tensor) else value


def rates(optimizer: Optimizer, key: str = "lr") -> list[Rate]:
    """`group[key]` of all groups, as values of their own."""
    return [own(group[key]) for group in optimizer.param_groups]


def put(group: dict[str, Any], key: str, value: Any) -> None:
    """Set an option of a group; a tensor stays the tensor it is and is written into."""
    present = group[key]
    if isinstance(present, Tensor):
        present.fill_(float(value))
    else:
        group[key] = value


def one_a_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """A value for each group, from one value or a list of them."""
    count = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [own(value) for _ in range(count)]
    if len(value) != count:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. {name} has {len(value)} values, param_groups has {count}."
        )
    return [own(v) for v in value]


@contextmanager
def switched_on(scheduler: LRScheduler, flag: str) -> Iterator[None]:
    """The flag is True inside."""
    setattr(scheduler, flag, True)
    try:
        yield
    finally:
        setattr(scheduler, flag, False)


def _watch_step(optimizer: Optimizer) -> None:
    """Let the optimizer note that its step was called, for the warning about the order of the two."""
    if hasattr(optimizer.step, "_wrapped_by_lr_sched"):
        return
    # the wrapper lives on the optimizer: it may hold it weakly only, or both would wait for the collector
    owner = ref(optimizer)
    inner: Any = getattr(optimizer.step, "__func__", optimizer.step)
    bound = hasattr(optimizer.step, "__func__")  # not where the user put a plain function there

    @wraps(inner)
    def step(*args: Any, **kwargs: Any) -> Any:
        present: Any = owner()
        present._opt_called = True
        return inner(present, *args, **kwargs) if bound else inner(*args, **kwargs)

    step._wrapped_by_lr_sched = True  # type: ignore[attr-defined]
    optimizer.step = step  # type: ignore[method-assign]
