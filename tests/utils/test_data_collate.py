"""Collating and converting: kinds, dtypes, memory, and errors that say which sample and what to do."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from autograd_cnn.tensors.tensor import Tensor, wrap
from autograd_cnn.utils.data import DataLoader, default_collate, default_convert
from autograd_cnn.utils.data.collate import collate, default_collate_fn_map

quick = settings(deadline=None, derandomize=True, database=None, max_examples=80)
Point = namedtuple("Point", "x y")


@quick
@given(
    array=npst.arrays(
        dtype=st.sampled_from([np.float32, np.float64, np.int64, np.uint8, np.bool_]),
        shape=npst.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4),
    ),
    transposed=st.booleans(),
    as_tensor=st.booleans(),
)
def test_stacking_undoes_taking_apart(array: Any, transposed: bool, as_tensor: bool) -> None:
    if transposed:
        array = array.T
    if len(array) == 0:
        return
    before = array.copy()
    samples = [wrap(row) if as_tensor else np.asarray(row) for row in array]
    got = default_collate(samples)
    assert isinstance(got, Tensor)
    assert got.value.dtype == array.dtype
    np.testing.assert_array_equal(got.value, before)
    assert not np.shares_memory(got.value, array)
    np.testing.assert_array_equal(array, before)


def test_nested() -> None:
    samples = [{"image": np.full((2, 2), i, np.float32), "meta": Point(i, [f"n{i}", (0.5, True)])} for i in range(3)]
    batch = default_collate(samples)
    assert batch["image"].shape == (3, 2, 2)
    assert isinstance(batch["meta"], Point)
    assert batch["meta"].x.tolist() == [0, 1, 2]
    names, (half, flag) = batch["meta"].y
    assert names == ("n0", "n1", "n2")
    assert (half.dtype, flag.dtype) == (np.float64, np.bool_)


def test_a_sample_that_requires_grad_keeps_its_graph() -> None:
    x = wrap(np.ones(2), requires_grad=True)
    batch = default_collate([x, wrap(np.zeros(2))])
    assert batch.requires_grad
    (batch * 3).sum().backward()
    np.testing.assert_array_equal(x.grad.value, [3, 3])


def test_negative_strides_and_foreign_byte_order_are_taken() -> None:
    flipped, swapped = np.arange(3.0)[::-1], np.arange(3.0).astype(">f8")
    np.testing.assert_array_equal(default_collate([flipped, flipped]).value, [[2, 1, 0]] * 2)
    batch = default_collate([swapped])
    assert batch.value.dtype.isnative
    assert batch.tolist() == [[0, 1, 2]]
    assert default_convert(swapped).value.dtype.isnative
    assert default_convert(swapped).tolist() == [0, 1, 2]


def test_own_collate_functions() -> None:
    class Word(str):
        __slots__ = ()

    def join(batch: Any, *, collate_fn_map: Any) -> str:
        return "+".join(batch)

    functions = {str: join, **{k: f for k, f in default_collate_fn_map.items() if k is not str}}
    assert collate([("a", 1), ("b", 2)], collate_fn_map=functions)[0] == "a+b"
    assert collate([Word("a"), Word("b")], collate_fn_map=functions) == "a+b"
    with pytest.raises(TypeError, match=r"found <class 'int'>"):
        collate([1])


def test_an_exchanged_tensor_function_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_cnn.utils.data import TensorDataset

    monkeypatch.setitem(default_collate_fn_map, Tensor, lambda batch, *, collate_fn_map: len(batch))
    assert list(DataLoader(TensorDataset(wrap(np.ones(3))), 2)) == [[2], [1]]


def test_convert_shares_memory() -> None:
    array = np.arange(3)
    got = default_convert({"a": array, "s": "x", "t": (1, None), "p": Point(array, 0)})
    assert np.shares_memory(got["a"].value, array)
    assert got["s"] == "x"
    assert got["t"] == [1, None]
    assert np.shares_memory(got["p"].x.value, array)
    tensor = wrap(array)
    assert default_convert(tensor) is tensor


WRONG: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (
        lambda: default_collate([np.ones(2), np.ones(3)]),
        RuntimeError,
        r"stack expects each tensor to be equal size, but got \[2\] at entry 0 and \[3\] at entry 1.*resize or pad",
    ),
    (lambda: default_collate([None]), TypeError, r"must contain tensors.*found <class 'NoneType'>.*collate_fn="),
    (lambda: default_collate([{1}]), TypeError, r"found <class 'set'>"),
    (lambda: default_collate([np.array(["a"])]), TypeError, r"found <U1"),
    (lambda: default_collate([1, None]), RuntimeError, r"Could not infer dtype of NoneType at entry 1"),
    (lambda: default_collate([1, "a"]), TypeError, r"expected a number in every sample.*got str at entry 1"),
    (lambda: default_collate([1, [2]]), TypeError, r"got list at entry 1"),
    (lambda: default_collate([1.0, "2"]), TypeError, r"must be real number, not str"),
    (lambda: default_collate([1.0, [2.0]]), TypeError, r"must be real number, not list"),
    (lambda: default_collate([2**63]), ValueError, r"Overflow: an int of the batch does not fit into int64"),
    (lambda: default_collate([wrap(np.ones(1)), 1]), TypeError, r"expected Tensor as element 1 .* but got int"),
    (lambda: default_collate([np.ones(1), 1]), TypeError, r"NumPy arrays in every sample.*got int at entry 1"),
    (lambda: default_collate([[1, 2], [3]]), RuntimeError, r"equal size, but got 2 values at entry 0 and 1 at entry 1"),
    (lambda: default_convert(np.zeros(1, "M8[s]")), TypeError, r"expected a NumPy array.*got dtype datetime64"),
]


@pytest.mark.parametrize(("act", "kind", "text"), WRONG)
def test_errors(act: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        act()


def test_notes_say_where_it_happened() -> None:
    """The message names the entry of the batch, the notes the field in the sample and the indices in the dataset."""
    data = [{"image": np.ones(2), "label": (i, np.ones(1 + i // 5))} for i in range(9)]
    with pytest.raises(RuntimeError, match=r"\[1\] at entry 0 and \[2\] at entry 2") as caught:
        list(DataLoader(data, 3))
    assert caught.value.__notes__ == [
        "It happened in field 1 of the samples.",
        "It happened in field 'label' of the samples.",
        "The batch holds the samples with indices [3, 4, 5], entry 0 first.",
    ]
    with pytest.raises(KeyError, match=r"'b'") as missing:
        default_collate([{"b": 1}, {"a": 2}])
    assert "the one at entry 1 has not" in missing.value.__notes__[0]


@pytest.mark.parametrize("size", [1, 8, 9, 30])
def test_of_large_batches_some_indices_are_named(size: int) -> None:
    def broken(_: Any) -> Any:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no") as caught:
        list(DataLoader(range(40), size, collate_fn=broken))
    named = ", ".join(map(str, range(min(size, 8)))) + (", …" if size > 8 else "")
    assert caught.value.__notes__ == [f"The batch holds the samples with indices [{named}], entry 0 first."]
    with pytest.raises(ValueError, match="no") as alone:
        list(DataLoader(range(3), None, collate_fn=broken))
    assert not hasattr(alone.value, "__notes__")
