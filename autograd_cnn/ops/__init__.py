"""The operations, one file a family. Importing this package registers all of them."""

from . import arithmetic, arrange, elementwise, index, linalg, reduce, shape

__all__ = ["arithmetic", "arrange", "elementwise", "index", "linalg", "reduce", "shape"]
