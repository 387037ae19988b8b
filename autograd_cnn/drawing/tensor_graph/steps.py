"""The passes of a tensor graph as frames: cards light up in execution order, lanes run back in the engine's order.

A frame is the finished figure without what comes later, so nothing moves between frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import partial

from ..canvas import symbols
from ..canvas.frames import Frames
from ..canvas.mathtext import Term, written
from ..canvas.metrics import text_width
from ..canvas.scene import Circle, Group, Path, Rect, Run, Scene, Text, shortened
from ..canvas.text import Words, shape
from ..layout.fit import SIZES, Arrangement, Fit, first_that_fits
from ..view.narration import animation_of, check_count
from ..view.progress import BACKWARD, FORWARD, SEED, START, Stage, stages
from ..view.style import Style
from ..view.view import Gradient, Unit, View
from .cards import Card, output_text
from .figure import DOWN, Figure, Unfit, settle
from .fitting import arrangements, estimate
from .routes import Route

WIRE_ITEMS = 2  # of an edge: its line and its head; what follows is the gradient's lane


SCREEN = Fit(*SIZES["slide"])
TRIED = 4  # arrangements that are laid out where the plain one is too large


def tensor_steps(view: View, style: Style, title: str, subtitle: str, theme: str, prefix: str) -> Frames:
    """The frames of a graph over tensors."""
    check_count(view)
    figure, whole = _arranged(view, style, title, subtitle)
    figure.page = whole.width
    told = [(_Developed(figure, stage).scene(whole), *_told(figure, stage)) for stage in stages(figure.view, style.backward)]
    return animation_of(told, style.words, theme, prefix)


def _arranged(view: View, style: Style, title: str, subtitle: str) -> tuple[_StepFigure, Scene]:
    """The figure that all frames are of, laid out as it can be read best, and its scene."""
    made: dict[int, _StepFigure] = {}

    def painted(how: Arrangement) -> Scene | None:
        try:
            figure = _StepFigure(view, replace(style), title, subtitle, "auto", how)
        except Unfit:
            return None
        scene = figure.scene(None if how == DOWN else SCREEN)
        made[id(scene)] = figure
        return scene

    def candidates() -> Iterator[Callable[[], Scene | None]]:
        yield partial(painted, DOWN)
        settle(style, view)
        others = [how for how in arrangements(view, None) if how != DOWN]
        others.sort(key=lambda how: -SCREEN.text(*estimate(view, style, how)))  # stable: of equals the first
        yield from (partial(painted, how) for how in others[:TRIED])

    scene = first_that_fits(candidates(), SCREEN)
    return made[id(scene)], scene


class _StepFigure(Figure):
    """The figure with a name on each number, so that a frame can leave it out. `page` is its width."""

    page = 0.0

    def write(self, group: Group, r: Route, text: str | Sequence[Run], shares: tuple[float, ...], under: Card | None = None) -> None:
        said = text if isinstance(text, str) else "".join(run.text for run in text)
        kind = "sum" if said.startswith("Σ") else "norm"
        named = group.group(f"{kind}-{r.edge.id}", "norm", said or "∅", edge=r.edge.id)
        super().write(named, r, text, shares, under)


class _Developed:
    """One frame: a copy of the figure as it stands at a stage."""

    def __init__(self, figure: _StepFigure, stage: Stage) -> None:
        self.figure, self.stage, view = figure, stage, figure.view
        self.units = {u.id: u for u in view.units}
        self.edges = {e.id: e for e in view.edges}
        self.owners = {p.id: u for u in view.units for p in u.pills}
        self.arrows = {f"e-{p.id.split('-', 1)[1]}": u for u in view.units for p in u.pills}
        users: dict[int, list[Unit]] = {}
        for u in view.units:
            for p in u.pills:
                users.setdefault(p.value.id, []).append(u)
        self.users = {p.id: users[p.value.id] for u in view.units for p in u.pills}

    def scene(self, whole: Scene) -> Scene:
        made = copy(whole)
        made.items = [self.group(g) if isinstance(g, Group) else g for g in whole.items]
        if self.stage.active is not None:
            made.data = {**whole.data, "at": [round(v, 2) for v in self.figure.cards[self.stage.active.id].box]}
            self.put_halo(made, self.figure.cards[self.stage.active.id])
        return made

    def put_halo(self, scene: Scene, card: Card) -> None:
        """The bright ring of the operation that runs, under the edges, so that it hides no arrowhead."""
        layer = next((i for i, g in enumerate(scene.items) if isinstance(g, Group) and any(x.kind == "edge" for x in g.groups())), 0)
        under = Group()
        symbols.halo(under, card.box, 7.0, self.stage.paper)
        scene.items.insert(layer, under)

    def group(self, g: Group) -> Group:
        """A group as it looks at this stage."""
        made = copy(g)
        made.data = dict(g.data)
        made.items = list(g.items)
        id = g.id or ""
        if id in self.units:
            self.card(made, self.units[id])
        elif id in self.edges:
            self.edge(made, id)
        elif id in self.owners:
            if self.figure.style.backward and not all(self.stage.has_run_back(u) for u in self.users[id]):
                made.items = [i for i in made.items if not _of_the_gradient(i)]
        elif id in self.arrows:
            self.arrow(made, self.arrows[id])
        elif g.kind == "norm":
            self.number(made)
        else:
            made.items = [self.group(i) if isinstance(i, Group) else i for i in made.items]
        return made

    # ------------------------------------------------------------------------------------------------- cards
    def card(self, g: Group, u: Unit) -> None:
        if not self.stage.has_value(u) and u.kind != "input":
            box, title = g.items[0], next(i for i in g.items if isinstance(i, Text))
            runs = tuple(Run(r.text, r.face, "muted", r.scale, r.rise) for r in title.runs[:1])
            g.items = [
                Rect(box.x, box.y, box.width, box.height, box.radius, None, "hair", 1.0, "3 4"),
                Text(title.x, title.y, runs, title.size, title.anchor),
            ]
            return
        if self.figure.style.backward and u.folded and not self.stage.has_run_back(u):
            g.items = [i for i in g.items if not _of_the_gradient(i)]
        if self.stage.is_active(u):
            box = g.items[0]
            g.items[0] = Rect(box.x, box.y, box.width, box.height, box.radius, box.fill, self.stage.ink, 2.2)

    # ------------------------------------------------------------------------------------------------- edges
    def edge(self, g: Group, id: str) -> None:
        e = self.edges[id]
        if not self.stage.has_share(e):
            g.items = g.items[:WIRE_ITEMS]
        known = self.stage.has_value(e.head) and (self.stage.has_value(e.tail) or e.tail.kind == "input")
        lit = self.stage.lights(e) and self.stage.phase == FORWARD
        for k, item in enumerate(g.items[:WIRE_ITEMS]):
            g.items[k] = _inked(item, "forward" if lit else "dark" if known else "wire", 2.2 if lit else None)

    def arrow(self, g: Group, u: Unit) -> None:
        if not self.stage.has_run_back(u):
            g.items = g.items[:WIRE_ITEMS]
        lit = self.stage.is_active(u) and self.stage.phase == FORWARD
        for k, item in enumerate(g.items[:WIRE_ITEMS]):
            g.items[k] = _inked(item, "forward" if lit else "dark" if self.stage.has_value(u) else "wire", 2.2 if lit else None)

    def number(self, g: Group) -> None:
        e = self.edges[str(g.data["edge"])]
        together = [x for x in self.figure.view.edges if x.value.id == e.value.id] if (g.id or "").startswith("sum-") else [e]
        if not all(self.stage.has_share(x) for x in together):
            g.items = []
            return
        if self.stage.phase in (BACKWARD, SEED) and self.stage.active is not None and any(x.head is self.stage.active for x in together):
            g.items = [_bold(i) if isinstance(i, Text) else i for i in g.items]


def _inked(item: object, ink: str, line: float | None) -> object:
    """A wire's line or head in another ink."""
    if not isinstance(item, Path):
        return item
    made = copy(item)
    made.stroke = ink if item.stroke else None
    made.fill = ink if item.fill else None
    made.line = line if line is not None and item.stroke else item.line
    return made


def _bold(t: Text) -> Text:
    """The number that has just come, in bold; its middle stays where it is."""
    made = copy(t)
    made.runs = tuple(Run(r.text, "bold" if r.face == "sans" else r.face, r.ink, r.scale, r.rise) for r in t.runs)
    made.x -= (made.width - t.width) / 2 if t.anchor == "start" else 0.0
    return made


def _of_the_gradient(item: object) -> bool:
    """Is this a gradient's norm, or its ∅?"""
    if isinstance(item, Text):
        return bool(item.runs) and all(r.ink == "gradient" for r in item.runs)
    return isinstance(item, (Circle, Path)) and item.stroke == "gradient" and item.fill is None


# ------------------------------------------------------------------------------------------------- the narration
def _told(figure: _StepFigure, stage: Stage) -> tuple[Stage, list[Term], str]:
    words = figure.words
    if stage.phase == START:
        return stage, [_muted(words("only inputs"))], words("only inputs")
    if stage.phase == SEED:
        name = next((u.title for u in figure.view.units if u.kind in ("loss", "output")), "f")
        return stage, [_muted(words("one at the end", name))], words("one at the end", name)
    u = stage.active
    if u is None:
        return stage, [], ""
    return _forward(figure, stage, u) if stage.phase == FORWARD else _backward(figure, stage, u)


def _forward(figure: _StepFigure, stage: Stage, u: Unit) -> tuple[Stage, list[Term], str]:
    """ "matmul: 32×784, 784×128 → 32×128"."""
    taken = [e.value for e in figure.view.edges if e.head is u] + [p.value for p in u.pills]
    scalar = figure.words("scalar")
    given = ",  ".join(shape(v.shape, scalar) for v in taken)
    name, out = u.title or u.copy_kind, output_text(u, figure.style)
    runs = [Run(name, "bold"), Run(f"   {given}  →  "), Run(out, "bold", "forward")]
    return stage, [written(_fitted(runs, figure), 13)], f"{name}: {given} → {out}"


def _backward(figure: _StepFigure, stage: Stage, u: Unit) -> tuple[Stage, list[Term], str]:
    """What arrives at the operation, and what its rule hands back to whom, as norms."""
    words, style = figure.words, figure.style
    arrived = [style.gradient(v) for v in u.outputs]
    behind = words.norm(max((g.norm for g in arrived), default=0.0))
    back: list[tuple[str, str]] = []
    for e in figure.view.edges:
        flow = figure.flows.get(e.id)
        if e.head is u and flow is not None and flow.gradient.state not in ("none", "unknown"):
            back.append((e.tail.title or e.tail.copy_kind, _number(flow.gradient, words)))
    back += [(p.name, _number(style.gradient(p.value), words)) for p in u.pills if style.gradient(p.value).state not in ("none", "unknown")]
    name = u.title or u.copy_kind
    if not back:
        return stage, [_muted(words("no gradient"))], words("no gradient")
    runs = [
        Run(f"{name}   ", "bold"),
        *symbols.NORM_OF,
        Run(f" {behind}", "sans", "gradient"),
        Run(f"   {words('hands back')}   ", "sans", "muted"),
    ]
    for i, (to, size) in enumerate(back):
        runs += [Run(f"{words.comma}  ") if i else Run(""), Run(f"{to} "), Run(size, "bold", "gradient")]
    text = f"{name}: ‖∂‖ {behind} {words('hands back')} " + words.comma.join(f"{to} {size}" for to, size in back)
    return stage, [written(_fitted(runs, figure), 13)], text


def _number(g: Gradient, words: Words) -> str:
    return "∅" if g.state == "missing" else words.norm(g.norm)


def _fitted(runs: Sequence[Run], figure: _StepFigure) -> tuple[Run, ...]:
    """A line that is too long ends in an ellipsis (the caption has it in full)."""
    label = text_width(figure.words("stage backward", 99, 99), 13, "bold")
    return shortened(runs, max(360.0, figure.page) - 2 * symbols.MARGIN - label - 40, 13)


def _muted(text: str) -> Term:
    return written((Run(text, "sans", "muted"),), 13)
