"""Captions of what lectures draw: windows, volumes, receptive fields, networks: key -> (English, German)."""

from __future__ import annotations

CAPTIONS: dict[str, tuple[str, str]] = {}
