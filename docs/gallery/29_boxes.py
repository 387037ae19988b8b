"""What is where

A detector's boxes with class and score; those that are really there are dashed.
"""

from autograd_cnn import draw, tensor
from autograd_cnn.vision.datasets import StreetScenes

scenes = StreetScenes()
picture, there = scenes[0]
found = there["boxes"] + tensor([1.0, -0.5, 0.5, 0.5])

figure = draw.boxes(picture, found, there["labels"], [0.98, 0.91, 0.64], truth=there["boxes"], classes=scenes.classes)
