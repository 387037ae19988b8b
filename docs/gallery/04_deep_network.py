"""A hundred and ten layers, folded by themselves

Blocks that repeat become one card, and the picture says what it folded.
"""

from autograd_cnn import draw, zeros
from autograd_cnn.vision.models import get_model

figure = draw(get_model("cifar_resnet110").eval(), zeros(1, 3, 32, 32), title="ResNet-110")
