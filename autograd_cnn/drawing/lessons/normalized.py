"""Batch normalisation of one unit, there and back: a column for each step, and the three paths of the gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...config import enable_grad
from ...errors import ShapeError
from ...ops.norm.batch import batch_norm as operation
from ...tensors.creation import tensor
from ..canvas import symbols as marks
from ..canvas.captions import declare
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.scene import Group, Run, Scene, runs_width
from ..canvas.text import Words, mathematics
from ..canvas.theme import check_theme
from ..view.arguments import check_number
from ..view.arrays import Array
from .grids import CELL, are_whole, labelled_wire, paint_grid, texts_of, vector_of, wide_enough

declare(
    {
        "batch norm": ("Batch normalisation", "Batch-Normalisierung"),
        "batch norm sub": (
            "one unit over a batch of {}: each output depends on all inputs, through μ and σ²",
            "eine Einheit über einen Batch von {}: jede Ausgabe hängt von allen Eingaben ab, über μ und σ²",
        ),
        "batch norm desc": (
            "Mean {}, variance {}. x = {}; x̂ = {}; y = {}; ∂E/∂y = {}; ∂E/∂x = {}.",
            "Mittelwert {}, Varianz {}. x = {}; x̂ = {}; y = {}; ∂E/∂y = {}; ∂E/∂x = {}.",
        ),
        "there": ("forward", "vorwärts"),
        "back": ("backward", "rückwärts"),
        "direct": ("direct", "direkt"),
        "by variance": ("through σ²", "über σ²"),
        "by mean": ("through μ", "über μ"),
    }
)

WHAT = "batch_norm"
NAME = 15.0  # the size of names
LINE = 23.0


@figure
def batch_norm(
    input: Any,
    weight: float = 1.0,
    bias: float = 0.0,
    gradient: Any = None,
    *,
    eps: float = 1e-5,
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str = "en",
    precision: int = 2,
    prefix: str = "",
) -> Drawing:
    """Draw batch normalisation of one unit over a batch, in training: x, μ, σ², x̂ and y as columns; and back from ∂E/∂y the three
    paths to ∂E/∂x, directly, through the variance and through the mean.

    Args:
        input: the unit's values, an array (N,) of 2 to 16 numbers.
        weight, bias: γ and β.
        gradient: ∂E/∂y, as many numbers. By default 1 for the first sample and 0 for the others: it reaches them all.
        eps: added to the variance.
        title, subtitle, theme, lang, precision, prefix: as for `draw`.

    Raises:
        ShapeError: another shape, too few or too many numbers.

    Example:
        >>> from autograd_cnn import draw
        >>> draw.batch_norm([1, 2, 3, 6], weight=2.0)
        <Drawing 'Batch normalisation', 576×648>

    Source: Ioffe and Szegedy, "Batch normalization", 2015, section 3.
    """
    words, theme = Words(lang), check_theme(theme)
    check_number("precision", precision)
    known = words("batch norm") if title is None else title
    return Drawing(normalized_scene(normalized(input, weight, bias, gradient, eps), words, known, subtitle, precision), theme, prefix)


@dataclass(frozen=True, slots=True)
class Normalized:
    """The values of one unit over a batch, step by step, and the gradients on their way back."""

    x: Array
    mean: float
    variance: float
    hat: Array
    y: Array
    weight: float
    bias: float
    eps: float
    gradient: Array  # ∂E/∂y
    of_hat: Array
    paths: tuple[Array, Array, Array]  # what reaches x directly, by the variance, by the mean
    of_variance: float
    of_mean: float
    of_weight: float
    of_bias: float
    back: Array  # ∂E/∂x


def normalized(x: Any, weight: float, bias: float, gradient: Any, eps: float) -> Normalized:
    """The example that a call of `draw.batch_norm` means: `y` and ∂E/∂x by the operation, the paths by single operations on leaves that
    hold the same numbers."""
    given = vector_of(x, "the input", WHAT)
    if given.size < 2:
        raise ShapeError(f"draw.{WHAT}: expected at least 2 values of a batch, got {given.size}: their variance would be 0.")
    first = np.zeros_like(given)
    first[0] = 1.0
    g = first if gradient is None else vector_of(gradient, "the gradient", WHAT)
    if g.shape != given.shape:
        raise ShapeError(f"draw.{WHAT}: expected a gradient of {given.size} numbers, one for each sample, got {g.size}.")
    with enable_grad():
        leaf, w, b = (tensor(v, requires_grad=True) for v in (given[:, None], [float(weight)], [float(bias)]))
        y = operation(leaf, None, None, w, b, training=True, eps=eps)
        y.backward(tensor(g[:, None]))
        direct, spread, centre = (tensor(given, requires_grad=True) for _ in range(3))
        mean = centre.mean()
        variance = ((spread - mean) ** 2).mean()
        hat = (direct - mean) / (variance + eps) ** 0.5
        for v in (mean, variance, hat):
            v.retain_grad()
        (hat * w.detach() + b.detach()).backward(tensor(g))

    def plain(t: Any) -> Array:
        return np.asarray(t.detach(), np.float64)

    return Normalized(
        given,
        float(mean),
        float(variance),
        plain(hat),
        plain(y)[:, 0],
        float(weight),
        float(bias),
        eps,
        g,
        plain(hat.grad),
        (plain(direct.grad), plain(spread.grad), plain(centre.grad)),
        float(plain(variance.grad)),
        float(plain(mean.grad)),
        float(plain(w.grad)[0]),
        float(plain(b.grad)[0]),
        plain(leaf.grad)[:, 0],
    )


def normalized_scene(n: Normalized, words: Words, title: str, subtitle: str | None, precision: int) -> Scene:
    """The forward pass from left to right, the backward pass below it from right to left."""
    scene = Scene(title=title, name=WHAT, lang=words.lang)
    told = words("batch norm sub", n.x.size) if subtitle is None else subtitle
    head = marks.heading(scene.group("heading"), title, told)
    board = _Board(n, words, precision)
    top = marks.HEADING + 14
    scene.text(marks.MARGIN, top, words("there"), 12.5, "bold")
    low = board.there(scene, top + 40)
    scene.text(marks.MARGIN, low + 40, words("back"), 12.5, "bold")
    low = board.back(scene, low + 76)
    wide = 0.0
    for k, runs in enumerate(board.sums()):
        scene.text(marks.MARGIN, low + 34 + k * LINE, runs, NAME - 1)
        wide = max(wide, runs_width(runs, NAME - 1))
    scene.width = max(board.right, marks.MARGIN + head, marks.MARGIN + wide) + marks.MARGIN
    scene.height = low + 34 + LINE * (len(board.sums()) - 1) + marks.MARGIN - 6
    listed = [", ".join(t[0] for t in board.column(a)) for a in (n.x, n.hat, n.y, n.gradient, n.back)]
    scene.desc = words("batch norm desc", board.number(n.mean), board.number(n.variance), *listed)
    return scene


@dataclass(slots=True)
class _Board:
    n: Normalized
    words: Words
    precision: int

    # ---------------------------------------------------------------------------------------------- numbers and places
    def column(self, a: Array) -> list[list[str]]:
        return texts_of(a[:, None], self.whole, self.precision, self.words)

    @property
    def whole(self) -> bool:
        """Are all numbers whole?"""
        n = self.n
        return are_whole(n.x, n.hat, n.y, n.gradient, n.of_hat, *n.paths, n.back)

    def number(self, v: float) -> str:
        return texts_of(np.array([[v]]), self.whole, self.precision, self.words)[0][0]

    @property
    def cell(self) -> float:
        n = self.n
        return wide_enough(*(self.column(a) for a in (n.x, n.hat, n.y, n.gradient, n.of_hat, *n.paths, n.back)), least=52.0)

    @property
    def tall(self) -> float:
        return CELL * self.n.x.size

    def scaling(self) -> list[Run]:
        """What makes y of x̂, with the numbers."""
        n = self.n
        plus = "+" if n.bias >= 0 else "−"
        known = [("· ", n.weight), (f" {plus} ", abs(n.bias))] if n.bias else [("· ", n.weight)]
        return [r for sign, v in known for r in (Run(sign, "sans", "muted"), Run(self.short(v), "sans", "parameter"))]

    def short(self, v: float) -> str:
        return self.words.trimmed(v, self.precision)

    @property
    def gap(self) -> float:
        """Between two columns of the forward pass."""
        return max(64.0, runs_width(self.scaling(), 11) + 26)

    @property
    def right(self) -> float:
        return marks.MARGIN + 5 * self.cell + 4 * self.gap

    def grid(self, group: Group, a: Array, x: float, y: float, look: str, name: str, id: str) -> None:
        """A column with its name above it."""
        g = group.group(id, "column", name)
        paint_grid(g, self.column(a), x, y, self.cell, lambda i, j: look)
        ink = "gradient" if look == "gradient" else "ink"
        g.text(x + self.cell / 2, y - 9, mathematics(name, ink), NAME, anchor="middle")

    def foot(self, group: Group, v: float, x: float, y: float, look: str, name: str, id: str) -> None:
        """A number of the whole column, in a cell below it."""
        g = group.group(id, "statistic", name)
        paint_grid(g, [[self.number(v)]], x, y, self.cell, lambda i, j: look)
        ink = "gradient" if look == "gradient" else "kept"
        g.text(x + self.cell / 2, y + CELL + 17, mathematics(name, ink), NAME, anchor="middle")

    # ---------------------------------------------------------------------------------------------- the passes
    def there(self, scene: Scene, y: float) -> float:
        """x, x − μ, its square, x̂, y; the statistics at the feet of the columns they are the means of."""
        n, cell, gap = self.n, self.cell, self.gap
        y += 22  # for the wire above
        at = [marks.MARGIN + k * (cell + gap) for k in range(5)]
        middle, foot = y + self.tall / 2, y + self.tall + 16
        centred = n.x - n.mean
        columns = [
            (n.x, "given", "x"),
            (centred, "plain", "x − μ"),
            (centred**2, "plain", "(x − μ)²"),
            (n.hat, "plain", "x̂"),
            (n.y, "made", "y"),
        ]
        wires = scene.group("wires")
        for k, label in ((0, _label("− μ")), (1, _label("( )²")), (3, self.scaling())):
            labelled_wire(wires, at[k] + cell + 8, at[k + 1] - 8, middle, label)
        over, half = y - 34, cell / 2
        marks.wire(
            wires, [(at[1] + half, y - 26), (at[1] + half, over), (at[3] + half, over), (at[3] + half, y - 24)], role="wire", line=1.2
        )
        wires.text((at[1] + at[3]) / 2 + half, over - 7, mathematics("/ √(σ² + ε)", "muted"), 13, anchor="middle")
        for k, turn in ((0, 1), (2, 3)):
            level = foot + CELL / 2
            marks.wire(
                wires,
                [(at[k] + cell + 6, level), (at[turn] + half, level), (at[turn] + half, y + self.tall + 6)],
                role="kept",
                line=1.2,
                dash="3 3",
            )
        for k, ((a, look, name), x) in enumerate(zip(columns, at, strict=True), 1):
            self.grid(scene, a, x, y, look, name, f"column-{k}")
        self.foot(scene, n.mean, at[0], foot, "kept", "μ", "mean")
        self.foot(scene, n.variance, at[2], foot, "kept", "σ²", "variance")
        return foot + CELL + 22

    def back(self, scene: Scene, y: float) -> float:
        """∂E/∂y, ∂E/∂x̂, the three paths, and their sum ∂E/∂x: from right to left."""
        n, cell = self.n, self.cell
        apart = (self.right - marks.MARGIN - cell) / 5
        at = [marks.MARGIN + k * apart for k in range(6)]
        y += 22
        middle, half = y + self.tall / 2, cell / 2
        wires = scene.group("back-wires")
        marks.wire(wires, [(at[5] - 6, middle), (at[4] + cell + 6, middle)], role="gradient", line=1.4, head=6.5)
        wires.text(
            (at[5] + at[4] + cell) / 2,
            middle - 7,
            [Run("· ", "sans", "muted"), Run(self.short(n.weight), "sans", "parameter")],
            11,
            anchor="middle",
        )
        bus = y - 22
        wires.line((at[4] + half, y - 28), (at[4] + half, bus - 14), (at[1] + half, bus - 14), stroke="gradient", line=1.4)
        for k in (1, 2, 3):
            marks.wire(wires, [(at[k] + half, bus - 14), (at[k] + half, y - 5)], role="gradient", line=1.4, head=6.5)
        for k, sign in ((0, "="), (1, "+"), (2, "+")):
            scene.text((at[k] + cell + at[k + 1]) / 2, middle + 5, sign, 16, anchor="middle")
        self.grid(scene, n.gradient, at[5], y, "gradient", "∂E/∂y", "back-y")
        self.grid(scene, n.of_hat, at[4], y, "gradient", "∂E/∂x̂", "back-hat")
        self.grid(scene, n.back, at[0], y, "gradient", "∂E/∂x", "back-x")
        for k, (a, key) in enumerate(zip(n.paths, ("direct", "by variance", "by mean"), strict=True), 1):
            g = scene.group(f"path-{k}", "path", self.words(key))
            paint_grid(g, self.column(a), at[k], y, cell, lambda i, j: "gradient")
            g.text(at[k] + half, y + self.tall + 17, self.words(key), 11.5, ink="muted", anchor="middle")
        return y + self.tall + 20

    def sums(self) -> list[tuple[Run, ...]]:
        """The formula of the three paths, and the gradients of the statistics and the parameters."""
        n, count = self.n, self.n.x.size
        formula = f"∂E/∂x  =  ∂E/∂x̂ / √(σ² + ε)  +  ∂E/∂σ² · 2(x − μ)/{count}  +  ∂E/∂μ · 1/{count}"
        statistics = {"∂E/∂σ²": n.of_variance, "∂E/∂μ": n.of_mean}
        parameters = {"∂E/∂γ  =  Σ ∂E/∂y · x̂": n.of_weight, "∂E/∂β  =  Σ ∂E/∂y": n.of_bias}
        lines = [mathematics(formula, "gradient")]
        for line in (statistics, parameters):
            told: list[Run] = []
            for name, v in line.items():
                told += [Run("      ", "sans")] if told else []
                told += [*mathematics(f"{name}  =  ", "gradient"), Run(self.number(v), "bold", "gradient", 0.85)]
            lines.append(tuple(told))
        return lines


def _label(text: str) -> Sequence[Run]:
    """A short formula on a wire."""
    return mathematics(text, "muted", 1.15)
