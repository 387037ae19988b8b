"""What figures say, in English and German: one table, into which each figure's file declares its words.

A key means the same in every figure, and a word has one translation: what contradicts an earlier declaration is refused. What several
figures say stands in the tables of this folder.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import graphs, shared, steps

LANGUAGES = ("en", "de")
CAPTIONS: dict[str, tuple[str, str]] = {}
_GERMAN: dict[str, tuple[str, str]] = {}  # an English text -> its German one, and a key under which it stands


def declare(words: Mapping[str, tuple[str, str]]) -> None:
    """Enter words into the table: key -> (English, German).

    Raises:
        ValueError: a key that stands for something else already, or an English text with another German one.

    Example:
        >>> declare({"epoch": ("epoch", "Epoche")})  # again: nothing new
        >>> declare({"epoch": ("epoch", "Durchgang")})
        Traceback (most recent call last):
            ...
        ValueError: captions: 'epoch' is ('epoch', 'Epoche') already, got ('epoch', 'Durchgang'). Expected one meaning of a key: use \
that, or take another key.
    """
    german = dict(_GERMAN)
    for key, pair in words.items():
        if CAPTIONS.get(key, pair) != pair:
            raise ValueError(
                f"captions: {key!r} is {CAPTIONS[key]} already, got {pair}. Expected one meaning of a key: use that, or take another key."
            )
        told, where = german.setdefault(pair[0], (pair[1], key))
        if told != pair[1]:
            raise ValueError(
                f"captions: {pair[0]!r} is {told!r} in German under {where!r}, got {pair[1]!r} under {key!r}. Expected one of them."
            )
    CAPTIONS.update(words)
    _GERMAN.update(german)


for _table in (graphs.CAPTIONS, steps.CAPTIONS, shared.CAPTIONS):
    declare(_table)
