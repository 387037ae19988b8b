"""The page: one file that holds the document, the styles and the program, and asks for nothing else."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from ..canvas.svg import escape
from ..canvas.text import Words
from ..canvas.theme import FAMILIES, colour
from .words import all_words

PROGRAM = ("model.js", "layout.js", "numbers.js", "camera.js", "painting.js", "minimap.js", "panel.js", "search.js", "export.js", "main.js")
INKS = (
    "ink muted faint inverse forward gradient kept parameter paper card panel panel2 input-paper parameter-paper gradient-paper forward-paper "
    "plum-paper hair wire dark parameter-line input-line conv-line pool-line dense-line norm-line activation-line chance-line loss-line badge"
)


@cache
def asset(name: str) -> str:
    """A file of the page."""
    return files(__package__).joinpath("page", name).read_text(encoding="utf-8")


def program() -> str:
    """All that runs in the page, as one function."""
    lines = (line.strip() for name in PROGRAM for line in asset(name).splitlines())
    return '"use strict";(() => {\n' + "\n".join(line for line in lines if line and not line.startswith("//")) + "\n})();"


def in_script(data: Any) -> str:
    """JSON that may stand in a script: no sign in it ends the script or opens a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def page(document: dict[str, Any]) -> str:
    """The page of a document, with everything that it needs."""
    theme, words = document["theme"], Words(document["lang"])
    told = all_words(words)
    title = escape(document["title"] or words("graph"))
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(document["lang"])}" data-theme="{escape(theme)}">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        'img-src data: blob:">\n'
        f"<style>\n{inks()}\n{asset('page.css')}</style>\n</head>\n<body>\n{asset('page.html')}"
        f"<noscript><p>{escape(words('page needs scripts'))}</p></noscript>\n"
        f'<script type="application/json" id="words">{in_script(told)}</script>\n'
        f'<script type="application/json" id="data">{in_script(document)}</script>\n'
        f"<script>\n{program()}\n</script>\n</body>\n</html>\n"
    )


def inks() -> str:
    """The colours of the themes, and the strips of the families of operations, as variables."""

    def rules(theme: str) -> str:
        return "".join(f"--{role}:{colour(role, theme)};" for role in INKS.split())

    dark = f"color-scheme:dark;{rules('dark')}"
    strips = "".join(f".f-{family}{{--strip:var(--{role})}}" for family, role in FAMILIES.items() if family)
    return (
        f":root{{color-scheme:light;{rules('light')}}}\n:root[data-theme=print]{{{rules('print')}}}\n:root[data-theme=dark]{{{dark}}}\n"
        f"@media (prefers-color-scheme:dark){{:root[data-theme=auto]{{{dark}}}}}\n{strips}"
    )
