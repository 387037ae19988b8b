"""Dropout in a network

In training the units that the next pass drops are crossed out, and their edges carry nothing; at inference all take part.
"""

from autograd_cnn import draw, manual_seed, nn

manual_seed(0)
net = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Dropout(0.5), nn.Linear(5, 2))
x = [0.5, -1.2, 2.0]

figure = draw.beside(draw.network(net.train(), x, title="In training"), draw.network(net.eval(), x, title="At inference"))
