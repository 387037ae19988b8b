"""The legend of a tensor graph: an entry for each sign that occurs in it, and none for what does not."""

from __future__ import annotations

from collections.abc import Callable, Collection

from ..canvas import symbols
from ..canvas.scene import Group, Run
from ..canvas.theme import family_role
from ..view.style import Style
from ..view.view import View
from .cards import copy_gradients

Sample = Callable[[Group, float, float], None]


def legend_entries(view: View, style: Style, states: Collection[str], branching: bool) -> list[symbols.Entry]:
    """The entries. `states` are those of the edges' gradients; `branching` says that some value runs along several."""
    words = style.words
    pills = {p.kind for u in view.units for p in u.pills}
    kinds = {u.kind for u in view.units}
    entries = [_entry(words("forward"), lambda g, x, y: symbols.wire(g, [(x, y), (x + 40, y)]))]
    if style.backward:
        dashed = "none" in states or bool(pills - {"parameter"})
        entries += _gradient_entries(view, style, states, branching, dashed)
    if view.kept_bytes:
        entries.append(_entry(words("kept"), lambda g, x, y: symbols.diamond(g, x + 15, y, 5.2), height=18, gap=6))
        total = words("in all", words.memory(view.kept_bytes))
        entries.append(_entry(total, lambda g, x, y: None, "kept"))
    for kind, paper, line in (
        ("parameter", "parameter-paper", "parameter-line"),
        ("input", "input-paper", "input-line"),
    ):
        if kind in pills or kind in kinds:
            entries.append(_entry(words(kind), _pill(paper, line)))
    if "constant" in pills:
        entries.append(_entry(words("constant"), _pill("card", "hair", symbols.DASH)))
    if "op" in kinds:
        entries.append(_entry(words("operation"), _operation))
    families = dict.fromkeys(u.steps[0].family for u in view.units if u.kind == "op")
    entries += [_entry(words.family(f), _family(f), height=19) for f in families if family_role(f) != "hair"]
    if view.panels:
        entries.append(_entry(words("module"), _panel, gap=5))
    if "module" in kinds:
        entries.append(_entry(words("folded"), _folded, gap=0 if view.panels else 5))
    if "deck" in kinds:
        entries.append(_entry(words("deck"), _deck, height=30, gap=6))
        if style.backward:
            entries.append(_entry(words("bars"), _bars, gap=4, height=17))
            norms = [g.norm for u in view.units for g in copy_gradients(u, style) if g.state == "flows"]
            if norms:
                entries.append(_entry(words("bars range", words.norm(min(norms)), words.norm(max(norms))), lambda g, x, y: None))
    return entries


def _gradient_entries(view: View, style: Style, states: Collection[str], branching: bool, dashed: bool) -> list[symbols.Entry]:
    words, scale = style.words, style.scale
    entries = []
    if dashed:
        dash: Sample = lambda g, x, y: symbols.wire(g, [(x, y), (x + 40, y)], dash=symbols.DASH)
        entries.append(_entry(words("forward only"), dash))
    for i, size in enumerate(scale.samples()):
        meaning = [Run(words.digits(size, 6) if size >= 1e-3 else words.norm(size), "sans", "gradient")]
        meaning += [Run("    " + words("norm"), "sans", "muted")] if i == 1 else []
        entries.append(symbols.Entry(_lane(size, scale), tuple(meaning), 20.0))
    found = {*states, *(style.gradient(v).state for v in view.parameters.values())}
    for state, sign in (("zero", "0"), ("nan", "NaN"), ("missing", "")):
        if state in found:
            said = (Run(f"{sign or '    '}   ", "sans", "gradient"), Run(words(state), "sans", "muted"))
            entries.append(symbols.Entry(_missing if not sign else _hollow, said, 20.0))
    if branching:
        sigma: Sample = lambda g, x, y: _centred(g, x, y, "Σ")
        entries.append(_entry(words("sum"), sigma, gap=4))
    return entries


def _entry(meaning: str, sample: Sample, ink: str = "muted", height: float = 25.0, gap: float = 0.0) -> symbols.Entry:
    return symbols.Entry(sample, (Run(meaning, "sans", ink),), height, gap)


def _centred(g: Group, x: float, y: float, text: str) -> None:
    g.text(x + 20, y + 4, text, 12, ink="gradient", anchor="middle")


def _pill(paper: str, line: str, dash: str | None = None) -> Sample:
    return lambda g, x, y: g.rect(x, y - 9, 40, 18, 9, fill=paper, stroke=line, line=1.2, dash=dash)


def _lane(norm: float, scale: symbols.LaneScale) -> Sample:
    return lambda g, x, y: symbols.lane(g, [(x + 40, y), (x, y)], norm, scale)


def _hollow(g: Group, x: float, y: float) -> None:
    symbols.hollow_lane(g, [(x + 40, y), (x, y)])


def _missing(g: Group, x: float, y: float) -> None:
    _hollow(g, x, y)
    symbols.nothing(g, x + symbols.SAMPLE + symbols.LEGEND_GAP + 5, y)


def _operation(g: Group, x: float, y: float) -> None:
    g.rect(x, y - 10, 40, 20, 5, fill="card", stroke="dark", line=1.2)


def _family(family: str) -> Sample:
    return lambda g, x, y: g.rect(x + 18.5, y - 7, 3.0, 14, 1.5, fill=family_role(family))


def _panel(g: Group, x: float, y: float) -> None:
    g.rect(x, y - 10, 40, 20, 6, fill="panel", stroke="hair")


def _folded(g: Group, x: float, y: float) -> None:
    g.rect(x, y - 10, 40, 20, 6, fill="panel", stroke="wire", line=1.2)
    g.rect(x + 2.5, y - 7.5, 35, 15, 4, stroke="hair")


def _deck(g: Group, x: float, y: float) -> None:
    for k in (2, 1, 0):
        stroke, line = ("hair", 1.0) if k else ("dark", 1.2)
        g.rect(x + 3 * k, y - 7 - 3 * k, 34, 20, 5, fill="card", stroke=stroke, line=line)


def _bars(g: Group, x: float, y: float) -> None:
    for k, high in enumerate((14, 11, 9, 6)):
        g.rect(x + 9 * k, y + 6 - high, 7, high, fill="gradient", opacity=0.75)
