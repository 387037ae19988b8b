"""Operations and figures that a test defines, forgotten at its end: in the tables, and where the package shows them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import autograd_cnn as ac
from autograd_cnn.drawing.canvas import captions
from autograd_cnn.drawing.canvas.figures import Figures, figures
from autograd_cnn.nn import functional
from autograd_cnn.ops.registry import expose
from autograd_cnn.primitives.primitive import REGISTRY

TABLES = (REGISTRY, expose.FUNCTIONS, expose.METHODS, expose.INPLACE, expose.FUNCTIONAL)
PLACES = (ac, functional, *ac.Tensor.__mro__[:-1], *ac.Scalar.__mro__[:-1])


@contextlib.contextmanager
def forgotten() -> Iterator[None]:
    """Within it operations may be defined and exposed, and figures."""
    before, drawn, said = [dict(t) for t in TABLES], figures().keys(), (dict(captions.CAPTIONS), dict(captions._GERMAN))
    yield
    for name in figures().keys() - drawn:
        delattr(Figures, name)
    captions.CAPTIONS.clear()
    captions.CAPTIONS.update(said[0])
    captions._GERMAN.clear()
    captions._GERMAN.update(said[1])
    new = {name for table, kept in zip(TABLES, before, strict=True) for name in set(table) - set(kept)}
    for table, kept in zip(TABLES, before, strict=True):
        table.clear()
        table.update(kept)  # type: ignore[arg-type]  # what was in it
    for place in PLACES:
        for name in (*new, *(f"{n}_" for n in new)):
            if name in vars(place) and not (place is ac and name in ac.__all__):
                delattr(place, name)
    functional.__all__[:] = dir(functional)
