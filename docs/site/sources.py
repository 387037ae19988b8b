"""Which file of the repository becomes which page, and how its links are led there."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from .parts import Parts

ROOT = Path(__file__).parents[2]
TOUR = ("A tour of five minutes", "Gallery")  # the README's sections that are a page of their own
LICENSE = "license.txt"
PRINTED = "``` { .text .output }"  # what code printed

_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\]\([^()\s]*\))*)\]\(([^()\s]+)\)")
_CODE = re.compile(r"(^```.*?^```$|``.+?``|`[^`\n]+`)", re.S | re.M)
_FENCE = re.compile(r"(^```.*?^```$)", re.S | re.M)
_LIST = re.compile(r"^(?![-*] |\d+\. |\s|$)(.+)\n(?=[-*] |1\. )", re.M)


def places() -> dict[str, str]:
    """The page of each file, as paths within the repository and within the site."""
    found = {
        "README.md": "index.md",
        "LICENSE": LICENSE,
        "docs/gallery/README.md": "gallery.md",
        "docs/testing/README.md": "guides/testing/index.md",
        "docs/architecture.md": "architecture/index.md",
        "CONTRIBUTING.md": "architecture/contributing.md",
        "CHANGELOG.md": "architecture/changelog.md",
    }
    for path in sorted((ROOT / "docs" / "testing").glob("[!R]*.md")):
        found[f"docs/testing/{path.name}"] = f"guides/testing/{path.name}"
    for path in sorted((ROOT / "docs" / "guides").glob("*.md")):
        found[f"docs/guides/{path.name}"] = f"guides/{path.name}"
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        found[f"notebooks/{path.name}"] = f"lectures/{path.stem}.md"
    return found


def read(path: str) -> str:
    """A file of the repository."""
    return (ROOT / path).read_text(encoding="utf-8")


def title(path: str) -> str:
    """The heading of a Markdown file."""
    return read(path).split("\n", 1)[0].lstrip("# ")


def rewritten(markdown: str, source: str, target: str, parts: Parts) -> str:
    """Markdown of a file of the repository, as it stands on its page: links lead to pages, pictures are in the page.

    Raises:
        ValueError: a link to a file that is on no page.
    """
    known = places()

    def link(m: re.Match[str]) -> str:
        picture, text, to = m.groups()
        file, _, anchor = to.partition("#")
        at = posixpath.normpath(posixpath.join(posixpath.dirname(source), file)) if file else source
        if picture:
            return parts.photo((ROOT / at).read_bytes(), text) if at.endswith(".png") else parts.figure(read(at), "span")
        text = _LINK.sub(link, text)
        if not file or to.startswith(("https://", "http://", "mailto:")):
            return f"[{text}]({to})"
        if at not in known:
            raise ValueError(f"{source}: a link to {to}, which is on no page of the site")
        lead = posixpath.relpath(known[at], posixpath.dirname(target) or ".")
        return f"[{text}]({lead}{'#' * bool(anchor)}{anchor})"

    pieces = _CODE.split(markdown)
    made = "".join(p if i % 2 else _LINK.sub(link, p) for i, p in enumerate(pieces))
    return spaced(made).replace("\n```text\n", f"\n{PRINTED}\n")


def spaced(markdown: str) -> str:
    """With an empty line before each list, as Python-Markdown wants it."""
    pieces = _FENCE.split(markdown)
    return "".join(p if i % 2 else _LIST.sub(r"\1\n\n", p) for i, p in enumerate(pieces))


def sections(markdown: str) -> list[tuple[str, str]]:
    """(heading, text with the heading) of a file's parts; the first has no heading."""
    found, heading, lines, fenced = [], "", [], False
    for line in markdown.splitlines(keepends=True):
        fenced ^= line.startswith("```")
        if line.startswith("## ") and not fenced:
            found.append((heading, "".join(lines)))
            heading, lines = line[3:].strip(), []
        lines.append(line)
    return [*found, (heading, "".join(lines))]


def blocks(markdown: str) -> list[tuple[str, str]]:
    """(language, text with the fences) of its blocks of code, ("", text) of what stands between them."""
    return [(p.split("\n", 1)[0].strip("` ") if i % 2 else "", p) for i, p in enumerate(_FENCE.split(markdown))]
