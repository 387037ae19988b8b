"""Who waits for whom

`draw.timeline` of several processes: a lane each, pieces of one kind filled and edged alike. Here a synchronous step of
`distributed.scaling`: gradients leave in buckets while the backward pass goes on, one behind the other.
"""

from autograd_cnn import distributed, draw
from autograd_cnn.vision.models import resnet50

step = distributed.scaling(resnet50(), (3, 224, 224), nodes=(8,), rates=(25e9,)).step(8, 25e9)
ms = 1000
travels = [(f"bucket {k}", [("travels", t.leaves * ms, t.back * ms)]) for k, t in enumerate(step.travels)]
computes = [("forward", 0, step.forward * ms), ("backward", step.forward * ms, step.computed * ms)]

figure = draw.timeline(
    {"computes": computes, **dict(travels)}, unit="ms", title="A step of ResNet-50", subtitle="eight nodes, a ring of 25 Gb/s"
)
