"""What each primitive means, said a second time and independently: the math module entry by entry, plain loops, textbook formulas.

`ORACLES[name]` takes a case's raw inputs and parameters and returns the expected values in float64. Primitives that are not there are
named in `WITHOUT`, with the reason.
"""

from . import counting, entries, gathering, losses, maps, matrices, reductions, shapes
from .table import ORACLES, WITHOUT

__all__ = ["ORACLES", "WITHOUT", "counting", "entries", "gathering", "losses", "maps", "matrices", "reductions", "shapes"]
