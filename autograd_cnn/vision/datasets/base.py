"""What all data sets of pictures share: a folder, and transforms."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...utils.data import Dataset

Transform = Callable[..., Any] | None


class StandardTransform:
    """One transform for the picture and one for its label, as one for both."""

    def __init__(self, transform: Transform = None, target_transform: Transform = None) -> None:
        self.transform, self.target_transform = transform, target_transform

    def __call__(self, input: Any, target: Any) -> tuple[Any, Any]:
        img = input if self.transform is None else self.transform(input)
        return img, target if self.target_transform is None else self.target_transform(target)

    def __repr__(self) -> str:
        lines = [type(self).__name__]
        for head, transform in (("Transform: ", self.transform), ("Target transform: ", self.target_transform)):
            if transform is not None:
                first, *rest = repr(transform).splitlines()
                lines += [head + first, *(" " * len(head) + line for line in rest)]
        return "\n".join(lines)


class VisionDataset(Dataset[Any]):
    """A folder, and what is done with a picture (`transform`), its label (`target_transform`), or both (`transforms`).

    Raises:
        ValueError: both kinds of transforms were given.
    """

    def __init__(
        self, root: str | Path | None = None, transforms: Transform = None, transform: Transform = None, target_transform: Transform = None
    ) -> None:
        separate = transform is not None or target_transform is not None
        if transforms is not None and separate:
            raise ValueError("Only transforms or transform/target_transform can be passed as argument")
        self.root = os.path.expanduser(root) if isinstance(root, str) else root
        self.transform, self.target_transform = transform, target_transform
        self.transforms: Any = StandardTransform(transform, target_transform) if separate else transforms

    def changed(self, img: Any, target: Any) -> tuple[Any, Any]:
        """The pair after the transforms. Those that were set later (`data.transform = …`) count too."""
        if self.transforms is not None and not isinstance(self.transforms, StandardTransform):
            img, target = self.transforms(img, target)
        return StandardTransform(self.transform, self.target_transform)(img, target)

    def __len__(self) -> int:
        raise NotImplementedError

    def __repr__(self) -> str:
        lines = [f"Number of datapoints: {len(self)}", *([f"Root location: {self.root}"] if self.root is not None else [])]
        lines += self.extra_repr().splitlines()
        if self.transforms is not None:
            lines.append(repr(self.transforms))
        return "\n".join([f"Dataset {type(self).__name__}", *(f"    {line}" for line in lines)])

    def extra_repr(self) -> str:
        """More lines for the repr."""
        return ""


def missing(what: str, files: str, folder: Any, source: str) -> RuntimeError:
    """The data are not there: which files belong where."""
    return RuntimeError(
        f"Dataset not found. You can use download=True to download it. {what}: expected {files} in {folder}. "
        f"Without a connection, fetch them from {source} and put them there."
    )


def md5_of(path: Path) -> str:
    """The file's MD5, in hexadecimal."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def is_whole(path: Path, md5: str | None) -> bool:
    """Is the file there, with this MD5 (if one is given)?"""
    return path.is_file() and (md5 is None or md5_of(path) == md5)
