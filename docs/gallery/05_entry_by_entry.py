"""A convolution, entry by entry

Where the gradient of one weight comes from: each edge that carries it, what enters the edge, the gradient where it ends, and the
sum. Found by asking the operation's own rule, so every operation can be drawn so.
"""

from autograd_cnn import draw, ones
from autograd_cnn.nn import functional as F

x = ones(1, 1, 3, 3, requires_grad=True)
w = ones(1, 1, 2, 2, requires_grad=True)

figure = draw.expand(F.conv2d(x, w), "F11")
