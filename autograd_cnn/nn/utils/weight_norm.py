"""Weight normalisation: a weight as its length times its direction, both learned."""

from __future__ import annotations

from typing import Any, TypeVar

from ...tensors.tensor import Parameter, Tensor
from ..module.module import Module

M = TypeVar("M", bound=Module)


class WeightNorm:
    """The forward pre-hook that computes `module.<name>` from `<name>_g` and `<name>_v` before every forward."""

    def __init__(self, name: str, dim: int) -> None:
        self.name = name
        self.dim = dim

    def compute_weight(self, module: Module) -> Tensor:
        """w = g · v / ‖v‖."""
        g: Tensor = getattr(module, self.name + "_g")
        v: Tensor = getattr(module, self.name + "_v")
        weight: Tensor = v * (g / length(v, self.dim))
        return weight

    def __call__(self, module: Module, args: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))


def length(v: Tensor, dim: int) -> Tensor:
    """The Euclidean norm over all dims but `dim` (the others stay, with size 1); over all of them for -1."""
    others = None if dim == -1 else [d for d in range(v.ndim) if d != dim]
    squares = v * v
    total: Tensor = squares if others == [] else squares.sum(dim=others, keepdim=others is not None)
    root: Tensor = total.sqrt()
    return root


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Reparametrise a weight: w = g · v / ‖v‖, with the parameters `<name>_g` (length) and `<name>_v` (direction).

    Args:
        module: the layer.
        name: the parameter's name.
        dim: the dim with a length of its own for each index (0: each output channel); None for one length in all.

    Returns:
        The module.

    Raises:
        RuntimeError: the parameter is normalised already. AttributeError: there is no such parameter.

    Source: Salimans and Kingma, "Weight Normalization", 2016.

    >>> from autograd_cnn import nn
    >>> layer = weight_norm(nn.Linear(20, 40))
    >>> layer.weight_g.shape, layer.weight_v.shape
    (torch.Size([40, 1]), torch.Size([40, 20]))
    """
    if _hook_for(module, name) is not None:
        raise RuntimeError(f"Cannot register two weight_norm hooks on the same parameter {name}")
    weight = module.get_parameter(name)
    if dim is not None and not -1 <= dim < weight.ndim:
        raise IndexError(
            f"weight_norm: expected dim in the range [-1, {weight.ndim - 1}] of a weight of shape {list(weight.shape)}, got {dim}."
        )
    hook = WeightNorm(name, -1 if dim is None else dim)
    del module._parameters[name]
    module.register_parameter(name + "_g", Parameter(length(weight.detach(), hook.dim)))
    module.register_parameter(name + "_v", Parameter(weight.data))
    setattr(module, name, hook.compute_weight(module))
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Undo `weight_norm`: the weight becomes a parameter again, with its present values.

    Raises:
        ValueError: the parameter is not normalised.

    >>> from autograd_cnn import nn
    >>> layer = remove_weight_norm(weight_norm(nn.Linear(2, 1)))
    >>> sorted(name for name, _ in layer.named_parameters())
    ['bias', 'weight']
    """
    key = _hook_for(module, name)
    if key is None:
        raise ValueError(f"weight_norm of '{name}' not found in {module}")
    weight = module._forward_pre_hooks.pop(key).compute_weight(module)
    delattr(module, name)
    del module._parameters[name + "_g"], module._parameters[name + "_v"]
    setattr(module, name, Parameter(weight.detach()))
    return module


def _hook_for(module: Module, name: str) -> int | None:
    """The number of the hook that normalises the parameter of this name."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, WeightNorm) and hook.name == name:
            return key
    return None
