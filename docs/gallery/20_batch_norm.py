"""Batch normalisation, and the three paths of its gradient

One unit over a batch. The gradient of a single sample reaches all the others, through the mean and the variance.
"""

from autograd_cnn import draw

figure = draw.batch_norm([1, 2, 3, 6], weight=1.5, bias=0.5)
