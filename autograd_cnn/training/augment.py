"""Augmentation of a batch: each picture moved by a few pixels, so that no stroke is learned by its place."""

from __future__ import annotations

import numpy as np

from ..random import default_generator
from ..tensors.tensor import Tensor, wrap


def shifted(x: Tensor, pixels: int) -> Tensor:
    """Each picture of the batch moved by up to `pixels` up or down and left or right, its border repeated.   (N, C, H, W) → same

    The moves are drawn from the default generator, so a resumed run draws the same ones.

    >>> import autograd_cnn as ac
    >>> shifted(ac.zeros(2, 1, 4, 4), 1).shape
    torch.Size([2, 1, 4, 4])
    """
    if not pixels:
        return x
    n, _, h, w = x.value.shape
    moves = default_generator.integers((n, 2), 0, 2 * pixels + 1)
    wide = np.pad(x.value, ((0, 0), (0, 0), (pixels, pixels), (pixels, pixels)), mode="edge")
    rows = moves[:, :1] + np.arange(h)  # (N, H)
    columns = moves[:, 1:] + np.arange(w)  # (N, W)
    moved = wide[np.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]]  # (N, H, W, C)
    return wrap(np.ascontiguousarray(moved.transpose(0, 3, 1, 2)))
