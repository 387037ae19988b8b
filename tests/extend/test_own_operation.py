"""An operation of one's own, written with `autograd_cnn.extend` alone: that it works as the library's do, and that a wrong one is found."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import extend
from autograd_cnn.extend import Bad, Case, Draw, array_of, check_primitive, dtype_of, expose, ndim_of, primitive, shape_of, size_of

from ..autograd import complex_step
from ..exposed import forgotten

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def gone() -> Iterator[None]:
    """What a test defines is forgotten after it."""
    with forgotten():
        yield


def versine(x: Any, w: Any, a: float) -> Any:
    return (1 - np.cos(a * x)) * w


def define() -> Any:
    """y = (1 − cos ax) w, w broadcast: two inputs, a parameter, a mistake that is refused."""

    @expose("function method functional", "versine")
    @primitive(label="versine {a:g}", family="mine", derivative="a w sin ax")
    def versine_(x: Any, w: Any, *, a: float = 1.0) -> Any:
        """y = (1 − cos ax) w.   (*), (*) → (*)"""
        if not a:
            raise ValueError("versine: expected a that is not 0")
        return versine(x, w, a)

    @versine_.vjp("x")
    def _(g: Any, x: Any, w: Any, a: float) -> Any:
        return g * w * ac.sin(x * a) * a

    @versine_.vjp("w")
    def _(g: Any, x: Any, a: float) -> Any:
        return g * (1 - ac.cos(x * a))

    @versine_.cases
    def _(draw: Draw) -> Case:
        one, other = draw.shapes(2)
        return Case(draw.array(one), draw.array(other), a=draw.real(0.5, 2))

    @versine_.bad_cases
    def _() -> Iterator[Bad]:
        yield Bad(np.ones(2), np.ones(2), a=0.0, error=ValueError, match="not 0")

    return versine_


def test_it_passes_every_check() -> None:
    report = check_primitive(define(), examples=10, seed=0, oracle=versine)
    assert report
    assert {"first derivative", "second derivative", "memory layouts", "float32 agrees", "oracle"} <= set(report.checked)


def test_it_is_found_where_it_was_exposed_and_differentiates() -> None:
    define()
    rng = np.random.default_rng(0)
    xs = [rng.normal(size=(2, 3)), rng.normal(size=(3,))]
    x, w = (ac.tensor(v, requires_grad=True) for v in xs)
    u = rng.normal(size=(2, 3))
    for call in (ac.versine, ac.nn.functional.versine, ac.Tensor.versine):  # type: ignore[attr-defined]  # named above
        y = call(x, w, a=0.7)
        np.testing.assert_allclose(y.detach().value, versine(*xs, 0.7), rtol=1e-12)
        for by, g in enumerate(ac.autograd.grad(y, [x, w], ac.tensor(u))):
            j = complex_step.jacobian(lambda x, w: versine(x, w, 0.7), xs, by)
            np.testing.assert_allclose(g.value, np.tensordot(u, j, 2), rtol=1e-11, atol=1e-13)
    with pytest.raises(ValueError, match="not 0"):
        ac.versine(x, w, a=0.0)  # type: ignore[attr-defined]


def test_it_stands_in_graphs_and_drawings_under_its_label() -> None:
    define()
    y = ac.versine(ac.ones(2, requires_grad=True), ac.ones(2), a=0.5).sum()  # type: ignore[attr-defined]
    assert "versine 0.5" in ac.draw(y).svg


def test_a_recorded_pass_looks_for_no_near_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a value does not have is asked for all the time; the search for a name like it took longer than all the rest."""
    define()
    searched: list[Any] = []
    monkeypatch.setattr("difflib.get_close_matches", lambda *given, **more: searched.append(given) or [])
    x = ac.ones(2, requires_grad=True)
    (g,) = ac.autograd.grad(ac.versine(x, x).sum(), x, create_graph=True)  # type: ignore[attr-defined]
    ac.autograd.grad(g.sum(), x)
    assert not hasattr(x, "entangle")
    assert not searched
    with pytest.raises(AttributeError, match="has no attribute 'entangle'"):
        x.entangle()
    assert searched


WRONG = {
    "a factor": lambda g, x: g * ac.cos(x) * 2,
    "a sign": lambda g, x: -g * ac.cos(x),
    "its argument": lambda g, x: g * ac.cos(x + 1e-3),
    "NumPy's, which cannot be differentiated again": lambda g, x: g * np.cos(array_of(x)),
    "an input written over": lambda g, x: g * ac.cos(x) if isinstance(x, ac.Tensor) else np.multiply(g, np.cos(x), out=x),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_rule_is_found(what: str) -> None:
    @primitive(name="my sine")
    def my_sine(x: Any) -> Any:
        """y = sin x"""
        return np.sin(x)

    my_sine.vjp("x")(WRONG[what])

    @my_sine.cases
    def _(draw: Draw) -> Case:
        return Case(draw.array())

    with pytest.raises(AssertionError, match="my sine"):
        check_primitive(my_sine, examples=5, seed=0)


@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3, 1)])
def test_questions_are_answered_for_arrays_and_tensors_alike(shape: tuple[int, ...]) -> None:
    """A rule gets arrays in a plain backward pass, tensors in a recorded one."""
    array = np.ones(shape, np.float32)
    for x in (array, ac.tensor(array), ac.tensor(array, requires_grad=True)):
        assert shape_of(x) == shape
        assert (ndim_of(x), size_of(x), dtype_of(x)) == (len(shape), array.size, np.float32)
        assert isinstance(array_of(x), np.ndarray | np.generic)
        np.testing.assert_array_equal(array_of(x), array)


def test_the_docstrings_example_runs() -> None:
    code = textwrap.dedent(re.search(r"(?:^    .*\n|^\n)+", extend.__doc__ or "", re.M)[0])  # type: ignore[index]
    assert "check_primitive(cube)" in code
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(code, "extend", "exec"), space)
    assert space["cube"](ac.tensor(2.0)).item() == 8


def test_it_is_one_import_and_the_first() -> None:
    """What CONTRIBUTING imports from here is here; and a program may begin with it."""
    line = re.search(r"`(from autograd_cnn\.extend import [\w, ]+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert line is not None
    code = f"{line[1]}\nimport sys\nprint(primitive.__module__, 'autograd_cnn.drawing' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert said == "autograd_cnn.primitives.primitive False\n"
    assert set(extend.__all__) >= set(line[1].partition("import ")[2].split(", "))
