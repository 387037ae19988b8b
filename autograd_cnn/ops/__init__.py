"""The operations, one file a family. Importing this package registers all of them."""

from . import arithmetic, arrange, conv, dropout, elementwise, index, linalg, reduce, shape

__all__ = ["arithmetic", "arrange", "conv", "dropout", "elementwise", "index", "linalg", "reduce", "shape"]
