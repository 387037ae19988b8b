"""Networks by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...errors import nearest
from ...nn import Module
from .lenet import LeNet5, lenet5, lenet5_modern
from .mlp import MLP, mlp

_BUILDERS: dict[str, Callable[..., Module]] = {"lenet5": lenet5, "lenet5_modern": lenet5_modern, "mlp": mlp}

__all__ = ["MLP", "LeNet5", "get_model", "lenet5", "lenet5_modern", "list_models", "mlp"]


def list_models() -> list[str]:
    """The names `get_model` knows."""
    return sorted(_BUILDERS)


def get_model(name: str, **config: Any) -> Module:
    """The network of that name.

    Errors: ValueError for an unknown name, with the nearest one.

    >>> get_model("lenet5").__class__.__name__
    'LeNet5'
    """
    build = _BUILDERS.get(name)
    if build is None:
        raise ValueError(
            f"Unknown model {name!r}: expected one of {', '.join(list_models())}.{nearest(name, _BUILDERS)}"
        )
    return build(**config)
