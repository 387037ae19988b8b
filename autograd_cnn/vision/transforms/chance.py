"""Transforms that draw. They draw what torchvision draws, in its order, so the same seed gives the same pictures."""

from __future__ import annotations

import math
import random as _python
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...nn import Module
from ...random import default_generator
from ...tensors.tensor import Tensor, wrap
from . import functional as F
from .fixed import listed, two
from .pictures import InterpolationMode, Picture, interpolation_of, size_of


def _uniform(low: float, high: float) -> float:
    """One draw, as `torch.empty(1).uniform_(low, high).item()`."""
    array = np.empty(1, np.float32)
    default_generator.fill_uniform_(array, float(low), float(high))
    return float(array[0])


def rand() -> float:
    """One draw, as `torch.rand(1).item()`."""
    return float(default_generator.uniform((1,), np.dtype(np.float32))[0])


def below(n: int) -> int:
    """0 … n − 1"""
    return int(default_generator.integers((1,), 0, n, np.dtype(np.int64))[0])


def _interval(
    value: Any, name: str, center: float = 1, bound: tuple[float, float] = (0, math.inf), clip: bool = True
) -> tuple[float, float] | None:
    """A strength, or (low, high), as an interval about `center`; None if it changes nothing."""
    if isinstance(value, int | float):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be non negative.")
        low, high = center - float(value), center + float(value)
        low = max(low, 0.0) if clip else low
    elif isinstance(value, tuple | list) and len(value) == 2:
        low, high = float(value[0]), float(value[1])
    else:
        raise TypeError(f"{name} should be a single number or a list/tuple with length 2.")
    if not bound[0] <= low <= high <= bound[1]:
        raise ValueError(f"{name} values should be between {bound}, but got [{low}, {high}].")
    return None if low == high == center else (low, high)


class RandomCrop(Module):
    """A rectangle (H, W) at random.

    Args:
        size: (H, W), or one number.
        padding: a border added first; see `functional.pad`.
        pad_if_needed: a border for pictures that are too small.
        fill, padding_mode: what the border is.
    """

    def __init__(self, size: Any, padding: Any = None, pad_if_needed: bool = False, fill: Any = 0, padding_mode: str = "constant") -> None:
        super().__init__()
        self.size = two(size, "Please provide only two dimensions (h, w) for size.")
        self.padding, self.pad_if_needed, self.fill, self.padding_mode = padding, pad_if_needed, fill, padding_mode

    @staticmethod
    def get_params(img: Picture, output_size: tuple[int, int]) -> tuple[int, int, int, int]:
        """(top, left, height, width)"""
        (h, w), (th, tw) = size_of(img), output_size
        if h < th or w < tw:
            raise ValueError(f"Required crop size {(th, tw)} is larger than input image size {(h, w)}")
        if (w, h) == (tw, th):
            return 0, 0, h, w
        top = below(h - th + 1)
        return top, below(w - tw + 1), th, tw

    def forward(self, img: Picture) -> Picture:
        if self.padding is not None:
            img = F.pad(img, self.padding, self.fill, self.padding_mode)
        h, w = size_of(img)
        if self.pad_if_needed and w < self.size[1]:
            img = F.pad(img, [self.size[1] - w, 0], self.fill, self.padding_mode)
        if self.pad_if_needed and h < self.size[0]:
            img = F.pad(img, [0, self.size[0] - h], self.fill, self.padding_mode)
        return F.crop(img, *self.get_params(img, self.size))

    def __repr__(self) -> str:
        return f"RandomCrop(size={self.size}, padding={self.padding})"


class RandomHorizontalFlip(Module):
    """Left and right exchanged, with probability p."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Picture) -> Picture:
        return F.hflip(img) if rand() < self.p else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomVerticalFlip(RandomHorizontalFlip):
    """Top and bottom exchanged, with probability p."""

    def forward(self, img: Picture) -> Picture:
        return F.vflip(img) if rand() < self.p else img


class RandomGrayscale(RandomHorizontalFlip):
    """Black and white, with probability p; the number of channels stays."""

    def __init__(self, p: float = 0.1) -> None:
        super().__init__(p)

    def forward(self, img: Picture) -> Picture:
        channels = F.get_image_num_channels(img)
        return F.rgb_to_grayscale(img, channels) if rand() < self.p else img


class RandomResizedCrop(Module):
    """A rectangle of random area and proportions, resized.

    Args:
        size: (H, W) of the result, or one number.
        scale: the least and the greatest share of the area.
        ratio: the least and the greatest width / height.
    """

    def __init__(
        self,
        size: Any,
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: Any = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.size = two(size, "Please provide only two dimensions (h, w) for size.")
        self.scale, self.ratio, self.interpolation, self.antialias = scale, ratio, interpolation_of(interpolation), antialias

    @staticmethod
    def get_params(img: Picture, scale: Sequence[float], ratio: Sequence[float]) -> tuple[int, int, int, int]:
        """(top, left, height, width)"""
        height, width = size_of(img)
        logs = np.log(np.asarray(ratio, np.float32))
        for _ in range(10):
            area = height * width * _uniform(scale[0], scale[1])
            aspect = float(np.exp(np.float32(_uniform(logs[0], logs[1]))))
            w, h = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if 0 < w <= width and 0 < h <= height:
                top = below(height - h + 1)
                return top, below(width - w + 1), h, w
        whole = float(width) / float(height)  # nothing fitted: the middle, in proportions as near as they may be
        w, h = width, height
        if whole < min(ratio):
            h = round(w / min(ratio))
        elif whole > max(ratio):
            w = round(h * max(ratio))
        return (height - h) // 2, (width - w) // 2, h, w

    def forward(self, img: Picture) -> Picture:
        box = self.get_params(img, self.scale, self.ratio)
        return F.resized_crop(img, *box, self.size, self.interpolation, self.antialias)

    def __repr__(self) -> str:
        scale, ratio = (tuple(round(v, 4) for v in pair) for pair in (self.scale, self.ratio))
        return (
            f"RandomResizedCrop(size={self.size}, scale={scale}, ratio={ratio}, interpolation={self.interpolation.value}, "
            f"antialias={self.antialias})"
        )


RandomSizedCrop = RandomResizedCrop


def _degrees(value: Any, name: str, sizes: tuple[int, ...] = (2,)) -> list[float]:
    if isinstance(value, int | float):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be positive.")
        return [float(-value), float(value)]
    if len(value) not in sizes:
        raise ValueError(f"{name} should be a sequence of length {' or '.join(map(str, sizes))}.")
    return [float(v) for v in value]


class RandomRotation(Module):
    """Turned by an angle from (−degrees, degrees), or from (low, high)."""

    def __init__(
        self, degrees: Any, interpolation: Any = InterpolationMode.NEAREST, expand: bool = False, center: Any = None, fill: Any = 0
    ) -> None:
        super().__init__()
        self.degrees, self.interpolation = _degrees(degrees, "degrees"), interpolation_of(interpolation)
        self.expand, self.center, self.fill = expand, center, fill

    @staticmethod
    def get_params(degrees: Sequence[float]) -> float:
        """The angle."""
        return _uniform(degrees[0], degrees[1])

    def forward(self, img: Picture) -> Picture:
        return F.rotate(img, self.get_params(self.degrees), self.interpolation, self.expand, self.center, channels_of(img, self.fill))

    def __repr__(self) -> str:
        more = "" if self.center is None else f", center={self.center}"
        more += "" if self.fill is None else f", fill={self.fill}"
        return f"RandomRotation(degrees={self.degrees}, interpolation={self.interpolation.value}, expand={self.expand}{more})"


def channels_of(img: Picture, fill: Any) -> Any:
    """A colour for a tensor: one number for each channel."""
    if not isinstance(img, Tensor):
        return fill
    return [float(fill)] * F.get_image_num_channels(img) if isinstance(fill, int | float) else [float(f) for f in fill]


class RandomAffine(Module):
    """Turned, shifted, scaled and sheared at random.

    Args:
        degrees: the angle's range.
        translate: the greatest shifts, as shares of width and height.
        scale: the factor's range.
        shear: the range of the angle along x; four numbers for x and y.
    """

    def __init__(
        self,
        degrees: Any,
        translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        shear: Any = None,
        interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = 0,
        center: Any = None,
    ) -> None:
        super().__init__()
        if translate is not None and not all(0.0 <= t <= 1.0 for t in translate):
            raise ValueError("translation values should be between 0 and 1")
        if scale is not None and not all(s > 0 for s in scale):
            raise ValueError("scale values should be positive")
        self.degrees, self.translate, self.scale = _degrees(degrees, "degrees"), translate, scale
        self.shear = None if shear is None else _degrees(shear, "shear", (2, 4))
        self.interpolation, self.fill, self.center = interpolation_of(interpolation), fill, center

    @staticmethod
    def get_params(
        degrees: Any, translate: Any, scale_ranges: Any, shears: Any, img_size: Any
    ) -> tuple[float, tuple[int, int], float, tuple[float, float]]:
        """(angle, translations, scale, shear); `img_size` is (W, H)."""
        angle = _uniform(degrees[0], degrees[1])
        moved = (0, 0)
        if translate is not None:
            dx, dy = float(translate[0] * img_size[0]), float(translate[1] * img_size[1])
            x = round(_uniform(-dx, dx))
            moved = (x, round(_uniform(-dy, dy)))
        scale = 1.0 if scale_ranges is None else _uniform(scale_ranges[0], scale_ranges[1])
        sx = sy = 0.0
        if shears is not None:
            sx = _uniform(shears[0], shears[1])
            sy = _uniform(shears[2], shears[3]) if len(shears) == 4 else 0.0
        return angle, moved, scale, (sx, sy)

    def forward(self, img: Picture) -> Picture:
        h, w = size_of(img)
        params = self.get_params(self.degrees, self.translate, self.scale, self.shear, (w, h))
        return F.affine(img, *params, interpolation=self.interpolation, fill=channels_of(img, self.fill), center=self.center)

    def __repr__(self) -> str:
        parts = [f"degrees={self.degrees}"]
        parts += [f"{n}={v}" for n in ("translate", "scale", "shear") if (v := getattr(self, n)) is not None]
        parts += [f"interpolation={self.interpolation.value}"] if self.interpolation is not InterpolationMode.NEAREST else []
        parts += [f"fill={self.fill}"] if self.fill != 0 else []
        parts += [f"center={self.center}"] if self.center is not None else []
        return f"RandomAffine({', '.join(parts)})"


class ColorJitter(Module):
    """Brightness, contrast, saturation and hue changed at random, in random order; each a strength or (low, high)."""

    def __init__(self, brightness: Any = 0, contrast: Any = 0, saturation: Any = 0, hue: Any = 0) -> None:
        super().__init__()
        self.brightness = _interval(brightness, "brightness")
        self.contrast = _interval(contrast, "contrast")
        self.saturation = _interval(saturation, "saturation")
        self.hue = _interval(hue, "hue", 0, (-0.5, 0.5), clip=False)

    @staticmethod
    def get_params(brightness: Any, contrast: Any, saturation: Any, hue: Any) -> tuple[Any, ...]:
        """(the order, and a factor for each of the four or None)"""
        order = wrap(default_generator.permutation(4))
        return (order, *(None if pair is None else _uniform(*pair) for pair in (brightness, contrast, saturation, hue)))

    def forward(self, img: Picture) -> Picture:
        order, *factors = self.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        adjust = (F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue)
        for i in order.tolist():
            if factors[i] is not None:
                img = adjust[i](img, factors[i])
        return img

    def __repr__(self) -> str:
        return f"ColorJitter(brightness={self.brightness}, contrast={self.contrast}, saturation={self.saturation}, hue={self.hue})"


class RandomErasing(Module):
    """With probability p, overwrite a random rectangle of a tensor picture.

    Args:
        scale: the least and the greatest share of the area. ratio: of height / width.
        value: a number, one for each channel, or "random" for normal draws.
    """

    def __init__(
        self,
        p: float = 0.5,
        scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 3.3),
        value: Any = 0,
        inplace: bool = False,
    ) -> None:
        super().__init__()
        if isinstance(value, str) and value != "random":
            raise ValueError("If value is str, it should be 'random'")
        if scale[0] < 0 or scale[1] > 1:
            raise ValueError("Scale should be between 0 and 1")
        if p < 0 or p > 1:
            raise ValueError("Random erasing probability should be between 0 and 1")
        self.p, self.scale, self.ratio, self.value, self.inplace = p, scale, ratio, value, inplace

    @staticmethod
    def get_params(
        img: Tensor, scale: Sequence[float], ratio: Sequence[float], value: list[float] | None = None
    ) -> tuple[int, int, int, int, Tensor]:
        """(top, left, height, width, values)"""
        c, rows, columns = img.shape[-3:]
        logs = np.log(np.asarray(ratio, np.float32))
        for _ in range(10):
            area = rows * columns * _uniform(scale[0], scale[1])
            aspect = float(np.exp(np.float32(_uniform(logs[0], logs[1]))))
            h, w = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if h >= rows or w >= columns:
                continue
            if value is None:
                v = default_generator.normal((c, h, w), np.dtype(np.float32))
            else:
                v = np.asarray(value, np.float32).reshape(-1, 1, 1)
            top = below(rows - h + 1)
            return top, below(columns - w + 1), h, w, wrap(v)
        return 0, 0, rows, columns, img

    def forward(self, img: Tensor) -> Tensor:
        if rand() >= self.p:
            return img
        value = (
            None if self.value == "random" else [float(v) for v in (self.value if isinstance(self.value, tuple | list) else [self.value])]
        )
        if value is not None and len(value) not in (1, img.shape[-3]):
            raise ValueError(f"If value is a sequence, it should have either a single value or {img.shape[-3]} (number of input channels)")
        return F.erase(img, *self.get_params(img, self.scale, self.ratio, value), self.inplace)

    def __repr__(self) -> str:
        return f"RandomErasing(p={self.p}, scale={self.scale}, ratio={self.ratio}, value={self.value}, inplace={self.inplace})"


class GaussianBlur(Module):
    """Blurred with a deviation drawn from `sigma` = (low, high), or that one number."""

    def __init__(self, kernel_size: Any, sigma: Any = (0.1, 2.0)) -> None:
        super().__init__()
        self.kernel_size = two(kernel_size, "Kernel size should be a tuple/list of two integers")
        self.sigma = (float(sigma), float(sigma)) if isinstance(sigma, int | float) else tuple(float(s) for s in sigma)
        if not 0.0 < self.sigma[0] <= self.sigma[1]:
            raise ValueError(f"sigma values should be positive and of the form (min, max). Got {self.sigma}")

    def forward(self, img: Picture) -> Picture:
        s = _uniform(self.sigma[0], self.sigma[1])
        return F.gaussian_blur(img, self.kernel_size, [s, s])

    def __repr__(self) -> str:
        return f"GaussianBlur(kernel_size={self.kernel_size}, sigma={self.sigma})"


class RandomApply(Module):
    """All of the transforms with probability p, or none."""

    def __init__(self, transforms: Any, p: float = 0.5) -> None:
        super().__init__()
        self.transforms, self.p = transforms, p

    def forward(self, img: Any) -> Any:
        if self.p < rand():
            return img
        for t in self.transforms:
            img = t(img)
        return img

    def __repr__(self) -> str:
        return f"RandomApply(\n    p={self.p}{listed(self.transforms)}\n)"


class RandomOrder:
    """The transforms in random order (drawn from Python's `random`, as in torchvision)."""

    def __init__(self, transforms: Sequence[Any]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        order = list(range(len(self.transforms)))
        _python.shuffle(order)
        for i in order:
            img = self.transforms[i](img)
        return img

    def __repr__(self) -> str:
        return f"RandomOrder({listed(self.transforms)}\n)"


class RandomChoice:
    """One of the transforms, with weights `p` (drawn from Python's `random`, as in torchvision)."""

    def __init__(self, transforms: Sequence[Any], p: Sequence[float] | None = None) -> None:
        self.transforms, self.p = transforms, p

    def __call__(self, *args: Any) -> Any:
        return _python.choices(self.transforms, weights=self.p)[0](*args)

    def __repr__(self) -> str:
        return f"RandomChoice({listed(self.transforms)}\n)(p={self.p})"
