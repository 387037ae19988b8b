"""What one thread, task or block switches reaches nobody else, whichever ends first."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import importlib.util
import inspect
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.config import Switch, current, scope

DEFAULT = os.environ.get("AUTOGRAD_CNN_BACKEND", "auto")


def records() -> bool:
    return (ac.ones(1, requires_grad=True) * 2).requires_grad


def in_thread(fn: Callable[[], Any], copied: bool = False) -> Any:
    """What `fn` gives in a new thread, started with a copy of this context or with none."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(contextvars.copy_context().run, fn).result(20) if copied else pool.submit(fn).result(20)


# ------------------------------------------------------------------------------------------------- values
def test_a_context_is_a_value() -> None:
    c = current()
    for name in ("record", "chosen_backend", "anything"):
        with pytest.raises(AttributeError, match="Switch"):
            setattr(c, name, False)
    with pytest.raises(AttributeError, match="Switch"):
        del c.record
    with ac.no_grad():
        assert current() is not c
        assert c.record
    assert current() is c


def test_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(AttributeError):
        Switch(recrod=False).__enter__()
    assert records()


# ------------------------------------------------------------------------------------------------- threads
def test_a_plain_thread_begins_with_defaults() -> None:
    with ac.no_grad(), ac.use_backend("numpy"), ac.autograd.detect_anomaly():
        assert in_thread(lambda: (records(), ac.is_grad_enabled(), ac.get_backend(), ac.is_anomaly_enabled())) == (
            True,
            True,
            DEFAULT,
            False,
        )


def test_a_copied_context_begins_with_a_copy() -> None:
    with ac.no_grad(), ac.use_backend("numpy"):
        assert in_thread(lambda: (records(), ac.get_backend()), copied=True) == (False, "numpy")


@pytest.mark.parametrize("copied", [True, False])
def test_what_a_thread_switches_stays_there(copied: bool) -> None:
    def switch() -> None:
        ac.set_grad_enabled(False)
        ac.use_backend("numpy")
        ac.use_float32_matmul_precision("medium")
        Switch(strict_windows=True).__enter__()  # and never leaves
        assert not records()

    in_thread(switch, copied)
    assert records()
    assert (ac.get_backend(), ac.get_float32_matmul_precision(), current().strict_windows) == (DEFAULT, "highest", False)


def test_copied_contexts_in_one_thread() -> None:
    contextvars.copy_context().run(ac.set_grad_enabled, False)
    assert records()


def test_two_blocks_that_overlap_in_threads() -> None:
    first_in, second_in, first_out = (threading.Event() for _ in range(3))

    def first() -> bool:
        with ac.no_grad():
            first_in.set()
            second_in.wait(10)
        first_out.set()
        return records()

    def second() -> bool:
        first_in.wait(10)
        with ac.no_grad():
            second_in.set()
            first_out.wait(10)
            inside = records()
        return not inside and records()

    async def both() -> list[bool]:
        return await asyncio.gather(asyncio.to_thread(first), asyncio.to_thread(second))

    ac.ones(1) * 2  # this thread has a context, which both would share
    assert asyncio.run(both()) == [True, True]
    assert records()


def test_one_object_in_several_threads() -> None:
    shared, in_block, out_again = ac.no_grad(), threading.Event(), threading.Event()

    def other() -> bool:
        ac.set_grad_enabled(False)  # what `shared` must put back here, and nowhere else
        with shared:
            in_block.set()
            out_again.wait(10)
        return records()

    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(other)
        in_block.wait(10)
        with shared:
            assert not records()
        assert records()
        out_again.set()
        assert result.result(10) is False


def test_training_beside_an_evaluation() -> None:
    ac.ones(1) * 2
    over = threading.Event()

    def evaluate() -> int:
        rounds = 0
        while not over.is_set():
            with ac.no_grad():
                rounds += not records()
        return rounds

    def train() -> list[float]:
        net, rate = nn.Linear(3, 1), 0.01
        with ac.no_grad():
            for p in net.parameters():
                p.fill_(0.5)
        losses = []
        for step in range(300):
            x = ac.tensor([[1.0, 2.0, step % 5 - 2.0]])
            loss = (net(x) - 3).square().sum()
            net.zero_grad()
            loss.backward()
            with ac.no_grad():
                for p in net.parameters():
                    p -= rate * p.grad
            losses.append(loss.item())
        over.set()
        return losses

    alone = train()
    over.clear()

    async def both() -> list[Any]:
        return await asyncio.gather(asyncio.to_thread(evaluate), asyncio.to_thread(train))

    rounds, beside = asyncio.run(both())
    assert rounds > 0
    assert beside == alone
    assert len(alone) == 300
    assert alone[-1] < 0.1 < alone[0]


# ------------------------------------------------------------------------------------------------- coroutines
def test_interleaved_coroutines() -> None:
    async def block(switch: Any, expected: bool, turns: int) -> bool:
        with switch:
            right = True
            for _ in range(turns):
                await asyncio.sleep(0)
                right &= records() is expected
        return right and records()

    async def all_of_them() -> list[bool]:
        return await asyncio.gather(
            *(block(ac.no_grad(), False, n) for n in (1, 5, 2)), block(ac.enable_grad(), True, 4), block(ac.inference_mode(), False, 3)
        )

    assert all(asyncio.run(all_of_them()))
    assert records()


def test_a_decorated_coroutine_function() -> None:
    @ac.no_grad()
    async def evaluate() -> bool:
        before = records()
        await asyncio.sleep(0)
        return before or records()

    async def main() -> tuple[bool, list[bool], bool]:
        task = asyncio.ensure_future(evaluate())
        await asyncio.sleep(0)
        between = records()
        return between, [await task, await evaluate()], records()

    assert asyncio.run(main()) == (True, [False, False], True)
    assert inspect.iscoroutinefunction(evaluate)


def test_a_decorated_async_generator_function() -> None:
    seen: list[Any] = []

    @ac.no_grad()
    async def values() -> AsyncIterator[Any]:
        try:
            for k in range(3):
                await asyncio.sleep(0)
                try:
                    seen.append((yield (k, records())))
                except KeyError:
                    seen.append("caught")
        finally:
            seen.append(records())

    async def main() -> list[Any]:
        generator: Any = values()
        got = [await anext(generator), records(), await generator.asend("sent"), records(), await generator.athrow(KeyError()), records()]
        with pytest.raises(StopAsyncIteration):
            await anext(generator)
        early: Any = values()
        await anext(early)
        await early.aclose()
        return [*got, [k async for k in values()]]

    assert asyncio.run(main()) == [(0, False), True, (1, False), True, (2, False), True, [(0, False), (1, False), (2, False)]]
    assert seen == ["sent", "caught", None, False, False, None, None, None, False]


def test_a_decorated_generator_function() -> None:
    seen: list[Any] = []

    @ac.no_grad()
    def values() -> Iterator[Any]:
        try:
            for k in range(3):
                try:
                    seen.append((yield (k, records())))
                except KeyError:
                    seen.append("caught")
        finally:
            seen.append(records())
        return "over"

    generator: Any = values()
    assert [next(generator), records(), generator.send("sent"), records(), generator.throw(KeyError()), records()] == [
        (0, False),
        True,
        (1, False),
        True,
        (2, False),
        True,
    ]
    with pytest.raises(StopIteration) as ended:
        next(generator)
    assert ended.value.value == "over"
    assert seen == ["sent", "caught", None, False]
    assert records()


def test_decorated_generators_that_are_closed() -> None:
    """As their own would: what they do in the end runs under the switch, and who throws GeneratorExit in gets it back."""
    seen: list[Any] = []

    @ac.no_grad()
    def ends() -> Iterator[Any]:
        try:
            yield 1
        finally:
            seen.append(records())

    @ac.no_grad()
    def returns() -> Iterator[Any]:
        with contextlib.suppress(GeneratorExit):
            yield 1

    @ac.no_grad()
    def goes_on() -> Iterator[Any]:
        yield from returns()
        yield 2

    @ac.no_grad()
    async def async_ends() -> AsyncIterator[Any]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            seen.append(records())

    closed: Any = ends()
    next(closed)
    closed.close()
    assert (seen, records()) == ([False], True)
    thrown: Any = ends()
    next(thrown)
    with pytest.raises(GeneratorExit):
        thrown.throw(GeneratorExit())
    caught: Any = returns()
    next(caught)
    with pytest.raises(StopIteration):
        caught.throw(GeneratorExit())
    stubborn: Any = goes_on()
    next(stubborn)
    with pytest.raises(GeneratorExit):
        stubborn.throw(GeneratorExit())

    async def main() -> None:
        generator: Any = async_ends()
        await anext(generator)
        await generator.aclose()
        generator = async_ends()
        await anext(generator)
        with pytest.raises(GeneratorExit):
            await generator.athrow(GeneratorExit())
        with pytest.raises(StopAsyncIteration):
            await anext(generator)

    asyncio.run(main())
    assert (seen, records()) == ([False] * 4, True)


# ------------------------------------------------------------------------------------------------- process-wide
def loaded() -> Any:
    """The module once more, as a new process would load it."""
    spec = importlib.util.find_spec("autograd_cnn.config")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_backend_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for given in ("auto", "numpy", "onednn"):
        monkeypatch.setenv("AUTOGRAD_CNN_BACKEND", given)
        assert (loaded().get_backend(), loaded().get_float32_matmul_precision()) == (given, "highest")
    monkeypatch.setenv("AUTOGRAD_CNN_BACKEND", "cuda")
    with pytest.raises(ValueError, match="AUTOGRAD_CNN_BACKEND: expected one of 'auto', 'numpy', 'onednn', got 'cuda'"):
        loaded()
    monkeypatch.delenv("AUTOGRAD_CNN_BACKEND")
    assert loaded().get_backend() == "auto"


def test_precision_and_backend_of_the_process_and_of_here() -> None:
    ready, go = threading.Event(), threading.Event()

    def other() -> Any:
        before = ac.get_backend(), ac.get_float32_matmul_precision()
        ready.set()
        go.wait(10)
        return before, (ac.get_backend(), ac.get_float32_matmul_precision())

    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(other)
        ready.wait(10)
        try:
            with ac.use_backend("onednn"), ac.use_float32_matmul_precision("high"):
                ac.set_backend("numpy")
                ac.set_float32_matmul_precision("medium")
                go.set()
                assert (ac.get_backend(), ac.get_float32_matmul_precision()) == ("onednn", "high")
                assert result.result(10) == ((DEFAULT, "highest"), ("numpy", "medium"))
            assert (ac.get_backend(), ac.get_float32_matmul_precision()) == ("numpy", "medium")
        finally:
            ac.set_backend(DEFAULT)
            ac.set_float32_matmul_precision("highest")
    for bad in (lambda: ac.set_backend("cuda"), lambda: ac.use_float32_matmul_precision("low")):
        with pytest.raises(ValueError, match="expected one of"):
            bad()


def test_kernels_see_what_was_chosen() -> None:
    from autograd_cnn.kernels.onednn import dispatch

    assert dispatch.precision() == 0
    with ac.use_float32_matmul_precision("medium"):
        assert dispatch.precision() == 1
        assert in_thread(dispatch.precision) == 0
        assert in_thread(dispatch.precision, copied=True) == 1
    assert dispatch.precision() == 0
    with ac.use_backend("onednn"):
        assert dispatch.forced()
        assert in_thread(dispatch.forced) == (DEFAULT == "onednn")


def test_kernels_worker_threads_see_the_choice() -> None:
    from autograd_cnn.kernels.memory.threads import share

    before, seen = ac.get_num_threads(), []
    ac.set_num_threads(3)
    try:
        with ac.use_backend("numpy"), ac.no_grad():
            share(lambda items: seen.append((threading.current_thread().name, ac.get_backend(), records())), range(3))
    finally:
        ac.set_num_threads(before)
    assert len(seen) == 3
    assert {kept[1:] for kept in seen} == {("numpy", False)}


# ------------------------------------------------------------------------------------------------- module scopes
def test_scopes_of_threads_do_not_mix() -> None:
    inside, done = threading.Event(), threading.Event()

    class Slow(nn.Module):
        def forward(self, x: Any) -> Any:
            inside.set()
            done.wait(10)
            return x * 2

    class Quick(nn.Module):
        def forward(self, x: Any) -> Any:
            return x * 3

    x = ac.ones(1, requires_grad=True)
    x * 1
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(contextvars.copy_context().run, Slow(), x)
        inside.wait(10)
        quick, bare = Quick()(x), x * 4
        done.set()
        nodes = [slow.result(10).grad_fn, quick.grad_fn, bare.grad_fn]
    assert [n.scope and [s.kind for s in n.scope.path()] for n in nodes] == [["Slow"], ["Quick"], None]
    assert scope() is None


def test_a_thread_inside_a_module_has_its_scope() -> None:
    class Spreads(nn.Module):
        def forward(self, x: Any) -> Any:
            return in_thread(lambda: x * 2, copied=True) + in_thread(lambda: x * 3)

    node: Any = Spreads()(ac.ones(1, requires_grad=True)).grad_fn
    assert [n.scope and [s.kind for s in n.scope.path()] for n in node.inputs] == [["Spreads"], None]


def test_backward_leaves_the_scope_as_it_was() -> None:
    seen: list[Any] = []

    class Walks(nn.Module):
        def forward(self, x: Any) -> Any:
            y = x * 2
            y.register_hook(lambda g: seen.append(scope()))
            ac.autograd.grad(y.sum(), x)
            with contextlib.suppress(KeyError):
                z = x * 2
                z.register_hook(lambda g: [][0] if g is None else {}["missing"])
                z.sum().backward()
            return x * 2

    node: Any = Walks()(ac.ones(1, requires_grad=True)).grad_fn
    assert [s.kind for s in node.scope.path()] == ["Walks"]
    assert seen == [None]
