"""The passes step by step, and operations entry by entry."""

from __future__ import annotations
