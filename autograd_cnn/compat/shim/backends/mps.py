"""`torch.backends.mps`."""

from __future__ import annotations


def is_available() -> bool:
    """It is not here."""
    return False


is_built = is_available
