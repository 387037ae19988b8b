"""Points of each class

A code of two numbers: each sample is written as its class where its code lies.
"""

import numpy as np

from autograd_cnn import draw
from autograd_cnn.vision.datasets import digits

pictures, labels = digits()
flat = pictures[:200].reshape(200, 64) - pictures.reshape(-1, 64).mean(0)
directions = np.linalg.svd(flat)[2][:2]  # the two principal components
signs = np.sign(directions.sum(1, keepdims=True))

figure = draw.scatter(flat @ (signs * directions).T, labels[:200], names=("first component", "second component"))
