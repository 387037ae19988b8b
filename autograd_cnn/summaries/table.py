"""A network's layers as data, as text, and as a table in a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from ..drawing.canvas.text import Words
from ..drawing.lessons.table import Sheet
from .counting import window_text

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One layer, in the order of execution.

    Attributes:
        name: its path in the model ("features.0"; that of the module around it for an operation outside any layer).
        kind: the layer's class, or the operation's label.
        window: kernel, stride and dilation of its windows ("11×11, stride 4"), empty without.
        output_shape: with the batch dimension. parameters, formula: how many, and how that comes about (empty for a
        row of several layers); those that an earlier row counted count there only. multiply_adds: of convolutions and matrix products, for the whole batch.
        kept_bytes: what the tape holds of it until the backward pass, parameters aside.
        receptive_field: how much of the input an entry of the output sees, along each spatial dimension; None if nothing of it.
        jump: how far apart neighbours look in the input; 0 where all see the same.
        share: of all parameters of the model, 0 … 1.
        kernel, stride, dilation, groups: the windows as numbers, along each dimension; empty without.
    """

    name: str
    kind: str
    window: str
    output_shape: Shape
    parameters: int
    formula: str
    multiply_adds: int
    kept_bytes: int
    receptive_field: Shape | None
    jump: tuple[float, ...] | None
    share: float
    kernel: Shape = ()
    stride: Shape = ()
    dilation: Shape = ()
    groups: int = 1


@dataclass(frozen=True, slots=True)
class Summary:
    """The table of a model's layers. `print(s)`, a notebook and `s.rows` show the same, `draw.table(s)` draws it.

    Attributes:
        model: its class. input_shapes: of its inputs. rows: the layers. parameters, trainable: all of the model's, each counted once.
        unused: parameters that this run did not reach (auxiliary heads in evaluation). training: was it run as for training?
        shares: which share of the parameters is in layers of each kind, the greatest first. lang: of the text, "en" or "de".

    >>> import autograd_cnn as ac
    >>> net = ac.nn.Sequential(ac.nn.Conv2d(1, 2, 3), ac.nn.Flatten(), ac.nn.Linear(8, 10))
    >>> {kind: round(share, 2) for kind, share in ac.summary(net, (1, 4, 4)).shares.items()}
    {'Linear': 0.82, 'Conv2d': 0.18}
    """

    model: str
    input_shapes: tuple[Shape, ...]
    rows: tuple[Row, ...]
    parameters: int
    trainable: int
    unused: int
    training: bool
    shares: dict[str, float]
    lang: str = "en"

    @property
    def multiply_adds(self) -> int:
        """Of all rows."""
        return sum(r.multiply_adds for r in self.rows)

    @property
    def kept_bytes(self) -> int:
        """Of all rows."""
        return sum(r.kept_bytes for r in self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def to_dicts(self) -> list[dict[str, Any]]:
        """The rows as dictionaries, for a data frame or a file."""
        return [asdict(row) for row in self.rows]

    def sheet(self, lang: str | None = None) -> Sheet:
        """The table's cells as text in a language, by default the summary's own: what `print`, a notebook and `draw.table` show."""
        words = Words(self.lang if lang is None else lang)
        sizes = ", ".join("×".join(map(str, s)) for s in self.input_shapes)
        return Sheet(
            model=self.model,
            run=f"{words('input')} {sizes}{', ' + words('run as for training') if self.training else ''}",
            head=tuple(map(words, _HEAD)),
            rows=tuple(_cells(row, words) for row in self.rows),
            total=_total(self, words),
            shares=tuple(row.share for row in self.rows),
            closing=_closing(self, words),
            left=_LEFT,
        )

    def __str__(self) -> str:
        sheet = self.sheet()
        return "\n".join([f"{sheet.model}, {sheet.run}", *_text(sheet), *sheet.closing])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return _html(self.sheet())


_HEAD = (
    "column layer",
    "column operation",
    "column output",
    "column parameters",
    "column multiply-adds",
    "column kept",
    "field",
    "column share",
)
_LEFT = 3  # columns of words; the others are numbers


# ------------------------------------------------------------------------------------------------- words
def _cells(row: Row, words: Words) -> tuple[str, ...]:
    counted = f"{row.formula} = {words.count(row.parameters)}" if row.formula else _number(row.parameters, words)
    window = window_text(row.kernel, row.stride, row.dilation, row.groups, words)
    return (
        row.name,
        f"{words.label(row.kind)} {window}".rstrip(),
        _shape(row.output_shape),
        counted,
        _number(row.multiply_adds, words),
        _memory(row.kept_bytes, words),
        _field(row, words),
        words.percent(row.share, 1) if row.parameters else "",
    )


def _total(s: Summary, words: Words) -> tuple[str, ...]:
    counted = sum(r.parameters for r in s.rows)
    return (words("total"), "", "", words.count(counted), _number(s.multiply_adds, words), _memory(s.kept_bytes, words), "", "")


def _closing(s: Summary, words: Words) -> tuple[str, ...]:
    where = words.comma.join(f"{words.percent(share, 1)} {kind}" for kind, share in s.shares.items() if share >= 0.001)
    lines = [f"{words.parameters(s.parameters)}{': ' if where else ''}{where}"]
    if s.trainable != s.parameters:
        lines.append(words("of them trained", words.count(s.trainable)))
    if s.unused:
        lines.append(words("took no part", words.count(s.unused)))
    return tuple(lines)


def _number(n: int, words: Words) -> str:
    return words.count(n) if n else ""


def _memory(n: int, words: Words) -> str:
    return words.memory(n) if n else ""


def _shape(shape: Shape) -> str:
    """Without the batch; a scalar as 1."""
    return "×".join(map(str, shape[1:] if len(shape) > 1 else shape)) or "1"


def _field(row: Row, words: Words) -> str:
    if row.receptive_field is None or row.jump is None:
        return ""
    if not any(row.jump):
        return words("sees all")
    sizes = row.receptive_field
    return "×".join(map(str, sizes[:1] if len(set(sizes)) == 1 else sizes))


def _text(sheet: Sheet) -> list[str]:
    """Columns side by side, a line under the head and above the total."""
    rows = [sheet.head, *sheet.rows, sheet.total]
    widths = [max(len(row[i]) for row in rows) for i in range(len(sheet.head))]

    def line(row: Sequence[str]) -> str:
        cells = [cell.ljust(w) if i < sheet.left else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))]
        return "  ".join(cells).rstrip()

    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    head, *body, total = map(line, rows)
    return [head, rule, *body, rule, total]


def _html(sheet: Sheet) -> str:
    """A table without script and without colours of its own, but for a translucent bar: it suits light and dark pages."""
    cell = "padding:2px 10px;white-space:nowrap"
    number, word = f"{cell};text-align:right;font-variant-numeric:tabular-nums", f"{cell};text-align:left"

    def cells(row: Sequence[str], share: float, extra: str = "") -> str:
        bar = f"background:linear-gradient(to left,rgba(80,150,210,.4) {share:.1%},transparent 0)"
        styles = [word if i < sheet.left else number for i in range(len(row) - 1)] + [f"{number};{bar}" if share else number]
        return "".join(f'<td style="{style}{extra}">{escape(text)}</td>' for style, text in zip(styles, row, strict=True))

    heads = "".join(f'<th scope="col" style="{word if i < sheet.left else number}">{escape(h)}</th>' for i, h in enumerate(sheet.head))
    lines = [f"<tr>{cells(row, share)}</tr>" for row, share in zip(sheet.rows, sheet.shares, strict=True)]
    foot = cells(sheet.total, 0.0, ";border-top:1px solid;font-weight:bold")
    notes = "".join(f'<div style="padding:2px 10px">{escape(note)}</div>' for note in sheet.closing)
    title = escape(f"{sheet.model}, {sheet.run}")
    return (
        f'<table style="border-collapse:collapse"><caption style="caption-side:top;{word}">{title}</caption><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody><tfoot><tr>{foot}</tr></tfoot></table>{notes}"
    )
