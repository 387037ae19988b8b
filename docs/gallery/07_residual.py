"""Skips of a residual network

ResNet-18 with every skip, for a wide sheet (on a screen each block is one volume); alike convolutions in a row are one volume, and
the picture says so.
"""

from autograd_cnn import draw
from autograd_cnn.vision.models import get_model

figure = draw.volumes(get_model("resnet18"), (1, 3, 224, 224), fit=(2000, 600), title="ResNet-18")
