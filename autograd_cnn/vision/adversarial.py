"""Pictures made to be misread: one step along the sign of the gradient, and a patch that works on any picture. The models run in
evaluation and are left as they were; no parameter's `.grad` is touched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..config import enable_grad, no_grad
from ..nn import functional as F
from ..optim import Adam
from ..random import default_generator
from ..support.evaluation import evaluating
from ..support.listing import listed
from ..tensors.tensor import Tensor, wrap
from .scores import classes_of, pictures, scores_of, slope

__all__ = ["apply_patch", "fgsm", "patch"]


def fgsm(model: Callable[[Tensor], Tensor], x: Tensor, y: Any, eps: float, *, targeted: bool = False, bounds: Any = None) -> Tensor:
    """The fast gradient sign method: x + ε sign ∂E/∂x, E the cross entropy with the true classes.   (N, C, H, W) → (N, C, H, W)

    Args:
        model: gives scores (N, classes).
        y: the true classes (N,), or one for all.
        eps: ε, how far each pixel may move.
        targeted: y is what the pictures should be taken for: x − ε sign ∂E/∂x.
        bounds: (low, high) of the pixels, into which the result is cut.

    Raises:
        TypeError, ValueError: pictures, scores or classes of another form; a negative ε.
        GraphError: a model that cuts the graph.

    Example:
        >>> import autograd_cnn as ac
        >>> from autograd_cnn import nn
        >>> net = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
        >>> x = ac.rand(2, 1, 2, 2)
        >>> (fgsm(net, x, [0, 2], 0.1) - x).abs().max().item() <= 0.1 + 1e-6
        True

    Source: Goodfellow, Shlens, Szegedy, "Explaining and harnessing adversarial examples", 2015, section 4.
    """
    if not eps >= 0:
        raise ValueError(f"fgsm: expected eps of at least 0, got {eps}.")
    leaf = pictures(x, "fgsm")
    with evaluating(model), enable_grad():
        scores = scores_of(model, leaf, "fgsm")
        g = slope(F.cross_entropy(scores, classes_of(y, scores, "fgsm"), reduction="sum"), leaf, "fgsm")
    with no_grad():
        moved = leaf.detach() + (-eps if targeted else eps) * g.sign()
        return moved if bounds is None else moved.clamp(*bounds)


def apply_patch(x: Tensor, patch: Tensor, at: Any) -> Tensor:
    """The pictures with the patch on them, gradients included.   (N, C, H, W), (C, h, w) → (N, C, H, W)

    Args:
        at: the patch's upper left corner (row, column), or one for each picture, (N, 2).

    Raises:
        ValueError: sizes that do not go together, a place where the patch hangs over.

    Example:
        >>> import autograd_cnn as ac
        >>> apply_patch(ac.zeros(1, 1, 2, 3), ac.ones(1, 1, 2), (1, 0))
        tensor([[[[0., 0., 0.],
                  [1., 1., 0.]]]])
    """
    if x.ndim != 4 or patch.ndim != 3 or patch.shape[0] != x.shape[1]:
        raise ValueError(
            f"apply_patch: expected pictures (N, C, H, W) and a patch (C, h, w), got {tuple(x.shape)} and {tuple(patch.shape)}."
        )
    (n, _, height, width), (_, h, w) = x.shape, patch.shape
    places = np.asarray(at)
    if places.shape not in ((2,), (n, 2)) or places.dtype.kind not in "iu":
        raise ValueError(f"apply_patch: expected one place (row, column) or {n}, got shape {places.shape}.")
    places = np.broadcast_to(places, (n, 2))
    if (places < 0).any() or (places[:, 0] > height - h).any() or (places[:, 1] > width - w).any():
        raise ValueError(f"apply_patch: a patch of {h}×{w} hangs over pictures of {height}×{width} at {places.tolist()}.")
    rows = places[:, 0, None] + np.arange(h)  # (N, h)
    columns = places[:, 1, None] + np.arange(w)
    out = x.clone()
    index = np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]
    out.permute(0, 2, 3, 1)[tuple(map(wrap, index))] = patch.permute(1, 2, 0)
    return out


def patch(
    model: Callable[[Tensor], Tensor],
    x: Tensor,
    target: int,
    size: int | tuple[int, int],
    *,
    steps: int = 200,
    lr: float = 0.1,
    batch: int = 64,
    at: tuple[int, int] | None = None,
    bounds: Any = (0.0, 1.0),
    generator: Any = None,
) -> Tensor:
    """A patch that makes any picture look like one class, wherever it lies or at one place: the one that minimises the mean cross entropy with `target` over
    pictures and places, by Adam.   (N, C, H, W) → (C, h, w)

    Args:
        model: gives scores (N, classes).
        x: pictures to train on.
        target: the class.
        size: (h, w), or one number for both.
        steps, lr, batch: of the training; each step draws pictures and places anew.
        at: where its upper left corner lies, (row, column); by default anywhere, at other places in each step.
        bounds: (low, high) of the pixels. The patch begins in the middle and is cut to them after each step.
        generator: of the draws; the default one otherwise.

    Raises:
        TypeError, ValueError: pictures, scores or a class of another form; a patch that does not fit; bounds that do not rise.
        GraphError: a model that cuts the graph.

    Example:
        >>> import autograd_cnn as ac
        >>> from autograd_cnn import nn
        >>> patch(nn.Sequential(nn.Flatten(), nn.Linear(64, 3)), ac.rand(10, 1, 8, 8), 1, 3, steps=5).shape
        torch.Size([1, 3, 3])

    Source: Brown, Mané, Roy, Abadi, Gilmer, "Adversarial patch", 2017, section 2.
    """
    leaf = pictures(x, "patch").detach()
    n, channels, height, width = leaf.shape
    h, w = (size, size) if isinstance(size, int) else size
    low, high = bounds
    if not (1 <= h <= height and 1 <= w <= width):
        raise ValueError(f"patch: expected a size from 1×1 to {height}×{width}, got {h}×{w}.")
    if not low < high:
        raise ValueError(f"patch: expected bounds (low, high) that rise, got {bounds!r}.")
    rng = default_generator if generator is None else generator
    made = (leaf.new_zeros(channels, h, w) + (low + high) / 2).requires_grad_(True)
    optimizer = Adam([made], lr=lr)
    with evaluating(model), enable_grad():
        for _ in range(steps):
            picked = rng.permutation(n)[:batch]
            free = (height - h + 1, width - w + 1)
            places = np.stack([rng.integers(picked.shape, 0, f) for f in free], 1) if at is None else at
            scores = scores_of(model, apply_patch(leaf[wrap(picked)], made, places), "patch")
            made.grad = slope(F.cross_entropy(scores, classes_of(target, scores, "patch")), made, "patch")
            optimizer.step()
            with no_grad():
                made.clamp_(low, high)
    return made.detach()  # type: ignore[no-any-return]


def __dir__() -> list[str]:
    return listed(globals())
