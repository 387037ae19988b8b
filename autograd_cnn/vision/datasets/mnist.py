"""MNIST and the sets that come in its files."""

from __future__ import annotations

import shutil
import string
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ...tensors.tensor import Tensor, wrap
from ..transforms.pictures import pillow
from .base import Transform, VisionDataset, missing
from .download import fetch, unpack
from .idx import read_idx


class MNIST(VisionDataset):
    """Handwritten digits: 60,000 to learn from (`train=True`) and 10,000 to test with, 28×28 grey pixels.

    `dataset[i]` is (Pillow image, label), after the transforms. The files lie in `root/MNIST/raw`, gzipped or not.

    Args:
        root: the folder. train: which part. download: fetch what is missing.
        transform, target_transform: done with each picture, each label.

    Raises:
        RuntimeError: the files are not there; says which belong where. ValueError: they are damaged.

    Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits".
    """

    mirrors: ClassVar[list[str]] = ["https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    ]
    classes: ClassVar[list[str]] = [
        "0 - zero",
        "1 - one",
        "2 - two",
        "3 - three",
        "4 - four",
        "5 - five",
        "6 - six",
        "7 - seven",
        "8 - eight",
        "9 - nine",
    ]

    def __init__(
        self, root: str | Path, train: bool = True, transform: Transform = None, target_transform: Transform = None, download: bool = False
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        if not self._check_exists():
            raise missing(type(self).__name__, ", ".join(self._names()), self.raw_folder, self.mirrors[0])
        images, labels = (read_idx(self._file(n)) for n in self._names())
        if len(images) != len(labels):
            raise ValueError(f"{self.raw_folder}: expected as many labels as pictures, got {len(labels)} and {len(images)}.")
        self.data: Tensor = wrap(images)
        self.targets: Any = wrap(labels.astype(np.int64))

    @property
    def raw_folder(self) -> str:
        """Where the files lie."""
        return str(Path(str(self.root)) / type(self).__name__ / "raw")

    @property
    def processed_folder(self) -> str:
        """Where old versions of torchvision kept theirs."""
        return str(Path(str(self.root)) / type(self).__name__ / "processed")

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The number of each class."""
        return {name: i for i, name in enumerate(self.classes)}

    @property
    def train_data(self) -> Any:
        """The old name of `data`."""
        return self.data

    @property
    def train_labels(self) -> Any:
        """The old name of `targets`."""
        return self.targets

    @property
    def test_data(self) -> Any:
        """The old name of `data`."""
        return self.data

    @property
    def test_labels(self) -> Any:
        """The old name of `targets`."""
        return self.targets

    def _names(self) -> tuple[str, str]:
        part = "train" if self.train else "t10k"
        return f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"

    def _file(self, name: str) -> Path:
        plain = Path(self.raw_folder) / name
        return plain if plain.is_file() else plain.with_name(f"{name}.gz")

    def _check_exists(self) -> bool:
        return all(self._file(name).is_file() for name in self._names())

    def download(self) -> None:
        """Fetch what is not there, and unzip it."""
        for name, md5 in self.resources:
            if not self._file(name.removesuffix(".gz")).is_file():
                unpack(fetch([f"{m}{name}" for m in self.mirrors], self.raw_folder, name, md5), self.raw_folder)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        img = pillow().fromarray(np.asarray(self.data.value[index]))
        return self.changed(img, int(self.targets.value[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        """The part."""
        return f"Split: {'Train' if self.train else 'Test'}"


class FashionMNIST(MNIST):
    """Articles of clothing, in MNIST's sizes and files.

    Source: Xiao, Rasul, Vollgraf, "Fashion-MNIST", 2017.
    """

    mirrors: ClassVar[list[str]] = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ]
    classes: ClassVar[list[str]] = [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ]


class KMNIST(MNIST):
    """Cursive Japanese characters, in MNIST's sizes and files.

    Source: Clanuwat et al., "Deep Learning for Classical Japanese Literature", 2018.
    """

    mirrors: ClassVar[list[str]] = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"]
    resources: ClassVar[list[tuple[str, str]]] = [
        ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
        ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
        ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"),
        ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"),
    ]
    classes: ClassVar[list[str]] = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]


_LETTERS = sorted(string.digits + string.ascii_letters)
_MERGED = [c for c in _LETTERS if c not in "cijklmopsuvwxyz"]  # small letters that look like the capital ones count as these


class EMNIST(MNIST):
    """Letters and digits, in MNIST's sizes; the pictures are transposed in the files, as published.

    Args:
        split: "byclass", "bymerge", "balanced", "letters", "digits" or "mnist"; the others as for MNIST.

    Raises:
        ValueError: an unknown split.

    Source: Cohen et al., "EMNIST: an extension of MNIST to handwritten letters", 2017.
    """

    mirrors: ClassVar[list[str]] = ["https://biometrics.nist.gov/cs_links/EMNIST/"]
    md5 = "58c8d27c78d21e728a6bc7b3cc06412e"
    splits = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
    classes_split_dict: ClassVar[dict[str, list[str]]] = {
        "byclass": _LETTERS,
        "bymerge": _MERGED,
        "balanced": _MERGED,
        "letters": ["N/A", *string.ascii_lowercase],
        "digits": list(string.digits),
        "mnist": list(string.digits),
    }

    def __init__(self, root: str | Path, split: str, **kwargs: Any) -> None:
        if split not in self.splits:
            raise ValueError(f"Unknown value '{split}' for argument split. Valid values are {{{', '.join(map(repr, self.splits))}}}.")
        self.split = split
        super().__init__(root, **kwargs)
        self.classes = self.classes_split_dict[split]  # type: ignore[misc]  # as torchvision: of the split, not of the class

    def _names(self) -> tuple[str, str]:
        part = "train" if self.train else "test"
        return f"emnist-{self.split}-{part}-images-idx3-ubyte", f"emnist-{self.split}-{part}-labels-idx1-ubyte"

    def download(self) -> None:
        """Fetch and unpack the whole set, unless the split is there."""
        if self._check_exists():
            return
        archive = fetch([f"{m}gzip.zip" for m in self.mirrors], self.raw_folder, "gzip.zip", self.md5)
        unpack(archive, self.raw_folder)
        for packed in Path(self.raw_folder, "gzip").glob("*.gz"):
            unpack(packed, self.raw_folder)
        shutil.rmtree(Path(self.raw_folder, "gzip"))
