"""Pictures: data sets, transforms, networks and grids, under torchvision's names."""

from . import datasets, models, transforms, utils

__all__ = ["datasets", "models", "transforms", "utils"]
