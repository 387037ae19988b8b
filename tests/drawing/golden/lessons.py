"""Sliding windows, volumes, receptive fields, networks of units."""

from __future__ import annotations
