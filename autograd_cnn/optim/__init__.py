"""Optimizers and learning rate schedulers, `torch.optim`'s names, arguments and state dicts.

Each optimizer updates its parameters in place, block by block, and takes one option more than PyTorch's: `l1`, L1
regularisation beside `weight_decay`'s L2, for all parameters or in any parameter group.
"""

from ..support.listing import listed
from . import lr_scheduler, surfaces, swa_utils
from .adadelta import Adadelta
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .adamax import Adamax
from .asgd import ASGD
from .downpour import Downpour
from .lbfgs import LBFGS
from .nadam import NAdam
from .optimizer import Optimizer
from .radam import RAdam
from .rmsprop import RMSprop
from .rprop import Rprop
from .sgd import SGD
from .zero_redundancy import ZeroRedundancyOptimizer

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Downpour",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "ZeroRedundancyOptimizer",
    "lr_scheduler",
    "surfaces",
    "swa_utils",
]


def __dir__() -> list[str]:
    return listed(globals())
