"""Functions of two numbers on which optimizers are compared. Each takes floats, arrays or tensors, and knows where it is looked at and
where its minimum lies: `draw.surface(surfaces.ravine, bounds=surfaces.ravine.bounds)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..support.listing import listed

__all__ = ["Surface", "beale", "local_minimum", "ravine", "rosenbrock", "saddle"]

Place = tuple[float, float]


@dataclass(frozen=True)
class Surface:
    """A function of (x, y) with what is known of it.

    Args:
        fn: `fn(x, y)`, of operations that floats, arrays and tensors have in common.
        name: what it is called.
        bounds: ((x0, x1), (y0, y1)), the part that shows what it is known for.
        minimum: the place of its least value, None where it falls without end.
        start: where a comparison begins.
        doc: what `help` says of it.

    Example:
        >>> f = Surface(lambda x, y: (x - 1) ** 2 + y**2, "bowl", ((-2, 2), (-2, 2)), (1.0, 0.0), (-1.5, 1.0))
        >>> f(*f.minimum)
        0.0
    """

    fn: Callable[[Any, Any], Any]
    name: str
    bounds: tuple[Place, Place]
    minimum: Place | None
    start: Place
    doc: str = field(default="", repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.doc:
            object.__setattr__(self, "__doc__", self.doc)

    def __call__(self, x: Any, y: Any) -> Any:
        return self.fn(x, y)


ravine = Surface(
    lambda x, y: 0.05 * x**2 + 2 * y**2,
    "ravine",
    ((-10, 10), (-3, 3)),
    (0.0, 0.0),
    (-9.0, 2.0),
    doc="""0.05 x² + 2 y²: curved forty times as much across as along; the condition that slows gradient descent down.

Source: Sutton, "Two problems with backpropagation and other steepest-descent learning procedures for networks", 1986.
""",
)

saddle = Surface(
    lambda x, y: x**2 - y**2,
    "saddle",
    ((-1.5, 1.5), (-1.5, 1.5)),
    None,
    (-1.2, -0.001),
    doc="""x² − y²: flat at (0, 0), but no minimum: it rises along x and falls along y without end.

Source: Dauphin et al., "Identifying and attacking the saddle point problem in high-dimensional non-convex optimization", 2014.
""",
)

local_minimum = Surface(
    lambda x, y: x**4 - 2.48 * x**2 + 0.96 * x + 2.6496 + y**2,
    "local minimum",
    ((-2, 2.2), (-1.5, 1.5)),
    (-1.2, 0.0),
    (2.0, 1.0),
    doc="""x⁴ − 2.48 x² + 0.96 x + 2.6496 + y²: least at (−1.2, 0), where it is 0; a minimum of its own at (1, 0), where it is 2.1296, behind
the pass at (0.2, 0). Its derivative by x is 4 (x + 1.2) (x − 0.2) (x − 1).
""",
)

rosenbrock = Surface(
    lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
    "Rosenbrock",
    ((-2, 2), (-1, 3)),
    (1.0, 1.0),
    (-1.2, 1.0),
    doc="""(1 − x)² + 100 (y − x²)²: a bent valley with a nearly flat floor.

Source: Rosenbrock, "An automatic method for finding the greatest or least value of a function", 1960.
""",
)

beale = Surface(
    lambda x, y: (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2,
    "Beale",
    ((-4.5, 4.5), (-4.5, 4.5)),
    (3.0, 0.5),
    (1.0, 1.5),
    doc="""(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²: flat plains between steep corners.

Source: Beale, "On an iterative method for finding a local minimum of a function of more than one variable", 1958.
""",
)


def __dir__() -> list[str]:
    return listed(globals())
