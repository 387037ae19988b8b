"""The data of a run: which pictures, which of them are held out, and how they enter the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import nearest
from ..support.listing import listed
from ..tensors.tensor import wrap
from ..utils.data import TensorDataset
from ..vision.datasets import digits, mnist_arrays
from ..vision.datasets.digits import split

__all__ = ["Data", "load_data"]

SIZE = 32  # LeNet-5's input: the pictures are centred in 32×32


@dataclass(frozen=True)
class Data:
    """Pictures for training and held-out ones, normalised to mean 0 and variance 1 of the training pictures."""

    name: str
    train: TensorDataset
    test: TensorDataset
    classes: tuple[str, ...]


def load_data(name: str) -> Data:
    """The data of a run.

    Args:
        name: "digits" (scikit-learn's 1,797, a fixed fifth held out) or "mnist:FOLDER" (the original idx files; with the 10,000
            test pictures alone, 8,000 of them train and 2,000 are held out).

    Raises:
        ValueError: another name.
        FileNotFoundError: a folder without the files.
    """
    kind, _, folder = name.partition(":")
    if kind == "digits" and not folder:
        images, labels = digits()
        return _split(name, _enlarged(images), labels)
    if kind == "mnist":
        if not folder:
            raise ValueError("--data mnist: expected a folder, as in mnist:FOLDER, got none.")
        parts = mnist_arrays(folder)
        if len(parts) == 2:
            return _normalised(name, *(_framed(parts["train"][0]), parts["train"][1]), *(_framed(parts["test"][0]), parts["test"][1]))
        images, labels = next(iter(parts.values()))
        return _split(name, _framed(images), labels)
    raise ValueError(f"--data: expected 'digits' or 'mnist:FOLDER', got {name!r}.{nearest(kind, ('digits', 'mnist'))}")


def _enlarged(images: Any) -> Any:
    """8×8 pixels as 28×28 by bilinear interpolation, framed: (N, 8, 8) -> (N, 32, 32)"""
    n = images.shape[-1]
    at = np.clip((np.arange(28) + 0.5) * n / 28 - 0.5, 0, n - 1)
    low = np.minimum(at.astype(int), n - 2)
    weight = np.zeros((28, n), np.float32)
    weight[np.arange(28), low] = 1 - (at - low)
    weight[np.arange(28), low + 1] += at - low
    return _framed(weight @ images @ weight.T)


def _framed(images: Any) -> Any:
    """28×28 pictures in the middle of 32×32."""
    around = SIZE - images.shape[-1]
    return np.pad(images.astype(np.float32), ((0, 0), *((around // 2, around - around // 2),) * 2))


def _split(name: str, images: Any, labels: Any) -> Data:
    train, test = split(len(labels))
    return _normalised(name, images[train], labels[train], images[test], labels[test])


def _normalised(name: str, x: Any, y: Any, x_test: Any, y_test: Any) -> Data:
    mean, std = float(x.mean(dtype=np.float64)), float(x.std(dtype=np.float64))
    train, test = (((a - mean) / std).astype(np.float32)[:, None] for a in (x, x_test))  # (N, 32, 32) -> (N, 1, 32, 32)
    classes = tuple(str(i) for i in range(10))
    return Data(name, TensorDataset(wrap(train), wrap(y)), TensorDataset(wrap(test), wrap(y_test)), classes)


def __dir__() -> list[str]:
    return listed(globals())
