"""A window that does not fit

With what would mend it.
"""

from autograd_cnn import draw

figure = draw.convolution(7, 3, stride=3, title="Stride 3 over 7 × 7").overview
