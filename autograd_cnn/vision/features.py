"""Features made by hand, before there were learned ones: edges by Sobel's and Robinson's masks, histograms of oriented gradients.

Convolutions with fixed filters and pooling throughout, so a gradient reaches the picture.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import expected
from ..nn import functional as F
from ..ops.shape.join import stack
from ..support.listing import listed
from ..tensors.tensor import Tensor, wrap

__all__ = ["compass", "hog", "sobel"]

_EAST = ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1))
_AROUND = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))  # the ring of a 3×3 mask, clockwise


def sobel(images: Tensor) -> Tensor:
    """How grey values change to the right and downwards: two maps for each channel.   (N, C, H, W) → (N, 2C, H, W)

    Gx = [−1 0 1; −2 0 2; −1 0 1] and Gy = Gxᵀ, as cross-correlations; |∇| = √(Gx² + Gy²) is the edge's strength, atan2(Gy, Gx) its
    direction. The border repeats the outermost pixels, so an even picture has no edge there. (C, H, W) goes, too.

    Raises:
        ValueError: a tensor of other than 3 or 4 dims.

    Source: Sobel and Feldman, "A 3×3 isotropic gradient operator for image processing", talk at the Stanford Artificial Intelligence
    Project, 1968.

    >>> import autograd_cnn as ac
    >>> from autograd_cnn.vision.features import sobel
    >>> ramp = ac.arange(5.0).expand(1, 1, 4, 5)  # 1 more with each step to the right
    >>> sobel(ramp)[0, :, 1, 2].tolist()
    [8.0, 0.0]
    """
    east = np.array(_EAST)
    return _filtered("sobel", images, np.stack([east, east.T]))


def compass(images: Tensor) -> Tensor:
    """Robinson's eight masks: how grey values rise towards east, north-east, north, … south-east, 45° apart, counter-clockwise.
    (N, C, H, W) → (N, 8C, H, W)

    The first is Sobel's Gx; each next one has its ring turned by one place. The greatest of the eight answers is the edge's strength,
    which one it is its direction. The border repeats the outermost pixels. (C, H, W) goes, too.

    Raises:
        ValueError: a tensor of other than 3 or 4 dims.

    Source: Robinson, "Edge detection by compass gradient masks", Computer Graphics and Image Processing 6, 1977.

    >>> import autograd_cnn as ac
    >>> from autograd_cnn.vision.features import compass
    >>> ramp = ac.arange(5.0).expand(1, 1, 4, 5)
    >>> compass(ramp)[0, :, 1, 2].tolist()
    [8.0, 6.0, 0.0, -6.0, -8.0, -6.0, 0.0, 6.0]
    """
    rows, columns = zip(*_AROUND, strict=True)
    masks = np.zeros((8, 3, 3))
    ring = np.array(_EAST)[rows, columns]
    for k, mask in enumerate(masks):
        mask[rows, columns] = np.roll(ring, -k)
    return _filtered("compass", images, masks)


def hog(
    images: Tensor,
    orientations: int = 9,
    pixels_per_cell: tuple[int, int] = (8, 8),
    cells_per_block: tuple[int, int] = (3, 3),
) -> Tensor:
    """Histograms of oriented gradients.   (N, C, H, W) → (N, rows · columns · cells_per_block · orientations), blocks first

    Centred differences give each pixel a gradient (of the channel where it is longest; 0 at the border). Each cell averages the
    lengths of its gradients, sorted by direction without sign (0 … 180°) into `orientations` bins. Blocks of cells overlap, one cell
    apart; each is divided by its L2 norm, clipped at 0.2, and divided again ("L2-Hys"). The names, defaults and numbers are
    `skimage.feature.hog`'s. The gradient to the picture goes through the lengths; which bin a pixel falls into is a choice.

    Args:
        orientations: bins of a histogram.
        pixels_per_cell: (height, width) of a cell; rows and columns of pixels that fill no cell are left out.
        cells_per_block: (height, width) of a block.

    Raises:
        ValueError: another number of dims, sizes below 1, or a picture without room for one block.

    Source: Dalal and Triggs, "Histograms of oriented gradients for human detection", CVPR 2005.

    >>> import autograd_cnn as ac
    >>> from autograd_cnn.vision.features import hog
    >>> ramp = ac.arange(8.0).expand(1, 1, 8, 8)  # every gradient points to the right: the first of four bins
    >>> hog(ramp, 4, (4, 4), (1, 1))[0, :4].tolist()
    [1.0, 0.0, 0.0, 0.0]
    """
    if images.ndim != 4:
        raise ValueError(expected("hog", "images of shape (N, C, H, W)", f"shape {list(images.shape)}"))
    (ch, cw), (bh, bw) = pixels_per_cell, cells_per_block
    if min(orientations, ch, cw, bh, bw) < 1:
        got = f"orientations={orientations}, pixels_per_cell={pixels_per_cell}, cells_per_block={cells_per_block}"
        raise ValueError(expected("hog", "sizes of at least 1", got))
    height, width = images.shape[2:]
    rows, columns = height // ch, width // cw
    if rows < bh or columns < bw or min(height, width) < 3:
        what = f"pictures of at least {max(bh * ch, 3)}×{max(bw * cw, 3)}, room for one block"
        raise ValueError(expected("hog", what, f"{height}×{width}", "Take smaller cells, or fewer to a block."))
    gx = F.pad(images[..., 2:] - images[..., :-2], (1, 1))
    gy = F.pad(images[..., 2:, :] - images[..., :-2, :], (0, 0, 1, 1))
    length = stack([gx, gy]).norm(dim=0)  # (N, C, H, W); its gradient is 0 where the length is
    if images.shape[1] > 1:
        longest = length.argmax(1, keepdim=True)
        gx, gy, length = (g.take_along_dim(longest, 1) for g in (gx, gy, length))
    # Half turns, −1 … 1, so that opposite directions are one; in double precision, or a diagonal falls to either side of a bin's edge.
    turns = gy.detach().double().atan2(gx.detach().double()) / math.pi
    bins = (turns * orientations).floor() % orientations
    within = bins == wrap(np.arange(orientations, dtype=bins.dtype).reshape(1, -1, 1, 1))
    cells = F.avg_pool2d(length * within.to(length.dtype), (ch, cw))  # (N, orientations, rows, columns)
    blocks = F.unfold(cells, (bh, bw))  # (N, orientations · bh · bw, blocks)
    for limit in (0.2, 1.0):
        blocks = (blocks / (blocks.square().sum(1, keepdim=True) + 1e-10).sqrt()).clamp(max=limit)
    n, count = blocks.shape[0], blocks.shape[2]
    return blocks.reshape(n, orientations, bh * bw, count).permute(0, 3, 2, 1).reshape(n, -1)


def _filtered(name: str, images: Tensor, masks: Any) -> Tensor:
    """Each channel by itself with each mask, the border repeated."""
    if images.ndim not in (3, 4):
        raise ValueError(expected(name, "images of shape (N, C, H, W) or (C, H, W)", f"shape {list(images.shape)}"))
    channels = images.shape[-3]
    filters = wrap(np.tile(masks[:, None], (channels, 1, 1, 1)).astype(images.dtype))
    return F.conv2d(F.pad(images, (1, 1, 1, 1), mode="replicate"), filters, groups=channels)


def __dir__() -> list[str]:
    return listed(globals())
