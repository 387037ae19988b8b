"""Networks: modules, layers, losses, initial values, as `torch.nn` has them."""

from ..support.listing import defined_in, listed
from ..tensors.tensor import Parameter
from . import functional, init, modules, parallel, parameter, utils
from .containers import ModuleDict, ModuleList, Sequential
from .layers.activation import *
from .layers.attention import *
from .layers.conv import *
from .layers.dropout import *
from .layers.embedding import *
from .layers.fold import *
from .layers.lazy import *
from .layers.linear import *
from .layers.loss import *
from .layers.norm import *
from .layers.pool import *
from .layers.rnn import *
from .layers.shape import *
from .layers.sync_norm import *
from .layers.transformer import *
from .layers.upsampling import *
from .module.buffer import Buffer
from .module.module import Module
from .parallel import DataParallel
from .parameter_containers import ParameterDict, ParameterList

__all__ = [
    "Buffer",
    "DataParallel",
    "Module",
    "ModuleDict",
    "ModuleList",
    "Parameter",
    "ParameterDict",
    "ParameterList",
    "Sequential",
    "functional",
    "init",
    "modules",
    "parallel",
    "parameter",
    "utils",
]
__all__ += defined_in(f"{__name__}.layers", globals())


def __dir__() -> list[str]:
    return listed(globals())
