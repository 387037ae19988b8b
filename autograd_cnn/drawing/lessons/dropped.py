"""Dropout of a vector, there and back, in training and at inference: computed by the operation itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...config import enable_grad
from ...errors import ShapeError, nearest
from ...ops.random.dropout import classic_dropout
from ...ops.random.dropout import dropout as inverted_dropout
from ...random import fork_rng, manual_seed
from ...tensors.creation import tensor
from ..canvas import symbols as marks
from ..canvas.captions import declare
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.metrics import text_width
from ..canvas.scene import Group, Run, Scene, runs_width
from ..canvas.text import Words, mathematics
from ..canvas.theme import check_theme
from ..view.arguments import check_number
from ..view.arrays import Array
from .grids import SIZE, are_whole, paint_grid, texts_of, vector_of, wide_enough

declare(
    {
        "dropout inverted": ("Inverted dropout", "Invertiertes Dropout"),
        "dropout classic": ("Classic dropout", "Klassisches Dropout"),
        "dropout desc": (
            "{} with p = {}: x = {}; y = {}; ∂E/∂x = {}; at inference y = {}.",
            "{} mit p = {}: x = {}; y = {}; ∂E/∂x = {}; bei der Anwendung y = {}.",
        ),
        "each unit": ("each unit stays by chance,", "jede Einheit bleibt zufällig,"),
        "crossed out": ("what is dropped is crossed out, and passes no gradient", "was wegfällt, ist gestrichen und ohne Gradient"),
        "in training": ("in training", "im Training"),
        "at inference": ("at inference", "bei der Anwendung"),
        "same expectation": ("the expectation of y in training", "der Erwartungswert von y im Training"),
    }
)

SCHEMES = {"inverted": inverted_dropout, "classic": classic_dropout}
WHAT = "dropout"
ROW = 30.0
GAP = 28.0  # between rows, for the wires
STEP = 13.5  # the size of what happens there


@figure
def dropout(
    input: Any,
    p: float = 0.5,
    gradient: Any = None,
    *,
    scheme: str = "inverted",
    seed: int = 0,
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str = "en",
    precision: int = 2,
    prefix: str = "",
) -> Drawing:
    """Draw dropout of a few units: the mask, the units that are crossed out, the outputs, the gradient on its way back; and the
    same units at inference.

    Args:
        input: an array (F,) of at most 16 numbers.
        p: the probability that a unit is dropped.
        gradient: ∂E/∂y, as many numbers; ones by default.
        scheme: "inverted", scaled by 1 / (1 − p) in training, as PyTorch's; or "classic", scaled by 1 − p at inference.
        seed: of the draw. What is drawn elsewhere is not disturbed.
        title, subtitle, theme, lang, precision, prefix: as for `draw`.

    Raises:
        ShapeError: another shape, or too many numbers.
        ValueError: p outside [0, 1), or another scheme.

    Example:
        >>> from autograd_cnn import draw
        >>> draw.dropout([1, 2, 3, 4], seed=3).scene.desc
        'Inverted dropout with p = 0.5: x = 1, 2, 3, 4; y = 2, 4, 0, 8; ∂E/∂x = 2, 2, 0, 2; at inference y = 1, 2, 3, 4.'

    Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout", 2014.
    """
    words, theme = Words(lang), check_theme(theme)
    check_number("precision", precision)
    d = dropped(input, p, gradient, scheme, seed)
    known = words(f"dropout {d.scheme}") if title is None else title
    return Drawing(dropout_scene(d, words, known, subtitle, precision), theme, prefix)


@dataclass(frozen=True, slots=True)
class Dropped:
    """One draw: what goes in, what is kept of it, what comes out; the gradient back; and what inference gives."""

    scheme: str
    p: float
    x: Array
    kept: Array  # 1 or 0 for each unit
    y: Array
    gradient: Array  # ∂E/∂y
    back: Array  # ∂E/∂x
    inference: Array

    @property
    def scale(self) -> float:
        """By what training multiplies the units that stay."""
        return 1 / (1 - self.p) if self.scheme == "inverted" else 1.0


def dropped(x: Any, p: float, gradient: Any, scheme: str, seed: int) -> Dropped:
    """The example that a call of `draw.dropout` means."""
    if scheme not in SCHEMES:
        raise ValueError(f"draw.{WHAT}: expected scheme to be 'inverted' or 'classic', got {scheme!r}.{nearest(str(scheme), SCHEMES)}")
    if isinstance(p, bool) or not isinstance(p, (int, float)) or not 0 <= p < 1:
        raise ValueError(f"draw.{WHAT}: expected p to be a number from 0 on and below 1, got {p!r}.")
    given = vector_of(x, "the input", WHAT)
    g = np.ones_like(given) if gradient is None else vector_of(gradient, "the gradient", WHAT)
    if g.shape != given.shape:
        raise ShapeError(f"draw.{WHAT}: expected a gradient of {given.size} numbers, as the input has, got {g.size}.")
    operation = SCHEMES[scheme]
    with enable_grad(), fork_rng():
        manual_seed(seed)
        leaf, ones = tensor(given, requires_grad=True), tensor(np.ones_like(given), requires_grad=True)
        y = operation(leaf, p, True)
        y.backward(tensor(g))
        manual_seed(seed)
        mask = operation(ones, p, True)  # the same draw: what is left of a vector of ones
        rest = operation(tensor(given), p, False)
    kept = (np.asarray(mask.detach()) != 0).astype(np.float64)
    return Dropped(scheme, p, given, kept, np.asarray(y.detach()), g, np.asarray(leaf.grad), np.asarray(rest))


def dropout_scene(d: Dropped, words: Words, title: str, subtitle: str | None, precision: int) -> Scene:
    """Training on the left, its rows from the input to the output and back; inference on the right."""
    scene = Scene(title=title, name=WHAT, lang=words.lang)
    head = marks.heading(scene.group("heading"), title, mathematics_line(d, words) if subtitle is None else subtitle)
    board = _Board(d, words, precision)
    labels = runs_width(board.factor("∂E/∂y"), STEP)
    left, top = marks.MARGIN + labels + 14, marks.HEADING + 14
    train = scene.group("training", "training", words("in training"))
    train.text(left, top, words("in training"), 12.5, "bold")
    low = board.training(train, left, top + 16)
    right = left + board.width
    test = scene.group("inference", "inference", words("at inference"))
    x = right + 70 + runs_width(board.factor("x", training=False), STEP)
    test.text(x, top, words("at inference"), 12.5, "bold")
    board.at_inference(test, x, top + 16)
    note = words("same expectation")
    test.text(x, top + 16 + board.cell + GAP + ROW + 18, note, 11, ink="muted")
    scene.width = max(x + max(board.width, text_width(note, 11)), marks.MARGIN + head) + marks.MARGIN
    scene.height = low + marks.MARGIN - 6
    told = [", ".join(row[0]) for row in (board.rows(d.x), board.rows(d.y), board.rows(d.back), board.rows(d.inference))]
    scene.desc = words("dropout desc", words(f"dropout {d.scheme}"), board.number(d.p), *told)
    return scene


def mathematics_line(d: Dropped, words: Words) -> list[Run]:
    """What is drawn, and how often a unit stays."""
    m = [Run(r.text, r.face, "muted", r.scale * 1.15, r.rise) for r in mathematics("m_i")]
    return [
        Run(f"{words('each unit')}  ", "sans", "muted"),
        *m,
        Run(f" ~ Bernoulli(1 − {words.digits(d.p)})", "sans", "muted"),
        Run(f"   {words('crossed out')}", "sans", "muted"),
    ]


@dataclass(slots=True)
class _Board:
    d: Dropped
    words: Words
    precision: int

    @property
    def whole(self) -> bool:
        d = self.d
        return are_whole(d.x, d.y, d.gradient, d.back, d.inference)

    def rows(self, a: Array) -> list[list[str]]:
        return texts_of(a[None], self.whole, self.precision, self.words)

    def number(self, v: float) -> str:
        return self.words.trimmed(v, self.precision)

    @property
    def cell(self) -> float:
        d = self.d
        return max(38.0, wide_enough(*(self.rows(a) for a in (d.x, d.y, d.gradient, d.back, d.inference))) + 6)

    @property
    def width(self) -> float:
        return self.cell * self.d.x.size

    def factor(self, of: str, training: bool = True) -> tuple[Run, ...]:
        """What becomes of x, or of the gradient, on its way to the next row."""
        scheme = self.d.scheme if self.d.p else ""  # nothing is dropped, and nothing scaled
        if not training and scheme != "classic":
            return ()
        before = "m · " if training else f"(1 − {self.words.digits(self.d.p)}) · "
        return mathematics(
            f"{before}{of}" + (f" / (1 − {self.words.digits(self.d.p)})" if training and scheme == "inverted" else ""), "muted"
        )

    # ---------------------------------------------------------------------------------------------- rows
    def units(self, group: Group, x: float, y: float, kept: Sequence[float]) -> None:
        """A circle for each unit; what is dropped is crossed out."""
        r = self.cell / 2 - 3
        self.name(group, x, y, "x", self.cell)
        for k, (text, stays) in enumerate(zip(self.rows(self.d.x)[0], kept, strict=True)):
            u, v = x + (k + 0.5) * self.cell, y + self.cell / 2
            g = group.group(None, "unit", text if stays else f"{text}: {self.words('dropped')}")
            g.circle(
                u, v, r, fill="input-paper" if stays else "panel", stroke="input-line" if stays else "wire", line=1.4 if stays else 1.0
            )
            for way in () if stays else (1, -1):
                g.line((u - 0.7 * r, v - way * 0.7 * r), (u + 0.7 * r, v + way * 0.7 * r), stroke="dark", line=1.6)
            g.text(u, v + 4, text, SIZE, ink="ink" if stays else "muted", anchor="middle", halo=None if stays else "panel")

    def name(self, group: Group, x: float, y: float, name: str, height: float, ink: str = "forward") -> None:
        group.text(x - 14, y + height / 2 + 5, mathematics(name, ink), 15, anchor="end")

    def row(self, group: Group, id: str, name: str, texts: list[list[str]], x: float, y: float, look: Callable[[int, int], str]) -> None:
        """A row of cells, its name before it."""
        g = group.group(id, "row", name)
        paint_grid(g, texts, x, y, self.cell, look, ROW)
        self.name(g, x, y, name, ROW, "gradient" if "∂" in name else "ink" if name == "m" else "forward")

    def wires(self, group: Group, x: float, y: float, role: str, kept: Sequence[float], step: Sequence[Run]) -> None:
        """From row to row an arrow for each unit that stays, and what happens on the way."""
        if step:
            group.text(x - 14, y + GAP / 2 + 4, step, STEP, anchor="end")
        for k, stays in enumerate(kept):
            if stays:
                u = x + (k + 0.5) * self.cell
                marks.wire(group, [(u, y + 3), (u, y + GAP - 3)], role=role, line=1.2, head=6.0)

    def training(self, group: Group, x: float, y: float) -> float:
        """From x down to y, and from ∂E/∂y down to ∂E/∂x; the lower end."""
        d = self.d
        kept = d.kept.tolist()

        def look(kind: str, none: str) -> Callable[[int, int], str]:
            return lambda i, j: kind if kept[j] else none

        self.units(group, x, y, kept)
        y += self.cell + 8
        self.row(group, "mask", "m", [[self.words.decimals(k, 0) for k in kept]], x, y, look("kept", "empty"))
        y += ROW
        self.wires(group, x, y, "wire", kept, self.factor("x"))
        y += GAP
        self.row(group, "output", "y", self.rows(d.y), x, y, look("made", "empty"))
        y += ROW + 22
        self.row(group, "gradient", "∂E/∂y", self.rows(d.gradient), x, y, lambda i, j: "gradient")
        y += ROW
        self.wires(group, x, y, "gradient", kept, self.factor("∂E/∂y"))
        y += GAP
        self.row(group, "back", "∂E/∂x", self.rows(d.back), x, y, look("gradient", "no gradient"))
        return y + ROW

    def at_inference(self, group: Group, x: float, y: float) -> None:
        """From x to y, with every unit."""
        every = [1.0] * self.d.x.size
        self.units(group, x, y, every)
        y += self.cell
        self.wires(group, x, y, "wire", every, self.factor("x", training=False))
        self.row(group, "still", "y", self.rows(self.d.inference), x, y + GAP, lambda i, j: "made")
