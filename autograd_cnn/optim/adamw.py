"""AdamW lives beside Adam; this is PyTorch's place for it."""

from .adam import AdamW

__all__ = ["AdamW"]
