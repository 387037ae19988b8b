"""The one SVG writer: a `Scene` in, the same bytes out every time.

Light colours are presentation attributes, so the file looks right in every viewer; under the theme "auto" one style
sheet for dark mode overrides them by class. No scripts, no web fonts, no `var()`, no markers (arrowheads are drawn), so
browsers, Inkscape, librsvg and CairoSVG show the same.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from .metrics import known
from .scene import Circle, Group, Image, Path, Rect, Run, Scene, Text
from .theme import ROLES, colour

SANS = "Helvetica Neue,Helvetica,Arial,Liberation Sans,sans-serif"
SERIF = "Times New Roman,Times,Liberation Serif,serif"
MONO = "Menlo,Consolas,Liberation Mono,monospace"
FACES = {
    "sans": (SANS, "normal", "normal"),
    "bold": (SANS, "bold", "normal"),
    "serif": (SERIF, "normal", "normal"),
    "italic": (SERIF, "normal", "italic"),
    "mono": (MONO, "normal", "normal"),
}
# CairoSVG reads only the first family of a list, so it is given the name that fontconfig maps to a face of these
# widths.
SINGLE_FAMILY = {SANS: "Arial", SERIF: "Times New Roman", MONO: "Liberation Mono"}

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # characters that XML 1.0 does not allow


def number(x: float) -> str:
    """At most two decimals, no trailing zeros, no minus zero.

    >>> number(1.0), number(-0.001), number(2.347)
    ('1', '0', '2.35')
    """
    text = f"{x:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def escape(text: str) -> str:
    """Text as XML content or attribute value; characters that XML forbids become U+FFFD."""
    text = _FORBIDDEN.sub("\ufffd", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def write(scene: Scene, theme: str = "auto", prefix: str = "", for_cairo: bool = False) -> str:
    """The SVG source of a figure. `for_cairo` avoids what CairoSVG misreads: lists of fonts, and CSS for pictures."""
    writer = Writer(theme, prefix, for_cairo)
    writer.group_content(scene)
    return writer.document(scene)


class Writer:
    """Collects the lines of a document; `document` puts head, style sheet and paper around them."""

    def __init__(self, theme: str, prefix: str, for_cairo: bool = False) -> None:
        self.theme = theme
        self.prefix = prefix
        self.for_cairo = for_cairo
        self.used: set[tuple[str, str]] = set()  # ("f" or "s", role): the classes the style sheet must have
        self.lines: list[str] = []

    def document(self, scene: Scene, rules: str = "") -> str:
        """The whole document of what was written so far. `rules`: a style sheet of the figure's own."""
        ids = f"{self.prefix}{scene.name}-title", f"{self.prefix}{scene.name}-desc"
        width, height = number(scene.width), number(scene.height)
        size = f'width="{width}" height="{height}"'
        head = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {height}" role="img" '
            f'aria-labelledby="{escape(ids[0])} {escape(ids[1])}" lang="{escape(scene.lang)}" '
            f'font-family="{self.family(SANS)}">',
            f'<title id="{escape(ids[0])}">{escape(scene.title or "")}</title>',
            f'<desc id="{escape(ids[1])}">{escape(scene.desc)}</desc>',
        ]
        paper = f"<rect {size}{self.classes('paper', None)}{self.paint('fill', 'paper')}/>"
        if self.theme == "auto":
            rules += self.style_sheet()
        if rules:
            head.append(f"<style>{rules}</style>")
        return "\n".join([*head, paper, *self.lines, "</svg>"]) + "\n"

    def style_sheet(self) -> str:
        self.used.add(("f", "paper"))
        property_of = {"f": "fill", "s": "stroke"}
        rules = (f".{kind}-{role}{{{property_of[kind]}:{ROLES[role][1]}}}" for kind, role in sorted(self.used))
        return f"@media (prefers-color-scheme:dark){{{''.join(rules)}}}"

    def family(self, stack: str) -> str:
        return SINGLE_FAMILY[stack] if self.for_cairo else stack

    # ---------------------------------------------------------------------------------------------- attributes
    def paint(self, what: str, role: str | None) -> str:
        """The attributes of one ink: ` fill="#…"`; the class comes from `classes`. A literal `#rrggbb` passes."""
        if role is None:
            return ' fill="none"' if what == "fill" else ""
        if role.startswith("#"):
            return f' {what}="{role}"'
        if self.theme == "auto":
            self.used.add((what[0], role))
        return f' {what}="{colour(role, self.theme)}"'

    def classes(self, fill: str | None, stroke: str | None) -> str:
        if self.theme != "auto":
            return ""
        names = [f"{kind}-{role}" for kind, role in (("f", fill), ("s", stroke)) if role and not role.startswith("#")]
        return f' class="{" ".join(names)}"' if names else ""

    def style(self, item: Any) -> str:
        text = self.classes(item.fill, item.stroke) + self.paint("fill", item.fill)
        if item.stroke:
            text += self.paint("stroke", item.stroke)
            if item.line != 1:
                text += f' stroke-width="{number(item.line)}"'
        if getattr(item, "dash", None):
            text += f' stroke-dasharray="{item.dash}"'
        if getattr(item, "opacity", None) is not None:
            text += f' opacity="{number(item.opacity)}"'
        if getattr(item, "round", False):
            text += ' stroke-linecap="round" stroke-linejoin="round"'
        return text

    # ---------------------------------------------------------------------------------------------- items
    def group_content(self, group: Group) -> None:
        for item in group.items:
            getattr(self, "put_" + type(item).__name__.lower())(item)

    def put_group(self, group: Group) -> None:
        attributes = f' id="{escape(self.prefix + group.id)}"' if group.id else ""
        attributes += f' class="{escape(group.kind)}"' if group.kind else ""
        title = f"<title>{escape(group.title)}</title>" if group.title else ""
        self.lines.append(f"<g{attributes}>{title}")
        self.group_content(group)
        self.lines.append("</g>")

    def put_rect(self, r: Rect) -> None:
        radius = f' rx="{number(r.radius)}"' if r.radius else ""
        place = f'x="{number(r.x)}" y="{number(r.y)}" width="{number(r.width)}" height="{number(r.height)}"'
        self.lines.append(f"<rect {place}{radius}{self.style(r)}/>")

    def put_circle(self, c: Circle) -> None:
        self.lines.append(f'<circle cx="{number(c.x)}" cy="{number(c.y)}" r="{number(c.radius)}"{self.style(c)}/>')

    def put_path(self, p: Path) -> None:
        d = "".join(command + " ".join(map(number, numbers)) for command, *numbers in p.steps)
        self.lines.append(f'<path d="{d}"{self.style(p)}/>')

    def put_image(self, i: Image) -> None:
        place = f'x="{number(i.x)}" y="{number(i.y)}" width="{number(i.width)}" height="{number(i.height)}"'
        data = base64.b64encode(i.png).decode("ascii")
        crisp = 'image-rendering="optimizeSpeed"' + ("" if self.for_cairo else ' style="image-rendering:pixelated"')
        self.lines.append(f'<image {place} preserveAspectRatio="none" {crisp} href="data:image/png;base64,{data}"/>')

    def put_text(self, t: Text) -> None:
        runs = [r for r in t.runs if r.text]
        if not runs:
            return
        single = len(runs) == 1 and runs[0].scale == 1 and runs[0].rise == 0
        anchor = f' text-anchor="{t.anchor}"' if single and t.anchor != "start" else ""
        place = f'x="{number(t.x if single else t.left)}" y="{number(t.y)}"'
        keep = ' xml:space="preserve"' if _loses_spaces(runs) else ""
        # Where none of the named fonts is installed, the one that stands in may be wider: text must still stay in its box. In a script
        # whose widths are estimates it would be stretched to a wrong length, so it is left as it is.
        exact = len(t.string) > 1 and all(map(known, t.string))
        fit = f' textLength="{number(t.width)}" lengthAdjust="spacingAndGlyphs"' if exact else ""
        first = runs[0]
        font = self.font(first.face, None) + f' font-size="{number(t.size)}"'
        body = escape(first.text) if single else self.spans(runs, t.size)
        if t.halo:
            around = self.classes(None, t.halo) + ' fill="none"' + self.paint("stroke", t.halo)
            around += ' stroke-width="6" stroke-linejoin="round" aria-hidden="true"'
            bare = escape(first.text) if single else self.spans(runs, t.size, inked=False)
            self.lines.append(f"<text {place}{font}{anchor}{fit}{around}{keep}>{bare}</text>")
        ink = self.classes(first.ink, None) + self.paint("fill", first.ink)
        self.lines.append(f"<text {place}{font}{anchor}{fit}{ink}{keep}>{body}</text>")

    def font(self, face: str, than: str | None) -> str:
        """The attributes of a face, or those in which it differs from another."""
        family, weight, style = FACES[face]
        base = FACES[than] if than else (SANS, "normal", "normal")
        text = f' font-family="{self.family(family)}"' if family != base[0] else ""
        text += f' font-weight="{weight}"' if weight != base[1] else ""
        return text + (f' font-style="{style}"' if style != base[2] else "")

    def spans(self, runs: list[Run], size: float, inked: bool = True) -> str:
        first, parts, level = runs[0], [], 0.0
        for r in runs:
            attributes = self.font(r.face, first.face)
            if r.scale != 1:
                attributes += f' font-size="{number(size * r.scale)}"'
            shift = -r.rise * size - level
            if abs(shift) > 0.004:
                attributes += f' dy="{number(shift)}"'
                level += float(number(shift))
            if inked and r.ink != first.ink:
                attributes += self.classes(r.ink, None) + self.paint("fill", r.ink)
            parts.append(f"<tspan{attributes}>{escape(r.text)}</tspan>" if attributes else escape(r.text))
        return "".join(parts)


def _loses_spaces(runs: list[Run]) -> bool:
    """XML viewers drop spaces at the ends of a text and next to spans, and fold double ones."""
    return len(runs) > 1 or "  " in runs[0].text or runs[0].text != runs[0].text.strip()
