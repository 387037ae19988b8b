"""A convolution of a signal

In one dimension: `mode` may be "valid", "same", "full" or "causal", where no output looks ahead.
"""

from autograd_cnn import draw

signal = [0, 0, 1, 3, 1, 0]
figure = draw.convolution(signal, [1, 2, -1], mode="causal", title="A causal convolution").overview
