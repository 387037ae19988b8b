"""The passes step by step, and operations entry by entry."""

from __future__ import annotations

import numpy as np

import autograd_cnn as ac
from autograd_cnn import Scalar, manual_seed, nn
from autograd_cnn.drawing import Drawing, Frames, draw

from . import figure

F = nn.functional


def entries(*shape: int) -> ac.Tensor:
    """Numbers that are the same everywhere, and easy to follow."""
    flat = (np.arange(float(np.prod(shape))) * 7 % 11 - 4) / 2
    return ac.tensor(flat.reshape(shape), dtype=ac.float64, requires_grad=True)


def neuron() -> Frames:
    w0, x0, w1, x1, w2 = (Scalar(v, n) for n, v in (("w0", 2.0), ("x0", -1.0), ("w1", -3.0), ("x1", -2.0), ("w2", -3.0)))
    return draw.steps(1 / (1 + (-(w0 * x0 + w1 * x1 + w2)).exp()))


@figure
def step_forward_of_the_neuron() -> Drawing:
    return neuron()[4]


@figure
def step_backward_of_the_neuron() -> Drawing:
    return neuron()[12]


@figure
def step_where_branches_meet() -> Drawing:
    a = Scalar(2.0, "a")
    return draw.steps(a * 3.0 + a.exp() * a, lang="de")[-1]


@figure
def step_backward_of_a_network() -> Drawing:
    manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 4))
    return draw.steps(F.cross_entropy(model(ac.randn(2, 1, 8, 8)), ac.tensor([0, 1])))[9]


@figure
def expanded_filter_weight() -> Drawing:
    return draw.expand(F.conv2d(entries(1, 1, 3, 3), entries(1, 1, 2, 2)), "F11", numbers=False)


@figure
def expanded_input_entry() -> Drawing:
    y = F.conv2d(entries(1, 1, 3, 3), entries(1, 1, 2, 2))
    return draw.expand(y, "X11", loss=(y * y).sum())


@figure
def expanded_output_entry() -> Drawing:
    return draw.expand(F.conv2d(entries(1, 1, 3, 3), entries(1, 1, 2, 2)), "O22")


@figure
def expanded_convolution_with_stride() -> Drawing:
    return draw.expand(F.conv2d(entries(1, 1, 5, 5), entries(1, 1, 3, 3), entries(1), stride=2, padding=1), "F22")


@figure
def expanded_signal() -> Drawing:
    return draw.expand(F.conv1d(entries(1, 1, 7), entries(1, 1, 3), dilation=2), "F2", lang="de")


@figure
def expanded_transposed_convolution() -> Drawing:
    return draw.expand(F.conv_transpose2d(entries(1, 1, 2, 2), entries(1, 1, 2, 2), stride=2), "F11")


@figure
def expanded_max_pool() -> Drawing:
    y = F.max_pool2d(entries(1, 1, 4, 4), 2)
    return draw.expand(y, loss=(y * y).sum())


@figure
def expanded_average_pool() -> Drawing:
    return draw.expand(F.avg_pool2d(entries(1, 1, 3, 3), 2, 1), "X22")


@figure
def expanded_unpooling() -> Drawing:
    y, at = F.max_pool2d(entries(1, 1, 4, 4).detach(), 2, return_indices=True)
    return draw.expand(F.max_unpool2d(y.requires_grad_(), at, 2), "X11")


@figure
def expanded_dropout() -> Drawing:
    manual_seed(3)
    return draw.expand(F.dropout(entries(6), 0.5), "X1")


@figure
def expanded_batch_norm() -> Drawing:
    y = F.batch_norm(entries(4, 1), None, None, entries(1), entries(1), training=True)
    return draw.expand(y, "X1", loss=(y * ac.tensor([[1.0], [2.0], [-1.0], [0.5]], dtype=ac.float64)).sum())


@figure
def expanded_dense_layer() -> Drawing:
    return draw.expand(F.linear(entries(4), entries(3, 4), entries(3)), "W12")


@figure
def expanded_softmax_with_cross_entropy() -> Drawing:
    loss = F.cross_entropy(entries(4), ac.tensor(1))
    return draw.expand(loss, "X2", loss=loss)
