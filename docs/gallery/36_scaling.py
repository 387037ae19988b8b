"""Where networks stop scaling

`draw.curves` of what `distributed.scaling` foretells: the share of the machines' time that is of use, over their number, for three link
rates. `doubling=True` sets powers of two as far apart as each other, `percent=True` says that the numbers are shares.
"""

from autograd_cnn import distributed, draw
from autograd_cnn.vision.models import resnet50, vgg16


def efficiency(model):
    found = distributed.scaling(model, (3, 224, 224), batch=32)  # a ring of nodes that each make 10 Tflop/s
    return {f"{rate / 1e9:g} Gb/s": [line.efficiency for line in found if line.rate == rate] for rate in found.rates}


panels = {"ResNet-50": efficiency(resnet50()), "VGG-16": efficiency(vgg16())}
panels["nodes"] = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]

figure = draw.curves(panels, doubling=True, percent=True, title="Where networks stop scaling")
