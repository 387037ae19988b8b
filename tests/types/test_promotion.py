"""Which dtype a result has: PyTorch's documented rules, said a second time as a table of sets, and NumPy's where the two agree."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.types.promotion import align, floating, held, number_in, python_dtype, result_type

DTYPES = {n: np.dtype(n) for n in ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex64")}
# The documentation's order of categories: bool < integer < floating < complex.
CATEGORY = {"bool": 0, "uint8": 1, "int8": 1, "int16": 1, "int32": 1, "int64": 1, "float16": 2, "float32": 2, "float64": 2, "complex64": 3}
PAIRS = list(itertools.product(DTYPES, repeat=2))


@pytest.fixture(autouse=True)
def default_dtype_kept() -> Iterator[None]:
    """The default dtype stays what it was."""
    before = ac.get_default_dtype()
    yield
    ac.set_default_dtype(before)


def met(a: str, b: str) -> str:
    """The dtype in which two of one category, or of two, meet: the smallest that holds both if they are of one category, else that of the
    higher one; float64 with complex64 is complex128."""
    if {a, b} == {"float64", "complex64"}:
        return "complex128"
    if CATEGORY[a] != CATEGORY[b]:
        return max(a, b, key=CATEGORY.__getitem__)
    if a == b or CATEGORY[a] == 0:
        return a
    if CATEGORY[a] == 2:
        return max(a, b, key=("float16", "float32", "float64").index)
    signed = [t for t in (a, b) if t != "uint8"]
    widest = max(signed, key=("int8", "int16", "int32", "int64").index)
    return "int16" if widest == "int8" and len(signed) == 1 else widest


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_two_dtypes_meet(a: str, b: str) -> None:
    assert ac.promote_types(DTYPES[a], DTYPES[b]) == met(a, b)
    assert ac.promote_types(DTYPES[b], DTYPES[a]) == met(a, b)
    if CATEGORY[a] == CATEGORY[b]:  # within a category NumPy counts as PyTorch does
        assert ac.promote_types(DTYPES[a], DTYPES[b]) == np.promote_types(a, b)


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_meeting_is_associative_within_a_category(a: str, b: str) -> None:
    for c in (n for n in DTYPES if CATEGORY[n] == CATEGORY[a] == CATEGORY[b]):
        left = ac.promote_types(ac.promote_types(DTYPES[a], DTYPES[b]), DTYPES[c])
        assert left == ac.promote_types(DTYPES[a], ac.promote_types(DTYPES[b], DTYPES[c]))


AS_WIDE = {
    "float16": "complex64",
    "float32": "complex64",
    "float64": "complex128",
}  # complex numbers keep the width of the floats they meet


@pytest.mark.parametrize(("dims", "scalar"), PAIRS)
def test_a_tensor_without_dims_decides_by_its_category_alone(dims: str, scalar: str) -> None:
    """ "If a zero-dimension tensor operand has a higher category than dimensioned operands, we promote to a type with sufficient size and
    category to hold all zero-dim tensor operands of that category." """
    wanted = scalar if CATEGORY[scalar] > CATEGORY[dims] else dims
    wanted = AS_WIDE[dims] if (CATEGORY[scalar], CATEGORY[dims]) == (3, 2) else wanted
    x, z = ac.ones(2).to(DTYPES[dims]), ac.ones(()).to(DTYPES[scalar])
    assert ac.result_type(x, z) == ac.result_type(z, x) == wanted
    assert result_type(x.value, z.value) == wanted


@pytest.mark.parametrize("dims", DTYPES)
@pytest.mark.parametrize("number", [True, 3, 2.5, 2j])
@pytest.mark.parametrize("default", ["float32", "float64"])
def test_a_python_number_decides_by_its_category_alone(dims: str, number: complex, default: str) -> None:
    ac.set_default_dtype(DTYPES[default])
    category = (bool, int, float, complex).index(type(number))
    alone = ("bool", "int64", default, "complex64" if default == "float32" else "complex128")[category]
    wanted = AS_WIDE[dims] if (category, CATEGORY[dims]) == (3, 2) else alone if category > CATEGORY[dims] else dims
    assert ac.result_type(ac.ones(2).to(DTYPES[dims]), number) == wanted
    assert result_type(np.ones((), dims), number) == wanted
    assert python_dtype(number) == alone


SUMS = [n for n in DTYPES if n != "complex64"]


@pytest.mark.parametrize(("a", "b"), list(itertools.product(SUMS, repeat=2)))
def test_a_sum_has_the_dtype_that_is_said(a: str, b: str) -> None:
    for x, z in itertools.product((ac.ones(2), ac.ones(())), repeat=2):
        p, q = x.to(DTYPES[a]), z.to(DTYPES[b])
        assert (p + q).dtype == ac.result_type(p, q)
        left, right = align(p.value, q.value)
        assert np.add(left, right).dtype == ac.result_type(p, q)


@pytest.mark.parametrize("dims", SUMS)
@pytest.mark.parametrize("number", [True, 3, 2.5, 2j])
def test_a_sum_with_a_python_number_has_the_dtype_that_is_said(dims: str, number: complex) -> None:
    array = np.ones(2, dims)
    for left, right in (align(array, number), align(number, array)[::-1]):
        found = np.add(left, right)
        assert found.dtype == result_type(array, number)
        np.testing.assert_array_equal(found, np.full(2, True if dims == "bool" and number is True else 1 + number))


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_casting_goes_down_in_no_category(a: str, b: str) -> None:
    assert ac.can_cast(DTYPES[a], DTYPES[b]) == (CATEGORY[a] <= CATEGORY[b])


@pytest.mark.parametrize("name", ["uint8", "int8", "int16", "int32", "int64"])
def test_numbers_beyond_an_integer_dtype(name: str) -> None:
    """Sums wrap around, as modular arithmetic has it; an entry that is written must fit, but for a negative one in an unsigned dtype."""
    info = np.iinfo(name)
    size = 2 ** (8 * DTYPES[name].itemsize)
    for number in (info.max, info.max + 1, -1, info.min, info.min - 1, 3 * size + 5):
        left, right = align(np.array([2], name), number, wraps=True)
        assert left.dtype == np.asarray(right).astype(left.dtype).dtype == name
        assert (int(np.asarray(right).astype(object)) - number) % size == 0
    assert held(info.max, name, "full") == info.max
    with pytest.raises(RuntimeError, match="full: value cannot be converted"):
        held(info.max + 1, name, "full")
    if name == "uint8":
        assert held(-1, name, "full") == 255
    else:
        assert held(info.min, name, "full") == info.min


@pytest.mark.parametrize("name", ["float16", "float32"])
def test_numbers_beyond_a_floating_dtype(name: str) -> None:
    top = float(np.finfo(name).max)
    assert held(top, name, "full") == top
    assert np.isinf(held(np.inf, name, "full"))
    assert np.isnan(held(np.nan, name, "full"))
    with pytest.raises(RuntimeError, match="overflow"):
        held(top * 4, name, "full")
    with pytest.raises(RuntimeError, match="overflow"):
        held(1j, name, "full")


@pytest.mark.parametrize("value", [-3.7, 3.7, 0.0, 300, -1])
def test_a_number_cut_to_an_integer(value: float) -> None:
    assert number_in(DTYPES["int64"], value) == int(value)
    assert number_in(DTYPES["uint8"], value) == int(value) % 256
    assert number_in(DTYPES["float32"], value) == value
    assert number_in(DTYPES["bool"], value) is (value != 0)


def test_integers_become_the_default_floating_dtype() -> None:
    for default, name in itertools.product(("float32", "float64"), DTYPES):
        ac.set_default_dtype(DTYPES[default])
        given: Any = np.ones(3, name)
        assert floating(given).dtype == (default if CATEGORY[name] < 2 else name)
        assert (floating(given) is given) == (CATEGORY[name] >= 2)


def test_only_a_floating_dtype_is_a_default() -> None:
    for name in ("int64", "bool", "complex64"):
        with pytest.raises(TypeError, match="expected a floating-point dtype"):
            ac.set_default_dtype(DTYPES[name])
