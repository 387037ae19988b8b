"""What a built site holds, read from its files as a browser would."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {  # the attributes by which an element loads something by itself
    "script": ("src",),
    "link": ("href",),
    "img": ("src", "srcset"),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
    "source": ("src", "srcset"),
    "iframe": ("src",),
    "object": ("data",),
    "embed": ("src",),
    "video": ("src", "poster"),
    "audio": ("src",),
    "form": ("action",),
}
_URL = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")


@dataclass
class Seen:
    """A page: ids, links to follow, what it loads, how many of each element."""

    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    text: str = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen = Seen()
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {k: v or "" for k, v in attrs}
        if "id" in given:
            self.seen.ids.append(given["id"])
        if tag == "a" and "href" in given:
            self.seen.links.append(given["href"])
        if tag == "link" and given.get("rel") in ("prev", "next", "canonical"):
            self.seen.links.append(given["href"])
        else:
            self.seen.loads += [given[a] for a in LOADS.get(tag, ()) if given.get(a)]
        self.seen.loads += urls(given.get("style", ""))
        self._style = tag == "style"

    def handle_data(self, data: str) -> None:
        if self._style:
            self.seen.loads += urls(data)
        self.seen.text += data


def urls(style: str) -> list[str]:
    """What a style sheet loads."""
    return [a or b for a, b in _URL.findall(style)]


def read(page: Path) -> Seen:
    """A page."""
    reader = _Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    reader.close()
    return reader.seen


def faults(root: Path) -> Iterator[str]:
    """Links and pictures that lead nowhere, ids that two things have, what would be fetched from the net."""
    pages = {path: read(path) for path in sorted(root.rglob("*.html"))}
    ids = {path: set(seen.ids) for path, seen in pages.items()}
    for path, seen in pages.items():
        name = path.relative_to(root)
        twice = {i for i in seen.ids if seen.ids.count(i) > 1}
        if twice:
            yield f"{name}: ids that two things have: {sorted(twice)[:5]}"
        for link in dict.fromkeys(seen.links):
            if urlsplit(link).scheme not in ("https", "http", "mailto"):
                yield from (f"{name}: {f}" for f in _leads(path, link, ids))
        for load in dict.fromkeys(seen.loads):
            yield from (f"{name}: {f}" for f in _loaded(path, load, ids))
    for sheet in sorted(root.rglob("*.css")):
        for load in urls(sheet.read_text(encoding="utf-8")):
            yield from (f"{sheet.relative_to(root)}: {f}" for f in _loaded(sheet, load, ids))


def _loaded(path: Path, load: str, ids: dict[Path, set[str]]) -> Iterator[str]:
    parts = urlsplit(load)
    if parts.scheme in ("data", "about"):
        return
    if parts.scheme or parts.netloc:
        yield f"loads {load}"
    else:
        yield from _leads(path, load, ids)


def _leads(path: Path, link: str, ids: dict[Path, set[str]]) -> Iterator[str]:
    parts = urlsplit(link)
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if parts.path.startswith("/"):
        yield f"{link} is not relative"
    elif not target.is_file():
        yield f"{link} leads nowhere"
    elif parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in ids[target]:
        yield f"{link}: no such place on that page"
