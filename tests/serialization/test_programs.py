"""Hostile programs through every reader, in a process of their own: a file that makes bytes into pointers ends it."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from autograd_cnn import serialization
from autograd_cnn.serialization import gate
from autograd_cnn.vision.datasets.pickled import read_pickled

from .crafting import P, archive, name, number, program, text, tuple_of
from .hostile_programs import ODD, PLAIN, READERS

FEW, MANY = 400, 10_000


@pytest.mark.parametrize("count", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
@pytest.mark.parametrize("reader", READERS)
def test_programs_are_read_or_refused(reader: str, count: int) -> None:
    command = [sys.executable, "-W", "error", "-m", "tests.serialization.hostile_programs", reader, "0", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=Path(__file__).parents[2])
    *_, last = done.stdout.split("\n")[:-1] or ["nothing"]
    assert done.returncode == 0, f"{reader}: ended with {done.returncode} at program {last}: {done.stderr[-2000:]}"
    read = int(last.removeprefix("read "))
    assert count * 0.01 < read < count, "programs of both kinds are drawn"


def dtype(code: str, *state: bytes) -> bytes:
    """A dtype, with its state if there is any."""
    made = name("numpy", "dtype") + tuple_of(text(code), P.NEWFALSE, P.NEWTRUE) + P.REDUCE
    return made + tuple_of(*state) + P.BUILD if state else made


def state(
    order: str = "<", subarray: bytes = P.NONE, fields: bytes = P.NONE, size: int = -1, alignment: int = -1, flags: int = 0
) -> tuple[bytes, ...]:
    return number(3), text(order), subarray, P.NONE, fields, number(size), number(alignment), number(flags)


def array(kind: bytes, shape: tuple[int, ...] = (1,), content: bytes = b"A" * 8, columns: bytes = P.NEWFALSE) -> bytes:
    start = name("numpy.core.multiarray", "_reconstruct") + tuple_of(name("numpy", "ndarray"), tuple_of(number(0)), text("b")) + P.REDUCE
    raw = P.SHORT_BINBYTES + bytes([len(content)]) + content
    return start + tuple_of(number(1), tuple_of(*map(number, shape)), kind, columns, raw) + P.BUILD


HOSTILE = {
    **{f"the dtype {code[:20]!r}": array(dtype(code)) for code in ODD if code not in ("O" * 300,)},
    "flags of an object": array(dtype("i8", *state(flags=63))),
    "the flag of an object alone": array(dtype("u8", *state(flags=1))),
    "a flag of text for a number": array(dtype("f8", *state(flags=8))),
    "a size": array(dtype("i8", *state(size=16))),
    "a size of text": array(dtype("S8", *state("|", size=9, alignment=1))),
    "an alignment": array(dtype("i8", *state(alignment=4096))),
    "no order": array(dtype("i8", *state("|"))),
    "an order of this machine's": array(dtype("i8", *state("="))),
    "an order for a byte": array(dtype("u1", *state(">")), content=b"A"),
    "a subarray": array(dtype("i8", *state(subarray=tuple_of(dtype("f4"), tuple_of(number(2)))))),
    "fields": array(dtype("V8", *state("|", fields=P.EMPTY_DICT))),
    "metadata": array(dtype("M8", *state(), tuple_of(P.NONE, tuple_of(text("s"), number(1), number(1), number(1))))),
    "metadata of a number": array(dtype("i8", *state(), P.EMPTY_DICT)),
    "a state twice": array(dtype("i8", *state()) + tuple_of(*state(flags=63)) + P.BUILD),
    "a negative size of a dim": array(dtype("i8"), (-1,)),
    "sizes that overflow to the right product": array(dtype("i8"), (2**63 + 1, 2)),
    "an empty array of absurd sizes": array(dtype("i8"), (0, 2**63), b""),
    "a dim too many": array(dtype("i8"), (1,) * 65),
    "columns that are no flag": array(dtype("i8"), columns=text("F")),
    "columns that are two": array(dtype("i8"), columns=number(2)),
    "columns that are a fraction": array(dtype("i8"), columns=P.BINFLOAT + bytes(8)),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_dtypes_are_refused_in_every_reader_of_pickles(case: str, tmp_path: Path) -> None:
    content = program(HOSTILE[case])
    with pytest.raises(pickle.UnpicklingError):
        serialization.load(archive(content))
    (tmp_path / "batch").write_bytes(content)
    with pytest.raises(ValueError, match="damaged or not what it should be"):
        read_pickled(tmp_path / "batch")


@pytest.mark.parametrize("what", ["its dtype", "the array"])
def test_numpys_own_setstate_is_never_called_even_when_its_classes_are_allowed(what: str) -> None:
    """PyTorch's error for such files says to allow them, so programs do."""
    named = name("torch", "int64") if what == "its dtype" else array(dtype("i8"))
    hostile = (
        tuple_of(*state(flags=63))
        if what == "its dtype"
        else tuple_of(number(1), tuple_of(number(1)), dtype("O"), P.NEWFALSE, P.EMPTY_LIST)
    )
    with (
        serialization.safe_globals([np.dtype, np.ndarray, np.dtypes.Int64DType, np.dtypes.ObjectDType]),
        pytest.raises(pickle.UnpicklingError),
    ):
        serialization.load(archive(program(named + hostile + P.BUILD)))
    assert np.dtype("int64").flags == 0


def test_an_allowed_function_brings_no_objects() -> None:
    for target, arguments in ((np.dtypes.ObjectDType, P.EMPTY_TUPLE), (np.empty, tuple_of(number(2), text("O")))):
        with serialization.safe_globals([(target, "mine.f")]), pytest.raises(pickle.UnpicklingError, match="none of the plain ones"):
            serialization.load(archive(program(name("mine", "f") + arguments + P.REDUCE)))


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("code", [*PLAIN, ">f8", ">u2", ">c16", ">U3"])
def test_plain_arrays_keep_their_values_types_and_order(code: str, protocol: int, tmp_path: Path) -> None:
    base = np.arange(6).reshape(2, 3).astype(code)
    for value in (base, np.asfortranarray(base), base[:, ::2], base[0, 0], base[:0]):
        (tmp_path / "set").write_bytes(pickle.dumps({"data": value}, protocol))
        back = read_pickled(tmp_path / "set")["data"]
        assert back.dtype == value.dtype
        assert back.shape == value.shape
        assert back.tolist() == value.tolist()


def test_the_gate_knows_numpys_spellings() -> None:
    for code in PLAIN:
        kind = np.dtype(code)
        for made in (kind, kind.newbyteorder(">"), kind.newbyteorder("<")):
            assert gate.spelt(made.str) == made
            assert gate.with_state(gate.spelt(made.str[1:]), made.__reduce__()[2]) == made
    noted = np.dtype("f4", metadata={"a": object()})
    assert gate.admitted(noted).metadata is None


def test_dtypes_with_notes_are_saved_as_what_they_are(tmp_path: Path) -> None:
    noted = np.zeros(2, np.dtype("u2", metadata={"of": "me"}))
    serialization.save([noted], tmp_path / "x")
    assert serialization.load(tmp_path / "x")[0].dtype == np.uint16
