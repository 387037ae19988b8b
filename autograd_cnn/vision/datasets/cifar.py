"""CIFAR-10 and CIFAR-100."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..transforms.pictures import pillow
from .base import Transform, VisionDataset, is_whole, missing
from .download import fetch, unpack
from .pickled import read_pickled


class CIFAR10(VisionDataset):
    """Small colour pictures of ten kinds of things: 50,000 to learn from (`train=True`), 10,000 to test with, 32×32.

    `dataset[i]` is (Pillow image, label), after the transforms. The files lie in `root/cifar-10-batches-py`.

    Args:
        root: the folder. train: which part. download: fetch what is missing.
        transform, target_transform: done with each picture, each label.

    Raises:
        RuntimeError: the files are not there or not whole; says which belong where.

    Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
    """

    base_folder = "cifar-10-batches-py"
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    filename = "cifar-10-python.tar.gz"
    tgz_md5 = "c58f30108f718f92721af3b95e74349a"
    train_list: ClassVar[list[list[str]]] = [
        ["data_batch_1", "c99cafc152244af753f735de768cd75f"],
        ["data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"],
        ["data_batch_3", "54ebc095f3ab1f0389bbae665268c751"],
        ["data_batch_4", "634d18415352ddfa80567beed471001a"],
        ["data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"],
    ]
    test_list: ClassVar[list[list[str]]] = [["test_batch", "40351d587109b95175f43aff81a1287e"]]
    meta: ClassVar[dict[str, str]] = {"filename": "batches.meta", "key": "label_names", "md5": "5ff9c542aee3614f3951f8cda6e48888"}

    def __init__(
        self, root: str | Path, train: bool = True, transform: Transform = None, target_transform: Transform = None, download: bool = False
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        wanted = [*self.train_list, *self.test_list, [self.meta["filename"], self.meta["md5"]]]
        lost = [name for name, md5 in wanted if not is_whole(self._path(name), md5)]
        if lost:
            raise missing(
                f"{type(self).__name__} (missing, or not the published files: {', '.join(lost)})",
                ", ".join(w[0] for w in wanted),
                self._path(""),
                self.url,
            )
        batches = [self._batch(self._path(name)) for name, _ in (self.train_list if train else self.test_list)]
        pixels = np.concatenate([pixels for pixels, _ in batches])
        self.data: Any = np.ascontiguousarray(pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        self.targets: list[int] = [label for _, labels in batches for label in labels]
        self.classes: list[str] = self._names(self._path(self.meta["filename"]))
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}

    def _path(self, name: str) -> Path:
        return Path(str(self.root)) / self.base_folder / name

    @staticmethod
    def _batch(path: Path) -> tuple[Any, list[int]]:
        """One file's pictures, a row each, and their labels."""
        held = read_pickled(path)
        pixels, labels = (held.get("data"), held.get("labels", held.get("fine_labels"))) if isinstance(held, dict) else (None, None)
        if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.ndim != 2 or pixels.shape[1] != 3072:
            raise ValueError(
                f"{path}: expected pictures of 3072 bytes each under 'data'. The file is not CIFAR's, or is damaged; fetch it again."
            )
        if not isinstance(labels, list) or len(labels) != len(pixels) or any(type(label) is not int for label in labels):
            raise ValueError(
                f"{path}: expected a label for each of {len(pixels)} pictures. The file is not CIFAR's, or is damaged; fetch it again."
            )
        return pixels, labels

    def _names(self, path: Path) -> list[str]:
        held = read_pickled(path)
        names = held.get(self.meta["key"]) if isinstance(held, dict) else None
        if not isinstance(names, list) or any(type(name) is not str for name in names):
            raise ValueError(
                f"{path}: expected a list of names under {self.meta['key']!r}. The file is not CIFAR's, or is damaged; fetch it again."
            )
        return names

    def download(self) -> None:
        """Fetch and unpack the set, unless it is there."""
        if all(is_whole(self._path(name), md5) for name, md5 in [*self.train_list, *self.test_list]):
            return
        unpack(fetch([self.url], str(self.root), self.filename, self.tgz_md5), str(self.root))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.changed(pillow().fromarray(self.data[index]), self.targets[index])

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        """The part."""
        return f"Split: {'Train' if self.train else 'Test'}"


class CIFAR100(CIFAR10):
    """CIFAR-10's sibling with a hundred kinds of things.

    Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
    """

    base_folder = "cifar-100-python"
    url = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    filename = "cifar-100-python.tar.gz"
    tgz_md5 = "eb9058c3a382ffc7106e4002c42a8d85"
    train_list: ClassVar[list[list[str]]] = [["train", "16019d7e3df5f24257cddd939b257f8d"]]
    test_list: ClassVar[list[list[str]]] = [["test", "f0ef6b0ae62326f3e7ffdfab6717acfc"]]
    meta: ClassVar[dict[str, str]] = {"filename": "meta", "key": "fine_label_names", "md5": "7973b15100ade9c7d40fb424638fde48"}
