"""Computational graphs."""

from __future__ import annotations

import autograd_cnn as ac
from autograd_cnn import Scalar, draw, nn
from autograd_cnn.drawing import Drawing
from autograd_cnn.nn import functional as F

from . import figure


@figure
def two_nodes() -> Drawing:
    x = Scalar(3.0, "x")
    return draw(x * 2.0, backward=True)


@figure
def sigmoid_neuron() -> Drawing:
    w0, x0, w1, x1, w2 = (Scalar(v, n) for n, v in (("w0", 2.0), ("x0", -1.0), ("w1", -3.0), ("x1", -2.0), ("w2", -3.0)))
    return draw(1.0 / (1.0 + (-(w0 * x0 + w1 * x1 + w2)).exp()), backward=True)


@figure
def perceptron() -> Drawing:
    ac.manual_seed(0)
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    x, y = ac.randn(32, 784), ac.randint(0, 10, (32,))
    return draw(F.cross_entropy(model(x), y), backward=True, names={"x": x, "y": y}, title="Two-layer perceptron")
