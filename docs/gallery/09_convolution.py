"""A convolution, window by window

`draw.convolution` makes a frame for each window, with the sum written out; `overview` shows some of them.
"""

from autograd_cnn import draw

picture = [[0, 1, 2, 1, 0], [1, 3, 4, 3, 1], [2, 4, 5, 4, 2], [1, 3, 4, 3, 1], [0, 1, 2, 1, 0]]
edges = [[1, 0, -1], [2, 0, -2], [1, 0, -1]]

figure = draw.convolution(picture, edges, stride=2, padding=1).overview
