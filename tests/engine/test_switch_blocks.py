"""Blocks, decorators and functions that switch: whichever ends first, and whatever ends it, what was before comes back."""

from __future__ import annotations

import contextlib
import contextvars
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.config import Switch, current
from autograd_cnn.errors import ShapeError

DEFAULT = os.environ.get("AUTOGRAD_CNN_BACKEND", "auto")


def records() -> bool:
    return (ac.ones(1, requires_grad=True) * 2).requires_grad


def in_thread(fn: Callable[[], Any], copied: bool = False) -> Any:
    """What `fn` gives in a new thread, started with a copy of this context or with none."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(contextvars.copy_context().run, fn).result(20) if copied else pool.submit(fn).result(20)


def opened() -> Iterator[None]:
    with ac.no_grad():
        yield


def test_blocks_that_end_in_another_order() -> None:
    first, second = opened(), opened()
    next(first)
    next(second)
    first.close()  # type: ignore[attr-defined]  # a generator
    assert not records()  # the second block is still open
    second.close()  # type: ignore[attr-defined]
    assert records()


def test_blocks_of_several_kinds_in_any_order() -> None:
    """Each order in which four blocks may end: what holds is what the open ones say, the innermost first."""
    import itertools

    kinds: list[tuple[Callable[[], Any], dict[str, Any]]] = [
        (ac.no_grad, {"record": False}),
        (ac.enable_grad, {"record": True}),
        (ac.inference_mode, {"record": False, "inference": True}),
        (lambda: ac.use_backend("numpy"), {"chosen_backend": "numpy"}),
    ]
    before = current()
    for order in itertools.permutations(range(4)):
        blocks = [make().__enter__() for make, _ in kinds]
        left = list(range(4))
        for at in order:
            blocks[at].__exit__(None, None, None)
            left.remove(at)
            expected: dict[str, Any] = {"record": True, "inference": False, "chosen_backend": None}
            for k in left:
                expected.update(kinds[k][1])
            assert {name: getattr(current(), name) for name in expected} == expected
            assert current().recording is (expected["record"] and not expected["inference"])
            assert current().special is expected["inference"]
        assert (current().owner, current().beneath) == (before.owner, before.beneath)


def test_an_object_entered_inside_itself() -> None:
    block = ac.no_grad()
    with block:
        with block:
            pass
        assert not records()
    assert records()


def test_an_exit_without_its_entry_changes_nothing() -> None:
    block = ac.no_grad()
    context = contextvars.copy_context()
    context.run(block.__enter__)
    block.__exit__(None, None, None)  # here it was never entered
    assert records()
    assert context.run(records) is False
    context.run(block.__exit__, None, None, None)
    assert context.run(records) is True


def test_an_exception_inside() -> None:
    with contextlib.suppress(KeyError), ac.no_grad():
        ac.set_grad_enabled(True)
        with ac.inference_mode():
            raise KeyError
    assert records()
    assert not ac.is_inference_mode_enabled()


def test_what_a_function_sets_lasts_to_the_end_of_the_block_around_it() -> None:
    with ac.enable_grad():
        ac.set_grad_enabled(False)
        with ac.use_backend("numpy"):
            ac.set_grad_enabled(True)
        assert not records()
    assert records()


def test_many_functions_in_a_row_keep_nothing() -> None:
    ac.set_grad_enabled(True)
    before = current()
    for k in range(100):
        ac.set_grad_enabled(k % 2 == 1)
    assert (current().beneath, current().owner, set(current().fields)) == (before.beneath, before.owner, set(before.fields))


def test_the_fast_path_is_left_for_what_needs_it_alone() -> None:
    """Primitives look at `special` and `recording`, which sum up the other fields."""
    assert (current().special, current().recording) == (False, True)
    for fields, special, recording in [
        ({"record": False}, False, False),
        ({"record": True}, False, True),
        ({"inference": True}, True, False),
        ({"inference": True, "record": False}, True, False),
        ({"anomaly": True}, True, True),
        ({"tracer": object()}, True, True),
        ({"region": object()}, True, True),
        ({"check_nan": False}, False, True),
        ({"strict_windows": True}, False, True),
        ({"chosen_backend": "numpy"}, False, True),
    ]:
        with Switch(**fields):
            assert (current().special, current().recording) == (special, recording), fields
            with Switch(check_nan=True):  # what another one changes leaves them
                assert (current().special, current().recording) == (special, recording), fields
        assert (current().special, current().recording) == (False, True)


def test_every_field_is_handed_on() -> None:
    fields = {
        "record": False,
        "inference": True,
        "tracer": object(),
        "region": object(),
        "anomaly": True,
        "check_nan": False,
        "strict_windows": True,
        "chosen_backend": "numpy",
        "chosen_precision": "medium",
    }
    before = {name: getattr(current(), name) for name in fields}
    assert before == {
        "record": True,
        "inference": False,
        "tracer": None,
        "region": None,
        "anomaly": False,
        "check_nan": True,
        "strict_windows": False,
        "chosen_backend": None,
        "chosen_precision": None,
    }
    outer = Switch(**fields)
    outer.__enter__()
    with Switch():
        assert {name: getattr(current(), name) for name in fields} == fields
        outer.__exit__(None, None, None)
        assert {name: getattr(current(), name) for name in fields} == before
    assert {name: getattr(current(), name) for name in fields} == before


def test_windows_that_must_fit() -> None:
    pool = nn.functional.max_pool2d
    assert pool(ac.ones(1, 1, 7, 7), 3, stride=3).shape == (1, 1, 2, 2)
    with ac.strict_windows():
        with pytest.raises(ShapeError, match="does not fit a 7x7 image"):
            pool(ac.ones(1, 1, 7, 7), 3, stride=3)
        with ac.strict_windows(False):
            assert pool(ac.ones(1, 1, 7, 7), 3, stride=3).shape == (1, 1, 2, 2)
    assert not current().strict_windows


def test_anomaly_detection_as_a_block_and_as_a_function() -> None:
    def at() -> tuple[bool, bool]:
        return ac.is_anomaly_enabled(), current().check_nan

    assert at() == (False, True)
    with ac.autograd.detect_anomaly():
        assert at() == (True, True)
        with ac.autograd.detect_anomaly(check_nan=False):
            assert at() == (True, False)
        with ac.autograd.set_detect_anomaly(False):
            assert at() == (False, True)
        assert at() == (True, True)
    try:
        ac.autograd.set_detect_anomaly(True)
        assert at() == (True, True)
        ac.autograd.set_detect_anomaly(True, check_nan=False)
        assert at() == (True, False)
    finally:
        ac.autograd.set_detect_anomaly(False)
    assert at() == (False, True)


@pytest.mark.parametrize("switch", [ac.no_grad, ac.enable_grad, ac.inference_mode])
def test_decorators_with_and_without_brackets(switch: Any) -> None:
    def look() -> tuple[bool, bool, bool]:
        """Words."""
        return ac.is_grad_enabled(), ac.is_inference_mode_enabled(), records()

    wanted = {"no_grad": (False, False, False), "enable_grad": (True, False, True), "inference_mode": (False, True, False)}[switch.__name__]
    for decorated in (switch(look), switch()(look)):
        assert (decorated.__name__, decorated.__doc__) == ("look", "Words.")
        with ac.set_grad_enabled(switch is not ac.enable_grad):
            assert decorated() == wanted
    with switch() as entered:
        assert look() == wanted
        assert isinstance(entered, switch)
    assert look() == (True, False, True)


def test_set_grad_enabled_as_a_decorator_acts_in_the_function_alone() -> None:
    decorated = ac.set_grad_enabled(False)(records)
    assert records()
    assert not decorated()
    with ac.no_grad():
        decorated = ac.set_grad_enabled(True)(records)
        assert not records()
        assert decorated()
