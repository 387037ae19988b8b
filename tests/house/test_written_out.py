"""Every public function is a `def` of its own name, found by one search: `grep -rn "def conv2d" autograd_cnn`."""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn.nn import functional
from autograd_cnn.ops.registry.expose import FUNCTIONAL, FUNCTIONS, INPLACE, METHODS
from autograd_cnn.primitives.alias import Alias
from autograd_cnn.primitives.primitive import Primitive
from autograd_cnn.tensors.methods.inplace_arithmetic import InplaceArithmetic
from autograd_cnn.tensors.methods.inplace_functions import InplaceFunctions
from autograd_cnn.tensors.methods.inplace_parts import InplaceParts
from autograd_cnn.tensors.methods.operators import Operators, ScalarOperators

from .public import FILE
from .source import FILES

TEXT = "\n".join(p.read_text(encoding="utf-8") for p in FILES)
DEFS = set(re.findall(r"^ *def (\w+)\(", TEXT, re.MULTILINE))
# A class is a value, which another name (an older one, or a published one) may stand for, and an enumeration is a table of values.
CLASSES = set(re.findall(r"^class (\w+)|^(?:from .* import .* as )?(\w+)(?: = [A-Z]\w+| = weights_of\(.*)?$", TEXT, re.MULTILINE))
CLASSES = {name for pair in CLASSES for name in pair}
NAMED = set(re.findall(r"^(\w+) = [A-Z]\w+\(", TEXT, re.MULTILINE))  # things of a class that can be called, such as a surface


def found(path: str) -> tuple[Any, str]:
    """What a line of the table names, and its last name."""
    module, _, name = path.rpartition(".")
    try:
        return inspect.getattr_static(importlib.import_module(module), name, None) or getattr(importlib.import_module(module), name), name
    except ModuleNotFoundError:
        return inspect.getattr_static(found(module)[0], name), name


def unwritten() -> list[str]:
    """The public functions, methods, operators, properties and classes that no file of the package defines under their names."""
    missing = []
    for line in FILE.read_text(encoding="utf-8").splitlines():
        path, rest = re.fullmatch(r"([\w.]+)(.*)", line).groups()  # type: ignore[union-attr]  # each line begins with a name
        if rest.startswith(":") or rest == " (module)":
            continue
        value, name = found(path)
        if not (getattr(value, "__module__", None) or "autograd_cnn").startswith("autograd_cnn"):
            continue  # another package's class
        if inspect.isclass(value) and name.islower():
            continue  # an attribute whose value is a class
        thing = not inspect.isroutine(value) and type(value).__name__ in CLASSES
        if name not in (CLASSES if inspect.isclass(value) else NAMED | DEFS if thing else DEFS):
            missing.append(path)
    return missing


def test_every_public_name_has_a_def() -> None:
    missing = unwritten()
    assert not missing, f"no `def` of this name in any file: {missing[:10]}"


def test_what_is_missing_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.DEFS", DEFS - {"conv2d", "add_", "__add__"})
    assert {"autograd_cnn.nn.functional.conv2d", "autograd_cnn.Tensor.add_", "autograd_cnn.Scalar.__add__"} <= set(unwritten())


@pytest.mark.parametrize("table", [FUNCTIONS, METHODS, FUNCTIONAL], ids=["functions", "methods", "functional"])
def test_an_operation_is_defined_under_its_public_name(table: dict[str, Any]) -> None:
    """The search leads to the definition itself, not to another of that name."""
    for name, op in table.items():
        if op.__module__.startswith("autograd_cnn."):
            definition = op.forward if isinstance(op, Primitive | Alias) else inspect.unwrap(op)
            assert definition.__name__ == definition.__code__.co_name == name
            lines, first = inspect.getsourcelines(definition)
            assert any(re.match(rf"def {name}\(", line) for line in lines), f"{name}: line {first} of {definition.__code__.co_filename}"


def test_no_names_are_made_in_loops() -> None:
    """`globals()[…] = …` is for façades that load a name of a table when it is asked for."""
    where = {
        p.name if p.parent.name == "autograd_cnn" else f"{p.parent.name}/{p.name}"
        for p in FILES
        if re.search(r"globals\(\)\[|(?<!old = )\bglobals\(\)\.update|setattr\((Tensor|Scalar)\b", p.read_text(encoding="utf-8"))
    }
    assert where <= {
        "__init__.py",
        "nn/functional.py",
        "modules/__init__.py",
        "files/storages.py",
        "devices/cuda_types.py",
        "testing/strategies.py",
    }


WRITES = {
    n: fn for cls in (InplaceArithmetic, InplaceFunctions, InplaceParts) for n, fn in vars(cls).items() if re.fullmatch(r"_?[a-z].*_", n)
}


def test_every_operation_that_writes_in_place_has_a_definition() -> None:
    assert {f"{n}_" for n in INPLACE} == set(WRITES)


@pytest.mark.parametrize("name", WRITES)
def test_in_place_it_takes_what_the_operation_takes(name: str) -> None:
    op = INPLACE[name[:-1]]
    wanted, found = (inspect.signature(f).parameters for f in (getattr(op, "call", op), WRITES[name]))
    assert [(p.name, p.kind, p.default) for p in found.values()][1:] == [(p.name, p.kind, p.default) for p in wanted.values()][1:]
    assert WRITES[name].__doc__
    if not name.startswith("_"):
        assert f'"{name}"' in inspect.getsource(inspect.unwrap(WRITES[name])), "the name of another method in errors"


OPERATORS = [
    (cls, kind, name)
    for cls, kind in ((Operators, ac.Tensor), (ScalarOperators, ac.Scalar))
    for name in vars(cls)
    if name.strip("_")
    in "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift eq ne lt le gt ge neg pos invert abs radd rsub rmul rtruediv rfloordiv rmod "
    "rpow rmatmul rand ror rxor rlshift rrshift".split()
]


@pytest.mark.parametrize(("cls", "kind", "name"), OPERATORS, ids=lambda v: v if isinstance(v, str) else v.__name__)
def test_an_operator_does_what_its_definition_says(cls: type, kind: Any, name: str) -> None:
    operator = getattr(kind, name)
    definition = inspect.unwrap(operator)
    assert definition.__module__ == Operators.__module__ and definition.__name__ == name
    assert (
        list(inspect.signature(operator).parameters)
        == ["self", *(["exponent"] if name == "__pow__" else ["other"])][: definition.__code__.co_argcount]
    )
    assert inspect.getsource(operator) == inspect.getsource(definition) and operator.__doc__ == definition.__doc__
    whole = re.fullmatch(r"__r?(and|or|xor|lshift|rshift|invert)__", name) is not None
    values = (ac.tensor([5, 2]), ac.tensor([1, 3])) if whole else (ac.tensor([5.0, -2.0]), ac.tensor([1.5, 3.0]))
    if kind is ac.Scalar:
        values = (ac.Scalar(5.0), ac.Scalar(1.5))  # type: ignore[assignment]
    given = values[: definition.__code__.co_argcount]
    assert str(operator(*given)) == str(definition(*given))
    if len(given) == 2 and name.strip("_") not in ("pow", "rpow", "matmul", "rmatmul"):
        assert operator(given[0], "text") is NotImplemented


def test_nn_functional_has_what_the_tables_say() -> None:
    assert all(getattr(functional, n) is getattr(FUNCTIONAL[n], "call", FUNCTIONAL[n]) for n in FUNCTIONAL)
