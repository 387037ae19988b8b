"""scikit-learn's 1,797 real handwritten digits."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ...random import Generator
from ...tensors.tensor import Tensor, wrap
from ..transforms.pictures import pillow
from .base import Transform, VisionDataset


def digits() -> tuple[Any, Any]:
    """(images, labels): 1,797 real handwritten digits of 8×8 pixels, values 0 … 16, and what they are.

    Raises:
        ImportError: that says what to install when scikit-learn, which brings the data, is missing.

    Source: Alpaydin and Kaynak, "Optical recognition of handwritten digits", UCI Machine Learning Repository, 1998.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ImportError(
            'digits: expected scikit-learn, which brings the pictures. Install it: pip install "autograd-cnn[demo]"'
        ) from None
    found = load_digits()
    return found.images.astype(np.float32), found.target.astype(np.int64)


def split(count: int) -> tuple[Any, Any]:
    """(which train, which test): a fixed fifth of so many is held out, always the same whatever the program's seed."""
    order = Generator().manual_seed(0).permutation(count)
    return order[count // 5 :], order[: count // 5]


class Digits(VisionDataset):
    """Real handwritten digits, small and without a download: 1,438 to learn from (`train=True`) and 359 to test with, 8×8 grey pixels.

    `dataset[i]` is (Pillow image, label), after the transforms; all of them at once are in `data`, (N, 8, 8) of 0 … 255, and `targets`.

    Args:
        root: not used; the pictures come with scikit-learn. train: which part; a fixed fifth is held out.
        transform, target_transform: done with each picture, each label.

    Raises:
        ImportError: scikit-learn is missing; says what to install.

    >>> from autograd_cnn.vision.datasets import Digits
    >>> test = Digits(train=False)
    >>> test.data.shape, test.targets[:5]
    (torch.Size([359, 8, 8]), tensor([6, 5, 5, 7, 9]))

    Source: Alpaydin and Kaynak, "Optical recognition of handwritten digits", UCI Machine Learning Repository, 1998.
    """

    classes: ClassVar[list[str]] = [str(k) for k in range(10)]

    def __init__(
        self, root: str | Path | None = None, train: bool = True, transform: Transform = None, target_transform: Transform = None
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        images, labels = digits()
        chosen = split(len(labels))[0 if train else 1]
        self.data: Tensor = wrap(np.round(images[chosen] * (255 / 16)).astype(np.uint8))
        self.targets: Tensor = wrap(labels[chosen])

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The number of each class."""
        return {name: i for i, name in enumerate(self.classes)}

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.changed(pillow().fromarray(self.data.value[index]), int(self.targets.value[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        """The part."""
        return f"Split: {'Train' if self.train else 'Test'}"
