"""What stands below a window that slides: the size by its formula, what would mend a misfit, the sum written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...analysis.windows import Along
from ..canvas.captions import declare
from ..canvas.scene import Run
from ..canvas.text import Words
from .sliding import Index, Sliding

declare(
    {
        "kind conv": ("Convolution", "Faltung"),
        "kind transposed": ("Transposed convolution", "Transponierte Faltung"),
        "kind max": ("Max pooling", "Max-Pooling"),
        "kind average": ("Average pooling", "Mittelwert-Pooling"),
        "kind sum": ("Sum pooling", "Summen-Pooling"),
        "windows desc": ("{}: input {}, window {}, output {}.", "{}: Eingabe {}, Fenster {}, Ausgabe {}."),
        "output size": ("output size", "Ausgabegröße"),
        "window": ("window", "Fenster"),
        "window of": ("window {} of {}", "Fenster {} von {}"),
        "window over": ("window {} hangs over the edge", "Fenster {} ragt über den Rand"),
        "padding": ("padding", "Rand"),
        "kernel": ("kernel", "Filter"),
        "flipped kernel": ("kernel, flipped", "Filter, gespiegelt"),
        "channel": ("channel {}", "Kanal {}"),
        "position": ("{} position in a row", "{} Position je Zeile"),
        "positions": ("{} positions in a row", "{} Positionen je Zeile"),
        "signal position": ("{} position", "{} Position"),
        "signal positions": ("{} positions", "{} Positionen"),
        "height": ("height", "Höhe"),
        "width": ("width", "Breite"),
        "does not fit": ("does not fit", "passt nicht"),
        "pad with": ("pad with P = {}", "auffüllen mit P = {}"),
        "pad ends": ("pad {} before and {} after", "{} davor und {} danach auffüllen"),
        "rounded down": ("rounded down to {}", "abgerundet auf {}"),
        "rounded up": ("rounded up to {}", "aufgerundet auf {}"),
        "sum of": ("sum of {} products", "Summe von {} Produkten"),
        "entries": ("{} entries", "{} Einträge"),
        "is added": ("is added where the window lies", "wird addiert, wo das Fenster liegt"),
    }
)

MOST_TERMS = 30  # of a sum that is written out
ROW = 5  # terms in a line at most, where a kernel's row is longer


def numbers_text(sizes: Index) -> str:
    """`5×5`; a signal's length alone."""
    return "×".join(map(str, sizes))


def entry_text(v: float, whole: bool, precision: int, numbers: Words) -> str:
    """A number in a cell: a whole one without decimals."""
    if np.isfinite(v) and (whole or v == 0):
        return numbers.decimals(v, 0 if v == int(v) else precision)
    return numbers.value(v, precision)


# ------------------------------------------------------------------------------------------------------- the size
def symbols(s: Sliding, words: Words) -> list[Run]:
    """The formula of the output size in letters, with what they stand for."""
    padded, dilated = any(a.before or a.after for a in s.along), any(a.dilation > 1 for a in s.along)
    if s.kind == "transposed":
        parts = "  =  (|I| − 1) · |S| + " + ("|D|(|F| − 1) + 1" if dilated else "|F|") + (" − 2|P|" if padded else "")
    else:
        rim = " + |P|" if any(a.before != a.after for a in s.along) else " + 2|P|" if padded else ""
        parts = "  =  (|I| − " + ("|D|(|F| − 1) − 1" if dilated else "|F|") + rim + ") / |S| + 1"
    known: list[tuple[str, list[Any]]] = [
        ("I", [a.size for a in s.along] if s.kind != "transposed" else list(s.inputs)),
        ("F", [a.kernel for a in s.along]),
        ("S", [a.stride for a in s.along]),
    ]
    if padded:
        known.append(("P", [a.before if a.before == a.after else f"{a.before}|{a.after}" for a in s.along]))
    if dilated:
        known.append(("D", [a.dilation for a in s.along]))
    runs = _letters(words("output size") + parts)
    for name, values in known:
        texts = list(dict.fromkeys(map(str, values)))
        runs += [Run("      " if name == "I" else ",  ", "sans", "muted"), Run(name, "italic", "muted", 1.15)]
        runs.append(Run(f" = {'×'.join(texts if len(texts) == 1 else map(str, values)).replace('|', '+')}", "sans", "muted"))
    return runs


def _letters(text: str) -> list[Run]:
    """Text in which |X| is a letter of mathematics."""
    return [Run(piece, "italic" if i % 2 else "sans", "muted", 1.15 if i % 2 else 1.0) for i, piece in enumerate(text.split("|")) if piece]


def formula(s: Sliding, words: Words) -> list[list[Run]]:
    """The size with numbers, once for each dimension that differs, and what would make it fit."""
    lines: list[list[Run]] = []
    names = [""] if len(s.along) == 1 else [words("height"), words("width")]
    sizes = list(zip(names, s.along, s.inputs, s.outputs, strict=True))
    alike = len(sizes) == 2 and sizes[0][1:] == sizes[1][1:]
    for name, a, n, out in sizes[:1] if alike else sizes:
        prefix = [] if alike or not name else [Run(f"{name}:  ", "sans", "muted")]
        if s.kind == "transposed":
            lines.append([*prefix, Run(_grown(a, n, out))])
            continue
        exact = a.room / a.stride + 1
        lines.append([*prefix, Run(f"{_counted(a)}  =  {words.figure(exact, 1) if exact != int(exact) else int(exact)}")])
        if not a.fits and s.rounds:
            lines[-1].append(Run(f"   {words('rounded down', a.count)}", "sans", "muted"))
        elif not a.fits and not a.ceil:
            lines[-1].append(Run(f"   {words('does not fit')}", "bold", "gradient"))
            mended = a.repaired()
            how = words("pad with", mended.before) if mended.before == mended.after else words("pad ends", mended.before, mended.after)
            lines.append([*prefix[:0], Run(f"{how}:  {_counted(mended)} = {mended.count}", "sans", "muted")])
        elif a.ceil and a.room % a.stride:
            lines[-1].append(Run(f"   {words('rounded up', a.count)}", "sans", "muted"))
    return lines


def _pads(a: Along, sign: str = "+") -> str:
    if a.before == a.after:
        return f" {sign} 2·{a.before}" if a.before else ""
    return f" {sign} {a.before} {sign} {a.after}"


def _counted(a: Along) -> str:
    reach = f"{a.kernel}" if a.dilation == 1 else f"{a.dilation}·({a.kernel} − 1) − 1"
    return f"({a.size} − {reach}{_pads(a)}) / {a.stride} + 1"


def _grown(a: Along, n: int, out: int) -> str:
    reach = f"{a.kernel}" if a.dilation == 1 else f"{a.dilation}·({a.kernel} − 1) + 1"
    extra = out - ((n - 1) * a.stride + a.span - a.before - a.after)  # output padding
    more = f" + {extra}" if extra else ""
    return f"({n} − 1) · {a.stride} + {reach}{_pads(a, '−')}{more}  =  {out}"


# ------------------------------------------------------------------------------------------------------- the sum
def arithmetic(s: Sliding, o: int, at: Index, whole: bool, precision: int, words: Words) -> list[list[Run]]:
    """What this window computes, written out: line by line as the kernel has rows, or only the result if that is too
    long."""
    if not s.x.size or s.hangs(at):
        return []
    taps = s.taps(at)

    def text(v: float, bracket: bool = False) -> str:
        told = entry_text(v, whole, precision, words)
        return f"({told})" if bracket and told.startswith("−") else told

    if s.pools:
        return [line for c in range(s.channels) for line in _pooled(s, c, at, text, words)]
    if s.kind == "transposed":
        inputs = [float(s.x[(c, *at)]) for c in range(s.channels)]
        return [
            [
                Run(text(v), "bold", "forward"),
                Run(f" · {words('kernel')}", "sans", "parameter"),
                Run(f"   {words('is added')}", "sans", "muted"),
            ]
            for v in inputs
        ]
    result = [Run("  =  ", "sans", "ink"), Run(text(s.result(o, at)), "bold", "forward")]
    terms = s.channels * len(taps)
    if terms > MOST_TERMS:
        return [[Run(words("sum of", terms), "sans", "muted"), *result]]
    weights = s.w[o].reshape(s.channels, -1)
    row = min(s.along[-1].kernel, ROW)
    lines: list[list[Run]] = []
    for c in range(s.channels):
        for start in range(0, len(taps), row):
            line = [Run("+ " if lines else "", "sans", "muted")]
            for k in range(start, min(start + row, len(taps))):
                plus = " + " if k > start else ""
                line += [
                    Run(plus, "sans", "muted"),
                    Run(text(s.read(c, taps[k]), bool(lines) or k > start), "sans", "forward"),
                    Run("·", "sans", "muted"),
                    Run(text(float(weights[c, k]), True), "sans", "parameter"),
                ]
            lines.append([r for r in line if r.text])
    lines[-1] += result
    return lines


def _pooled(s: Sliding, c: int, at: Index, write: Callable[..., str], words: Words) -> list[list[Run]]:
    """One channel of a pooling: the maximum of its entries, their sum, or that over their number."""
    values = [s.read(c, t) for t in s.taps(at)]
    result = Run(write(s.result(c, at)), "bold", "forward")
    least = s.kind == "max"
    if len(values) > MOST_TERMS:
        pieces = [words("entries", len(values))]
    else:
        row = s.along[-1].kernel if len(values) > ROW and s.along[-1].kernel <= ROW else ROW
        told = [write(v, k > 0 and not least) for k, v in enumerate(values)]
        sign = words.comma if least else " + "
        pieces = [sign.join(told[k : k + row]) for k in range(0, len(told), row)]
        pieces = [p if k == 0 else f"{'' if least else '+ '}{p}" for k, p in enumerate(pieces)]
    lines = [[Run(p + (words.comma.rstrip() if least and k + 1 < len(pieces) else ""), "sans", "muted")] for k, p in enumerate(pieces)]
    before, after = {"max": ("max (", ")"), "average": ("(", f") / {s.counted(at)}"), "sum": ("", "")}[s.kind]
    lines[0].insert(0, Run(before, "sans", "ink"))
    lines[-1] += [Run(f"{after}  =  ", "sans", "ink"), result]
    lines[0] = [r for r in lines[0] if r.text]
    return lines
