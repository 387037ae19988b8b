"""What a run is made of: its data, its moves of the pictures, its choices; and that a stopped one goes on, on data made here."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.random import default_generator
from autograd_cnn.tensors.tensor import wrap
from autograd_cnn.training import run as runs
from autograd_cnn.training.augment import shifted
from autograd_cnn.training.data import Data, load_data
from autograd_cnn.training.options import OPTIMIZERS, SCHEDULES, Options
from autograd_cnn.training.run import FIELDS, Run, Stopped
from autograd_cnn.utils.data import TensorDataset


# ------------------------------------------------------------------------------------------------- moved pictures
@pytest.mark.parametrize("pixels", [0, 1, 3])
def test_pictures_are_moved_and_their_border_repeated(pixels: int) -> None:
    x = np.random.default_rng(0).normal(size=(6, 2, 5, 4)).astype(np.float32)
    default_generator.manual_seed(3)
    y = shifted(wrap(x), pixels).value
    default_generator.manual_seed(3)
    moves = default_generator.integers((6, 2), 0, 2 * pixels + 1) if pixels else np.zeros((6, 2), int)
    for n, c, i, j in np.ndindex(*x.shape):
        row, column = (min(max(at + move - pixels, 0), size - 1) for at, move, size in zip((i, j), moves[n], (5, 4), strict=True))
        assert y[n, c, i, j] == x[n, c, row, column]
    assert y.dtype == np.float32
    assert y.flags.c_contiguous


def test_moves_are_drawn_evenly() -> None:
    ac.manual_seed(0)
    picture = np.zeros((9000, 1, 3, 3))
    picture[:, 0, 1, 1] = 1
    places = shifted(wrap(picture), 1).value.reshape(9000, 9).argmax(1)
    assert np.abs(np.bincount(places, minlength=9) - 1000).max() < 5 * math.sqrt(1000)


# ------------------------------------------------------------------------------------------------- data
def write_idx(folder: Path, kind: str, count: int) -> tuple[Any, Any]:
    r = np.random.default_rng(count)
    images, labels = r.integers(0, 256, (count, 28, 28), np.uint8), r.integers(0, 10, count, np.uint8)
    (folder / f"{kind}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 2051, count, 28, 28) + images.tobytes())
    (folder / f"{kind}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 2049, count) + labels.tobytes())
    return images, labels


def test_both_parts_of_the_digits_are_normalised_by_the_first(tmp_path: Path) -> None:
    images, labels = write_idx(tmp_path, "train", 40)
    other, others = write_idx(tmp_path, "t10k", 10)
    data = load_data(f"mnist:{tmp_path}")
    x, y = (t.value for t in data.train.tensors)
    z, w = (t.value for t in data.test.tensors)
    assert x.shape == (40, 1, 32, 32)
    assert z.shape == (10, 1, 32, 32)
    np.testing.assert_array_equal(y, labels)
    np.testing.assert_array_equal(w, others)
    framed = np.pad(images.astype(float), ((0, 0), (2, 2), (2, 2)))
    np.testing.assert_allclose(x[:, 0], (framed - framed.mean()) / framed.std(), atol=1e-5)
    np.testing.assert_allclose(z[:, 0], (np.pad(other.astype(float), ((0, 0), (2, 2), (2, 2))) - framed.mean()) / framed.std(), atol=1e-5)


def test_of_one_part_a_fixed_fifth_is_held_out(tmp_path: Path) -> None:
    _, labels = write_idx(tmp_path, "t10k", 50)
    first = load_data(f"mnist:{tmp_path}")
    ac.manual_seed(99)
    second = load_data(f"mnist:{tmp_path}")
    assert (len(first.train), len(first.test)) == (40, 10)
    for a, b in zip((*first.train.tensors, *first.test.tensors), (*second.train.tensors, *second.test.tensors), strict=True):
        np.testing.assert_array_equal(a.value, b.value)
    together = np.concatenate([first.train.tensors[1].value, first.test.tensors[1].value])
    np.testing.assert_array_equal(np.sort(together), np.sort(labels))
    assert first.train.tensors[0].value.mean() == pytest.approx(0, abs=1e-5)
    assert first.train.tensors[0].value.std() == pytest.approx(1, abs=1e-5)


# ------------------------------------------------------------------------------------------------- choices
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_can_be_chosen_and_descends(name: str) -> None:
    layer = nn.Linear(3, 1)
    optimizer = Options(optimizer=name, lr=0.01, l1=0.0).check().build_optimizer(layer)
    x, y = ac.ones(4, 3), ac.full((4, 1), 5.0)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = ((layer(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert optimizer.param_groups[0]["lr"] == 0.01


def test_schedules() -> None:
    meant = {
        "constant": lambda t: 0.1,
        "cosine": lambda t: 0.05 * (1 + math.cos(math.pi * t / 9)),
        "step": lambda t: 0.1 * 0.1 ** (t // 3),
    }
    assert set(meant) == set(SCHEDULES)
    for name, rate in meant.items():
        options = Options(schedule=name, epochs=9, lr=0.1, optimizer="sgd")
        optimizer = options.build_optimizer(nn.Linear(1, 1))
        schedule = options.build_scheduler(optimizer)
        for epoch in range(9):
            assert optimizer.param_groups[0]["lr"] == pytest.approx(rate(epoch)), (name, epoch)
            optimizer.step()
            if schedule is not None:
                schedule.step()


# ------------------------------------------------------------------------------------------------- a run
@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> Data:
    """Sixty noisy pictures of two classes, which `load_data` gives, too."""
    r = np.random.default_rng(0)
    y = np.arange(60) % 2
    x = r.normal(size=(60, 1, 32, 32)).astype(np.float32) * 0.5 + y[:, None, None, None].astype(np.float32)
    made = Data("made", TensorDataset(wrap(x[:48]), wrap(y[:48])), TensorDataset(wrap(x[48:]), wrap(y[48:])), tuple("0123456789"))
    monkeypatch.setattr(runs, "load_data", lambda name: made)
    return made


CHOICES = Options(model="mlp", epochs=3, batch_size=16, augment=1, seed=4, schedule="cosine")


def test_a_run_learns_and_keeps_its_history(data: Data, tmp_path: Path) -> None:
    run = Run(CHOICES, tmp_path / "run", data)
    run.train(quiet=True)
    history = run.position.history
    assert [tuple(row) for row in history] == [FIELDS] * 3
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert history[-1]["train_loss"] < history[0]["train_loss"]
    loss, accuracy = run.evaluate(batch_size=5)
    x, y = (t.value for t in data.test.tensors)
    scores = run.model(wrap(x)).detach().value.astype(float)
    logs = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    assert loss == pytest.approx(-logs[np.arange(len(y)), y].mean(), rel=1e-5)
    assert accuracy == (scores.argmax(1) == y).mean()
    assert (loss, accuracy) == pytest.approx((history[-1]["test_loss"], history[-1]["test_accuracy"]))


@pytest.mark.parametrize("batches", [1, 3, 5, 9])
def test_a_stopped_run_ends_as_if_it_had_not_been(data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batches: int) -> None:
    whole = Run(CHOICES, tmp_path / "whole", data)
    whole.train(quiet=True)
    first, left = Run(CHOICES, tmp_path / "run", data), [batches]

    def shifts(x: Any, pixels: int) -> Any:
        left[0] -= 1
        first._stop = not left[0]
        return shifted(x, pixels)

    monkeypatch.setattr(runs, "shifted", shifts)
    with pytest.raises(Stopped):
        first.train(quiet=True)
    ac.manual_seed(1234)  # what else the process draws is all one
    second = Run.resume(tmp_path / "run")
    second.train(quiet=True)
    for (name, a), b in zip(whole.model.state_dict().items(), second.model.state_dict().values(), strict=True):
        np.testing.assert_array_equal(a.value, b.value, err_msg=name)
    kept = [[{k: v for k, v in row.items() if k != "seconds"} for row in r.position.history] for r in (whole, second)]
    assert kept[0] == kept[1]
