"""Each refusal is made where the fault is, and says what it is: no other error stands in for it."""

from __future__ import annotations

import io
import pickle
import struct
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.serialization import FileFormatError, load, safe_globals
from autograd_cnn.tensors.tensor import Parameter

from .crafting import FOUR, P, archive, legacy, number, program, storage, tensor, text, tuple_of
from .test_arguments import PARTS, TENSOR, call, code, named

ORDERED = call("collections.OrderedDict")
ENTRY = P.NONE + P.SETITEM


def pid(*parts: Any) -> bytes:
    return tuple_of(*map(code, parts)) + P.BINPERSID


def of_type(function: Any, kind: str, inner: Any, state: Any) -> bytes:
    return call("torch._tensor._rebuild_from_type_v2", named(function), named(kind), inner, state)


def hung(attribute: Any, slots: bool = False) -> bytes:
    state = {attribute: 1}
    return of_type("torch._utils._rebuild_tensor_v2", "torch.Tensor", PARTS, (None, state) if slots else state)


PARAMETER = named("torch.nn.parameter.Parameter") + P.EMPTY_TUPLE + P.REDUCE
ARRAY = call("numpy.core.multiarray._reconstruct", named("numpy.ndarray"), (0,), b"b")
PENDING = call("torch.nn.parameter.Parameter", named("torch.float32"))
FLOAT = named("torch.FloatStorage")
SAID: dict[str, tuple[bytes, str]] = {
    # the machine
    "two results": (P.NONE + P.NONE, "it stops with values left over"),
    "an open mark": (P.MARK + P.NONE, "it stops with values left over"),
    "an unknown opcode": (b"\xff", "opcode 0xff is not one that checkpoints use"),
    "a tuple of too little": (P.NONE + P.TUPLE2, "a tuple lacks its items"),
    "a negative length": (P.BINSTRING + struct.pack("<i", -1), "a length is negative"),
    "a negative number": (P.LONG4 + struct.pack("<i", -1), "a length is negative"),
    "a name that is none": (number(1) + text("x") + P.STACK_GLOBAL, "a global's name is not text"),
    "a part of a name that is none": (text("x") + number(1) + P.STACK_GLOBAL, "a global's name is not text"),
    "a text that is none": (P.BINUNICODE + struct.pack("<I", 2) + b"\xff\xff", "a text is not utf-8"),
    "an old text that is none": (P.SHORT_BINSTRING + b"\x01\xff", r"a text is not utf-8 .* try load\(..., encoding='latin1'\)"),
    "arguments that are a list": (named("collections.OrderedDict") + P.EMPTY_LIST + P.REDUCE, "expected a tuple of arguments, got list"),
    "an append to a dict": (P.EMPTY_DICT + P.NONE + P.APPEND, "Can only extend lists, but got <class 'dict'>"),
    "items of a list": (P.EMPTY_LIST + number(0) + ENTRY, "Can only SETITEM for dict, .* but got <class 'list'>"),
    "members of a list": (P.EMPTY_LIST + P.MARK + P.NONE + P.ADDITEMS, "Can only add to sets, but got <class 'list'>"),
    "odd items": (P.EMPTY_DICT + P.MARK + P.NONE + P.SETITEMS, "IndexError"),
    "a list for a key": (P.EMPTY_DICT + P.EMPTY_LIST + ENTRY, "list cannot be a key"),
    "a list in a set": (P.EMPTY_SET + P.MARK + P.EMPTY_LIST + P.ADDITEMS, "list cannot be a key"),
    "a list in a frozenset": (P.MARK + P.EMPTY_LIST + P.FROZENSET, "list cannot be a key"),
    "a list in a tuple as key": (P.EMPTY_DICT + P.EMPTY_LIST + P.TUPLE1 + ENTRY, "list cannot be a key"),
    # names and calls
    "a call of text": (text("x") + P.EMPTY_TUPLE + P.REDUCE, "call reduce for unrecognized function <class 'str'>"),
    "a call of a kind": (named("torch.FloatTensor") + P.EMPTY_TUPLE + P.REDUCE, "unrecognized function <torch.FloatTensor>"),
    "an object of a kind": (named("torch.Tensor") + P.NONE + P.TUPLE1 + P.NEWOBJ, "an object without its state|Can only create new object"),
    "an object of a function": (named("builtins.int") + P.EMPTY_TUPLE + P.NEWOBJ, "Can only create new object .* got <builtins.int>"),
    "an object by name": (named("collections.OrderedDict") + P.EMPTY_TUPLE + code({"a": 1}) + P.NEWOBJ_EX, "Can only create new object"),
    "a state of a list": (P.EMPTY_LIST + P.EMPTY_DICT + P.BUILD, "Can only build Tensor, .* but got <class 'list'>"),
    "a bare storage": (storage(), "The file holds a bare storage"),
    "an object without its state": (named("torch.FloatTensor") + P.EMPTY_TUPLE + P.NEWOBJ, "an object without its state"),
    "a name as a value": (named("torch.Tensor"), "<torch.Tensor> as a value"),
    "an attribute of a dict's": (ORDERED + code({"keys": 1}) + P.BUILD, "would hide one of its methods"),
    "an attribute without a name": (ORDERED + code({1: 1}) + P.BUILD, "would hide one of its methods"),
    "attributes that are a list": (ORDERED + code([]) + P.BUILD, "An OrderedDict's attributes are not a dict"),
    # storages
    "an id that is text": (text("0") + P.BINPERSID, "persistent_load id must be tuple, but got <class 'str'>"),
    "an id of nothing": (P.EMPTY_TUPLE + P.BINPERSID, "persistent_load id must be tuple"),
    "an id of four": (pid("storage", FLOAT, "0", "cpu"), "Only storages may be kept beside the pickle|is not one"),
    "an id of a thing": (pid("thing", FLOAT, "0", "cpu", 4), "Only storages may be kept beside the pickle, not 'thing'"),
    "a storage of no kind": (pid("storage", named("torch.Tensor"), "0", "cpu", 4), "A storage's description is not one"),
    "a storage of no key": (pid("storage", FLOAT, 0, "cpu", 4), "A storage's description is not one"),
    "a storage of no place": (pid("storage", FLOAT, "0", None, 4), "A storage's description is not one"),
    "a storage of a bool": (pid("storage", FLOAT, "0", "cpu", True), "A storage's description is not one"),
    "a storage of fewer than none": (pid("storage", FLOAT, "0", "cpu", -1), "A storage's description is not one"),
    # tensors
    "a tensor of a list": (call("torch._utils._rebuild_tensor_v2", [1], *PARTS[1:]), "A tensor lacks its storage"),
    "a gradient of text": (tensor(grad=text("yes")), "requires_grad='yes' does not fit a tensor of float32"),
    "a gradient of a number": (tensor(grad=number(1)), "requires_grad=1 does not fit"),
    "a gradient of whole numbers": (tensor(of=storage(kind="IntStorage"), grad=P.NEWTRUE), "requires_grad=True does not fit a tensor of int32"),
    "a tensor over bytes": (tensor(of=storage(numel=16, kind="UntypedStorage")), "a tensor over an untyped storage lacks its dtype"),
    "a stride too few": (tensor((2, 2), (1,)), "expected a tensor with one stride for each dim"),
    "a view beyond the end": (tensor((5,)), "reaches element 4 of a storage of 4"),
    "an offset below none": (tensor((4,), (1,), -1), "expected a tensor storage offset"),
    "a parameter of a list": (call("torch._utils._rebuild_parameter", [1], True, None), "A parameter lacks its tensor"),
    "a tensor of a class": (of_type("torch._utils._rebuild_tensor_v2", "torch.Size", PARTS, None), "a tensor of a class of its own"),
    "a tensor of a dict": (of_type("collections.OrderedDict", "torch.Tensor", (), None), "A tensor is not made by a tensor's builder"),
    "a note over the tensor's own": (hung("backward"), "attribute 'backward' would hide one of its own"),
    "a note over a property": (hung("shape", slots=True), "attribute 'shape' would hide one of its own"),
    "a note with a dunder": (hung("__mine"), "attribute '__mine' would hide one of its own"),
    "a note that is no name": (hung("a b"), "attribute 'a b' would hide one of its own"),
    "a note of a number": (hung(3), "attribute 3 would hide one of its own"),
    "a number as a dtype": (call("torch._utils._rebuild_tensor_v3", *PARTS, 3), "A tensor's dtype is not one"),
    "a state of two": (PARAMETER + code((1, 2)) + P.BUILD, "A parameter's state is not one"),
    "a state that is a list": (PARAMETER + code([1, 2, 3]) + P.BUILD, "A parameter's state is not one"),
    "a parameter for a dtype": (call("numpy.core.multiarray.scalar", PENDING, FOUR[:4]), "A NumPy array's dtype is not one"),
    "a tensor for a dtype": (call("numpy.core.multiarray.scalar", TENSOR, FOUR[:4]), "A NumPy array's dtype is not one"),
    "an array's state of three": (ARRAY + code((1, 2, 3)) + P.BUILD, "A NumPy array's state is not one"),
    "an array's state that is a list": (ARRAY + code([1, 2, 3, 4]) + P.BUILD, "A NumPy array's state is not one"),
}  # fmt: skip


@pytest.mark.parametrize("case", SAID)
def test_said(case: str) -> None:
    given, message = SAID[case]
    with pytest.raises(pickle.UnpicklingError, match=message):
        load(archive(program(given)))


NOTED = ("note", "_x", "x1")


@pytest.mark.parametrize("attribute", NOTED)
@pytest.mark.parametrize("slots", [False, True])
def test_notes_on_tensors(attribute: str, slots: bool) -> None:
    made = load(archive(program(hung(attribute, slots))))
    assert getattr(made, attribute) == 1 and made.tolist() == [1, 2, 3, 4]


def test_parameters_in_all_their_forms() -> None:
    parameter = "torch.nn.parameter.Parameter"
    forms = {
        "typed": of_type("torch._utils._rebuild_parameter", parameter, (TENSOR, True, ORDERED), {"note": 1}),
        "of a tensor": of_type("torch._utils._rebuild_tensor_v2", parameter, (*PARTS[:4], True, PARTS[5]), {"note": 1}),
        "with a state": call("torch._utils._rebuild_parameter_with_state", TENSOR, True, ORDERED, {"note": 1}),
    }
    for form in forms.values():
        made = load(archive(program(form)))
        assert type(made) is Parameter and made.requires_grad and made.note == 1 and made.tolist() == [1, 2, 3, 4]
    old = named(parameter) + code((TENSOR,)) + P.REDUCE
    for state, grad in (((True, False, None), True), ((False, True, None), False)):
        made = load(archive(program(old + code(state) + P.BUILD)))
        assert type(made) is Parameter and made.requires_grad is grad
    for grad in (True, False):
        state = P.MARK + TENSOR + P.NONE + P.NONE + code(grad) + code(not grad) + P.TUPLE
        made = load(archive(program(named(parameter) + P.EMPTY_TUPLE + P.REDUCE + state + P.BUILD)))
        assert type(made) is Parameter and made.requires_grad is grad


class Plain:
    pass


class Own:
    def __setstate__(self, state: Any) -> None:
        self.got = state


class Slots:
    __slots__ = ("__dict__", "a")


def test_states_of_allowed_classes() -> None:
    with safe_globals([Plain, Own, Slots]):
        made = named(f"{__name__}.Plain") + P.EMPTY_TUPLE + P.NEWOBJ
        assert vars(read_code(made + code({"a": 1}) + P.BUILD)) == {"a": 1}
        assert vars(read_code(made + code({}) + P.BUILD)) == {}
        assert vars(read_code(made + code(None) + P.BUILD)) == {}
        assert vars(read_code(made + code((None, {"b": 2})) + P.BUILD)) == {"b": 2}
        own = named(f"{__name__}.Own") + P.EMPTY_TUPLE + P.NEWOBJ
        assert read_code(own + code([1]) + P.BUILD).got == [1]
        slots = read_code(named(f"{__name__}.Slots") + P.EMPTY_TUPLE + P.NEWOBJ + code(({"c": 3}, {"a": 1})) + P.BUILD)
        assert (slots.a, slots.c) == (1, 3)


def read_code(given: bytes) -> Any:
    return load(archive(program(given)))


def test_keys_of_every_kind() -> None:
    keys = [1, 1.5, "a", b"b", True, None, 2j, (1, ("x",)), frozenset({1}), np.float32(2), np.dtype("i4"), range(3), ac.device("cpu")]
    file = io.BytesIO()
    ac.save({"keys": dict.fromkeys(keys)}, file)
    file.seek(0)
    made = list(load(file)["keys"])
    assert made == list(dict.fromkeys(keys)) and list(map(type, made)) == list(map(type, dict.fromkeys(keys)))


@pytest.mark.parametrize("version", [b"1", b"3\n", b"10", b" 3 "])
def test_versions_of_the_format(version: bytes) -> None:
    for record in ("version", ".data/version"):
        assert load(archive(program(tensor()), {record: version})).tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("version", [b"11", b"9999999999", b"-1", b"x", b"", b"3.0"])
def test_other_versions(version: bytes) -> None:
    for record in ("version", ".data/version"):
        with pytest.raises(FileFormatError, match="and 10 is the newest that this library reads"):
            load(archive(program(tensor()), {record: version}))


@pytest.mark.parametrize(
    ("view", "right"),
    [(("95", 1, 2), True), (("95", 1), False), (("95", 1, 2, 3), False), (["95", 1, 2], False), (5, False)],
)
def test_parts_of_storages(view: Any, right: bool) -> None:
    of = tuple_of(text("storage"), FLOAT, text("94"), text("cpu"), number(4), code(view)) + P.BINPERSID
    given = legacy(program(tensor((2,), of=of)), {"94": FOUR})
    if right:
        assert load(given).tolist() == [2, 3]
    else:
        with pytest.raises(pickle.UnpicklingError, match="A storage's part is not described as one"):
            load(given)


def test_a_part_of_bytes_without_a_kind() -> None:
    of = tuple_of(text("storage"), named("torch.UntypedStorage"), text("94"), text("cpu"), number(16), code(("95", 0, 4))) + P.BINPERSID
    with pytest.raises(pickle.UnpicklingError, match="A storage's part is not described as one"):
        load(legacy(program(tensor((2,), of=of)), {"94": FOUR}, itemsize=1))
