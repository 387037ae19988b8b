"""Resilient backpropagation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import expected
from ..tensors.tensor import Tensor, wrap
from .checks import check_lr, check_not_negative
from .elementwise import Array, Constant, Elementwise, Phase, Update, advance, buffer, number
from .optimizer import ParamsT


class Rprop(Elementwise):
    """Steps of a length of their own for each element, which looks at the gradient's sign only. For whole batches.

        η ← clamp(η · etaplus)  where the sign stayed,  clamp(η · etaminus)  where it turned (g = 0 there)
        p ← p − η · sign(g)

    Args:
        params: tensors, (name, tensor) pairs, or dicts of parameter groups.
        lr: the first step length, a number or a tensor of one element.
        etas: (etaminus, etaplus), with 0 < etaminus < 1 < etaplus.
        step_sizes: the least and the greatest step length.
        capturable: for accelerators; `step` refuses it, as on PyTorch's CPU.
        foreach: taken for PyTorch's sake; there it chooses a kernel, here there is one.
        maximize: climb instead of descend.
        differentiable: refused with an error that shows what to write instead.
        l1: L1 regularisation.

    >>> import autograd_cnn as ac
    >>> w = ac.tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = ac.optim.Rprop([w], lr=0.25)
    >>> w.grad = ac.tensor([100.0, -0.01])
    >>> optimizer.step()
    >>> w.tolist()
    [0.75, 1.25]

    Source: Riedmiller and Braun 1993, A direct adaptive method for faster backpropagation learning: RPROP.
    """

    _keeps = ("step", "prev", "step_size")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        l1: float = 0.0,
    ) -> None:
        check_lr("Rprop", lr)
        for name, pair in (("etas", etas), ("step_sizes", step_sizes)):
            if len(pair) != 2:
                raise ValueError(expected("Rprop", f"{name} to be a pair", f"{len(pair)} values"))
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        check_not_negative("Rprop", l1=l1)
        super().__init__(
            params,
            {
                "lr": lr,
                "etas": etas,
                "step_sizes": step_sizes,
                "foreach": foreach,
                "maximize": maximize,
                "differentiable": differentiable,
                "capturable": capturable,
                "l1": l1,
            },
        )

    def _begin(self, group: dict[str, Any], p: Tensor) -> tuple[Phase, Sequence[Tensor]]:
        state = self.state[p]
        advance(state)
        prev = buffer(state, "prev", p)
        if "step_size" not in state:
            state["step_size"] = wrap(np.full_like(p.value, number(group["lr"]), subok=False))
        return (), (prev, state["step_size"])

    def _rule(self, group: dict[str, Any], c: Constant, *phase: Any) -> Update:
        shrink, grow = (c(eta) for eta in group["etas"])
        least, greatest = (c(size) for size in group["step_sizes"])
        zero = c(0.0)

        def update(t: Array, u: Array, p: Array, g: Array, prev: Array, eta: Array) -> None:
            np.multiply(g, prev, out=t)
            turned = t < zero
            u.fill(1.0)
            np.copyto(u, grow, where=t > zero)
            np.copyto(u, shrink, where=turned)
            np.multiply(eta, u, out=eta)
            np.maximum(eta, least, out=eta)
            np.minimum(eta, greatest, out=eta)
            np.copyto(prev, g)
            np.copyto(prev, zero, where=turned)
            np.sign(prev, out=t)
            np.copyto(t, zero, where=np.isnan(t))  # PyTorch's sign of NaN is 0
            np.multiply(t, eta, out=t)
            np.subtract(p, t, out=p)

        return update
