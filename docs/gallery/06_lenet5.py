"""LeNet-5 as volumes

Front faces to scale, windows from layer to layer, the share of the parameters as bars: read from the recorded graph.
"""

from autograd_cnn import draw
from autograd_cnn.vision.models import get_model

figure = draw.volumes(get_model("lenet5"), (1, 1, 32, 32), title="LeNet-5")
