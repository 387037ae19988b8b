"""Branches and loops: graphs inside a graph."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...tensors.creation import zeros_like
from ..dims import OnnxError
from .elementwise import ac
from .table import Node, Unsupported, axis_of, bounded, ints, number, operator, tensor


def _run(n: Node, body: Any, given: Sequence[Any], outputs: int) -> list[Any]:
    """What a body gives for these."""
    names = [i.name for i in body.input]
    if len(names) != len(given) or len(body.output) < outputs:
        raise OnnxError(
            f"onnx: {n.operator}: expected a body of {len(given)} inputs and at least {outputs} outputs, got one of {len(names)} and "
            f"{len(body.output)}."
        )
    found: list[Any] = n.subgraph(body, dict(zip(names, given, strict=True)))
    return found


def _stacked(rows: Sequence[Any], axis: int = 0) -> Any:
    if all(isinstance(v, np.ndarray | np.generic) for v in rows):
        return np.stack(rows, axis)
    return ac.stack([tensor(v) for v in rows], axis)


class _Kept:
    """What the rounds of a loop give, until it ends; at most as much as a computer has room for."""

    def __init__(self, count: int) -> None:
        self.rows: list[list[Any]] = [[] for _ in range(count)]
        self.entries = 0

    def add(self, found: Sequence[Any]) -> None:
        for row, y in zip(self.rows, found, strict=True):
            row.append(y)
            self.entries += max(math.prod(getattr(y, "shape", ())), 64)
        bounded([self.entries])


@operator("If", takes="values")
def _(n: Node, condition: Any) -> Any:
    branch = n.get("then_branch" if bool(number(condition, "a condition")) else "else_branch")
    return tuple(_run(n, branch, (), n.outs))


@operator("Loop", takes="values")
def _(n: Node, count: Any, condition: Any = None, *state: Any) -> Any:
    body = n.get("body")
    most = None if count is None else int(number(count, "a count"))
    going = condition is None or bool(number(condition, "a condition"))
    carried: list[Any] = list(state)
    kept = _Kept(max(len(body.output) - 1 - len(state), 0))
    k = 0
    while going and (most is None or k < most):
        found = _run(n, body, [np.array(k, np.int64), np.array(going), *carried], 1 + len(state))
        going = bool(number(found[0], "a condition"))
        carried = found[1 : 1 + len(state)]
        kept.add(found[1 + len(state) :])
        k += 1
    if any(not row for row in kept.rows):  # of no round the file alone says what shape it has
        raise Unsupported
    return (*carried, *(_stacked(r) for r in kept.rows))


@operator("Scan", takes="values")
def _(n: Node, *given: Any) -> Any:
    if n.opset < 9:
        return _scan_batches(n, *given)
    return _scan(n, given, n.get("scan_input_directions"), None)


def _scan(n: Node, given: Sequence[Any], directions: Any, steps: int | None) -> tuple[Any, ...]:
    """The state after all steps, and what each step gave. `steps`: of a sequence that is shorter than its room."""
    body, inputs = n.get("body"), n.get("num_scan_inputs", 0)
    if not 1 <= inputs <= len(given) or len(body.output) < len(given) - inputs:
        raise OnnxError(f"onnx: Scan: expected 1 to {len(given)} inputs to scan, and a body that gives each state, got {inputs} of them.")
    states, scanned = list(given[: len(given) - inputs]), given[len(given) - inputs :]
    outputs = len(body.output) - len(states)
    axes = [axis_of(a, x.ndim, "Scan") for a, x in zip(n.get("scan_input_axes") or [0] * inputs, scanned, strict=True)]
    back = directions or [0] * inputs
    lengths = {x.shape[a] for x, a in zip(scanned, axes, strict=True)}
    if len(lengths) > 1:
        raise OnnxError(f"onnx: Scan: expected sequences of one length, got {sorted(lengths)}.")
    length = lengths.pop() if steps is None else steps
    kept = _Kept(outputs)
    for t in range(length):
        at = [length - 1 - t if b else t for b in back]
        found = _run(
            n, body, [*states, *(x[(slice(None),) * a + (k,)] for x, a, k in zip(scanned, axes, at, strict=True))], len(body.output)
        )
        states = found[: len(states)]
        kept.add(found[len(states) :])
    if any(not row for row in kept.rows):
        raise Unsupported
    turned = n.get("scan_output_directions") or [0] * outputs
    along = n.get("scan_output_axes") or [0] * outputs
    rows = [_stacked(r[::-1] if b else r, int(a)) for r, b, a in zip(kept.rows, turned, along, strict=True)]
    return (*states, *rows)


def _scan_batches(n: Node, lengths: Any, *given: Any) -> tuple[Any, ...]:
    """Opset 8: each sequence of a batch alone, and zeros behind the shorter ones."""
    inputs = n.get("num_scan_inputs", 0)
    if not 1 <= inputs <= len(given) or any(getattr(x, "ndim", 0) < 1 for x in given):
        raise OnnxError(f"onnx: Scan: expected 1 to {len(given)} inputs to scan, all of batches, got {inputs} of them.")
    batch, room = given[-1].shape[0], given[-1].shape[1]
    steps = [room] * batch if lengths is None else ints(lengths, "a length")
    found = [_scan(n, [x[b] for x in given], n.get("directions"), steps[b]) for b in range(batch)]
    states = len(given) - inputs
    columns = [[tensor(v) for v in column] for column in zip(*found, strict=True)]
    for column in columns[states:]:
        column[:] = [_lengthened(y, room) for y in column]
    return tuple(_stacked(column) for column in columns)


def _lengthened(y: Any, room: int) -> Any:
    missing = room - y.shape[0]
    return ac.cat([y, zeros_like(y[:1]).expand(missing, *y.shape[1:])], 0) if missing else y
