"""What belongs to no room of its own: data loading, checkpointing."""

from . import checkpoint, data

__all__ = ["checkpoint", "data"]
