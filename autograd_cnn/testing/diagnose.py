"""From a wrong Jacobian to the likely mistake in the rule."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np


def diagnose(
    told: Any,
    found: Any,
    close: Any,
    shape: tuple[int, ...],
    out_shape: tuple[int, ...],
    values: list[tuple[str, Any]],
    uses: int = 1,
) -> tuple[str, str]:
    """A verdict and a sentence for one input.

    Args:
        told, found: the rule's Jacobian and the numerical one, (output entries, input entries).
        close: `close(a, b)` tells where two matrices agree within the tolerance.
        shape, out_shape: of the input, and of the output (a vector, if there are several).
        values: named arrays that a forgotten factor might be: the inputs and the output.
        uses: how often the function uses this input.
    """
    with np.errstate(all="ignore"):
        if bool(np.all(close(-told, found))):
            return "sign", "the rule has the wrong sign: its gradient is the negative of the numerical one"
        if not np.any(told):
            text = "the gradient is zero, the function is not: a missing rule, a detach(), or a gradient returned as None"
            return "zero", text
        verdict = (
            _transposed(told, found, close, shape)
            or _broadcast(told, found, close, shape)
            or _axis(told, found, close, out_shape)
            or _signs(told, found, close)
            or _factor(told, found, close, shape, uses)
            or _varying_factor(told, found, close, values)
            or _partly(told, found, close)
        )
        if verdict[0] == "wrong" and uses > 1:
            return "wrong", f"{verdict[1]}; the function uses this input {uses} times: is the gradient of each use added?"
        return verdict


def _transposed(told: Any, found: Any, close: Any, shape: tuple[int, ...]) -> tuple[str, str] | None:
    """Right numbers in the wrong places: the gradient of a matrix came as that of its transpose."""
    if len(shape) < 2 or 1 in shape[-2:]:
        return None
    a, b = shape[-2:]
    wide = told.reshape(-1, *shape[:-2], a, b)
    ways = [wide.reshape(-1, *shape[:-2], b, a).swapaxes(-1, -2)]
    if a == b:
        ways.append(wide.swapaxes(-1, -2))
    if any(bool(np.all(close(w.reshape(told.shape), found))) for w in ways):
        return "transposed", f"the gradient is right but transposed in the last two dims of shape {list(shape)}"
    return None


def _broadcast(told: Any, found: Any, close: Any, shape: tuple[int, ...]) -> tuple[str, str] | None:
    """An input entry that reaches several outputs gets the gradient of some of them only, or their mean."""
    reached = (np.abs(found) > 0).sum(0)
    if told.shape[1] == 0 or reached.max(initial=0) < 2 or told.shape[0] <= told.shape[1]:
        return None
    right = close(told, found)
    lost = ~right & (told == 0)
    if bool(np.all(right | lost)) and bool(np.all(right.any(0) | (reached == 0))):
        text = f"the input (shape {list(shape)}) is broadcast, but its gradient comes from a part of the outputs only"
        return "broadcast", text + ": a missing sum over the broadcast dim"
    counts = np.unique(reached[reached > 0])
    if len(counts) == 1 and counts[0] > 1 and bool(np.all(close(told * counts[0], found))):
        n = int(counts[0])
        text = f"each entry reaches {n} outputs and the gradient is 1/{n} of what it should be: a mean where a sum over the broadcast dim"
        return "broadcast", text + " is needed"
    return None


def _axis(told: Any, found: Any, close: Any, out_shape: tuple[int, ...]) -> tuple[str, str] | None:
    """Right numbers, if two dims of the gradient that arrives are exchanged."""
    wide = told.reshape(*out_shape, -1)
    for a, b in itertools.combinations(range(len(out_shape)), 2):
        if out_shape[a] == out_shape[b] > 1 and bool(np.all(close(wide.swapaxes(a, b).reshape(told.shape), found))):
            text = (
                f"right if dims {a} and {b} of the gradient that arrives are exchanged: a sum over the wrong dim, or a g to be transposed"
            )
            return "axis", text
    return None


def _signs(told: Any, found: Any, close: Any) -> tuple[str, str] | None:
    """The right size everywhere, the wrong sign here and there."""
    if not bool(np.all(close(np.abs(told), np.abs(found)))):
        return None
    wrong = ~close(told, found)
    return "sign", f"the size is right everywhere, but {int(wrong.sum())} of {int((found != 0).sum())} entries have the wrong sign"


def _factor(told: Any, found: Any, close: Any, shape: tuple[int, ...], uses: int) -> tuple[str, str] | None:
    weight = float((told * told).sum())
    if not weight:
        return None
    c = float((told * found).sum()) / weight
    if not math.isfinite(c) or not bool(np.all(close(c * told, found))):
        return None
    if uses > 1 and abs(c - uses) < 1e-3:
        return (
            "second use",
            f"the function uses this input {uses} times, but the gradient holds one use only: they must be added up",
        )
    text = f"the gradient must be multiplied by {_readable(c)}"
    entries = math.prod(shape)
    if abs(c - 2) < 1e-3:
        text += ": a lost factor 2, or the second use of the input is not accumulated"
    elif c < 0:
        text += " (the sign is wrong, too)"
    elif entries > 1 and abs(c * entries - 1) < 1e-3:
        text += ", one over the number of entries: a sum where a mean is needed"
    elif entries > 1 and abs(c / entries - 1) < 1e-3:
        text += ", the number of entries: a mean where a sum is needed"
    return "factor", text


def _readable(c: float) -> str:
    for n in range(1, 100):
        if abs(c * n - 1) < 1e-4 and n > 1:
            return f"1/{n}"
    return f"{c:.6g}"


def _varying_factor(told: Any, found: Any, close: Any, values: list[tuple[str, Any]]) -> tuple[str, str] | None:
    """The same pattern, off by a factor that is one of the values at hand (or its inverse, or 1 − y²…)."""
    for name, v in values:
        tries = (
            (name, v),
            (f"−{name}", -v),
            (f"1/{name}", 1 / v),
            (f"2·{name}", 2 * v),
            (f"{name}²", v * v),
            (f"(1 − {name})", 1 - v),
            (f"(1 + {name})", 1 + v),
            (f"(1 − {name}²)", 1 - v * v),
            (f"{name}·(1 − {name})", v * (1 - v)),
            (f"1/{name}²", 1 / (v * v)),
            (f"−1/{name}²", -1 / (v * v)),
        )
        for text, factor in tries:
            if v.size == told.shape[1] and bool(np.all(close(told * factor.reshape(1, -1), found))):
                return "factor", f"a missing factor {text}"
            if v.size == told.shape[0] and bool(np.all(close(told * factor.reshape(-1, 1), found))):
                return "factor", f"a missing factor {text}"
    return None


def _partly(told: Any, found: Any, close: Any) -> tuple[str, str]:
    right = close(told, found)
    wrong = ~right
    if not np.any(told[wrong]) and np.any(told):
        n = int(wrong.any(0).sum())
        return (
            "part",
            f"right where it is not zero, but {n} of {told.shape[1]} entries get no or not all of their gradient: a dropped term",
        )
    if not np.any(found[wrong]):
        return "mask", "the gradient flows where the function does not depend on the input: a forgotten mask"
    share = float(wrong.mean())
    if 0 < share < 1:
        return "wrong", f"{wrong.sum()} of {wrong.size} entries of the Jacobian are wrong: a wrong mask, index or term"
    return "wrong", "all entries of the Jacobian are wrong and no simple cause fits"
