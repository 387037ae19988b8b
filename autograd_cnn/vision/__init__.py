"""Pictures: data sets, features made by hand, transforms, networks, boxes and grids, under torchvision's names where it has one."""

from ..support.listing import listed
from . import datasets, features, models, ops, transforms, utils

__all__ = ["datasets", "features", "models", "ops", "transforms", "utils"]


def __dir__() -> list[str]:
    return listed(globals())
