"""One operation or one step at a time: frames of the passes, and operations entry by entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import GraphError
from ..canvas.drawing import Drawing
from ..canvas.frames import Frames
from ..canvas.text import Words
from ..canvas.theme import check_theme
from ..entries.arguments import choose
from ..entries.figure import EntryFigure
from ..entries.formula import Formula, formula_for
from ..entries.selection import view_entries
from ..scalar_graph.steps import circuit_steps
from ..tensor_graph.figure import subtitle_of
from ..tensor_graph.steps import tensor_steps
from ..view.arguments import check_number, graph_of, named
from ..view.builder import view_of
from ..view.folding import Fold
from ..view.style import Style


class EntryFigures:
    """The passes step by step, and what an operation does to each entry."""

    def steps(
        self,
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

    def expand(
        self,
        target: Any,
        wrt: str | None = None,
        *,
        op: str | None = None,
        loss: Any = None,
        numbers: bool | None = None,
        near: bool = False,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        precision: int = 2,
        prefix: str = "",
    ) -> Drawing:
        """Draw one operation entry by entry: what each entry is multiplied with, where its gradient comes from, and the sum.

        Works for every operation with a rule, your own included: what the entries have to do with each other is found by
        asking the rule. Convolutions, products and pooling show shared weights as inks and dash patterns; batch
        normalisation, softmax and cross-entropy show the stages on the way; dropout shows its inference side by side.

        Args:
            target: the value that an operation computed, or its node (`y.grad_fn`). Changes of shape alone are looked
                through.
            wrt: the entry in question: of a weight ("F11") or an input ("X22") the sum is its gradient, of the output
                ("O11") what it is made of. By itself the first weight, or the first input entry that a gradient reaches.
                Indices count from 1 and leave out dims of size 1.
            op: the name of an operation further back ("conv2d"): the nearest one is taken.
            loss: E. Its gradient at the output is found by a walk that frees and accumulates nothing. (Without it the
                gradient that `retain_grad()` kept is used, if there is one.)
            numbers: True asks for numbers and says what is missing; False leaves them out; None shows what is known.
            near: only the entries that `wrt` meets, for operations that are too large for one picture.
            title, subtitle, theme, lang, precision, prefix: as for `draw`.

        Raises:
            GraphError: a value that was not recorded; a graph that was freed; numbers that are not there.
            ValueError: an entry or operation that does not exist; more than 80 entries in the picture.
            TypeError: no recorded value.

        Example:
            >>> import autograd_cnn as ac
            >>> x, w = ac.ones(1, 1, 3, 3, requires_grad=True), ac.ones(1, 1, 2, 2, requires_grad=True)
            >>> ac.draw.expand(ac.nn.functional.conv2d(x, w), "F11")
            <Drawing 'conv2d, entry by entry', 1128×687>
        """
        words, theme = Words(lang), check_theme(theme)
        check_number("precision", precision)
        choice = choose("draw.expand", target, wrt, op, loss, numbers, near)
        return Drawing(EntryFigure(view_entries(choice), words, precision, title, subtitle).scene(), theme, prefix)

    def formula(
        self,
        target: Any,
        wrt: str | None = None,
        *,
        op: str | None = None,
        loss: Any = None,
        numbers: bool = False,
        precision: int = 2,
    ) -> Formula:
        """The sum that `expand` draws, as LaTeX and as plain text, for an operation of any size.

        Args:
            target, wrt, op, loss, precision: as for `expand`.
            numbers: add a line with the numbers.

        Returns:
            `Formula`: `.latex`, `.text`; a notebook shows it typeset.

        Raises:
            As `expand`; GraphError where `numbers=True` and they are not known.

        Example:
            >>> import autograd_cnn as ac
            >>> x, w = ac.ones(1, 1, 3, 3, requires_grad=True), ac.ones(1, 1, 2, 2, requires_grad=True)
            >>> y = ac.nn.functional.conv2d(x, w)
            >>> print(ac.draw.formula(y, "F11", loss=y.sum(), numbers=True))
            ∂E/∂F11 = ∂E/∂O11·X11 + ∂E/∂O12·X12 + ∂E/∂O21·X21 + ∂E/∂O22·X22
                    = 1.00 × 1.00 + 1.00 × 1.00 + 1.00 × 1.00 + 1.00 × 1.00 = 4.00
        """
        check_number("precision", precision)
        choice = choose("draw.formula", target, wrt, op, loss, numbers or None, near=False, picture=False)
        return formula_for(choice, numbers, precision)
