"""`torch.cuda.amp`, where `autocast(enabled)` takes no device."""

from __future__ import annotations

from typing import Any

from . import amp


class autocast(amp.autocast):
    """`with autocast():` the block as it is."""

    def __init__(self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True) -> None:
        super().__init__("cuda", dtype, enabled, cache_enabled)
