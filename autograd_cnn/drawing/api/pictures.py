"""Figures of pictures, and of what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..canvas.drawing import Drawing
from ..canvas.text import Words
from ..canvas.theme import check_theme
from ..plots.boxes import boxes_scene
from ..plots.pictures import pictures_scene
from ..plots.scatter import scatter_scene
from ..plots.segmentation import segmentation_scene


class PictureFigures:
    """Pictures, boxes on them, maps of classes, points of classes."""

    def pictures(
        self,
        images: Any,
        captions: Sequence[str] | None = None,
        *,
        columns: int | None = None,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        prefix: str = "",
    ) -> Drawing:
        """Draw pictures in rows, all over one range of values.

        Args:
            images: (N, H, W) or (N, C, H, W) of 1 or 3 channels; or a mapping of names to such, a row each.
            captions: a text for each picture of a row.
            columns: so many in a line; by default all of them, of a single row at most ten.

        Raises:
            ValueError: another shape, or not as many captions as pictures.

        Example:
            >>> import numpy as np
            >>> from autograd_cnn import draw
            >>> draw.pictures({"input": np.ones((4, 8, 8)), "output": np.zeros((4, 8, 8))})
            <Drawing 'Pictures', 655×376>
        """
        words = Words(lang)
        known = words("pictures") if title is None else title
        return Drawing(pictures_scene(images, captions, columns, words, known, subtitle), check_theme(theme), prefix)

    def boxes(
        self,
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

    def segmentation(
        self,
        image: Any,
        maps: Any,
        *,
        classes: Sequence[str] | None = None,
        columns: int | None = None,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        prefix: str = "",
    ) -> Drawing:
        """Draw what is seen at each pixel: a colour and a number for each class, beside the picture.

        Args:
            image: (H, W), (1, H, W) or (3, H, W); None leaves it out.
            maps: classes (H, W), or scores (C, H, W) of which the highest counts; or a mapping of names to such.
            classes: names for the classes.
            columns: so many pictures and maps in a line; by default all.

        Raises:
            ValueError: other shapes, no whole numbers, more than 12 classes.

        Example:
            >>> from autograd_cnn import draw
            >>> draw.segmentation(None, [[0, 0, 1], [2, 2, 1]], classes=["sky", "house", "road"])
            <Drawing 'A class for each pixel', 365×325>
        """
        words = Words(lang)
        known = words("segmentation") if title is None else title
        return Drawing(segmentation_scene(image, maps, classes, columns, words, known, subtitle), check_theme(theme), prefix)

    def scatter(
        self,
        points: Any,
        labels: Any,
        *,
        classes: Sequence[str] | None = None,
        names: tuple[str, str] = ("x", "y"),
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        prefix: str = "",
    ) -> Drawing:
        """Draw points in the plane, each written as its class: a code of two numbers, say.

        Args:
            points: (N, 2).
            labels: (N,), the class of each.
            classes: short names for the classes, which are the marks; their numbers otherwise.
            names: of the two axes.

        Raises:
            ValueError: other shapes, no whole numbers, more than 3,000 points.

        Example:
            >>> from autograd_cnn import draw
            >>> draw.scatter([(0, 0), (1, 2), (2, 1)], [0, 1, 1])
            <Drawing 'Points of each class', 513×586>
        """
        words = Words(lang)
        known = words("scatter") if title is None else title
        return Drawing(scatter_scene(points, labels, classes, names, words, known, subtitle), check_theme(theme), prefix)
