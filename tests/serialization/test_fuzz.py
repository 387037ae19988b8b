"""Mutated files: each is an error of a documented kind or a right answer, none is run, and all are cheap."""

from __future__ import annotations

import collections
import io
import pickle
import random
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.serialization import FileFormatError, load, load_checkpoint, save, save_checkpoint
from autograd_cnn.serialization.safetensors import numpy as stn
from autograd_cnn.tensors.tensor import Parameter, Tensor, wrap

from .test_save_load import same
from .watching import load_watched

LIMIT = 16 << 20
FEW, MANY = 40, 4000


def tree() -> dict[str, Any]:
    base = np.arange(24, dtype=np.float32).reshape(4, 6)
    state = collections.OrderedDict(weight=Parameter(wrap(base)), part=wrap(base[1:3, ::2]), turned=wrap(base.T))
    state._metadata = {"": {"version": 1}}  # type: ignore[attr-defined]
    return {
        "model": state,
        "more": [wrap(np.ones(3, bool)), wrap(np.zeros(2, np.uint16)), wrap(np.array([1 + 2j], np.complex64))],
        "optimizer": {
            "state": {0: {"step": wrap(np.float32(3))}},
            "param_groups": [{"lr": 0.1, "betas": (0.9, 0.999)}],
        },
        "values": [
            None,
            True,
            2**70,
            1.5,
            1j,
            "é",
            b"\xff",
            bytearray(b"x"),
            {1, 2},
            np.dtype("float32"),
            ac.Size([1, 2]),
        ],
        "numpy": (np.arange(5, dtype=np.uint32), np.float64(0.5), np.array(["a", "bc"])),
    }


def written(**options: Any) -> bytes:
    file = io.BytesIO()
    save(tree(), file, **options)
    return file.getvalue()


def sealed() -> bytes:
    file = io.BytesIO()
    save_checkpoint(file, **tree())
    return file.getvalue()


def safetensors() -> bytes:
    arrays = {"w": np.arange(12.0).reshape(3, 4), "b": np.ones(3, np.float16), "flag": np.array([True, False])}
    return stn.save(arrays, {"format": "pt"})


OPCODES = [getattr(pickle, name) for name in pickle.__all__ if name.isupper() and isinstance(getattr(pickle, name), bytes)]
NUMBERS = [struct.pack("<I", n) for n in (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)] + [
    struct.pack("<Q", 2**63),
    b"\xff" * 8,
]


def mutate(content: bytes, rng: random.Random) -> bytes:
    """One to three edits: cuts, flips, opcodes, numbers, and pieces moved, doubled or dropped."""
    out = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(out) + 1)
        size = rng.choice((1, 1, 2, 4, 8, 30))
        piece = bytes(out[rng.randrange(len(out) + 1) :][:size])
        kind = rng.randrange(9)
        if kind == 0:
            del out[at:]
        elif kind in (1, 2) and at < len(out):
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 3 and at < len(out):
            out[at : at + 1] = rng.choice(OPCODES)[:1]
        elif kind == 4:
            number = rng.choice(NUMBERS)
            out[at : at + len(number)] = number
        elif kind == 5:
            out[at:at] = rng.choice(OPCODES)
        elif kind == 6:
            del out[at : at + size]
        elif kind == 7:
            out[at:at] = piece
        else:
            out[at : at + len(piece)] = piece
        if not out:
            return b""
    return bytes(out)


def mutate_pickle(content: bytes, rng: random.Random) -> bytes:
    """Mutate what is inside a zip file, and make the container right again around it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            record = old.read(name)
            new.writestr(name, mutate(record, rng) if name.endswith("data.pkl") else record)
    return out.getvalue()


def check_values(value: Any, depth: int = 0) -> None:
    """What came out of a file consists of the few kinds of values that a file may hold."""
    if isinstance(value, Tensor):
        value = value.value
    if isinstance(value, (np.ndarray, np.generic)):
        assert value.dtype.kind in "biufcSU"
        if value.size < 10_000:
            value.tobytes()  # touches all of its memory
    elif isinstance(value, dict):
        for key, item in value.items() if depth < 50 else ():
            check_values(key, depth + 1)
            check_values(item, depth + 1)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value if depth < 50 else ():
            check_values(item, depth + 1)
    else:
        kinds = (int, float, complex, str, bytes, bytearray, np.dtype, ac.device, range, slice)
        assert value is None or isinstance(value, kinds), type(value)


def outcomes(
    content: bytes,
    change: Callable[[bytes, random.Random], bytes],
    reader: Any,
    count: int,
    exact: Callable[[Any], bool] | None,
) -> tuple[int, int]:
    """(files refused, files read) among `count` mutated ones. With `exact`, what is read must be what was written."""
    refused = read = 0
    for seed in range(count):
        damaged = change(content, random.Random(seed))
        try:
            back = load_watched(damaged, reader, LIMIT)
        except (pickle.UnpicklingError, FileFormatError):
            refused += 1
        except RuntimeError as error:
            # a location or a type with another name, and nothing else
            assert any(part in str(error) for part in ("data location", "CUDA", "no type for")), (seed, error)  # noqa: PT017
            refused += 1
        else:
            read += 1
            check_values(back)
            if exact is not None:
                assert exact(back), seed
    return refused, read


def same_tree(back: Any) -> bool:
    return same(back, tree())


CASES = {
    "zip": (written, mutate, load, same_tree),
    "pickle in a zip": (written, mutate_pickle, load, None),
    "legacy": (lambda: written(_use_new_zipfile_serialization=False), mutate, load, None),
    "safetensors": (safetensors, mutate, stn.load_file, None),
    "checkpoint": (sealed, mutate, load_checkpoint, lambda back: same(back, tree())),
}


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
@pytest.mark.parametrize("case", CASES)
def test_mutated_files(case: str, count: int, record_property: Callable[[str, object], None]) -> None:
    make, change, reader, exact = CASES[case]
    refused, read = outcomes(make(), change, reader, count, exact)
    record_property("refused", refused)
    record_property("read", read)
    print(f"{case}: {refused} refused, {read} read")
    assert refused + read == count
    assert refused > count / 10


def test_unharmed_files_are_read() -> None:
    assert same_tree(load(io.BytesIO(written())))
    assert same_tree(load(io.BytesIO(written(_use_new_zipfile_serialization=False))))
    assert same(load_checkpoint(io.BytesIO(sealed())), tree())
