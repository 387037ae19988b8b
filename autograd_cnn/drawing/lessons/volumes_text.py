"""What the figure of an architecture says: names, operations, shapes, counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...graph.graph import Graph
from ..canvas.captions import declare
from ..canvas.metrics import text_width
from ..canvas.scene import Scene
from ..canvas.text import Words
from ..view.arrays import Array
from .layers import Layer, caption
from .volumes_layout import Arrangement, Volume

declare(
    {
        "volumes": ("Architecture", "Architektur"),
        "volume scale": (
            "Front face: height × width, to scale.  Depth: channels, one slice each up to 16",
            "Vorderseite: Höhe × Breite, maßstäblich.  Tiefe: Kanäle, bis 16 je eine Scheibe",
        ),
        "not to scale": ("Faces marked // are drawn larger", "Mit // markierte Flächen sind vergrößert"),
        "drawn as volumes": ("{} operations drawn as {} volumes", "{} Operationen, als {} Körper gezeichnet"),
        "parameter share": ("Bars: share of the parameters.  {} holds {}.", "Balken: Anteil an den Parametern.  {} hat {}."),
        "layer conv": ("convolution", "Faltung"),
        "layer pool": ("pooling", "Pooling"),
        "layer dense": ("dense", "vollverbunden"),
        "layer block": ("folded module", "zusammengefasstes Modul"),
    }
)


@dataclass(slots=True)
class Architecture:
    """The figure in the making: what is drawn, where, and what is told of it."""

    scene: Scene
    layers: list[Layer]
    at: Arrangement
    words: Words
    maps: Mapping[int, Array]
    total: int
    compact: bool = False  # captions close together, for a U
    tight: bool = False  # many branches over each other: a count beside its shape

    def lines(self, layer: Layer) -> list[str]:
        """An operation's caption."""
        found = notes_of(layer, self.words)
        return found if not self.compact else [self.words.comma.join(found[:2])]

    def under(self, nodes: Sequence[int]) -> float:
        """How high the captions under a row are."""
        row = [self.layers[i] for i in nodes]
        lines = [len(self.lines(n)) for n in row[1:] if n.kind != "join"]
        gap = 18.0 if self.compact else 30.0
        return 2 * gap + 15 * (max(lines, default=1) - 1) + (50 if any(n.parameters for n in row) else 20)

    def name(self, layer: Layer) -> str:
        if layer.kind == "input":
            return self.words("input")
        last = layer is self.layers[-1]
        return layer.name or (self.words("output") if last and layer.kind != "join" else "")


def subtitle_of(f: Architecture, graph: Graph) -> str:
    """The line under the title: parameters, what was folded, what the volumes' sizes mean."""
    words = f.words
    unused = max(graph.held - f.total, 0)
    parts = [words("parameters of", words.count(f.total), words.count(graph.held)) if unused else words.parameters(f.total)]
    if any(n.kind == "block" or n.count > 1 for n in f.layers):
        parts.append(words("drawn as volumes", words.count(len(graph.steps)), len([n for n in f.layers if n.kind != "join"])))
    parts.append(words("volume scale"))
    if any(v.enlarged for v in f.at.volumes):
        parts.append(words("not to scale"))
    return ".  ".join(parts) + "."


def shape_text(layer: Layer) -> str:
    """A layer's sizes, without the batch."""
    sizes = layer.shape[1:]
    return " × ".join(map(str, sizes)) if sizes else " × ".join(map(str, layer.shape))


def label_widths(layer: Layer, name: str, words: Words) -> list[float]:
    """How wide each text at a volume is: nothing else may stand there."""
    if layer.kind == "join":
        return [text_width(t, 11) for t in under_join(layer, words)] or [0.0]
    head, _ = caption(layer, words)
    count = words.count(layer.parameters) if layer.parameters else ""
    return [text_width(name, 13, "bold"), text_width(shape_text(layer), 12), text_width(count, 11.5), text_width(head, 11)]


def under_join(layer: Layer, words: Words) -> list[str]:
    """What stands under the sign where branches meet."""
    return [*[*map(words.label, layer.followers)][:2], *([words.count(layer.parameters)] if layer.parameters else [])]


def notes_of(layer: Layer, words: Words) -> list[str]:
    """An operation's name and its first arguments, a line each."""
    head, rest = caption(layer, words)
    return [head, *rest[:3]]


def told_of(f: Architecture, v: Volume) -> str:
    """A volume's tooltip: name, sizes, operation, parameters."""
    n = v.layer
    head, rest = caption(n, f.words)
    parts = [
        p for p in (shape_text(n), ", ".join([head, *rest]) if head else "", f.words.parameters(n.parameters) if n.parameters else "") if p
    ]
    return f"{f.name(n) or head or n.kind}: {'; '.join(parts)}."
