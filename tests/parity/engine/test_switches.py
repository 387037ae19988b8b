"""Grad modes as PyTorch has them: each program gives what it gives under torch; and where ours keeps what torch's loses."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import autograd_cnn as ac

torch = pytest.importorskip("torch")

from ..line_by_line import run  # noqa: E402  # needs torch

PROGRAMS: list[Callable[[Any], Any]] = []


def program(fn: Callable[[Any], Any]) -> Callable[[Any], Any]:
    PROGRAMS.append(fn)
    return fn


def state(T: Any, x: Any) -> tuple[bool, bool, bool]:
    return T.is_grad_enabled(), T.is_inference_mode_enabled(), (x * 2).requires_grad


SWITCHES = ["no_grad()", "enable_grad()", "inference_mode()", "inference_mode(False)", "set_grad_enabled(False)", "set_grad_enabled(True)"]


@program
def every_pair_of_blocks(T: Any) -> Any:
    x, seen = T.ones(1, requires_grad=True), []
    for outer in SWITCHES:
        for inner in SWITCHES:
            with eval(f"T.{outer}"):
                seen.append(state(T, x))
                with eval(f"T.{inner}"):
                    seen.append(state(T, x))
                seen.append(state(T, x))
            seen.append(state(T, x))
    return seen


@program
def every_block_with_a_function_inside_and_around(T: Any) -> Any:
    x, seen = T.ones(1, requires_grad=True), []
    for around in (True, False):
        for block in SWITCHES:
            for inside in (True, False):
                T.set_grad_enabled(around)
                with eval(f"T.{block}"):
                    T.set_grad_enabled(inside)
                    seen.append(state(T, x))
                seen.append(state(T, x))
    T.set_grad_enabled(True)
    return seen


@program
def functions_as_blocks_later(T: Any) -> Any:
    x, seen = T.ones(1, requires_grad=True), []
    off = T.set_grad_enabled(False)
    on = T.set_grad_enabled(True)
    for first, second in ((off, on), (on, off), (off, off), (on, on)):
        with first:
            seen.append(state(T, x))
            with second:
                seen.append(state(T, x))
            seen.append(state(T, x))
        seen.append(state(T, x))
    T.set_grad_enabled(True)
    return seen


@program
def every_decorator(T: Any) -> Any:
    x, seen = T.ones(1, requires_grad=True), []
    for block in (*SWITCHES, "no_grad", "enable_grad", "inference_mode"):

        @eval(f"T.{block}")
        def function() -> Any:
            return state(T, x)

        @eval(f"T.{block}")
        def generator() -> Any:
            for _ in range(2):
                yield state(T, x)
            return state(T, x)

        def delegate(generator: Any = generator, seen: list[Any] = seen) -> Any:
            seen.append((yield from generator()))

        seen.append(state(T, x))
        with T.no_grad():
            seen += [function(), state(T, x)]
        seen.append(function())
        for got in delegate():
            seen += [got, state(T, x)]
    return seen


@program
def exceptions(T: Any) -> Any:
    x, seen = T.ones(1, requires_grad=True), []
    for block in SWITCHES:
        try:
            with eval(f"T.{block}"):
                T.set_grad_enabled(False)
                raise KeyError
        except KeyError:
            seen.append(state(T, x))
    return seen


@program
def a_plain_thread(T: Any) -> Any:
    x, seen = T.ones(1, requires_grad=True), []

    def work() -> None:
        seen.append(state(T, x))
        T.set_grad_enabled(False)
        seen.append(state(T, x))

    with T.inference_mode():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    return [*seen, state(T, x)]


@program
def a_hook_switches(T: Any) -> Any:
    x, seen = T.ones(1, requires_grad=True), []
    y = x * 2
    y.register_hook(lambda g: seen.append((T.is_grad_enabled(), (g * x).requires_grad)))
    y.sum().backward(retain_graph=True)
    y.sum().backward(create_graph=True)
    with T.no_grad():
        y.sum().backward()
    return [*seen, state(T, x)]


@program
def a_leaf_made_in_inference_mode(T: Any) -> Any:
    with T.inference_mode():
        x = T.ones(1, requires_grad=True)
        inside = x.requires_grad, (x * 2).requires_grad, T.zeros(1).requires_grad_().requires_grad
    T.zeros(1).requires_grad_()
    return inside


@program
def an_inference_tensor_afterwards(T: Any) -> Any:
    with T.inference_mode():
        x = T.zeros(1)
    x.requires_grad_()


@program
def precision_of_all_threads(T: Any) -> Any:
    seen = [T.get_float32_matmul_precision()]
    T.set_float32_matmul_precision("medium")
    thread = threading.Thread(target=lambda: seen.append(T.get_float32_matmul_precision()))
    thread.start()
    thread.join()
    T.set_float32_matmul_precision("highest")
    return seen


@pytest.mark.parametrize("fn", PROGRAMS, ids=lambda fn: fn.__name__)
def test_as_in_torch(fn: Callable[[Any], Any]) -> None:
    ours, theirs = run(fn, ac), run(fn, torch)
    assert ours == theirs


def test_what_torch_loses_stays() -> None:
    """Blocks that end in another order, and an object entered inside itself, leave torch not recording; not here."""

    def program(T: Any) -> list[bool]:
        def opened() -> Any:
            with T.no_grad():
                yield

        seen = []
        first, second = opened(), opened()
        next(first)
        next(second)
        first.close()
        seen.append(T.is_grad_enabled())  # the second block is open
        second.close()
        seen.append(T.is_grad_enabled())
        T.set_grad_enabled(True)
        block = T.no_grad()
        with block, block:
            pass
        seen.append(T.is_grad_enabled())
        T.set_grad_enabled(True)
        return seen

    assert program(torch) == [True, False, False]
    assert program(ac) == [False, True, True]
