"""Whole programs at random, on every backend and in every form, beside the twin; and that the machine notices what it should."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.kernels.onednn import library

from . import run
from .assemble import draw
from .generate import Program
from .paths import Watch

needs_onednn = pytest.mark.skipif(library.library() is None, reason=library.reason())
CHUNK = 250


def _good(seeds: Any) -> Any:
    failures, tally = run.run_many(seeds, run.OPEN)
    assert not failures, "\n\n".join(map(str, failures))
    assert tally["invalid"] <= 0.06 * tally["programs"], tally
    assert tally["undecided"] <= 0.1 * tally["programs"], tally
    assert tally["refused"] <= 0.06 * tally["runs"], tally
    assert tally["strict"] >= 0.5 * tally["runs"], tally
    return tally


@needs_onednn
def test_programs_and_every_fast_path() -> None:
    """The seeds are fixed; each path of the table must be taken by one of these programs."""
    watch = Watch()
    with watch.watching():
        _good(range(300))
    never = [name for name, count in watch.counts.items() if not count]
    assert not never, f"never taken: {', '.join(never)}"


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 6000, CHUNK))
def test_many_programs(first: int) -> None:
    _good(range(first, first + CHUNK))


def test_a_program_is_its_seed() -> None:
    assert [draw(k).text() for k in range(20)] == [draw(k).text() for k in range(20)]


# ------------------------------------------------------------------------------------------------- it notices
def _found(program: Program) -> str:
    found = run.check(program, run.FORMS)
    return "" if found is None else found[1]


SIMPLE = Program(
    ["w = W(1, 8, 8, 3, 3)"],
    [
        "x = T(2 + step, 2, 8, 24, 24, grad=True)",
        "h = F.relu(F.conv2d(x, w, None, padding=1))",
        'h.register_hook(lambda g: keep.append(("g", g)))',
        "((h + 1.0) * (h + 1.0)).mean().backward()",
        "look()",
        'see("w", w.grad)',
        "w.grad = None",
    ],
    2,
)


def test_a_right_program_is_right() -> None:
    assert _found(SIMPLE) == ""


def test_it_notices_a_hook_gradient_that_is_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_cnn.kernels.onednn import eltwise

    real = eltwise.curve_adjoint

    def over(how: Any, g: Any, y: Any, donated: Any = None) -> Any:
        return real(how, g, y, g)

    monkeypatch.setattr(eltwise, "curve_adjoint", over)
    if library.library() is not None:
        assert _found(SIMPLE).startswith("g#1")


def test_it_notices_a_weight_that_is_read_too_late() -> None:
    """What a kernel that waits would compute: the weights as they are after the change."""
    late = Program(
        ["w = W(1, 8, 8, 3, 3)"],
        [
            "x = T(2, 2, 8, 24, 24)",
            (
                "with m.no_grad():",
                [
                    "late = m is not __import__('tests.machine.layers').machine.layers.twin",
                    "late and w.mul_(0.5)",
                    "h = F.conv2d(x, w)",
                    "late or w.mul_(0.5)",
                ],
            ),
            'see("h", h)',
        ],
        1,
    )
    assert _found(late).startswith("h#1")


def test_it_notices_a_lost_write_and_a_small_error() -> None:
    lost = Program(
        [], ["x = T(2, 2, 8, 24, 24)", "a = x[:, :4] if hasattr(x, 'owner') else x[:, :4].clone()", "a.mul_(0.5)", 'see("x", x)'], 1
    )
    assert _found(lost).startswith("x#1")
    small = Program([], ["x = T(2, 40)", "k = 1.0 if hasattr(x, 'owner') else 1.0 + 1e-8", 'see("x", x * k)'], 1)
    found = run.check(small, [f for f in run.FORMS if f.dtype == "float64"])
    assert found is not None


def test_it_notices_an_unexpected_exception() -> None:
    raises = Program([], ["x = T(2, 40)", "assert hasattr(x, 'owner'), 'only the twin'", 'see("x", x)'], 1)
    assert _found(raises) == "raised AssertionError: only the twin"


def test_a_failure_becomes_short_and_can_be_pasted(monkeypatch: pytest.MonkeyPatch) -> None:
    real = ac.Tensor.tanh
    monkeypatch.setattr(ac.Tensor, "tanh", lambda x: real(x) * 1.01)
    monkeypatch.setattr(ac, "tanh", lambda x: real(x) * 1.01)
    failure = next(f for seed in range(100) if (f := run.run_seed(seed, run.OPEN)) is not None)
    assert "tanh" in failure.program.text()
    assert failure.program.text().count("\n") < draw(failure.seed, run.OPEN).text().count("\n")
    monkeypatch.undo()
    before = ac.get_default_dtype()
    try:
        with ac.use_backend("auto"):
            exec(compile(str(failure), "pasted", "exec"), {"__name__": "pasted"})
    finally:
        ac.set_default_dtype(before)


# ------------------------------------------------------------------------------------------------- the twin
def test_the_twins_rules_by_differences() -> None:
    """Every rule of the tape, twice differentiated, along random directions."""
    from . import tape
    from .tape import const

    rng = np.random.default_rng(0)
    a, b, places = rng.uniform(0.2, 1.4, (3, 4)), rng.uniform(0.2, 1.4, (4,)), np.array([[0, 5, -1], [5, 11, 2]])
    v = lambda x: tape.Var(x, leaf=object())
    cases = {
        "add": lambda x: tape.add(x, const(b)),
        "mul": lambda x: tape.mul(x, tape.take(x, (slice(0, 1),))),
        "power": lambda x: tape.power(x, 1.7),
        "matmul": lambda x: tape.matmul(x, tape.turn(x)),
        "exp": tape.exp,
        "log": tape.log,
        "tanh": tape.tanh,
        "sigmoid": tape.sigmoid,
        "sin": tape.sin,
        "relu": tape.relu,
        "leaky": lambda x: tape.leaky_relu(x, 0.1),
        "clamp": lambda x: tape.clamp(x, 0.5, 1.0),
        "gather": lambda x: tape.gather(x, places),
        "scatter": lambda x: tape.scatter(tape.take(x, (slice(0, 2), slice(0, 3))), places, (3, 4)),
        "permute": lambda x: tape.permute(x, (1, 0)),
        "total": lambda x: tape.total(x, (1,)),
        "average": lambda x: tape.average(x, (0,), True),
    }

    def first(fn: Any, x: Any, c: Any) -> Any:
        leaf = v(x)
        y = fn(leaf)
        y = tape.total(tape.mul(tape.mul(y, y), const(c)))
        got: list[Any] = []
        tape.walk([(y, const(1.0))], lambda at, g: (got.append(g) if at is leaf else None, g)[1], True)
        return y, got[0], leaf

    way = rng.standard_normal(a.shape)
    for name, fn in cases.items():
        c = rng.standard_normal(fn(const(a)).value.shape)
        _, g, leaf = first(fn, a, c)
        eps = 1e-6
        up, down = first(fn, a + eps * way, c), first(fn, a - eps * way, c)
        assert np.isclose((up[0].value - down[0].value) / (2 * eps), (g.value * way).sum(), rtol=1e-6, atol=1e-7), name
        second: list[Any] = []
        slope = tape.total(tape.mul(g, const(way)))
        tape.walk([(slope, const(1.0))], lambda at, g, leaf=leaf, out=second: (out.append(g) if at is leaf else None, g)[1], False)
        want = ((up[1].value - down[1].value) / (2 * eps) * way).sum()
        assert np.isclose(want, (second[0].value * way).sum() if second else 0.0, rtol=1e-5, atol=1e-6), name
