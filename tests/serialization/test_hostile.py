"""Files that mean harm: nothing in them runs, nothing grows without bound, and each is refused with a reason."""

from __future__ import annotations

import io
import os
import pickle
import struct
from typing import Any

import numpy as np
import pytest

from autograd_cnn import serialization
from autograd_cnn.errors import DtypeError
from autograd_cnn.serialization import FileFormatError, TruncatedFileError
from autograd_cnn.tensors.tensor import wrap

from .crafting import FOUR, P, archive, legacy, name, number, program, storage, tensor, text, tuple_of
from .watching import load_watched

load = load_watched
CALLS = P.EMPTY_TUPLE + P.REDUCE


def test_crafted_files_are_read() -> None:
    assert load(archive(program(tensor()))).tolist() == [1, 2, 3, 4]
    assert load(archive(program(tensor((2, 2), (1, 2))))).tolist() == [[1, 3], [2, 4]]
    assert load(legacy(program(tensor(of=storage("0", 4, "FloatStorage", "cpu", P.NONE))), {"0": FOUR})).tolist() == [
        1,
        2,
        3,
        4,
    ]


@pytest.mark.parametrize("form", [archive, lambda pickled: legacy(pickled, {})])
@pytest.mark.parametrize(
    ("module", "function"),
    [
        ("posix", "system"),
        ("os", "system"),
        ("nt", "system"),
        ("builtins", "eval"),
        ("__builtin__", "eval"),
        ("builtins", "exec"),
        ("builtins", "getattr"),
        ("builtins", "__import__"),
        ("subprocess", "Popen"),
        ("importlib", "import_module"),
        ("operator", "attrgetter"),
        ("functools", "partial"),
        ("runpy", "_run_code"),
        ("torch.hub", "load"),
        ("numpy", "load"),
        ("numpy.testing._private.utils", "runstring"),
        ("autograd_cnn.serialization", "load"),
        ("torch.storage", "_load_from_bytes"),
        ("torch._dynamo.guards", "GuardBuilder.get"),
        ("collections", "OrderedDict.__class__"),
        ("torch", "FloatStorage.__init__"),
    ],
)
def test_functions_are_refused_by_name(module: str, function: str, form: Any) -> None:
    full = f"{module.replace('__builtin__', 'builtins')}.{function}"
    call = name(module, function) + tuple_of(text("echo 1 > hacked")) + P.REDUCE
    with pytest.raises(pickle.UnpicklingError, match=f"Weights only load failed.*\n\tUnsupported global: GLOBAL {full}"):
        load(form(program(call)))
    with pytest.raises(pickle.UnpicklingError, match=f"GLOBAL {full}"):
        load(form(program(call)), weights_only=False)


def test_blocked_modules_stay_blocked() -> None:
    attack = archive(program(name("posix", "system"), tuple_of(text("true")), P.REDUCE))
    with (
        serialization.safe_globals([os.system, (os.system, "posix.system"), (eval, "builtins.eval")]),
        pytest.raises(pickle.UnpicklingError, match="whose module posix is blocked and cannot be allowed"),
    ):
        load(attack)


class Armed:
    """A class with every method that a pickle can reach."""

    def __reduce__(self) -> Any:
        return os.system, ("true",)

    def __setstate__(self, state: Any) -> None:
        raise SystemExit("ran")

    def __call__(self, *arguments: Any) -> None:
        raise SystemExit("ran")


def test_real_attacks() -> None:
    for attack in (pickle.dumps(Armed(), 2), pickle.dumps({"state_dict": [Armed()]}, 2), pickle.dumps(Armed(), 4)):
        with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL posix.system|GLOBAL nt.system"):
            load(archive(attack))
        with pytest.raises(FileFormatError, match="Invalid magic number"):
            load(io.BytesIO(attack))


REFUSED = {
    # names that are known, used as what they are not
    "a tensor class called": name("torch", "FloatTensor") + CALLS,
    "a dtype called": name("torch", "float32") + CALLS,
    "a storage class called": name("torch", "FloatStorage") + CALLS,
    "a storage class made": name("torch", "FloatStorage") + P.EMPTY_TUPLE + P.NEWOBJ,
    "int called": name("builtins", "int") + tuple_of(text("9" * 5000)) + P.REDUCE,
    "a class as a value": name("collections", "OrderedDict"),
    "a class in a list": P.EMPTY_LIST + name("builtins", "float") + P.APPEND,
    "a class as a key": P.EMPTY_DICT + name("builtins", "float") + P.NONE + P.SETITEM,
    "a bare storage": storage(),
    "a storage in a tuple": storage() + P.TUPLE1,
    "text called": text("x") + CALLS,
    "a tensor called": tensor() + CALLS,
    "arguments that are none": name("collections", "OrderedDict") + P.EMPTY_LIST + P.REDUCE,
    # state where there should be none
    "state for a list": P.EMPTY_LIST + P.EMPTY_DICT + P.BUILD,
    "state for a tensor": tensor() + P.EMPTY_DICT + P.BUILD,
    "state for a dict": P.EMPTY_DICT + P.EMPTY_DICT + P.BUILD,
    "an attribute over a method": name("collections", "OrderedDict") + CALLS + P.EMPTY_DICT + text("keys") + P.NONE + P.SETITEM + P.BUILD,
    "an attribute over a dunder": name("collections", "OrderedDict")
    + CALLS
    + P.EMPTY_DICT
    + text("__class__")
    + P.NONE
    + P.SETITEM
    + P.BUILD,
    "attributes that are no dict": name("collections", "OrderedDict") + CALLS + P.EMPTY_LIST + P.BUILD,
    "a half-made parameter": name("torch.nn.parameter", "Parameter") + CALLS,
    "a half-made array": name("numpy.core.multiarray", "_reconstruct")
    + tuple_of(name("numpy", "ndarray"), number(0), number(0))
    + P.REDUCE,
    # containers
    "append to a tuple": P.EMPTY_TUPLE + P.NONE + P.APPEND,
    "append to a tensor": tensor() + P.NONE + P.APPEND,
    "set in a list": P.EMPTY_LIST + number(0) + P.NONE + P.SETITEM,
    "add to a list": P.EMPTY_LIST + P.MARK + P.NONE + P.ADDITEMS,
    "a list as a key": P.EMPTY_DICT + P.EMPTY_LIST + P.NONE + P.SETITEM,
    "a tensor as a key": P.EMPTY_DICT + tensor() + P.NONE + P.SETITEM,
    "a list in a set": P.EMPTY_SET + P.MARK + P.EMPTY_LIST + P.ADDITEMS,
    "a factory that works": name("collections", "defaultdict") + name("collections", "OrderedDict") + P.TUPLE1 + P.REDUCE,
    # damaged machines
    "nothing": b"",
    "two results": P.NONE + P.NONE,
    "an open mark": P.MARK + P.NONE,
    "no mark": P.NONE + P.TUPLE,
    "an empty stack": P.POP,
    "a tuple of too little": P.NONE + P.TUPLE3,
    "an empty memo": P.BINGET + b"\x07",
    "odd items": P.EMPTY_DICT + P.MARK + P.NONE + P.SETITEMS,
    "a text protocol": b"I1\n",
    "an extension": P.EXT1 + b"\x01",
    "an unknown opcode": b"\xff",
    "a text id": P.PERSID + b"x\n",
    "a later protocol": P.PROTO + b"\x63",
    "no text": P.BINUNICODE + struct.pack("<I", 2) + b"\xff\xff",
    "a negative length": P.BINSTRING + struct.pack("<i", -1),
    # descriptions of storages
    "an id that is text": text("0") + P.BINPERSID,
    "an empty id": P.EMPTY_TUPLE + P.BINPERSID,
    "an unknown id": tuple_of(text("module"), P.NONE) + P.BINPERSID,
    "a storage of no type": tuple_of(text("storage"), P.NONE, text("0"), text("cpu"), number(4)) + P.BINPERSID,
    "a negative storage": storage(numel=-4),
    "a short storage": tensor(of=storage(numel=5)),
    "a long storage": tensor((1,), of=storage(numel=3)),
    "an absurd storage": tensor((1,), of=storage(numel=2**62)),
    "two descriptions": tuple_of(tensor(), tensor((2,), of=storage(numel=2, kind="DoubleStorage"))),
    # views
    "beyond the end": tensor((5,)),
    "offset beyond the end": tensor((4,), (1,), 1),
    "negative offset": tensor((4,), (1,), -1),
    "negative size": tensor((-1,)),
    "negative stride": tensor((4,), (-1,), 3),
    "huge stride": tensor((2,), (2**62,)),
    "absurd size": tensor((2**40, 2**40), (1, 1)),
    "absurd expansion": tensor((2**20, 2**20), (0, 0)),
    "absurd expansion in one": tensor((2**62,), (0,)),
    "absurd empty": tensor((0, 2**63), (0, 0)),
    "absurd empty product": tensor((0, 2**50, 2**50), (0, 0, 0)),
    "a stride too few": tensor((2, 2), (1,)),
    "too many dims": tensor((1,) * 65, (1,) * 65),
    "a size of text": name("torch._utils", "_rebuild_tensor") + tuple_of(storage(), number(0), text("44"), text("11")) + P.REDUCE,
    "a size of floats": name("torch._utils", "_rebuild_tensor")
    + tuple_of(storage(), number(0), P.BINFLOAT + struct.pack(">d", 2.0) + P.TUPLE1, number(1) + P.TUPLE1)
    + P.REDUCE,
    "no storage": name("torch._utils", "_rebuild_tensor_v2") + tuple_of(P.NONE, *[number(0)] * 5) + P.REDUCE,
    "no gradient of integers": tensor(of=storage(kind="IntStorage"), grad=P.NEWTRUE),
    "a gradient flag of text": tensor(grad=text("yes")),
    "unknown flags": tensor((4,), (1,), 0, None, P.NEWFALSE, P.EMPTY_DICT + text("x") + P.NEWTRUE + P.SETITEM),
    "a tensor with too many parts": tensor((4,), (1,), 0, None, P.NEWFALSE, P.NONE, P.NONE),
    "a parameter of a list": name("torch._utils", "_rebuild_parameter") + tuple_of(P.EMPTY_LIST, P.NEWTRUE, P.NONE) + P.REDUCE,
    "untyped without dtype": tensor(of=storage(numel=16, kind="UntypedStorage", module="torch.storage")),
    "an attribute over the tensor's": name("torch._tensor", "_rebuild_from_type_v2")
    + tuple_of(
        name("torch._utils", "_rebuild_tensor"),
        name("torch", "Tensor"),
        tuple_of(storage(), number(0), tuple_of(number(4)), tuple_of(number(1))),
        P.EMPTY_DICT + text("backward") + P.NONE + P.SETITEM,
    )
    + P.REDUCE,
    "a builder inside a tensor's": name("torch._tensor", "_rebuild_from_type_v2")
    + tuple_of(name("collections", "OrderedDict"), name("torch", "Tensor"), P.EMPTY_TUPLE, P.NONE)
    + P.REDUCE,
    # values
    "bytes by another codec": name("_codecs", "encode") + tuple_of(text("x"), text("rot13")) + P.REDUCE,
    "bytes of wide text": name("_codecs", "encode") + tuple_of(text("α"), text("latin1")) + P.REDUCE,
    "a size of text in torch.Size": name("torch", "Size") + tuple_of(text("44")) + P.REDUCE,
    "an unknown device": name("torch", "device") + tuple_of(text("toaster")) + P.REDUCE,
    "a complex of text": name("builtins", "complex") + tuple_of(text("1")) + P.REDUCE,
    "a bytearray of a size": name("builtins", "bytearray") + tuple_of(number(2**40)) + P.REDUCE,
    "a bytes of a size": name("builtins", "bytes") + tuple_of(number(2**40)) + P.REDUCE,
    "a range of floats": name("builtins", "range") + tuple_of(P.BINFLOAT + struct.pack(">d", 2.0)) + P.REDUCE,
    "objects in an array": name("numpy", "dtype") + tuple_of(text("O8"), P.NEWFALSE, P.NEWTRUE) + P.REDUCE,
    "a giant text type": name("numpy", "dtype") + tuple_of(text("U9999999999"), P.NEWFALSE, P.NEWTRUE) + P.REDUCE,
    "a type by an expression": name("numpy", "dtype") + tuple_of(text("f4,O"), P.NEWFALSE, P.NEWTRUE) + P.REDUCE,
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    with pytest.raises((pickle.UnpicklingError, FileFormatError)) as caught:
        load(archive(program(REFUSED[case])))
    assert len(str(caught.value)) < 2000
    with pytest.raises((pickle.UnpicklingError, FileFormatError)):
        load(legacy(program(REFUSED[case]), {"0": FOUR}))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("torch._utils._rebuild_qtensor", "a quantised tensor, .*dequantize"),
        ("torch._utils._rebuild_sparse_tensor", "a sparse tensor, .*to_dense"),
        ("torch._utils._rebuild_nested_tensor", "a nested tensor"),
        ("torch._utils._rebuild_meta_tensor_no_storage", "on the meta device"),
    ],
)
def test_tensors_of_other_kinds_are_refused_by_name(function: str, message: str) -> None:
    module, _, short = function.rpartition(".")
    with pytest.raises(pickle.UnpicklingError, match=message):
        load(archive(program(name(module, short), CALLS)))


def test_types_that_numpy_lacks_are_refused_by_name() -> None:
    for bad in (storage(kind="QInt8Storage"), name("torch", "float4_e2m1fn_x2"), name("torch", "quint4x2")):
        for form in (archive(program(bad)), legacy(program(bad), {})):
            with pytest.raises(DtypeError, match=r"which NumPy has no type for. Convert it before saving"):
                load(form)


# --------------------------------------------------------------------------------------------------------------- bombs
def put(slot: int) -> bytes:
    return P.LONG_BINPUT + struct.pack("<I", slot)


def doubling(levels: int) -> bytes:
    """A tuple of two of a tuple of two of …: small in memory, endless to walk."""
    code = P.EMPTY_TUPLE + put(0)
    for i in range(levels):
        code += P.LONG_BINGET + struct.pack("<I", i) + P.TUPLE2 + put(i + 1)
    return code


BOMBS = {
    "a text longer than the file": P.BINUNICODE + struct.pack("<I", 0xFFFFFFFF) + b"x",
    "a text of exabytes": P.BINUNICODE8 + struct.pack("<Q", 2**62) + b"x",
    "bytes of exabytes": P.BINBYTES8 + struct.pack("<Q", 2**63 - 1) + b"x",
    "a bytearray of exabytes": P.BYTEARRAY8 + struct.pack("<Q", 2**62) + b"x",
    "a number of gigabytes": P.LONG4 + struct.pack("<i", 2**31 - 1) + b"x",
    "a frame of exabytes": P.FRAME + struct.pack("<Q", 2**62) + P.EMPTY_SET * 100_000,
    "a line without end": P.GLOBAL + b"x" * 2_000_000,
    "sets": P.EMPTY_SET * 100_000,
    "dicts": P.EMPTY_DICT * 350_000,
    "marks": P.MARK * 350_000,
    "tuples in tuples": P.NONE + P.TUPLE1 * 350_000,
    "ordered dicts": name("collections", "OrderedDict") + put(0) + (P.BINGET + b"\x00" + CALLS) * 75_000,
    "a key that doubles": P.EMPTY_DICT + doubling(80) + P.NONE + P.SETITEM,
    "a set's member that doubles": P.EMPTY_SET + P.MARK + doubling(80) + P.ADDITEMS,
    "bytes again and again": text("x" * 500_000)
    + put(0)
    + P.POP
    + name("_codecs", "encode")
    + put(1)
    + P.POP
    + (P.BINGET + b"\x01" + P.BINGET + b"\x00" + text("latin1") + P.TUPLE2 + P.REDUCE) * 2000,
    "an array again and again": b"\x8e"
    + struct.pack("<Q", 500_000)
    + b"x" * 500_000
    + put(0)
    + P.POP
    + name("builtins", "bytearray")
    + put(1)
    + P.POP
    + (P.BINGET + b"\x01" + P.BINGET + b"\x00" + P.TUPLE1 + P.REDUCE) * 2000,
    "a set again and again": P.EMPTY_LIST
    + P.MARK
    + b"".join(map(number, range(50_000)))
    + P.APPENDS
    + P.TUPLE1
    + put(0)
    + P.POP
    + name("builtins", "set")
    + put(1)
    + P.POP
    + (P.BINGET + b"\x01" + P.BINGET + b"\x00" + P.REDUCE) * 2000,
    "pairs again and again": P.EMPTY_LIST
    + P.MARK
    + b"".join(number(i) + P.NONE + P.TUPLE2 for i in range(50_000))
    + P.APPENDS
    + P.TUPLE1
    + put(0)
    + P.POP
    + name("collections", "OrderedDict")
    + put(1)
    + P.POP
    + (P.BINGET + b"\x01" + P.BINGET + b"\x00" + P.REDUCE) * 2000,
    "a size again and again": P.MARK
    + b"".join(map(number, range(20_000)))
    + P.TUPLE
    + P.TUPLE1
    + put(0)
    + P.POP
    + name("torch", "Size")
    + put(1)
    + P.POP
    + (P.BINGET + b"\x01" + P.BINGET + b"\x00" + P.REDUCE) * 2000,
    "tensors again and again": name("torch._utils", "_rebuild_tensor")
    + put(0)
    + P.POP
    + tuple_of(storage(), number(0), tuple_of(number(4)), tuple_of(number(1)))
    + put(1)
    + P.POP
    + (P.BINGET + b"\x00" + P.BINGET + b"\x01" + P.REDUCE) * 30_000,
}


QUICK = ("dicts", "marks", "a size again and again")


@pytest.mark.parametrize("case", [pytest.param(case, marks=[] if case in QUICK else pytest.mark.slow) for case in BOMBS])
def test_bombs(case: str) -> None:
    with pytest.raises((pickle.UnpicklingError, TruncatedFileError)):
        load(archive(program(BOMBS[case])))


def test_a_far_memo_slot_takes_no_room() -> None:
    assert load(archive(program(P.NONE, put(0xFFFFFFFF))), limit=1 << 20) is None


def test_endless_to_print_or_walk_is_small_to_load() -> None:
    result = load(archive(program(doubling(1000))))
    assert result[0] is result[1]
    deep = load(archive(program(P.EMPTY_LIST * 1, (P.EMPTY_LIST * 50_000), P.APPEND * 50_000)))
    assert len(deep) == 1


def test_lazy_conjugates_are_copied_once() -> None:
    flags = P.EMPTY_DICT + text("conj") + P.NEWTRUE + P.SETITEM
    many = [tensor((1,), (1,), 0, storage(kind="ComplexFloatStorage", numel=65536), P.NEWFALSE, flags) for _ in range(500)]
    data = np.full(65536, 1 + 2j, np.complex64).tobytes()
    back = load(archive(program(tuple_of(*many)), {"data/0": data}))
    assert back[0].tolist() == back[-1].tolist() == [1 - 2j]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ((), 1 + 2j),
        (("conj",), 1 - 2j),
        (("neg",), -1 - 2j),
        (("conj", "neg"), -1 + 2j),
        (("neg", "conj"), -1 + 2j),
    ],
)
def test_what_is_noted_on_a_tensor_is_done_to_it_alone(flags: tuple[str, ...], expected: complex) -> None:
    def of(*notes: str) -> bytes:
        code = P.EMPTY_DICT + b"".join(text(n) + P.NEWTRUE + P.SETITEM for n in notes)
        return tensor((1,), (1,), 0, storage(kind="ComplexFloatStorage", numel=1), P.NEWFALSE, code)

    data = np.full(1, 1 + 2j, np.complex64).tobytes()
    plain, noted, again, last = load(archive(program(tuple_of(of(), of(*flags), of(*flags), of())), {"data/0": data}))
    assert [t.tolist() for t in (plain, noted, again, last)] == [[1 + 2j], [expected], [expected], [1 + 2j]]
    noted.value[0] = 7
    assert again.tolist() == [7]  # the two share it, as they shared the storage


# -------------------------------------------------------------------------------------------------------------- legacy
def test_legacy_storages_are_checked_before_they_are_read() -> None:
    absurd = legacy(program(tensor((1,), of=storage(numel=2**40))), {"0": FOUR})
    with pytest.raises(pickle.UnpicklingError, match="should have 1099511627776 elements and the file says 4"):
        load(absurd)
    content = absurd.getvalue()
    channels_innermost = content[: -len(FOUR) - 8] + struct.pack("<q", 2**40) + FOUR
    with pytest.raises(TruncatedFileError, match="expected a storage at bytes"):
        load(io.BytesIO(channels_innermost))
    with pytest.raises(pickle.UnpicklingError, match="The list of storages is not that of the tensors"):
        load(legacy(program(tensor()), {"1": FOUR}))
    with pytest.raises(pickle.UnpicklingError, match="The list of storages is not that of the tensors"):
        load(legacy(program(P.NONE), {"0": FOUR}))
    with pytest.raises(FileFormatError, match="Invalid protocol version: expected 1001, got 1002"):
        load(io.BytesIO(content.replace(pickle.dumps(1001, 2), pickle.dumps(1002, 2))))


def test_the_result_shares_nothing_with_the_readers_table() -> None:
    a, b = (load(archive(program(P.EMPTY_DICT, text("d"), name("torch", "float32"), P.SETITEM))) for _ in range(2))
    assert a == b == {"d": np.dtype("float32")}
    assert a["d"] is np.dtype("float32")
    assert wrap(np.zeros(1, a["d"])).dtype is np.dtype("float32")


def test_the_watch_sees_what_python_itself_would_do() -> None:
    with pytest.raises(AssertionError, match=r"reading the file did \[.*os.system"):
        load_watched(pickle.dumps(Armed(), 2), pickle.load)
    with pytest.raises(AssertionError, match="reading the file took"):
        load_watched(b"", lambda file: bytes(1 << 20), limit=1000)
