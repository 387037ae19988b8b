"""A training step of a perceptron, as the graph it is

Each card is an operation with the shape it gives and what it keeps for the backward pass; the wider lane beside an edge is the
gradient that flows back, by its norm.
"""

from autograd_cnn import draw, manual_seed, nn, rand
from autograd_cnn.nn import functional as F

manual_seed(0)
net = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
x, y = rand(8, 64), rand(8).argsort()
loss = F.cross_entropy(net(x), y)

figure = draw(loss, backward=True, names={"x": x, "y": y, "loss": loss}, title="Perceptron")
