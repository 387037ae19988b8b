"""Drawings of computational graphs, kernels, activations and training curves, as SVG written by this package itself.

from autograd_cnn import draw
draw(loss, backward=True).save("graph.svg")
"""

from __future__ import annotations

from ..support.listing import listed
from .api.draw import Draw, draw
from .canvas.drawing import Drawing
from .canvas.frames import Frames

__all__ = ["Draw", "Drawing", "Frames", "draw"]


def __dir__() -> list[str]:
    return listed(globals())
