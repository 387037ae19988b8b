"""Data sets of pictures."""

from .digits import digits
from .idx import mnist_arrays, read_idx

__all__ = ["digits", "mnist_arrays", "read_idx"]
