"""safetensors: the format's rules, one broken file for each, and what the functions promise."""

from __future__ import annotations

import io
import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_cnn as ac
from autograd_cnn.errors import DtypeError
from autograd_cnn.serialization import FileFormatError, TruncatedFileError, load, load_file, safetensors, save_file
from autograd_cnn.serialization.safetensors import header
from autograd_cnn.serialization.safetensors import numpy as stn
from autograd_cnn.serialization.safetensors.sharing import shared_names
from autograd_cnn.tensors.tensor import Parameter, wrap

from .watching import load_watched

TYPES = [
    "bool",
    "uint8",
    "int8",
    "int16",
    "uint16",
    "float16",
    "int32",
    "uint32",
    "float32",
    "complex64",
    "float64",
    "int64",
    "uint64",
]


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])).filter(lambda name: name != "__metadata__"),
        st.sampled_from(TYPES).flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0))),
    ),
    st.none() | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"]))),
)
def test_any_arrays(arrays: dict[str, Any], metadata: dict[str, str] | None) -> None:
    raw = stn.save(arrays, metadata)
    back = stn.load(raw)
    assert set(back) == set(arrays)
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype
        assert back[name].shape == array.shape
        assert back[name].tobytes() == array.tobytes()
        assert back[name].flags.writeable
    with safetensors.safe_open(io.BytesIO(raw), "np") as file:
        assert file.metadata() == metadata
        assert sorted(file.offset_keys()) == file.keys() == sorted(arrays)


def test_memory_layouts() -> None:
    base = np.arange(24, dtype=np.float32).reshape(4, 6)
    layouts = {
        "turned": base.T,
        "back": base[::-1, ::2],
        "big": base.astype(">f4"),
        "wide": np.broadcast_to(base[0], (3, 6)),
    }
    back = stn.load(stn.save(layouts))
    for name, array in layouts.items():
        assert np.array_equal(back[name], array)


def test_tensors(tmp_path: Path) -> None:
    tensors = {"w": Parameter(ac.ones(2, 3)), "b": wrap(np.float32(3)), "a": np.zeros(2)}
    path = tmp_path / "model.safetensors"
    save_file(tensors, path, metadata={"epoch": "3"})
    back = load_file(path)
    assert {name: (x.tolist(), type(x)) for name, x in back.items()} == {
        "w": ([[1] * 3] * 2, ac.Tensor),
        "b": (3, ac.Tensor),
        "a": ([0, 0], ac.Tensor),
    }
    assert load(path)["w"].tolist() == back["w"].tolist()
    assert os.listdir(tmp_path) == ["model.safetensors"]
    with safetensors.safe_open(path, framework="pt") as file:
        assert file.metadata() == {"epoch": "3"}
        assert file.get_slice("w")[1, :2].tolist() == [1, 1]
        assert file.get_slice("w").get_shape() == [2, 3]
        assert file.get_slice("w").get_dtype() == "F32"
        assert file.get_tensor("b").tolist() == 3
        with pytest.raises(FileFormatError, match=r"does not contain tensor ww. Did you mean 'w'"):
            file.get_tensor("ww")


def test_what_a_framework_gets() -> None:
    raw = stn.save({"w": np.ones((2, 3), np.float32)})
    for framework, kind in (("np", np.ndarray), ("numpy", np.ndarray), ("pt", ac.Tensor)):
        with safetensors.safe_open(io.BytesIO(raw), framework) as file:
            assert type(file.get_tensor("w")) is type(file.get_slice("w")[0]) is kind, framework


def test_mmap(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    stn.save_file({"w": np.arange(1 << 20, dtype=np.float64), "e": np.zeros((0, 2))}, path)
    back = load_watched_path(path)
    assert back["w"][-1] == (1 << 20) - 1
    back["w"][0] = 5
    assert stn.load_file(path)["w"][0] == 0
    assert load_file(path, mmap=True)["w"].value[7] == 7
    with pytest.raises(ValueError, match="expected a path to map"):
        stn.load_file(io.BytesIO(path.read_bytes()), mmap=True)


def load_watched_path(path: Path) -> Any:
    """Mapped files are not read: eight megabytes of them take a few kilobytes."""
    import tracemalloc

    tracemalloc.start()
    try:
        back = stn.load_file(path, mmap=True)
        assert tracemalloc.get_traced_memory()[1] < 1 << 18
    finally:
        tracemalloc.stop()
    return back


def test_types_that_numpy_lacks() -> None:
    header = {
        "a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]},
        "b": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [4, 6]},
    }
    raw = made(header, struct.pack("<2H", 0x3F80, 0xC000) + b"\x38\xb8")
    with pytest.raises(DtypeError, match=r"is BF16, which NumPy has no type for. Pass widen=True to get it as float32"):
        safetensors.load(raw)
    back = safetensors.load(raw, widen=True)
    assert back["a"].tolist() == [1, -2]
    assert back["b"].tolist() == [1, -1]
    assert back["a"].dtype == np.float32
    with pytest.raises(DtypeError, match="has dtype 'F4', which NumPy has no type for"):
        safetensors.load(made({"a": {"dtype": "F4", "shape": [2], "data_offsets": [0, 1]}}, b"x"))


def test_only_who_asks_for_it_gets_wider_types(tmp_path: Path) -> None:
    """Every way in, each with its default and with either word."""
    raw = made({"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}, struct.pack("<2H", 0x3F80, 0xC000))
    path = tmp_path / "x.safetensors"
    path.write_bytes(raw)

    def opened(**options: Any) -> Any:
        with safetensors.safe_open(path, "np", **options) as file:
            assert file.get_slice("a").get_dtype() == "BF16"
            return {"a": file.get_slice("a")[:]} if "widen" in options else {"a": file.get_tensor("a")}

    ways: list[Callable[..., Any]] = [
        opened,
        lambda **o: stn.load_file(path, **o),
        lambda **o: stn.load(raw, **o),
        lambda **o: load_file(path, **o),
        lambda **o: safetensors.load(raw, **o),
    ]
    for way in ways:
        for asked in ({}, {"widen": False}):
            with pytest.raises(DtypeError, match="Pass widen=True"):
                way(**asked)
        assert way(widen=True)["a"].tolist() == [1, -2]
    assert load(path)["a"].tolist() == [1, -2]


def test_only_who_asks_for_it_gets_a_mapped_file(tmp_path: Path) -> None:
    """What was read stays what it was when the file is written over."""
    path = tmp_path / "x.safetensors"
    raw = stn.save({"a": np.ones(10_000)})
    for way in (stn.load_file, load_file, load):
        path.write_bytes(raw)
        kept, mapped = way(path), way(path, mmap=True)
        with path.open("r+b") as file:
            file.write(raw[:80])
            file.write(bytes(len(raw) - 80))
        assert kept["a"].sum() == 10_000
        assert mapped["a"].sum() != 10_000


def test_shared_memory_is_refused() -> None:
    base = ac.ones(4, 4)
    with pytest.raises(RuntimeError, match=r"Some tensors share memory.*\[\['a', 'b'\]\]"):
        save_file({"a": base, "b": wrap(base.value[1:])}, io.BytesIO())
    save_file({"a": wrap(base.value[:2]), "b": wrap(base.value[2:])}, io.BytesIO())  # one memory, but not the same bytes


class Model:
    """As much of a module as save_model needs, with tied weights."""

    def __init__(self, value: float) -> None:
        self.weight = wrap(np.full((2, 3), value, np.float32))
        self.bias = wrap(np.full(3, value, np.float32))

    def state_dict(self) -> dict[str, Any]:
        return {"encoder.weight": self.weight, "decoder.weight": self.weight, "bias": self.bias}

    def load_state_dict(self, state: dict[str, Any], strict: bool = True) -> Any:
        own = self.state_dict()
        for name in own.keys() & state.keys():
            own[name].value[...] = state[name].value

        missing = [name for name in own if name not in state]
        return SimpleNamespace(missing_keys=missing, unexpected_keys=[name for name in state if name not in own])


def test_models_with_tied_weights() -> None:
    file = io.BytesIO()
    safetensors.save_model(Model(1.0), file, metadata={"a": "b"})
    file.seek(0)
    with safetensors.safe_open(file) as opened:
        assert opened.keys() == ["bias", "decoder.weight"]
        assert opened.metadata() == {"a": "b", "encoder.weight": "decoder.weight"}
    file.seek(0)
    model = Model(0.0)
    assert safetensors.load_model(model, file) == (set(), [])
    assert model.weight.tolist() == [[1] * 3] * 2
    partial = io.BytesIO(safetensors.save({"bias": ac.zeros(3), "more": ac.zeros(1)}))
    with pytest.raises(RuntimeError, match=r"Missing key\(s\): \['decoder.weight'\]; Unexpected key\(s\): \['more'\]"):
        safetensors.load_model(model, partial)
    partial.seek(0)
    assert safetensors.load_model(model, partial, strict=False) == ({"decoder.weight"}, ["more"])


@pytest.mark.parametrize("kept", ["encoder.weight", "decoder.weight"])
def test_either_name_of_a_tied_weight_will_do(kept: str) -> None:
    """A file has it under one of them, whichever; both of them are one too many."""
    content = {kept: ac.ones(2, 3), "bias": ac.zeros(3)}
    model = Model(5.0)
    assert safetensors.load_model(model, io.BytesIO(safetensors.save(content))) == (set(), [])
    assert model.weight.tolist() == [[1] * 3] * 2
    both = safetensors.save({"encoder.weight": ac.ones(2, 3), "decoder.weight": ac.ones(2, 3), "bias": ac.zeros(3)})
    with pytest.raises(RuntimeError, match=r"Missing key\(s\): \[\]; Unexpected key\(s\): \['encoder.weight'\]"):
        safetensors.load_model(Model(0.0), io.BytesIO(both))
    with pytest.raises(RuntimeError, match=r"Missing key\(s\): \['bias'\]; Unexpected key\(s\): \[\]"):
        safetensors.load_model(Model(0.0), io.BytesIO(safetensors.save({kept: ac.ones(2, 3)})))
    neither = io.BytesIO(safetensors.save({"bias": ac.zeros(3)}))
    assert safetensors.load_model(Model(0.0), neither, strict=False) == ({"decoder.weight"}, [])
    with pytest.raises(RuntimeError, match="CUDA"):
        safetensors.load_model(Model(0.0), io.BytesIO(both), device="cuda")


def test_models_without_notes() -> None:
    file = io.BytesIO()
    safetensors.save_model(ac.nn.Linear(2, 3), file)
    file.seek(0)
    with safetensors.safe_open(file) as opened:
        assert opened.metadata() is None
    model = ac.nn.Linear(2, 3)
    file.seek(0)
    safetensors.load_model(model, file)
    file.seek(0)
    assert load_file(file)["weight"].tolist() == model.weight.tolist()


@pytest.mark.parametrize(
    "other",
    [
        lambda a: a.T,
        lambda a: a[::-1, ::-1],
        lambda a: a.view(np.int32),
        lambda a: a.reshape(-1),
        lambda a: a[:1],
        lambda a: a[:, 1:],
    ],
)
def test_one_memory_that_is_not_one_tensor(other: Any) -> None:
    class Both:
        def state_dict(self) -> dict[str, Any]:
            base = np.arange(9, dtype=np.float32).reshape(3, 3)
            return {"a": wrap(base), "b": wrap(other(base))}

    with pytest.raises(RuntimeError, match="overlap in memory without being the same tensor"):
        safetensors.save_model(Both(), io.BytesIO())


# ------------------------------------------------------------------------------------------------------------ bad files
def made(header: Any, data: bytes = b"") -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + data


def f32(shape: list[Any], first: int, last: int) -> dict[str, Any]:
    return {"dtype": "F32", "shape": shape, "data_offsets": [first, last]}


BROKEN = {
    "a header of exabytes": (struct.pack("<Q", 2**63) + b"{}", "expected a header of at most 100000000 bytes"),
    "a header over the limit": (struct.pack("<Q", 100_000_001) + b"{}", "expected a header of at most 100000000 bytes"),
    "a header longer than the file": (struct.pack("<Q", 100) + b"{}", "expected the header at bytes 8 to 108"),
    "no header": (b"\x02", "expected the header's length"),
    "no brace": (made(b" {}"), "does not begin with '{'"),
    "an empty header": (made(b""), "does not begin with '{'"),
    "no JSON": (made(b"{nope}"), "is not valid JSON"),
    "no text": (made(b'{"\xff":1}'), "is not valid JSON"),
    "NaN": (made(b'{"a":NaN}'), "NaN is not JSON"),
    "rubbish behind": (made(b"{}\0\0"), "is not valid JSON"),
    "endless lists": (made(b'{"a":' + b"[" * 100_000), "is not valid JSON"),
    "an endless number": (made(b'{"a":' + b"9" * 5000 + b"}"), "is not valid JSON"),
    "a name twice": (made(b'{"a":{},"a":{}}'), "a name comes twice"),
    "a field twice": (made(b'{"a":{"dtype":"F32","dtype":"F64"}}'), "a name comes twice"),
    "metadata of numbers": (made({"__metadata__": {"a": 1}}), "expected texts by name as __metadata__"),
    "metadata of text": (made({"__metadata__": "a"}), "expected texts by name as __metadata__"),
    "no tensor": (made({"a": 3}), "lacks its dtype, shape or data_offsets"),
    "no dtype": (made({"a": {"shape": [1], "data_offsets": [0, 4]}}, bytes(4)), "lacks its dtype"),
    "a dtype of numbers": (made({"a": {"dtype": 3, "shape": [1], "data_offsets": [0, 4]}}, bytes(4)), "has no dtype"),
    "a negative size": (made({"a": f32([-1], 0, 4)}, bytes(4)), "not whole numbers from 0 on"),
    "a size of truth": (made({"a": f32([True], 0, 4)}, bytes(4)), "not whole numbers from 0 on"),
    "a size of fractions": (made({"a": f32([1.0], 0, 4)}, bytes(4)), "not whole numbers from 0 on"),
    "a size of text": (made({"a": f32(["1"], 0, 4)}, bytes(4)), "not whole numbers from 0 on"),
    "three offsets": (
        made({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4, 8]}}, bytes(4)),
        "whole numbers",
    ),
    "offsets backwards": (made({"a": f32([1], 4, 0)}, bytes(4)), "does not fit into -4 bytes"),
    "too many dims": (made({"a": f32([1] * 65, 0, 4)}, bytes(4)), "not whole numbers from 0 on"),
    "an absurd shape": (made({"a": f32([2**62, 4], 0, 4)}, bytes(4)), "does not fit into 4 bytes"),
    "an absurd empty shape": (made({"a": f32([0, 2**62], 0, 0)}), "does not fit into 0 bytes"),
    "a size that is a number of 64 bits": (made({"a": f32([2**64 - 1], 0, 4)}, bytes(4)), "does not fit into 4 bytes"),
    "a size that is none": (made({"a": f32([2**64], 0, 4)}, bytes(4)), "not whole numbers from 0 on"),
    "an offset that is none": (made({"a": f32([1], 2**64 - 4, 2**64)}, bytes(4)), "not whole numbers from 0 on"),
    "a shape that does not fit": (made({"a": f32([2], 0, 4)}, bytes(4)), "does not fit into 4 bytes"),
    "a gap": (made({"a": f32([1], 4, 8)}, bytes(8)), "leaves a gap"),
    "an overlap": (made({"a": f32([2], 0, 8), "b": f32([1], 4, 8)}, bytes(8)), "overlaps"),
    "the same bytes": (made({"a": f32([1], 0, 4), "b": f32([1], 0, 4)}, bytes(4)), "overlaps"),
    "a tail": (made({"a": f32([1], 0, 4)}, bytes(8)), "4 bytes at its end belong to no tensor"),
    "a short file": (made({"a": f32([2], 0, 8)}, bytes(4)), "expected .* bytes, but the file ends"),
    "a bool of 2": (
        made({"a": {"dtype": "BOOL", "shape": [1], "data_offsets": [0, 1]}}, b"\x02"),
        "0 and 1 in a bool tensor, got 2",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_files(case: str) -> None:
    content, message = BROKEN[case]
    with pytest.raises(FileFormatError, match=message):
        load_watched(content, stn.load_file, limit=16 << 20)


def test_how_long_a_header_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a file, and in one to be written."""
    many = {f"{i:0100d}": np.zeros(0) for i in range(2000)}
    assert len(stn.load(stn.save(many))) == 2000
    raw = stn.save({"a": np.ones(1)})
    size = int.from_bytes(raw[:8], "little")
    for limit in (size, size - 1):
        monkeypatch.setattr(header, "MAX_HEADER", limit)
        if limit == size:
            assert stn.load(stn.save({"a": np.ones(1)}))["a"] == 1
            continue
        with pytest.raises(ValueError, match=f"take {size} bytes, and {limit} is the most there may be"):
            stn.save({"a": np.ones(1)})
        with pytest.raises(FileFormatError, match=f"expected a header of at most {limit} bytes, got {size}"):
            stn.load(raw)


def test_the_order_of_the_data() -> None:
    """Large types first, so that all are aligned; then by name; what is empty takes no place."""
    arrays = {
        "b": np.ones(1, np.uint8),
        "c": np.ones(2, np.int64),
        "a": np.ones(3, np.uint8),
        "d": np.zeros(0),
        "e": np.ones(1, np.float16),
    }
    raw = stn.save(arrays)
    with safetensors.safe_open(io.BytesIO(raw), "np") as file:
        assert file.offset_keys() == ["c", "d", "e", "a", "b"]
        assert file.keys() == ["a", "b", "c", "d", "e"]
    assert int.from_bytes(raw[:8], "little") % 8 == 0
    empty = {"a": f32([0], 0, 0), "b": f32([1], 0, 4), "c": f32([0, 3], 4, 4), "d": f32([2], 4, 12)}
    for order in ("abcd", "dcba", "bdac"):
        back = stn.load(made({name: empty[name] for name in order}, np.float32([1, 2, 3]).tobytes()))
        assert {name: array.tolist() for name, array in back.items()} == {"a": [], "b": [1], "c": [], "d": [2, 3]}
    with pytest.raises(FileFormatError, match="does not fit into 0 bytes"):  # nothing of an absurd size
        stn.load(made({"a": f32([0, 2**60], 0, 0)}))
    assert stn.load(made({"a": f32([0, 2**60 - 1], 0, 0)}))["a"].shape == (0, 2**60 - 1)
    for shape in ([], [1] * 64):
        assert stn.load(made({"a": f32(shape, 0, 4)}, bytes(4)))["a"].shape == tuple(shape)


@pytest.mark.parametrize("field", ["dtype", "shape", "data_offsets"])
def test_each_field_of_a_tensor_is_there_and_is_one(field: str) -> None:
    whole = f32([1], 0, 4)
    assert stn.load(made({"a": {**whole, "more": 1}}, bytes(4)))["a"] == 0
    with pytest.raises(FileFormatError, match="lacks its dtype, shape or data_offsets"):
        stn.load(made({"a": {k: v for k, v in whole.items() if k != field}}, bytes(4)))
    for wrong in (None, 5, {}, [-1, 3], ["0", "4"], [True, 4], [0.0, 4.0]):
        with pytest.raises(FileFormatError, match=r"has no dtype|not whole numbers from 0 on"):
            stn.load(made({"a": {**whole, field: wrong}}, bytes(4)))


def test_metadata_of_a_file() -> None:
    for notes in (None, {}, {"a": "b"}):
        with safetensors.safe_open(io.BytesIO(made({"__metadata__": notes} if notes is not None else {}))) as file:
            assert file.metadata() == notes and file.keys() == []
        if notes is not None:
            with safetensors.safe_open(io.BytesIO(stn.save({}, notes))) as file:
                assert file.metadata() == notes
    with pytest.raises(TypeError, match="expected metadata to be a dict of texts"):
        stn.save({}, {1: "a"})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="expected metadata to be a dict of texts"):
        stn.save({}, [("a", "b")])  # type: ignore[arg-type]


def test_which_tensors_share_memory() -> None:
    base = np.arange(12.0)
    spans = {"f": base[6:9], "a": base[:4], "e": base[5:7], "b": base[4:5], "c": base[:1], "d": base[9:], "z": base[0:0]}
    assert shared_names(spans) == [["c", "a"], ["e", "f"]]
    assert shared_names({"a": base, "b": base[:2], "c": base[3:5], "d": base[11:]}) == [["b", "a", "c", "d"]]


def test_each_truncation() -> None:
    raw = stn.save({"a": np.arange(5.0), "b": np.ones((2, 2), np.int16)}, {"k": "v"})
    for size in range(len(raw)):
        with pytest.raises(FileFormatError):
            stn.load(raw[:size])
    with pytest.raises(TruncatedFileError):
        stn.load(raw[:-1])


def test_bad_input(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"Expected a dict of \[str, Tensor\] but received list"):
        save_file([ac.ones(1)], tmp_path / "a")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="names of tensors to be texts other than '__metadata__', got 3"):
        save_file({3: ac.ones(1)}, tmp_path / "a")  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="got '__metadata__'"):
        save_file({"__metadata__": ac.ones(1)}, tmp_path / "a")
    with pytest.raises(ValueError, match="Key `a` is invalid, expected Tensor but received float"):
        save_file({"a": 3.0}, tmp_path / "a")
    for half in (SimpleNamespace(dtype=np.float32), SimpleNamespace(__array__=lambda: np.ones(1))):
        with pytest.raises(ValueError, match="Key `a` is invalid, expected Tensor but received SimpleNamespace"):
            save_file({"a": half}, tmp_path / "a")
    with pytest.raises(TypeError, match="expected metadata to be a dict of texts"):
        save_file({}, tmp_path / "a", metadata={"a": 1})  # type: ignore[dict-item]
    with pytest.raises(DtypeError, match=r"no type for the complex128 tensor 'a'. Save its real and imaginary part"):
        save_file({"a": wrap(np.zeros(1, np.complex128))}, tmp_path / "a")
    with pytest.raises(ValueError, match=r"expected framework 'pt' or 'np', got 'nmpy'. Did you mean 'numpy'"):
        safetensors.safe_open(io.BytesIO(stn.save({})), "nmpy")
    with pytest.raises(RuntimeError, match="CUDA"):
        load_file(io.BytesIO(stn.save({})), device="cuda")
    assert os.listdir(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        load_file(tmp_path / "no.safetensors")
    stn.save_file({}, tmp_path / "a.safetensors")
    with pytest.raises(RuntimeError, match="dict or callable map_location is not supported"):
        load(tmp_path / "a.safetensors", map_location={"cuda": "cpu"})
    with pytest.raises(RuntimeError, match="dict or callable map_location is not supported"):
        load(tmp_path / "a.safetensors", map_location=lambda storage, location: storage)
    for place in (None, "cpu", b"cpu", ac.device("cpu")):
        assert load(tmp_path / "a.safetensors", map_location=place) == {}
    with pytest.raises(RuntimeError, match="CUDA"):
        load(tmp_path / "a.safetensors", map_location="cuda")


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="the system does not list open files")
def test_a_file_is_closed_with_what_opened_it(tmp_path: Path) -> None:
    stn.save_file({"w": np.ones(3)}, tmp_path / "good")
    (tmp_path / "bad").write_bytes(b"12345678")
    before = os.listdir("/proc/self/fd")
    with pytest.raises(FileFormatError):
        safetensors.safe_open(tmp_path / "bad")
    assert os.listdir("/proc/self/fd") == before
    with safetensors.safe_open(tmp_path / "good") as file:
        assert len(os.listdir("/proc/self/fd")) == len(before) + 1
        assert file.get_tensor("w").tolist() == [1, 1, 1]
    assert os.listdir("/proc/self/fd") == before
