"""The calls written for primitives: their lines in tracebacks, their second names, and how they are pickled."""

from __future__ import annotations

import gc
import inspect
import linecache
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.nn import functional
from autograd_cnn.ops.registry.expose import FUNCTIONS
from autograd_cnn.primitives.alias import Alias
from autograd_cnn.primitives.primitive import REGISTRY, primitive
from autograd_cnn.testing.case_draws import RandomDraw

ALIASES: dict[str, Alias] = {n: op for n, op in FUNCTIONS.items() if isinstance(op, Alias)}


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    before = dict(REGISTRY)
    yield
    for name in set(REGISTRY) - set(before):
        del REGISTRY[name]


def defined(factor: float) -> Any:
    def stretched(x: Any) -> Any:
        if x is None:
            raise ValueError("nothing")
        return x * factor

    prim = primitive()(stretched)
    prim.vjp("x")(lambda g: g * factor)
    return prim


def test_a_traceback_shows_the_written_lines() -> None:
    with pytest.raises(RuntimeError) as caught:
        ac.ones(2).add(ac.ones(3))
    frames = [f for f in traceback.extract_tb(caught.value.__traceback__) if f.filename.startswith("<autograd_cnn: ")]
    assert [f.filename for f in frames] == ["<autograd_cnn: add>", "<autograd_cnn: add of Tensor>"]
    assert all(f.line for f in frames)
    assert frames[-1].line is not None
    assert frames[-1].line.startswith("raise __ValueType.explain(")


def test_each_kind_of_call_has_a_file_of_its_own() -> None:
    prim = defined(2.0)
    x = ac.ones(2, requires_grad=True)
    prim(x).sum().backward()
    calls = (
        prim.call,
        prim.call_for(ac.Tensor),
        prim.call_for(ac.Scalar),
        prim.pull.__wrapped__ if hasattr(prim.pull, "__wrapped__") else prim.call,
    )
    files = [c.__code__.co_filename for c in calls[:3]]
    assert files == ["<autograd_cnn: stretched>", "<autograd_cnn: stretched of Tensor>", "<autograd_cnn: stretched of Scalar>"]
    for call in calls:
        shown = linecache.getlines(call.__code__.co_filename)
        assert shown[0].startswith("def ")
        assert inspect.getsource(call) == "".join(shown)


def entries() -> list[str]:
    gc.collect()
    return [f for f in linecache.cache if "stretched" in f]


def test_a_definition_that_is_run_again_keeps_its_own_lines_and_leaves_none_behind() -> None:
    assert not entries()
    first = defined(2.0)
    first(ac.ones(1))
    old = first.call.__code__.co_filename
    for factor in range(20):
        prim = defined(float(factor))
        prim(ac.ones(1, requires_grad=True)).backward()
    assert len(entries()) <= 8  # of the first and the last: the call, the one for Tensor, the rule
    assert linecache.getlines(old) and prim.call.__code__.co_filename != old
    del first, prim
    for name in [n for n in REGISTRY if n == "stretched"]:
        del REGISTRY[name]
    assert not entries()


# ------------------------------------------------------------------------------------------------- second names
def test_there_are_second_names() -> None:
    assert len(ALIASES) >= 17
    assert {"absolute", "arccos", "multiply"} <= set(ALIASES)


@pytest.mark.parametrize("name", ALIASES)
def test_a_second_name_does_what_its_definition_says(name: str) -> None:
    alias = ALIASES[name]
    call = getattr(ac, name)
    assert call.__name__ == name and call.__doc__.startswith(f"The same as `{alias.primitive.name}`")
    assert list(inspect.signature(call).parameters) == list(inspect.signature(alias.forward).parameters)
    method = getattr(ac.Tensor, name)
    assert method.__name__ == name and method.__doc__ == call.__doc__
    assert alias.primitive.draw_case is not None
    for seed in range(3):
        case = alias.primitive.draw_case(RandomDraw(seed))
        values = [ac.as_tensor(v) for v in case.inputs]
        for found in (call(*values), method(*values), alias(*values)):
            assert ac.equal(found, alias.forward(*values))
            assert found.dtype == alias.primitive(*values).dtype
        raw = call(*[np.asarray(v.value) for v in values])
        assert isinstance(raw, np.ndarray | np.generic)


def test_a_second_name_of_numbers() -> None:
    x = ac.Scalar(-2.0)
    assert x.absolute().value == 2.0  # type: ignore[attr-defined]  # in the stubs of Scalar
    x.absolute().backward()  # type: ignore[attr-defined]
    assert x.grad == -1.0


def test_a_second_name_follows_a_definition_that_goes_on() -> None:
    prim = defined(2.0)

    @prim.alias
    def drawn_out(x: Any) -> Any:
        """The same as `stretched`."""
        return prim(x)

    assert drawn_out(ac.ones(1)).item() == 2.0
    prim.accelerated(lambda x: x * 7.0)
    assert drawn_out(ac.ones(1)).item() == 7.0
    assert drawn_out.call_for(ac.Tensor)(ac.ones(1)).item() == 7.0


# ------------------------------------------------------------------------------------------------- pickled
def public_functions() -> dict[str, Callable[..., Any]]:
    found = {}
    for prefix, space in (("ac", ac), ("F", functional)):
        for name in dir(space):
            value = getattr(space, name)
            if callable(value) and not isinstance(value, type) and not inspect.ismodule(value) and not name.startswith("_"):
                found[f"{prefix}.{name}"] = value
    return found


def test_every_public_function_is_pickled_by_its_name() -> None:
    functions = public_functions()
    assert len(functions) > 450
    unlike = [n for n, f in functions.items() if pickle.loads(pickle.dumps(f)) is not f]
    assert not unlike


def test_a_pickled_function_is_found_by_another_process(tmp_path: Path) -> None:
    file = tmp_path / "functions.pickle"
    functions = {n: f for n, f in public_functions().items() if hasattr(f, "primitive")}
    assert {"ac.sin", "ac.relu", "ac.absolute"} <= set(functions)
    file.write_bytes(pickle.dumps(functions))
    program = f"import pickle\nfor name, f in pickle.load(open({str(file)!r}, 'rb')).items(): print(name, f.__name__ == name.split('.')[1])"
    out = subprocess.run([sys.executable, "-W", "ignore::ResourceWarning", "-c", program], capture_output=True, text=True, check=True)
    assert set(out.stdout.split()[1::2]) == {"True"}
    assert len(out.stdout.splitlines()) == len(functions)
