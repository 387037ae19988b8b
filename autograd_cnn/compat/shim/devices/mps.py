"""`torch.mps`, `torch.xpu`: devices that are not here."""

from __future__ import annotations

from .cuda import device_count, empty_cache, is_available, manual_seed, synchronize

__all__ = ["device_count", "empty_cache", "is_available", "manual_seed", "synchronize"]
