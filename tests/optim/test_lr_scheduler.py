"""Schedulers: the order of the two steps, resuming, what bad input gets. Their values are compared in tests/parity."""

from __future__ import annotations

import gc
import pickle
import warnings
import weakref
from typing import Any

import numpy as np
import pytest

from autograd_cnn import optim
from autograd_cnn.optim import lr_scheduler as schedule
from autograd_cnn.tensors.tensor import wrap


def sgd(lr: float = 1.0, groups: int = 1, **options: Any) -> optim.SGD:
    return optim.SGD([{"params": [wrap(np.ones(2), True)]} for _ in range(groups)], lr=lr, **options)


def go(optimizer: Any, scheduler: Any, epochs: int) -> list[Any]:
    seen = []
    for _ in range(epochs):
        optimizer.step()
        scheduler.step()
        seen += scheduler.get_last_lr()
    return seen


def test_scheduler_step_before_optimizer_step_warns() -> None:
    optimizer = sgd()
    scheduler = schedule.StepLR(optimizer, 1)
    with pytest.warns(UserWarning, match=r"Detected call of `lr_scheduler.step\(\)` before `optimizer.step\(\)`") as caught:
        scheduler.step()
    assert caught[0].filename == __file__
    scheduler.step()  # once is enough


def test_the_right_order_does_not_warn() -> None:
    optimizer = sgd()
    go(optimizer, schedule.StepLR(optimizer, 1), 3)


def test_an_overridden_step_warns() -> None:
    optimizer = sgd()
    scheduler = schedule.StepLR(optimizer, 1)
    optimizer.step = lambda closure=None: None  # type: ignore[method-assign]
    with pytest.warns(UserWarning, match=r"`optimizer.step\(\)` has been overridden after learning rate scheduler"):
        scheduler.step()


def test_a_step_overridden_before_is_taken_as_it_is() -> None:
    optimizer = sgd()
    calls: list[int] = []
    optimizer.step = lambda closure=None: calls.append(1)  # type: ignore[method-assign]
    go(optimizer, schedule.StepLR(optimizer, 1), 2)
    assert calls == [1, 1]


def test_the_watched_step_still_runs_hooks_and_closures() -> None:
    optimizer = sgd()
    schedule.StepLR(optimizer, 1)
    schedule.ExponentialLR(optimizer, 0.5)
    seen: list[int] = []
    optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append(1))
    assert optimizer.step(lambda: "loss") == "loss"
    assert seen == [1]


def test_an_optimizer_with_schedulers_is_freed_at_once() -> None:
    gc.collect()
    gc.disable()
    try:
        optimizer = sgd()
        schedule.StepLR(optimizer, 1)
        gone = weakref.ref(optimizer)
        del optimizer
        assert gone() is None
    finally:
        gc.enable()


def test_get_lr_outside_of_step_warns() -> None:
    scheduler = schedule.StepLR(sgd(), 1)
    with pytest.warns(UserWarning, match=r"please use `get_last_lr\(\)`"):
        scheduler.get_lr()


def test_an_epoch_is_deprecated() -> None:
    optimizer = sgd()
    scheduler = schedule.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    with pytest.warns(UserWarning, match="The epoch parameter in `scheduler.step"):
        scheduler.step(3)
    assert scheduler.get_last_lr() == [0.125]
    plateau = schedule.ReduceLROnPlateau(optimizer)
    with pytest.warns(UserWarning, match="The epoch parameter in `scheduler.step"):
        plateau.step(1.0, epoch=3)


def test_resuming_needs_the_initial_rate() -> None:
    with pytest.raises(KeyError, match=r"param 'initial_lr' is not specified in param_groups\[0\] when resuming"):
        schedule.StepLR(sgd(), 1, last_epoch=4)


def test_resuming_by_state_dicts_gives_the_same_rates() -> None:
    whole_optimizer = sgd(lr=0.7)
    whole = go(whole_optimizer, schedule.CosineAnnealingLR(whole_optimizer, 10), 8)

    first_optimizer = sgd(lr=0.7)
    first = schedule.CosineAnnealingLR(first_optimizer, 10)
    begun = go(first_optimizer, first, 3)
    saved = pickle.loads(pickle.dumps((first_optimizer.state_dict(), first.state_dict())))

    optimizer = sgd(lr=123.0)
    scheduler = schedule.CosineAnnealingLR(optimizer, 10)
    optimizer.load_state_dict(saved[0])
    scheduler.load_state_dict(saved[1])
    assert begun + go(optimizer, scheduler, 5) == whole


@pytest.mark.parametrize("make", [lambda o: schedule.StepLR(o, 0), lambda o: schedule.CosineAnnealingLR(o, 0)], ids=["step_size", "T_max"])
def test_a_period_of_zero(make: Any) -> None:
    with pytest.raises(ZeroDivisionError, match="to be at least 1, got 0"):
        make(sgd())


def test_constant_factor_of_zero_ends_in_the_initial_rate() -> None:
    optimizer = sgd(lr=0.5)
    assert go(optimizer, schedule.ConstantLR(optimizer, factor=0, total_iters=2), 3) == [0.0, 0.5, 0.5]


def test_a_sequence_inside_a_sequence() -> None:
    optimizer = sgd()
    inner = schedule.SequentialLR(
        optimizer, [schedule.ConstantLR(optimizer, 0.5, 2), schedule.ExponentialLR(optimizer, 0.5)], milestones=[2]
    )
    outer = schedule.SequentialLR(optimizer, [schedule.ConstantLR(optimizer, 0.25, 9), inner], milestones=[2])
    assert [0.25, *go(optimizer, outer, 5)] == [0.25, 0.25, 0.5, 0.5, 1.0, 0.5]


def test_a_chain_cannot_begin_in_the_middle_of_a_sequence() -> None:
    optimizer = sgd()
    chain = schedule.ChainedScheduler([schedule.StepLR(optimizer, 1), schedule.StepLR(optimizer, 2)])
    scheduler = schedule.SequentialLR(optimizer, [schedule.StepLR(optimizer, 1), chain], milestones=[1])
    optimizer.step()
    with pytest.raises(NotImplementedError, match="ChainedScheduler: cannot begin at a milestone"):
        scheduler.step()


def test_a_combined_state_of_another_length() -> None:
    optimizer = sgd()
    one = schedule.ChainedScheduler([schedule.StepLR(optimizer, 1)])
    two = schedule.ChainedScheduler([schedule.StepLR(optimizer, 1), schedule.StepLR(optimizer, 2)])
    with pytest.raises(ValueError, match=r"ChainedScheduler.load_state_dict: expected 2 schedulers, got 1"):
        two.load_state_dict(one.state_dict())


def test_state_dicts_stay_as_they_were() -> None:
    optimizer = sgd(momentum=0.9)
    for scheduler in (
        schedule.LambdaLR(optimizer, lambda e: 1.0),
        schedule.CyclicLR(optimizer, 0.1, 0.2),
        schedule.ChainedScheduler([schedule.StepLR(optimizer, 1)]),
    ):
        state = scheduler.state_dict()
        before = dict(state)
        scheduler.load_state_dict(state)
        assert state == before


def test_a_new_group_and_a_plateau() -> None:
    optimizer = sgd()
    several = schedule.ReduceLROnPlateau(optimizer, patience=0, factor=0.5, min_lr=[0.1])
    one = schedule.ReduceLROnPlateau(optimizer, patience=0, factor=0.5)
    optimizer.add_param_group({"params": [wrap(np.ones(1), True)], "lr": 4.0})
    for scheduler in (several, one):
        scheduler.step(1.0)
    with pytest.raises(RuntimeError, match="Please modify the `min_lrs` field"):
        several.step(2.0)
    one.step(2.0)
    assert one.get_last_lr() == [0.5, 2.0]


def test_the_older_name_of_the_base() -> None:
    assert issubclass(schedule._LRScheduler, schedule.LRScheduler)

    class Mine(schedule._LRScheduler):
        def get_lr(self) -> Any:
            return [base / (self.last_epoch + 1) for base in self.base_lrs]

    optimizer = sgd()
    assert go(optimizer, Mine(optimizer), 2) == [0.5, 1 / 3]
    with pytest.raises(NotImplementedError, match="subclass must implement get_lr"):
        schedule.LRScheduler(optimizer)


def test_a_rate_that_is_a_tensor_stays_that_tensor() -> None:
    rate = wrap(np.array(1.0, np.float32))
    optimizer = optim.SGD([wrap(np.ones(1), True)], lr=rate)
    scheduler = schedule.ExponentialLR(optimizer, 0.5)
    go(optimizer, scheduler, 2)
    assert optimizer.param_groups[0]["lr"] is rate
    assert rate.item() == 0.25
    last = scheduler.get_last_lr()[0]
    last.value[...] = 9.0  # a copy
    assert rate.item() == 0.25


@pytest.mark.parametrize("epochs", [0, 1, 5])
def test_nothing_warns_in_a_usual_run(epochs: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer = sgd(momentum=0.9)
        go(optimizer, schedule.OneCycleLR(optimizer, 0.1, 10), epochs)
        sequence = [schedule.LinearLR(optimizer), schedule.CosineAnnealingLR(optimizer, 5)]
        go(optimizer, schedule.SequentialLR(optimizer, sequence, [3]), epochs)
