"""What figures say, in English and German: a table for each group of figures, and all of them together.

A key means the same in every figure: a table may not have a key of another (a test holds that).
"""

from __future__ import annotations

from . import entries, graphs, lessons, pictures, plots

LANGUAGES = ("en", "de")
TABLES = (graphs.CAPTIONS, entries.CAPTIONS, lessons.CAPTIONS, plots.CAPTIONS, pictures.CAPTIONS)
CAPTIONS: dict[str, tuple[str, str]] = {key: pair for table in TABLES for key, pair in table.items()}
