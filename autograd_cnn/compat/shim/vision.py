"""Names of `torchvision` itself."""

from __future__ import annotations

__version__ = "0.28.0+cpu"


def set_image_backend(backend: str) -> None:
    """Accepts "PIL", which reads all pictures here.

    Raises:
        ValueError: any other.
    """
    if backend != "PIL":
        raise ValueError(f"Invalid backend '{backend}'. Expected 'PIL', the one that reads pictures here.")


def get_image_backend() -> str:
    """Pillow reads all pictures."""
    return "PIL"


def disable_beta_transforms_warning() -> None:
    """Accepted: there is none."""
