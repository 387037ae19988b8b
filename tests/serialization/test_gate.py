"""The gate of dtypes: its own spellings, and the states that NumPy writes for them, are read; one thing more in either is refused."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from autograd_cnn.serialization import gate

CODES = ["b1", "i1", "u1", "i2", "u2", "f2", "i4", "u4", "f4", "i8", "u8", "f8", "c8", "c16"]


@pytest.mark.parametrize("code", [*CODES, "S3", "U2", "S0"])
def test_spellings(code: str) -> None:
    kind = np.dtype(code)
    for order in ("", "<", ">", "|"):
        made = gate.spelt(order + code)
        assert (made.kind, made.itemsize) == (kind.kind, kind.itemsize)
        assert made == (kind.newbyteorder(order) if order in ("<", ">") else kind)
    assert gate.is_plain(kind) and gate.is_plain(kind.newbyteorder(">"))
    assert gate.admitted(kind.newbyteorder(">")) == kind.newbyteorder(">")


@pytest.mark.parametrize(
    "code", ["O", "V4", "M8", "m8", "f16", "g", "f", "=f4", "", "f4,f4", "(2,)f4", "<S", "S-1", "S1 ", "U3\n", b"f4", 4, None, float]
)
def test_other_spellings(code: Any) -> None:
    with pytest.raises(pickle.UnpicklingError, match="Only bool, integer, float, complex, bytes and text"):
        gate.spelt(code)


@pytest.mark.parametrize(("code", "right"), [("S999999999", True), ("S1000000000", False), ("U536870911", True), ("U536870912", False)])
def test_the_longest_texts(code: str, right: bool) -> None:
    if right:
        assert gate.spelt(code) == np.dtype(code)
    else:
        with pytest.raises(pickle.UnpicklingError):
            gate.spelt(code)


OTHER = [np.dtype("O"), np.dtype("V4"), np.dtype("M8[s]"), np.dtype([("a", "f4")]), np.dtype(("f4", (2,))), np.dtype([("a", "O")])]


@pytest.mark.parametrize("kind", OTHER, ids=str)
def test_other_kinds(kind: np.dtype[Any]) -> None:
    assert not gate.is_plain(kind)
    with pytest.raises(pickle.UnpicklingError, match="none of the plain ones"):
        gate.admitted(kind)


def test_a_number_whose_flags_say_object() -> None:
    """As a pickled state can make it of any dtype: bytes would be taken for pointers."""
    kind = np.dtype("i8").newbyteorder(">")
    assert gate.is_plain(kind)
    kind.__setstate__((3, ">", None, None, None, -1, -1, 63))
    assert kind.str == ">i8" and not gate.is_plain(kind)
    with pytest.raises(pickle.UnpicklingError, match="none of the plain ones"):
        gate.admitted(kind)


def test_what_is_no_dtype() -> None:
    for value in (np.float32, "f4", None):
        with pytest.raises(pickle.UnpicklingError, match="none of the plain ones"):
            gate.admitted(value)


def test_nothing_comes_along() -> None:
    assert gate.admitted(np.dtype("f4", metadata={"a": 1})).metadata is None


# ------------------------------------------------------------------------------------------------- states
FIELDS = ("version", "order", "subarray", "names", "fields", "size", "alignment", "flags")
WRONG: dict[str, list[Any]] = {
    "version": [2, 4, 3.0, None, True],
    "order": ["=", "x", "", None, 60, "<>"],
    "subarray": [("f4", (2,)), ()],
    "names": [("a",), ()],
    "fields": [{}, {"a": 1}],
    "size": [-2, 8, None, 8.0, False],
    "alignment": [-2, 8, None, 8.0, False],
    "flags": [1, 63, -1, None, False, 0.0],
}


@pytest.mark.parametrize("code", ["<f4", ">i8", "|u1", "|b1", "<U3", "|S2"])
@pytest.mark.parametrize("field", FIELDS)
def test_each_field_of_a_state_is_looked_at(code: str, field: str) -> None:
    kind = np.dtype(code)
    own = dict(zip(FIELDS, kind.__reduce__()[2], strict=True))
    assert gate.with_state(gate.spelt(code[1:]), tuple(own.values())) == kind
    further = [">" if code[0] == "|" else "|"] if field == "order" else []
    for wrong in WRONG[field] + further:
        if type(wrong) is type(own[field]) and wrong == own[field]:
            continue
        with pytest.raises(pickle.UnpicklingError):
            gate.with_state(gate.spelt(code[1:]), tuple({**own, field: wrong}.values()))


def test_states_of_other_lengths() -> None:
    state = np.dtype("<f4").__reduce__()[2]
    for wrong in (state[:7], (*state, None), list(state), None):
        with pytest.raises(pickle.UnpicklingError, match="with metadata, or without its whole state"):
            gate.with_state(np.dtype("f4"), wrong)


def test_a_text_has_one_alignment_and_one_flag() -> None:
    kind = np.dtype("<U3")
    version, order, *none, size, alignment, flags = kind.__reduce__()[2]
    for wrong in ((-1, -1, flags), (-1, alignment, flags), (size, -1, flags), (size + 4, alignment, flags), (size, alignment, flags ^ 2)):
        with pytest.raises(pickle.UnpicklingError, match="not its own"):
            gate.with_state(kind, (version, order, *none, *wrong))
    assert gate.with_state(kind, (version, order, *none, size, alignment, 0)) == kind
    assert gate.with_state(kind, (version, b"<", *none, size, alignment, flags)) == kind  # Python 2 text read as bytes
    assert gate.with_state(np.dtype("f4"), (3, ">", *none, -1, -1, 0)) == np.dtype(">f4")
