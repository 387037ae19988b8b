"""`Drawing`: a finished figure, to look at or to save."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from typing import Any

from ...errors import nearest
from ...support.atomic import atomic_write
from .scene import Scene
from .svg import escape, write
from .theme import check_theme, colour

_ENDS = {"tail": "from", "head": "to"}  # of an edge


class Drawing:
    """A figure that shows itself in a notebook and saves itself under any of its suffixes.

    Attributes:
        svg: the SVG source.
        dot: the same graph as Graphviz DOT source, for figures of a graph.
        scene: what the figure is made of.
        error: of a model that failed while it was drawn what it raised: the figure shows it as far as it came.
    """

    def __init__(
        self,
        scene: Scene,
        theme: str = "auto",
        prefix: str = "",
        dot: Callable[[], str] | None = None,
        page: Callable[[], str] | None = None,
        error: Exception | None = None,
    ) -> None:
        self.scene = scene
        self.theme = check_theme(theme)
        self.prefix = prefix
        self._dot = dot
        self._page = page
        self.error = error

    @property
    def svg(self) -> str:
        """The SVG source: the same bytes for the same figure."""
        return write(self.scene, self.theme, self.prefix)

    @property
    def dot(self) -> str:
        """The graph in DOT, with plain labels, fixed sizes, ids, classes and tooltips."""
        if self._dot is None:
            raise ValueError(f"draw: a figure of the kind {self.scene.name!r} is no graph, so it has no DOT source. Use .svg.")
        return self._dot()

    def __repr__(self) -> str:
        failed = f", failed: {type(self.error).__name__}" if self.error is not None else ""
        return f"<Drawing {self.scene.title!r}, {self.scene.width:.0f}×{self.scene.height:.0f}{failed}>"

    def _repr_svg_(self) -> str:
        """For notebooks, where several figures share a page: ids get a prefix made of the content."""
        if self.prefix:
            return self.svg
        return write(self.scene, self.theme, f"d{hashlib.sha1(self.svg.encode()).hexdigest()[:8]}-")

    # ------------------------------------------------------------------------------------------------- files
    def save(self, path: str | os.PathLike[str]) -> str:
        """Write the figure to a file; the suffix says how: `.svg`, `.dot`, `.json`, `.html`, `.png`, `.pdf`.

        An existing file is replaced only by a complete one. PNG and PDF need the package CairoSVG.

        Returns:
            The path that was written.

        Raises:
            ValueError: a suffix that is none of these, or `.dot` for a figure that is no graph.
            FileNotFoundError, PermissionError, IsADirectoryError: the path cannot be written.
            ModuleNotFoundError: PNG or PDF without CairoSVG.
        """
        target = os.fspath(path)
        write_file("Drawing.save", target, FORMATS[suffix_of(target)](self))
        return target

    def json(self) -> str:
        """The figure as JSON, in the scheme `autograd_cnn.drawing/1`.

        Beside `scheme`, `title`, `description`, `lang`, `width`, `height` and the figure's own facts (of a graph `operations`, `parameters`,
        `frozen`, `held`, `kept`) it holds `groups`, in the order in which they are painted: each with its `id`, its `kind` ("op conv",
        "module", "tensor input", "edge", …), what it is in words (`title`), its `box` (x, y, width, height; null where it has none) and its
        facts, such as `operation`, `shape`, `parameters`. An edge has `from` and `to`, the ids of the groups that it joins.
        """
        groups = []
        for g in self.scene.groups():
            if g.id is None:
                continue
            box = [round(v, 2) for v in g.box] if g.box else None
            facts = {_ENDS.get(k, k): self.prefix + v if k in _ENDS else v for k, v in g.data.items()}
            groups.append({"id": self.prefix + g.id, "kind": g.kind, "title": g.title, "box": box, **facts})
        head: dict[str, Any] = {"scheme": "autograd_cnn.drawing/1", "title": self.scene.title, "description": self.scene.desc}
        head |= {"lang": self.scene.lang, "width": round(self.scene.width, 2), "height": round(self.scene.height, 2)}
        head |= {**self.scene.data, "groups": groups}
        return json.dumps(head, ensure_ascii=False, indent=1) + "\n"

    def html(self) -> str:
        """A page: of a graph over tensors one in which it is opened, closed and searched; else one that holds the figure and nothing
        else."""
        if self._page is not None:
            return self._page()
        paper = colour("paper", self.theme)
        dark = f"@media (prefers-color-scheme:dark){{body{{background:{colour('paper', 'dark')}}}}}" if self.theme == "auto" else ""
        return (
            f'<!DOCTYPE html>\n<html lang="{escape(self.scene.lang)}">\n<head>\n<meta charset="utf-8">\n'
            f"<title>{escape(self.scene.title or '')}</title>\n"
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<style>body{{margin:0;background:{paper}}}svg{{display:block;margin:auto;max-width:100%;height:auto}}{dark}</style>\n"
            f"</head>\n<body>\n{self.svg}</body>\n</html>\n"
        )


def suffix_of(path: str) -> str:
    """The suffix of a path that `Drawing.save` can write, or an error that lists them."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in FORMATS:
        got = repr(suffix) if suffix else "a path without a suffix"
        raise ValueError(f"Drawing.save: expected a path ending in {', '.join(FORMATS)}, got {got}.{nearest(suffix, FORMATS)}")
    return suffix


def write_file(caller: str, target: str, data: bytes) -> None:
    """Write a whole file or none; the folder must be there."""
    check_folder(caller, os.path.dirname(target) or ".")
    try:
        with atomic_write(target) as file:
            file.write(data)
    except PermissionError as error:
        raise PermissionError(f"{caller}: {target!r} may not be written: {error.strerror or error}.") from error


def check_folder(caller: str, folder: str) -> None:
    """Refuse a folder that does not exist, before anything is written."""
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"{caller}: the folder {folder!r} does not exist. Create it with os.makedirs({folder!r}).")


def convert(drawing: Drawing, kind: str, **options: Any) -> bytes:
    """A figure as PNG or PDF, through CairoSVG."""
    try:
        import cairosvg
    except (ImportError, OSError) as error:  # OSError: the package is there, the library it binds is not
        raise ModuleNotFoundError(
            f"Drawing.save: writing .{kind} needs the package CairoSVG and the cairo library it binds ({error}). "
            "Install it with: pip install cairosvg. Or save as .svg or .html, which need nothing."
        ) from error
    theme = "light" if drawing.theme == "auto" else drawing.theme
    source = write(drawing.scene, theme, drawing.prefix, for_cairo=True)
    return bytes(getattr(cairosvg, f"svg2{kind}")(bytestring=source.encode(), **options))


FORMATS: dict[str, Callable[[Drawing], bytes]] = {
    ".svg": lambda d: d.svg.encode(),
    ".dot": lambda d: d.dot.encode(),
    ".json": lambda d: d.json().encode(),
    ".html": lambda d: d.html().encode(),
    ".png": lambda d: convert(d, "png", scale=2.0),
    ".pdf": lambda d: convert(d, "pdf"),
}
