"""One operation, entry by entry."""

from __future__ import annotations

from typing import Any

from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.text import Words
from ..canvas.theme import check_theme
from ..entries.arguments import choose
from ..entries.figure import EntryFigure
from ..entries.selection import view_entries
from ..view.arguments import check_number


@figure
def expand(
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
