"""Figures that must not change by accident, and the sheet that shows them all.

A figure is a function that gives a `Drawing`, registered by `@figure` in the file of its group here. Its outline (every box
and every text with its place) stands in `outlines/`, small enough to be read as a difference. After a change that is meant:

    python -m tests.drawing.contact_sheet --write      # new outlines, and the sheet to look at, light and dark
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

from autograd_cnn.drawing import Drawing
from autograd_cnn.drawing.canvas.scene import Group, Image, Scene, Text

GROUPS = ("graphs", "entries", "lessons", "plots", "pictures")
OUTLINES = Path(__file__).parent / "outlines"
FIGURES: dict[str, Callable[[], Drawing]] = {}


def figure(make: Callable[[], Drawing]) -> Callable[[], Drawing]:
    """Register a figure under the name of its function."""
    name = make.__name__
    if name in FIGURES:
        raise ValueError(f"two figures are called {name}")
    FIGURES[name] = make
    return make


def load() -> dict[str, Callable[[], Drawing]]:
    """All figures, in the order of their groups."""
    for group in GROUPS:
        importlib.import_module(f"{__name__}.{group}")
    return FIGURES


def outline(scene: Scene) -> str:
    """A figure in lines: its size, then for each group its texts, its pictures and how many shapes it has."""
    lines = [f"{scene.name} {scene.width:.0f}×{scene.height:.0f} {scene.title}"]

    def put(group: Group, depth: int) -> None:
        shapes = 0
        for item in group.items:
            if isinstance(item, Group):
                box = " ".join(f"{v:.0f}" for v in item.box) if item.box else ""
                lines.append(f"{' ' * depth}[{item.id or ''} {item.kind or ''}] {box}".rstrip())
                put(item, depth + 1)
            elif isinstance(item, Text):
                lines.append(f"{' ' * depth}{item.x:.0f} {item.y:.0f} {item.string}")
            elif isinstance(item, Image):
                lines.append(f"{' ' * depth}image {item.x:.0f} {item.y:.0f} {item.width:.0f} {item.height:.0f}")
            else:
                shapes += 1
        if shapes:
            lines.append(f"{' ' * depth}{shapes} shapes")

    put(scene, 0)
    return "\n".join(lines) + "\n"
