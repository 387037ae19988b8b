"""The passes of a graph as frames: one operation a frame, forward, then backward in the engine's own order, with the
arithmetic of the step written out below."""

from __future__ import annotations

from ..canvas.frames import Frames
from ..canvas.mathtext import SUM, Term, row, written
from ..canvas.scene import Run
from ..canvas.text import mathematics, name_runs
from ..view.narration import SIZE, animation_of, check_count
from ..view.progress import FORWARD, SEED, START, Stage, stages
from ..view.style import Style
from ..view.view import Unit, View, number_of
from .circuit import Line, number_of_gradient
from .figure import CircuitFigure
from .formula import arithmetic_of


def circuit_steps(view: View, style: Style, title: str, subtitle: str, theme: str, prefix: str, formula: bool = True) -> Frames:
    """The frames of a circuit."""
    check_count(view)
    figure = CircuitFigure(view, style, title, subtitle, formula=formula)
    teller = _CircuitSteps(figure)
    return animation_of([(figure.scene(s), *teller.told(s)) for s in stages(view, style.backward)], style.words, theme, prefix)


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
        made = "?" if out is None else self.words.value(out, self.precision)
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
        behind = self.words.value(number_of_gradient(line.edge.head), self.precision)
        local, given = self.words.value(line.local or 0.0, self.precision), self.words.value(share, self.precision)
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
            before = self.words.value(total - share, self.precision)
            runs.append(Run(f",  {before} + {f'({given})' if given.startswith('−') else given} = "))
            runs.append(Run(self.words.value(total, self.precision), "bold", "gradient"))
            text += f", {before} + {given} = {self.words.value(total, self.precision)}"
        return written(runs, 13), text

    def earlier(self, e: object, stage: Stage) -> bool:
        """Had this edge handed its share back before this step?"""
        return stage.has_share(e) and not stage.lights(e)  # type: ignore[arg-type]


def _plain(text: str) -> Term:
    return written((Run(text, "sans", "muted"),), 13)
