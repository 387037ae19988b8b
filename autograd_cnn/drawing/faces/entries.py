"""One operation or one step at a time: frames of the passes, and operations entry by entry."""

from __future__ import annotations


class EntryFigures:
    """The passes step by step, and what an operation does to each entry."""
