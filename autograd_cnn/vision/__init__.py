"""Pictures: data sets, features made by hand, transforms, networks and grids, under torchvision's names where it has one."""

from ..support.listing import listed
from . import datasets, features, models, transforms, utils

__all__ = ["datasets", "features", "models", "transforms", "utils"]


def __dir__() -> list[str]:
    return listed(globals())
