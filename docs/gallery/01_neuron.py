"""A neuron, forward and backward

Values stand above the wires, gradients below, local derivatives on the edges: an output's gradient times the derivative on the
edge is the input's gradient.
"""

from autograd_cnn import Scalar, draw

w0, x0, w1, x1, w2 = Scalar(2, "w0"), Scalar(-1, "x0"), Scalar(-3, "w1"), Scalar(-2, "x1"), Scalar(-3, "w2")
f = (w0 * x0 + w1 * x1 + w2).sigmoid()

figure = draw(f, backward=True)
