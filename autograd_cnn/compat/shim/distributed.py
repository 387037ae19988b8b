"""`torch.distributed` of a single process."""

from __future__ import annotations

from typing import Any


def is_available() -> bool:
    """There is one process."""
    return False


is_initialized = is_nccl_available = is_mpi_available = is_gloo_available = is_torchelastic_launched = is_available


def get_rank(group: Any = None) -> int:
    """Raises ValueError: no group of processes was made."""
    raise ValueError("Default process group has not been initialized: this library runs in one process. Ask is_initialized() first.")


get_world_size = get_rank
