"""The ratios of a run as a bar chart, drawn by the library itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from autograd_cnn.drawing.canvas import symbols
from autograd_cnn.drawing.canvas.drawing import Drawing
from autograd_cnn.drawing.canvas.metrics import text_width
from autograd_cnn.drawing.canvas.scene import Scene

from .result import Result

ROW, BARS, SIZE = 20.0, 320.0, 12.0


def chart(results: Sequence[Result], title: str, subtitle: str) -> Drawing:
    """A bar for each result that has another side: from the line of equal time to the left where ours takes less, to the right
    where it takes more, on a logarithmic scale; the factor stands beside it."""
    rows = [r for r in results if r.ratio]
    names = [f"{r.what} ({r.side})" for r in rows]
    widest = max((abs(math.log2(r.ratio or 1.0)) for r in rows), default=1.0) or 1.0
    left = symbols.MARGIN + 1.15 * max((text_width(n, SIZE, "sans") for n in names), default=0.0) + 16  # some fonts are wider
    scene = Scene(title=title, name="bars", lang="en")
    symbols.heading(scene, title, subtitle)
    top = symbols.HEADING + 30.0
    middle = left + 44 + BARS / 2
    scene.text(middle - 8, top - 8, "faster than the other side", SIZE, ink="forward", anchor="end")
    scene.text(middle + 8, top - 8, "slower", SIZE, ink="gradient")
    for i, (r, name) in enumerate(zip(rows, names, strict=True)):
        y = top + i * ROW
        ratio = r.ratio or 1.0
        reach = abs(math.log2(ratio)) / widest * BARS / 2
        group = scene.group(f"bar-{i}", "bar", f"{name}: {ratio:.2f} times the time")
        group.text(left - 16, y + 13, name, SIZE, anchor="end")
        faster = ratio <= 1
        group.rect(middle - reach if faster else middle, y + 4, max(reach, 0.5), ROW - 8, fill="forward" if faster else "gradient")
        word = f"{1 / ratio:.2f}×" if faster else f"{ratio:.2f}× the time"
        group.text(
            middle - reach - 5 if faster else middle + reach + 5, y + 13, word, SIZE - 1, "bold", anchor="end" if faster else "start"
        )
    bottom = top + len(rows) * ROW
    scene.line((middle, top), (middle, bottom), stroke="ink")
    scene.width, scene.height = middle + BARS / 2 + 90 + symbols.MARGIN, bottom + symbols.MARGIN
    scene.desc = f"{title}. " + "; ".join(f"{n}: {r.ratio:.2f}" for n, r in zip(names, rows, strict=True)) + "."
    return Drawing(scene)


def save(results: Sequence[Result], path: Path, subtitle: str) -> None:
    """Write the chart."""
    chart(results, "Time and memory beside other libraries", subtitle).save(str(path))
