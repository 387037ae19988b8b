"""What a file says more than once, or of itself: objects that contain themselves, storages named twice, the places they come from."""

from __future__ import annotations

import io
import pickle
import zipfile
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.serialization import TruncatedFileError, load, safe_globals, save
from autograd_cnn.serialization.pickle.unpickler import Reader
from autograd_cnn.serialization.storage.storage import numbers

from .crafting import FOUR, P, archive, legacy, name, number, program, storage, tensor, text, tuple_of


class Ring:
    """Made from a list, which may hold it."""

    def __init__(self, held: list[Any]) -> None:
        self.held = held

    def __reduce__(self) -> Any:
        return Ring, (self.held,), {"note": 3}


def _pickled(value: Any) -> bytes:
    file = io.BytesIO()
    save(value, file)
    with zipfile.ZipFile(file) as written:
        return written.read(next(n for n in written.namelist() if n.endswith("data.pkl")))


def test_an_object_whose_arguments_lead_back_to_it() -> None:
    """By the time the arguments are written the object is, too: it is one object, and nothing of it comes twice."""
    ring = Ring([])
    ring.held.append(ring)
    raw = _pickled([ring, 7])
    back, seven = pickle.loads(raw)
    assert type(back) is Ring and back.held[0].held is back.held and seven == 7
    with safe_globals([Ring]):
        file = io.BytesIO()
        save([ring, 7], file)
        file.seek(0)
        again, seven = load(file)
    assert type(again) is Ring and again.held[0].held is again.held and seven == 7
    theirs = pickle.loads(pickle.dumps([ring, 7], 2))
    assert (back.held[0] is back) == (theirs[0].held[0] is theirs[0])
    assert raw.count(pickle.BUILD) == pickle.dumps([ring, 7], 2).count(pickle.BUILD)


@pytest.mark.parametrize("more", [(), (1,), (1, 2, 3, 4)])
def test_a_tuple_that_contains_itself(more: tuple[int, ...]) -> None:
    inner: list[Any] = []
    value = (inner, *more)
    inner.append(value)
    file = io.BytesIO()
    save({"a": value, "b": [value, 5]}, file)
    file.seek(0)
    back = load(file)
    assert back["a"][0][0] is back["a"] is back["b"][0]
    assert back["a"][1:] == more and back["b"][1] == 5


class Named:
    """Made by a `__new__` that takes arguments by name, as protocol 4 spells it."""

    def __new__(cls, first: int, *, second: int) -> Named:
        made = super().__new__(cls)
        made.pair = (first, second)
        return made

    def __getnewargs_ex__(self) -> Any:
        return (self.pair[0],), {"second": self.pair[1]}


def test_an_object_that_goes_by_its_name() -> None:
    """`__reduce__` may return a text: the name of the one object that it is."""
    for value in (..., NotImplemented):
        assert pickle.loads(_pickled([value, value])) == [value, value]
        with pytest.raises(pickle.UnpicklingError, match=r"not an allowed global|blocked"):
            load(archive(_pickled(value)))


def test_arguments_by_name() -> None:
    content = archive(pickle.dumps([Named(1, second=2)], 4))
    with safe_globals([Named]):
        assert load(content)[0].pair == (1, 2)


@pytest.mark.parametrize("named", [P.NONE, P.EMPTY_LIST, P.EMPTY_TUPLE, P.EMPTY_DICT + number(1) + number(2) + P.SETITEM])
def test_names_that_are_none(named: bytes) -> None:
    code = name(Named.__module__, "Named") + number(1) + P.TUPLE1 + named + P.NEWOBJ_EX
    with safe_globals([Named]), pytest.raises(pickle.UnpicklingError, match="named arguments are not a dict of names"):
        load(archive(program(code)))


def test_what_hangs_on_a_tensor_comes_back() -> None:
    """A state is a dict, or a pair of one and of what stands in slots."""
    note = P.EMPTY_DICT + text("note") + number(3) + P.SETITEM
    for state, expected in ((note, 3), (note + P.NONE + P.TUPLE2, 3), (P.NONE + note + P.TUPLE2, 3), (note + P.EMPTY_DICT + P.TUPLE2, 3)):
        inner = tuple_of(
            storage(),
            number(0),
            tuple_of(number(4)),
            tuple_of(number(1)),
            P.NEWFALSE,
            name("collections", "OrderedDict") + P.EMPTY_TUPLE + P.REDUCE,
        )
        code = name("torch._tensor", "_rebuild_from_type_v2")
        code += tuple_of(name("torch._utils", "_rebuild_tensor_v2"), name("torch", "Tensor"), inner, state) + P.REDUCE
        back = load(archive(program(code)))
        assert (back.tolist(), back.note) == ([1, 2, 3, 4], expected)


@pytest.mark.parametrize("dtype", [">f8", ">i4", "<i2", "|u1", "|b1", ">c16", "<U3", ">U3", "|S4"])
def test_numpy_arrays_of_either_byte_order(dtype: str) -> None:
    made = np.array([[1, 0, 2], [3, 4, 5]]).astype(dtype)
    for protocol in (2, 4):
        for order in (made, np.asfortranarray(made)):
            back = load(archive(pickle.dumps(order, protocol)))
            assert back.dtype == made.dtype and np.array_equal(back, made)
    assert load(archive(pickle.dumps(made[1, 2], 2))) == made[1, 2]


def _of_a_device(array: bytes, location: bytes = text("xla:0")) -> io.BytesIO:
    dtype = name("torch", "float32")
    return archive(
        program(name("torch._utils", "_rebuild_device_tensor_from_numpy") + tuple_of(array, dtype, location, P.NEWTRUE) + P.REDUCE)
    )


def _numpy(dtype: str, content: bytes) -> bytes:
    made = name("numpy", "dtype") + tuple_of(text(dtype), P.NEWFALSE, P.NEWTRUE) + P.REDUCE
    raw = P.SHORT_BINBYTES + bytes([len(content)]) + content
    return name("numpy.core.numeric", "_frombuffer") + tuple_of(raw, made, tuple_of(number(2)), text("C")) + P.REDUCE


def test_tensors_of_devices_that_saved_an_array() -> None:
    good = _numpy("f8", np.array([1.5, -2.0]).tobytes())
    back = load(_of_a_device(good), map_location="cpu")
    assert (back.tolist(), back.dtype, back.requires_grad) == ([1.5, -2.0], ac.float32, True)
    with pytest.raises(RuntimeError, match="don't know how to restore data location 'xla:0'"):
        load(_of_a_device(good))
    for bad in (_of_a_device(text("abc")), _of_a_device(_numpy("S4", b"abcdefgh")), _of_a_device(good, number(3))):
        with pytest.raises(pickle.UnpicklingError, match="A device's tensor lacks its array"):
            load(bad, map_location="cpu")


def test_texts_in_numpy_arrays() -> None:
    words = np.array(["a∑", "😀", "\U0010ffff"])
    assert np.array_equal(load(archive(pickle.dumps(words, 2))), words)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (5, "got int"),
        ("ab", "got str"),
        (None, "got NoneType"),
        ((1, -2), r"got \[1, -2\]"),
        ([1.5], r"got \[float\]"),
        ((True,), r"got \[bool\]"),
        ((1,) * 100, r"got \[1, 1, 1, 1, 1, 1, 1, 1, …\]"),
        ((1 << 70, -1), r"got \[int, -1\]"),
    ],
)
def test_sizes_that_are_none(given: Any, shown: str) -> None:
    with pytest.raises(pickle.UnpicklingError, match=shown):
        numbers(given, "size")


class OnlyReads:
    """What a file must have, and no more: no `readinto`, no descriptor."""

    def __init__(self, raw: bytes) -> None:
        self.inner = io.BytesIO(raw)
        self.asked: list[int] = []

    def read(self, count: int = -1) -> bytes:
        self.asked.append(count)
        return self.inner.read(count)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.inner.seek(offset, whence)

    def tell(self) -> int:
        return self.inner.tell()


def test_a_file_that_can_only_be_read() -> None:
    value = ac.arange(3_000_000, dtype=ac.float64)
    file = io.BytesIO()
    save({"a": value, "b": [ac.ones(2)]}, file)
    source = OnlyReads(file.getvalue())
    back = load(source)  # type: ignore[arg-type]
    assert ac.equal(back["a"], value) and back["b"][0].tolist() == [1, 1]
    assert 0 < max(source.asked) < value.numpy().nbytes  # in blocks, not twice in memory


# ------------------------------------------------------------------------------------------------- legacy storages
def _viewed(offset: bytes, numel: bytes) -> io.BytesIO:
    part = tuple_of(text("95"), offset, numel)
    code = name("torch._utils", "_rebuild_tensor") + tuple_of(
        storage("94", 4, "FloatStorage", "cpu", part), number(0), tuple_of(number(1)), tuple_of(number(1))
    )
    return legacy(program(code + P.REDUCE), {"94": FOUR})


def test_the_end_of_a_storage_may_be_a_part() -> None:
    assert load(_viewed(number(3), number(1))).tolist() == [4]


@pytest.mark.parametrize(
    ("offset", "numel"),
    [
        (P.NEWTRUE, number(1)),
        (number(1), P.NEWTRUE),
        (number(-1), number(2)),
        (number(1), number(-1)),
        (number(3), number(2)),
        (number(5), number(0)),
        (text("1"), number(1)),
        (number(1), P.NONE),
    ],
)
def test_a_part_that_is_not_inside_its_storage(offset: bytes, numel: bytes) -> None:
    with pytest.raises(pickle.UnpicklingError, match="A storage's part is not inside it"):
        load(_viewed(offset, numel))


def test_a_part_without_a_name() -> None:
    part = tuple_of(number(3), number(0), number(1))
    of = storage("94", 4, "FloatStorage", "cpu", part)
    with pytest.raises(pickle.UnpicklingError, match="A storage's part is not inside it"):
        load(legacy(program(tensor((1,), of=of)), {"94": FOUR}))


def test_storages_of_the_gpu_by_their_old_names() -> None:
    of = storage("94", 4, "FloatStorage", "cuda:0", P.NONE, module="torch.cuda")
    code = name("torch.cuda", "FloatTensor") + P.EMPTY_TUPLE + P.NEWOBJ
    code += tuple_of(of, number(0), tuple_of(number(4)), tuple_of(number(1))) + P.BUILD
    content = legacy(program(code), {"94": FOUR}).getvalue()
    with pytest.raises(RuntimeError, match=r"torch.cuda.is_available\(\) is False"):
        load(io.BytesIO(content))
    back = load(io.BytesIO(content), map_location="cpu")
    assert back.dtype == ac.float32 and back.tolist() == [1, 2, 3, 4]


def test_where_storages_of_a_legacy_file_come_from() -> None:
    of = [storage(key, 4, "FloatStorage", where, P.NONE) for key, where in (("1", "cuda:0"), ("2", "cpu"))]
    content = legacy(program(tuple_of(*(tensor(of=one) for one in of))), {"1": FOUR, "2": FOUR}).getvalue()
    with pytest.raises(RuntimeError, match=r"torch.cuda.is_available\(\) is False"):
        load(io.BytesIO(content))
    asked: list[str] = []

    def place(given: Any, location: str) -> Any:
        asked.append(location)
        return given

    assert [t.tolist() for t in load(io.BytesIO(content), map_location=place)] == [[1, 2, 3, 4]] * 2
    assert sorted(asked) == ["cpu", "cuda:0"]
    with pytest.raises(RuntimeError, match="don't know how to restore data location 'moon'"):
        load(io.BytesIO(content), map_location={"cuda:0": "moon"})


# ------------------------------------------------------------------------------------------------- sizes that disagree
@pytest.mark.parametrize("size", [0, 3, 5, 8, 12])
def test_an_array_of_other_than_its_bytes(size: int) -> None:
    """`_frombuffer(bytes, dtype, shape, order)` says how large the array is, and so do the bytes."""
    dtype = name("numpy", "dtype") + tuple_of(text("u1"), P.NEWFALSE, P.NEWTRUE) + P.REDUCE
    content = P.SHORT_BINBYTES + b"\x04abcd"
    code = name("numpy.core.numeric", "_frombuffer") + tuple_of(content, dtype, tuple_of(number(size)), text("C")) + P.REDUCE
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        out.writestr("x/data.pkl", program(code))
        out.writestr("x/version", b"3\n")
    with pytest.raises(pickle.UnpicklingError, match=r"A NumPy array of uint8 and shape .* does not have 4 bytes"):
        load(io.BytesIO(file.getvalue()))


@pytest.mark.slow
def test_a_large_honest_file_may_ask_for_what_it_holds() -> None:
    """Beyond the memory that any file may ask for, each byte of it allows some more."""
    value = {"numbers": list(range(1_200_000)), "array": np.arange(10)}
    file = io.BytesIO()
    save(value, file)
    file.seek(0)
    back = load(file)
    assert back["numbers"] == value["numbers"] and np.array_equal(back["array"], np.arange(10))


def test_lines_across_blocks() -> None:
    blocks = [b"\n", b"on", b"e\ntwo", b"\n\n", b"l"]

    def more(count: int) -> bytes:
        return blocks.pop(0) if blocks else b""

    reader = Reader(b"\nab\n", more)
    assert [reader.line() for _ in range(6)] == ["", "ab", "", "one", "two", ""]
    assert reader.consumed == 4 + 1 + 4 + 4 + 1
    with pytest.raises(TruncatedFileError, match="ends at byte 15"):
        reader.line()
