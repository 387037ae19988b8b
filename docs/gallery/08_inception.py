"""Branches of an inception module

Branches and skips run on lanes above the longest way through the network.
"""

from autograd_cnn import draw
from autograd_cnn.vision.models import get_model

net = get_model("googlenet", init_weights=False)

figure = draw.volumes(net, (1, 3, 64, 64), focus="inception3a", title="GoogLeNet, inception 3a")
