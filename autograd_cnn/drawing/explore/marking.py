"""What callbacks say of the parts of a still figure: what is open, what each is called, and a measure of each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from ...errors import nearest
from ..canvas.text import Words
from ..view.folding import Fold, Predicate
from ..view.view import Measure, Unit, View
from ..view.watching import Watched
from .parts import Part

MEASURES: dict[str, tuple[Callable[[Part], float | None], Callable[[Words, float], str]]] = {
    "multiply-adds": (lambda part: part.multiply_adds or None, lambda words, n: words.count(n)),
    "bytes": (lambda part: part.kept_bytes or None, lambda words, n: words.memory(round(n))),
    "weights' gradient": (lambda part: part.gradient_share, lambda words, n: words.norm(n)),
}
OTHER = "hair"  # of the words for which there is no ink of their own
ROLES = ("series-1", "series-2", "series-3", "series-4", "series-5", "series-6")


def opened(depth: int | None, fold: str | Predicate, focus: str | None, open: int | Predicate | None) -> Fold:
    """How a graph is folded of which these calls are open."""
    if open is None:
        return Fold(depth, fold, focus)
    if depth is not None or fold != "auto":
        raise ValueError("draw: expected open alone, or depth and fold: both say which modules are open.")
    if callable(open):
        return Fold(None, lambda call: call.depth > 0 and not open(call), focus)  # what is drawn is open
    return Fold(open, fold, focus)


def mark(view: View, watched: Watched, label: Callable[[Part], Any] | None, color_by: str | Callable[[Part], Any] | None) -> None:
    """Give the units of a view their labels and measures."""
    if label is None and color_by is None:
        return
    units = [u for u in view.units if u.works]
    parts = [_part(u, watched) for u in units]
    if label is not None:
        for unit, part in zip(units, parts, strict=True):
            said = label(part)
            unit.title = unit.title if said is None else str(said)
    if color_by is None:
        return
    found = _measured(parts, color_by)
    written = MEASURES[color_by][1] if isinstance(color_by, str) else lambda words, n: words.digits(n)
    numbers = [x for x in found if isinstance(x, int | float)]
    share = _scale(numbers)
    names = list(dict.fromkeys(x for x in found if isinstance(x, str)))
    for unit, x in zip(units, found, strict=True):
        if isinstance(x, str):
            unit.measure = Measure(x, 1.0, dict(zip(names, ROLES, strict=False)).get(x, OTHER))
        elif x is not None:
            unit.measure = Measure(written(view.words, x), share(x), "forward")
    if numbers:
        what = color_by if isinstance(color_by, str) else "own"
        view.measured = what, written(view.words, min(numbers)), written(view.words, max(numbers))


def _part(unit: Unit, watched: Watched) -> Part:
    """What a callback is handed for a unit. An operation that is all its module does stands for the module."""
    names = [s.name for s in unit.scopes if s.name]
    alone = unit.module or (unit.panel if unit.panel is not None and len(unit.panel.all_units()) == 1 else None)
    name, kind = unit.title, unit.copy_kind or unit.title
    if unit.kind == "module":
        kind = unit.scopes[-1].kind
    elif unit.kind == "op":
        name, kind = (alone.name, alone.kind) if alone is not None else (unit.steps[0].name, unit.title)
        names += [] if alone is not None else [name]
    part = Part(name, kind, unit.kind, unit.steps, watched, copies=max(1, len(unit.copies)), depth=len(unit.scopes))
    part.__dict__["path"] = ".".join(names)
    return part


def _measured(parts: Sequence[Part], color_by: str | Callable[[Part], Any]) -> list[float | str | None]:
    if isinstance(color_by, str) and color_by not in MEASURES:
        raise ValueError(
            f"draw: expected color_by to be a function of a part or one of {', '.join(map(repr, MEASURES))}, got {color_by!r}."
            + nearest(color_by, MEASURES)
            + (" Times and dead channels are shown by draw.explore." if color_by in ("time", "dead") else "")
        )
    of = MEASURES[color_by][0] if isinstance(color_by, str) else color_by
    return [x if x is None or isinstance(x, int | float) else str(x) for x in map(of, parts)]


def _scale(numbers: Sequence[float]) -> Callable[[float], float]:
    """The share of a bar, on a logarithmic scale where all are positive and far apart."""
    known = [n for n in numbers if math.isfinite(n)]
    if not known:
        return lambda n: 0.0
    low, high = min(known), max(known)
    if low > 0 and high > 20 * low:
        return lambda n: 0.06 + 0.94 * math.log(n / low) / math.log(high / low) if math.isfinite(n) else 1.0
    low = min(low, 0.0)
    return lambda n: (n - low) / (high - low) if high > low and math.isfinite(n) else 1.0


SIGNS = {"added": ("+", "series-1"), "removed": ("−", "series-5"), "changed": ("≠", "series-3")}


def marks_of(changes: Sequence[dict[str, Any]], ratios: bool) -> Callable[[View], None]:
    """Puts on each part of a still figure in a comparison what changed at its operations: that it was added, removed or changed (where it
    stands for several, at how many of them); else, with `ratios`, by how much the gradient of its result differs from the first's."""

    def marks(view: View) -> None:
        shown: list[float] = []
        for unit in view.units:
            found = [changes[s.index] for s in unit.steps if s.index < len(changes)] if unit.works else []
            ratio = found[-1].get("ratios", {}).get("gradient") if found and ratios else None
            unit.measure = _change(found, view.words)
            if unit.measure is None and ratio is not None:
                shown.append(ratio)
                unit.measure = Measure(_times(view.words, ratio), min(1.0, abs(math.log10(ratio))) if ratio else 1.0, "forward")
        if shown:
            view.measured = "ratio gradient", _times(view.words, min(shown)), _times(view.words, max(shown))

    return marks


def _change(found: Sequence[dict[str, Any]], words: Words) -> Measure | None:
    counts = Counter(str(c["status"]) for c in found if c.get("status") in SIGNS)
    if not counts:
        return None
    many = len(found) > 1
    said = [f"{SIGNS[k][0]} {words(f'page change {k}')}{f' ({words.count(counts[k])})' if many else ''}" for k in SIGNS if counts[k]]
    return Measure(", ".join(said), 1.0, SIGNS[counts.most_common(1)[0][0]][1])


def _times(words: Words, ratio: float) -> str:
    return f"×{words.digits(ratio, 3)}"
