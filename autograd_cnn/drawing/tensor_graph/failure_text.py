"""What stands on the card of an operation that did not come about, and how large that is."""

from __future__ import annotations

from ..canvas.metrics import text_width
from ..canvas.text import Words
from ..view.sources import shown
from ..view.view import Unit

WIDTH, LINE, TOP, ASIDE = 330.0, 16.0, 38.0, 26.0
_PARTS = ("expected", "came", "hint")


def failure_size(unit: Unit, words: Words) -> tuple[float, float]:
    """Width and height of the card."""
    return WIDTH, TOP + LINE * len(failure_lines(unit, words)) + 4


def failure_lines(unit: Unit, words: Words) -> list[tuple[str, str]]:
    """(what is said, how it is written): "key" begins a part, "sans" goes on, "mono" is a line of the program."""
    if unit.failure is None:
        return []
    said = unit.failure.said()
    lines: list[tuple[str, str]] = []
    for part in _PARTS if "expected" in said else ("message",):
        if part in said:
            text = f"{words(f'page {part}')}: {said[part]}" if part in _PARTS else said[part]
            lines += [(line, "sans") for line in _wrapped(text, WIDTH - ASIDE)]
    if unit.failure.place is not None:
        file, number, code = shown(unit.failure.place)
        lines.append((f"{file}:{number}", "mono"))
        lines += [(line, "mono") for line in _wrapped(code, WIDTH - ASIDE)]
    return lines


def _wrapped(text: str, room: float) -> list[str]:
    """A text in lines that fit; a word that is too long is cut."""
    lines, line = [], ""
    for word in text.split():
        while text_width(word, 12) > room and len(word) > 8:
            cut = next(n for n in range(len(word) - 1, 0, -1) if text_width(word[:n], 12) <= room)
            lines += [line] if line else []
            lines.append(word[:cut])
            line, word = "", word[cut:]
        more = f"{line} {word}" if line else word
        if line and text_width(more, 12) > room:
            lines.append(line)
            line = word
        else:
            line = more
    return [*lines, line] if line else lines
