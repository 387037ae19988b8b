"""LeNet-5, as drawn in 1998 and as one would write it now."""

from __future__ import annotations

from typing import Any

from ... import nn
from ...tensors.tensor import Tensor


class LeNet5(nn.Module):
    """LeNet-5: conv 5×5, pool 2×2, tanh, conv 5×5, pool 2×2, tanh, conv 5×5, tanh, fully connected, tanh, output.
    (N, 1, 32, 32) → (N, num_classes); 61,706 parameters with ten classes.

    The pooling is the plain average (LeCun's had a trainable factor and bias for each map), the third layer sees all maps of
    the second, and the output is linear, to be followed by the cross entropy (LeCun's were radial basis functions).

    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998, figure 2.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 6, 5)
        self.pool1 = nn.AvgPool2d(2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.pool2 = nn.AvgPool2d(2)
        self.conv3 = nn.Conv2d(16, 120, 5)
        self.fc1 = nn.Linear(120, 84)
        self.fc2 = nn.Linear(84, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool1(self.conv1(x)).tanh()  # (N, 1, 32, 32) -> (N, 6, 14, 14)
        x = self.pool2(self.conv2(x)).tanh()  # -> (N, 16, 5, 5)
        x = self.conv3(x).tanh().flatten(1)  # -> (N, 120)
        return self.fc2(self.fc1(x).tanh())  # type: ignore[no-any-return]


def lenet5(num_classes: int = 10, in_channels: int = 1, **_: Any) -> LeNet5:
    """LeNet-5 as LeCun drew it: see `LeNet5`.

    >>> sum(p.numel() for p in lenet5().parameters())
    61706
    """
    return LeNet5(num_classes, in_channels)


def lenet5_modern(num_classes: int = 10, in_channels: int = 1, dropout: float = 0.5, **_: Any) -> nn.Sequential:
    """LeNet-5's sizes with what came after it: batch normalisation, ReLU, max-pooling, dropout.

    >>> len(lenet5_modern())
    15
    """
    return nn.Sequential(
        nn.Conv2d(in_channels, 6, 5, bias=False),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, num_classes),
    )
