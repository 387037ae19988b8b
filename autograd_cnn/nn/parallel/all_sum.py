"""A sum over all processes through which gradients flow."""

from __future__ import annotations

from typing import Any

from ...autograd.function import Function
from ...distributed.collectives import all_reduce
from ...distributed.groups import ProcessGroup
from ...tensors.tensor import Tensor


class AllSum(Function):
    """The sum of everybody's tensors, on everybody. What each makes of it counts: the gradient is the sum of everybody's gradients."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, group: ProcessGroup) -> Tensor:
        ctx.group = group
        result = input.clone()
        all_reduce(result, group=group)
        return result

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return all_sum(grad, ctx.group), None


def all_sum(input: Tensor, group: ProcessGroup) -> Tensor:
    """The sum of all processes' `input`."""
    result: Tensor = AllSum.apply(input, group)
    return result
