"""A line for each network: its training step, inference and memory, and PyTorch's as multiples of them."""

from __future__ import annotations

import math
import statistics
from typing import Any

from .nets import NETS
from .result import HERE, geometric_mean

_KINDS = (("train", "training step", "step", "ms"), ("infer", "inference", "step", "ms"), ("memory", "memory", "growth", "MB"))
_SIDES = {"torch": "eager", "torch channels_last": "channels_last", "torch compile": "compile"}


def overview(raw: dict[str, Any]) -> str:
    """As a Markdown table, of what `Runner` kept; the last line has the geometric means."""
    columns = []
    for kind, text, number, unit in _KINDS:
        found = {n: raw[f"{kind} {n}"] for n in NETS if f"{kind} {n}" in raw}
        if found:
            sides = [s for s in _SIDES if any(s in runs for runs in found.values())]
            columns.append((text, found, number, unit, sides))
    head = [""] + [cell for text, _, _, _, sides in columns for cell in (text, *(_SIDES[s] for s in sides))]
    lines = [_row(head), _row(["---"] * len(head))]
    factors: dict[tuple[str, str], list[float]] = {}
    for name, net in NETS.items():
        row = [net.text]
        for text, found, number, unit, sides in columns:
            runs = found.get(name, {})
            here = _median(runs.get(HERE), number)
            row.append("" if math.isnan(here) else f"{here:.3g} {unit}" if here < 1000 else f"{here:.0f} {unit}")
            for side in sides:
                factor = _median(runs.get(side), number) / here
                row.append("" if math.isnan(factor) else f"{factor:.2f}×")
                if not math.isnan(factor):
                    factors.setdefault((text, side), []).append(factor)
        if any(row[1:]):
            lines.append(_row(row))
    means = ["geometric mean"]
    for text, _, _, _, sides in columns:
        means += ["", *(f"{geometric_mean(factors[text, s]):.2f}×" if (text, s) in factors else "" for s in sides)]
    return "\n".join([*lines, _row(means)])


def _median(runs: list[dict[str, float]] | None, number: str) -> float:
    return statistics.median(r[number] for r in runs) if runs else math.nan


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
