"""`torch.cuda.FloatTensor` and its kin: named by programs that choose between them and the CPU's; making one fails."""

from __future__ import annotations

from ....tensors.casts import LEGACY
from ..legacy import _type

globals().update({name: _type(f"torch.cuda.{name}", dtype) for name, dtype in LEGACY.items()})

__all__ = list(LEGACY)
