"""What a file may call, it calls as a writer does: each builder with each kind of arguments that it takes, and with those beside them."""

from __future__ import annotations

import collections
import io
import pickle
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.serialization import FileFormatError, load
from autograd_cnn.serialization.pickle.plain_builders import FACTORIES

from .crafting import FOUR, MAGIC, SYSTEM, P, archive, legacy, name, program, storage, tensor, tuple_of


class Code(bytes):
    """Opcodes, where a value may stand, too."""


def code(value: Any) -> bytes:
    if isinstance(value, tuple):
        return tuple_of(*map(code, value))
    return value if isinstance(value, Code) else P.dumps(value, 3)[2:-1]


def call(full: str, *arguments: Any) -> Code:
    module, _, short = full.rpartition(".")
    return Code(name(module, short) + tuple_of(*map(code, arguments)) + P.REDUCE)


def named(full: str) -> Code:
    module, _, short = full.rpartition(".")
    return Code(name(module, short))


def read(value: Any, **options: Any) -> Any:
    return load(archive(program(code(value))), **options)


NUMPY = call("numpy.dtype", "f4", False, True)
TENSOR = Code(tensor())
EMPTY_ORDERED = call("collections.OrderedDict")
PARTS = Code(storage()), 0, (4,), (1,), False, EMPTY_ORDERED

READ: dict[str, tuple[Any, Any]] = {
    "a set of nothing": (call("builtins.set"), set()),
    "a set of a list": (call("builtins.set", [1, "a"]), {1, "a"}),
    "a frozenset of a tuple": (call("builtins.frozenset", (1, 2)), frozenset({1, 2})),
    "an OrderedDict of nothing": (call("collections.OrderedDict"), collections.OrderedDict()),
    "an OrderedDict of lists": (call("collections.OrderedDict", [["b", 1], ["a", 2]]), collections.OrderedDict(b=1, a=2)),
    "an OrderedDict of tuples": (call("collections.OrderedDict", (("b", 1),)), collections.OrderedDict(b=1)),
    "a Counter": (call("collections.Counter", {"a": 2}), collections.Counter("aa")),
    "a Counter of nothing": (call("collections.Counter"), collections.Counter()),
    "a complex of one": (call("builtins.complex", 2), 2 + 0j),
    "a complex of two": (call("builtins.complex", 2, -0.5), 2 - 0.5j),
    "a range": (call("builtins.range", 1, 9, 2), range(1, 9, 2)),
    "a slice": (call("builtins.slice", None, 9, None), slice(None, 9, None)),
    "bytes of nothing": (call("builtins.bytes"), b""),
    "a bytearray of nothing": (call("builtins.bytearray"), bytearray()),
    "a bytearray of text": (call("builtins.bytearray", "\xff\0", "latin-1"), bytearray(b"\xff\0")),
    "a bytearray of bytes": (call("builtins.bytearray", b"ab"), bytearray(b"ab")),
    "bytes of bytes": (call("builtins.bytes", b"ab"), b"ab"),
    "encoded": (call("_codecs.encode", "a\xff", "latin1"), b"a\xff"),
    "a Size of a list": (call("torch.Size", [2, 3]), ac.Size((2, 3))),
    "a device of a name": (call("torch.device", "cpu"), ac.device("cpu")),
    "a device with a number": (call("torch.device", "cpu", 0), ac.device("cpu", 0)),
    "a device without": (call("torch.device", "cpu", None), ac.device("cpu")),
    "an array by rows": (call("numpy.core.numeric._frombuffer", FOUR, NUMPY, (2, 2), "C"), [[1, 2], [3, 4]]),
    "an array by columns": (call("numpy.core.numeric._frombuffer", FOUR, NUMPY, (2, 2), "F"), [[1, 3], [2, 4]]),
    "a NumPy number": (call("numpy.core.multiarray.scalar", NUMPY, FOUR[8:12]), 3.0),
    "a tensor without hooks": (call("torch._utils._rebuild_tensor_v2", *PARTS[:5]), [1, 2, 3, 4]),
    "a tensor with hooks": (call("torch._utils._rebuild_tensor_v2", *PARTS), [1, 2, 3, 4]),
    "a tensor with no flags": (call("torch._utils._rebuild_tensor_v2", *PARTS, None), [1, 2, 3, 4]),
    "a tensor that is not negated": (call("torch._utils._rebuild_tensor_v2", *PARTS, {"neg": False}), [1, 2, 3, 4]),
    "a tensor that is": (call("torch._utils._rebuild_tensor_v2", *PARTS, {"neg": True, "conj": False}), [-1, -2, -3, -4]),
    "a typed tensor": (call("torch._utils._rebuild_tensor_v3", *PARTS, named("torch.int32")), np.frombuffer(FOUR, np.int32).tolist()),
    "a typed tensor with flags": (call("torch._utils._rebuild_tensor_v3", *PARTS, named("torch.float32"), {"neg": True}), [-1, -2, -3, -4]),
    "a parameter": (call("torch._utils._rebuild_parameter", TENSOR, True, EMPTY_ORDERED), [1, 2, 3, 4]),
    "a device's tensor": (call("torch._utils._rebuild_device_tensor_from_cpu_tensor", TENSOR, named("torch.float32"), "cpu", True), [1, 2, 3, 4]),
}  # fmt: skip

REFUSED: dict[str, tuple[Any, str]] = {
    "a set of two lists": (call("builtins.set", [1], [2]), "A set is not made of a list"),
    "a set of text": (call("builtins.set", "ab"), "A set is not made of a list"),
    "a frozenset of a dict": (call("builtins.frozenset", {}), "A frozenset is not made of a list"),
    "an OrderedDict of two lists": (call("collections.OrderedDict", [], []), "not made of a list of pairs"),
    "an OrderedDict of a dict": (call("collections.OrderedDict", {}), "not made of a list of pairs"),
    "an OrderedDict with a list as key": (call("collections.OrderedDict", [([], 1)]), "list cannot be a key"),
    "a Counter of a list": (call("collections.Counter", ["a"]), "A Counter is not made of a dict"),
    "a Counter of two": (call("collections.Counter", {}, {}), "TypeError"),
    "a defaultdict with content": (call("collections.defaultdict", named("builtins.list"), [(1, 2)]), "more than empty containers"),
    "a defaultdict of a class": (call("collections.defaultdict", named("collections.OrderedDict")), "more than empty containers"),
    "a defaultdict of a value": (call("collections.defaultdict", 5), "more than empty containers"),
    "a complex of nothing": (call("builtins.complex"), "not made of two numbers"),
    "a complex of three": (call("builtins.complex", 1, 2, 3), "not made of two numbers"),
    "a complex of a bool": (call("builtins.complex", True), "not made of two numbers"),
    "a range of text": (call("builtins.range", "9"), "not made of whole numbers"),
    "a slice of a tuple": (call("builtins.slice", (1,), 2), "not made of whole numbers"),
    "encoded otherwise": (call("_codecs.encode", "a", "utf8"), "not spelt as latin1"),
    "encoded by bytes": (call("_codecs.encode", "a", b"latin1"), "not spelt as latin1"),
    "encoded bytes": (call("_codecs.encode", b"a", "latin1"), "not spelt as latin1"),
    "a Size of bools": (call("torch.Size", (True,)), "torch.Size is not made of whole numbers"),
    "a Size of a number": (call("torch.Size", 3), "torch.Size is not made of whole numbers"),
    "a Size of two": (call("torch.Size", (1,), (2,)), "too many values"),
    "a device of nothing": (call("torch.device"), "torch.device is not a name and a number"),
    "a device of three": (call("torch.device", "cpu", 0, 0), "torch.device is not a name and a number"),
    "a device of a number": (call("torch.device", 0), "torch.device is not a name and a number"),
    "a device with a fraction": (call("torch.device", "cpu", 0.5), "torch.device is not a name and a number"),
    "a dtype with three flags": (call("numpy.dtype", "f4", False, True, False), "not made of its name alone"),
    "a dtype with text": (call("numpy.dtype", "f4", "x"), "not made of its name alone"),
    "a dtype with a two": (call("numpy.dtype", "f4", 2), "not made of its name alone"),
    "a dtype with a fraction": (call("numpy.dtype", "f4", 1.0), "not made of its name alone"),
    "an array in no order": (call("numpy.core.numeric._frombuffer", FOUR, NUMPY, (4,), "A"), "Only arrays of numbers"),
    "an array in order 0": (call("numpy.core.numeric._frombuffer", FOUR, NUMPY, (4,), 0), "Only arrays of numbers"),
    "an array of a list": (call("numpy.core.numeric._frombuffer", [1], NUMPY, (1,), "C"), "Only arrays of numbers"),
    "an array of no dtype": (call("numpy.core.numeric._frombuffer", FOUR, "f4", (4,), "C"), "A NumPy array's dtype is not one"),
    "an array of a class": (call("numpy.core.multiarray._reconstruct", named("torch.Tensor"), (0,), b"b"), "of a class of its own"),
    "a tensor with too many parts": (call("torch._utils._rebuild_tensor_v2", *PARTS, None, None), "A tensor lacks its storage"),
    "a tensor with a flag of its own": (call("torch._utils._rebuild_tensor_v2", *PARTS, {"x": True}), "flags that no writer writes"),
    "a tensor negated by a number": (call("torch._utils._rebuild_tensor_v2", *PARTS, {"neg": 1}), "flags that no writer writes"),
    "a tensor with a list of flags": (call("torch._utils._rebuild_tensor_v2", *PARTS, ["neg"]), "flags that no writer writes"),
    "a tensor of text for dtype": (call("torch._utils._rebuild_tensor_v3", *PARTS, "int32"), "A tensor's dtype is not one"),
    "a tensor of dates": (call("torch._utils._rebuild_tensor_v3", *PARTS, call("numpy.dtype", "S4", False, True)), "dtype"),
    "a device's list": (
        call("torch._utils._rebuild_device_tensor_from_cpu_tensor", [1.0], named("torch.float32"), "cpu", False),
        "lacks its values",
    ),
    "a device's tensor of another dtype": (
        call("torch._utils._rebuild_device_tensor_from_cpu_tensor", TENSOR, named("torch.float64"), "cpu", False),
        "lacks its values",
    ),
    "a device's tensor on a number": (
        call("torch._utils._rebuild_device_tensor_from_cpu_tensor", TENSOR, named("torch.float32"), 0, False),
        "lacks its values",
    ),
}


@pytest.mark.parametrize("case", READ)
def test_read(case: str) -> None:
    given, expected = READ[case]
    made = read(given)
    if isinstance(made, (ac.Tensor, np.ndarray, np.generic)):
        made = made.tolist()
    assert made == expected
    assert isinstance(expected, list) or type(made) is type(expected)


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    given, message = REFUSED[case]
    with pytest.raises(pickle.UnpicklingError, match=message):
        read(given)


@pytest.mark.parametrize("factory", [*FACTORIES, "builtins.set"])
def test_default_factories(factory: str) -> None:
    made = read(call("collections.defaultdict", named(factory)))
    assert type(made) is collections.defaultdict
    assert made.default_factory.__name__ == factory.partition(".")[2]
    assert read(call("collections.defaultdict")).default_factory is None
    assert read(call("collections.defaultdict", None)).default_factory is None


def test_a_devices_tensor_is_placed() -> None:
    given = call("torch._utils._rebuild_device_tensor_from_cpu_tensor", TENSOR, named("torch.float32"), "xla:1", True)
    with pytest.raises(RuntimeError, match="don't know how to restore data location 'xla:1'"):
        read(given)
    made = read(given, map_location="cpu")
    assert (made.tolist(), made.requires_grad) == ([1, 2, 3, 4], True)


# ------------------------------------------------------------------------------------------------- what stands beside the pickle
KEYS: list[Any] = [
    ["0"],
    ["0", "1", "2"],
    ["0", "2"],
    ["0", "0"],
    ["0", 1],
    ["0", None],
    [None, None],
    ("0", "1"),
    "01",
    None,
    {"0": 0, "1": 0},
]


@pytest.mark.parametrize("keys", KEYS, ids=repr)
def test_the_list_of_storages_is_that_of_the_tensors(keys: Any) -> None:
    pair = program(tuple_of(*(tensor(of=storage(key, 4, "FloatStorage", "cpu", P.NONE)) for key in ("0", "1"))))
    content = b"".join((MAGIC, P.dumps(1001, 2), SYSTEM, pair))
    data = ((4).to_bytes(8, "little") + FOUR) * 2
    assert [t.tolist() for t in load(io.BytesIO(content + P.dumps(["1", "0"], 2) + data))] == [[1, 2, 3, 4]] * 2
    with pytest.raises(pickle.UnpicklingError, match="The list of storages is not that of the tensors"):
        load(io.BytesIO(content + P.dumps(keys, 2) + data))


def test_no_list_of_no_storages() -> None:
    content = b"".join((MAGIC, P.dumps(1001, 2), SYSTEM, program(P.NONE)))
    assert load(io.BytesIO(content + P.dumps([], 2))) is None
    with pytest.raises(pickle.UnpicklingError, match="The list of storages"):
        load(io.BytesIO(content + P.dumps((), 2)))


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ((5, 1001, {}), "Invalid magic number"),
        ((None, 1000, {}), "Invalid protocol version: expected 1001, got 1000"),
        ((None, "1001", {}), "Invalid protocol version: expected 1001, got '1001'"),
        ((None, 1001, []), "the description of the system"),
    ],
)
def test_another_head(head: tuple[Any, ...], message: str) -> None:
    magic, version, system = head
    content = (MAGIC if magic is None else P.dumps(magic, 2)) + P.dumps(version, 2) + P.dumps(system, 2) + program(P.NONE) + P.dumps([], 2)
    with pytest.raises(FileFormatError, match=message):
        load(io.BytesIO(content))


@pytest.mark.parametrize(("said", "message"), [(3, "4 elements and the file says 3"), (5, "says 5"), (-4, "says -4")])
def test_a_storage_of_another_size(said: int, message: str) -> None:
    content = bytearray(legacy(program(tensor(of=storage("0", 4, "FloatStorage", "cpu", P.NONE))), {"0": FOUR}).getvalue())
    content[-24:-16] = said.to_bytes(8, "little", signed=True)
    with pytest.raises(pickle.UnpicklingError, match=message):
        load(io.BytesIO(bytes(content)))
