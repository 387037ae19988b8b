"""`gradcheck` and `gradgradcheck`: the rules' derivatives against finite differences, with a report that names the cause."""

from __future__ import annotations

import math
import warnings
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from ..autograd.gradients import grad
from ..engine.variable import Variable
from ..tensors.tensor import Tensor, wrap
from .diagnose import diagnose
from .extra import extra_problems
from .numeric import slope
from .report import Entry, GradcheckError, GradcheckReport, GradcheckWarning, InputReport
from .subject import Subject, array_of, as_tuple

_PROJECTIONS = 2
_SUSPICIOUS = 1e-6  # a right float64 rule is nearer than this to the differences, relatively, beside their own error


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float | None = None,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> GradcheckReport:
    """Compare the gradients of `func(*inputs)` with finite differences: |rule − differences| ≤ atol + rtol · |differences| for every
    entry of the Jacobian, of all inputs that require a gradient and all outputs that have one.

    Both sides are first compared along random directions, which costs a few evaluations; entry by entry only where that fails. The
    differences are central, with steps fitted to the values' scale, and Richardson-extrapolated: for correct float64 rules atol and
    rtol of 1e-7 are met. With float32 inputs the differences' own rounding error is added to the tolerance.

    Args:
        func: takes Tensors (or Scalars) and returns one or several; an `autograd.Function`'s `apply`, a module, any function.
        inputs: its arguments; those with requires_grad are checked. Give float64 for exact answers.
        eps: a fixed step of one plain central difference, as PyTorch takes (1e-6 there); None fits the step to the values.
        raise_exception: raise GradcheckError (which has the report) instead of returning a report that is false.
        nondet_tol: how much two backward passes over the same graph inputs may differ.
        check_undefined_grad: with several outputs, leave all but one without a gradient, and compare with zeros.
        check_grad_dtypes: gradients must have their inputs' dtype.
        check_batched_grad: `autograd.grad(is_grads_batched=True)` must agree with one call for each gradient.
        check_forward_ad: Jacobian-vector products (`autograd.functional.jvp`) must agree with the differences.
        check_batched_forward_grad: the same for several vectors; needs check_forward_ad.
        check_backward_ad: False leaves out the gradients themselves.
        fast_mode: only along random directions, with the tolerance as it is.
        masked: about sparse tensors in PyTorch; only None and False are accepted.

    Returns a `GradcheckReport`, true if all is well, which prints for each input the worst entry, both values, the error in units
    of the tolerance and the likely cause (sign, transposed, broadcast, axis, factor, swapped, second use, zero, kink, …). Points at which the
    function has no derivative are listed as kinks, also where the values agree. A float64 gradient within the tolerance that is off by
    more than the differences' own error explains (a factor of 1.00003) gets a `GradcheckWarning`.

    Raises:
        GradcheckError (a RuntimeError): a wrong gradient.
        ValueError: no input requires a gradient.
        RuntimeError: inputs whose entries share memory; whatever `func` raises.

    >>> import autograd_cnn as ac
    >>> from autograd_cnn.testing import gradcheck
    >>> x = ac.tensor([1., 2., 3.], dtype=ac.float64, requires_grad=True)
    >>> bool(gradcheck(lambda x: x.sin() * x, (x,)))
    True

    Source: Richardson, "The deferred approach to the limit", 1927; the random projection follows HIPS autograd's test_util.
    """
    report = _report(
        func,
        inputs,
        1,
        eps=eps,
        atol=atol,
        rtol=rtol,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        check_batched_forward_grad=check_batched_forward_grad,
        check_forward_ad=check_forward_ad,
        check_backward_ad=check_backward_ad,
        fast_mode=fast_mode,
        masked=masked,
    )
    return _conclude(report, raise_exception)


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float | None = None,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool | None = False,
) -> GradcheckReport:
    """`gradcheck` of the gradient: the second derivatives of `func(*inputs)`, and the derivative by `grad_outputs`.

    Args:
        grad_outputs: dE/d output for each output, as leaves that require a gradient to be differentiated by, too; drawn at random
            if left out (`gen_non_contig_grad_outputs`: with gaps in their memory).
        check_fwd_over_rev, check_rev_over_rev: Jacobian-vector products of the gradient, and gradients of it.

    The other arguments, the result and the errors are those of `gradcheck`.

    >>> import autograd_cnn as ac
    >>> from autograd_cnn.testing import gradgradcheck
    >>> x = ac.tensor([0.5, 2.], dtype=ac.float64, requires_grad=True)
    >>> bool(gradgradcheck(lambda x: x ** 3, (x,)))
    True
    """
    if masked:
        raise ValueError("gradgradcheck: masked=True is about sparse tensors: expected None or False, all tensors are dense here.")
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise ValueError("gradgradcheck: expected check_rev_over_rev or check_fwd_over_rev, got both False: nothing would be checked.")
    given = as_tuple(inputs)
    subject = Subject(func, given, "gradgradcheck")
    if grad_outputs is None:
        rng = np.random.default_rng(_seed(subject) + 1)
        seeds: tuple[Any, ...] = tuple(_seed_like(y, rng, gen_non_contig_grad_outputs) for y in subject.like)
    else:
        seeds = as_tuple(grad_outputs)
    first = len(given)
    chosen, wanted = subject.chosen, subject.wanted

    def gradient(*args: Any) -> Any:
        made = as_tuple(func(*args[:first]))
        outs = [made[j] for j in chosen]
        live = [(y, g) for y, g in zip(outs, args[first:], strict=True) if y.requires_grad]
        got = grad([y for y, _ in live], [args[i] for i in wanted], [g for _, g in live], create_graph=True, allow_unused=True)
        return tuple(g for g in got if g is not None)

    report = _report(
        gradient,
        (*given, *seeds),
        2,
        eps=eps,
        atol=atol,
        rtol=rtol,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        check_batched_forward_grad=False,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
        masked=False,
    )
    return _conclude(report, raise_exception)


def _report(
    func: Callable[..., Any],
    inputs: Any,
    order: int,
    *,
    eps: float | None,
    atol: float,
    rtol: float,
    nondet_tol: float,
    check_undefined_grad: bool,
    check_grad_dtypes: bool,
    check_batched_grad: bool,
    check_batched_forward_grad: bool,
    check_forward_ad: bool,
    check_backward_ad: bool,
    fast_mode: bool,
    masked: bool | None,
) -> GradcheckReport:
    """What `gradcheck` finds, before anybody is told."""
    if masked:
        raise ValueError("gradcheck: masked=True is about sparse tensors: expected None or False, all tensors are dense here.")
    if check_batched_forward_grad and not check_forward_ad:
        raise ValueError("Setting check_batched_forward_grad=True requires check_forward_ad to be True: expected both.")
    if not (check_backward_ad or check_forward_ad):
        raise ValueError("gradcheck: expected check_backward_ad or check_forward_ad, got both False: nothing would be checked.")
    subject = Subject(func, inputs)
    rng = np.random.default_rng(_seed(subject))
    rows: list[InputReport] = []
    if check_backward_ad:
        rows = [_check_input(subject, k, i, rng, atol, rtol, eps, fast_mode) for k, i in enumerate(subject.wanted)]
        rows = rows if fast_mode else _exchanged(subject, rows, atol, rtol, eps)
    problems: list[str] = []
    if all(r.passed for r in rows):
        problems = extra_problems(
            subject,
            rng,
            nondet_tol=nondet_tol,
            undefined=check_undefined_grad and check_backward_ad,
            dtypes=check_grad_dtypes,
            batched=check_batched_grad,
            forward=check_forward_ad,
            batched_forward=check_batched_forward_grad,
            atol=atol,
            rtol=rtol,
        )
    return GradcheckReport(all(r.passed for r in rows) and not problems, tuple(rows), tuple(problems), order, atol, rtol, subject.calls)


def _seed_like(y: Any, rng: np.random.Generator, gaps: bool) -> Tensor:
    values = rng.standard_normal(y.shape).astype(y.dtype)
    if gaps and values.ndim:
        wide = np.zeros((*values.shape[:-1], 2 * values.shape[-1]), y.dtype)
        wide[..., ::2] = values
        values = wide[..., ::2]
    return wrap(np.asarray(values), requires_grad=True)


def _seed(subject: Subject) -> int:
    """The same directions for the same inputs: a check that passed passes again."""
    return zlib.crc32(b"".join(array_of(x).tobytes() for x in subject.inputs if isinstance(x, Variable)))


def _conclude(report: GradcheckReport, raise_exception: bool) -> GradcheckReport:
    for row in report.inputs:
        if row.suspicion:
            what = "gradient" if report.order == 1 else "second derivative"
            warnings.warn(f"the {what} by input {row.index} passes, but {row.suspicion}", GradcheckWarning, stacklevel=3)
    if report.passed or not raise_exception:
        return report
    bad = next((r for r in report.inputs if not r.passed), None)
    if bad is None:
        raise GradcheckError("\n".join(report.problems), report)
    if bad.worst is None:
        raise GradcheckError(f"{bad.cause}\n{report}", report)
    head = f"Jacobian mismatch for output {bad.worst.output} with respect to input {bad.index}"
    raise GradcheckError(f"{head}, numerical:{bad.worst.numeric:.10g} analytical:{bad.worst.analytic:.10g}\n{report}", report)


# ------------------------------------------------------------------------------------------------- one input
def _check_input(
    subject: Subject, k: int, i: int, rng: np.random.Generator, atol: float, rtol: float, eps: float | None, fast: bool
) -> InputReport:
    x = array_of(subject.inputs[i])
    name = getattr(subject.inputs[i], "name", None) or ""
    about = {"index": i, "name": name, "shape": x.shape, "dtype": str(x.dtype)}
    if not x.size or not sum(y.size for y in subject.like):
        return InputReport(**about, passed=True, error=0.0)
    unit, error, suspicion = subject.unit, 0.0, ""
    exact = unit < 1e-15
    for _ in range(_PROJECTIONS):
        way, weights = rng.standard_normal(x.shape), [rng.standard_normal(y.shape) for y in subject.like]
        flat = np.concatenate([w.reshape(-1) for w in weights])
        told = subject.pull(weights)[k]
        s = slope(subject.along(i, way, partial(_weighted, flat)), _scale(x), eps, unit=unit)
        value, found = float((told * way).sum()), float(s.value)
        size = 1 + float(np.abs(told * way).sum())
        allowed = atol + rtol * abs(found) + (0 if exact else min(4 * float(s.error), 0.05 * size))
        error = max(error, _ratio(abs(value - found), allowed))
        if fast:
            if error > 1 or not math.isfinite(value):
                entry = Entry(subject.chosen[0], (), (), value, found, error)
                return InputReport(
                    **about,
                    passed=False,
                    error=error,
                    verdict="wrong",
                    worst=entry,
                    cause="along a random direction the rule and the differences disagree; fast_mode=False finds the entry",
                )
            if exact and eps is None and abs(value - found) > _SUSPICIOUS * size + 100 * float(s.error):
                suspicion = (
                    f"along a random direction it is {value:.10g} by the rule and {found:.10g} by the differences, whose own error "
                    f"is about {float(s.error):.1g}; fast_mode=False finds the entries"
                )
            continue
        strict = max(1e-8, 64 * unit) * size + min(10 * float(s.error), allowed)
        if not abs(value - found) <= min(strict, allowed) or bool(s.kink):
            return _check_entries(subject, k, i, about, atol, rtol, eps)
    return InputReport(**about, passed=True, error=error, suspicion=suspicion)


def _weighted(weights: Any, y: Any) -> Any:
    return np.asarray(_dot(weights, y))


def _dot(a: Any, b: Any) -> float:
    return float((a * b).sum())


def _ratio(difference: float, allowed: float) -> float:
    if not math.isfinite(difference):
        return math.inf
    return difference / allowed if allowed else (0.0 if not difference else math.inf)


def _scale(x: Any, at: tuple[int, ...] | None = None) -> float:
    """The size of the values that are varied: what a step is measured by."""
    good = np.abs(x[np.isfinite(x)].astype(np.float64))
    typical = float(np.sqrt((good * good).mean())) if good.size else 1.0
    own = typical if at is None else abs(float(x[at]))
    return max(own, typical) or 1.0


def _check_entries(subject: Subject, k: int, i: int, about: dict[str, Any], atol: float, rtol: float, eps: float | None) -> InputReport:
    """The whole Jacobian of one input: each column by differences, each row by the rule."""
    x = array_of(subject.inputs[i])
    told = _told(subject, k, x.size)
    found, noise, kink, left, right = _differences(subject, i, x, eps)
    extra = np.zeros_like(noise) if subject.unit < 1e-15 else np.minimum(4 * noise, 0.05 * (1 + np.abs(found)))
    allowed = atol + rtol * np.abs(found) + extra

    ratio = np.abs(told - found) / np.maximum(allowed, 1e-300)
    ratio[~np.isfinite(ratio)] = np.inf
    bad = ratio > 1
    kinks = tuple(tuple(int(j) for j in np.unravel_index(c, x.shape)) for c in np.flatnonzero(kink.any(0)))
    worst_at = np.unravel_index(int(ratio.argmax()), ratio.shape)
    row, column = int(worst_at[0]), int(worst_at[1])
    output, place = subject.place(row)
    entry = Entry(
        output,
        place,
        tuple(int(j) for j in np.unravel_index(column, x.shape)),
        float(told[row, column]),
        float(found[row, column]),
        float(ratio[row, column]),
    )
    if not bad.any():
        suspicion = _suspicion(subject, i, x, told, (found, noise, kink), eps)
        return InputReport(**about, passed=True, error=entry.error, worst=entry, kinks=kinks, suspicion=suspicion)
    if not (bad & ~kink).any():
        slopes = f"slopes {left[row, column]:.4g} and {right[row, column]:.4g}"
        cause = f"the function has a kink at this point ({slopes}): move the input away from it (avoid=…)"
        return InputReport(**about, passed=False, error=entry.error, verdict="kink", cause=cause, worst=entry, kinks=kinks)
    verdict, cause = _cause(subject, i, told, found, allowed)
    if not np.isfinite(told).all():
        verdict, cause = "not finite", "the rule returns inf or nan where the differences are finite"
    elif not np.isfinite(found).all() or (noise > allowed)[bad].all():
        cause += "; the differences do not settle here (a kink, a jump or a pole is near, or the function is not deterministic)"
    return InputReport(**about, passed=False, error=entry.error, verdict=verdict, cause=cause, worst=entry, kinks=kinks)


def _suspicion(subject: Subject, i: int, x: Any, told: Any, differences: tuple[Any, Any, Any], eps: float | None) -> str:
    """Is a Jacobian that passes off by far more than the differences' own error? In words, or ""."""
    if subject.unit > 1e-15:
        return ""  # the rounding of float32 explains much
    found, noise, kink = differences if eps is None else _differences(subject, i, x, None)[:3]  # a fixed step's error is not known
    allowed = _SUSPICIOUS * np.abs(found) + 100 * noise + 1e-9 * (1 + np.abs(found).max(initial=0.0))
    off = np.abs(told - found)
    odd = (off > allowed) & ~kink & np.isfinite(off)
    if not odd.any() or kink.any():
        return ""
    row, column = (int(j) for j in np.unravel_index(int(np.where(odd, off / allowed, 0.0).argmax()), off.shape))
    output, place = subject.place(row)
    entry = Entry(
        output, place, tuple(int(j) for j in np.unravel_index(column, x.shape)), float(told[row, column]), float(found[row, column]), 0.0
    )
    _, cause = _cause(subject, i, told, found, allowed)
    return f"{cause} ({entry.where}: rule {entry.analytic:.10g}, differences {entry.numeric:.10g} ± {max(noise[row, column], 1e-16):.0e})"


def _told(subject: Subject, k: int, columns: int) -> Any:
    """The Jacobian by the rule, row by row."""
    rows = sum(y.size for y in subject.like)
    told, outputs = np.zeros((rows, columns)), subject.outputs()
    for r in range(rows):
        one = np.zeros(rows)
        one[r] = 1.0
        told[r] = subject.pull(subject.split(one), outputs)[k].reshape(-1)
    return told


def _differences(subject: Subject, i: int, x: Any, eps: float | None) -> Any:
    """The Jacobian by differences, column by column: values, their errors, kinks, and the slopes on both sides."""
    shape = (sum(y.size for y in subject.like), x.size)
    found, noise, kink, left, right = np.zeros(shape), np.zeros(shape), np.zeros(shape, bool), np.zeros(shape), np.zeros(shape)
    for c in range(x.size):
        at = tuple(int(j) for j in np.unravel_index(c, x.shape))
        way = np.zeros(x.shape)
        way[at] = 1.0
        s = slope(subject.along(i, way), _scale(x, at), eps, unit=subject.unit)
        found[:, c], noise[:, c], kink[:, c], left[:, c], right[:, c] = s.value, s.error, s.kink, s.left, s.right
    return found, noise, kink, left, right


def _cause(subject: Subject, i: int, told: Any, found: Any, allowed: Any) -> tuple[str, str]:
    """What is wrong with input i; of several outputs, those whose rows are wrong are looked at alone."""
    wrong = ~(np.abs(told - found) <= allowed).all(1)
    ends = np.cumsum([0, *(y.size for y in subject.like)])
    spoilt = [j for j, (a, b) in enumerate(pairwise(ends)) if wrong[a:b].any()]
    rows = np.concatenate([np.arange(ends[j], ends[j + 1]) for j in spoilt])
    one = len(spoilt) == 1
    shape = subject.like[spoilt[0]].shape if one else (len(rows),)
    named = [(f"input {n}", array_of(x).astype(np.float64)) for n, x in enumerate(subject.inputs) if isinstance(x, Variable)]
    named += [("output", subject.like[spoilt[0]].astype(np.float64))] if one else []
    values = [(n, v) for n, v in named if v.size > 1]

    def close(a: Any, b: Any) -> Any:
        return np.abs(a - b) <= allowed[rows]

    verdict, cause = diagnose(told[rows], found[rows], close, array_of(subject.inputs[i]).shape, shape, values, _count_uses(subject, i))
    if len(spoilt) < len(subject.like):
        cause = f"of output {', '.join(str(subject.chosen[j]) for j in spoilt)} only: {cause}"
    return verdict, cause


def _exchanged(subject: Subject, rows: list[InputReport], atol: float, rtol: float, eps: float | None) -> list[InputReport]:
    """Gradients that are those of another input, as when a rule returns them in another order than the inputs'."""
    said = []
    for k, row in enumerate(rows):
        if row.verdict in ("wrong", "part", "mask"):
            told = _told(subject, k, array_of(subject.inputs[row.index]).size)
            for other in rows:
                if other is not row and other.shape == row.shape:
                    found = _differences(subject, other.index, array_of(subject.inputs[other.index]), eps)[0]
                    if bool(np.all(np.abs(told - found) <= atol + rtol * np.abs(found))):
                        cause = f"this is the gradient of input {other.index}: are the gradients returned in the order of the inputs?"
                        row = replace(row, verdict="swapped", cause=cause)
                        break
        said.append(row)
    return said


def _count_uses(subject: Subject, i: int) -> int:
    same = sum(1 for x in subject.inputs if x is subject.inputs[i])
    return max(same, subject.uses[i])
