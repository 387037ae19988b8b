"""A perceptron as units and edges

Activations in the units, δ below them; negative weights are dashed. `figure.frames` leads through the passes.
"""

from autograd_cnn import draw, manual_seed, nn, tensor

manual_seed(3)
net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2), nn.Softmax(1))

figure = draw.network(net, [0.5, -1.2, 2.0], loss=lambda y: ((y - tensor([1.0, 0.0])) ** 2).sum())
