"""The still figures of what is explored."""

from __future__ import annotations

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.drawing import Drawing, draw

from . import figure


@figure
def failed_forward() -> Drawing:
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Sequential(nn.Flatten(), nn.Linear(100, 10)))
    return draw.explore(net, ac.zeros(1, 1, 8, 8)).drawing


@figure
def two_models() -> Drawing:
    one = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    other = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 3))
    return draw.compare(one, other, (1, 4)).drawing
