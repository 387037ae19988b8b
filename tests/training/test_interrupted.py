"""A run that is killed at any moment, or stopped by Ctrl-C, goes on and ends with the weights of one that was not, bit for bit."""

from __future__ import annotations

import importlib.util
import random
import signal
import time

import pytest

from .commands import finish, start

pytestmark = pytest.mark.skipif(importlib.util.find_spec("sklearn") is None, reason="the digits come with scikit-learn")

# dropout, batch norm's running statistics, random moves of the pictures, momentum, a schedule: everything a step depends on
CHOICES = ("--model", "lenet5_modern", "--epochs", "3", "--batch-size", "64", "--optimizer", "adam", "--schedule", "cosine", "--seed", "7")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The weights of a run that nobody disturbs, and how long it takes in seconds."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    started = time.monotonic()
    finish(start("train", *CHOICES, "--out", out))
    return (out / "model.safetensors").read_bytes(), time.monotonic() - started


def _killed(out, times, takes, seed):
    """Start and kill the run so many times, at random moments; gives how often it was killed before it ended."""
    r = random.Random(seed)
    killed = 0
    for k in range(times):
        args = ("train", "--out", out, "--resume") if (out / "checkpoint").exists() else ("train", *CHOICES, "--out", out)
        process = start(*args, every=r.choice([0.0, 0.05, 30.0]))
        # most kills fall into the training, some into the start and some into the writing of the report
        deadline = time.monotonic() + r.uniform(0.2, 1.0) * takes
        if k % 2:  # just after the first checkpoint of this process: the moment of writing is often hit
            while not (out / "checkpoint").exists() and time.monotonic() < deadline:
                time.sleep(0.005)
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        killed += process.poll() is None
        process.kill()
        process.communicate()
    return killed


def _is_the_same(out, whole):
    args = ("train", "--out", out, "--resume") if (out / "checkpoint").exists() else ("train", *CHOICES, "--out", out)
    finish(start(*args))
    assert (out / "model.safetensors").read_bytes() == whole[0]
    assert not [p.name for p in out.iterdir() if p.name.endswith(".tmp")], "half-written files are left"


@pytest.mark.slow
def test_killed(tmp_path, whole):
    assert _killed(tmp_path / "run", 3, whole[1], seed=0) >= 1
    _is_the_same(tmp_path / "run", whole)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
def test_killed_many_times(tmp_path, whole, seed):
    _killed(tmp_path / "run", 12, whole[1], seed)
    _is_the_same(tmp_path / "run", whole)


def _after_the_first_checkpoint(process, out):
    deadline = time.monotonic() + 60
    while not (out / "checkpoint").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "no checkpoint was written"
        time.sleep(0.01)
    time.sleep(0.3)


@pytest.mark.slow
@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c(tmp_path, whole):
    out = tmp_path / "my run"
    process = start("train", *CHOICES, "--out", out)
    _after_the_first_checkpoint(process, out)
    process.send_signal(signal.SIGINT)
    said = finish(process, code=130)
    assert f"Go on with:\n  autograd-cnn train --out '{out}' --resume" in said
    assert not (out / "model.safetensors").exists()
    _is_the_same(out, whole)


@pytest.mark.slow
@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_twice(tmp_path, whole):
    out = tmp_path / "run"
    process = start("train", *CHOICES, "--out", out)
    _after_the_first_checkpoint(process, out)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    finish(process, code=130)
    _is_the_same(out, whole)
