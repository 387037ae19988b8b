"""Pictures: data sets, features made by hand, transforms, networks, boxes and grids, under torchvision's names where it has one; what a
network looks at, and how it is fooled."""

from ..support.listing import listed
from . import adversarial, attribution, datasets, detection, features, models, ops, transforms, utils

__all__ = ["adversarial", "attribution", "datasets", "detection", "features", "models", "ops", "transforms", "utils"]


def __dir__() -> list[str]:
    return listed(globals())
