"""The passes step by step, of a circuit or of a graph over tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import GraphError
from ..canvas.figures import figure
from ..canvas.frames import Frames
from ..canvas.text import Words
from ..canvas.theme import check_theme
from ..scalar_graph.steps import circuit_steps
from ..tensor_graph.steps import tensor_steps
from ..view.arguments import check_number, graph_of, named
from ..view.builder import view_of
from ..view.folding import Fold
from ..view.naming import subtitle_of
from ..view.style import Style


@figure
def steps(
    target: Any,
    *inputs: Any,
    backward: bool = True,
    depth: int | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str = "en",
    precision: int = 2,
    prefix: str = "",
    names: Mapping[str, Any] | None = None,
) -> Frames:
    """Draw the forward and the backward pass, a frame for each operation.

    The layout is that of `draw`, computed once on the full graph; a frame hides what comes later. First the inputs
    alone, then each operation in execution order; then the gradient 1 of the output, and each rule in the order in
    which the engine runs them, newest operation first. Below each frame stands the arithmetic of its step.

    Args:
        target, inputs, depth, title, subtitle, theme, lang, precision, prefix, names: as for `draw`.
        backward: False leaves the backward pass out (then a model with its inputs can be stepped, too).

    Returns:
        `Frames`: a sequence of drawings that shows itself in a notebook and saves itself as numbered files, as one
        SVG stepped by links, as an animation, or as a page with controls.

    Raises:
        GraphError, TypeError, ValueError: as `draw`; ValueError for a graph that would make too many frames.

    Example:
        >>> from autograd_cnn import Scalar, draw
        >>> x, w = Scalar(2.0, "x"), Scalar(-3.0, "w")
        >>> frames = draw.steps((x * w).tanh())
        >>> len(frames), frames.captions[-1]
        (6, 'Backward step 2 of 2: ∂f/∂x = 2.5e−5 × (−3.00) = −7.4e−5; ∂f/∂w = 2.5e−5 × 2.00 = 4.9e−5')
    """
    words, theme = Words(lang), check_theme(theme)
    check_number("depth", depth)
    check_number("precision", precision)
    graph = named(graph_of(target, inputs, backward, dict(names or {})), names or {})
    if backward and any(graph.values[i].grad is None for i in graph.outputs):
        raise GraphError(
            "draw.steps: the gradients inside this graph are not known: a backward pass has freed what they need. Step "
            "through it before backward(), or call backward(retain_graph=True); or leave them out: backward=False."
        )
    circuit = all(v.shape is None for v in graph.values)
    view = view_of(graph, Fold(None if circuit else depth, "none"), circuit, words)
    style = Style(words, backward, precision)
    known = title if title is not None else view.root.kind if view.root else words("steps")
    line = subtitle if subtitle is not None else subtitle_of(view, words, precision)
    if circuit:
        return circuit_steps(view, style, known, line, theme, prefix, formula=title is None)
    return tensor_steps(view, style, known, line, theme, prefix)
