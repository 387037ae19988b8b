"""How several losses in one figure are told apart: an ink and a dash for each, the same wherever it is named."""

from __future__ import annotations

from ..canvas import symbols
from ..canvas.scene import Group, Run
from ..view.style import LOSSES, Style
from ..view.view import View

BESIDE = 7.0  # from one lane to the next


def loss_names(view: View, style: Style) -> list[str]:
    """What the figure calls each loss."""
    names = {u.value.id: u.title for u in view.units if u.kind in ("loss", "output") and u.value is not None}
    return [names[i] for i in style.losses]


def loss_entries(view: View, style: Style) -> list[symbols.Entry]:
    """A line of the legend for each loss: its lane, and the gradient of what it is."""
    found = []
    for name, (ink, dash) in zip(loss_names(view, style), LOSSES, strict=False):

        def sample(g: Group, x: float, y: float, ink: str = ink, dash: str | None = dash) -> None:
            symbols.lane(g, [(x + 40, y), (x, y)], style.scale.samples()[1], style.scale, ink, dash)

        found.append(symbols.Entry(sample, (Run(style.words("gradient by", name), "sans", ink),), 20.0))
    return found
