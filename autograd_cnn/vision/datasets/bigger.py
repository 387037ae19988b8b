"""SVHN and STL-10."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..transforms.pictures import pillow
from .base import Transform, VisionDataset, is_whole, missing
from .download import fetch, unpack


class SVHN(VisionDataset):
    """House numbers photographed from the street: 32×32 colour pictures of one digit. Reading its files needs SciPy.

    Args:
        root: the folder with `train_32x32.mat` and so on. split: "train", "test" or "extra". The others as for `CIFAR10`.

    Raises:
        RuntimeError: the file is not there. ValueError: an unknown split, or a file that holds something else. ImportError: SciPy is missing.

    Source: Netzer et al., "Reading digits in natural images with unsupervised feature learning", 2011.
    """

    split_list: ClassVar[dict[str, list[str]]] = {
        split: [f"http://ufldl.stanford.edu/housenumbers/{split}_32x32.mat", f"{split}_32x32.mat", md5]
        for split, md5 in (
            ("train", "e26dedcc434d2e4c54c9b2d4a06d8373"),
            ("test", "eb5a983be6a315427106f1b164d9cef3"),
            ("extra", "a93ce644f1a588dc4d68dda5feec44a7"),
        )
    }

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transform: Transform = None,
        target_transform: Transform = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        if split not in self.split_list:
            raise ValueError(f"Unknown value '{split}' for argument split. Valid values are {', '.join(self.split_list)}.")
        self.split = split
        self.url, self.filename, self.file_md5 = self.split_list[split]
        if download:
            fetch([self.url], str(self.root), self.filename, self.file_md5)
        path = Path(str(self.root)) / self.filename
        if not is_whole(path, self.file_md5):
            raise missing("SVHN", self.filename, self.root, self.url)
        try:
            from scipy.io import loadmat
        except ImportError:
            raise ImportError("SVHN: expected SciPy, which reads its files. Install it: pip install scipy") from None
        found = loadmat(path, variable_names=("X", "y"))
        pixels, labels = found.get("X"), found.get("y")
        # a MATLAB file may hold cells and structs too, which are arrays of objects
        if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[:3] != (32, 32, 3):
            raise ValueError(f"{path}: expected 32×32 colour pictures as X. The file is not SVHN's, or is damaged; fetch it again.")
        if not isinstance(labels, np.ndarray) or labels.dtype.kind not in "iuf" or labels.size != pixels.shape[3]:
            raise ValueError(
                f"{path}: expected a label for each of {pixels.shape[3]} pictures as y. The file is not SVHN's, or is damaged; fetch it again."
            )
        self.data: Any = pixels.transpose(3, 2, 0, 1)
        self.labels: Any = labels.astype(np.int64).reshape(-1) % 10  # the file calls zero 10

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        img = pillow().fromarray(np.ascontiguousarray(self.data[index].transpose(1, 2, 0)))
        return self.changed(img, int(self.labels[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        """The part."""
        return f"Split: {self.split}"


class STL10(VisionDataset):
    """96×96 colour pictures of ten kinds of things, and 100,000 without labels.

    Args:
        root: the folder with `stl10_binary`. split: "train", "test", "unlabeled" or "train+unlabeled". folds: one of the ten
        published parts of 1,000 training pictures. The others as for `CIFAR10`.

    Raises:
        RuntimeError: the files are not there. ValueError: an unknown split or fold.

    Source: Coates, Lee, Ng, "An analysis of single-layer networks in unsupervised feature learning", 2011.
    """

    base_folder = "stl10_binary"
    url = "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"
    filename = "stl10_binary.tar.gz"
    tgz_md5 = "91f7769df0f17e558f3565bffb0c7dfb"
    splits = ("train", "train+unlabeled", "unlabeled", "test")

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        folds: int | None = None,
        transform: Transform = None,
        target_transform: Transform = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        if split not in self.splits:
            raise ValueError(f"Unknown value '{split}' for argument split. Valid values are {', '.join(self.splits)}.")
        if folds is not None and not 0 <= folds < 10:
            raise ValueError(f"Value for argument folds should be in the range [0, 10), but got {folds}.")
        self.split, self.folds = split, folds
        if download and not self._path("train_X.bin").is_file():
            unpack(fetch([self.url], str(self.root), self.filename, self.tgz_md5), str(self.root))
        parts = [self._part(name) for name in split.split("+")]
        if folds is not None and "train" in split:
            lines = self._path("fold_indices.txt").read_text().splitlines()
            kept = np.array(lines[folds].split(), np.int64)
            parts[0] = (parts[0][0][kept], parts[0][1][kept])  # of the labelled pictures only
        self.data: Any = np.concatenate([x for x, _ in parts])
        self.labels: Any = np.concatenate([y for _, y in parts])
        names = self._path("class_names.txt")
        self.classes = names.read_text().split() if names.is_file() else []

    def _path(self, name: str) -> Path:
        return Path(str(self.root)) / self.base_folder / name

    def _part(self, name: str) -> tuple[Any, Any]:
        pixels, labels = self._path(f"{name}_X.bin"), self._path(f"{name}_y.bin")
        if not pixels.is_file() or (name != "unlabeled" and not labels.is_file()):
            raise missing("STL10", f"{pixels.name}, {labels.name}", pixels.parent, self.url)
        raw = np.fromfile(pixels, np.uint8)
        if raw.size % (3 * 96 * 96):
            raise RuntimeError(f"{pixels}: expected pictures of 27,648 bytes each, got {raw.size} bytes. Fetch it again.")
        x = raw.reshape(-1, 3, 96, 96).transpose(0, 1, 3, 2)  # stored column by column
        return x, np.fromfile(labels, np.uint8).astype(np.int64) - 1 if name != "unlabeled" else np.full(len(x), -1)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        img = pillow().fromarray(np.ascontiguousarray(self.data[index].transpose(1, 2, 0)))
        return self.changed(img, int(self.labels[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        """The part."""
        return f"Split: {self.split}"
