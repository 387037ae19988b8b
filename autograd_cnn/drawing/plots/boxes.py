"""A picture with boxes: what was found where, and what is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..canvas import symbols
from ..canvas.captions import declare
from ..canvas.drawing import Drawing
from ..canvas.figures import figure
from ..canvas.metrics import text_width
from ..canvas.scene import Box, Group, Scene
from ..canvas.text import Words, shape
from ..canvas.theme import check_theme
from ..view.arrays import Array, array_of, image_png
from .curves import STYLES

declare(
    {
        "boxes": ("What is where", "Was ist wo"),
        "boxes sub": ("{} boxes", "{} Rahmen"),
        "boxes one": ("1 box", "1 Rahmen"),
        "boxes truth": ("{} really there, dashed", "{} wirklich vorhanden, gestrichelt"),
        "box corners": ("box from ({}, {}) to ({}, {})", "Rahmen von ({}, {}) bis ({}, {})"),
        "box there": ("there", "vorhanden"),
        "box found": ("found", "gefunden"),
    }
)

SIDE = 420.0
TAG = 15.0


@figure
def boxes(
    image: Any,
    boxes: Any,
    labels: Any = None,
    scores: Any = None,
    *,
    truth: Any = None,
    classes: Sequence[str] | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    theme: str = "auto",
    lang: str = "en",
    prefix: str = "",
) -> Drawing:
    """Draw a picture with boxes and what is in them.

    Args:
        image: (H, W), (1, H, W) or (3, H, W).
        boxes: (N, 4) of (x1, y1, x2, y2), in pixels.
        labels: (N,), the class of each.
        scores: (N,), how certain each is.
        truth: (M, 4), boxes that are really there, dashed.
        classes: names for the classes.

    Raises:
        ValueError: other shapes, corners in another order, labels without a name.

    Example:
        >>> from autograd_cnn import draw
        >>> from autograd_cnn.vision.datasets import StreetScenes
        >>> picture, target = StreetScenes()[0]
        >>> draw.boxes(picture, target["boxes"], target["labels"], classes=StreetScenes.classes)
        <Drawing 'What is where', 480×423>
    """
    words = Words(lang)
    known = words("boxes") if title is None else title
    return Drawing(boxes_scene(image, boxes, labels, scores, truth, classes, words, known, subtitle), check_theme(theme), prefix)


def _corners(boxes: Any, what: str) -> Array:
    a = array_of(boxes, "boxes").reshape(-1, 4) if np.size(boxes) in (0, 4) else array_of(boxes, "boxes")
    if a.ndim != 2 or a.shape[1] != 4:
        raise ValueError(f"draw.boxes: expected {what} of shape (N, 4), (x1, y1, x2, y2) each, got shape {a.shape}.")
    if not np.isfinite(a).all() or (a[:, 0] > a[:, 2]).any() or (a[:, 1] > a[:, 3]).any():
        raise ValueError(f"draw.boxes: expected {what} as finite corners with x1 <= x2 and y1 <= y2.")
    return a


def _tags(labels: Any, scores: Any, count: int, classes: Sequence[str] | None, words: Words) -> list[tuple[int, str]]:
    """(class, what is written at the box) for each box."""
    for name, given in (("label", labels), ("score", scores)):
        if given is not None and len(given) != count:
            raise ValueError(f"draw.boxes: expected a {name} for each of {count} boxes, got {len(given)}.")
    texts, kinds = [""] * count, [0] * count
    if labels is not None:
        kinds = [int(v) for v in array_of(labels, "boxes")]
        if classes is not None and any(not 0 <= k < len(classes) for k in kinds):
            raise ValueError(
                f"draw.boxes: expected labels from 0 to {len(classes) - 1}, for which there are names, got {sorted(set(kinds))}."
            )
        texts = [str(classes[k]) if classes is not None else str(k) for k in kinds]
    if scores is not None:
        texts = [f"{t} {words.decimals(float(v), 2)}".strip() for t, v in zip(texts, array_of(scores, "boxes"), strict=True)]
    return list(zip(kinds, texts, strict=True))


def boxes_scene(
    image: Any,
    boxes: Any,
    labels: Any,
    scores: Any,
    truth: Any,
    classes: Sequence[str] | None,
    words: Words,
    title: str,
    subtitle: str | None,
) -> Scene:
    """The picture; boxes as lines with a light rim, their names on tags that keep clear of one another."""
    picture = array_of(image, "boxes")
    data = image_png(picture, "boxes")
    height, width = picture.shape[-2:]
    found, there = _corners(boxes, "boxes"), _corners([] if truth is None else truth, "truth")
    tags = _tags(labels, scores, len(found), classes, words)
    scene = Scene(title=title, name="boxes", lang=words.lang)
    line = words("boxes one") if len(found) == 1 else words("boxes sub", words.count(len(found)))
    if truth is not None:
        line += "; " + words("boxes truth", words.count(len(there)))
    wide = symbols.heading(scene, title, line if subtitle is None else subtitle)
    unit = SIDE / max(height, width)
    left, top = symbols.MARGIN, symbols.HEADING
    frame = (left, top, width * unit, height * unit)
    scene.image(*frame, data)
    scene.rect(*frame, stroke="hair")
    for corners in there:
        group = scene.group(None, "truth", f"{words('box there')}: {words('box corners', *map(words.digits, corners.tolist()))}")
        _outline(group, _placed(corners, frame, unit), "ink", "5 4")
    taken: list[Box] = []
    for corners, (kind, text) in zip(found, tags, strict=True):
        told = f"{text or words('box found')}: {words('box corners', *map(words.digits, corners.tolist()))}"
        group = scene.group(None, "box", told)
        box = _placed(corners, frame, unit)
        _outline(group, box, STYLES[kind % len(STYLES)][0], None)
        if text:
            _tag(group, box, text, frame, taken)
    scene.width = max(frame[2], wide) + 2 * symbols.MARGIN
    scene.height = top + frame[3] + symbols.MARGIN
    scene.desc = f"{title}: {line}. " + "; ".join([f"{words('image')} {shape(picture.shape)}", *(t for _, t in tags if t)]) + "."
    return scene


def _placed(corners: Array, frame: Box, unit: float) -> Box:
    """A box on the paper, what lies outside the picture cut off."""
    x, y, w, h = frame
    x1, x2 = (min(max(float(v) * unit, 0.0), w) for v in corners[[0, 2]])
    y1, y2 = (min(max(float(v) * unit, 0.0), h) for v in corners[[1, 3]])
    return x + x1, y + y1, x2 - x1, y2 - y1


def _outline(group: Group, box: Box, ink: str, dash: str | None) -> None:
    group.rect(*box, stroke="paper", line=4.0)
    group.rect(*box, stroke=ink, line=2.0, dash=dash)


def _tag(group: Group, box: Box, text: str, frame: Box, taken: list[Box]) -> None:
    """The name at the first place that is free: above, below, inside at the top, inside at the bottom; else further down."""
    x, y, _, h = box
    wide = text_width(text, 10.5) + 8
    at = min(max(x, frame[0]), frame[0] + frame[2] - wide)
    heights = [y - TAG, y + h, y, y + h - TAG, *(y + k * TAG for k in range(1, 40))]
    inside = [v for v in heights if frame[1] <= v <= frame[1] + frame[3] - TAG]
    free = [v for v in inside if all(v + TAG <= b or v >= b + d or at + wide <= a or at >= a + c for a, b, c, d in taken)]
    spot = (free or inside or [frame[1]])[0]
    taken.append((at, spot, wide, TAG))
    group.rect(at, spot, wide, TAG, 2.0, fill="badge")
    group.text(at + 4, spot + 11, text, 10.5, ink="inverse")
