"""Dropout, there and back

The mask of one draw, the units it crosses out, the gradient that passes through the others; and inference, where nothing is dropped.
"""

from autograd_cnn import draw

figure = draw.dropout([3, 1, 2, 4, 2, 1], p=0.5, gradient=[1, 2, -1, 1, 3, 2], seed=3)
