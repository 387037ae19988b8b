"""The gallery: `python -m docs.gallery` runs each snippet in this folder and writes its picture beside it, and the page of them
all. A snippet leaves a drawing named `figure`; its docstring is its heading and what it shows.
"""

from __future__ import annotations

import ast
import runpy
import sys
from pathlib import Path

HERE = Path(__file__).parent
HEAD = """# Gallery

Each picture is what the code below it draws, in light or in dark as your screen is. `python -m docs.gallery` draws them anew.
"""


def snippets() -> list[Path]:
    """The snippets, in the order of the page."""
    return sorted(HERE.glob("[0-9]*.py"))


def drawn(snippet: Path) -> str:
    """The picture that a snippet leaves."""
    return str(runpy.run_path(str(snippet))["figure"].svg)


def section(snippet: Path) -> str:
    """Heading, picture, text and code of a snippet."""
    source = snippet.read_text(encoding="utf-8")
    told = ast.get_docstring(ast.parse(source)) or ""
    heading, _, text = told.partition("\n\n")
    code = source.split('"""', 2)[2].strip()
    return f"## {heading}\n\n![{heading}]({snippet.stem}.svg)\n\n{' '.join(text.split())}\n\n```python\n{code}\n```\n"


def page() -> str:
    """The page of all pictures."""
    return "\n".join([HEAD, *map(section, snippets())])


def main() -> None:
    """Draw what was asked for by name, or everything, and write the page."""
    unknown = {*sys.argv[1:]} - {s.stem for s in snippets()}
    if unknown:
        sys.exit(
            f"docs.gallery: no snippet is called {', '.join(sorted(unknown))}: expected some of {', '.join(s.stem for s in snippets())}."
        )
    for snippet in snippets():
        if not sys.argv[1:] or snippet.stem in sys.argv[1:]:
            (HERE / f"{snippet.stem}.svg").write_text(drawn(snippet), encoding="utf-8")
            print(snippet.stem)
    (HERE / "README.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
