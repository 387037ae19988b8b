"""The legend of a tensor graph: an entry for each sign that occurs in it, and none for what does not."""

from __future__ import annotations

from collections.abc import Callable, Collection

from ..canvas import symbols
from ..canvas.geometry import Track
from ..canvas.scene import Group, Run
from ..canvas.theme import family_role
from ..view.style import Style
from ..view.view import NAMELESS, View
from .cards import copy_gradients, cut_text
from .losses import loss_entries

Sample = Callable[[Group, float, float], None]


def legend_entries(view: View, style: Style, states: Collection[str], branching: bool) -> list[symbols.Entry]:
    """The entries. `states` are those of the edges' gradients; `branching` says that some value runs along several edges."""
    words = style.words
    pills = {p.kind for u in view.units for p in u.pills}
    kinds = {u.kind for u in view.units}
    entries = [_entry(words("forward"), lambda g, x, y: symbols.wire(g, [(x, y), (x + 40, y)]))]
    if style.backward:
        dashed = "none" in states or bool(pills - {"parameter"}) or any(p.frozen for u in view.units for p in u.pills)
        states = {*states, *(g.state for g in style.shares.values())}
        entries += _gradient_entries(view, style, states, branching or bool(style.shares and not style.losses), dashed)
    if view.kept_bytes:
        entries.append(_entry(words("kept"), lambda g, x, y: symbols.diamond(g, x + 15, y, 5.2), height=18, gap=6))
        total = words("in all", words.memory(view.kept_bytes))
        entries.append(_entry(total, lambda g, x, y: None, "kept"))
        entries[-1].joined = True
    for kind, paper, line in (
        ("parameter", "parameter-paper", "parameter-line"),
        ("input", "input-paper", "input-line"),
    ):
        if kind in pills or kind in kinds:
            said = "input or constant" if kind == "input" and unnamed_on_tape(view) else kind
            entries.append(_entry(words(said), _pill(paper, line)))
    if any(p.frozen for u in view.units for p in u.pills):
        entries.append(_entry(words("frozen parameter"), _pill("parameter-paper", "parameter-line", symbols.DASH)))
    for kind in ("constant", "buffer"):
        if kind in pills:
            entries.append(_entry(words(kind), _pill("card", "hair", symbols.DASH)))
    if any(e.cut for e in view.edges) or any(p.cut for u in view.units for p in u.pills) or any(cut_text(u, style) for u in view.units):
        entries.append(_entry(words("cut"), _cut(symbols.DASH if style.backward else None)))
    if "op" in kinds:
        entries.append(_entry(words("operation"), _operation))
    families = dict.fromkeys(u.main.family for u in view.units if u.kind == "op")
    entries += [_entry(words.family(f), _family(f), height=19) for f in families if family_role(f) != "hair"]
    if view.panels:
        entries.append(_entry(words("module"), _panel, gap=5))
    if "module" in kinds:
        modules = {u.scopes[-1] is not NAMELESS for u in view.units if u.kind == "module"}
        said = "folded" if modules == {True} else "folded operations" if modules == {False} else "folded either"
        entries.append(_entry(words(said), _folded, gap=0 if view.panels else 5))
    if style.backward and "module" in kinds:
        entries.append(symbols.Entry(_norm(style.norms), (Run(words(f"norms {style.norms}"), "sans", "muted"),), 20.0))
    if "deck" in kinds:
        entries.append(_entry(words("deck"), _deck, height=30, gap=6))
        if any(u.loop for u in view.units):
            entries.append(_entry(words("loop"), _loop))
        if style.backward:
            entries.append(_entry(words(f"bars {style.norms}"), _bars, gap=4, height=17))
            norms = [g.norm for u in view.units for g in copy_gradients(u, style) if g.state == "flows"]
            if norms:
                entries.append(_entry(words("bars range", words.norm(min(norms)), words.norm(max(norms))), lambda g, x, y: None))
                entries[-1].joined = True
    if view.measured is not None:
        what, least, most = view.measured
        entries.append(_entry(words(f"page {what}"), lambda g, x, y: g.rect(x, y - 2, 40, 3.5, 1.5, fill="forward"), gap=6))
        entries.append(_entry(f"{least} … {most}", lambda g, x, y: None, height=17))
        entries[-1].joined = True
    inks = {u.measure.ink: u.measure.text for u in view.units if u.measure is not None and u.measure.ink not in ("forward", "hair")}
    entries += [_entry(text, _band(ink), height=19) for ink, text in inks.items()]
    return entries


def _band(ink: str) -> Sample:
    return lambda g, x, y: g.rect(x, y - 2, 40, 3.5, 1.5, fill=ink)


def unnamed_on_tape(view: View) -> bool:
    """Is there an array of which a tape, which holds no calls, cannot tell whether it was handed in or made on the way?"""
    graph = view.graph
    used = {i for s in graph.steps for i in s.inputs}
    return graph.structure is None and any(v.kind == "input" and v.name is None and v.id in used and not v.held for v in graph.values)


def _gradient_entries(view: View, style: Style, states: Collection[str], branching: bool, dashed: bool) -> list[symbols.Entry]:
    words, scale = style.words, style.scale
    entries = []
    if dashed:
        dash: Sample = lambda g, x, y: symbols.wire(g, [(x, y), (x + 40, y)], dash=symbols.DASH)
        entries.append(_entry(words("forward only"), dash))
    for i, size in enumerate(scale.samples()):
        meaning = [Run(words.digits(size, 6) if size >= 1e-3 else words.norm(size), "sans", "gradient")]
        meaning += [Run("    " + words("norm"), "sans", "muted")] if i == 1 else []
        entries.append(symbols.Entry(_lane(size, scale), tuple(meaning), 20.0, joined=i > 0))
    if any(scale.beyond(n) for n in style.lanes):
        entries.append(_entry(words("beyond"), _beyond(scale), height=20.0))
    entries += loss_entries(view, style)
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


def _beyond(scale: symbols.LaneScale) -> Sample:
    return lambda g, x, y: symbols.lane(g, [(x + 40, y), (x, y)], 10.0 ** (scale.low - 1), scale)


def _loop(g: Group, x: float, y: float) -> None:
    track = Track((x + 8, y + 5))
    track.line((x + 24, y + 5))
    track.corner((x + 29, y), vertical_first=False)
    track.corner((x + 24, y - 5), vertical_first=True)
    track.line((x + 8, y - 5))
    symbols.smooth_wire(g, track, "dark", 1.6)


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


def _norm(of: str) -> Sample:
    def sample(g: Group, x: float, y: float) -> None:
        g.text(x, y + 4, symbols.norm_of(of), 11)

    return sample


def _cut(dash: str | None) -> Sample:
    def sample(g: Group, x: float, y: float) -> None:
        g.line((x, y), (x + 40, y), stroke="dark", line=1.3, dash=dash)
        symbols.cut(g, (x + 20, y), (1.0, 0.0))

    return sample


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
