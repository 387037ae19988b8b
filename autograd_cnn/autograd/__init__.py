"""Derivatives, as `torch.autograd` has them."""

from ..config import detect_anomaly, enable_grad, inference_mode, no_grad, set_detect_anomaly, set_grad_enabled
from ..support.listing import listed
from ..tensors.tensor import Tensor
from . import functional
from .function import Function, once_differentiable
from .gradients import backward, grad

__all__ = [
    "Function",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "functional",
    "grad",
    "inference_mode",
    "no_grad",
    "once_differentiable",
    "set_detect_anomaly",
    "set_grad_enabled",
]


def Variable(data: Tensor, requires_grad: bool = False, volatile: bool | None = None) -> Tensor:
    """The old name of a tensor that takes part in the graph: `Variable(x)` shares memory with `x`. `volatile` does nothing
    but stays a word, as in PyTorch since 0.4; use `no_grad()`."""
    made = data.detach() if data.is_leaf else data
    return made.requires_grad_(True) if requires_grad else made


def __dir__() -> list[str]:
    return listed(globals())
