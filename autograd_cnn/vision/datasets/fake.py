"""Pictures made of noise, for trying a program out."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...random import Generator
from ...tensors.tensor import wrap
from ..transforms.convert import to_pil_image
from .base import Transform, VisionDataset


class FakeData(VisionDataset):
    """Noise with random labels, the same for the same index.   `dataset[i]` is (Pillow image, label).

    Args:
        size: how many. image_size: (C, H, W). num_classes: labels are below that.
        random_offset: added to the index where the noise is seeded.
    """

    def __init__(
        self,
        size: int = 1000,
        image_size: tuple[int, int, int] = (3, 224, 224),
        num_classes: int = 10,
        transform: Transform = None,
        target_transform: Transform = None,
        random_offset: int = 0,
    ) -> None:
        super().__init__(None, transform=transform, target_transform=target_transform)
        self.size, self.num_classes, self.image_size, self.random_offset = size, num_classes, image_size, random_offset

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if index >= len(self):
            raise IndexError(f"FakeData index out of range: expected below {len(self)}, got {index}")
        draws = Generator().manual_seed(index + self.random_offset)
        img = draws.normal(tuple(self.image_size), np.dtype(np.float32))
        label = int(draws.integers((1,), 0, self.num_classes, np.dtype(np.int64))[0])
        return self.changed(to_pil_image(wrap(img)), label)

    def __len__(self) -> int:
        return self.size
