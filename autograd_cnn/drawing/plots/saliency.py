"""What a score depends on: its gradient by each pixel.

Source: Simonyan, Vedaldi, Zisserman, "Deep inside convolutional networks: visualising image classification models and
saliency maps", 2014.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine.backward import pullback
from ...errors import GraphError
from ...support.evaluation import evaluating
from ..canvas import png, symbols, theme
from ..canvas.captions import declare
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.metrics import text_width
from ..canvas.scene import Run, Scene
from ..canvas.text import Words, shape
from ..canvas.theme import check_theme
from ..view.arguments import variable_of
from ..view.arrays import Array, array_of, finite_range, image_png, ramp_bar
from ..view.observing import observing

declare(
    {
        "saliency": ("What the score depends on", "Wovon die Bewertung abhängt"),
        "saliency sub": (
            "gradient of the score of {} by each pixel; the largest of the channels, without its sign",
            "Gradient der Bewertung von {} nach jedem Pixel; der größte der Kanäle, ohne Vorzeichen",
        ),
        "saliency map": ("gradient", "Gradient"),
        "largest at": ("largest {} at ({}, {})", "am größten {} bei ({}, {})"),
        "overlay": ("on the picture", "auf dem Bild"),
    }
)

SIDE = 190.0


@figure
def saliency(
    model: Any,
    image: Any,
    target: int | None = None,
    *,
    classes: Sequence[str] | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str = "en",
    prefix: str = "",
) -> Drawing:
    """Draw what a score depends on: the size of its gradient by each pixel, beside the picture and on it.

    Args:
        model: gives scores (1, classes) for a picture; it is run in evaluation, and its parameters' gradients are left
            alone.
        image: (H, W), (C, H, W) or (1, C, H, W).
        target: the class; by default the one with the highest score.
        classes: names for the classes.

    Raises:
        ValueError: another shape, or a class that does not exist.
        GraphError: the model cuts the graph to the picture.

    Example:
        >>> import numpy as np
        >>> from autograd_cnn import draw, nn
        >>> net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))
        >>> draw.saliency(net, np.eye(8), 2)
        <Drawing 'What the score depends on', 682×354>
    """
    words, theme = Words(lang), check_theme(theme)
    picture, gradient, found, score = gradient_of(model, image, target)
    known = words("saliency") if title is None else title
    return Drawing(saliency_scene(picture, gradient, class_name(found, classes, words), score, words, known, subtitle), theme, prefix)


def batch_of(image: Any, model: Any, what: str) -> Any:
    """A picture (H, W), (C, H, W) or (1, C, H, W), or a signal or vector with its batch dim, as a batch of one."""
    a = array_of(image, what)
    if a.ndim in (2, 3) and not (a.ndim == 2 and a.shape[0] == 1):
        a = a[None, None] if a.ndim == 2 else a[None]
    elif a.ndim == 1:
        a = a[None]
    if a.ndim not in (2, 4) or a.shape[0] != 1 or not a.size:
        raise ValueError(
            f"draw.{what}: expected one picture, (H, W), (C, H, W) or (1, C, H, W), got shape {a.shape}. Pass one of the batch: x[0]."
        )
    return variable_of(a, model, what)


def gradient_of(model: Any, image: Any, target: int | None) -> tuple[Array, Array, int, float]:
    """(picture, gradient of the score by it, class, score). The gradients of the model's parameters are left alone."""
    if not callable(model):
        raise TypeError(f"draw.saliency: expected a model and a picture, got {type(model).__name__}.")
    x = batch_of(image, model, "saliency").detach().clone().requires_grad_(True)
    if len(x.shape) != 4:
        raise ValueError(f"draw.saliency: expected a picture, (H, W), (C, H, W) or (1, C, H, W), got shape {tuple(x.shape)}.")
    with evaluating(model), observing(model):
        y = model(x)
    if not hasattr(y, "shape") or len(y.shape) < 2:
        raise ValueError("draw.saliency: expected a model that gives scores of shape (1, classes).")
    scores = np.asarray(y.detach(), np.float64)[0].reshape(int(y.shape[1]), -1).sum(axis=1)
    known = int(np.argmax(scores)) if target is None else target
    if isinstance(known, bool) or not isinstance(known, (int, np.integer)) or not 0 <= known < len(scores):
        raise ValueError(f"draw.saliency: expected target to be a class from 0 to {len(scores) - 1}, got {target!r}.")
    score = y[(0, int(known))].sum()
    if score.node is None:
        raise GraphError("draw.saliency: the score has no graph to the picture. Is the model run under no_grad, or does it detach?")
    found = pullback(
        [score.node], [np.ones_like(np.asarray(score.value))], type(score), inputs=[x.node], accumulate=False, retain_graph=False
    )
    g = found[0] if found and found[0] is not None else np.zeros(x.shape)
    return np.asarray(x.detach(), np.float64)[0], np.asarray(g, np.float64)[0], int(known), float(scores[known])


def saliency_scene(picture: Array, gradient: Array, name: str, score: float, words: Words, title: str, subtitle: str | None) -> Scene:
    """The picture, the size of the gradient, and both together."""
    scene = Scene(title=title, name="saliency", lang=words.lang)
    line = words("saliency sub", name) + f"; {words('score', words.figure(score))}"
    wide = symbols.heading(scene, title, line if subtitle is None else subtitle)
    size = np.abs(gradient).max(axis=0)
    h, w = size.shape
    unit = SIDE / max(h, w)
    high = finite_range(size)[1]
    top, x = symbols.HEADING + 26, symbols.MARGIN
    drawable = picture if picture.shape[0] in (1, 3) else picture.mean(axis=0)[None]
    panels = [
        ("image", words("image"), shape(picture.shape), image_png(drawable, "saliency")),
        ("gradient", words("saliency map"), shape(size.shape), png.paint(size, 0.0, high, theme.SEQUENTIAL)),
        ("overlay", words("overlay"), "", _overlay(drawable, size, high)),
    ]
    for key, head, sizes, data in panels:
        g = scene.group(key, "picture", f"{head} {sizes}".strip())
        g.text(x, top - 10, [Run(head, "bold"), Run(f"   {sizes}", "sans", "forward")], 12.5)
        g.image(x, top, w * unit, h * unit, data)
        g.rect(x, top, w * unit, h * unit, stroke="hair")
        if key == "gradient":
            ramp_bar(g, x, top + h * unit + 12, min(150.0, w * unit), 0.0, high, theme.SEQUENTIAL, words)
        x += max(w * unit, text_width(f"{head}   {sizes}", 13, "bold")) + 26
    scene.width = max(x - 26, symbols.MARGIN + wide) + symbols.MARGIN
    scene.height = top + h * unit + 36 + symbols.MARGIN - 6
    row, column = np.unravel_index(int(np.argmax(size)), size.shape)
    scene.desc = f"{title}: {line}. {shape(picture.shape)}; {words('largest at', words.figure(high), int(row), int(column))}."
    return scene


def _overlay(picture: Array, size: Array, high: float) -> bytes:
    """The picture in pale grey, tinted vermilion where the gradient is large."""
    low, top = finite_range(picture)
    grey = np.nan_to_num(picture).mean(axis=0)
    grey = (grey - low) / (top - low) if top > low else np.zeros_like(grey)
    if picture.shape[0] == 1:
        grey = 1 - grey  # ink on paper, as the picture itself
    pale = 150 + 105 * np.clip(grey, 0, 1)
    share = np.clip(np.nan_to_num(size) / high if high > 0 else np.zeros_like(size), 0, 1)[..., None] ** 0.7
    tint = np.array([180.0, 65.0, 11.0])
    return png.write_png(np.rint(pale[..., None] * (1 - share) + tint * share).astype(np.uint8))


def class_name(k: int, classes: Sequence[str] | None, words: Words) -> str:
    """What a class is called."""
    return str(classes[k]) if classes is not None and k < len(classes) else words("class", k)
