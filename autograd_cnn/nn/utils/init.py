"""Modules without initial values, for those that are written over at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from ...random import fork_rng
from ..module.module import Module

M = TypeVar("M", bound=Module)


def skip_init(module_cls: Callable[..., M], *args: Any, **kwargs: Any) -> M:
    """A module whose parameters hold what was in the memory: for one that gets its own initial values, or loaded ones.

    Its `reset_parameters` is not called, and no number is taken from the default generator.

    Args:
        module_cls: a class that takes `device`, as all layers do. args, kwargs: what it is made with.

    Raises:
        TypeError: no class of modules. RuntimeError: a class that takes no `device`.

    >>> import autograd_cnn as ac
    >>> layer = skip_init(ac.nn.Linear, 2, 3)
    >>> layer.load_state_dict({"weight": ac.ones(3, 2), "bias": ac.zeros(3)})
    <All keys matched successfully>
    >>> layer(ac.tensor([1.0, 2.0]))
    tensor([3., 3., 3.], grad_fn=<LinearBackward0>)
    """
    if not (isinstance(module_cls, type) and issubclass(module_cls, Module)):
        raise TypeError(f"skip_init: expected a class of modules, such as nn.Linear, got {module_cls!r}.")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError(f"Module must support a 'device' arg to skip initialization: {module_cls.__name__} takes none.")
    made: Any = module_cls.__new__(module_cls)
    vars(made)["reset_parameters"] = lambda: None
    with fork_rng():
        made.__init__(*args, **kwargs)
    vars(made).pop("reset_parameters", None)
    return made  # type: ignore[no-any-return]
