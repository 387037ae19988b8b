"""Pictures of learned kernels, activations and training curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..activations import activations_figure
from ..curves import curves_figure
from ..drawing import Drawing
from ..filters import filters_figure
from ..targets import check_number
from ..words import Words


class PlotFigures:
    """What a network learned and how: kernels, activations, curves."""

    def filters(
        self,
        weights: Any,
        *,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        prefix: str = "",
    ) -> Drawing:
        """Draw learned kernels as little pictures: vermilion below zero, white at zero, blue above, the range beside
        them.

        Args:
            weights: a weight of shape (O, I, KH, KW), (O, I, K) or (O, I), or a layer that has one; or several as a
                mapping or as pairs (name, weight). At most 64 × 64 kernels of a layer are shown (and the figure says
                so).

        Raises:
            ValueError: a weight of another shape.
            TypeError: not an array of numbers.

        Example:
            >>> import numpy as np
            >>> from autograd_cnn import draw
            >>> draw.filters({"conv1": np.ones((6, 1, 5, 5))})
            <Drawing 'Learned kernels', 430×223>
        """
        words = Words(lang)
        scene = filters_figure(weights, words, words("filters") if title is None else title, subtitle)
        return Drawing(scene, theme, prefix)

    def activations(
        self,
        layers: Mapping[str, Any] | Sequence[tuple[str, Any]],
        *,
        image: Any = None,
        classes: Sequence[str] | None = None,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        precision: int = 2,
        prefix: str = "",
    ) -> Drawing:
        """Draw one sample on its way through a network, a row for each layer.

        Args:
            layers: pairs (name, array) or a mapping, in order; arrays of shape (C, H, W) or (F,), a batch of one is
                taken apart.
            image: what went in, (H, W), (1, H, W) or (3, H, W).
            classes: names for the units of the last layer; their numbers otherwise.

        Raises:
            ValueError: an array of another shape, or not as many names as units.

        Example:
            >>> import numpy as np
            >>> from autograd_cnn import draw
            >>> draw.activations([("conv1", np.ones((6, 8, 8))), ("output", np.arange(10))])
            <Drawing 'Activations', 722×318>
        """
        words = Words(lang)
        check_number("precision", precision)
        known = words("activations") if title is None else title
        return Drawing(activations_figure(layers, image, classes, words, known, subtitle, precision), theme, prefix)

    def curves(
        self,
        metrics: Any,
        *,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        prefix: str = "",
    ) -> Drawing:
        """Draw a training: loss in one panel, accuracy in the next, other measures after them; each series has its own
        dash pattern and marker and is named at its end.

        Args:
            metrics: a mapping of names to lists, or rows that are mappings (as `csv.DictReader` gives them). A column
                named "epoch" or "step" is the horizontal axis. "train" and "test" in a name tell series of one measure
                apart. None, NaN and empty entries interrupt a line.

        Raises:
            ValueError: no column of numbers, or a column that is partly text.

        Example:
            >>> from autograd_cnn import draw
            >>> draw.curves({"train_loss": [2.3, 0.4, 0.1], "test_loss": [2.2, 0.5, 0.2]})
            <Drawing 'Training', 531×410>
        """
        words = Words(lang)
        return Drawing(curves_figure(metrics, words, words("curves") if title is None else title, subtitle), theme, prefix)
