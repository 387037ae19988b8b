"""Max pooling, the places it remembers, and unpooling: computed by the operations themselves, drawn as grids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...config import no_grad
from ...errors import ShapeError, nearest
from ...ops.conv.resample import interpolate
from ...ops.pool.max_functions import max_pool1d_with_indices, max_pool2d_with_indices, max_unpool1d, max_unpool2d
from ...tensors.creation import tensor
from ..canvas import symbols as marks
from ..canvas.captions import declare
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.metrics import text_width
from ..canvas.scene import Group, Scene
from ..canvas.text import Words
from ..canvas.theme import check_theme
from ..view.arguments import check_number
from ..view.arrays import Array, array_of
from .grids import CELL, MOST_ENTRIES, are_whole, finite, labelled_wire, paint_grid, texts_of, wide_enough

declare(
    {
        "unpooling": ("Max unpooling", "Max-Unpooling"),
        "unpooling short": ("unpooling", "Unpooling"),
        "unpooling sub": (
            "pooling remembers where each maximum stood; unpooling puts a value back there, and 0 elsewhere",
            "Pooling merkt sich, wo jedes Maximum stand; Unpooling setzt einen Wert dorthin zurück, sonst 0",
        ),
        "unpooling desc": ("Input {}, maxima at {}; unpooled: {}.", "Eingabe {}, Maxima bei {}; nach dem Unpooling: {}."),
        "pooled": ("pooled", "nach dem Pooling"),
        "comes back": ("what comes back", "was zurückkommt"),
        "unpooled": ("unpooled", "nach dem Unpooling"),
        "switches": (
            "switches: the place of each maximum, counted row by row from 0",
            "Schalter: der Ort jedes Maximums, zeilenweise gezählt ab 0",
        ),
        "signal switches": ("switches: the place of each maximum, counted from 0", "Schalter: der Ort jedes Maximums, gezählt ab 0"),
        "pooling short": ("max pooling", "Max-Pooling"),
        "resized nearest": ("nearest neighbour", "nächster Nachbar"),
        "resized bilinear": ("bilinear", "bilinear"),
    }
)

OTHERS = ("nearest", "bilinear")
WHAT = "unpooling"


@figure
def unpooling(
    input: Any,
    kernel: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    *,
    values: Any = None,
    compare: str | Sequence[str] = (),
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str = "en",
    precision: int = 2,
    prefix: str = "",
) -> Drawing:
    """Draw max pooling, the places it remembers (the switches), and unpooling, which puts a value back at each.

    Args:
        input: an array (L,) or (H, W) of at most 16 entries a side.
        kernel, stride, padding: of the pooling, as for `pooling`.
        values: what is put back: an array of the pooled size, such as a gradient or what a decoder made; the maxima themselves by
            default.
        compare: "nearest", "bilinear" or both: enlarge the same values so, without switches.
        title, subtitle, theme, lang, precision, prefix: as for `draw`.

    Raises:
        ShapeError: sizes that do not go together, or too many entries.
        ValueError: another name to compare with.

    Example:
        >>> from autograd_cnn import draw
        >>> draw.unpooling([[1, 5], [2, 0]], 2).scene.desc
        'Input 2×2, maxima at 1; unpooled: 0 5; 0 0.'

    Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2014, section 2.1.
    """
    words, theme = Words(lang), check_theme(theme)
    check_number("precision", precision)
    u = unpooling_example(input, kernel, stride, padding, values, (compare,) if isinstance(compare, str) else tuple(compare))
    known = words("unpooling") if title is None else title
    line = words("unpooling sub") if subtitle is None else subtitle
    return Drawing(unpooling_scene(u, words, known, line, precision), theme, prefix)


@dataclass(frozen=True, slots=True)
class Unpooling:
    """Matrices of one example; of a signal matrices of one row."""

    x: Array
    pooled: Array
    switches: Array  # where each maximum stood, counted row by row
    values: Array  # what is put back
    result: Array
    others: dict[str, Array]
    tiles: tuple[int, int] | None  # rows and columns of a window, where windows do not overlap
    signal: bool
    between: bool  # are the values others than the pooled ones?


def unpooling_example(
    input: Any, kernel: int | Sequence[int], stride: int | Sequence[int] | None, padding: Any, values: Any, compare: Sequence[str]
) -> Unpooling:
    """The example that a call of `draw.unpooling` means."""
    x = finite(array_of(input, WHAT), "the input", WHAT)
    if x.ndim not in (1, 2) or not 1 <= max(x.shape) <= MOST_ENTRIES or not x.size:
        raise ShapeError(f"draw.{WHAT}: expected an input (L,) or (H, W) of at most {MOST_ENTRIES} entries a side, got {x.shape}.")
    for name in compare:
        if name not in OTHERS:
            raise ValueError(f"draw.{WHAT}: expected compare to name 'nearest' or 'bilinear', got {name!r}.{nearest(str(name), OTHERS)}")
    dims = x.ndim
    pool, unpool = (max_pool1d_with_indices, max_unpool1d) if dims == 1 else (max_pool2d_with_indices, max_unpool2d)
    with no_grad():
        y, at = pool(tensor(x[None, None]), kernel, stride, padding)
        back = y if values is None else tensor(finite(array_of(values, WHAT), "values", WHAT)[None, None])
        if back.shape != y.shape:
            raise ShapeError(f"draw.{WHAT}: expected values of the pooled shape {tuple(y.shape[2:])}, got {tuple(back.shape[2:])}.")
        found = unpool(back, at, kernel, stride, padding, x.shape)
        others = {name: _resized(back, x.shape, name) for name in compare}
    window = np.broadcast_to(kernel, dims)
    apart = window if stride is None else np.broadcast_to(stride, dims)
    apart = window if not np.any(apart) else apart  # torch's 0 stands for the kernel
    tiles = (int(window[-2]) if dims == 2 else 1, int(window[-1])) if np.array_equal(window, apart) and not np.any(padding) else None
    return Unpooling(_matrix(x), _matrix(y), _matrix(at), _matrix(back), _matrix(found), others, tiles, dims == 1, values is not None)


def _resized(back: Any, size: Sequence[int], mode: str) -> Array:
    if mode == "nearest":
        return _matrix(interpolate(back, size=size, mode="nearest"))
    return _matrix(interpolate(back, size=size, mode="linear" if len(size) == 1 else "bilinear", align_corners=False))


def _matrix(x: Any) -> Array:
    a = np.asarray(x, np.float64)
    return a.reshape(-1, a.shape[-1])


@dataclass(slots=True)
class _Board:
    """Grids on one axis, from left to right."""

    group: Group
    middle: float
    signal: bool

    def grid(self, name: str, texts: list[list[str]], x: float, look: Any, caption: str, id: str) -> float:
        """A grid with its caption above and its size below; its right end."""
        cell = wide_enough(texts)
        wide, tall = cell * len(texts[0]), CELL * len(texts)
        room = max(wide, text_width(caption, 11))
        left, y = x + (room - wide) / 2, self.middle - tall / 2
        g = self.group.group(id, name, caption)
        paint_grid(g, texts, left, y, cell, look)
        g.text(left + wide / 2, y - 8, caption, 11, ink="muted", anchor="middle")
        size = str(len(texts[0])) if self.signal else f"{len(texts)} × {len(texts[0])}"
        g.text(left + wide / 2, y + tall + 18, size, 12.5, "bold", "forward", "middle")
        return x + room

    def arrow(self, x: float, label: str, dash: str | None = None) -> float:
        """An arrow that does something; its right end."""
        end = x + 16 + max(44.0, text_width(label, 11) + 10)
        labelled_wire(self.group, x + 10, end - 6, self.middle, label, dash=dash)
        return end


def unpooling_scene(u: Unpooling, words: Words, title: str, subtitle: str, precision: int) -> Scene:
    """Input, pooled, what comes back and where it is put; the switches below."""
    scene = Scene(title=title, name=WHAT, lang=words.lang)
    head = marks.heading(scene.group("heading"), title, subtitle)
    whole = are_whole(u.x, u.values)
    chosen = {int(k) for k in u.switches.flat}
    columns = u.x.shape[1]

    def texts(a: Array) -> list[list[str]]:
        return texts_of(a, whole, precision, words)

    def of_input(i: int, j: int) -> str:
        if i * columns + j in chosen:
            return "chosen"
        return "made" if u.tiles and (i // u.tiles[0] + j // u.tiles[1]) % 2 == 0 else "plain"

    def of_result(i: int, j: int) -> str:
        return "chosen" if i * columns + j in chosen else "empty"

    tall = max(u.x.shape[0], u.pooled.shape[0]) * CELL
    top = marks.HEADING + 26
    b = _Board(scene, top + tall / 2, u.signal)
    x = b.grid("input", texts(u.x), marks.MARGIN, of_input, words("input"), "input")
    left = x
    x = b.arrow(x, words("pooling short"))
    first = (left + x) / 2
    x = b.grid("pooled", texts(u.pooled), x, lambda i, j: "made", words("pooled"), "pooled")
    if u.between:
        x = b.arrow(x, "…", "3 3")
        x = b.grid("values", texts(u.values), x, lambda i, j: "given", words("comes back"), "values")
    left = x
    x = b.arrow(x, words("unpooling short"))
    second = (left + x) / 2
    x = b.grid("result", texts(u.result), x, of_result, words("unpooled"), "result")
    low, right = _switches(scene, u, words, first, second, b.middle, top + tall + 44)
    for name, a in u.others.items():
        x = b.grid(name, texts(a), x + 40, lambda i, j: "plain", words(f"resized {name}"), name)
    scene.width = max(x, head + marks.MARGIN, right) + marks.MARGIN
    scene.height = low + marks.MARGIN
    at = ", ".join(str(int(k)) for k in u.switches.flat)
    told = "; ".join(" ".join(row) for row in texts(u.result))
    scene.desc = words("unpooling desc", "×".join(map(str, u.x.shape)), at, told)
    return scene


def _switches(scene: Scene, u: Unpooling, words: Words, first: float, second: float, axis: float, y: float) -> tuple[float, float]:
    """The places, between what fills them in and what reads them; the lower end and the right."""
    texts = [[str(int(k)) for k in row] for row in u.switches]
    cell = wide_enough(texts)
    wide, tall = cell * len(texts[0]), CELL * len(texts)
    caption = words("signal switches" if u.signal else "switches")
    half = text_width(caption, 11) / 2
    middle = max((first + second) / 2, marks.MARGIN + half)
    x = middle - wide / 2
    g = scene.group("switches", "switches", caption)
    paint_grid(g, texts, x, y, cell, lambda i, j: "kept")
    g.text(middle, y + tall + 18, caption, 11, ink="muted", anchor="middle")
    level = y + tall / 2
    marks.wire(g, [(first, axis + 4), (first, level), (x - 4, level)], role="kept", line=1.2, dash="3 3", head=6.5)
    marks.wire(g, [(x + wide + 4, level), (second, level), (second, axis + 4)], role="kept", line=1.2, dash="3 3", head=6.5)
    return y + tall + 24, middle + half
