"""save and load: objects of the user's classes, options, and what mistakes are answered with."""

from __future__ import annotations

import collections
import enum
import io
import os
import pickle
import threading
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import serialization
from autograd_cnn.serialization import load, save
from autograd_cnn.tensors.tensor import wrap

from .crafting import P, archive, number, program, storage, tuple_of
from .crafting import name as crafted
from .test_save_load import again, same

DTYPES = "float64 float32 float16 int64 int32 int16 int8 uint64 uint32 uint16 uint8 bool complex64 complex128".split()


class Colour(enum.Enum):
    RED = 1


class Config:
    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.weights = ac.ones(2)


class Slotted:
    __slots__ = ("a",)


Point = collections.namedtuple("Point", "x y")


def test_objects_need_the_users_word() -> None:
    tree = [Config(0.5), Colour.RED, Point(1, 2)]
    with pytest.raises(pickle.UnpicklingError, match=r"Unsupported global: GLOBAL .*test_options.Config was not an"):
        again(tree)
    with serialization.safe_globals([Config, Colour, Point]):
        back = again(tree)
    assert back[0].rate == 0.5
    assert same(back[0].weights, ac.ones(2))
    assert back[1:] == [Colour.RED, Point(1, 2)]
    with pytest.raises(pickle.UnpicklingError):
        again(tree)


def test_slots_and_other_names() -> None:
    thing = Slotted()
    thing.a = 5
    with serialization.safe_globals([(Slotted, f"{__name__}.Slotted")]):
        assert again(thing).a == 5


def test_the_list_of_safe_globals() -> None:
    assert serialization.get_safe_globals() == []
    serialization.add_safe_globals([Config, (Colour, "other.Name")])
    try:
        assert serialization.get_safe_globals() == [Config, Colour]
        serialization.get_safe_globals().clear()  # a list of one's own
        with serialization.safe_globals([Config, Point]):
            assert Point in serialization.get_safe_globals()
        assert serialization.get_safe_globals() == [Config, Colour]
    finally:
        serialization.clear_safe_globals()
    with pytest.raises(TypeError, match="expected classes or functions, got int"):
        serialization.add_safe_globals([3])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="Expected tuple of length 2"):
        serialization.add_safe_globals([(Config, "a", "b")])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="Expected second item in tuple to be str"):
        serialization.add_safe_globals([(Config, 3)])  # type: ignore[list-item]


def test_unsafe_globals_are_listed() -> None:
    for legacy in (False, True):
        file = io.BytesIO()
        save([Config(1.0), Point(1, 2), ac.ones(1)], file, _use_new_zipfile_serialization=not legacy)
        file.seek(0)
        names = serialization.get_unsafe_globals_in_checkpoint(file)
        assert names == [f"{__name__}.Config", f"{__name__}.Point"]


def test_what_cannot_be_saved_is_found() -> None:
    tree = {"optimizer": [{"schedule": lambda step: step}]}
    with pytest.raises(pickle.PicklingError, match=r"cannot be found again .*at obj\['optimizer'\]\[0\]\['schedule'\]"):
        again(tree)
    with pytest.raises(pickle.PicklingError, match=r"cannot save a _thread.lock .*at obj\[1\]"):
        again([1, threading.Lock()])
    with pytest.raises(pickle.PicklingError, match=r"a tensor of .*which torch has no type for"):
        again(wrap(np.zeros(2, np.longdouble)))
    with pytest.raises(pickle.PicklingError, match="a NumPy value of object"):
        again(np.array([None]))
    with pytest.raises(pickle.PicklingError, match="MaskedArray, a NumPy array of a class of its own"):
        again(np.ma.masked_array([1], [True]))
    local = type("Local", (), {"__module__": __name__})
    with pytest.raises(pickle.PicklingError, match=r"Local, which cannot be found again under that name \(it is a local or replaced one\)"):
        again(local)
    with pytest.raises(pickle.PicklingError, match=r"Config, which cannot be found again under that name \(it is another object now\)"):
        again(type("Config", (), {"__module__": __name__}))
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(pickle.PicklingError, match="nested this deeply"):
        again(deep)


def test_options_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="expected pickle_protocol 2"):
        save(1, io.BytesIO(), pickle_protocol=4)
    with pytest.raises(ValueError, match="expected no pickle_module"):
        save(1, io.BytesIO(), pickle_module=io)
    with pytest.raises(AttributeError, match="file-like object with a 'write' attribute, got int"):
        save(1, 3)  # type: ignore[arg-type]
    file = io.BytesIO()
    save(1, file)
    file.seek(0)
    with pytest.raises(RuntimeError, match="when explicit pickle_module is specified"):
        load(file, pickle_module=pickle)
    with pytest.raises(TypeError, match="unexpected keyword argument 'fix_imports'"):
        load(file, fix_imports=False)
    with pytest.raises(TypeError, match="expected weights_only to be True, False or None, got 'no'"):
        load(file, weights_only="no")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected map_location to be None, 'cpu'"):
        load(file, map_location=3)  # type: ignore[arg-type]


def test_files_that_are_something_else(tmp_path: Path) -> None:
    cases = {
        b"version https://git-lfs.github.com/spec/v1\n": "Git LFS pointer",
        b"<!DOCTYPE html>": "a web page",
        b"\x1f\x8b\x08rest": "compressed with gzip",
        b"\x89HDF\r\n": "HDF5",
        b"hello": "it begins with b'hello'",
    }
    for content, message in cases.items():
        with pytest.raises(serialization.FileFormatError, match=message):
            load(io.BytesIO(content))
    with pytest.raises(EOFError, match="the file is empty"):
        load(io.BytesIO())
    with pytest.raises(RuntimeError, match="Invalid magic number"):
        load(io.BytesIO(pickle.dumps({"a": 1}, 2)))
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "no.pt")
    with pytest.raises(IsADirectoryError):
        load(tmp_path)
    with pytest.raises(AttributeError, match="expected a path or an open binary file, got int"):
        load(3)  # type: ignore[arg-type]
    (tmp_path / "a").write_text("x")
    with open(tmp_path / "a") as text, pytest.raises(TypeError, match="Open it with 'rb'"):
        load(text)  # type: ignore[arg-type]
    reading, writing = os.pipe()
    os.close(writing)
    with open(reading, "rb") as pipe, pytest.raises(io.UnsupportedOperation, match="a file that is seekable"):
        load(pipe)


def test_map_location() -> None:
    file = io.BytesIO()
    save(ac.ones(2), file)
    content = file.getvalue()
    on_gpu = repack(content, lambda pickled: pickled.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0"))
    assert same(load(io.BytesIO(content)), ac.ones(2))
    with pytest.raises(RuntimeError, match=r"on a CUDA device but torch.cuda.is_available\(\) is False"):
        load(io.BytesIO(on_gpu))
    seen = []

    def place(storage: Any, location: str) -> Any:
        seen.append((location, len(storage)))
        return storage.cpu()

    for where in ("cpu", ac.device("cpu"), {"cuda:0": "cpu"}, place, b"cpu"):
        assert same(load(io.BytesIO(on_gpu), map_location=where), ac.ones(2))  # type: ignore[arg-type]
    assert seen == [("cuda:0", 2)]
    for bad in ("cuda", {"cuda:0": "cuda:1"}, lambda storage, location: None, lambda s, location: s.cuda()):
        with pytest.raises(RuntimeError, match="CUDA"):
            load(io.BytesIO(on_gpu), map_location=bad)
    with pytest.raises(RuntimeError, match="don't know how to restore data location 'meta'"):
        load(io.BytesIO(content), map_location="meta")
    with pytest.raises(TypeError, match="to return the storage it was given or None, got int"):
        load(io.BytesIO(content), map_location=lambda storage, location: 3)  # type: ignore[arg-type,return-value]


def test_weights_only_false_runs_nothing_either() -> None:
    file = io.BytesIO()
    save({"x": ac.ones(2)}, file)
    file.seek(0)
    assert same(load(file, weights_only=False)["x"], ac.ones(2))
    file = io.BytesIO()
    save(Config(1.0), file)
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match="never runs code from files, with weights_only=False neither"):
        load(file, weights_only=False)


def repack(content: bytes, change: Any, compression: int = zipfile.ZIP_STORED) -> bytes:
    """The same archive with another pickle, or with records added and removed by a function of the whole dict."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", compression) as new:
        for name in old.namelist():
            record = old.read(name)
            new.writestr(name, change(record) if name.endswith("data.pkl") else record)
    return out.getvalue()


def test_archives_of_other_zip_programs() -> None:
    file = io.BytesIO()
    save({"w": ac.ones(2, 3)}, file)
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        assert same(load(io.BytesIO(repack(file.getvalue(), bytes, compression)))["w"], ac.ones(2, 3))


@pytest.mark.parametrize("mmap", [False, True])
@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("name", [*DTYPES, "bfloat16", "complex32"])
def test_files_of_either_byte_order(tmp_path: Path, name: str, order: str, mmap: bool) -> None:
    """Each element type, as it lies, and those that are widened."""
    sign = ">" if order == "big" else "<"
    if name in DTYPES:
        values = np.array([0, 1, 1, 0, 2, 3] if name != "bool" else [0, 1, 1, 0, 1, 1]).astype(name)
        values = values + values * 1j if "complex" in name else values
        raw, numel = values.astype(values.dtype.newbyteorder(sign)).tobytes(), 6
    elif name == "bfloat16":  # the upper halves of float32 numbers
        values = np.array([1.5, -2.0, 0.0], np.float32)
        raw, numel = (values.view(np.uint32) >> 16).astype(f"{sign}u2").tobytes(), 3
    else:
        values = np.array([1.5 - 2j, 0.25j], np.complex64)
        raw, numel = values.view(np.float32).astype(f"{sign}f2").tobytes(), 2
    of = storage("0", len(raw), "UntypedStorage", module="torch.storage")
    hooks = crafted("collections", "OrderedDict") + P.EMPTY_TUPLE + P.REDUCE
    parts = (of, number(0), tuple_of(number(numel)), tuple_of(number(1)), P.NEWFALSE, hooks, crafted("torch", name))
    pickled = program(crafted("torch._utils", "_rebuild_tensor_v3") + tuple_of(*parts) + P.REDUCE)
    path = tmp_path / "x.pt"
    path.write_bytes(archive(pickled, {"data/0": raw, "byteorder": order.encode()}).getvalue())
    back = load(path, mmap=mmap).numpy()
    assert back.dtype == values.dtype and np.array_equal(back, values)


class Net(ac.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = ac.nn.Sequential(ac.nn.Linear(3, 4), ac.nn.Tanh())
        self.activation = ac.relu

    def forward(self, x: Any) -> Any:
        return self.activation(self.body(x))


def test_whole_modules() -> None:
    """Saved by reference to their classes, under public names; loaded when the user allows those."""
    net, x = Net(), ac.ones(2, 3)
    file = io.BytesIO()
    save(net, file)
    names = serialization.get_unsafe_globals_in_checkpoint(rewound(file))
    public = ["autograd_cnn.nn.Sequential", "autograd_cnn.nn.Linear", "autograd_cnn.nn.Tanh", "autograd_cnn.relu"]
    assert names == [f"{__name__}.Net", *public]
    with pytest.raises(pickle.UnpicklingError, match=r"test_options.Net was not an allowed global"):
        load(rewound(file))
    with serialization.safe_globals([Net, ac.nn.Sequential, ac.nn.Linear, ac.nn.Tanh, ac.relu]):
        back = load(rewound(file))
    assert repr(back) == repr(net)
    assert back(x).tolist() == net(x).tolist()
    assert [type(p) for p in back.parameters()] == [type(p) for p in net.parameters()]


def rewound(file: io.BytesIO) -> io.BytesIO:
    file.seek(0)
    return file
