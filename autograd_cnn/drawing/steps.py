"""The passes of a graph as frames: one operation a frame, forward, then backward in the engine's own order, with the
arithmetic of the step written out below."""

from __future__ import annotations

from collections.abc import Sequence

from . import marks
from .cards import Style
from .circuit import Line, number_of_gradient
from .formula import arithmetic_of
from .frames import Frames
from .mathtext import SUM, Term, row, space, written
from .scalar_graph import CircuitFigure
from .scene import Run, Scene
from .stage import BACKWARD, FORWARD, SEED, START, Stage, stages
from .view import Unit, View, number_of
from .words import Words, mathematics, name_runs, value

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
        self.room = width - 2 * marks.MARGIN

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
                p.paint(group, marks.MARGIN + x, y)
            y += max(p.descent for _, p in line) + 9


def circuit_steps(view: View, style: Style, title: str, subtitle: str, theme: str, prefix: str, formula: bool = True) -> Frames:
    """The frames of a circuit."""
    check_count(view)
    figure = CircuitFigure(view, style, title, subtitle, formula=formula)
    teller = _CircuitSteps(figure)
    return film_of([(figure.scene(s), *teller.told(s)) for s in stages(view, style.backward)], style.words, theme, prefix)


def film_of(told: Sequence[tuple[Scene, Stage, list[Term], str]], words: Words, theme: str, prefix: str) -> Frames:
    """Put the narration below each scene, all of one height."""
    narrator = Narrator(words, told[0][0].width)
    written_out = [narrator.lines(stage, pieces) for _, stage, pieces, _ in told]
    more = max(map(narrator.height, written_out)) + 4
    captions = []
    for (scene, stage, _, text), lines in zip(told, written_out, strict=True):
        narrator.paint(scene, lines, scene.height + 6)
        scene.height += more + marks.MARGIN - 12
        captions.append(f"{label_of(stage, words)[0].text}: {text}")
        scene.desc = f"{captions[-1]}. {scene.desc}"
    return Frames([scene for scene, *_ in told], captions, theme, prefix)


class _CircuitSteps:
    """The arithmetic of each step of a circuit."""

    def __init__(self, figure: CircuitFigure) -> None:
        self.figure, self.words = figure, figure.words
        self.precision = figure.style.precision

    def told(self, stage: Stage) -> tuple[Stage, list[Term], str]:
        if stage.phase == START:
            return stage, [_plain(self.words("only inputs"))], self.words("only inputs")
        if stage.phase == FORWARD and stage.active is not None:
            return self.forward(stage, stage.active)
        return self.seeded(stage) if stage.phase == SEED else self.backward(stage)

    def seeded(self, stage: Stage) -> tuple[Stage, list[Term], str]:
        name = self.end()
        text = self.words("one at the end", name)
        before, after = self.words("one at the end", "\0").split("\0")
        runs = (Run(before, "sans", "muted"), *name_runs(name, "muted", 1.1), Run(after, "sans", "muted"))
        return stage, [written(runs, 13)], text

    def end(self) -> str:
        ends = self.figure.ends()
        return self.figure.end_name(ends[0]) if ends else "f"

    def forward(self, stage: Stage, unit: Unit) -> tuple[Stage, list[Term], str]:
        out = number_of(unit.outputs[0])
        made = "?" if out is None else value(out, self.precision)
        term, text = arithmetic_of(self.figure.view, unit.steps[0], self.precision, SIZE + 1)
        result = written((Run(" = ", "serif"), Run(made, "bold", "forward", 0.92)), SIZE)
        return stage, [row([term, result], SUM)], f"{text} = {made}"

    def backward(self, stage: Stage) -> tuple[Stage, list[Term], str]:
        """For each argument: gradient behind × local derivative = what is handed back, and the sum where branches meet."""
        pieces, texts = [], []
        for line in self.figure.lines:
            share = self.figure.share(line.edge)
            if not stage.lights(line.edge) or share is None or line.local is None:
                continue
            term, text = self.product(line, share, stage)
            pieces.append(term)
            texts.append(text)
        if not pieces:
            return stage, [_plain(self.words("no gradient"))], self.words("no gradient")
        return stage, pieces, "; ".join(texts)

    def product(self, line: Line, share: float, stage: Stage) -> tuple[Term, str]:
        behind = value(number_of_gradient(line.edge.head), self.precision)
        local, given = value(line.local or 0.0, self.precision), value(share, self.precision)
        factor = f"({local})" if local.startswith("−") else local
        runs: list[Run] = []
        name = line.edge.tail.outputs[0].name
        said = ""
        if name:
            runs += [*mathematics("∂", "ink", 1.15), *name_runs(self.end(), "ink", 1.15), *mathematics(" / ∂", "ink", 1.15)]
            runs += [*name_runs(name, "ink", 1.15), Run("  =  ")]
            said = f"∂{self.end()}/∂{name} = "
        runs += [Run(behind, "sans", "gradient"), Run(f" × {factor} = "), Run(given, "bold", "gradient")]
        text = f"{said}{behind} × {factor} = {given}"
        others = [e for e in self.figure.view.edges if e.tail is line.edge.tail and e is not line.edge and self.earlier(e, stage)]
        if others:
            total = share + sum(self.figure.share(e) or 0.0 for e in others)
            before = value(total - share, self.precision)
            runs.append(Run(f",  {before} + {f'({given})' if given.startswith('−') else given} = "))
            runs.append(Run(value(total, self.precision), "bold", "gradient"))
            text += f", {before} + {given} = {value(total, self.precision)}"
        return written(runs, 13), text

    def earlier(self, e: object, stage: Stage) -> bool:
        """Had this edge handed its share back before this step?"""
        return stage.has_share(e) and not stage.lights(e)  # type: ignore[arg-type]


def _plain(text: str) -> Term:
    return written((Run(text, "sans", "muted"),), 13)
