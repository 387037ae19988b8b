"""The site as Markdown in a folder of its own, and MkDocs' configuration for it."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from autograd_cnn import manual_seed
from docs.reference import pages as reference
from tools import notebooks

from . import lectures, sources
from .parts import Parts, colours
from .pictures import Pictures
from .sources import ROOT, rewritten, sections, title

NAME = "autograd_cnn"
STYLE, SCRIPT, WORKER = (Path(__file__).with_name(name) for name in ("site.css", "site.js", "iframe-worker.js"))
SEPARATOR = r"""[\s\-,:;!?=()\[\]{}"'`/|<>*]+|\.(?!\d)"""  # of the words that a search finds: "(Faltung)", "nn.functional.relu"
ALONE = "---\nhide: [navigation]\n---\n\n"  # a page that is a section of its own
REFERENCE_HOME = """# Reference

Every public name, written from its docstring: how it is called, its formula, shapes, errors, an example that the tests run, its source.
Names, arguments and results are PyTorch's.

"""
Nav = list[dict[str, Any]]


class Site:
    """Writes the pages into a folder, and keeps what is put into them afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.parts = folder, Parts()
        self.nav: Nav = []

    def write(self) -> None:
        """All pages, in the order of the navigation."""
        self._start()
        self._page("docs/gallery/README.md", ALONE)
        self.nav += [
            {"Gallery": "gallery.md"},
            {"Lectures": self._lectures()},
            {"Guides": self._guides()},
            {"Reference": self._reference()},
            {"Architecture": self._architecture()},
        ]
        self._put(STYLE.name, STYLE.read_text(encoding="utf-8") + colours())
        for script in (SCRIPT, WORKER):
            self._put(script.name, script.read_text(encoding="utf-8"))
        self._put(sources.LICENSE, sources.read("LICENSE"))

    def _put(self, at: str, text: str) -> None:
        path = self.folder / at
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def _page(self, source: str, before: str = "") -> str:
        """A Markdown file of the repository, as a page; its place."""
        target = sources.places()[source]
        self._put(target, before + rewritten(sources.read(source), source, target, self.parts))
        return target

    def _start(self) -> None:
        """The README, its tour apart, with the pictures that the tour draws."""
        found = sections(sources.read("README.md"))
        start = "".join(text for heading, text in found if heading not in sources.TOUR)
        tour = "".join(text.replace("## ", "# ", 1) for heading, text in found if heading == sources.TOUR[0])
        gallery = "".join(text for heading, text in found if heading == sources.TOUR[1])
        for target, text in (("index.md", start), ("tour.md", self._drawn(tour) + "\n" + gallery)):
            self._put(target, ALONE + rewritten(text, "README.md", target, self.parts))
        self.nav += [{"Start": "index.md"}, {"Tour": "tour.md"}]

    def _drawn(self, text: str) -> str:
        """Its snippets run; below each what it saved as a picture."""
        from tests.exposed import forgotten

        namespace: dict[str, object] = {"__name__": "__tour__"}
        made: list[str] = []
        waiting: list[str] = []  # pictures, until what was printed stands there
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), forgotten():
            for kind, piece in sources.blocks(text):
                if kind != "text" and piece.strip():
                    made += waiting
                    waiting = []
                made.append(piece)
                if kind == "python":
                    before = set(os.listdir())
                    with contextlib.redirect_stdout(io.StringIO()):
                        exec(compile(piece.split("\n", 1)[1].rsplit("```", 1)[0], "README.md", "exec"), namespace)
                    new = sorted(n for n in set(os.listdir()) - before if n.endswith(".svg"))
                    waiting += [f"\n{self.parts.figure(Path(n).read_text(encoding='utf-8'))}\n" for n in new]
        manual_seed(0)
        return "".join(made + waiting)

    def _lectures(self) -> Nav:
        nav: Nav = []
        for name in sorted(notebooks.names(), key=lambda n: (n != "index", n)):
            self._put(f"lectures/{name}.md", lectures.page(name, self.parts))
            if name != "index":
                shutil.copyfile(ROOT / "notebooks" / f"{name}.ipynb", self.folder / "lectures" / f"{name}.ipynb")
            nav.append({"Overview" if name == "index" else lectures.heading(name): f"lectures/{name}.md"})
        return nav

    def _guides(self) -> Nav:
        places = sources.places()
        testing = [p for p in places if p.startswith("docs/testing/")]
        testing.sort(key=lambda p: (not p.endswith("README.md"), p))
        own = {"Your own operation": [{title(p): self._page(p)} for p in testing]}
        guides = sorted((p for p in places if p.startswith("docs/guides/")), key=lambda p: (not p.endswith("pytorch.md"), p))
        first, *others = [{title(p): self._page(p)} for p in guides]
        return [first, own, *others]

    def _reference(self) -> Nav:
        pictures = Pictures(self.parts)
        found = reference.pages()
        nav: Nav = [{"Overview": "reference/index.md"}]
        home = REFERENCE_HOME
        for section in reference.SECTIONS:
            own = [p for p in found if p.section == section]
            for p in own:
                self._put(f"reference/{p.path}", reference.page(p, pictures.of))
            nav.append({section: [{p.title: f"reference/{p.path}"} for p in own]})
            listed = "".join(f"- [{p.title}]({p.path}): {len(p.entries)}\n" for p in own)
            home += f'## {section}\n\n<div class="many" markdown="1">\n\n{listed}\n</div>\n\n'
        self._put("reference/index.md", home)
        return nav

    def _architecture(self) -> Nav:
        return [{title(p): self._page(p)} for p in ("docs/architecture.md", "CONTRIBUTING.md", "CHANGELOG.md")]

    def config(self, out: Path) -> dict[str, Any]:
        """MkDocs' configuration."""
        from pymdownx.slugs import slugify

        switch = [
            {"media": f"(prefers-color-scheme: {name})", "scheme": scheme, "primary": "custom", "accent": "custom", "toggle": toggle}
            for name, scheme, toggle in (
                ("light", "default", {"icon": "material/weather-night", "name": "Dark"}),
                ("dark", "slate", {"icon": "material/weather-sunny", "name": "Light"}),
            )
        ]
        features = [
            "navigation.tabs",
            "navigation.indexes",
            "navigation.prune",
            "navigation.top",
            "navigation.footer",
            "content.code.copy",
            "search.suggest",
            "search.highlight",
            "toc.follow",
        ]
        return {
            "site_name": NAME,
            "docs_dir": str(self.folder),
            "site_dir": str(out),
            "use_directory_urls": False,  # so that the files can be opened without a server
            "strict": True,
            "theme": {
                "name": "material",
                "font": False,
                "palette": switch,
                "features": features,
                "icon": {"logo": "material/graph-outline"},
            },
            "plugins": [{"material/search": {"separator": SEPARATOR}}, "material/offline"],  # the search works on the files, too
            "extra_css": [STYLE.name],
            "extra_javascript": [SCRIPT.name],
            "extra": {"generator": False, "polyfills": [WORKER.name]},  # the plugin would load one from the net
            "markdown_extensions": [
                "attr_list",
                "md_in_html",
                "tables",
                "pymdownx.superfences",
                "pymdownx.highlight",
                "pymdownx.inlinehilite",
                {"toc": {"permalink": True, "toc_depth": 2, "slugify": slugify(case="lower")}},
            ],
            "validation": {"links": {"anchors": "warn", "absolute_links": "warn", "unrecognized_links": "warn"}},
            "nav": self.nav,
        }


def check_folder(out: Path) -> None:
    """MkDocs empties the folder that it writes to: let that be a new one, an empty one, or a site built before.

    Raises:
        FileExistsError: it holds anything else, or is a file.
    """
    if out.exists() and not out.is_dir():
        raise FileExistsError(f"{out}: expected a folder, got a file. Choose another name.")
    if out.exists() and any(out.iterdir()) and not (out / "search" / "search_index.json").exists():
        raise FileExistsError(f"{out}: expected an empty folder or a site built before, which is replaced; it holds something else.")


def build(out: Path) -> int:
    """The site, into a folder; the number of its pages. Any warning of MkDocs is an error."""
    check_folder(out)
    from mkdocs.commands.build import build as make
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.plugins import BasePlugin

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    with tempfile.TemporaryDirectory() as name:
        site = Site(Path(name))
        site.write()

        class Fill(BasePlugin):  # type: ignore[type-arg,no-untyped-call]
            """Puts figures and formulas into the pages."""

            def on_post_page(self, output: str, **_: Any) -> str:
                return site.parts.filled(output)

        config = MkDocsConfig()
        config.load_dict(site.config(out.resolve()))
        errors, warnings = config.validate()
        if errors or warnings:
            raise ValueError(f"docs.site: MkDocs' configuration: {errors + warnings}")
        config.plugins["docs.site"] = Fill()
        make(config)
    for server in ("404.html", "sitemap.xml", "sitemap.xml.gz"):  # of no use without one
        (out / server).unlink(missing_ok=True)
    return len(list(out.rglob("*.html")))
