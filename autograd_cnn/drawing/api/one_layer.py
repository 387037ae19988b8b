"""What one layer does to a few numbers, there and back: unpooling, dropout, batch normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..canvas.drawing import Drawing
from ..canvas.text import Words
from ..canvas.theme import check_theme
from ..lessons.dropped import dropout_scene, dropped
from ..lessons.normalized import normalized, normalized_scene
from ..lessons.unpooling import unpooling as unpooling_example
from ..lessons.unpooling import unpooling_scene
from ..view.arguments import check_number


class OneLayerFigures:
    """One layer on a few numbers, each computed by the operation itself."""

    def unpooling(
        self,
        input: Any,
        kernel: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        *,
        values: Any = None,
        compare: str | Sequence[str] = (),
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        precision: int = 2,
        prefix: str = "",
    ) -> Drawing:
        """Draw max pooling, the places it remembers (the switches), and unpooling, which puts a value back at each.

        Args:
            input: an array (L,) or (H, W) of at most 16 entries a side.
            kernel, stride, padding: of the pooling, as for `pooling`.
            values: what is put back: an array of the pooled size, such as a gradient or what a decoder made; the maxima themselves by
                default.
            compare: "nearest", "bilinear" or both: enlarge the same values so, without switches.
            title, subtitle, theme, lang, precision, prefix: as for `draw`.

        Raises:
            ShapeError: sizes that do not go together, or too many entries.
            ValueError: another name to compare with.

        Example:
            >>> from autograd_cnn import draw
            >>> draw.unpooling([[1, 5], [2, 0]], 2).scene.desc
            'Input 2×2, maxima at 1; unpooled: 0 5; 0 0.'

        Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2014, section 2.1.
        """
        words, theme = Words(lang), check_theme(theme)
        check_number("precision", precision)
        u = unpooling_example(input, kernel, stride, padding, values, (compare,) if isinstance(compare, str) else tuple(compare))
        known = words("unpooling") if title is None else title
        line = words("unpooling sub") if subtitle is None else subtitle
        return Drawing(unpooling_scene(u, words, known, line, precision), theme, prefix)

    def dropout(
        self,
        input: Any,
        p: float = 0.5,
        gradient: Any = None,
        *,
        scheme: str = "inverted",
        seed: int = 0,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        precision: int = 2,
        prefix: str = "",
    ) -> Drawing:
        """Draw dropout of a few units: the mask, the units that are crossed out, the outputs, the gradient on its way back; and the
        same units at inference.

        Args:
            input: an array (F,) of at most 16 numbers.
            p: the probability that a unit is dropped.
            gradient: ∂E/∂y, as many numbers; ones by default.
            scheme: "inverted", scaled by 1 / (1 − p) in training, as PyTorch's; or "classic", scaled by 1 − p at inference.
            seed: of the draw. What is drawn elsewhere is not disturbed.
            title, subtitle, theme, lang, precision, prefix: as for `draw`.

        Raises:
            ShapeError: another shape, or too many numbers.
            ValueError: p outside [0, 1), or another scheme.

        Example:
            >>> from autograd_cnn import draw
            >>> draw.dropout([1, 2, 3, 4], seed=3).scene.desc
            'Inverted dropout with p = 0.5: x = 1, 2, 3, 4; y = 2, 4, 0, 8; ∂E/∂x = 2, 2, 0, 2; at inference y = 1, 2, 3, 4.'

        Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout", 2014.
        """
        words, theme = Words(lang), check_theme(theme)
        check_number("precision", precision)
        d = dropped(input, p, gradient, scheme, seed)
        known = words(f"dropout {d.scheme}") if title is None else title
        return Drawing(dropout_scene(d, words, known, subtitle, precision), theme, prefix)

    def batch_norm(
        self,
        input: Any,
        weight: float = 1.0,
        bias: float = 0.0,
        gradient: Any = None,
        *,
        eps: float = 1e-5,
        title: str | None = None,
        subtitle: str | None = None,
        theme: str = "auto",
        lang: str = "en",
        precision: int = 2,
        prefix: str = "",
    ) -> Drawing:
        """Draw batch normalisation of one unit over a batch, in training: x, μ, σ², x̂ and y as columns; and back from ∂E/∂y the three
        paths to ∂E/∂x, directly, through the variance and through the mean.

        Args:
            input: the unit's values, an array (N,) of 2 to 16 numbers.
            weight, bias: γ and β.
            gradient: ∂E/∂y, as many numbers. By default 1 for the first sample and 0 for the others: it reaches them all.
            eps: added to the variance.
            title, subtitle, theme, lang, precision, prefix: as for `draw`.

        Raises:
            ShapeError: another shape, too few or too many numbers.

        Example:
            >>> from autograd_cnn import draw
            >>> draw.batch_norm([1, 2, 3, 6], weight=2.0)
            <Drawing 'Batch normalisation', 576×648>

        Source: Ioffe and Szegedy, "Batch normalization", 2015, section 3.
        """
        words, theme = Words(lang), check_theme(theme)
        check_number("precision", precision)
        known = words("batch norm") if title is None else title
        return Drawing(normalized_scene(normalized(input, weight, bias, gradient, eps), words, known, subtitle, precision), theme, prefix)
