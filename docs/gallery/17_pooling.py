"""Pooling, by maximum, average and sum

`draw.pooling` makes a frame for each window; here the last of each kind, beside each other.
"""

from autograd_cnn import draw

picture = [[1, 5, 2, 0], [3, 1, 0, 4], [1, 1, 2, 2], [0, 6, 3, 1]]

figure = draw.beside(*(draw.pooling(picture, 2, kind=kind)[-1] for kind in ("max", "average", "sum")))
