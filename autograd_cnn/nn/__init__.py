"""Networks: modules, layers, losses, initial values, as `torch.nn` has them."""

from ..tensor import Parameter
from . import functional, init, utils
from .buffer import Buffer
from .containers import ModuleDict, ModuleList, Sequential
from .layers import activation, conv, dropout, linear, loss, norm, pool, shape
from .layers.activation import *  # noqa: F403  # a file of layers names in `__all__` what it gives
from .layers.conv import *  # noqa: F403
from .layers.dropout import *  # noqa: F403
from .layers.linear import *  # noqa: F403
from .layers.loss import *  # noqa: F403
from .layers.norm import *  # noqa: F403
from .layers.pool import *  # noqa: F403
from .layers.shape import *  # noqa: F403
from .module import Module
from .parameter_containers import ParameterDict, ParameterList

__all__ = ["Buffer", "Module", "ModuleDict", "ModuleList", "Parameter", "ParameterDict", "ParameterList", "Sequential", "functional",
           "init", "utils"]  # fmt: skip
__all__ += activation.__all__
__all__ += conv.__all__
__all__ += dropout.__all__
__all__ += linear.__all__
__all__ += loss.__all__
__all__ += norm.__all__
__all__ += pool.__all__
__all__ += shape.__all__
del activation, conv, dropout, linear, loss, norm, pool, shape  # files, not names of this module
