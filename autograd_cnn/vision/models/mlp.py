"""The multi-layer perceptron."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ... import nn
from ...tensors.tensor import Tensor


class MLP(nn.Module):
    """Fully connected layers with ReLU between them.   (N, *) → (N, num_classes)"""

    def __init__(self, in_features: int = 1024, hidden: tuple[int, ...] = (128,), num_classes: int = 10) -> None:
        super().__init__()
        sizes = [in_features, *hidden, num_classes]
        for i, (a, b) in enumerate(pairwise(sizes), 1):
            self.add_module(f"fc{i}", nn.Linear(a, b))

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        *hidden, last = self.children()
        for layer in hidden:
            x = layer(x).relu()
        return last(x)  # type: ignore[no-any-return]


def mlp(num_classes: int = 10, in_channels: int = 1, image_size: int = 32, hidden: tuple[int, ...] = (128,), **_: Any) -> MLP:
    """A perceptron with one hidden layer of 128 units (by default) over the flattened picture.

    >>> sum(p.numel() for p in mlp(image_size=28).parameters())
    101770
    """
    return MLP(in_channels * image_size**2, hidden, num_classes)
