"""Which entries of the input a unit depends on, read backwards through the recorded graph.

A field is a mask over the places of a value (its dims after batch and channel); channels are not told apart. What an
operation reads is known from its windows, or found by sending impulses through the operation itself.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from ...analysis.windows import Window, window_of
from ...graph.graph import Graph
from ...graph.step import Step

Mask = npt.NDArray[np.bool_]
POINTWISE = ("arithmetic", "activation", "dropout", "compare")
PROBED = ("adaptive_avg_pool", "adaptive_max_pool", "resample", "pad_constant", "flip", "roll", "select_view", "select_copy", "shift")
CHANNELWISE = ("batch_norm_eval", "local_response_norm", "clone", "cast", "contiguous")


def space(graph: Graph, i: int) -> tuple[int, ...]:
    """The sizes of a value after batch and channel."""
    return (graph.values[i].shape or ())[2:]


def fields(graph: Graph, target: int, unit: tuple[int, ...]) -> dict[int, Mask]:
    """For each value that the unit of the value `target` depends on: where."""
    seen = np.zeros(space(graph, target), bool)
    seen[unit] = True
    found: dict[int, Mask] = {target: seen}
    for step in reversed(graph.steps):
        given = [found[i] for i in step.outputs if i in found]
        if not given or not given[0].any():
            continue
        for k, i in enumerate(step.inputs):
            v = graph.values[i]
            if v.kind not in ("input", "result") or not v.shape:
                continue
            mask = _read(graph, step, k, given[0])
            found[i] = found[i] | mask if i in found else mask
    return found


def _read(graph: Graph, step: Step, k: int, mask: Mask) -> Mask:
    """The places of the step's k-th input that these places of its output depend on."""
    size = space(graph, step.inputs[k])
    everything = np.ones(size, bool)
    if len(size) == mask.ndim and k == 0:
        window = window_of(step, graph)
        if window is not None:
            return separable(mask, [_reach(window, d, size[d], mask.shape[d]) for d in range(mask.ndim)])
        if step.name in PROBED:
            found = _probed(step, size, mask.shape)
            return everything if found is None else separable(mask, found)
    if len(size) == mask.ndim and _keeps_places(graph, step):
        return _unbroadcast(mask, size)
    return everything


def _keeps_places(graph: Graph, step: Step) -> bool:
    """Does each place of the output depend on the same place of the inputs alone?"""
    dim = step.params.get("dim")
    if step.name in ("softmax", "log_softmax", "cat"):
        rank = len(graph.values[step.inputs[0]].shape or ())
        return isinstance(dim, int) and dim % rank == 1
    return step.family in POINTWISE or step.name in CHANNELWISE


def separable(mask: Mask, reach: list[Mask]) -> Mask:
    """The inputs that outputs read, where along dimension d output p reads input q if `reach[d][p, q]`."""
    found = mask
    for d, r in enumerate(reach):
        found = np.moveaxis(np.tensordot(found.astype(np.float32), r.astype(np.float32), (d, 0)), -1, d) > 0  # sums of ones: never 0
    return found


def _unbroadcast(mask: Mask, size: tuple[int, ...]) -> Mask:
    for d, n in enumerate(size):
        if n == 1 and mask.shape[d] != 1:
            mask = np.asarray(mask.any(axis=d, keepdims=True))
    return mask


@functools.lru_cache(maxsize=256)
def _reach(window: Window, d: int, inputs: int, outputs: int) -> Mask:
    found = np.zeros((outputs, inputs), bool)
    for p in range(outputs):
        found[p, window.reads(d, p, inputs)] = True
    return found


def _probed(step: Step, size: tuple[int, ...], out: tuple[int, ...]) -> list[Mask] | None:
    """What each dimension reads: along it an impulse at each place (one for each sample of a batch), even elsewhere."""
    params: dict[str, Any] = dict(step.params)
    if step.name == "pad_constant":
        params["value"] = 0.0
    found = []
    for d, n in enumerate(size):
        x = np.zeros((n, 1, *size))
        for q in range(n):
            x[(q, 0, *(q if k == d else slice(None) for k in range(len(size))))] = 1.0
        try:
            y = step.primitive.forward(x, **params)
        except (ValueError, IndexError, TypeError, RuntimeError):
            return None  # it is no such operation for other batches and channels: it may read anything
        y = np.asarray(y[0] if isinstance(y, tuple) else y)
        if y.shape != (n, 1, *out):
            return None
        others = tuple(k for k in range(1, y.ndim) if k != d + 2)
        found.append((y != 0).any(axis=others).T)
    return found


def centres(graph: Graph, d: int) -> dict[int, tuple[float, float]]:
    """For each value with places: the middle of its first entry on the input along dimension d, and how far its entries lie
    apart there (offset and jump)."""
    found = {i: (0.0, 1.0) for i in graph.inputs if len(space(graph, i)) > d}
    for step in graph.steps:
        source = next((i for i in step.inputs if i in found), None)
        if source is None:
            continue
        start, jump = found[source]
        n = space(graph, source)[d]
        for o in step.outputs:
            if len(space(graph, o)) <= d:
                continue
            window = window_of(step, graph)
            if window is None:
                share = n / space(graph, o)[d] if step.family == "pool" else 1.0
                found[o] = (start + (share - 1) / 2 * jump, jump * share)
            else:
                a = window.along[d]
                middle = (a.span - 1) / 2 - a.before
                found[o] = (
                    (start - middle / a.stride * jump, jump / a.stride) if window.spreads else (start + middle * jump, jump * a.stride)
                )
    return found
