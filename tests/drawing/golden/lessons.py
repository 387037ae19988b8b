"""Sliding windows, volumes, receptive fields, networks of units."""

from __future__ import annotations

import numpy as np

from autograd_cnn import manual_seed, nn, summary
from autograd_cnn.drawing import Drawing, draw
from autograd_cnn.vision.models import get_model

from . import figure

EDGES = np.array([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])


def steps(*shape: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.arange(float(np.prod(shape))).reshape(shape) % 7 - 2


@figure
def convolution_with_numbers() -> Drawing:
    return draw.convolution(steps(5, 5), EDGES, stride=2, padding=1).overview


@figure
def convolution_that_does_not_fit() -> Drawing:
    return draw.convolution(7, 3, stride=3, lang="de").overview


@figure
def convolution_of_a_signal() -> Drawing:
    return draw.convolution(steps(6), np.array([1.0, 0, -1]), mode="full", flip=True).overview


@figure
def convolution_over_channels() -> Drawing:
    return draw.convolution(steps(3, 3, 3), steps(2, 3, 2, 2)).overview


@figure
def convolution_transposed() -> Drawing:
    return draw.convolution(steps(2, 2), EDGES, stride=2, padding=1, output_padding=1, transposed=True).overview


@figure
def pooling_by_maximum() -> Drawing:
    return draw.pooling(steps(2, 5, 5), 2, ceil_mode=True).overview


@figure
def pooling_by_sum() -> Drawing:
    return draw.pooling(steps(4, 4), 2, kind="sum", lang="de").overview


@figure
def convolution_same_with_a_stride() -> Drawing:
    return draw.convolution(steps(6, 6), EDGES, stride=2, mode="same").overview


@figure
def convolution_causal() -> Drawing:
    return draw.convolution(steps(6), np.array([1.0, 0, -1]), mode="causal").overview


@figure
def unpooling_with_switches() -> Drawing:
    return draw.unpooling(steps(4, 4), 2, values=[[1, 2], [3, 4]], compare=("nearest", "bilinear"))


@figure
def unpooling_of_a_signal() -> Drawing:
    return draw.unpooling(steps(6), 2, lang="de")


@figure
def dropout_there_and_back() -> Drawing:
    return draw.dropout(steps(6), 0.5, [1, 2, -1, 1, 3, 2], seed=3)


@figure
def dropout_classic() -> Drawing:
    return draw.dropout(np.arange(1.0, 6), 0.25, scheme="classic", lang="de")


@figure
def batch_norm_three_paths() -> Drawing:
    return draw.batch_norm([1, 2, 3, 6], 1.5, 0.5)


@figure
def batch_norm_german() -> Drawing:
    return draw.batch_norm([1, 2, 4, 5, 10], gradient=[1, 2, 3, 1, 2], lang="de")


@figure
def volumes_of_lenet5() -> Drawing:
    return draw.volumes(get_model("lenet5"), (1, 1, 32, 32), title="LeNet-5")


@figure
def volumes_of_resnet18() -> Drawing:
    return draw.volumes(get_model("resnet18"), (1, 3, 64, 64), title="ResNet-18")


@figure
def volumes_of_a_residual_stage() -> Drawing:
    return draw.volumes(get_model("resnet18"), (1, 3, 64, 64), focus="layer2", lang="de")


@figure
def volumes_of_an_inception_module() -> Drawing:
    return draw.volumes(get_model("googlenet", init_weights=False), (1, 3, 64, 64), focus="inception3a")


@figure
def volumes_of_an_autoencoder() -> Drawing:
    manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 4, 7),
        nn.ConvTranspose2d(4, 16, 7),
        nn.ReLU(),
        nn.ConvTranspose2d(16, 8, 2, stride=2),
        nn.ReLU(),
        nn.ConvTranspose2d(8, 1, 2, stride=2),
    )
    return draw.volumes(model, (1, 1, 28, 28), title="Autoencoder")


@figure
def table_of_layers() -> Drawing:
    return draw.table(summary(get_model("lenet5"), (1, 32, 32)), title="LeNet-5")


@figure
def table_of_a_dilated_net() -> Drawing:
    net = nn.Sequential(nn.Conv1d(2, 4, 3, stride=2, groups=2), nn.ReLU(), nn.Conv1d(4, 400, 3, dilation=2), nn.Linear(5, 1000))
    net[2].requires_grad_(False)
    return draw.table(summary(net, (2, 20)), lang="de")


@figure
def receptive_field_of_a_signal() -> Drawing:
    net = nn.Sequential(
        nn.Conv1d(1, 4, 3), nn.ReLU(), nn.Conv1d(4, 4, 3), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 4, 3), nn.Conv1d(4, 4, 3)
    )
    return draw.receptive_field(net, 4, (1, 1, 28))


@figure
def receptive_field_with_dilation() -> Drawing:
    net = nn.Sequential(*(nn.Conv1d(1, 1, 2, dilation=2**i) for i in range(4)))
    return draw.receptive_field(net, 12, (1, 1, 32), lang="de")


@figure
def receptive_field_on_a_picture() -> Drawing:
    return draw.receptive_field(get_model("lenet5"), None, steps(1, 1, 32, 32))


def perceptron() -> nn.Module:
    manual_seed(3)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


@figure
def network_of_units() -> Drawing:
    return draw.network(perceptron(), [0.5, -1.2, 2.0], loss=lambda y: (y**2).sum())


@figure
def network_in_a_backward_frame() -> Drawing:
    return draw.network(perceptron(), [0.5, -1.2, 2.0], loss=lambda y: (y**2).sum(), lang="de").frames[4]


@figure
def network_that_assigns_credit() -> Drawing:
    return draw.network(perceptron(), [0.5, -1.2, 2.0], loss=lambda y: (y**2).sum(), widths="credit")


@figure
def network_with_dropout() -> Drawing:
    manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Dropout(0.5), nn.Linear(5, 2))
    training, inference = draw.network(net.train(), [0.5, -1.2, 2.0]), draw.network(net.eval(), [0.5, -1.2, 2.0])
    return draw.beside(training, inference, title="Dropout")


@figure
def strides_beside_each_other() -> Drawing:
    return draw.beside(draw.convolution(7, 3, stride=2)[5], draw.convolution(7, 3, stride=3)[-1], title="How far can the filter step?")
