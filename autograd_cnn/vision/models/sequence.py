"""Convolutions over time: causal and dilated (TCN, WaveNet), and over words (text CNN)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ... import nn
from ...nn import functional as F
from ...nn.utils import weight_norm
from ...ops.shape.join import cat
from ...tensors.tensor import Tensor
from .published import published

__all__ = ["TCN", "TemporalBlock", "TemporalConvNet", "TextCNN", "WaveNet", "tcn", "text_cnn", "wavenet"]


class Chomp1d(nn.Module):
    """Without the last values, which saw the padding at the end: what is left depends on the past only.   (N, C, T + size) → (N, C, T)"""

    def __init__(self, chomp_size: int) -> None:
        super().__init__()
        self.chomp_size = chomp_size

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, : -self.chomp_size].contiguous() if self.chomp_size else x


class TemporalBlock(nn.Module):
    """relu(s(x) + F(x)); F is twice: causal dilated convolution with weight normalisation, ReLU, dropout; s is a 1×1 convolution
    where the number of maps changes.   (N, n_inputs, T) → (N, n_outputs, T)"""

    def __init__(
        self, n_inputs: int, n_outputs: int, kernel_size: int, stride: int, dilation: int, padding: int, dropout: float = 0.2
    ) -> None:
        super().__init__()

        def conv(c: int) -> nn.Conv1d:
            return weight_norm(nn.Conv1d(c, n_outputs, kernel_size, stride=stride, padding=padding, dilation=dilation))

        self.conv1 = conv(n_inputs)
        self.chomp1, self.relu1, self.dropout1 = Chomp1d(padding), nn.ReLU(), nn.Dropout(dropout)
        self.conv2 = conv(n_outputs)
        self.chomp2, self.relu2, self.dropout2 = Chomp1d(padding), nn.ReLU(), nn.Dropout(dropout)
        self.net = nn.Sequential(self.conv1, self.chomp1, self.relu1, self.dropout1, self.conv2, self.chomp2, self.relu2, self.dropout2)
        self.downsample = nn.Conv1d(n_inputs, n_outputs, 1) if n_inputs != n_outputs else None
        self.relu = nn.ReLU()
        if self.downsample is not None:
            nn.init.normal_(self.downsample.weight, 0, 0.01)

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.net(x) + (x if self.downsample is None else self.downsample(x)))  # type: ignore[no-any-return]


class TemporalConvNet(nn.Module):
    """Blocks of dilation 1, 2, 4, …: with n of them each value sees 1 + 2 (kernel_size − 1)(2ⁿ − 1) of the past.
    (N, num_inputs, T) → (N, num_channels[−1], T)

    Source: Bai, Kolter, Koltun, "An empirical evaluation of generic convolutional and recurrent networks for sequence modeling", 2018.
    """

    def __init__(self, num_inputs: int, num_channels: Sequence[int], kernel_size: int = 2, dropout: float = 0.2) -> None:
        super().__init__()
        widths = pairwise([num_inputs, *num_channels])
        self.network = nn.Sequential(
            *(TemporalBlock(c, width, kernel_size, 1, 2**i, (kernel_size - 1) * 2**i, dropout) for i, (c, width) in enumerate(widths))
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x)  # type: ignore[no-any-return]


class TCN(nn.Module):
    """A `TemporalConvNet` and a dense layer on its last value: the adding problem, sequential MNIST.   (N, input_size, T) → (N, output_size)"""

    def __init__(
        self,
        input_size: int = 1,
        output_size: int = 10,
        num_channels: Sequence[int] = (25,) * 8,
        kernel_size: int = 7,
        dropout: float = 0.05,
    ) -> None:
        super().__init__()
        self.tcn = TemporalConvNet(input_size, num_channels, kernel_size, dropout)
        self.linear = nn.Linear(num_channels[-1], output_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.tcn(x)[:, :, -1])  # type: ignore[no-any-return]


class ResidualUnit(nn.Module):
    """z = tanh(W_f ∗ x) · σ(W_g ∗ x), causal and dilated; gives (x + R z, S z).   (N, C, T) → (N, C, T), (N, skip, T)"""

    def __init__(self, channels: int, skip_channels: int, kernel_size: int, dilation: int) -> None:
        super().__init__()
        self.past = (kernel_size - 1) * dilation
        self.filter = nn.Conv1d(channels, channels, kernel_size, dilation=dilation)
        self.gate = nn.Conv1d(channels, channels, kernel_size, dilation=dilation)
        self.residual = nn.Conv1d(channels, channels, 1)
        self.skip = nn.Conv1d(channels, skip_channels, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        before = F.pad(x, (self.past, 0))  # zeros before the beginning: nothing comes from the future
        z = self.filter(before).tanh() * self.gate(before).sigmoid()
        return x + self.residual(z), self.skip(z)


class WaveNet(nn.Module):
    """Scores of the next sample for each moment, from the past only.   (N, T) samples 0 … classes − 1 → (N, classes, T)

    Args:
        classes: kinds of samples (256: 8 bits after µ-law). channels, skip_channels: maps along the stack and beside it.
        layers: units in a stack, of dilation 1, 2, 4, …; stacks: how many times. kernel_size: of the dilated convolutions.

    Each score sees 2 + stacks · (kernel_size − 1)(2^layers − 1) samples, its own moment's among them, with the first convolution's
    two. Sum over units, then ReLU, 1×1, ReLU, 1×1.

    Source: van den Oord et al., "WaveNet: a generative model for raw audio", 2016.
    """

    def __init__(
        self, classes: int = 256, channels: int = 32, skip_channels: int = 256, layers: int = 10, stacks: int = 3, kernel_size: int = 2
    ) -> None:
        super().__init__()
        self.classes = classes
        self.causal = nn.Conv1d(classes, channels, 2)
        self.units = nn.ModuleList(ResidualUnit(channels, skip_channels, kernel_size, 2**i) for _ in range(stacks) for i in range(layers))
        self.end1 = nn.Conv1d(skip_channels, skip_channels, 1)
        self.end2 = nn.Conv1d(skip_channels, classes, 1)

    def forward(self, samples: Tensor) -> Tensor:
        one_hot = F.one_hot(samples, self.classes).transpose(1, 2).to(self.causal.weight.dtype)  # (N, T) -> (N, classes, T)
        x = self.causal(F.pad(one_hot, (1, 0)))
        total: Any = None
        for unit in self.units:
            x, skip = unit(x)
            total = skip if total is None else total + skip
        return self.end2(F.relu(self.end1(F.relu(total))))  # type: ignore[no-any-return]


class TextCNN(nn.Module):
    """Convolutions over windows of 3, 4 and 5 words, the greatest answer of each map, a dense layer.   (N, T) word numbers → (N, num_classes)

    Args:
        vocab_size: words. embedding_dim: numbers for each word. num_filters: maps for each of `kernel_sizes`.
        padding_idx: the word that fills up short sentences. dropout: before the last layer.

    Sentences have at least as many words as the longest window.

    Source: Kim, "Convolutional neural networks for sentence classification", 2014.
    """

    def __init__(
        self,
        vocab_size: int = 20_000,
        num_classes: int = 2,
        embedding_dim: int = 300,
        kernel_sizes: Sequence[int] = (3, 4, 5),
        num_filters: int = 100,
        dropout: float = 0.5,
        padding_idx: int | None = None,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=padding_idx)
        self.convs = nn.ModuleList(nn.Conv1d(embedding_dim, num_filters, k) for k in kernel_sizes)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(len(kernel_sizes) * num_filters, num_classes)

    def forward(self, words: Tensor) -> Tensor:
        x = self.embedding(words).transpose(1, 2)  # (N, T) -> (N, embedding_dim, T)
        greatest = [F.relu(conv(x)).amax(2) for conv in self.convs]  # (N, num_filters) each
        return self.fc(self.dropout(cat(greatest, 1)))  # type: ignore[no-any-return]


@published()
def tcn(**config: Any) -> TCN:
    """See `TCN`."""
    return TCN(**config)


@published()
def wavenet(**config: Any) -> WaveNet:
    """See `WaveNet`."""
    return WaveNet(**config)


@published()
def text_cnn(**config: Any) -> TextCNN:
    """See `TextCNN`."""
    return TextCNN(**config)
