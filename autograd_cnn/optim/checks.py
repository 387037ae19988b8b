"""What every optimizer checks of its options, in PyTorch's words, before anything is built."""

from __future__ import annotations

from typing import Any

from ..errors import expected
from ..tensors.tensor import Tensor


def _compare(operation: str, name: str, value: Any) -> float:
    if isinstance(value, Tensor):
        return float(value.item())
    try:
        value >= 0.0  # noqa: B015  # asks whether it is a number at all
    except TypeError as error:
        raise TypeError(expected(operation, f"{name} to be a number", type(value).__name__)) from error
    return value  # type: ignore[no-any-return]


def check_lr(operation: str, lr: Any) -> None:
    """A number >= 0, or a tensor of one element that holds one."""
    if isinstance(lr, Tensor) and lr.value.size != 1:
        raise ValueError("Tensor lr must be 1-element")
    if not _compare(operation, "lr", lr) >= 0.0:
        raise ValueError(f"Invalid learning rate: {lr}")


def check_not_negative(operation: str, **options: Any) -> None:
    """Each of the options is a number >= 0 (NaN is not). The message names it: `Invalid momentum value: -1`."""
    for name, value in options.items():
        if not _compare(operation, name, value) >= 0.0:
            raise ValueError(f"Invalid {'epsilon' if name == 'eps' else name} value: {value}")


def check_betas(operation: str, betas: Any) -> None:
    """Two numbers in [0, 1)."""
    try:
        pair = tuple(betas)
    except TypeError as error:
        raise TypeError(expected(operation, "betas to be a pair of numbers", type(betas).__name__)) from error
    if len(pair) != 2:
        raise ValueError(expected(operation, "two betas", str(len(pair)), "Pass betas=(0.9, 0.999)."))
    for index, beta in enumerate(pair):
        if not 0.0 <= _compare(operation, f"betas[{index}]", beta) < 1.0:
            raise ValueError(f"Invalid beta parameter at index {index}: {beta}")


def check_flags(operation: str, *, differentiable: bool, foreach: bool | None = None, fused: bool | None = None) -> None:
    """Which implementation the caller asks for. `foreach` and `fused` choose none here, there is one (in place, block
    by block); a contradiction is still an error, and so is the one wish that cannot be fulfilled."""
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
    if differentiable:
        raise NotImplementedError(
            f"{operation}: differentiable=True is not supported: step() writes in place and records nothing. "
            "To differentiate through an update, write it as an expression: "
            "`(g,) = autograd.grad(loss, [p], create_graph=True); p_next = p - lr * g`, and go on with p_next."
        )


def check_capturable(operation: str, capturable: bool) -> None:
    """Capturing belongs to accelerators; on the CPU PyTorch's step fails with this exception type."""
    if capturable:
        raise AssertionError(
            f"{operation}: If capturable=True, params and state_steps must be on an accelerator, but they are on the "
            "CPU. Leave capturable=False (set it in optimizer.param_groups if it came with a loaded state dict)."
        )
