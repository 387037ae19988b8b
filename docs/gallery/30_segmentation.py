"""A class for each pixel

The picture, and beside it maps of classes: what is there, and what a net says.
"""

from autograd_cnn import draw, nn
from autograd_cnn.vision.datasets import StreetScenes

scenes = StreetScenes()
picture, there = scenes[2]
coarse = nn.functional.interpolate(there["classes"][None, None, ::4, ::4].float(), size=(48, 64))[0, 0]

figure = draw.segmentation(picture, {"there": there["classes"], "too coarse": coarse}, classes=scenes.classes)
