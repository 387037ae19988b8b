"""`backward` and `grad` of tensors."""

from __future__ import annotations

from collections.abc import Sequence

from ..tensors import gradients as _gradients
from ..tensors.tensor import Tensor


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Accumulate the gradients of `tensors` with respect to the leaves into the leaves' `.grad`.

    Raises:
        GraphError (a RuntimeError): a value without graph, a value of several elements without its gradient, and a graph that was
            freed.
        InplaceError: a value overwritten since.

    >>> import autograd_cnn as ac
    >>> x = ac.tensor([1., 2.], requires_grad=True)
    >>> ac.autograd.backward((x * 3).sum())
    >>> x.grad
    tensor([3., 3.])
    """
    _gradients.backward(Tensor, tensors, grad_tensors, retain_graph, create_graph, inputs)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor, ...]:
    """The gradients of `outputs` with respect to `inputs`, returned instead of accumulated.

    Args:
        outputs, grad_outputs: what to differentiate, and dE/d outputs (1 by default for a single number).
        inputs: leaves or intermediate values.
        create_graph: record the walk, so that the gradients can be differentiated again.
        allow_unused: give None for an input that the outputs do not depend on, instead of raising.
        is_grads_batched: the first dim of each `grad_outputs` counts several gradients; so does that of the results.
        materialize_grads: give zeros instead of None.

    >>> import autograd_cnn as ac
    >>> x = ac.tensor(2., requires_grad=True)
    >>> g, = ac.autograd.grad(x ** 3, x, create_graph=True)
    >>> ac.autograd.grad(g, x)
    (tensor(12.),)
    """
    return _gradients.grad(
        Tensor, outputs, inputs, grad_outputs, retain_graph, create_graph, only_inputs, allow_unused, is_grads_batched, materialize_grads
    )
