"""The network that comes with the studio: LeNet-5, trained on handwritten digits by `python -m tools.studio_weights`."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import as_file, files
from typing import Any

import numpy as np

from ..serialization.safetensors.files import load_file
from ..serialization.safetensors.reading import safe_open
from ..vision.datasets import digits
from ..vision.models import get_model
from .looking import Array, Subject

WEIGHTS = "lenet5.safetensors"


def digits_subject() -> Subject:
    """LeNet-5 as it was trained, and how a picture enters it.

    >>> digits_subject().size
    (1, 32, 32)
    """
    model = get_model("lenet5")
    with as_file(files("autograd_cnn.studio").joinpath("built", WEIGHTS)) as path:
        model.load_state_dict(load_file(path))
        with safe_open(path) as file:
            told = json.loads((file.metadata() or {})["subject"])
    return Subject(model, (1, 32, 32), "LeNet-5", tuple("0123456789"), (told["mean"],), (told["std"],))


def digit_examples(size: tuple[int, int, int]) -> Callable[[int | None], Array]:
    """Gives a picture of scikit-learn's digits: of class k, or of any for None; each time the next one."""
    count = iter(range(1 << 62))

    def example(target: int | None) -> Array:
        images, labels = digits()
        chosen = images if target is None else images[labels == target]
        if not len(chosen):
            raise ValueError(f"expected a class of 0 … 9, got {target}.")
        return _placed(chosen[next(count) * 37 % len(chosen)], size)

    return example


def _placed(image: Any, size: tuple[int, int, int]) -> Array:
    """An 8 × 8 digit as those that the network learnt: 5/8 of the picture large, its strokes dark, its middle of mass in the middle."""
    rows, columns = size[1:]
    side = max(8, round(min(rows, columns) * 0.625))
    at = (np.arange(side) + 0.5) * 8 / side - 0.5
    low = np.clip(np.floor(at).astype(int), 0, 7)
    high, part = np.minimum(low + 1, 7), np.clip(at - low, 0, 1)
    image = np.asarray(image, np.float64) / 16
    lines = image[low] * (1 - part[:, None]) + image[high] * part[:, None]
    digit = np.clip((lines[:, low] * (1 - part) + lines[:, high] * part - 0.3) * 2.5, 0, 1)
    top, left = (_start(digit.sum(1 - axis), n) for axis, n in enumerate((rows, columns)))
    picture = np.zeros(size, np.float32)
    picture[:, top : top + side, left : left + side] = digit
    return picture


def _start(mass: Any, size: int) -> int:
    """Where a digit begins along one dimension, so that its mass is in the middle, as far as there is room."""
    middle = float((mass * np.arange(len(mass))).sum() / max(float(mass.sum()), 1e-9))
    return int(np.clip(round((size - 1) / 2 - middle), 0, size - len(mass)))
