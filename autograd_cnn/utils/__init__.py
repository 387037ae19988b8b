"""What belongs to no room of its own: data loading, checkpointing."""

from ..support.listing import listed
from . import checkpoint, data

__all__ = ["checkpoint", "data"]


def __dir__() -> list[str]:
    return listed(globals())
