"""Several processes train one network: what they make of it, Ctrl-C, kills, and going on with another number of them."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd_cnn.cli.main import main
from autograd_cnn.serialization import safetensors
from autograd_cnn.tensors.creation import arange
from autograd_cnn.training.team import Alone, Together
from tests.distributed.ranks import ROOT, environment, needs_mpi

digits = pytest.mark.skipif(not __import__("importlib.util").util.find_spec("sklearn"), reason="the digits come with scikit-learn")
# 1,438 pictures: the last batch has one, which is less than there are processes
PLAIN = ("--epochs", "2", "--batch-size", "479", "--seed", "3", "--optimizer", "nesterov", "--lr", "0.05")
MODERN = ("--model", "lenet5_modern", "--epochs", "3", "--batch-size", "64", "--seed", "3")


def start(*args: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "autograd_cnn", "train", *map(str, args)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), cwd=ROOT)


def finish(process: subprocess.Popen[str], code: int = 0) -> str:
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, f"exit code {process.returncode}\n{out}\n{err}"
    return out


def weights(out: Path) -> dict[str, Any]:
    return {k: v.numpy() for k, v in safetensors.load_file(out / "model.safetensors").items()}


@digits
@needs_mpi
@pytest.mark.slow
def test_a_run_that_goes_on_has_its_own_batch(tmp_path: Path) -> None:
    """What a batch can be divided among is said by the checkpoint, not by what batches usually have; and it is said once."""
    small, large = tmp_path / "small", tmp_path / "large"
    finish(start("--model", "mlp", "--epochs", "0", "--batch-size", "1", "--out", small))
    process = start("--resume", "--nproc", "2", "--out", small)
    assert process.communicate(timeout=60) == (
        "",
        "autograd-cnn train: --nproc 2: expected at most as many processes as there are pictures in a batch (1).\n",
    )
    assert process.returncode == 2
    finish(start("--model", "mlp", "--epochs", "0", "--batch-size", "64", "--out", large))
    finish(start("--resume", "--nproc", "3", "--out", large))


def test_shares_are_all_of_a_batch() -> None:
    for count in range(9):
        for size in (1, 2, 3, 8):
            found = []
            for rank in range(size):
                team = Together.__new__(Together)
                team.rank, team.size = rank, size
                found += team.share(arange(count)).tolist()
            assert found == list(range(count))
    assert Alone().share(arange(3)).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--nproc", "none"], "--nproc none: expected a number of processes, at least 1, or auto."),
        (["--nproc", "64"], "--nproc 64: expected at most as many processes as there are pictures in a batch (32)."),
        (["--nproc", "2", "--epochs", "-1"], "--epochs: expected a whole number from 0 on, got -1."),
    ],
)
@needs_mpi
def test_what_cannot_be_is_said_before_anything_starts(args: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", *args]) == 2
    assert capsys.readouterr().err == f"autograd-cnn train: {said}\n"


@digits
@needs_mpi
@pytest.mark.slow
@pytest.mark.parametrize("model", ["lenet5", "mlp"])
def test_the_same_as_one_process(tmp_path: Path, model: str) -> None:
    """To rounding, where nothing is drawn inside the network."""
    for count in (1, 2, 3):
        finish(start("--model", model, *PLAIN, "--nproc", str(count), "--out", tmp_path / str(count)))
    one = weights(tmp_path / "1")
    for count in (2, 3):
        for name, value in weights(tmp_path / str(count)).items():
            np.testing.assert_allclose(value, one[name], rtol=2e-3, atol=2e-4, err_msg=name)


@digits
@needs_mpi
@pytest.mark.slow
def test_the_same_bytes_again_and_after_a_stop(tmp_path: Path) -> None:
    """With dropout and batch norm: at the same number of processes bit for bit, stopped by Ctrl-C in between or not."""
    finish(start(*MODERN, "--nproc", "2", "--out", tmp_path / "whole"))
    process = start(*MODERN, "--nproc", "2", "--out", tmp_path / "run")
    _after_the_first_checkpoint(process, tmp_path / "run")
    process.send_signal(signal.SIGINT)
    said = finish(process, code=130)
    assert said.count("Stopped and saved. Go on with:") == 1
    said = finish(start("--resume", "--nproc", "2", "--out", tmp_path / "run"))
    assert said.startswith("Resuming in ")
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == (tmp_path / "whole" / "model.safetensors").read_bytes()


@digits
@needs_mpi
@pytest.mark.slow
def test_another_number_of_processes_goes_on(tmp_path: Path) -> None:
    choices = ("--model", "lenet5", *PLAIN, "--epochs", "6")
    finish(start(*choices, "--out", tmp_path / "one"))
    process = start(*choices, "--nproc", "3", "--out", tmp_path / "run")
    _after_the_first_checkpoint(process, tmp_path / "run")
    process.send_signal(signal.SIGINT)
    finish(process, code=130)
    finish(start("--resume", "--nproc", "2", "--out", tmp_path / "run"))
    one = weights(tmp_path / "one")
    for name, value in weights(tmp_path / "run").items():
        np.testing.assert_allclose(value, one[name], rtol=2e-3, atol=5e-4, err_msg=name)


def _after_the_first_checkpoint(process: subprocess.Popen[str], out: Path) -> None:
    deadline = time.monotonic() + 60
    while not (out / "checkpoint").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "no checkpoint was written"
        time.sleep(0.01)
    time.sleep(0.3)


@digits
@needs_mpi
@pytest.mark.slow
@pytest.mark.parametrize("times", [6])
def test_killed(tmp_path: Path, times: int) -> None:
    """One of the processes, or all, at random moments: the checkpoint is whole, and the end is that of a run that nobody disturbed."""
    started = time.monotonic()
    finish(start(*MODERN, "--nproc", "2", "--out", tmp_path / "whole"))
    takes = time.monotonic() - started
    out, r, killed = tmp_path / "run", random.Random(times), 0
    for _ in range(times):
        process = start(*(MODERN if not (out / "checkpoint").exists() else ()), "--resume", "--nproc", "2", "--out", out)
        end = time.monotonic() + r.uniform(0.1, 0.9) * takes
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        ranks = _ranks(process)
        chosen = r.choice([ranks[:1], ranks[1:], ranks])
        for pid in chosen:
            os.kill(pid, signal.SIGKILL)
        at = time.monotonic()
        process.communicate(timeout=120)
        if chosen:  # the others end, too
            assert process.returncode and time.monotonic() - at < 20
            killed += 1
    assert killed >= times // 2
    finish(start(*(MODERN if not (out / "checkpoint").exists() else ()), "--resume", "--nproc", "2", "--out", out))
    assert (out / "model.safetensors").read_bytes() == (tmp_path / "whole" / "model.safetensors").read_bytes()
    assert not [p.name for p in out.iterdir() if p.name.endswith(".tmp")], "half-written files are left"


def _ranks(process: subprocess.Popen[str]) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False).stdout.split()
    return [int(pid) for pid in found]
