"""save and load: what goes in comes out, with its sharing, and mistakes are explained."""

from __future__ import annotations

import collections
import io
import os
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ac
from autograd_cnn.serialization import load, save
from autograd_cnn.serialization.pickle.pickler import Pickler
from autograd_cnn.tensors.tensor import Parameter, Tensor, wrap


def again(obj: object, legacy: bool = False, **options: Any) -> Any:
    file = io.BytesIO()
    save(obj, file, _use_new_zipfile_serialization=not legacy)
    file.seek(0)
    return load(file, **options)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor):
        x, y = a.storage(), b.storage()
        flags = a.requires_grad == b.requires_grad and type(a) is type(b)
        return bool(flags and x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes())
    if isinstance(a, (np.ndarray, np.generic)):
        return bool(type(a) is type(b) and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes())
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return struct.pack("d", a) == struct.pack("d", b)
    return bool(a == b)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(
    "dtype",
    [
        "float16",
        "float32",
        "float64",
        "complex64",
        "complex128",
        "bool",
        "uint8",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint16",
        "uint32",
        "uint64",
    ],
)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (5,), (2, 3, 4)])
def test_each_dtype_and_shape(dtype: str, shape: tuple[int, ...], legacy: bool) -> None:
    rng = np.random.default_rng(0)
    raw = rng.integers(0, 2 if dtype == "bool" else 256, (*shape, np.dtype(dtype).itemsize), dtype=np.uint8)
    array = np.ascontiguousarray(raw).view(dtype).reshape(shape)  # any bits at all, NaN payloads too
    assert same(again(wrap(array), legacy), wrap(array))


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**2100), 2**2100),
    st.floats(),
    st.complex_numbers(allow_nan=False),
    st.text(st.characters(exclude_categories=())),
    st.binary(max_size=300),
    st.binary().map(bytearray),
    st.integers(-5, 5).map(np.int16),
    st.floats(width=32).map(np.float32),
    st.sampled_from([np.dtype("float32"), np.dtype("bool"), np.dtype("int64")]),
    st.lists(st.integers(0, 9)).map(ac.Size),
    st.sampled_from([ac.device("cpu"), ac.device("cuda:1")]),
    st.binary(max_size=16).map(lambda b: wrap(np.frombuffer(b, np.int8))),
    st.binary(max_size=16).map(lambda b: np.frombuffer(b, np.uint8)),
    st.lists(st.text("äb\x00c")).map(lambda x: np.array(x, dtype="U")),
    st.lists(st.binary(max_size=3), min_size=1).map(lambda x: np.array(x, dtype=">S4")),
)
keys = st.one_of(st.text(), st.integers(), st.booleans(), st.floats(allow_nan=False), st.tuples(st.integers(), st.text()))
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(keys, inner),
        st.dictionaries(keys, inner).map(collections.OrderedDict),
        st.sets(keys),
        st.frozensets(keys),
    ),
    max_leaves=30,
)


@settings(max_examples=60, deadline=None)
@given(trees, st.booleans())
def test_any_tree(tree: Any, legacy: bool) -> None:
    assert same(again(tree, legacy), tree)


EDGES = [
    s * (1 << bits) + d
    for bits in (7, 8, 15, 16, 31, 32, 63, 64, 2031, 2032, 2039, 2040, 2047, 2048, 2056)
    for s in (1, -1)
    for d in (-1, 0, 1)
]
BORDERS: dict[str, Any] = {
    "numbers": [0, *EDGES],
    "lists of any length": [list(range(n)) for n in (0, 1, 2, 999, 1000, 1001, 2000, 2001)],
    "dicts of any length": [dict.fromkeys(range(n)) for n in (0, 1, 2, 999, 1000, 1001, 2000, 2001)],
    "tuples of any length": [tuple(range(n)) for n in range(6)],
    "many texts, twice": [str(n) for n in range(300)] * 2,
    "many lists, twice": (lambda lists: lists + lists)([[n] for n in range(300)]),
    "plain values": [None, True, False, 0.0, -0.0, 1e308, "", "α", "\U0001f600", "\ud800", ()],
}


@pytest.mark.parametrize("case", BORDERS)
def test_plain_values_are_written_as_python_writes_them(case: str) -> None:
    """Opcode for opcode: at each border between two ways to write the same."""
    value = BORDERS[case]
    assert Pickler().dump(value) == pickle._dumps(value, 2)  # type: ignore[attr-defined]  # the one of Python: C ends long lists otherwise
    assert same(again(value), value)


def test_python_reads_the_plain_part_too() -> None:
    tree = {"a": [1, 2.5, None, True, (1, (2,)), 2**70], "b": b"\xff\x00", "c": {1, 2}, 3: 1j, "d": bytearray(b"xy")}
    file = io.BytesIO()
    save(tree, file)
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert pickle.loads(archive.read("archive/data.pkl")) == tree


@pytest.mark.parametrize("legacy", [False, True])
def test_shared_memory_stays_shared(legacy: bool) -> None:
    base = np.arange(24, dtype=np.float32).reshape(4, 6)
    tree = {"base": wrap(base), "rows": wrap(base[1:3, ::2]), "turned": wrap(base.T), "one": wrap(base[2, 3])}
    tree["view"] = wrap(base[:, 2][:, None])
    back = again(tree, legacy)
    assert all(same(back[name], tree[name]) for name in ("base", "rows", "turned", "view"))
    assert back["rows"].value.strides == base[1:3, ::2].strides
    assert back["turned"].value.strides == base.T.strides
    back["base"].value[...] = -1
    assert np.all(back["rows"].value == -1)
    assert np.all(back["turned"].value == -1)
    assert np.all(back["view"].value == -1)


@pytest.mark.parametrize("mmap", [False, True])
def test_shared_memory_stays_shared_when_saved_again(tmp_path: Path, mmap: bool) -> None:
    base = np.arange(24, dtype=np.float32).reshape(4, 6)
    tree = [wrap(base), wrap(base[1:3, ::2]), wrap(base[3]), wrap(np.zeros(100, np.uint16))]
    save(tree, tmp_path / "a.pt")
    save(load(tmp_path / "a.pt", mmap=mmap), tmp_path / "b.pt")
    assert (tmp_path / "b.pt").stat().st_size == (tmp_path / "a.pt").stat().st_size
    back = load(tmp_path / "b.pt")
    back[0].value[...] = -1
    assert np.all(back[1].value == -1)
    assert np.all(back[2].value == -1)


def test_memory_that_was_aligned_by_hand() -> None:
    """The slack around it is not part of the tensor, and neighbours may be of other types."""
    arena = np.full(1000, 0xAA, np.uint8)
    a, b = arena[64:104].view(np.float32), arena[128:208].view(np.int64).reshape(2, 5)
    a[...], b[...] = 1, 2
    file = io.BytesIO()
    save([wrap(a), wrap(b), wrap(a), wrap(b.T)], file)
    assert b"\xaa" * 8 not in file.getvalue()
    file.seek(0)
    back = load(file)
    assert same(back[0], wrap(a))
    assert same(back[3], wrap(b.T))
    back[1].value[0, 1] = 7
    assert back[3].value[1, 0] == 7


def test_shared_memory_is_written_once() -> None:
    base = np.zeros(100_000, np.float32)
    file = io.BytesIO()
    save([wrap(base)] + [wrap(base[i:]) for i in range(10)], file)
    assert file.tell() < 1.02 * base.nbytes


def test_a_tensor_twice_is_one_tensor() -> None:
    p = Parameter(ac.ones(3))
    back = again({"a": p, "b": p, "c": [p]})
    assert back["a"] is back["b"] is back["c"][0]
    assert isinstance(back["a"], Parameter)
    assert back["a"].requires_grad


def test_parameters_and_flags() -> None:
    tree = [Parameter(ac.ones(2), requires_grad=False), ac.ones(2, requires_grad=True), ac.ones(2)]
    back = again(tree)
    assert [type(x) for x in back] == [Parameter, Tensor, Tensor]
    assert [x.requires_grad for x in back] == [False, True, False]
    computed = tree[1] * 2  # not a leaf: its values are saved, not its history
    assert again(computed).is_leaf


@pytest.mark.parametrize(
    "array",
    [
        np.arange(10.0)[::-1],
        np.arange(12.0).reshape(3, 4)[::-1, ::-2],
        np.arange(4, dtype=">f4"),
        np.zeros((3, 1, 5), np.float32, order="F"),
        np.broadcast_to(np.float32(7), (3, 4)),
        np.frombuffer(bytes(range(33)), np.int16, 15, offset=3),
        np.lib.stride_tricks.as_strided(np.frombuffer(bytes(64), np.int32), (4, 2), (16, 4)),
        np.zeros(3, [("a", "f4"), ("b", "f8")])["b"],
        np.array([1 + 2j, 3 - 1j]).imag,
    ],
)
def test_memory_layouts_that_torch_does_not_know(array: np.ndarray[Any, Any]) -> None:
    back = again(wrap(array)).value
    assert np.array_equal(back, array)
    assert back.dtype == array.dtype.newbyteorder("=")


def test_expanded_views_take_the_room_of_what_they_expand() -> None:
    file = io.BytesIO()
    save(wrap(np.broadcast_to(np.arange(3, dtype=np.float32), (10_000, 3))), file)
    assert file.tell() < 3000
    file.seek(0)
    back = load(file).value
    assert back.shape == (10_000, 3)
    assert back.strides == (0, 4)


def test_one_memory_of_two_types_is_refused() -> None:
    base = np.zeros(4, np.float32)
    with pytest.raises(RuntimeError, match=r"view the same data as different types, here torch.float32 and torch.int32"):
        again([wrap(base), wrap(base.view(np.int32))])


def test_cycles() -> None:
    a: list[Any] = [1]
    a.append((a, {"a": a}))
    back = again(a)
    assert back[1][0] is back
    assert back[1][1]["a"] is back


def test_long_containers() -> None:
    tree = {"list": list(range(5000)), "dict": {str(i): i for i in range(2500)}, "tuple": tuple(range(3000))}
    assert again(tree) == tree


def test_ordered_dicts_keep_their_attributes() -> None:
    state = collections.OrderedDict(a=ac.ones(1))
    state._metadata = {"": {"version": 1}}  # type: ignore[attr-defined]
    back = again(state)
    assert type(back) is collections.OrderedDict
    assert back._metadata == {"": {"version": 1}}


def test_more_containers() -> None:
    counts = collections.defaultdict(list, {"a": [1]})
    back = again([counts, collections.Counter("abca"), range(3), slice(1, None, 2)])
    assert back == [counts, collections.Counter("abca"), range(3), slice(1, None, 2)]
    assert [type(x) for x in back[:2]] == [collections.defaultdict, collections.Counter]
    assert back[0]["b"] == []


def test_random_states() -> None:
    import random

    state = {"numpy": np.random.RandomState(3).get_state(), "python": random.Random(3).getstate()}
    back = again(state)
    assert back["python"] == state["python"]
    assert same(back["numpy"], state["numpy"])
    torch_like = ac.get_rng_state()
    assert same(again(torch_like), torch_like)


# ------------------------------------------------------------------------------------------------------ files and paths
def test_paths_and_files(tmp_path: Path) -> None:
    for target in (str(tmp_path / "a.pt"), tmp_path / "b.pt"):
        save({"x": 1}, target)
        assert load(target) == {"x": 1}
    assert sorted(os.listdir(tmp_path)) == ["a.pt", "b.pt"]
    with open(tmp_path / "c.pt", "wb") as file:
        save({"x": 2}, file)
    with open(tmp_path / "c.pt", "rb") as file:
        assert load(file) == {"x": 2}
    with open(tmp_path / "d.pt", "wb", buffering=0) as raw:
        save({"x": np.zeros(3)}, raw)
    assert same(load(tmp_path / "d.pt"), {"x": np.zeros(3)})
    with zipfile.ZipFile(tmp_path / "a.pt") as archive:
        assert archive.namelist()[0] == "a/data.pkl"


def test_a_file_that_begins_elsewhere() -> None:
    file = io.BytesIO()
    file.write(b"head")
    save(ac.ones(2), file)
    file.seek(4)
    assert same(load(file), ac.ones(2))


def test_legacy_files_may_follow_each_other() -> None:
    file = io.BytesIO()
    for i in range(3):
        save([i, wrap(np.full(i, i))], file, _use_new_zipfile_serialization=False)
    file.seek(0)
    assert [load(file)[0] for _ in range(3)] == [0, 1, 2]


def test_mmap(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    big = np.arange(100_000, dtype=np.float32)
    save({"big": wrap(big), "part": wrap(big[5:9]), "empty": ac.zeros(0)}, path)
    back = load(path, mmap=True)
    assert np.array_equal(back["big"].value, big)
    assert back["big"].value.ctypes.data % 64 == 0
    back["big"].value[5] = -1
    assert back["part"].value[0] == -1
    assert load(path)["big"].value[5] == 5  # writes stay in memory
    assert same(back["empty"], ac.zeros(0))
    with pytest.raises(ValueError, match="f must be a file path in order to use the mmap argument"):
        load(io.BytesIO(path.read_bytes()), mmap=True)
    save(1, path, _use_new_zipfile_serialization=False)
    with pytest.raises(RuntimeError, match="mmap can only be used with zip files"):
        load(path, mmap=True)


def test_a_failed_save_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    save(1, path)
    with pytest.raises(pickle.PicklingError):
        save(lambda: 0, path)
    assert load(path) == 1
    assert os.listdir(tmp_path) == ["a.pt"]


def test_saving_changes_nothing() -> None:
    x = np.arange(6.0).reshape(2, 3)
    tensor = wrap(x.T)
    before = x.copy()
    save([tensor, tensor], io.BytesIO())
    assert np.array_equal(x, before)
    assert tensor.value.base is x.base or tensor.value.base is x
