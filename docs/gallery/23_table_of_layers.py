"""The table of layers

What lectures fill in by hand, read from the recorded graph: sizes, parameters and how their number comes about, what one entry sees.
"""

from autograd_cnn import draw, summary
from autograd_cnn.vision.models import get_model

figure = draw.table(summary(get_model("lenet5"), (1, 32, 32)), title="LeNet-5")
