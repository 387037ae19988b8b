"""The loss of detectors that look everywhere at once, where almost all places are background."""

from __future__ import annotations

from ...nn import functional as F
from ...ops.elementwise.exponential import sigmoid
from ...tensors.tensor import Tensor


def sigmoid_focal_loss(inputs: Tensor, targets: Tensor, alpha: float = 0.25, gamma: float = 2, reduction: str = "none") -> Tensor:
    r"""Cross-entropy in which what is right already counts little:  -αₜ (1 - pₜ)^γ log pₜ,  pₜ the probability of what is true.

    Args:
        inputs: scores before the sigmoid, of any shape. targets: of the same shape, 1 for yes and 0 for no (or between).
        alpha: weight of yes, 1 - alpha of no; -1: both 1. gamma: 0 is cross-entropy.
        reduction: "none", "mean" or "sum".

    Raises:
        ValueError: alpha outside 0 … 1 that is not -1, another reduction, or another shape.

    Source: Lin, Goyal, Girshick, He, Dollár, "Focal loss for dense object detection", 2017.

    >>> import autograd_cnn as ac
    >>> sigmoid_focal_loss(ac.tensor([0.0, 2.0]), ac.tensor([1.0, 1.0]))
    tensor([0.0433, 0.0005])
    """
    if not 0 <= alpha <= 1 and alpha != -1:
        raise ValueError(f"Invalid alpha value: {alpha}. alpha must be in the range [0,1] or -1 for ignore.")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"Invalid Value for arg 'reduction': {reduction!r}. Supported reduction modes: 'none', 'mean', 'sum'")
    p = sigmoid(inputs)
    entropy = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    right = p * targets + (1 - p) * (1 - targets)
    loss = entropy * (1 - right) ** gamma
    if alpha >= 0:
        loss = (alpha * targets + (1 - alpha) * (1 - targets)) * loss
    return loss if reduction == "none" else loss.mean() if reduction == "mean" else loss.sum()  # type: ignore[no-any-return]
