"""Transforms that happen or not, with probability p; and RandAugment, which picks among many."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...nn import Module
from ...tensors.creation import linspace
from ...tensors.tensor import Tensor
from . import functional as F
from .chance import below, channels_of, rand
from .pictures import InterpolationMode, Picture, interpolation_of, size_of


class RandomInvert(Module):
    """The negative, with probability p."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def changed(self, img: Picture) -> Picture:
        """What is done, if it is done."""
        return F.invert(img)

    def forward(self, img: Picture) -> Picture:
        return self.changed(img) if rand() < self.p else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomAutocontrast(RandomInvert):
    """Each channel stretched to the whole range, with probability p."""

    def changed(self, img: Picture) -> Picture:
        """See `functional.autocontrast`."""
        return F.autocontrast(img)


class RandomEqualize(RandomInvert):
    """Each channel's values made about as frequent, with probability p."""

    def changed(self, img: Picture) -> Picture:
        """See `functional.equalize`."""
        return F.equalize(img)


class RandomPosterize(RandomInvert):
    """Only the first bits of each byte, with probability p."""

    def __init__(self, bits: int, p: float = 0.5) -> None:
        super().__init__(p)
        self.bits = bits

    def changed(self, img: Picture) -> Picture:
        """See `functional.posterize`."""
        return F.posterize(img, self.bits)

    def __repr__(self) -> str:
        return f"RandomPosterize(bits={self.bits},p={self.p})"


class RandomSolarize(RandomInvert):
    """The negative of all values from a threshold on, with probability p."""

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.threshold = threshold

    def changed(self, img: Picture) -> Picture:
        """See `functional.solarize`."""
        return F.solarize(img, self.threshold)

    def __repr__(self) -> str:
        return f"RandomSolarize(threshold={self.threshold},p={self.p})"


class RandomAdjustSharpness(RandomInvert):
    """Sharper or softer, with probability p."""

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.sharpness_factor = sharpness_factor

    def changed(self, img: Picture) -> Picture:
        """See `functional.adjust_sharpness`."""
        return F.adjust_sharpness(img, self.sharpness_factor)

    def __repr__(self) -> str:
        return f"RandomAdjustSharpness(sharpness_factor={self.sharpness_factor},p={self.p})"


class RandomPerspective(RandomInvert):
    """Seen askew, with probability p: each corner moves inwards by up to `distortion_scale` of half the picture."""

    def __init__(
        self, distortion_scale: float = 0.5, p: float = 0.5, interpolation: Any = InterpolationMode.BILINEAR, fill: Any = 0
    ) -> None:
        super().__init__(p)
        self.distortion_scale, self.interpolation, self.fill = (
            distortion_scale,
            interpolation_of(interpolation),
            0 if fill is None else fill,
        )

    @staticmethod
    def get_params(width: int, height: int, distortion_scale: float) -> tuple[list[list[int]], list[list[int]]]:
        """(corners, where they go), each from the upper left one clockwise."""
        w, h = int(distortion_scale * (width // 2)) + 1, int(distortion_scale * (height // 2)) + 1
        corners = [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]
        moved = [[below(w) + (width - w if x else 0), below(h) + (height - h if y else 0)] for x, y in corners]
        return corners, moved

    def changed(self, img: Picture) -> Picture:
        """See `functional.perspective`."""
        h, w = size_of(img)
        return F.perspective(img, *self.get_params(w, h, self.distortion_scale), self.interpolation, channels_of(img, self.fill))


# ------------------------------------------------------------------------------------------------- one of many
def _applied(img: Picture, operation: str, magnitude: float, mode: InterpolationMode, fill: Any) -> Picture:
    """One operation of RandAugment by its name; a shear of m moves a row at height y by m·y."""
    if operation in ("ShearX", "ShearY"):
        angle = math.degrees(math.atan(magnitude))
        shear = [angle, 0.0] if operation == "ShearX" else [0.0, angle]
        return F.affine(img, 0.0, [0, 0], 1.0, shear, interpolation=mode, fill=fill, center=[0, 0])
    if operation in ("TranslateX", "TranslateY"):
        moved = [int(magnitude), 0] if operation == "TranslateX" else [0, int(magnitude)]
        return F.affine(img, 0.0, moved, 1.0, [0.0, 0.0], interpolation=mode, fill=fill)
    if operation == "Rotate":
        return F.rotate(img, magnitude, interpolation=mode, fill=fill)
    factors = {
        "Brightness": F.adjust_brightness,
        "Color": F.adjust_saturation,
        "Contrast": F.adjust_contrast,
        "Sharpness": F.adjust_sharpness,
    }
    if operation in factors:
        return factors[operation](img, 1.0 + magnitude)
    if operation == "Posterize":
        return F.posterize(img, int(magnitude))
    if operation == "Solarize":
        return F.solarize(img, magnitude)
    return {"AutoContrast": F.autocontrast, "Equalize": F.equalize}[operation](img) if operation != "Identity" else img


# Greatest strength of each operation, and whether its sign is drawn; None: it has no strength.
_Space = dict[str, tuple[Any, bool]]


def _space(bins: int, shear: float, shift: tuple[float, float], turn: float, strength: float, posterized: int) -> _Space:
    factor = linspace(0.0, strength, bins)
    bits = 8 - np.round(np.arange(bins, dtype=np.float32) / np.float32((bins - 1) / posterized))
    return {
        "Identity": (None, False),
        "ShearX": (linspace(0.0, shear, bins), True),
        "ShearY": (linspace(0.0, shear, bins), True),
        "TranslateX": (linspace(0.0, shift[1], bins), True),
        "TranslateY": (linspace(0.0, shift[0], bins), True),
        "Rotate": (linspace(0.0, turn, bins), True),
        "Brightness": (factor, True),
        "Color": (factor, True),
        "Contrast": (factor, True),
        "Sharpness": (factor, True),
        "Posterize": (bits, False),
        "Solarize": (linspace(255.0, 0.0, bins), False),
        "AutoContrast": (None, False),
        "Equalize": (None, False),
    }


class RandAugment(Module):
    """`num_ops` of 14 operations one after the other, each as likely, all at one strength.

    Args:
        magnitude: the strength, 0 … num_magnitude_bins − 1. Tensors are of bytes.

    Source: Cubuk et al., "RandAugment: practical automated data augmentation with a reduced search space", 2019.
    """

    def __init__(
        self,
        num_ops: int = 2,
        magnitude: int = 9,
        num_magnitude_bins: int = 31,
        interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = None,
    ) -> None:
        super().__init__()
        self.num_ops, self.magnitude, self.num_magnitude_bins = num_ops, magnitude, num_magnitude_bins
        self.interpolation, self.fill = interpolation_of(interpolation), fill

    def _magnitude(self, strengths: Any) -> float:
        return 0.0 if strengths is None else float(strengths[self.magnitude])

    def _choices(self, img: Picture) -> _Space:
        h, w = size_of(img)
        return _space(self.num_magnitude_bins, 0.3, (150.0 / 331.0 * h, 150.0 / 331.0 * w), 30.0, 0.9, 4)

    def forward(self, img: Picture) -> Picture:
        fill = channels_of(img, self.fill) if isinstance(img, Tensor) and self.fill is not None else self.fill
        for _ in range(self.num_ops):
            space = self._choices(img)
            operation = list(space)[below(len(space))]
            strengths, signed = space[operation]
            magnitude = self._magnitude(strengths)
            if signed and below(2):
                magnitude = -magnitude
            img = _applied(img, operation, magnitude, self.interpolation, fill)
        return img

    def __repr__(self) -> str:
        return (
            f"RandAugment(num_ops={self.num_ops}, magnitude={self.magnitude}, num_magnitude_bins={self.num_magnitude_bins}, "
            f"interpolation={self.interpolation}, fill={self.fill})"
        )


class TrivialAugmentWide(RandAugment):
    """One of 14 operations at a strength drawn anew for each picture.

    Source: Müller and Hutter, "TrivialAugment: tuning-free yet state-of-the-art data augmentation", 2021.
    """

    def __init__(self, num_magnitude_bins: int = 31, interpolation: Any = InterpolationMode.NEAREST, fill: Any = None) -> None:
        super().__init__(1, 0, num_magnitude_bins, interpolation, fill)

    def _magnitude(self, strengths: Any) -> float:
        return 0.0 if strengths is None else float(strengths[below(len(strengths))])

    def _choices(self, img: Picture) -> _Space:
        return _space(self.num_magnitude_bins, 0.99, (32.0, 32.0), 135.0, 0.99, 6)

    def __repr__(self) -> str:
        return f"TrivialAugmentWide(num_magnitude_bins={self.num_magnitude_bins}, interpolation={self.interpolation}, fill={self.fill})"
