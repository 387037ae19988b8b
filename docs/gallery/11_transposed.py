"""A transposed convolution

Each entry spreads over a window of the output; the hatched rim is what padding cuts off.
"""

from autograd_cnn import draw

kernel = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]

figure = draw.convolution([[1, 2], [3, 4]], kernel, stride=2, padding=1, transposed=True).overview
