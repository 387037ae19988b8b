"""What lectures draw: sliding windows, volumes, receptive fields, networks of units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...errors import nearest
from ..canvas.drawing import Drawing
from ..canvas.frames import Frames
from ..canvas.side_by_side import beside_scene
from ..canvas.text import Words
from ..canvas.theme import check_theme
from ..lessons.network import WIDTHS, Network, read_network
from ..lessons.receptive import cells_scene, sight_of, squares_scene
from ..lessons.sliding import Sliding
from ..lessons.sliding import convolution as convolution_example
from ..lessons.sliding import pooling as pooling_example
from ..lessons.sliding_painting import Windows
from ..lessons.table import table_scene
from ..lessons.volumes import volumes_figure
from ..view.arguments import check_number, first_map, traced, variable_of
from ..view.arrays import array_of


class LessonFigures:
    """Architectures and the arithmetic of windows."""

    def convolution(
        self,
        input: Any,
        kernel: Any,
        stride: int | Sequence[int] = 1,
        padding: Any = 0,
        dilation: int | Sequence[int] = 1,
        mode: str | None = None,
        flip: bool = False,
        *,
        transposed: bool = False,
        output_padding: int | Sequence[int] = 0,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        precision: int = 2,
        prefix: str = "",
    ) -> Windows:
        """Draw a window that slides over its input: a convolution as the lectures count it, window by window.

        With arrays for input and kernel the numbers stand in the cells and the sum of each window is written out; with
        sizes alone the windows are counted. Windows that do not end where the input ends are drawn hanging over the
        edge, with the padding that would mend it.

        Args:
            input: an array (L,), (C, L), (H, W) or (C, H, W), or sizes: 7 stands for 7×7, (7,) for a signal.
            kernel: likewise (K,), (O, C, K), (KH, KW), (C, KH, KW) or (O, C, KH, KW).
            stride, dilation: a number, or one for each dimension.
            padding: a number, one for each dimension, pairs (before, after), or the name of a mode.
            mode: instead of padding. "valid": none. "same": the output is as large as the input, with a stride ⌈I / S⌉ (an odd
                entry of padding stands at the end, as in TensorFlow). "full": each window that touches the input. "causal",
                for signals: all of it before the first entry, so that no output looks ahead.
            flip: turn the kernel around before it slides: convolution in the strict sense.
            transposed, output_padding: each entry of the input spreads over a window of the output.

        Returns:
            A frame for each window (see `draw.steps` for what frames can do), and `overview`, one picture with the first,
            a middle and the last of them.

        Raises:
            ShapeError: input and kernel do not go together, or the window is larger than the padded input.
            ValueError: another option that does not fit, or more than 400 windows.

        Example:
            >>> from autograd_cnn import draw
            >>> draw.convolution(7, 3, stride=3)
            <5 frames of 'Convolution', 384×404>
        """
        s = convolution_example(input, kernel, stride, padding, dilation, mode, flip, transposed, output_padding)
        return _windows(s, title, subtitle, theme, lang, precision, prefix)

    def pooling(
        self,
        input: Any,
        kernel: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        *,
        kind: str = "max",
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        precision: int = 2,
        prefix: str = "",
    ) -> Windows:
        """Draw a pooling window by window: see `convolution`.

        Args:
            input: an array (L,), (C, L) with a kernel (k,), (H, W) or (C, H, W), or sizes.
            kernel, stride, padding, dilation: a number, or one for each dimension; the stride is the kernel's size
                unless given.
            kind: "max", which fills the cell the maximum comes from, "average" (or "avg"), or "sum".
            ceil_mode: a last window may hang over the edge.
            count_include_pad: an average counts the zeros of the padding.

        Raises:
            ShapeError, ValueError: sizes or options that do not go together.

        Example:
            >>> from autograd_cnn import draw
            >>> draw.pooling([[1, 5], [2, 0]], 2).captions
            ['window 1 of 1: (2 − 2) / 2 + 1  =  1; max (1, 5, 2, 0)  =  5.']
        """
        s = pooling_example(input, kernel, stride, padding, dilation, kind, ceil_mode, count_include_pad)
        return _windows(s, title, subtitle, theme, lang, precision, prefix)

    def beside(
        self,
        *drawings: Drawing,
        columns: int | None = None,
        title: str | None = None,
        theme: str = "auto",
        prefix: str = "",
    ) -> Drawing:
        """Put several drawings into one, beside each other: two strides, before and after, training and inference.

        Args:
            drawings: drawings, or frames of a figure (`frames[3]`).
            columns: so many in a row; by default all.
            title: a heading above them all.

        Raises:
            TypeError: something that is no drawing.
            ValueError: no drawings, or less than one column.

        Example:
            >>> from autograd_cnn import draw
            >>> draw.beside(draw.convolution(7, 3, stride=2)[5], draw.convolution(7, 3, stride=3)[-1], title="How far can the filter step?")
            <Drawing 'How far can the filter step?', 757×448>
        """
        if not drawings:
            raise ValueError("draw.beside: expected at least one drawing, got none.")
        for d in drawings:
            if not isinstance(d, Drawing):
                hint = " Take one of the frames, frames[0], or their overview." if isinstance(d, Frames) else ""
                raise TypeError(f"draw.beside: expected drawings, got {type(d).__name__}.{hint}")
        many = len(drawings) if columns is None else columns
        if isinstance(many, bool) or not isinstance(many, int) or many < 1:
            raise ValueError(f"draw.beside: expected columns to be a whole number from 1 on, got {columns!r}.")
        return Drawing(beside_scene([d.scene for d in drawings], many, title), check_theme(theme), prefix)

    def volumes(
        self,
        model: Any,
        input: Any = None,
        *,
        depth: int | None = None,
        focus: str | None = None,
        maps: bool | None = None,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        prefix: str = "",
    ) -> Drawing:
        """Draw the architecture of a network as LeNet-5 and AlexNet are drawn: a volume for each layer, its front face
        (height × width) to scale, its depth growing with the channels, the windows between them. Branches and skips run on
        lanes above.

        Everything is read from the graph of one call in evaluation. An activation or a normalisation belongs to the layer
        it follows.

        Args:
            model, input: a model, and a tensor, an array or a shape to call it with (several in a list); or a `Graph`.
            depth: fold modules that many levels below the model into one volume each. By itself as many levels are shown
                as 24 volumes in a row allow.
            focus: draw what this module does, "layer3.1", and nothing else.
            maps: show on the front faces what the layers made of the input (the channel that varies most). By itself for
                an input that is not constant.

        Raises:
            TypeError: no model, or no input.
            ValueError: a module that the model does not call, a negative depth.

        Example:
            >>> from autograd_cnn import draw, nn
            >>> draw.volumes(nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2)), (1, 1, 28, 28))
            <Drawing 'Sequential', 567×424>
        """
        words, theme = Words(lang), check_theme(theme)
        check_number("depth", depth)
        wanted = maps if maps is not None else _varies(input)  # a constant input leaves nothing to see
        graph = traced(model, input, "volumes", note=first_map if wanted else None)
        shown: dict[int, Any] = {}
        for v in graph.values if wanted else ():
            if v.kind in ("input", "result") and v.data is not None and v.shape is not None and len(v.shape) == 4:
                shown[v.id] = np.asarray(v.data[0], np.float64)
        return Drawing(volumes_figure(graph, depth, focus, shown, words, title, subtitle), theme, prefix)

    def table(
        self,
        summary: Any,
        *,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str | None = None,
        prefix: str = "",
    ) -> Drawing:
        """Draw the table of a model's layers: what each does and gives, its parameters with their share as a bar, multiply-adds,
        memory and receptive field. A column with nothing in it is left out.

        Args:
            summary: what `summary(model, input_size)` gave.
            title, subtitle: instead of the model's class, and of the input's size and the number of parameters.
            lang: by default the summary's own.

        Raises:
            TypeError: no summary.
            ValueError: more than 200 layers.

        Example:
            >>> from autograd_cnn import draw, nn, summary
            >>> net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.Flatten(), nn.Linear(3456, 10))
            >>> draw.table(summary(net, (1, 28, 28)), title="A small net")
            <Drawing 'A small net', 907×230>
        """
        if not hasattr(summary, "sheet"):
            raise TypeError(f"draw.table: expected a summary, as in draw.table(summary(net, (3, 32, 32))), got {type(summary).__name__}.")
        words = Words(summary.lang if lang is None else lang)
        return Drawing(table_scene(summary.sheet(words.lang), words, title, subtitle), check_theme(theme), prefix)

    def receptive_field(
        self,
        model: Any,
        unit: int | Sequence[int] | None = None,
        input: Any = None,
        *,
        layer: str | None = None,
        section: str | None = None,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        prefix: str = "",
    ) -> Drawing:
        """Draw what one unit of a network can see: for a signal a row of cells for each layer with the cone down to the
        input, for a picture the fields of a unit of each layer as nested squares.

        What is drawn is the set of inputs the unit depends on, read from the graph of one call in evaluation: the support
        of its gradient. Branches and skips count, and gaps that dilation leaves.

        Args:
            model, input: a model, and a tensor, an array or a shape to call it with; or a `Graph`. A picture that is not
                constant is shown under the squares.
            unit: the place of the unit within its layer, the middle by default.
            layer: the name of the layer; by default the last one with more than one place.
            section: "width" or "height" draws a picture's cells and cone along that dimension.

        Raises:
            TypeError: no model, or no input.
            ValueError: a unit or layer that is not there, an input without places.

        Example:
            >>> from autograd_cnn import draw, nn
            >>> net = nn.Sequential(nn.Conv1d(1, 4, 3), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 4, 3))
            >>> draw.receptive_field(net, 3, (1, 1, 20))
            <Drawing 'What one unit can see', 848×322>
        """
        words, theme = Words(lang), check_theme(theme)
        graph = traced(model, input, "receptive_field")
        sight = sight_of(graph, unit, layer, words)
        known = words("field title") if title is None else title
        dims = len(sight.unit)
        if section not in (None, "width", "height"):
            raise ValueError(f"draw.receptive_field: expected section to be 'width' or 'height', got {section!r}.")
        if dims > 2 or (section and dims != 2):
            raise ValueError(f"draw.receptive_field: expected signals (N, C, L) or pictures (N, C, H, W), got units with {dims} dims.")
        if dims == 1 or section:
            return Drawing(cells_scene(sight, 0 if section == "height" or dims == 1 else 1, words, known, subtitle), theme, prefix)
        given = graph.values[sight.source].data
        picture = np.asarray(given[0], np.float64) if given is not None and np.ptp(given) > 0 and given.shape[1] in (1, 3) else None
        return Drawing(squares_scene(sight, picture, words, known, subtitle), theme, prefix)

    def network(
        self,
        model: Any,
        input: Any = None,
        loss: Callable[[Any], Any] | None = None,
        *,
        widths: str = "weight",
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        precision: int = 2,
        prefix: str = "",
    ) -> Network:
        """Draw a multi-layer perceptron as units and edges: the wider an edge the larger its weight, dashed where it is
        negative. With an input the activations stand in the units, with a loss δ = ∂E/∂z below them. In a small network
        the weights are written on the edges and the biases above the units.

        The model is drawn in the mode it is in: in training the units that its next pass drops are crossed out (the random stream is
        left where it was), at inference none is. `draw.beside(draw.network(net.train(), x), draw.network(net.eval(), x))` shows both.

        Args:
            model: fully connected layers; of a layer with more than 10 units the first and the last are drawn.
            input: one sample, (F,) or (1, F); without it only the weights are drawn.
            loss: a function of the model's output.
            widths: what the edges tell: "weight"; with a loss also "gradient" (|∂E/∂w|, how far a step moves the weight) or
                "credit" (|w·δ|, the share of the error that goes back along the edge).

        Returns:
            A drawing; its `frames` lead through the forward pass and, with a loss, the backward pass.

        Raises:
            ValueError: a model with other layers than fully connected ones, more than one sample, other widths.
            TypeError: a loss without an input, widths of the backward pass without a loss.

        Example:
            >>> from autograd_cnn import draw, nn
            >>> mlp = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
            >>> drawing = draw.network(mlp, [1.0, -1.0], loss=lambda y: (y**2).sum())
            >>> drawing.frames.captions
            ['the input', 'h_1 = tanh(W_1 x + b_1)', 'y = W_2 h_1 + b_2', 'δ_2 = ∂E/∂z_2', '∂E/∂W_2 = δ_2 h_1ᵀ', \
'δ_1 = W_2ᵀ δ_2 · tanh′(z_1)', '∂E/∂W_1 = δ_1 xᵀ']
        """
        words, theme = Words(lang), check_theme(theme)
        check_number("precision", precision)
        if loss is not None and input is None:
            raise TypeError("draw.network: a loss needs an input: draw.network(model, input, loss).")
        given = _sample(model, input)
        if widths not in WIDTHS:
            raise ValueError(
                f"draw.network: expected widths to be one of {', '.join(WIDTHS)}, got {widths!r}.{nearest(str(widths), WIDTHS)}"
            )
        if widths != "weight" and loss is None:
            raise TypeError(f"draw.network: widths={widths!r} needs a loss to walk back from: draw.network(model, input, loss).")
        columns = read_network(model, given, loss, words)
        if input is None:
            for units in columns:
                units.values, units.dropped = units.delta, units.dropped[:0]
        known = words("network") if title is None else title
        return Network(columns, words, known, subtitle, precision, widths, theme, prefix)


def _varies(input: Any) -> bool:
    """Is there something to see in an input?"""
    given = [x for x in (input if isinstance(input, list) else [input]) if x is not None and not isinstance(x, tuple)]
    return any(np.ptp(array_of(x, "volumes")) > 0 for x in given if np.size(x))


def _sample(model: Any, input: Any) -> Any:
    """One sample as a batch of one; without an input zeros, as many as the first layer takes."""
    if input is None:
        first = next((p for p in getattr(model, "parameters", tuple)() if len(p.shape) > 1), None)
        if first is None or len(first.shape) != 2:
            found = "no weight" if first is None else f"a first weight of shape {tuple(first.shape)}"
            raise ValueError(f"draw.network: expected a perceptron, which begins with a fully connected layer (nn.Linear), got {found}.")
        return variable_of((1, int(first.shape[1])), model, "network")
    x = variable_of(np.atleast_2d(array_of(input, "network")), model, "network")
    if x.shape[0] != 1:
        raise ValueError(f"draw.network: expected one sample, (F,) or (1, F), got {tuple(x.shape)}. Pass one of the batch: x[0].")
    return x


def _windows(s: Sliding, title: str | None, subtitle: str | None, theme: str, lang: str, precision: int, prefix: str) -> Windows:
    words = Words(lang)
    check_number("precision", precision)
    return Windows(s, words, words(f"kind {s.kind}") if title is None else title, subtitle, precision, check_theme(theme), prefix)
