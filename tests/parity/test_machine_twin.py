"""The random-program machine's twin beside PyTorch: the same program texts, and the same numbers."""

from __future__ import annotations

import warnings

import pytest

from tests.machine import run

torch = pytest.importorskip("torch")
pytest.importorskip("torch.utils.checkpoint")  # programs call it by its full name

DRAWN_OR_SWITCHED_OTHERWISE = frozenset({"dropout", "tasks"})  # torch's switches belong to a thread, the twin's to a task, too


@pytest.fixture
def in_double():  # type: ignore[no-untyped-def]
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.mark.usefixtures("in_double")
@pytest.mark.parametrize("first", [0, 50, pytest.param(100, marks=pytest.mark.slow), pytest.param(150, marks=pytest.mark.slow)])
def test_the_twin_agrees_with_torch(first: int) -> None:
    compared = 0
    for seed in range(first, first + 50):
        program = run.draw(seed, DRAWN_OR_SWITCHED_OTHERWISE)
        if "autograd.grad(" in program.text() and "register_hook(lambda g: g * 0.5)" in program.text():
            continue  # what a hook made of a gradient that is asked for: torch gives it only where the walk ends there
        code = compile(program.text(), "program", "exec")
        want, largest, kinks = run.by_twin(code)
        if want.error is not None:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch tells of gradients that are read from values that are no leaves
            got = run._execute(code, torch, torch.float64, run.FLAT)
        got.refused = isinstance(got.error, RuntimeError)  # torch refuses writes to some views
        what = run.difference(want, got, run.FORMS[0], largest, kinks)
        assert not what, f"seed {seed}: {what}\n{program.text()}"
        compared += len(want.seen)
    assert compared > 500
