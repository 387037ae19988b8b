"""From a watched graph to its page and its still figure."""

from __future__ import annotations

from functools import partial
from typing import Any

from ..canvas.drawing import Drawing
from ..canvas.scene import Scene
from ..canvas.side_by_side import GAP, HEAD, beside_scene
from ..canvas.text import Words
from ..layout.fit import Fit, first_that_fits
from ..tensor_graph.dot import dot_source
from ..tensor_graph.fitting import fitted_figure
from ..view.builder import view_of
from ..view.failure import failure_of
from ..view.folding import Fold, Tree
from ..view.naming import subtitle_of
from ..view.style import Style
from ..view.view import View
from ..view.watching import Watched
from .comparison import compared
from .document import Wishes, document
from .explorer import Explorer, Marks
from .marking import marks_of


def explorer_of(watched: Watched, wishes: Wishes, title: str | None, subtitle: str | None, theme: str, words: Words) -> Explorer:
    """The page of a watched graph."""

    def still(marks: Marks | None, fit: Fit | None) -> Drawing:
        return still_of(watched, wishes, title, subtitle, theme, words, marks, fit or Fit.of("slide"))

    return Explorer(document_of(watched, wishes, title, subtitle, theme, words), still, watched.error)


def comparison_of(first: Explorer, second: Explorer, title: str | None, theme: str, words: Words, size: Fit) -> Explorer:
    """The page of two explored models, one laid into the other; their still figures, beside each other or one below the other, fit `size`."""
    matched = compared(first.document, second.document)
    found = matched.document
    one, other = first.document["title"], second.document["title"]
    counts = found["compared"]
    line = words("added, removed, changed", *(words.count(counts[k]) for k in ("added", "removed", "changed")))
    found |= {
        "title": title if title is not None else f"{one} → {other}",
        "subtitle": line,
        "lang": words.lang,
        "theme": theme,
        "color": "change",
    }

    def still(marks: Marks | None, fit: Fit | None) -> Drawing:
        whole = fit or size

        def both(columns: int, each: Fit) -> Scene:
            left = first.marked(marks or marks_of(matched.of_first, False), each)
            right = second.marked(marks or marks_of(matched.of_second, True), each)
            return beside_scene([left.scene, right.scene], columns, found["title"])

        ways = ((2, whole), (2, Fit((whole.width - GAP) / 2, whole.height)), (1, Fit(whole.width, (whole.height - GAP - HEAD) / 2)))
        return Drawing(first_that_fits((partial(both, *way) for way in ways), whole), theme)

    return Explorer(found, still)


def document_of(watched: Watched, wishes: Wishes, title: str | None, subtitle: str | None, theme: str, words: Words) -> dict[str, Any]:
    """What the page of a watched graph is told, headed as its figure would be that folds nothing."""
    view = view_of(watched.graph, Fold(rule="none"), words=words, failure=failure_of(watched))
    known, line = headed(view, title, subtitle, words)
    return document(watched, wishes, known, line, words.lang, theme)


def known_as(view: View, title: str | None, words: Words) -> str:
    """A figure's title: the class of the model, if none is given."""
    return title if title is not None else view.kind or words("graph")


def headed(view: View, title: str | None, subtitle: str | None, words: Words, precision: int = 2) -> tuple[str, str]:
    """Title and subtitle."""
    return known_as(view, title, words), subtitle if subtitle is not None else subtitle_of(view, words, precision)


def still_of(
    watched: Watched, wishes: Wishes, title: str | None, subtitle: str | None, theme: str, words: Words, marks: Marks | None, fit: Fit
) -> Drawing:
    """The still figure of a watched graph, with what `marks` puts on its parts."""
    tree, failure = Tree(watched.graph), failure_of(watched)

    def views(cut: Fold) -> View:
        made = view_of(tree.graph, cut, False, words, tree, failure)
        if marks is not None:
            marks(made)
        return made

    known = known_as(views(Fold()), title, words)
    scene, view = fitted_figure(views, Fold(), Style(words, wishes.backward), known, subtitle, fit, None)
    return Drawing(scene, theme, dot=lambda: dot_source(view, Style(words, wishes.backward)), error=watched.error)
