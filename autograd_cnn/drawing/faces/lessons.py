"""What lectures draw: sliding windows, volumes, receptive fields, networks of units."""

from __future__ import annotations


class LessonFigures:
    """Architectures and the arithmetic of windows."""
