"""Training curves

`draw.curves` of what a training wrote down: a panel for the loss, one for the accuracy, each series with its own dash and marker, the
best value of each. `log=True` counts powers of ten upwards, `x=` and `panel=` compare runs.
"""

from autograd_cnn import draw

figure = draw.curves(
    {
        "train_loss": [0.93, 0.31, 0.21, 0.15, 0.12, 0.10, 0.08, 0.07],
        "test_loss": [0.39, 0.26, 0.19, 0.17, 0.16, 0.15, 0.16, 0.16],
        "train_accuracy": [0.72, 0.91, 0.94, 0.955, 0.965, 0.971, 0.977, 0.981],
        "test_accuracy": [0.88, 0.925, 0.943, 0.951, 0.956, 0.959, 0.957, 0.958],
    }
)
