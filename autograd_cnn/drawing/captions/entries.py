"""Captions of the passes step by step and operations entry by entry: key -> (English, German)."""

from __future__ import annotations

CAPTIONS: dict[str, tuple[str, str]] = {}
