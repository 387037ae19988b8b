"""Networks: modules, layers, losses, initial values, as `torch.nn` has them."""

from ..tensor import Parameter
from . import functional, init, utils
from .buffer import Buffer
from .containers import ModuleDict, ModuleList, Sequential
from .layers.activation import *  # noqa: F403  # the layers are this module's contents
from .layers.conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .layers.dropout import AlphaDropout, ClassicDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout
from .layers.linear import Bilinear, Flatten, Identity, Linear, Unflatten
from .layers.loss import *  # noqa: F403  # the layers are this module's contents
from .layers.norm import *  # noqa: F403  # the layers are this module's contents
from .layers.pool import *  # noqa: F403  # the layers are this module's contents
from .layers.shape import *  # noqa: F403  # the layers are this module's contents
from .module import Module
from .parameter_containers import ParameterDict, ParameterList
