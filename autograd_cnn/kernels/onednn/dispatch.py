"""Whether oneDNN or NumPy computes: by what the user chose, and by what is faster."""

from __future__ import annotations

import math

from ...config import current, peek
from ..reference.geometry import Geometry
from .library import library


def active() -> bool:
    """Shall oneDNN be used here, and is it there?"""
    return (peek() or current()).backend != "numpy" and library() is not None


def precision() -> int:
    """The arithmetic inside products and convolutions: 0 float32, 1 bfloat16."""
    return 1 if (peek() or current()).precision == "medium" else 0


def forced() -> bool:
    """Did the user ask for oneDNN, whether or not it is faster?"""
    return (peek() or current()).backend == "onednn"


_SMALL = 100_000  # multiplications of a convolution up to which NumPy is faster: its call costs less


def conv_is_faster(geo: Geometry, work: int) -> bool:
    """What NumPy does faster stays with it: small cases, and kernels as large as the image, which are one product of matrices."""
    return work >= _SMALL and not geo.whole


def is_product(geo: Geometry) -> bool:
    """Is this convolution better a product of matrices? Kernels of one entry and many more weights than positions: a product takes the
    weights as they lie, and a convolution has them reordered first (timed over the 1×1 convolutions of ResNet-50)."""
    if math.prod(geo.kernel) > 1 or max(geo.stride) > 1 or geo.groups > 1 or any(map(any, geo.padding)):
        return False
    return geo.inputs * geo.y_shape[1] >= _HEAVY * geo.x_shape[0] * math.prod(geo.out)


_HEAVY = 300  # weights for each position

_NARROW = {"forward": 16, "input": 32}  # channels of the input, in a group, from which brgemm fills its registers (timed over 20 shapes)


def direct_is_faster(what: str, channels: int) -> bool:
    """oneDNN prefers brgemm for convolutions on channels-last memory; on few channels its direct loops take up to two fifths less time."""
    return channels < _NARROW[what]
