"""A network's layers as data, as text, and as a table in a notebook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Summary:
    """The table of a model's layers. `print(s)`, a notebook and `s.rows` show the same.

    Attributes:
        model: its class. input_shapes: of its inputs. rows: the layers. parameters, trainable: all of the model's, each counted once.
        unused: parameters that this run did not reach (auxiliary heads in evaluation). training: was it run as for training?
        shares: which share of the parameters is in layers of each kind, the greatest first.

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

    def __str__(self) -> str:
        return "\n".join([self._title(), *_text([_HEAD, *map(self._cells, self.rows), self._total()]), *self._closing()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return _html(self._title(), [_HEAD, *map(self._cells, self.rows), self._total()], [r.share for r in self.rows], self._closing())

    # -------------------------------------------------------------------------------------------- words
    def _title(self) -> str:
        sizes = ", ".join("×".join(map(str, s)) for s in self.input_shapes)
        return f"{self.model}, input {sizes}{', training' if self.training else ''}"

    def _cells(self, row: Row) -> list[str]:
        counted = f"{row.formula} = {row.parameters:,}" if row.formula else _number(row.parameters)
        return [
            row.name,
            f"{row.kind} {row.window}".rstrip(),
            _shape(row.output_shape),
            counted,
            _number(row.multiply_adds),
            size(row.kept_bytes),
            _field(row),
            f"{row.share:.1%}" if row.parameters else "",
        ]

    def _total(self) -> list[str]:
        counted = sum(r.parameters for r in self.rows)
        return ["total", "", "", f"{counted:,}", _number(self.multiply_adds), size(self.kept_bytes), "", ""]

    def _closing(self) -> list[str]:
        where = ", ".join(f"{share:.1%} {kind}" for kind, share in self.shares.items() if share >= 0.001)
        lines = [f"{self.parameters:,} parameters{': ' if where else ''}{where}"]
        if self.trainable != self.parameters:
            lines.append(f"{self.trainable:,} of them are trained")
        if self.unused:
            lines.append(f"{self.unused:,} of them took no part in this run")
        return lines


_HEAD = ["layer", "operation", "output", "parameters", "multiply-adds", "kept for backward", "receptive field", "share"]
_LEFT = 3  # columns of words; the others are numbers


def _number(n: int) -> str:
    return f"{n:,}" if n else ""


def _shape(shape: Shape) -> str:
    """Without the batch; a scalar as 1."""
    return "×".join(map(str, shape[1:] if len(shape) > 1 else shape)) or "1"


def _field(row: Row) -> str:
    if row.receptive_field is None or row.jump is None:
        return ""
    if not any(row.jump):
        return "all"
    sizes = row.receptive_field
    return str(sizes[0]) if len(set(sizes)) == 1 else "×".join(map(str, sizes))


def size(n: int) -> str:
    """A number of bytes in words.

    >>> size(0), size(4704), size(3_211_264)
    ('', '4.6 KiB', '3.1 MiB')
    """
    if not n:
        return ""
    value = float(n)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def _text(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns side by side, a line under the head and above the total."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]

    def line(row: Sequence[str]) -> str:
        cells = [cell.ljust(w) if i < _LEFT else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))]
        return "  ".join(cells).rstrip()

    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    head, *body, total = map(line, rows)
    return [head, rule, *body, rule, total]


def _html(title: str, rows: Sequence[Sequence[str]], shares: Sequence[float], closing: Sequence[str]) -> str:
    """A table without script and without colours of its own, but for a translucent bar: it suits light and dark pages."""
    cell = "padding:2px 10px;white-space:nowrap"
    number, word = f"{cell};text-align:right;font-variant-numeric:tabular-nums", f"{cell};text-align:left"
    head, *body, total = rows

    def cells(row: Sequence[str], share: float, extra: str = "") -> str:
        bar = f"background:linear-gradient(to left,rgba(80,150,210,.4) {share:.1%},transparent 0)"
        styles = [word if i < _LEFT else number for i in range(len(row) - 1)] + [f"{number};{bar}" if share else number]
        return "".join(f'<td style="{style}{extra}">{escape(text)}</td>' for style, text in zip(styles, row, strict=True))

    heads = "".join(f'<th scope="col" style="{word if i < _LEFT else number}">{escape(h)}</th>' for i, h in enumerate(head))
    lines = [f"<tr>{cells(row, share)}</tr>" for row, share in zip(body, shares, strict=True)]
    foot = cells(total, 0.0, ";border-top:1px solid;font-weight:bold")
    notes = "".join(f'<div style="padding:2px 10px">{escape(note)}</div>' for note in closing)
    return (
        f'<table style="border-collapse:collapse"><caption style="caption-side:top;{word}">{escape(title)}</caption><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody><tfoot><tr>{foot}</tr></tfoot></table>{notes}"
    )
