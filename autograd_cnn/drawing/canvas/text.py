"""What figures say: sizes, mathematics as runs of text, and the captions in English and German. (Numbers: `numbers.py`.)"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from ...errors import nearest
from .captions import CAPTIONS, LANGUAGES
from .numbers import Numbers
from .scene import Run

# ------------------------------------------------------------------------------------------------------- sizes


def shape(sizes: Iterable[int] | None, scalar: str = "scalar") -> str:
    """`32×784`; a tensor without dims and a plain number are a scalar.

    >>> shape((32, 784)), shape(())
    ('32×784', 'scalar')
    """
    return "×".join(map(str, sizes or ())) or scalar


# ------------------------------------------------------------------------------------------------------- mathematics
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿˣʸᵀⁱ", "0123456789+−()nxyTi", strict=True))
_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₍₎ₙₓᵢⱼₖ", "0123456789+−()nxijk", strict=True))
_WORDS = ("exp", "log", "ln", "sin", "cos", "tan", "tanh", "sinh", "cosh", "max", "min", "sign", "mean", "sum", "or", "relu", "softmax")


def mathematics(text: str, ink: str = "ink", scale: float = 1.0, rise: float = 0.0) -> tuple[Run, ...]:
    """Mathematics in one line: `w_0`, `x_{12}`, `e^{-z}`, `1 − y²`. Letters are italic, the names of functions upright.

    >>> [(r.text, r.face) for r in mathematics("w_0 x")]
    [('w', 'italic'), ('0', 'serif'), (' ', 'serif'), ('x', 'italic')]
    """
    runs: list[Run] = []

    def put(piece: str, face: str, size: float, up: float) -> None:
        made = Run(piece, face, ink, size, up)
        if runs and (runs[-1].face, runs[-1].scale, runs[-1].rise) == (face, size, up):
            made = Run(runs.pop().text + piece, face, ink, size, up)
        runs.append(made)

    def put_all(piece: str, size: float, up: float) -> None:
        at = 0
        while at < len(piece):
            word = _word_at(piece, at)
            if word:
                put(word, "serif", size, up)
                at += len(word)
            else:
                c = piece[at]
                face = "italic" if c.isalpha() and c not in "∂Σ" else "serif"
                # a hat stays with the letter it stands on
                put("−" if c == "-" else c, runs[-1].face if unicodedata.combining(c) and runs else face, size, up)
                at += 1

    at = 0
    while at < len(text):
        c = text[at]
        if c in "_^" and at + 1 < len(text):
            end = text.find("}", at) if text[at + 1] == "{" else -1
            inner = text[at + 2 : end] if end > 0 else text[at + 1]
            at = end + 1 if end > 0 else at + 2
            put_all(inner, scale * 0.68, rise + scale * (-0.22 if c == "_" else 0.36))
        elif c in _RAISED:
            put_all(_RAISED[c], scale * 0.68, rise + scale * 0.36)
            at += 1
        elif c in _LOWERED:
            put_all(_LOWERED[c], scale * 0.68, rise - scale * 0.22)
            at += 1
        else:
            word = _word_at(text, at) or c
            put_all(word, scale, rise)
            at += len(word)
    return tuple(runs)


def _word_at(text: str, at: int) -> str:
    """The upright word that starts here, if one does."""
    if at and text[at - 1].isalpha():
        return ""
    end = at
    while end < len(text) and text[end].isalpha():
        end += 1
    return text[at:end] if text[at:end] in _WORDS else ""


def name_runs(name: str, ink: str = "ink", scale: float = 1.0) -> tuple[Run, ...]:
    """A variable's name as mathematics: `w0` and `w_0` get a subscript, words stay words.

    >>> [r.text for r in name_runs("w0")], [r.text for r in name_runs("weight")]
    (['w', '0'], ['weight'])
    """
    stem = name.rstrip("0123456789")
    if stem and len(stem.rstrip("_")) == 1 and len(name) > len(stem) and "." not in name:
        return mathematics(f"{stem.rstrip('_')}_{{{name[len(stem) :]}}}", ink, scale)
    if len(name) > 2 and name[1] == "_" and name[2:].isalnum():
        return mathematics(f"{name[0]}_{{{name[2:]}}}", ink, scale)
    return (Run(name, "italic", ink, scale),)


def one_of(names: Sequence[str], ink: str, scale: float = 1.15) -> tuple[Run, ...]:
    """A list of names, comma separated: single letters as mathematics, words in the text's own face."""
    runs: list[Run] = []
    for i, name in enumerate(names):
        if i:
            runs.append(Run(", ", "sans", ink))
        short = len(name.rstrip("0123456789_")) == 1
        runs += name_runs(name, ink, scale) if short else [Run(name, "sans", ink)]
    return tuple(runs)


# ------------------------------------------------------------------------------------------------------- captions
class Words(Numbers):
    """The captions and numbers of one language: `words("kept")`, `words("ops", 12)`, `words.value(0.25)`."""

    def __init__(self, lang: str = "en") -> None:
        if lang not in LANGUAGES:
            raise ValueError(f"draw: expected lang to be 'en' or 'de', got {lang!r}.{nearest(str(lang), LANGUAGES)}")
        super().__init__(lang)
        self._column = LANGUAGES.index(lang)

    def __call__(self, key: str, *args: Any) -> str:
        return CAPTIONS[key][self._column].format(*args)

    def family(self, family: str) -> str:
        """The name of a family of operations; one's own families have the name they were given."""
        return self(f"family {family}") if f"family {family}" in CAPTIONS else family

    def operations(self, count: int) -> str:
        return self("op") if count == 1 else self("ops", self.count(count))

    def units(self, count: int) -> str:
        return self("one unit") if count == 1 else self("units", self.count(count))

    def parameters(self, count: int) -> str:
        return self("one parameter") if count == 1 else self("parameters", self.count(count))
