"""Activations

`draw.activations`: one sample on its way through a network. Where a layer has both signs, 0 is white.
"""

import numpy as np

from autograd_cnn import draw, manual_seed
from autograd_cnn.vision.models import get_model

manual_seed(0)
picture = np.outer(np.hanning(32), np.hanning(32))

figure = draw.activations(get_model("lenet5"), picture, layers=["conv1", "pool2", "conv3", "fc2"])
