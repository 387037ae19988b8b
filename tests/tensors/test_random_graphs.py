"""Random graphs, step by step, beside the naive twin: leaves, operations, views, in-place writes, detach, no_grad, hooks, backward,
grad, retain_graph, zero_grad, deletion, trace and replay. After each step all values agree; each backward agrees with differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

import autograd_cnn as ac
from autograd_cnn.errors import GraphError, InplaceError

from .twin import Twin

UNARY = {
    "tanh": lambda a: a.tanh(),
    "sin": lambda a: a.sin(),
    "exp": lambda a: a.tanh().exp(),
    "square": lambda a: a * a,
    "neg": lambda a: -a,
    "half": lambda a: a * 0.5,
}
BINARY = {"add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a.tanh() * b}
VIEWS = {"row": lambda a: a[0:1], "column": lambda a: a[:, 1:2], "transposed": lambda a: a.t(), "flat": lambda a: a.view(1, -1)}
WRITES = {"double": lambda a: a.mul_(2), "shift": lambda a: a.add_(0.25), "fill": lambda a: a.fill_(0.5), "squash": lambda a: a.tanh_()}
SELECT_OUTPUT = st.integers(0, 12)


class Machine(RuleBasedStateMachine):
    """The two sides hold the same numbers under the same names."""

    def __init__(self) -> None:
        super().__init__()
        self.twin = Twin()
        self.tensors: dict[int, Any] = {}
        self.alive: list[int] = []
        self.count = 0

    def new(self, tensor: Any) -> int:
        self.count += 1
        self.tensors[self.count] = tensor
        self.alive.append(self.count)
        return self.count

    def choose(self, pick: int) -> int:
        """Small picks mean recent values: those are the ones with a history."""
        return self.alive[-1 - pick % len(self.alive)]

    def check_aliases(self, written: int) -> None:
        """After a write: the gradients of all that share its memory."""
        memory = self.tensors[written].detach().numpy()
        for k in self.alive[-6:]:
            if np.shares_memory(self.tensors[k].detach().numpy(), memory):
                self.check_grad(k, False)

    def record(self, kind: str, name: str, result: int, *args: int) -> None:
        self.twin.steps.append((kind, name, result, args))

    @initialize(seed=st.integers(0, 1000))
    def begin(self, seed: int) -> None:
        for k in range(2):
            self.leaf(seed + k)

    @rule(seed=st.integers(0, 1000))
    def leaf(self, seed: int) -> None:
        if len(self.twin.leaves) < 4:
            array = np.random.default_rng(seed).uniform(-1, 1, (2, 3))
            number = self.new(ac.tensor(array, dtype=ac.float64, requires_grad=True))
            self.twin.leaves[number] = array

    @rule(pick=SELECT_OUTPUT, name=st.sampled_from(sorted(UNARY)))
    def unary(self, pick: int, name: str) -> None:
        a = self.choose(pick)
        self.record("unary", name, self.new(UNARY[name](self.tensors[a])), a)

    @rule(first=SELECT_OUTPUT, second=SELECT_OUTPUT, name=st.sampled_from(sorted(BINARY)))
    def binary(self, first: int, second: int, name: str) -> None:
        a, b = self.choose(first), self.choose(second)
        try:
            shape = np.broadcast_shapes(self.tensors[a].shape, self.tensors[b].shape)
        except ValueError:
            with pytest.raises(RuntimeError, match="must match the size"):
                BINARY[name](self.tensors[a], self.tensors[b])
            return
        if np.prod(shape) <= 36:
            self.record("binary", name, self.new(BINARY[name](self.tensors[a], self.tensors[b])), a, b)

    @rule(pick=SELECT_OUTPUT, name=st.sampled_from(sorted(VIEWS)))
    def view(self, pick: int, name: str) -> None:
        a = self.choose(pick)
        x = self.tensors[a]
        if name == "column" and x.shape[1] < 2:
            return
        if name == "flat" and not (x.is_contiguous() and self.twin.run()[a].flags.c_contiguous):
            return  # only where both sides share memory
        self.record("view", name, self.new(VIEWS[name](x)), a)

    @rule(pick=SELECT_OUTPUT, name=st.sampled_from(sorted(WRITES)))
    def write(self, pick: int, name: str) -> None:
        a = self.choose(pick)
        x = self.tensors[a]
        before = [t.detach().clone() for t in self.tensors.values()]
        try:
            WRITES[name](x)
        except InplaceError:  # a leaf, or a view of one
            for t, b in zip(self.tensors.values(), before, strict=True):
                assert ac.equal(t.detach(), b), "a refused write changed something"
            return
        self.record("write", name, -1, a)
        self.check_aliases(a)

    @rule(first=SELECT_OUTPUT, second=SELECT_OUTPUT)
    def copy_into(self, first: int, second: int) -> None:
        a, b = self.choose(first), self.choose(second)
        x, y = self.tensors[a], self.tensors[b]
        if x.shape != y.shape or np.shares_memory(x.detach().numpy(), y.detach().numpy()):
            return
        try:
            x[...] = y
        except InplaceError:
            return
        self.record("copy", "", -1, a, b)
        self.check_aliases(a)

    @rule(
        pick=SELECT_OUTPUT,
        name=st.sampled_from(sorted(UNARY)),
        views=st.lists(st.sampled_from(sorted(VIEWS)), min_size=1, max_size=3),
        write=st.sampled_from(sorted(WRITES)),
        at=st.integers(0, 3),
    )
    def views_of_a_new_value_and_a_write(self, pick: int, name: str, views: list[str], write: str, at: int) -> None:
        """A value, views of it and of each other, and a write to one of them: all must follow."""
        self.alive.append(self.alive.pop(self.alive.index(self.choose(pick))))
        self.unary(0, name)
        made = len(self.alive)
        for view in views:
            self.view(0, view)
        self.write(at % (len(self.alive) - made + 1), write)

    @rule(pick=SELECT_OUTPUT)
    @precondition(lambda self: sum(s[0] == "stop" for s in self.twin.steps) < 3)
    def detach(self, pick: int) -> None:
        a = self.choose(pick)
        stopped = self.tensors[a].detach().clone()
        assert not stopped.requires_grad
        self.record("stop", "", self.new(stopped), a)

    @rule(pick=SELECT_OUTPUT, name=st.sampled_from(sorted(UNARY)))
    @precondition(lambda self: sum(s[0] == "stop" for s in self.twin.steps) < 3)
    def without_recording(self, pick: int, name: str) -> None:
        a = self.choose(pick)
        with ac.no_grad():
            made = UNARY[name](self.tensors[a])
        assert not made.requires_grad
        self.count += 1
        between = self.count
        self.record("unary", name, between, a)
        self.record("stop", "", self.new(made), between)

    @rule(pick=SELECT_OUTPUT)
    @precondition(lambda self: len(self.alive) > 4)
    def delete(self, pick: int) -> None:
        a = self.choose(pick)
        if a not in self.twin.leaves:
            self.alive.remove(a)
            del self.tensors[a]

    def gradients(self, number: int, weights: Any, got: dict[int, Any]) -> None:
        rng = np.random.default_rng(number)
        for leaf, g in got.items():
            way = rng.standard_normal((2, 3))
            want = self.twin.slope(number, weights, leaf, way)
            found = 0.0 if g is None else float((g * way).sum())
            size = 1 + abs(want) + (0.0 if g is None else float(np.abs(g * way).sum()))
            assert abs(want - found) < 2e-5 * size, f"value {number}, leaf {leaf}: {found} instead of {want}"

    @rule(pick=SELECT_OUTPUT, retain=st.booleans())
    def grad(self, pick: int, retain: bool) -> None:
        self.check_grad(self.choose(pick), retain)

    def check_grad(self, a: int, retain: bool) -> None:
        """The gradient of a value by all leaves."""
        y = self.tensors[a]
        leaves = list(self.twin.leaves)
        if not y.requires_grad:
            self.gradients(a, np.ones(y.shape), dict.fromkeys(leaves))
            return
        weights = np.random.default_rng(a).standard_normal(y.shape)
        try:
            got = ac.autograd.grad(
                y, [self.tensors[k] for k in leaves], ac.tensor(weights), retain_graph=True, allow_unused=True, create_graph=retain
            )
        except InplaceError:
            return  # a needed value was overwritten: said, not computed
        self.gradients(a, weights, {k: None if g is None else g.detach().numpy() for k, g in zip(leaves, got, strict=True)})

    @rule(pick=SELECT_OUTPUT)
    def backward(self, pick: int) -> None:
        a = self.choose(pick)
        y = self.tensors[a]
        if not y.requires_grad:
            return
        before = {k: None if self.tensors[k].grad is None else self.tensors[k].grad.numpy().copy() for k in self.twin.leaves}
        seen: list[Any] = []
        handle = y.register_hook(lambda g: seen.append(g.numpy().copy()))
        try:
            y.backward(ac.ones_like(y), retain_graph=True)
        except InplaceError:
            for k, b in before.items():
                now = self.tensors[k].grad
                assert (now is None) == (b is None), "a refused backward changed a gradient"
                assert b is None or np.array_equal(now.numpy(), b), "a refused backward changed a gradient"
            return
        finally:
            handle.remove()
        assert len(seen) == 1
        assert np.array_equal(seen[0], np.ones(y.shape))
        added = {}
        for k, b in before.items():
            now = self.tensors[k].grad
            added[k] = None if now is None else now.numpy() - (0 if b is None else b)
        self.gradients(a, np.ones(y.shape), added)

    @rule(pick=SELECT_OUTPUT)
    def zero_grad(self, pick: int) -> None:
        k = list(self.twin.leaves)[pick % len(self.twin.leaves)]
        self.tensors[k].grad = None

    @rule(
        pick=SELECT_OUTPUT, name=st.sampled_from(sorted(UNARY)), write=st.sampled_from(sorted(WRITES)), view=st.sampled_from(sorted(VIEWS))
    )
    def trace_and_replay(self, pick: int, name: str, write: str, view: str) -> None:
        x = self.tensors[self.choose(pick)].detach()
        if x.shape[1] < 2:
            return

        def fn(t: Any) -> Any:
            h = UNARY[name](t * 1)
            WRITES[write](VIEWS[view](h) if view != "flat" or h.is_contiguous() else h)
            return h * h

        graph = ac.trace(fn, x)
        other = x * 0.5 + 0.1
        try:
            again = graph(other)
        except GraphError:  # a write through a view could meet other memory
            if other.is_contiguous() == x.is_contiguous():
                raise
            again = fn(other)
        assert np.allclose(again.numpy(), fn(other).numpy())
        assert np.allclose(graph(x).numpy(), fn(x).numpy())

    @invariant()
    def values_agree(self) -> None:
        values = self.twin.run()
        for k, t in self.tensors.items():
            assert np.allclose(t.detach().numpy(), values[k], rtol=1e-10, atol=1e-12), f"value {k}"
            assert ac.is_grad_enabled()


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
        ),
    )


def test_a_few_graphs() -> None:
    run(12, 25)


@pytest.mark.slow
def test_many_graphs() -> None:
    run(400, 60)


@pytest.mark.slow
def test_the_machine_notices_a_broken_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Views that do not follow a write to their base."""
    from autograd_cnn.tensors import inplace

    real = inplace.move

    def forgets_views(x: Any, node: Any) -> None:
        if x._view is None:
            x.node = node
        else:
            real(x, node)

    monkeypatch.setattr(inplace, "move", forgets_views)
    with pytest.raises(AssertionError, match="instead of"):
        run(200, 60)
