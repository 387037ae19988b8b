"""Pictures: data sets, transforms, networks and grids, under torchvision's names."""

from ..support.listing import listed
from . import datasets, models, transforms, utils

__all__ = ["datasets", "models", "transforms", "utils"]


def __dir__() -> list[str]:
    return listed(globals())
