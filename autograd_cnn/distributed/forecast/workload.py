"""What one node does in a step: how long forward and backward take, and which gradients are there when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...analysis.costs import multiply_adds
from ...errors import expected
from ...graph.graph import Graph
from ...graph.trace import trace
from ...support.evaluation import evaluating
from ...tensors.creation import zeros
from ...tensors.tensor import Tensor
from ..buckets import CAP_MIB, in_buckets

Shape = tuple[int, ...]
FLOPS = 10e12


@dataclass(frozen=True, slots=True)
class Bucket:
    """Gradients that travel together. ready: which part of the backward pass is over when the last of them is there."""

    bytes: int
    ready: float
    shapes: tuple[Shape, ...]
    itemsize: int


@dataclass(frozen=True, slots=True)
class Workload:
    """One node's step on a batch of its own: seconds of the forward and of the backward pass, and the buckets in their order."""

    name: str
    batch: int
    forward: float
    backward: float
    buckets: tuple[Bucket, ...]
    flops: float  # arithmetic operations a second, as it comes out
    parameters: int
    dense: float  # the share of the parameters in matrix products
    dense_work: float  # and that of the multiply-adds

    @property
    def seconds(self) -> float:
        """A step of one node alone."""
        return self.forward + self.backward

    @property
    def bytes(self) -> int:
        """All gradients."""
        return sum(b.bytes for b in self.buckets)


def workload(
    model: Any,
    input: Any,
    batch: int = 32,
    *,
    seconds: float | None = None,
    flops: float = FLOPS,
    bucket_cap_mb: float = CAP_MIB,
) -> Workload:
    """A node's work in a training step of `model`.

    Time is divided among the layers by their multiply-adds, of which the forward pass has one share and the backward pass two (the
    gradients by the input and by the weights). A parameter's gradient is there when the backward pass is through the first operation
    that uses it.

    Args:
        input: a batch of samples, or the sizes of one sample, as (3, 224, 224).
        batch: samples a node has in each step.
        seconds: how long a step without others takes, as measured; if not given, 2 · 3 · multiply-adds / flops.
        flops: arithmetic operations a second, as they come out (not as a data sheet promises).
        bucket_cap_mb: as DistributedDataParallel's.

    Raises:
        ValueError: no parameter requires a gradient, no layer multiplies, a number out of range.

    >>> import autograd_cnn as ac
    >>> work = ac.distributed.workload(ac.nn.Sequential(ac.nn.Linear(8, 16), ac.nn.Linear(16, 4)), (8,), batch=10, flops=1e6)
    >>> work.parameters, f"{work.seconds:.5f}", [b.bytes for b in work.buckets]  # (8·16 + 16·4) · 10 · 6 / 1e6
    (212, '0.01152', [848])
    """
    if not (isinstance(batch, int) and batch >= 1):
        raise ValueError(expected("scaling", "batch from 1 on", str(batch)))
    for name, value in (("seconds", seconds), ("flops", flops), ("bucket_cap_mb", bucket_cap_mb)):
        if value is not None and not value > 0:
            raise ValueError(expected("scaling", f"{name} above 0", str(value)))
    graph = _traced(model, input)
    params = [p for _, p in model.named_parameters() if p.requires_grad]
    if not params:
        raise ValueError(expected("scaling", "a model with a parameter that requires a gradient", "none"))
    costs = [multiply_adds(step, graph) for step in graph.steps]
    total = sum(costs)
    if not total:
        raise ValueError(expected("scaling", "a model whose layers multiply (convolutions, dense layers)", "none"))
    samples = (graph.values[graph.inputs[0]].shape or (1,))[0]
    whole = 2 * 3 * total * batch / samples
    step_seconds = whole / flops if seconds is None else seconds
    there, kinds = _arrivals(graph, costs)
    sizes = [(p.numel() * p.detach().value.itemsize, p.dtype) for p in params]
    buckets = []
    latest = 0.0
    for group in in_buckets(sizes, bucket_cap_mb):
        latest = max([latest, *(there.get(id(params[i]), 0.0) for i in group)])  # buckets leave in their order
        shapes = tuple(tuple(params[i].shape) for i in group)
        buckets.append(Bucket(sum(sizes[i][0] for i in group), latest, shapes, params[group[0]].detach().value.itemsize))
    count = sum(p.numel() for p in params)
    dense = sum(p.numel() for p in params if kinds.get(id(p)) in ("linear", "matmul", "einsum"))
    dense_cost = sum(c for c, step in zip(costs, graph.steps, strict=True) if step.name in ("linear", "matmul", "einsum"))
    return Workload(
        type(model).__name__,
        batch,
        step_seconds / 3,
        step_seconds * 2 / 3,
        tuple(buckets),
        whole / step_seconds,
        count,
        dense / count,
        dense_cost / total,
    )


def _traced(model: Any, input: Any) -> Graph:
    """One forward pass as it is without chance and batch statistics, which change neither the arithmetic nor the parameters."""
    if not isinstance(input, Tensor):
        if not (isinstance(input, Sequence) and all(isinstance(n, int) and n > 0 for n in input)):
            raise TypeError(f"scaling: expected input to be a Tensor, or the sizes of a sample such as (3, 224, 224), got {input!r}.")
        input = zeros(1, *input)
    with evaluating(model):
        return trace(model, input.detach())


def _arrivals(graph: Graph, costs: Sequence[int]) -> tuple[dict[int, float], dict[int, str]]:
    """By the parameter: which part of the backward pass is over when its gradient is whole, and the operation that uses it first."""
    there: dict[int, float] = {}
    kinds: dict[int, str] = {}
    left = total = sum(costs)
    for step, cost in zip(graph.steps, costs, strict=True):  # the backward pass comes to a step when it is through all later ones
        for i in step.inputs:
            value = graph.values[i]
            if value.of is not None and id(value.of) not in there:
                there[id(value.of)] = left / total
                kinds[id(value.of)] = step.name
        left -= cost
    return there, kinds
