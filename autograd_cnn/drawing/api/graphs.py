"""`draw(value)`: the computational graph."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...errors import GraphError, nearest
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.scene import Scene
from ..canvas.text import Words
from ..canvas.theme import check_theme
from ..explore.document import Wishes
from ..explore.making import document_of, known_as
from ..explore.marking import mark, opened
from ..explore.page import page as page_of
from ..explore.parts import Part
from ..layout.fit import Fit
from ..scalar_graph.fitting import fitted_circuit
from ..tensor_graph.dot import dot_source
from ..tensor_graph.fitting import fitted_figure, fitted_twice
from ..view.arguments import check_number, graph_of, is_called, named, watched_of
from ..view.blocks import Block
from ..view.builder import view_of
from ..view.failure import failure_of
from ..view.folding import Fold, Tree
from ..view.style import Style
from ..view.view import View
from ..view.watching import Watched, recorded

MANY_NODES = 3000  # a picture with more is drawn, with a warning


class GraphFigures:
    """The computational graph itself, which `draw` draws when it is called."""

    def __call__(
        self,
        target: Any,
        *inputs: Any,
        kwargs: Mapping[str, Any] | None = None,
        backward: bool | str = False,
        depth: int | None = None,
        fold: str | Callable[[Block], bool] = "auto",
        focus: str | None = None,
        open: int | Callable[[Block], Any] | None = None,
        label: Callable[[Part], Any] | None = None,
        color_by: str | Callable[[Part], Any] | None = None,
        norms: str = "outputs",
        fit: str | tuple[float, float] = "slide",
        direction: str | None = None,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        precision: int = 2,
        prefix: str = "",
        names: Mapping[str, Any] | None = None,
    ) -> Drawing:
        """Draw a computational graph.

        A graph over plain numbers (`Scalar`) becomes a circuit from left to right: values above the wires, gradients
        below, local derivatives on the edges. A graph over tensors runs from top to bottom: operations as cards with
        the shape they give and what they keep for the backward pass, parameters beside them, modules as panels.

        Args:
            target: a recorded value (or several in a list), a `Graph`, or a model or function, which is then traced on
                `inputs`.
            inputs: what the model or function is called with, as it takes it: tensors, dicts and lists of them. They bear the names that it
                gives them. Whatever it changes when it runs (statistics, random numbers, gradients) is then as before. A model also
                takes shapes, as `draw(net, (1, 3, 32, 32))`, or none, if its first weight tells what fits; it is then drawn in evaluation.
            kwargs: what it is called with by name, `{"mask": mask}`.
            backward: show the gradients too (of several losses, `draw([loss_d, loss_g], backward=True)`, each in an ink and dash of its
                own), their norm as the width of a second lane beside every edge. "graph" draws the
                backward pass as the graph it is, beside the forward pass and aligned with it, node for node.
            depth: fold every module call that many levels below the outermost one into one node (0: the whole model).
            fold: "auto" folds what is larger than 60 nodes: repeated neighbours become one card (a deck, `×36`, with the
                gradient norm of each copy as a bar), then module calls, until the largest picture that fits is found.
                "none" folds nothing (with `depth`, no repeats), not even the operations that a call of the library is made of, a
                layer norm, say, which are one card otherwise. Or a function of a module call, which has `path`, `name`,
                `kind`, `depth` and `operations`, that says which calls are closed.
            focus: the path of a module, "layer3.7", that is opened while what stands around it is folded.
            open: instead of `depth` and `fold`: so many levels are open, or the module calls of which a function says so.
            label: a function of a part that gives what it is called, or None for its own name.
            color_by: a bar and a number on each card: "multiply-adds", "bytes" (kept for backward), "weights' gradient" (‖∂‖ / ‖w‖), or a
                function of a part that gives a number, a word, or None. (A part is what `draw.explore` says.)
            norms: what the norms on folded modules and the bars of a deck are of: "outputs", ∂E/∂output of each, as on the lanes, or
                "parameters", ∂E/∂parameters. (After a backward pass only the latter are known.)
            fit: where the picture is to be read: "slide" (1280×720), "page" (A4, 794×1123) or (width, height) in pixels. What is
                too large to be read there is folded further, broken into columns, laid out to the right, or, an encoder with its
                decoder, as a U, until its smallest text is 9 pixels high when it is scaled to fit.
            direction: "down" or "right", the way the graph runs; by default whichever fits.
            title, subtitle: instead of the model's class, and of the counts of operations and parameters. (A circuit
                without a title is headed by the formula it computes.)
            theme: "auto" (light, and dark where the reader's screen is), "light", "dark" or "print".
            lang: "en" or "de", the language of the captions.
            precision: decimals of the numbers.
            prefix: goes before every id, for several figures in one page.
            names: names for values of the graph, `{"x": x}`; others are left aside.

        Returns:
            A `Drawing`. Of a model or function that fails it shows how far the forward pass came, and on a red card what was expected and
            what came; the exception is its `.error` (and has it as `.drawing`).

        Raises:
            GraphError: a value that was not recorded; or gradients asked of a graph that has none.
            TypeError: something that cannot be drawn.
            ValueError: an unknown theme or language, a negative depth or precision.

        Example:
            >>> from autograd_cnn import Scalar, draw
            >>> x = Scalar(2.0, "x")
            >>> draw(x * x + 1.0, backward=True)
            <Drawing 'Computational graph', 644×248>
        """
        words, theme = Words(lang), check_theme(theme)
        check_number("depth", depth)
        check_number("precision", precision)
        twice = _wants_graph(backward)
        size = Fit.of(fit)
        if direction not in (None, "down", "right"):
            raise ValueError(
                f"draw: expected direction to be 'down' or 'right', got {direction!r}.{nearest(str(direction), ('down', 'right'))}"
            )
        how = opened(depth, fold, focus, open)
        watched = _watched(target, inputs, kwargs, bool(backward), names, live=not twice)
        failure = failure_of(watched)
        twice, backward = twice and failure is None, bool(backward) and failure is None
        circuit = not twice and is_circuit(watched)
        tree = Tree(watched.graph)

        def views(cut: Fold, circuit: bool = False) -> View:
            made = view_of(tree.graph, cut, circuit, words, tree, failure)
            mark(made, watched, label, color_by)
            return made

        view = views(Fold(rule="none"), circuit=True) if circuit else views(how)
        _warn_if_large(view)
        style = Style(words, backward and not twice, precision, norms=check_norms(norms))
        known = known_as(view, title, words)
        scene: Scene | None = None
        if twice:
            scene, view = fitted_twice(views, how, style, known, subtitle, size)
        elif circuit:
            folds = fold == "auto" and depth is None and open is None
            scene, view = fitted_circuit(views, view, style, known, subtitle, title is None, size if folds else None)
            circuit = scene is not None
        if scene is None:
            scene, view = fitted_figure(views, how, style, known, subtitle, size, direction)
        wishes = Wishes(open, label, color_by, backward=backward)

        def page() -> str:
            found = watched if watched.scopes or watched.error is not None else recorded(watched.graph)
            return page_of(document_of(found, wishes, title, subtitle, theme, words))

        made = Drawing(
            scene,
            theme,
            prefix,
            lambda: dot_source(view, Style(words, backward, precision)),
            None if twice or circuit else page,
            watched.error,
        )
        if watched.error is not None:
            watched.error.drawing = made  # type: ignore[attr-defined]  # whoever raises it hands over what it means
        return made


@figure
def dot(
    target: Any,
    *inputs: Any,
    backward: bool = False,
    depth: int | None = None,
    fold: str | Callable[[Block], bool] = "auto",
    focus: str | None = None,
    lang: str = "en",
    precision: int = 2,
    names: Mapping[str, Any] | None = None,
) -> str:
    """The DOT source of a computational graph, for Graphviz: see `draw` for the arguments."""
    words = Words(lang)
    check_number("depth", depth)
    watched = _watched(target, inputs, None, backward, names)
    circuit = is_circuit(watched)
    cut = Fold(rule="none") if circuit else Fold(depth, fold, focus)
    view = view_of(watched.graph, cut, circuit, words, failure=failure_of(watched))
    return dot_source(view, Style(words, bool(backward), precision))


def is_circuit(watched: Watched) -> bool:
    """Is this a graph over plain numbers, and whole?"""
    values = watched.graph.values
    return watched.error is None and bool(values) and all(v.shape is None for v in values)


def check_norms(norms: str) -> str:
    """What norms are of, or an error that says what they may be of."""
    if norms not in ("outputs", "parameters"):
        raise ValueError(f"draw: expected norms to be 'outputs' or 'parameters', got {norms!r}.")
    return norms


def _warn_if_large(view: View) -> None:
    if len(view.units) > MANY_NODES:
        warnings.warn(
            f"draw: {len(view.units):,} nodes make a picture that nobody can read. Fold it: leave fold='auto', or give a depth "
            "(depth=2) or a module to look at (focus='layer3.7').",
            stacklevel=3,
        )


def _wants_graph(backward: bool | str) -> bool:
    if isinstance(backward, str) and backward != "graph":
        raise ValueError(f"draw: expected backward to be True, False or 'graph', got {backward!r}.")
    return backward == "graph"


def _watched(
    target: Any, inputs: Sequence[Any], kwargs: Mapping[str, Any] | None, backward: bool, names: Mapping[str, Any] | None, live: bool = True
) -> Watched:
    """The graph that is meant; of a model or function that fails, as far as it came."""
    if is_called(target) and not backward:
        return watched_of(target, inputs, kwargs, False, names, numbers=False)
    try:
        return Watched(named(graph_of(target, inputs, backward, dict(names or {}), live, kwargs), names or {}))
    except Exception:
        failed = _failed(target, inputs, kwargs, names)
        if failed is None:
            raise
        return failed


def _failed(target: Any, inputs: Sequence[Any], kwargs: Mapping[str, Any] | None, names: Mapping[str, Any] | None) -> Watched | None:
    """A model or function as far as it comes; None of what does not fail by itself."""
    if not is_called(target):
        return None
    try:
        found = watched_of(target, inputs, kwargs, False, names, numbers=False)
    except (GraphError, TypeError):
        return None
    return found if found.error is not None else None
