"""Networks by name, under torchvision's names and with its names of layers, so that its published weights load."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatch
from typing import Any

from ...errors import nearest
from ...nn import Module
from ...support.listing import defined_in, listed
from .alexnet import *
from .autoencoder import *
from .cifar_resnet import *
from .dcgan import *
from .deconvnet import *
from .densenet import *
from .fcn import *
from .feature_extraction import *
from .googlenet import *
from .googlenet import _GoogLeNetOutputs as _GoogLeNetOutputs
from .inception import *
from .inception import _InceptionOutputs as _InceptionOutputs
from .lenet import LeNet5 as LeNet5
from .lenet import lenet5, lenet5_modern
from .mlp import MLP as MLP
from .mlp import mlp
from .mobilenetv2 import *
from .mobilenetv3 import *
from .published import REGISTRY as _REGISTRY
from .published import WEIGHTS as _WEIGHTS
from .published import Weights as Weights
from .published import WeightsEnum as WeightsEnum
from .resnet import *
from .sequence import *
from .shufflenetv2 import *
from .squeezenet import *
from .style import *
from .vgg import *

_SMALL: dict[str, Callable[..., Module]] = {"lenet5": lenet5, "lenet5_modern": lenet5_modern, "mlp": mlp}
_REGISTRY.update(_SMALL)

__all__ = ["get_model", "get_model_builder", "get_model_weights", "get_weight", "list_models", "small_models"]
__all__ += defined_in(__name__, globals())


def list_models(module: Any = None, include: str | Iterable[str] | None = None, exclude: str | Iterable[str] | None = None) -> list[str]:
    """The names `get_model` knows.

    Args:
        module: only those defined in this module. include: only names like one of these patterns. exclude: none like these.

    >>> list_models(include="resnet*", exclude=["*152", "*101"])
    ['resnet18', 'resnet34', 'resnet50']
    """
    wanted, unwanted = ((p,) if isinstance(p, str) else tuple(p or ()) for p in (include, exclude))
    names = sorted(n for n, build in _REGISTRY.items() if module is None or build.__module__.startswith(module.__name__))
    return [n for n in names if (not wanted or _like(n, wanted)) and not _like(n, unwanted)]


def _like(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(name, p) for p in patterns)


def small_models() -> list[str]:
    """The networks for small grey pictures, which the command `autograd-cnn train` knows."""
    return sorted(_SMALL)


def _known(name: str) -> str:
    if name.lower() not in _REGISTRY:
        raise ValueError(f"Unknown model {name!r}: expected one of {', '.join(list_models())}.{nearest(name, _REGISTRY)}")
    return name.lower()


def get_model_builder(name: str) -> Callable[..., Module]:
    """The function that builds the network of that name.

    Raises:
        ValueError: an unknown name, with the nearest one.

    >>> get_model_builder("lenet5").__name__
    'lenet5'
    """
    return _REGISTRY[_known(name)]


def get_model(name: str, **config: Any) -> Module:
    """The network of that name.

    Raises:
        ValueError: an unknown name, with the nearest one.

    >>> get_model("lenet5").__class__.__name__
    'LeNet5'
    """
    return get_model_builder(name)(**config)


def get_model_weights(name: str | Callable[..., Module]) -> Any:
    """The published weights of the network of that name (or of that function), as an enumeration.

    Raises:
        ValueError: an unknown name, or a network without any.

    >>> get_model_weights("resnet18").DEFAULT.name
    'IMAGENET1K_V1'
    """
    name = name if isinstance(name, str) else name.__name__
    found = _WEIGHTS.get(_known(name))
    if found is None:
        raise ValueError(f"No published weights are known for {name!r}.")
    return found


def get_weight(name: str) -> Any:
    """The weights of that full name, "ResNet18_Weights.IMAGENET1K_V1".

    Raises:
        ValueError: an unknown name.

    >>> get_weight("ResNet18_Weights.DEFAULT").url.rpartition("/")[2]
    'resnet18-f37072fd.pth'
    """
    enumeration, _, entry = name.partition(".")
    found = {w.__name__: w for w in _WEIGHTS.values() if w is not None}
    if enumeration not in found:
        raise ValueError(f"Unknown weights {name!r}.{nearest(enumeration, found)}")
    return found[enumeration].verify(entry)


def __dir__() -> list[str]:
    return listed(globals())
