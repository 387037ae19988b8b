"""Pictures, boxes, maps of classes and points of classes."""

from __future__ import annotations

import numpy as np

from autograd_cnn import draw
from autograd_cnn.drawing import Drawing
from autograd_cnn.vision.datasets import StreetScenes

from . import figure

GERMAN = ("Himmel", "Haus", "Gehweg", "Fahrbahn", "Auto", "Mensch", "Schild")


@figure
def rows_of_pictures() -> Drawing:
    once = np.stack([np.outer(np.hanning(8), np.arange(8) == k) for k in range(4)])
    return draw.pictures({"input": once, "relu": once / 2}, ["a", "b", "c", "d"])


@figure
def boxes_on_a_picture() -> Drawing:
    scenes = StreetScenes()
    picture, target = scenes[1]
    found = target["boxes"] + 0.75
    return draw.boxes(picture, found, target["labels"], np.linspace(0.99, 0.5, len(found)), truth=target["boxes"], classes=GERMAN)


@figure
def maps_of_classes() -> Drawing:
    scenes = StreetScenes()
    picture, target = scenes[1]
    moved = np.roll(target["classes"], 2, 0)
    return draw.segmentation(picture, {"target": target["classes"], "other": moved}, classes=GERMAN, lang="de")


@figure
def points_of_classes() -> Drawing:
    turns = np.linspace(0, 6, 40)
    return draw.scatter(np.stack([turns * np.cos(turns), turns * np.sin(turns)], 1), np.arange(40) // 8, names=("u", "v"))
