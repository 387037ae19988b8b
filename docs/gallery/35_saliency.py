"""Saliency

`draw.saliency`: on which pixels a score depends, by the size of its gradient. The two scores of this model are the strength of upright
and of level edges, by Sobel's filters; asked for the upright ones it looks at the sides of the strokes.
"""

import numpy as np

from autograd_cnn import draw, tensor
from autograd_cnn.nn import functional as F

sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)
filters = tensor(np.stack([sobel, sobel.T])[:, None])


def strength(x):
    return (F.conv2d(x, filters, padding=1) ** 2).mean((2, 3))


picture = np.zeros((28, 28))
picture[4:24, 7:13] = picture[18:24, 7:22] = 1

figure = draw.saliency(strength, picture, 0, classes=["upright edges", "level edges"])
