"""What a figure in steps says at each of them, and the film made of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..canvas import symbols
from ..canvas.frames import Frames
from ..canvas.mathtext import Term, row, space, written
from ..canvas.scene import Box, Group, Run, Scene
from ..canvas.side_by_side import extent, scaled
from ..canvas.text import Words
from ..layout.fit import LEAST_TEXT, SIZES, Fit
from .progress import BACKWARD, FORWARD, START, Stage
from .view import View

SIZE = 14.0
SMALLEST_AT_WORK = 10.5  # text of an operation
MOST_TRIES = 12
LEAST_TOLD = 420.0  # pixels of a line of it
SCREEN = Fit(*SIZES["slide"])


MOST_FRAMES = 240


def check_count(view: View) -> None:
    """Refuse to make more frames than anybody leafs through."""
    count = 2 * sum(u.works for u in view.units) + 2
    if count > MOST_FRAMES:
        raise ValueError(
            f"draw.steps: this graph would make {count:,} frames, and {MOST_FRAMES} are the limit. Fold its modules "
            "(depth=1), or step through a part of it."
        )


def label_of(stage: Stage, words: Words) -> tuple[Run, ...]:
    """ "Backward step 3 of 8", in the ink of its pass."""
    counts = (stage.number, stage.of) if stage.phase in (FORWARD, BACKWARD) else ()
    return (Run(words(f"stage {stage.phase}", *counts), "bold", "forward" if stage.phase in (START, FORWARD) else "gradient"),)


class Narrator:
    """Sets what happens in a step below a figure: a label, then pieces of arithmetic in as many lines as they need."""

    def __init__(self, words: Words, width: float) -> None:
        self.words = words
        self.room = width - 2 * symbols.MARGIN

    def lines(self, stage: Stage, pieces: Sequence[Term]) -> list[list[tuple[float, Term]]]:
        x = 0.0
        made: list[list[tuple[float, Term]]] = [[]]
        for p in (row([written(label_of(stage, self.words), 13), space(22)]), *pieces):
            if made[-1] and x + p.width > self.room:
                made.append([])
                x = 0.0
            made[-1].append((x, p))
            x += p.width + 26
        return made

    @staticmethod
    def height(lines: Sequence[Sequence[tuple[float, Term]]]) -> float:
        return sum(max(p.ascent for _, p in line) + max(p.descent for _, p in line) + 9 for line in lines)

    @staticmethod
    def paint(scene: Scene, lines: Sequence[Sequence[tuple[float, Term]]], y: float) -> None:
        group = scene.group("step", "caption")
        for line in lines:
            y += max(p.ascent for _, p in line)
            for x, p in line:
                p.paint(group, symbols.MARGIN + x, y)
            y += max(p.descent for _, p in line) + 9


def animation_of(told: Sequence[tuple[Scene, Stage, list[Term], str]], words: Words, theme: str, prefix: str) -> Frames:
    """Put the narration below each scene, all of one height. Where the figure is too large to be read on a screen, it is told in larger
    letters, beside the operation at work, enlarged; a page, whose camera stays on that, has both at their own size."""
    captions = [f"{label_of(stage, words)[0].text}: {text}" for _, stage, _, text in told]
    plain = _narrated(told, words, captions, 1.0)
    zoom = max(LEAST_TEXT / SCREEN.text(scene.width, scene.height) for scene in plain)
    if zoom <= 1.0 + 1e-6:
        return Frames(plain, captions, theme, prefix)
    enlarged = plain
    for _ in range(MOST_TRIES):  # what is added makes the whole larger
        enlarged = _narrated(told, words, captions, zoom)
        needed = max(LEAST_TEXT / SCREEN.text(scene.width, scene.height, 1.0) for scene in enlarged) / SMALLEST_AT_WORK
        if needed <= zoom * 1.001:
            break
        zoom = needed
    return Frames(enlarged, captions, theme, prefix).with_page(plain)


def _narrated(told: Sequence[tuple[Scene, Stage, list[Term], str]], words: Words, captions: Sequence[str], zoom: float) -> list[Scene]:
    """The scenes with what is told of each below, `zoom` times as large as usual and then beside the operation at work."""
    works = [_at_work(scene, stage) if zoom > 1.0 else None for scene, stage, *_ in told]
    boxes = [box for found in works if found is not None for box in found[1:]]
    aside = max((w for _, _, w, _ in boxes), default=0.0) + (symbols.MARGIN if boxes else 0.0)
    width = max(told[0][0].width / zoom, (aside + LEAST_TOLD) if zoom > 1.0 else 0.0)
    narrator = Narrator(words, width - aside)
    written_out = [narrator.lines(stage, pieces) for _, stage, pieces, _ in told]
    more = max([*map(narrator.height, written_out), *(h for _, _, _, h in boxes)]) + 4
    made = []
    for (scene, *_), lines, caption, found in zip(told, written_out, captions, works, strict=True):
        data = {**scene.data, "told": round(scene.height, 2)}
        whole = replace(scene, items=list(scene.items), data=data, desc=f"{caption}. {scene.desc}")
        if zoom > 1.0:
            below = Scene()
            narrator.paint(below, lines, 6.0)
            whole.items += [scaled(item, zoom, zoom * aside, scene.height) for item in below.items]
            if found is not None:
                group, (x, y, _, _) = found
                whole.items.append(scaled(group, zoom, zoom * (symbols.MARGIN - x), scene.height - zoom * (y - 6.0), "enlarged-"))
        else:
            narrator.paint(whole, lines, scene.height + 6)
        whole.width = max(scene.width, zoom * width)
        whole.height += zoom * (more + symbols.MARGIN - 12)
        made.append(whole)
    return made


def _at_work(scene: Scene, stage: Stage) -> tuple[Group, Box] | None:
    """The operation that a frame is about, as it is drawn there, and the room that it takes."""
    if stage.active is None:
        return None
    group = next((g for g in scene.groups() if g.id == stage.active.id), None)
    return None if group is None else (group, extent(group))
