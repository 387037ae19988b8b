"""Transforms that do the same every time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ...nn import Module
from ...tensors.tensor import Tensor
from ...types.dtypes import float32
from . import functional as F
from .pictures import InterpolationMode, Picture, interpolation_of


class Compose:
    """One transform after the other.

    >>> Compose([lambda x: x + 1, lambda x: x * 2])(3)
    8
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for t in self.transforms:
            img = t(img)
        return img

    def __repr__(self) -> str:
        return "\n".join(["Compose(", *(f"    {t}" for t in self.transforms), ")"])


class ToTensor:
    """A Pillow image or array (H, W, C) as a tensor (C, H, W); bytes become numbers from 0 to 1."""

    def __call__(self, pic: Any) -> Tensor:
        return F.to_tensor(pic)

    def __repr__(self) -> str:
        return "ToTensor()"


class PILToTensor(ToTensor):
    """A Pillow image as a tensor (C, H, W) of its own bytes."""

    def __call__(self, pic: Any) -> Tensor:
        return F.pil_to_tensor(pic)

    def __repr__(self) -> str:
        return "PILToTensor()"


class ToPILImage:
    """A tensor (C, H, W) or an array (H, W, C) as a Pillow image; see `functional.to_pil_image`."""

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode

    def __call__(self, pic: Any) -> Any:
        return F.to_pil_image(pic, self.mode)

    def __repr__(self) -> str:
        return "ToPILImage(" + (f"mode={self.mode}" if self.mode is not None else "") + ")"


class ConvertImageDtype(Module):
    """A tensor picture in another dtype, its range scaled."""

    def __init__(self, dtype: Any = float32) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, image: Tensor) -> Tensor:
        return F.convert_image_dtype(image, self.dtype)


class Lambda:
    """A function as a transform.

    Raises:
        TypeError: not callable.
    """

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {type(lambd).__name__!r}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return "Lambda()"


class Normalize(Module):
    """(x − mean) / std for each channel of a tensor picture."""

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        super().__init__()
        self.mean, self.std, self.inplace = mean, std, inplace

    def forward(self, tensor: Tensor) -> Tensor:
        return F.normalize(tensor, self.mean, self.std, self.inplace)

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean}, std={self.std})"


def two(size: Any, message: str) -> tuple[int, int]:
    """One number, or (H, W), as (H, W)."""
    if isinstance(size, int | float):
        return int(size), int(size)
    given = list(size)
    if len(given) not in (1, 2):
        raise ValueError(message)
    return (given[0], given[0]) if len(given) == 1 else (given[0], given[1])


class Resize(Module):
    """The picture in another size: (H, W), or a number for the shorter side."""

    def __init__(
        self, size: Any, interpolation: Any = InterpolationMode.BILINEAR, max_size: int | None = None, antialias: bool | None = True
    ) -> None:
        super().__init__()
        if not isinstance(size, int | Sequence):
            raise TypeError(f"Size should be int or sequence. Got {type(size)}")
        if isinstance(size, Sequence) and len(size) not in (1, 2):
            raise ValueError("If size is a sequence, it should have 1 or 2 values")
        self.size, self.max_size, self.interpolation, self.antialias = size, max_size, interpolation_of(interpolation), antialias

    def forward(self, img: Picture) -> Picture:
        return F.resize(img, self.size, self.interpolation, self.max_size, self.antialias)

    def __repr__(self) -> str:
        return f"Resize(size={self.size}, interpolation={self.interpolation.value}, max_size={self.max_size}, antialias={self.antialias})"


Scale = Resize


class CenterCrop(Module):
    """The middle of the picture."""

    def __init__(self, size: Any) -> None:
        super().__init__()
        self.size = two(size, "Please provide only two dimensions (h, w) for size.")

    def forward(self, img: Picture) -> Picture:
        return F.center_crop(img, self.size)

    def __repr__(self) -> str:
        return f"CenterCrop(size={self.size})"


class FiveCrop(Module):
    """The four corners and the middle, as a tuple."""

    def __init__(self, size: Any) -> None:
        super().__init__()
        self.size = two(size, "Please provide only two dimensions (h, w) for size.")

    def forward(self, img: Picture) -> tuple[Picture, ...]:
        return F.five_crop(img, self.size)

    def __repr__(self) -> str:
        return f"FiveCrop(size={self.size})"


class TenCrop(Module):
    """The corners and the middle of the picture and of its mirror image, as a tuple."""

    def __init__(self, size: Any, vertical_flip: bool = False) -> None:
        super().__init__()
        self.size, self.vertical_flip = two(size, "Please provide only two dimensions (h, w) for size."), vertical_flip

    def forward(self, img: Picture) -> tuple[Picture, ...]:
        return F.ten_crop(img, self.size, self.vertical_flip)

    def __repr__(self) -> str:
        return f"TenCrop(size={self.size}, vertical_flip={self.vertical_flip})"


class Pad(Module):
    """A border around the picture; see `functional.pad`."""

    def __init__(self, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> None:
        super().__init__()
        if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
            raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
        self.padding, self.fill, self.padding_mode = padding, fill, padding_mode

    def forward(self, img: Picture) -> Picture:
        return F.pad(img, self.padding, self.fill, self.padding_mode)

    def __repr__(self) -> str:
        return f"Pad(padding={self.padding}, fill={self.fill}, padding_mode={self.padding_mode})"


class Grayscale(Module):
    """Black and white, in one channel or three equal ones."""

    def __init__(self, num_output_channels: int = 1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels

    def forward(self, img: Picture) -> Picture:
        return F.rgb_to_grayscale(img, self.num_output_channels)

    def __repr__(self) -> str:
        return f"Grayscale(num_output_channels={self.num_output_channels})"


class LinearTransformation(Module):
    """The flattened picture minus a mean, times a matrix (whitening).   (..., C, H, W), D = C·H·W

    Raises:
        ValueError: the matrix is not (D, D) with the mean's D.
    """

    def __init__(self, transformation_matrix: Tensor, mean_vector: Tensor) -> None:
        super().__init__()
        n, m = transformation_matrix.shape
        if n != m:
            raise ValueError(f"transformation_matrix should be square. Got {n} x {m} rectangular matrix.")
        if mean_vector.shape[0] != n:
            raise ValueError(f"mean_vector should have the same length {mean_vector.shape[0]} as the transformation_matrix {n}")
        self.transformation_matrix, self.mean_vector = transformation_matrix, mean_vector

    def forward(self, tensor: Tensor) -> Tensor:
        flat = tensor.reshape(-1, self.mean_vector.shape[0]) - self.mean_vector
        return (flat @ self.transformation_matrix).reshape(tensor.shape)


def listed(transforms: Iterable[Any]) -> str:
    """The transforms as lines, for a repr."""
    return "".join(f"\n    {t}" for t in transforms)
