"""What is put into a page after its Markdown was rendered: figures, formulas, tables of notebooks.

Markdown sees a place holder only, so nothing in a picture is taken for Markdown, and the search index holds words, not labels of
figures. Pictures stand in the page itself (no request, a tooltip for every part), and the page's style sheet dyes them: the switch
between light and dark reaches them, too.
"""

from __future__ import annotations

import base64
import html
import re

from autograd_cnn.drawing.canvas.theme import ROLES

from .formulas import mathml

_PLACE = re.compile(r'<(div|span) data-part="(\d+)"></\1>')
_DARK = re.compile(r"@media \(prefers-color-scheme:dark\)\{(?:[^{}]*\{[^{}]*\})*\}")
_ID = re.compile(r'(?<=\sid=")([^"]+)(?=")')
_HASHED = re.compile(r"\bd[0-9a-f]{8}-")  # what a figure puts before its ids in a notebook (`Drawing._repr_svg_`)
_MATH = re.compile(r"\$\$(.+?)\$\$|\$([^$]+?)\$", re.S)
_CODE = re.compile(r"(^```.*?^```$|``.+?``|`[^`\n]+`)", re.S | re.M)


class Parts:
    """The parts of a site, by number."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def put(self, part: str, tag: str = "div") -> str:
        """Keep HTML; gives what stands for it in Markdown: a block, or with the tag "span" something in a line."""
        self._found.append(part)
        return f'<{tag} data-part="{len(self._found) - 1}"></{tag}>'

    def filled(self, page: str) -> str:
        """A page with its parts in it."""
        return _PLACE.sub(lambda m: self._found[int(m[2])], page)

    # ------------------------------------------------------------------------------------------------- kinds of parts
    def figure(self, svg: str, tag: str = "div") -> str:
        """A drawing: as large as it is, or as wide as the page; on a phone it can be moved sideways."""
        width = re.search(r'<svg [^>]*?width="([\d.]+)', svg)
        style = f' style="--width:{width[1]}px"' if width else ""
        kind = "figure" if tag == "div" else tag
        return self.put(f'<{kind} class="drawing"{style}>{self._own(svg[svg.index("<svg") :])}</{kind}>', tag)

    def photo(self, png: bytes, told: str) -> str:
        """A picture of a screen, in the page itself."""
        data = base64.b64encode(png).decode("ascii")
        return self.put(f'<span class="drawing"><img alt="{html.escape(told)}" src="data:image/png;base64,{data}"></span>', "span")

    def film(self, source: str) -> str:
        """Frames that a reader steps through, as a notebook shows them."""
        width = re.search(r'<svg [^>]*?width="([\d.]+)', source)
        style = f' style="--width:{width[1]}px"' if width else ""
        return self.put(f'<figure class="drawing film"{style}>{self._own(source)}</figure>')

    def table(self, source: str) -> str:
        """HTML that a notebook shows."""
        return self.put(f'<div class="output">{self._own(source)}</div>')

    def math(self, latex: str, block: bool = False) -> str:
        """A formula, as MathML, which browsers set themselves."""
        made = mathml(latex, block)
        return self.put(f'<div class="formula">{made}</div>' if block else made, "div" if block else "span")

    def with_math(self, markdown: str) -> str:
        """Markdown whose formulas, between dollars, are parts. Code is left alone."""
        pieces = _CODE.split(markdown)
        return "".join(p if i % 2 else _MATH.sub(self._formula, p) for i, p in enumerate(pieces))

    def _formula(self, m: re.Match[str]) -> str:
        return f"\n\n{self.math(m[1], block=True)}\n\n" if m[1] else self.math(m[2])

    def _own(self, source: str) -> str:
        """With ids of its own, and the page's colours instead of a style sheet for dark screens."""
        mark = f"p{len(self._found)}-"
        source = _DARK.sub("", source).replace("<style></style>", "")
        hashed = _HASHED.search(source)
        if hashed:
            return source.replace(hashed[0], mark)
        ids = _ID.findall(source)
        if not ids:
            return source
        named = re.compile(rf'(?<=[\s"#])({"|".join(map(re.escape, sorted(ids, key=len, reverse=True)))})(?=[\s"])')
        attributes = re.compile(r'\s(?:id|aria-labelledby|aria-describedby|href|for|name)="[^"]*"')
        return attributes.sub(lambda m: named.sub(rf"{mark}\1", m[0]), source)


def colours() -> str:
    """The style sheet of figures: their inks as variables, which reach what an SVG uses twice (`<use>`), too."""
    schemes = [
        f'[data-md-color-scheme="{name}"]{{{"".join(f"--ink-{role}:{inks[k]};" for role, inks in ROLES.items())}}}'
        for k, name in enumerate(("default", "slate"))
    ]
    rules = [f".{kind}-{role}{{{what}:var(--ink-{role})}}" for role in ROLES for kind, what in (("f", "fill"), ("s", "stroke"))]
    return "\n".join([*schemes, *rules]) + "\n"
