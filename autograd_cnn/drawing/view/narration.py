"""What a figure in steps says at each of them, and the film made of all."""

from __future__ import annotations

from collections.abc import Sequence

from ..canvas import symbols
from ..canvas.frames import Frames
from ..canvas.mathtext import Term, row, space, written
from ..canvas.scene import Run, Scene
from ..canvas.text import Words
from .progress import BACKWARD, FORWARD, START, Stage
from .view import View

SIZE = 14.0


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
    """Put the narration below each scene, all of one height."""
    narrator = Narrator(words, told[0][0].width)
    written_out = [narrator.lines(stage, pieces) for _, stage, pieces, _ in told]
    more = max(map(narrator.height, written_out)) + 4
    captions = []
    for (scene, stage, _, text), lines in zip(told, written_out, strict=True):
        scene.data = {**scene.data, "told": round(scene.height, 2)}
        narrator.paint(scene, lines, scene.height + 6)
        scene.height += more + symbols.MARGIN - 12
        captions.append(f"{label_of(stage, words)[0].text}: {text}")
        scene.desc = f"{captions[-1]}. {scene.desc}"
    return Frames([scene for scene, *_ in told], captions, theme, prefix)
