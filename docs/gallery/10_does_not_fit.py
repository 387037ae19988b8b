"""How far can the filter step?

Frames of three strides beside each other; the last does not fit, and the picture says what would mend it.
"""

from autograd_cnn import draw

strides = [draw.convolution(7, 3, stride=s, title=f"Stride {s}") for s in (1, 2, 3)]

figure = draw.beside(strides[0][9], strides[1][5], strides[2][-1])
