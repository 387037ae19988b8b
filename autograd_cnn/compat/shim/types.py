"""`torch.types`: names for annotations."""

from __future__ import annotations

from typing import Any

Number = int | float | bool
Device = Any
_size = Any
_TensorOrTensors = Any
