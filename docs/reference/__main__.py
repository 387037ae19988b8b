"""Builds the reference: `python -m docs.reference [folder]` writes static HTML (by default into `site/`), made by MkDocs from Markdown
pages that are written from the docstrings. Needs `pip install -e ".[docs]"`.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

from .entries import PACKAGE, SECTIONS, Page, pages
from .markdown import page

STYLE = """.md-grid { max-width: 70rem }
.md-typeset table td code { white-space: nowrap }
"""
HOME = """# autograd_cnn

Reverse-mode automatic differentiation with a graph you can see. These pages describe every public name; the examples on them are run by
the tests. Names, arguments and results are PyTorch's.

```pycon
>>> import autograd_cnn as ac
>>> x = ac.tensor([1., 2.], requires_grad=True)
>>> (x ** 2).sum().backward()
>>> x.grad
tensor([2., 4.])
```

"""


def config(found: list[Page], source: Path, out: Path) -> dict[str, Any]:
    """MkDocs' configuration, with the navigation of the pages."""
    nav: list[dict[str, Any]] = [{"Home": "index.md"}]
    nav += [{section: [{p.title: p.path} for p in found if p.section == section]} for section in SECTIONS]
    switch = [
        {"media": "(prefers-color-scheme: light)", "scheme": "default", "toggle": {"icon": "material/weather-night", "name": "Dark"}},
        {"media": "(prefers-color-scheme: dark)", "scheme": "slate", "toggle": {"icon": "material/weather-sunny", "name": "Light"}},
    ]
    features = [
        "navigation.tabs",
        "navigation.indexes",
        "navigation.top",
        "content.code.copy",
        "search.suggest",
        "search.highlight",
        "toc.follow",
    ]
    return {
        "site_name": f"{PACKAGE} reference",
        "docs_dir": str(source),
        "site_dir": str(out),
        "use_directory_urls": False,  # so that the files can be opened without a server
        "theme": {"name": "material", "font": False, "palette": switch, "features": features},
        "plugins": ["material/search", "material/offline"],  # the search works on the files, too
        "extra_css": ["reference.css"],
        "markdown_extensions": [
            "attr_list",
            "md_in_html",
            "tables",
            "pymdownx.details",
            "pymdownx.superfences",
            "pymdownx.highlight",
            {"toc": {"permalink": True, "toc_depth": 2}},
        ],
        "validation": {"links": {"anchors": "warn"}},
        "nav": nav,
    }


def write(folder: Path) -> list[Page]:
    """The Markdown pages, into a folder."""
    found = pages()
    for p in found:
        at = folder / p.path
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_text(page(p), encoding="utf-8")
    (folder / "reference.css").write_text(STYLE, encoding="utf-8")
    lists = [f"## {s}\n\n" + "\n".join(f"- [{p.title}]({p.path}): {len(p.entries)}" for p in found if p.section == s) for s in SECTIONS]
    (folder / "index.md").write_text(HOME + "\n\n".join(lists) + "\n", encoding="utf-8")
    return found


def build(out: Path) -> int:
    """The site, into a folder; the number of entries. Any warning of MkDocs is an error."""
    import yaml
    from mkdocs.commands.build import build as make
    from mkdocs.config import load_config

    logging.basicConfig(level=logging.WARNING, format="%(message)s")

    with tempfile.TemporaryDirectory() as name:
        source = Path(name)
        found = write(source)
        file = source.parent / f"{source.name}.yml"
        try:
            file.write_text(yaml.safe_dump(config(found, source, out.resolve())), encoding="utf-8")
            make(load_config(str(file), strict=True))
        finally:
            file.unlink(missing_ok=True)
    return sum(len(p.entries) for p in found)


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "site")
    print(f"{build(target)} entries; open {target / 'index.html'}")
