"""Optimizers on a loss surface

Level lines from above, and the way of each optimizer with its own dash pattern and marker.
"""

from autograd_cnn import draw, float64, nn, optim, tensor


def valley(x, y):
    return (1 - x) ** 2 + 20 * (y - x**2) ** 2


def walk(make, steps=150):
    place = nn.Parameter(tensor([-1.2, 1.2], dtype=float64))
    optimizer, way = make([place]), [place.tolist()]
    for _ in range(steps):
        optimizer.zero_grad()
        valley(place[0], place[1]).backward()
        optimizer.step()
        way.append(place.tolist())
    return way


ways = {
    "SGD": walk(lambda p: optim.SGD(p, lr=0.003)),
    "momentum": walk(lambda p: optim.SGD(p, lr=0.002, momentum=0.9)),
    "Adam": walk(lambda p: optim.Adam(p, lr=0.08)),
}

figure = draw.surface(valley, ways, title="Rosenbrock's valley")
