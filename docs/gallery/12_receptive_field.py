"""What one unit can see

Cells at their true centres, the cone down to the input; the counts are the support of the gradient.
"""

from autograd_cnn import draw, nn

net = nn.Sequential(
    nn.Conv1d(1, 4, 3),
    nn.ReLU(),
    nn.Conv1d(4, 4, 3),
    nn.ReLU(),
    nn.MaxPool1d(2),
    nn.Conv1d(4, 4, 3),
    nn.ReLU(),
    nn.Conv1d(4, 4, 3),
)

figure = draw.receptive_field(net, 4, (1, 1, 28))
