"""Spectral normalisation: a weight divided by its greatest singular value."""

from __future__ import annotations

from typing import Any, TypeVar

from ...config import no_grad
from ...tensors.tensor import Parameter, Tensor
from .. import functional as F
from ..layers.conv import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from ..module.module import Module

M = TypeVar("M", bound=Module)


class SpectralNorm:
    """The forward pre-hook that computes `module.<name>` from `<name>_orig` before every forward."""

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float) -> None:
        if n_power_iterations <= 0:
            raise ValueError(f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}")
        self.name, self.n_power_iterations, self.dim, self.eps = name, n_power_iterations, dim, eps

    def as_matrix(self, weight: Tensor) -> Tensor:
        """(…, n, …) → (n, all others)"""
        front: Tensor = weight if self.dim == 0 else weight.movedim(self.dim, 0)
        return front.reshape(front.shape[0], -1)

    def compute_weight(self, module: Module, do_power_iteration: bool) -> Tensor:
        """W / σ with σ = uᵀ W v; in training u and v first come nearer to the singular vectors: v ← Wᵀu/‖Wᵀu‖, u ← Wv/‖Wv‖."""
        weight: Tensor = getattr(module, self.name + "_orig")
        u: Tensor = getattr(module, self.name + "_u")
        v: Tensor = getattr(module, self.name + "_v")
        matrix = self.as_matrix(weight)
        if do_power_iteration:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(F.normalize(matrix.t().mv(u), dim=0, eps=self.eps))
                    u.copy_(F.normalize(matrix.mv(v), dim=0, eps=self.eps))
                u, v = u.clone(), v.clone()  # the graph keeps these; the buffers change at the next forward
        return weight / u.dot(matrix.mv(v))

    def __call__(self, module: Module, args: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, module.training))


def spectral_norm(module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None) -> M:
    """Divide a weight by its greatest singular value, which power iteration estimates: so that the layer stretches nothing.

    The parameter becomes `<name>_orig`; the singular vectors are the buffers `<name>_u` and `<name>_v`.

    Args:
        n_power_iterations: steps of the iteration at each forward in training.
        eps: added to norms that would be 0.
        dim: the dim that counts the rows; 1 for transposed convolutions, else 0.

    Raises:
        RuntimeError: the parameter is normalised already. AttributeError: there is no such parameter.

    Source: Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018.

    >>> from autograd_cnn import nn
    >>> layer = spectral_norm(nn.Linear(20, 40))
    >>> layer.weight_orig.shape, layer.weight_u.shape, layer.weight_v.shape
    (torch.Size([40, 20]), torch.Size([40]), torch.Size([20]))
    """
    if _hook_for(module, name) is not None:
        raise RuntimeError(f"Cannot register two spectral_norm hooks on the same parameter {name}")
    weight = module.get_parameter(name)
    if dim is None:
        dim = 1 if isinstance(module, ConvTranspose1d | ConvTranspose2d | ConvTranspose3d) else 0
    hook = SpectralNorm(name, n_power_iterations, dim, eps)
    with no_grad():
        rows, columns = hook.as_matrix(weight).shape
        u = F.normalize(weight.new_empty(rows).normal_(0, 1), dim=0, eps=eps)
        v = F.normalize(weight.new_empty(columns).normal_(0, 1), dim=0, eps=eps)
    del module._parameters[name]
    module.register_parameter(name + "_orig", weight)
    setattr(module, name, weight.data)
    module.register_buffer(name + "_u", u)
    module.register_buffer(name + "_v", v)
    module.register_forward_pre_hook(hook)
    return module


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Undo `spectral_norm`: the weight becomes a parameter again, with its present values.

    Raises:
        ValueError: the parameter is not normalised.

    >>> from autograd_cnn import nn
    >>> layer = remove_spectral_norm(spectral_norm(nn.Linear(2, 1)))
    >>> sorted(layer.state_dict())
    ['bias', 'weight']
    """
    key = _hook_for(module, name)
    if key is None:
        raise ValueError(f"spectral_norm of '{name}' not found in {module}")
    with no_grad():
        weight = module._forward_pre_hooks.pop(key).compute_weight(module, False)
    delattr(module, name)
    del module._parameters[name + "_orig"], module._buffers[name + "_u"], module._buffers[name + "_v"]
    module.register_parameter(name, Parameter(weight.detach()))
    return module


def _hook_for(module: Module, name: str) -> int | None:
    """The number of the hook that normalises the parameter of this name."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, SpectralNorm) and hook.name == name:
            return key
    return None
