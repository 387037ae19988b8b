"""Networks: modules, layers, losses, initial values, as `torch.nn` has them."""

from ..support.listing import defined_in, listed
from ..tensors.tensor import Parameter
from . import functional, init, modules, parallel, parameter, utils
from .containers import ModuleDict, ModuleList, Sequential
from .layers.activation import *  # noqa: F403  # each file names in `__all__` what it gives
from .layers.attention import *  # noqa: F403
from .layers.conv import *  # noqa: F403
from .layers.dropout import *  # noqa: F403
from .layers.embedding import *  # noqa: F403
from .layers.fold import *  # noqa: F403
from .layers.lazy import *  # noqa: F403
from .layers.linear import *  # noqa: F403
from .layers.loss import *  # noqa: F403
from .layers.norm import *  # noqa: F403
from .layers.pool import *  # noqa: F403
from .layers.rnn import *  # noqa: F403
from .layers.shape import *  # noqa: F403
from .layers.transformer import *  # noqa: F403
from .layers.upsampling import *  # noqa: F403
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
