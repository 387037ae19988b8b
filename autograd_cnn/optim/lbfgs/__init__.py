"""L-BFGS, and the line search that it may use."""

from .lbfgs import LBFGS

__all__ = ["LBFGS"]
