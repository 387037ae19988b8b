"""Who is to blame: credit assignment

Each edge as wide as |w·δ|, the share of the error that goes back along it; `widths="gradient"` shows |∂E/∂w| instead.
"""

from autograd_cnn import draw, manual_seed, nn, tensor

manual_seed(3)
net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))

figure = draw.network(net, [0.5, -1.2, 2.0], loss=lambda y: ((y - tensor([1.0, 0.0])) ** 2).sum(), widths="credit")
