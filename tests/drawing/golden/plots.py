"""Kernels, activations and curves."""

from __future__ import annotations

import numpy as np

from autograd_cnn import draw, manual_seed
from autograd_cnn.drawing import Drawing
from autograd_cnn.vision.models import get_model

from . import figure


@figure
def curves_logarithmic() -> Drawing:
    norms = {"A": [1e-7, None, 1e-4, 2e-2, 1.0], "B": [0.5, 0.6, 0.8, 0.9, 1.0]}
    return draw.curves({"‖∂E/∂W‖": norms, "layer": [1, 2, 3, 4, 5]}, title="∂E/∂W", log=True, lang="de")


@figure
def training_curves() -> Drawing:
    return draw.curves({"train_loss": [2.3, 0.4, 0.1, 0.05], "test_loss": [2.2, 0.5, 0.2, 0.21], "test_accuracy": [0.2, 0.9, 0.95, 0.96]})


@figure
def confusion_matrix() -> Drawing:
    return draw.confusion([[35, 2, 0, 1], [1, 40, 3, 0], [0, 0, 28, 5], [0, 2, 1, 44]], classes=["airplane", "bird", "cat", "dog"])


@figure
def loss_surface() -> Drawing:
    def way(turn: float) -> np.ndarray:  # type: ignore[type-arg]
        t = np.linspace(0, 3, 40)
        return np.stack([np.exp(-t) * np.cos(turn * t) * 2, np.exp(-t) * np.sin(turn * t)], 1)

    return draw.surface(lambda x, y: x**2 + 4 * y**2, {"SGD": way(0.5), "momentum": way(3), "RMSprop": way(1), "Adam": way(-1)})


@figure
def loss_surface_from_the_side() -> Drawing:
    way = [(2.0, 1.0), (1.5, -0.6), (0.9, 0.4), (0.5, -0.2), (0.2, 0.0)]
    return draw.surface(lambda x, y: x**2 + 4 * y**2, {"SGD": way}, bounds=((-2.5, 2.5), (-1.5, 1.5)), view="both")


@figure
def activation_functions() -> Drawing:
    return draw.functions()


@figure
def kernels_in_colour() -> Drawing:
    return draw.filters(np.linspace(-1, 1, 12 * 75).reshape(12, 3, 5, 5))


@figure
def saliency_of_a_digit() -> Drawing:
    manual_seed(0)
    picture = np.outer(np.hanning(32), np.hanning(32))
    return draw.saliency(get_model("lenet5"), picture, 3, lang="de")


@figure
def activations_of_a_model() -> Drawing:
    manual_seed(0)
    return draw.activations(get_model("lenet5"), np.outer(np.hanning(32), np.hanning(32)))


@figure
def learned_kernels() -> Drawing:
    manual_seed(0)
    return draw.filters(get_model("lenet5").conv1)
