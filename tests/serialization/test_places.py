"""Where storages go, under which names things are found again, and what a storage is to those who are asked about it."""

from __future__ import annotations

import io
import types
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.serialization import load
from autograd_cnn.serialization.storage.dtypes import ELEMENTS, decode, torch_name
from autograd_cnn.serialization.storage.map_location import restorer
from autograd_cnn.serialization.storage.naming import find, name_of
from autograd_cnn.serialization.storage.storage import Storage, short

from .crafting import archive, program, storage, tensor


def at(location: str) -> io.BytesIO:
    return archive(program(tensor(of=storage(location=location))))


@pytest.mark.parametrize("location", ["cpu", "cpu:0", "cpu:7"])
def test_the_cpu_by_its_names(location: str) -> None:
    assert load(at(location)).tolist() == [1, 2, 3, 4]
    for asked in (lambda s, where: None, lambda s, where: s, {}, types.MappingProxyType({"other": "cuda"})):
        assert load(at(location), map_location=asked).tolist() == [1, 2, 3, 4]


OTHERS = [("cuda", "CUDA"), ("cuda:1", "CUDA"), ("cudax", "'cudax'"), ("xpu", "'xpu'"), ("", "''"), ("cpux", "'cpux'")]


@pytest.mark.parametrize(("location", "message"), OTHERS)
def test_other_places(location: str, message: str) -> None:
    for options in ({}, {"map_location": {}}, {"map_location": lambda s, where: None}):
        with pytest.raises(RuntimeError, match=message):
            load(at(location), **options)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match=message):
        load(at("cpu"), map_location=location)
    with pytest.raises(RuntimeError, match=message):
        load(at("cpu"), map_location={"cpu": location})
    for moved in ("cpu", b"cpu", ac.device("cpu"), {location: "cpu:0"}, types.MappingProxyType({location: "cpu"}), lambda s, where: s):
        assert load(at(location), map_location=moved).tolist() == [1, 2, 3, 4]  # type: ignore[arg-type]


def test_what_is_no_place() -> None:
    for wrong in (5, 1.5, ["cpu"]):
        with pytest.raises(TypeError, match="expected map_location to be None, 'cpu', a device, a dict"):
            load(at("cpu"), map_location=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [ValueError, KeyError, RuntimeError, EOFError])
def test_an_error_of_the_callers_function_is_the_callers(error: type[Exception]) -> None:
    mine = error("mine")

    def fail(given: Any, location: str) -> Any:
        raise mine

    with pytest.raises(error) as caught:
        load(at("cpu"), map_location=fail)
    assert caught.value is mine


def test_a_function_is_asked_about_storages_only() -> None:
    with pytest.raises(RuntimeError, match="does not fit a tensor that was saved as an array"):
        restorer(lambda given, location: given)(None, "cpu")


def test_a_storage_tells_what_it_is() -> None:
    seen: list[Any] = []

    def look(given: Any, location: str) -> Any:
        seen.append(given)
        return given

    load(at("cuda:1"), map_location=look)
    (one,) = seen
    assert (len(one), one.size(), one.nbytes, one.location) == (4, 4, 16, "cuda:1")
    assert one.cpu() is one
    assert repr(one) == "<storage of 4 float32, saved on cuda:1>"
    assert repr(Storage(None, 3, "cpu", "little")) == "<storage of 3 bytes, saved on cpu>"
    assert Storage(None, 3, "cpu", "little").nbytes == 3
    with pytest.raises(RuntimeError, match="expected a storage on the CPU"):
        one.cuda()


@pytest.mark.parametrize("kind", ["float32", "int16", "bfloat16", None])
def test_a_part_of_a_storage_is_its_memory(kind: str | None) -> None:
    element = ELEMENTS[kind] if kind else None
    whole = Storage(element, 8, "here", "big", mapped=True)
    item = element.itemsize if element else 1
    raw = np.arange(8 * item, dtype=np.uint8)
    whole.fill(raw)
    part = whole.part(2, 3)
    assert (part.numel, part.nbytes, part.location, part.byteorder, part.mapped) == (3, 3 * item, "here", "big", True)
    assert part._raw.tolist() == raw[2 * item : 5 * item].tolist() and np.shares_memory(part._raw, raw)


def test_a_storage_is_converted_once() -> None:
    made = Storage(ELEMENTS["complex64"], 2, "cpu", "little")
    made.fill(np.array([1 + 2j, 3 - 1j], np.complex64).view(np.uint8))
    plain, both = made.array(ELEMENTS["complex64"]), frozenset({"conj", "neg"})
    assert made.array(ELEMENTS["complex64"]) is plain
    assert made.array(ELEMENTS["complex64"], both) is made.array(ELEMENTS["complex64"], both)
    assert made.array(ELEMENTS["complex64"], both).tolist() == [-1 + 2j, -3 - 1j]
    assert made.array(ELEMENTS["complex64"], frozenset({"neg"})).tolist() == [-1 - 2j, -3 + 1j]
    assert made.array(ELEMENTS["complex64"], frozenset({"conj"})).tolist() == [1 - 2j, 3 + 1j]
    assert plain.tolist() == [1 + 2j, 3 - 1j]


@pytest.mark.parametrize("order", ["little", "big"])
def test_bytes_as_they_lie(order: str) -> None:
    raw = np.arange(1, 17, dtype=np.uint8)
    sign = "<" if order == "little" else ">"
    for name, element in ELEMENTS.items():
        made = decode(raw, element, order, checked=False)
        assert made.dtype == element.dtype and made.size == 16 // element.itemsize
        if element.exact and name != "bool":
            expected = raw.view(element.dtype.newbyteorder(sign)).astype(element.dtype)
            assert made.tobytes() == expected.tobytes()
        empty = decode(raw[:0], element, order, checked=True)
        assert empty.size == 0 and empty.dtype == element.dtype
    assert np.shares_memory(decode(raw, ELEMENTS["float32"], "little", checked=True), raw)


def test_dtypes_that_stand_for_others() -> None:
    for name, element in ELEMENTS.items():
        assert torch_name(element.as_value) == name
        assert element.exact is (element.as_value.metadata is None)


def test_short_lists_of_numbers() -> None:
    assert short([]) == "[]"
    assert short([1, -2, 1 << 63, 1 << 64, -(1 << 64), True, "a"]) == f"[1, -2, {1 << 63}, int, int, bool, str]"
    assert short(range(8)) == "[0, 1, 2, 3, 4, 5, 6, 7]"
    assert short(range(9)) == "[0, 1, 2, 3, 4, 5, 6, 7, …]"


class Outer:
    class Inner:
        pass


def test_names_lead_back() -> None:
    assert name_of(Outer.Inner, "Outer.Inner") == (__name__, "Outer.Inner")
    assert find(__name__, "Outer.Inner") is Outer.Inner
    assert find(__name__, "Outer.Other") is find("no.such.module", "x") is find(__name__, "Nothing.Inner") is None
    assert name_of(len, "len") == ("builtins", "len")
    assert name_of(..., "Ellipsis") == ("builtins", "Ellipsis")
    for value, public in (
        (ac.Tensor, "autograd_cnn"),
        (ac.nn.Linear, "autograd_cnn.nn"),
        (ac.nn.functional.gelu, "autograd_cnn.nn.functional"),
        (ac.optim.SGD, "autograd_cnn.optim"),
    ):
        module, name = name_of(value, value.__qualname__)
        assert module == public and find(module, name) is value
    assert name_of(Storage, "Storage") == (Storage.__module__, "Storage")  # none of the public ones
