"""`summary(model, input_size)`: the table of a network's layers that lectures fill in by hand, read from its recorded graph."""

from ..support.listing import listed
from .collect import summary
from .table import Row, Summary

__all__ = ["Row", "Summary", "summary"]


def __dir__() -> list[str]:
    return listed(globals())
