"""A graph to open and close in a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..canvas.figures import figure
from ..canvas.text import Words
from ..canvas.theme import check_theme
from ..layout.fit import Fit
from ..view.arguments import watched_of
from .document import Wishes
from .explorer import Explorer
from .making import comparison_of, explorer_of
from .parts import Part


@figure
def explore(
    target: Any,
    *inputs: Any,
    kwargs: Mapping[str, Any] | None = None,
    backward: bool = False,
    open: int | Callable[[Part], Any] | None = None,
    label: Callable[[Part], Any] | None = None,
    color_by: str | Callable[[Part], Any] | None = None,
    time: bool = False,
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str = "en",
    names: Mapping[str, Any] | None = None,
) -> Explorer:
    """A page in which a model is opened module by module, searched, and asked what each part takes, gives, keeps and costs.

    The page is one file that works from the disk and needs no network. A model whose forward pass fails is shown as far as it came,
    with what was expected and what came; the exception is `.error`.

    Args:
        target: a model or function, a recorded value, or a `Graph`.
        inputs: what the model or function is called with. A model also takes shapes, or none, as in `draw`.
        kwargs: what it is called with by name.
        backward: the gradients too. What is called must then give a single number.
        open: what stands open at first: so many levels, or a function of a part that says so. By default as much as stays readable.
        label: a function of a part that gives what it is called, or None for its own name.
        color_by: what is coloured at first: "time", "multiply-adds", "bytes" (kept for backward), "weights' gradient" (‖∂‖ / ‖w‖),
            "dead" (channels that are zero for every sample), or a function of a part that gives a number, a word, or None.
        time: measure how long each operation takes, in this one run; then two pages of one model differ.
        title, subtitle: instead of the model's class, and of the counts of operations and parameters.
        theme: "auto", "light", "dark" or "print".
        lang: "en" or "de".
        names: names for values of the graph, `{"x": x}`.

    Returns:
        An `Explorer`: shown in a notebook, saved as `.html`, or as `.json`, the document that the page is told. A part has `path`,
        `name`, `kind`, `role` ("module", "deck", "call" or "op"), `depth`, `operations`, `parameters`, `shape`, `multiply_adds`, `kept_bytes`,
        `gradient`, `weight_gradient` and `module`.

    Raises:
        GraphError: gradients asked of what gives no single recorded number.
        TypeError: something that cannot be drawn.
        ValueError: an unknown theme, language or mode of colour.

    Example:
        >>> from autograd_cnn import draw, nn
        >>> draw.explore(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)), (1, 4))
        <Explorer 'Sequential', 5 nodes>
    """
    words, theme = Words(lang), check_theme(theme)
    wishes = Wishes(open, label, color_by, time or color_by == "time", backward=backward)
    return explorer_of(watched_of(target, inputs, kwargs, backward, names), wishes, title, subtitle, theme, words)


@figure
def compare(
    first: Any,
    second: Any,
    *inputs: Any,
    kwargs: Mapping[str, Any] | None = None,
    backward: bool = False,
    fit: str | tuple[float, float] = "slide",
    title: str | None = None,
    theme: str = "auto",
    lang: str = "en",
) -> Explorer:
    """Two models in one page, or one at two moments of training: what was added, removed and changed, and how many times the gradients
    and weights of the second are those of the first.

    A model changes while it is trained, so what it was is explored before: `before = draw.explore(model, x)`, then training, then
    `draw.compare(before, draw.explore(model, x))`.

    Args:
        first, second: models or functions, recorded values, graphs, or what `draw.explore` gave.
        inputs: what models and functions are called with, both with the same.
        kwargs, backward, theme, lang: as for `explore`.
        fit: where the still figure, which shows both, is to be read: "slide" (1280×720), "page" (A4) or (width, height) in pixels.
            They stand beside each other or one below the other, folded further until their text can be read there.
        title: instead of both titles.

    Returns:
        An `Explorer`; its `document["compared"]` counts what was added, removed and changed, and each node has its `change`.

    Raises:
        TypeError: inputs for what was explored already; what cannot be drawn.

    Example:
        >>> from autograd_cnn import draw, nn
        >>> one = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))
        >>> other = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
        >>> draw.compare(one, other, (1, 4)).document["compared"]
        {'added': 1, 'removed': 0, 'changed': 0}
    """
    words, theme, size = Words(lang), check_theme(theme), Fit.of(fit)
    if isinstance(first, Explorer) and isinstance(second, Explorer) and (inputs or kwargs):
        raise TypeError("draw.compare: both are explored already; expected no inputs. Explore the models anew, on these.")
    both = [
        x if isinstance(x, Explorer) else explore(x, *inputs, kwargs=kwargs, backward=backward, theme=theme, lang=lang)
        for x in (first, second)
    ]
    return comparison_of(both[0], both[1], title, theme, words, size)
