"""Many tensors in one message."""

from __future__ import annotations

import numpy as np

from ..tensors.tensor import Tensor
from .agreement import together
from .collectives import put, raw
from .groups import ProcessGroup


def broadcast_all(group: ProcessGroup, what: str, tensors: list[Tensor], root: int) -> None:
    """Everybody's tensors become those of the group's process `root`."""
    arrays = [raw("broadcast", "tensor", t) for t in tensors]
    if not arrays or group.size() == 1:
        return
    packed = np.concatenate([a.reshape(-1).view(np.uint8) for a in arrays])
    together(group, "broadcast", f"{what} ({len(packed)} bytes)", lambda: group.comm.Bcast(packed, root), None, False)
    if group.rank() == root:
        return
    at = 0
    for t, a in zip(tensors, arrays, strict=True):
        put(t, packed[at : at + a.nbytes].view(a.dtype).reshape(a.shape))
        at += a.nbytes
