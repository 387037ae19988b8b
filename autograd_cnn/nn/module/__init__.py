"""`Module` and what it is made of: attributes, traversal, state dicts, hooks, conversion."""

from .module import Module

__all__ = ["Module"]
