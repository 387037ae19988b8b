"""Windows that slide, one by one: convolution and pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..canvas.figures import figure
from ..canvas.text import Words
from ..canvas.theme import check_theme
from ..view.arguments import check_number
from .sliding import Sliding, convolution_example, pooling_example
from .sliding_painting import Windows


@figure
def convolution(
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


@figure
def pooling(
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


def _windows(s: Sliding, title: str | None, subtitle: str | None, theme: str, lang: str, precision: int, prefix: str) -> Windows:
    words = Words(lang)
    check_number("precision", precision)
    return Windows(s, words, words(f"kind {s.kind}") if title is None else title, subtitle, precision, check_theme(theme), prefix)
