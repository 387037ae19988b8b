"""What the gradient of an entry comes from, as a line of text and as a drawing."""

from __future__ import annotations

import base64
import gzip
from typing import Any

from ...errors import GraphError
from ..canvas.numbers import Numbers
from ..canvas.svg import write
from ..canvas.text import Words
from ..entries.arguments import choose
from ..entries.figure import EntryFigure
from ..entries.formula import formula_for
from ..entries.selection import view_entries


def entry_sum(node: Any, numbers: Numbers) -> str:
    """The sum that the gradient of the first entry is (or the output, where none is wanted); nothing where the tape no longer holds what
    the rule needs, or the operation has no entries to tell of."""
    try:
        choice = choose("draw.explore", node, None, None, None, None, near=False, picture=False)
        return formula_for(choice, False, 2, numbers).lines[0][1]
    except (GraphError, TypeError, ValueError):
        return ""


def entry_figure(node: Any, words: Words, theme: str) -> str:
    """The figure that `draw.expand` makes of an operation, as the page holds it (SVG, compressed); nothing where there is none."""
    try:
        choice = choose("draw.explore", node, None, None, None, None, near=False)
        scene = EntryFigure(view_entries(choice), words, 2, None, None).scene()
    except (GraphError, TypeError, ValueError):
        return ""
    source = write(scene, "print" if theme == "print" else "auto", "entries-")
    return base64.b64encode(gzip.compress(source.encode(), mtime=0)).decode("ascii")
