"""`draw`: one call for each thing a person wants to see."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from typing import Any

from ...errors import nearest
from ..canvas.figures import Figures
from ..canvas.text import Words
from ..canvas.theme import check_theme
from .graphs import GraphFigures

_ROOM = __name__.removesuffix(".api.draw")
for _found in pkgutil.walk_packages(importlib.import_module(_ROOM).__path__, f"{_ROOM}."):
    importlib.import_module(_found.name)  # every file of the room, so every figure and its words


class Draw(GraphFigures, Figures):
    """The callable `draw`: `draw(loss)` draws a computational graph, its methods draw what else there is to see."""

    def using(self, **defaults: Any) -> Draw:
        """The same with other defaults, for all figures of a lecture or a paper: each method gets those that it has.

        Args:
            **defaults: what the methods take by name: `lang`, `theme`, `precision`, ….

        Raises:
            TypeError: a name that no method has.
            ValueError: an unknown language or theme.

        Example:
            >>> from autograd_cnn import Scalar, draw
            >>> draw = draw.using(lang="de", theme="print")
            >>> draw(Scalar(2.0, "a") * 3, backward=True).scene.lang
            'de'
        """
        return _Using(self, defaults)

    def __repr__(self) -> str:
        names = sorted(name for name in dir(Draw) if not name.startswith("_"))
        return f"<draw: draw(loss), {', '.join(f'draw.{name}' for name in names)}>"

    def __reduce__(self) -> Any:
        return "draw"  # there is one, which pickle finds by its name


class _Using(Draw):
    """`draw` with defaults of its own."""

    def __init__(self, base: Draw, defaults: Mapping[str, Any]) -> None:
        self._base, self._defaults = base, dict(defaults)
        methods = {name: getattr(base, name) for name in dir(Draw) if not name.startswith("_") and name != "using"}
        takes = {
            name: {p.name for p in inspect.signature(method).parameters.values() if p.kind is p.KEYWORD_ONLY}
            for name, method in methods.items()
        }
        takes["__call__"] = {p.name for p in inspect.signature(base).parameters.values() if p.kind is p.KEYWORD_ONLY}
        known = set().union(*takes.values())
        for name in defaults:
            if name not in known:
                raise TypeError(f"draw.using: no figure has an option {name!r}.{nearest(name, known)}")
        if "lang" in defaults:
            Words(defaults["lang"])
        if "theme" in defaults:
            check_theme(defaults["theme"])
        for name, method in methods.items():
            own = {k: v for k, v in defaults.items() if k in takes[name]}
            self.__dict__[name] = made = functools.update_wrapper(functools.partial(method, **own), method)
            del made.__wrapped__  # its signature is the partial's, with the new defaults
        self._call = {k: v for k, v in defaults.items() if k in takes["__call__"]}

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self._base(*args, **{**self._call, **options})

    def __reduce__(self) -> Any:
        return _Using, (self._base, self._defaults)

    def __repr__(self) -> str:
        return f"<draw.using({', '.join(f'{k}={v!r}' for k, v in self._defaults.items())})>"


draw = Draw()
