"""`Explorer`: a graph to open, close and search in a page."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from typing import Any

from ...errors import nearest
from ..canvas.drawing import FORMATS, Drawing, write_file
from ..canvas.svg import escape
from ..layout.fit import Fit
from ..view.view import View
from .page import page

Marks = Callable[[View], None]
HEIGHT = 560  # of the frame in a notebook
OWN = (".html", ".json")


class Explorer:
    """A page in which a graph is opened and closed; it shows itself in a notebook and saves itself under any suffix of a drawing.

    Attributes:
        document: what the page is told, in the scheme `autograd_cnn.explore/1`.
        drawing: the same graph as a still figure.
        error: what the forward pass raised, if it failed; then the graph is told as far as it came.
    """

    def __init__(
        self, document: dict[str, Any], still: Callable[[Marks | None, Fit | None], Drawing], error: Exception | None = None
    ) -> None:
        self.document = document
        self.error = error
        self._still = still

    @property
    def drawing(self) -> Drawing:
        """The still figure, drawn when it is asked for."""
        return self.marked(None)

    def marked(self, marks: Marks | None, fit: Fit | None = None) -> Drawing:
        """The still figure, with what `marks` puts on its parts, for what it is to fit."""
        return self._still(marks, fit)

    @property
    def svg(self) -> str:
        """The still figure's SVG source."""
        return self.drawing.svg

    def html(self) -> str:
        """The page: one file that works from the disk and asks for nothing."""
        return page(self.document)

    def json(self) -> str:
        """The document."""
        return json.dumps(self.document, ensure_ascii=False, separators=(",", ":")) + "\n"

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write the page (`.html`), its document (`.json`), or the still figure under any other suffix of a drawing.

        Returns:
            The path that was written.

        Raises:
            ValueError: a suffix that is none of these.
            FileNotFoundError, PermissionError, IsADirectoryError: the path cannot be written.
        """
        target = os.fspath(path)
        suffix = os.path.splitext(target)[1].lower()
        if suffix in OWN:
            write_file("Explorer.save", target, (self.html() if suffix == ".html" else self.json()).encode())
            return target
        if suffix not in FORMATS:
            got = repr(suffix) if suffix else "a path without a suffix"
            raise ValueError(f"Explorer.save: expected a path ending in {', '.join(FORMATS)}, got {got}.{nearest(suffix, FORMATS)}")
        return self.drawing.save(path)

    def _repr_html_(self) -> str:
        """For notebooks: the page in a frame of its own that can reach nothing around it."""
        return framed(self.html(), self.document["title"], HEIGHT)

    def _repr_svg_(self) -> str:
        """Where no page is shown."""
        return self.drawing._repr_svg_()

    def __repr__(self) -> str:
        failed = f", failed: {type(self.error).__name__}" if self.error is not None else ""
        return f"<Explorer {self.document['title']!r}, {len(self.document['nodes'])} nodes{failed}>"


def framed(source: str, title: str, height: int) -> str:
    """A page within a page. Its scripts run, but with no origin: they cannot read or reach what is around them."""
    name = f"explorer-{hashlib.sha1(source.encode()).hexdigest()[:8]}"
    return (
        f'<iframe id="{name}" title="{escape(title)}" sandbox="allow-scripts allow-downloads" srcdoc="{escape(source)}" '
        f'style="width:100%;height:{height}px;border:1px solid #8884;border-radius:6px" loading="lazy"></iframe>'
    )
