"""The layers under the places where PyTorch keeps them: `nn.modules.conv.Conv2d`, `from ….nn.modules.batchnorm import _BatchNorm`."""

from __future__ import annotations

import sys

from ..layers import conv, dropout, embedding, fold, lazy, linear, loss, norm, pool, rnn, shape, upsampling
from ..module import module
from . import activation as activation
from . import batchnorm as batchnorm
from . import container as container
from . import utils as utils

_PLACES = {
    "activation": activation,
    "batchnorm": batchnorm,
    "channelshuffle": upsampling,
    "container": container,
    "conv": conv,
    "distance": loss,
    "dropout": dropout,
    "flatten": linear,
    "fold": fold,
    "instancenorm": norm,
    "linear": linear,
    "loss": loss,
    "module": module,
    "normalization": norm,
    "padding": shape,
    "pixelshuffle": upsampling,
    "pooling": pool,
    "rnn": rnn,
    "sparse": embedding,
    "upsampling": upsampling,
    "utils": utils,
}

for _name, _module in _PLACES.items():
    globals()[_name] = _module
    sys.modules.setdefault(f"{__name__}.{_name}", _module)  # so that import statements find them

for _name in lazy.__all__:  # beside the layers that they become
    setattr(conv if "Conv" in _name else norm if "Norm" in _name else linear, _name, getattr(lazy, _name))

__all__ = list(_PLACES)
