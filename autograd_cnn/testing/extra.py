"""What `gradcheck` looks at beside the values: determinism, undefined gradients, dtypes, batches, Jacobian-vector products."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import functional
from ..autograd.gradients import grad
from ..config import enable_grad
from ..tensors.tensor import Tensor, wrap
from .numeric import slope
from .subject import Subject, array_of, as_tuple


def extra_problems(
    subject: Subject,
    rng: np.random.Generator,
    *,
    nondet_tol: float,
    undefined: bool,
    dtypes: bool,
    batched: bool,
    forward: bool,
    batched_forward: bool,
    atol: float,
    rtol: float,
) -> list[str]:
    """A sentence for each thing that is wrong."""
    if not subject.connected:
        return []
    problems = _nondeterministic(subject, rng, nondet_tol)
    tensors = all(isinstance(subject.inputs[i], Tensor) for i in subject.wanted)
    if tensors and not problems:
        problems = _kinds_of_gradients(subject, rng, nondet_tol)
    if undefined and len(subject.chosen) > 1:
        problems += _undefined(subject, rng)
    if tensors and dtypes:
        problems += _dtypes(subject, rng)
    if tensors and batched:
        problems += _batched(subject, rng)
    if tensors and forward:
        problems += _forward(subject, rng, atol, rtol, 3 if batched_forward else 1)
    return problems


def _weights(subject: Subject, rng: np.random.Generator) -> list[Any]:
    return [rng.standard_normal(y.shape) for y in subject.like]


def _nondeterministic(subject: Subject, rng: np.random.Generator, tolerance: float) -> list[str]:
    weights = _weights(subject, rng)
    outputs = subject.outputs()
    once, again = subject.pull(weights, outputs), subject.pull(weights, outputs)
    for i, a, b in zip(subject.wanted, once, again, strict=True):
        gap = float(np.abs(a - b).max(initial=0.0))
        if gap > tolerance:
            return [
                "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives different values, "
                f"although analytical gradient matches numerical gradient. The tolerance for nondeterminism was {tolerance}; input {i} "
                f"differs by {gap:.3g}."
            ]
    return []


def _kinds_of_gradients(subject: Subject, rng: np.random.Generator, tolerance: float) -> list[str]:
    """Whatever gradient arrives, the rule must do the same linear thing with it: also with one that has zeros in it, that is the same number
    everywhere (stored once, as that of an expanded tensor), or whose entries do not lie side by side in memory."""
    outputs = subject.outputs()

    def pull(weights: list[Any]) -> list[Any]:
        return subject.pull(weights, outputs)

    dense = _weights(subject, rng)
    whole = pull(dense)
    masks = [rng.random(w.shape) < 0.5 for w in dense]
    kept = pull([np.where(m, w, 0.0) for m, w in zip(masks, dense, strict=True)])
    rest = pull([np.where(m, 0.0, w) for m, w in zip(masks, dense, strict=True)])
    tried = {
        "with zeros in it": (whole, [a + b for a, b in zip(kept, rest, strict=True)]),
        "whose entries are one number in memory (as of an expanded tensor)": (
            pull([np.full(w.shape, 0.7) for w in dense]),
            pull([np.broadcast_to(np.array(0.7, y.dtype), y.shape) for y in subject.like]),
        ),
        "with gaps in its memory": (whole, pull([_with_gaps(w, y.dtype) for w, y in zip(dense, subject.like, strict=True)])),
    }
    close = max(1e-7, 1e3 * subject.unit)
    for what, (want, found) in tried.items():
        for i, a, b in zip(subject.wanted, want, found, strict=True):
            there = np.isfinite(a) & np.isfinite(b)
            gap = np.abs(np.where(there, a, 0.0) - np.where(there, b, 0.0)).max(initial=0.0)
            if gap > tolerance + close * (1 + np.abs(np.where(there, a, 0.0)).max(initial=0.0)):
                return [
                    f"The rule is not one linear function of the gradient that arrives: with one {what} the gradient of input {i} is off by "
                    f"{float(gap):.3g}, though it agrees with the differences for others."
                ]
    return []


def _with_gaps(w: Any, dtype: Any) -> Any:
    wide = np.zeros((*w.shape, 2), dtype)
    wide[..., 0] = w
    return wide[..., 0]


def _undefined(subject: Subject, rng: np.random.Generator) -> list[str]:
    """An output whose gradient is undefined counts as one whose gradient is zero."""
    weights = _weights(subject, rng)
    for j, number in enumerate(subject.chosen):
        alone = [w if k == j else np.zeros_like(w) for k, w in enumerate(weights)]
        wanted = subject.pull(alone)
        outputs = subject.outputs()
        if not outputs[j].requires_grad:
            continue
        try:
            xs = [subject.inputs[i] for i in subject.wanted]
            if not isinstance(outputs[j], Tensor):
                return []
            seed = wrap(np.asarray(weights[j], outputs[j].value.dtype))
            got = grad(outputs[j], xs, seed, allow_unused=True)
        except Exception as error:
            return [
                f"Expected backward function to handle undefined output grads: with a gradient for output {number} only it raised "
                f"{type(error).__name__}: {error}"
            ]
        for i, a, b in zip(subject.wanted, wanted, got, strict=True):
            found = np.zeros_like(a) if b is None else array_of(b)
            if not np.allclose(a, found, rtol=1e-6, atol=1e-9):
                return [
                    f"Expected backward function to treat undefined output grads as zeros: with a gradient for output {number} only, "
                    f"the gradient of input {i} differs from that with zeros for the others."
                ]
    return []


def _dtypes(subject: Subject, rng: np.random.Generator) -> list[str]:
    found = []
    for i, g in zip(subject.wanted, subject.pull(_weights(subject, rng)), strict=True):
        want = subject.inputs[i].value.dtype
        if g.dtype != want:
            found.append(f"Gradient dtype: expected {want} for input {i}, as the input, got {g.dtype}.")
    return found


def _batched(subject: Subject, rng: np.random.Generator) -> list[str]:
    count = 3
    outputs = subject.outputs()
    live = [(j, y) for j, y in enumerate(outputs) if y.requires_grad]
    seeds = [rng.standard_normal((count, *y.value.shape)).astype(y.value.dtype) for _, y in live]
    xs = [subject.inputs[i] for i in subject.wanted]
    ys = [y for _, y in live]
    together = grad(ys, xs, [wrap(s) for s in seeds], retain_graph=True, allow_unused=True, is_grads_batched=True)
    for b in range(count):
        alone = grad(ys, xs, [wrap(np.asarray(s[b])) for s in seeds], retain_graph=True, allow_unused=True)
        for i, t, a in zip(subject.wanted, together, alone, strict=True):
            if (t is None) != (a is None) or (a is not None and not np.allclose(t.value[b], a.value)):
                return [f"check_batched_grad: the batched gradient of input {i} differs from one call for each gradient."]
    return []


def _forward(subject: Subject, rng: np.random.Generator, atol: float, rtol: float, count: int) -> list[str]:
    """J · u from `functional.jvp` against differences along u, for each input alone."""
    for i in subject.wanted:
        x = subject.inputs[i]
        for _ in range(count):
            way = rng.standard_normal(x.value.shape)

            def alone(moved: Any, i: int = i) -> Any:
                args = list(subject.inputs)
                args[i] = moved
                made = as_tuple(subject.fn(*args))
                return tuple(made[j] for j in subject.chosen)

            with enable_grad():
                _, told = functional.jvp(alone, x, wrap(np.asarray(way, x.value.dtype)))
            flat = np.concatenate([array_of(t).reshape(-1) for t in as_tuple(told)])
            s = slope(subject.along(i, way), 1.0, None, unit=subject.unit)
            if not np.all(np.abs(flat - s.value) <= atol + rtol * np.abs(s.value) + (0 if subject.unit < 1e-15 else 4 * s.error)):
                return [
                    f"Jacobian-vector product: functional.jvp and differences disagree for input {i} (worst "
                    f"{float(np.abs(flat - s.value).max()):.3g})."
                ]
    return []
