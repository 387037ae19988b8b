"""`torch._C`: what programs ask PyTorch's compiled part for."""

from __future__ import annotations

__all__ = ["_log_api_usage_once"]


def _log_api_usage_once(event: str) -> None:
    """Nobody counts who uses what."""
