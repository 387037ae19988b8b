"""Six optimizers on one surface, from the side

`view="3d"` shows heights, `view="both"` level lines beside them. Where the surface hides a way, the way is pale.
"""

from autograd_cnn import draw, float64, optim, tensor
from autograd_cnn.optim.surfaces import ravine


def walk(make, steps=40):
    place = tensor(ravine.start, dtype=float64, requires_grad=True)
    optimizer, way = make([place]), [place.tolist()]
    for _ in range(steps):
        optimizer.zero_grad()
        ravine(*place).backward()
        optimizer.step()
        way.append(place.tolist())
    return way


ways = {
    "SGD": walk(lambda p: optim.SGD(p, lr=0.45)),
    "momentum": walk(lambda p: optim.SGD(p, lr=0.1, momentum=0.8)),
    "Nesterov": walk(lambda p: optim.SGD(p, lr=0.1, momentum=0.8, nesterov=True)),
    "AdaGrad": walk(lambda p: optim.Adagrad(p, lr=1.0)),
    "RMSProp": walk(lambda p: optim.RMSprop(p, lr=0.3)),
    "Adam": walk(lambda p: optim.Adam(p, lr=0.5)),
}

figure = draw.surface(ravine, ways, view="3d", title="Six optimizers in a ravine")
