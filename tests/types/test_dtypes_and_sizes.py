"""dtype objects, sizes and devices: what they are, how they are written, what they refuse."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_cnn as ac
from autograd_cnn.types import dtypes
from autograd_cnn.types.device import Size, as_device, check_cpu
from autograd_cnn.types.kinds import float_only, spoken

ALIASES = {
    "half": "float16",
    "float": "float32",
    "double": "float64",
    "cfloat": "complex64",
    "cdouble": "complex128",
    "short": "int16",
    "int": "int32",
    "long": "int64",
}
SIZES = st.lists(st.integers(0, 6), max_size=5)


# ------------------------------------------------------------------------------------------------- dtypes
@pytest.mark.parametrize("name", dtypes.NAMES)
def test_a_dtype_is_numpys_under_pytorchs_name(name: str) -> None:
    assert getattr(ac, name) is getattr(dtypes, name) is np.dtype(ALIASES.get(name, name))


def test_every_alias_is_there() -> None:
    assert set(ALIASES) <= set(dtypes.NAMES)
    assert len({getattr(dtypes, n) for n in dtypes.NAMES}) == len(dtypes.NAMES) - len(ALIASES)


@pytest.mark.parametrize(
    ("name", "word"), {"bool": "Bool", "uint8": "Byte", "int8": "Char", "int64": "Long", "float16": "Half", "float64": "Double"}.items()
)
def test_dtypes_in_messages(name: str, word: str) -> None:
    assert spoken(np.dtype(name)) == word


def test_operations_of_floats_refuse_integers() -> None:
    x = np.ones(2)
    assert float_only(x, "gelu") is x
    assert float_only(1.5, "gelu") == 1.5
    for name in ("bool", "uint8", "int64"):
        with pytest.raises(NotImplementedError, match=f"\"gelu\" not implemented for '{spoken(np.dtype(name))}'"):
            float_only(x.astype(name), "gelu")


# ------------------------------------------------------------------------------------------------- sizes
@given(SIZES, SIZES)
def test_a_size_is_a_tuple_that_counts(a: list[int], b: list[int]) -> None:
    size = Size(a)
    assert size == tuple(a)
    assert hash(size) == hash(tuple(a))
    assert size.numel() == math.prod(a)
    assert repr(size) == f"torch.Size({a})"
    assert size + tuple(b) == tuple(a + b)
    assert type(size + Size(b)) is type(size[1:]) is type(size[::-1]) is Size
    assert all(type(n) is int for n in size)
    for again in (pickle.loads(pickle.dumps(size)), copy.deepcopy(size)):
        assert again == size
        assert type(again) is Size


@given(st.lists(st.integers(0, 3), max_size=3))
def test_what_tensors_give_is_a_size(shape: list[int]) -> None:
    x = ac.zeros(shape)
    assert type(x.shape) is type(x.size()) is Size
    assert x.shape == tuple(shape)
    assert x.shape.numel() == x.numel() == int(np.prod(shape, dtype=int))


# ------------------------------------------------------------------------------------------------- devices
@pytest.mark.parametrize(
    ("text", "kind", "index"), [("cpu", "cpu", None), ("cuda", "cuda", None), ("cuda:1", "cuda", 1), ("meta", "meta", None)]
)
def test_a_device_by_its_name(text: str, kind: str, index: int | None) -> None:
    d = ac.device(text)
    assert (d.type, d.index, str(d)) == (kind, index, text)
    assert d == ac.device(kind, index) == ac.device(d) == as_device(text) == pickle.loads(pickle.dumps(d))
    assert hash(d) == hash(ac.device(kind, index))
    assert repr(d) == (f"device(type='{kind}')" if index is None else f"device(type='{kind}', index={index})")
    assert d != text


def test_a_device_does_not_change() -> None:
    with pytest.raises(AttributeError, match="not writable"):
        ac.device("cpu").index = 3


@pytest.mark.parametrize(("wrong", "error"), [("gpu", RuntimeError), ("cuda:x", RuntimeError), ("", RuntimeError), (1.5, TypeError)])
def test_what_is_no_device(wrong: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        ac.device(wrong)  # type: ignore[arg-type]  # it is wrong


def test_nothing_is_held_but_on_the_cpu() -> None:
    check_cpu(None, "zeros")
    check_cpu("cpu", "zeros")
    check_cpu(ac.device("cpu", 0), "zeros")
    with pytest.raises(AssertionError, match="not compiled with CUDA enabled: zeros"):
        check_cpu("cuda:0", "zeros")
    with pytest.raises(RuntimeError, match="zeros: expected device 'cpu', got 'mps'"):
        check_cpu("mps", "zeros")
