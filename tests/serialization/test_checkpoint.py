"""Checkpoints: everything comes back bit for bit, any damage is an error, and a kill at any moment does no harm."""

from __future__ import annotations

import io
import os
import pickle
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import serialization
from autograd_cnn.serialization import FileFormatError, TruncatedFileError, load, load_checkpoint, save, save_checkpoint
from autograd_cnn.tensors.tensor import Parameter, wrap

from .watching import load_watched


def state() -> dict[str, Any]:
    weights = np.random.RandomState(0).randn(20, 30).astype(np.float32)
    return {
        "model": {"w": Parameter(wrap(weights)), "b": wrap(weights[0])},
        "optimizer": {
            "state": {0: {"step": wrap(np.float32(7)), "exp_avg": wrap(weights * 0.1)}},
            "param_groups": [{"lr": 0.1 + 0.2}],
        },
        "scheduler": {"last_epoch": 3, "_last_lr": [1e-300, float("inf")]},
        "rng": {"main": ac.get_rng_state(), "python": random.getstate(), "numpy": np.random.get_state()},
        "position": (3, 17),
        "config": {"name": "é", "layers": [1, None, True], "seed": 2**80},
    }


def test_everything_comes_back() -> None:
    file, before = io.BytesIO(), state()
    save_checkpoint(file, **before)
    file.seek(0)
    after = load_checkpoint(file)
    assert list(after) == list(before)
    assert after["rng"]["python"] == before["rng"]["python"]
    assert np.array_equal(after["rng"]["numpy"][1], before["rng"]["numpy"][1])
    assert after["rng"]["main"].tolist() == before["rng"]["main"].tolist()
    assert after["config"] == before["config"]
    assert after["position"] == before["position"]
    assert after["scheduler"] == before["scheduler"]
    assert after["optimizer"]["param_groups"] == before["optimizer"]["param_groups"]
    assert after["model"]["w"].value.tobytes() == before["model"]["w"].value.tobytes()
    after["model"]["w"].value[0, 0] = 5
    assert after["model"]["b"].value[0] == 5  # shared memory stays shared


def test_a_generators_stream_goes_on() -> None:
    ac.manual_seed(3)
    ac.randn(5)
    file = io.BytesIO()
    save_checkpoint(file, rng=ac.get_rng_state())
    expected = ac.randn(7).tolist()
    file.seek(0)
    ac.set_rng_state(load_checkpoint(file)["rng"])
    assert ac.randn(7).tolist() == expected


def small() -> bytes:
    file = io.BytesIO()
    save_checkpoint(file, model={"w": wrap(np.arange(6, dtype=np.float32))}, step=3, text="abc")
    return file.getvalue()


def test_each_flipped_bit_is_noticed() -> None:
    content = small()
    for at in range(len(content)):
        for bit in range(8) if at % 16 == 0 else [at % 8]:
            damaged = bytearray(content)
            damaged[at] ^= 1 << bit
            with pytest.raises(FileFormatError):
                load_checkpoint(io.BytesIO(bytes(damaged)))


def test_each_truncation_and_any_tail_is_noticed() -> None:
    content = small()
    for size in range(len(content)):
        with pytest.raises(FileFormatError):
            load_checkpoint(io.BytesIO(content[:size]))
    with pytest.raises(TruncatedFileError, match="the seal at its end is missing"):
        load_checkpoint(io.BytesIO(content[:-1]))
    with pytest.raises(FileFormatError):
        load_checkpoint(io.BytesIO(content + b"x"))


def test_each_part_of_the_seal_is_looked_at() -> None:
    """Where its words are others there is none; where its version is, a newer library wrote it."""
    content = small()
    seal = content.rindex(b"autograd_cnn.checkpoint v0001 sha256:")
    for at in range(seal, len(content)):
        within = at - seal
        other, message = FileFormatError, "does not have the checksum it was written with"
        if 25 <= within < 29:
            message = "expected a checkpoint of version 1, got"
        elif within < 37:
            other, message = TruncatedFileError, "the seal at its end is missing"
        with pytest.raises(other, match=message):
            load_checkpoint(io.BytesIO(content[:at] + b"?" + content[at + 1 :]))


def test_swapped_blocks_are_noticed() -> None:
    content = small()
    half = len(content) // 2
    with pytest.raises(FileFormatError):
        load_checkpoint(io.BytesIO(content[half : 2 * half] + content[:half] + content[2 * half :]))


def test_other_files_are_told_apart(tmp_path: Path) -> None:
    save({"a": 1}, tmp_path / "plain.pt")
    with pytest.raises(FileFormatError, match=r"it is a file of save\(\), which load\(\) reads"):
        load_checkpoint(tmp_path / "plain.pt")
    with pytest.raises(FileFormatError, match="expected a file of save_checkpoint, got something else"):
        load_checkpoint(io.BytesIO(b"hello"))
    with pytest.raises(FileFormatError):
        load_checkpoint(io.BytesIO(b""))
    newer = small().replace(b"checkpoint v0001", b"checkpoint v0002")
    with pytest.raises(FileFormatError, match="expected a checkpoint of version 1, got '0002'"):
        load_checkpoint(io.BytesIO(newer))
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path / "no")


def test_load_reads_checkpoints_too(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "a.ckpt", x=ac.ones(2))
    assert load(tmp_path / "a.ckpt")["state"]["x"].tolist() == [1, 1]
    assert os.listdir(tmp_path) == ["a.ckpt"]


def test_nothing_runs() -> None:
    class Local:
        pass

    with pytest.raises(pickle.PicklingError, match=r"at obj\['state'\]\['x'\]"):
        save_checkpoint(io.BytesIO(), x=Local())
    file = io.BytesIO()
    save_checkpoint(file, x=textwrap.dedent)  # a function is saved by its name, and refused by it
    file.seek(0)
    with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL textwrap.dedent was not an allowed global"):
        load_watched(file, load_checkpoint)
    with serialization.safe_globals([textwrap.dedent]):
        file.seek(0)
        assert load_checkpoint(file)["x"] is textwrap.dedent


WRITER = textwrap.dedent(
    """
    import sys
    import numpy as np
    from autograd_cnn.serialization import save_checkpoint
    from autograd_cnn.tensor import wrap
    print("ready", flush=True)
    for step in range(10**9):
        save_checkpoint(sys.argv[1], step=step, w=wrap(np.full(100_000, step, np.int64)), again=[step] * 100)
    """
)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("attempts", [5, pytest.param(100, marks=pytest.mark.slow)])
def test_a_killed_run_leaves_a_whole_checkpoint(tmp_path: Path, attempts: int) -> None:
    path = tmp_path / "checkpoint"
    save_checkpoint(path, step=-1, w=wrap(np.full(100_000, -1)), again=[-1] * 100)
    steps = []
    for attempt in range(attempts):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(random.Random(attempt).random() * 0.1)
            process.send_signal(signal.SIGKILL)
            process.wait()
        back = load_checkpoint(path)
        assert back["again"] == [back["step"]] * 100
        assert np.all(back["w"].value == back["step"])
        assert set(os.listdir(tmp_path)) <= {"checkpoint", ".checkpoint.part"}
        steps.append(back["step"])
    assert max(steps) > 0
