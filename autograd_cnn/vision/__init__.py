"""Pictures: data sets and networks, under torchvision's names."""

from . import datasets, models

__all__ = ["datasets", "models"]
