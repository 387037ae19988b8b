"""What the gradient of an entry comes from, as a line of text."""

from __future__ import annotations

from typing import Any

from ...errors import GraphError
from ..canvas.numbers import Numbers
from ..entries.arguments import choose
from ..entries.formula import formula_for


def entry_sum(node: Any, numbers: Numbers) -> str:
    """The sum that the gradient of the first entry is (or the output, where none is wanted); nothing where the tape no longer holds what
    the rule needs, or the operation has no entries to tell of."""
    try:
        choice = choose("draw.explore", node, None, None, None, None, near=False, picture=False)
        return formula_for(choice, False, 2, numbers).lines[0][1]
    except (GraphError, TypeError, ValueError):
        return ""
