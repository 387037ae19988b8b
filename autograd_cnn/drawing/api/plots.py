"""Pictures of learned kernels, activations and training curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..canvas.drawing import Drawing
from ..canvas.text import Words
from ..canvas.theme import check_theme
from ..lessons.layers import layer_maps
from ..plots.activations import activations_figure
from ..plots.confusion import confusion_scene, counts_of
from ..plots.curves import curves_figure
from ..plots.filters import filters_figure
from ..plots.functions import functions_scene
from ..plots.saliency import batch_of, class_name, gradient_of, saliency_scene
from ..plots.surface import check_view, surface_scene
from ..view.arguments import check_number, snapshot, traced


class PlotFigures:
    """What a network learned and how: kernels, activations, curves."""

    def filters(
        self,
        weights: Any,
        *,
        rgb: bool | None = None,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        prefix: str = "",
    ) -> Drawing:
        """Draw learned kernels as little pictures: vermilion below zero, white at zero, blue above, the range beside
        them; kernels that see a colour picture as tiles in its colours, grey at zero.

        Args:
            weights: a weight of shape (O, I, KH, KW), (O, I, K) or (O, I), or a layer that has one; or several as a
                mapping or as pairs (name, weight). At most 64 × 64 kernels of a layer are shown (and the figure says
                so).
            rgb: True takes three input channels as the colours of one tile, False draws each by itself. By default the first weight
                is drawn in colour if it has three input channels and kernels larger than 1×1.

        Raises:
            ValueError: a weight of another shape; rgb=True without three input channels.
            TypeError: not an array of numbers.

        Example:
            >>> import numpy as np
            >>> from autograd_cnn import draw
            >>> draw.filters({"conv1": np.ones((6, 1, 5, 5))})
            <Drawing 'Learned kernels', 430×223>
            >>> draw.filters(np.ones((16, 3, 7, 7)))
            <Drawing 'Learned kernels', 740×203>
        """
        words = Words(lang)
        scene = filters_figure(weights, words, words("filters") if title is None else title, subtitle, rgb)
        return Drawing(scene, theme, prefix)

    def activations(
        self,
        model: Any,
        image: Any = None,
        *,
        layers: Sequence[str] | None = None,
        classes: Sequence[str] | None = None,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        precision: int = 2,
        prefix: str = "",
    ) -> Drawing:
        """Draw one sample on its way through a network, a row for each layer. A layer with negative values is drawn on a scale with a
        visible 0: vermilion, white, blue.

        Args:
            model: a model, which is run on the image in evaluation; or what its layers gave: pairs (name, array) or a
                mapping, in order, arrays of shape (C, H, W) or (F,), a batch of one is taken apart.
            image: what goes in, (H, W), (C, H, W) or (1, C, H, W); beside given arrays it is only shown.
            layers: names of the layers to show, ["conv1", "fc2"]; by default all.
            classes: names for the units of the last layer; their numbers otherwise.

        Raises:
            TypeError: a model without an image.
            ValueError: an array of another shape, or not as many names as units.

        Example:
            >>> import numpy as np
            >>> from autograd_cnn import draw, nn
            >>> draw.activations([("conv1", np.ones((6, 8, 8))), ("output", np.arange(10))])
            <Drawing 'Activations', 722×318>
            >>> net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3), nn.Softmax(1))
            >>> draw.activations(net, np.ones((8, 8)), classes=["cat", "dog", "emu"])
            <Drawing 'Activations', 615×426>
        """
        words = Words(lang)
        check_number("precision", precision)
        known = words("activations") if title is None else title
        maps = model
        if isinstance(layers, str):
            raise TypeError(f"draw.activations: expected layers to be a list of names, got the text {layers!r}. Write [{layers!r}].")
        if layers is not None and not callable(model):
            raise TypeError("draw.activations: layers chooses among those of a model; of given arrays pass only those to be shown.")
        if callable(model):
            if image is None:
                raise TypeError("draw.activations: a model needs an image: draw.activations(model, image).")
            batch = batch_of(image, model, "activations")
            maps = layer_maps(traced(model, batch, "activations", note=snapshot), words, layers)
            image = np.asarray(batch.value)[0] if len(batch.shape) == 4 and batch.shape[1] in (1, 3) else None
        return Drawing(activations_figure(maps, image, classes, words, known, subtitle, precision), check_theme(theme), prefix)

    def saliency(
        self,
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

    def confusion(
        self,
        truth: Any,
        predicted: Any = None,
        *,
        classes: Sequence[str] | None = None,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        prefix: str = "",
    ) -> Drawing:
        """Draw a confusion matrix: rows are the true classes, shaded by their share of the row, the right ones framed.

        Args:
            truth: the true classes (N,), or the matrix of counts itself.
            predicted: the predicted classes (N,), or scores (N, C).
            classes: names for the classes.

        Raises:
            ValueError: other shapes, no whole numbers, more than 40 classes.

        Example:
            >>> from autograd_cnn import draw
            >>> draw.confusion([0, 1, 1, 2], [0, 1, 2, 2], classes=["cat", "dog", "emu"])
            <Drawing 'Confusion matrix', 375×269>
        """
        words, theme = Words(lang), check_theme(theme)
        known = words("confusion") if title is None else title
        return Drawing(confusion_scene(counts_of(truth, predicted), classes, words, known, subtitle), theme, prefix)

    def surface(
        self,
        fn: Callable[[Any, Any], Any],
        paths: Any = None,
        *,
        bounds: Any = None,
        names: tuple[str, str] = ("x", "y"),
        view: str = "contour",
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        prefix: str = "",
    ) -> Drawing:
        """Draw a function of two variables from above, as level lines, and the ways of up to six optimizers over it,
        each with its own dash pattern and marker; or from the side, or both beside each other.

        Args:
            fn: `fn(x, y)`, called once with arrays if it takes them, else number by number.
            paths: the places an optimizer visited, (T, 2), or a mapping of names to such.
            bounds: ((x0, x1), (y0, y1)), the part that is drawn; by default `fn.bounds`, which the functions in `optim.surfaces` have,
                else what the paths need.
            names: of the two variables.
            view: "contour" for level lines, "3d" for heights seen from the side, "both" for one beside the other. Heights are true to
                the values; the shades of "3d" part them as the level lines do, finely where the surface is low.

        Raises:
            ValueError: no bounds and no paths, more than six paths, places that are not finite, another view.

        Example:
            >>> from autograd_cnn import draw
            >>> draw.surface(lambda x, y: x**2 + 4 * y**2, {"SGD": [(2, 1), (1, 0.2), (0.5, 0.0)]})
            <Drawing 'Loss surface', 677×432>
            >>> from autograd_cnn.optim import surfaces
            >>> draw.surface(surfaces.saddle, view="both").scene.name
            'surface'
        """
        words, theme = Words(lang), check_theme(theme)
        if not callable(fn):
            raise TypeError(f"draw.surface: expected a function of two numbers, got {type(fn).__name__}.")
        known = words("surface") if title is None else title
        return Drawing(surface_scene(fn, paths, bounds, names, words, known, subtitle, check_view(view)), theme, prefix)

    def functions(
        self,
        functions: Any = None,
        *,
        bounds: tuple[float, float] = (-4.0, 4.0),
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        prefix: str = "",
    ) -> Drawing:
        """Draw functions of one number with their derivatives, each in a panel of its own: value and derivative are what the function
        and its backward pass give on tensors in float64.

        Args:
            functions: a function or layer of one tensor that works entry by entry; several in a list, or as a mapping of names to
                functions. By default sigmoid, tanh, ReLU, leaky ReLU (slope 0.1), ELU and GELU.
            bounds: (x0, x1), the part that is drawn.

        Raises:
            TypeError: what cannot be called.
            ValueError: bounds that do not rise; a function that mixes entries or differs from call to call, or is finite nowhere.
            GraphError: a function that leaves the graph.

        Example:
            >>> import autograd_cnn as ac
            >>> ac.draw.functions(ac.sigmoid).scene.desc
            'Activation functions: value solid, derivative dashed. sigmoid: f′ from 0.0177 to 0.25.'
            >>> ac.draw.functions({"swish": lambda x: x * ac.sigmoid(x), "sine": ac.sin}, bounds=(-6, 6))
            <Drawing 'Activation functions', 567×300>
        """
        words, theme = Words(lang), check_theme(theme)
        known = words("functions") if title is None else title
        return Drawing(functions_scene(functions, bounds, words, known, subtitle), theme, prefix)

    def curves(
        self,
        metrics: Any,
        *,
        log: bool = False,
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
                named "epoch", "step", "layer" or "place" is the horizontal axis. "train" and "test" in a name tell series of
                one measure apart; a mapping in place of a list is a panel of that name with its series. None, NaN and
                empty entries interrupt a line.
            log: powers of ten upwards.

        Raises:
            ValueError: no column of numbers, a column that is partly text, or with `log` a number that is not above 0.

        Example:
            >>> from autograd_cnn import draw
            >>> draw.curves({"train_loss": [2.3, 0.4, 0.1], "test_loss": [2.2, 0.5, 0.2]})
            <Drawing 'Training', 531×410>
            >>> draw.curves({"‖∂E/∂W‖": {"plain": [1e-6, 1e-3, 1.0], "residual": [0.5, 0.7, 1.0]}, "layer": [1, 2, 3]}, log=True)
            <Drawing 'Training', 576×410>
        """
        words = Words(lang)
        return Drawing(curves_figure(metrics, words, words("curves") if title is None else title, subtitle, log), theme, prefix)
