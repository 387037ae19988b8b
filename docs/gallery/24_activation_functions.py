"""Activation functions with their derivatives

`draw.functions` takes any function or layer that works entry by entry; the derivative is what its backward pass gives.
"""

from autograd_cnn import draw

figure = draw.functions()
