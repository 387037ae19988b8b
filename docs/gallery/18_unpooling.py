"""Unpooling with switches

Max pooling remembers where each maximum stood; unpooling puts a value back there. Beside it what bilinear enlargement makes of the
same values.
"""

from autograd_cnn import draw

picture = [[1, 5, 2, 0], [3, 1, 0, 4], [1, 1, 2, 2], [0, 6, 3, 1]]

figure = draw.unpooling(picture, 2, compare="bilinear")
