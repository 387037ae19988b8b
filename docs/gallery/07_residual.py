"""Skips of a residual network

ResNet-18 with every skip; alike convolutions in a row are one volume, and the picture says so.
"""

from autograd_cnn import draw
from autograd_cnn.vision.models import get_model

figure = draw.volumes(get_model("resnet18"), (1, 3, 224, 224), title="ResNet-18")
