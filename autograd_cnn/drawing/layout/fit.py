"""What a figure is to fit: a screen, a page, or so many pixels, and whether it does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ...errors import nearest
from ..canvas.scene import Scene, Text

SIZES = {"slide": (1280.0, 720.0), "page": (794.0, 1123.0)}  # a screen; A4 at 96 dots to the inch
LEAST_TEXT = 9.0  # pixels of the smallest line, once the figure is scaled to what it is to fit
SMALLEST = 10.5  # of what a figure of a graph writes


@dataclass(frozen=True, slots=True)
class Fit:
    """So many pixels, in which no text may be smaller than 9 pixels."""

    width: float
    height: float

    @staticmethod
    def of(wish: str | tuple[float, float]) -> Fit:
        """What a caller asks for.

        Raises:
            ValueError: neither "slide" nor "page" nor two positive numbers.
        """
        size = SIZES.get(wish) if isinstance(wish, str) else wish
        if isinstance(size, tuple | list) and len(size) == 2 and all(_is_size(n) for n in size):
            return Fit(float(size[0]), float(size[1]))
        raise ValueError(
            f"draw: expected fit to be 'slide' (1280×720), 'page' (794×1123) or (width, height) in pixels, got {wish!r}."
            + nearest(str(wish), SIZES)
        )

    def text(self, width: float, height: float, smallest: float = SMALLEST) -> float:
        """How large the smallest text is when a figure of this size is scaled down to fit."""
        return smallest * min(1.0, self.width / width, self.height / height)

    def of_scene(self, scene: Scene) -> float:
        """The same for a figure as it is painted."""
        sizes = [t.size for _, t in scene.walk() if isinstance(t, Text) and t.string.strip()]
        return self.text(scene.width, scene.height, min(sizes, default=LEAST_TEXT))

    def holds(self, text: float) -> bool:
        return text >= LEAST_TEXT - 1e-6


def _is_size(n: object) -> bool:
    return isinstance(n, int | float) and not isinstance(n, bool) and 0 < n < math.inf


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How a graph is laid out: the way it runs, and in how many columns (or, to the right, rows) a long chain is broken. `shape`
    "U": an encoder goes down at the left, its decoder comes up at the right."""

    direction: str = "down"
    columns: int = 1
    shape: str = ""

    @property
    def right(self) -> bool:
        return self.direction == "right"


def first_that_fits(candidates: Iterable[Callable[[], Scene | None]], fit: Fit) -> Scene:
    """The first figure whose smallest text is large enough; if none is, the one with the largest. A candidate that cannot be made
    is None."""
    best: Scene | None = None
    most = 0.0
    for make in candidates:
        scene = make()
        if scene is None:
            continue
        text = fit.of_scene(scene)
        if fit.holds(text):
            return scene
        if best is None or text > most * 1.0001:
            best, most = scene, text
    if best is None:
        raise ValueError("draw: nothing to choose from.")
    return best
