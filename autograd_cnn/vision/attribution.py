"""What in a picture made a network answer: gradients, class activation maps, covered pictures, and pictures made for a unit. The models run
in evaluation and are left as they were; no parameter's `.grad` is touched. (The deconvolutional net is `vision.models.DeconvNet`.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..config import enable_grad, no_grad
from ..nn import Module
from ..nn import functional as F
from ..ops.shape.join import stack
from ..optim import Adam
from ..support.evaluation import evaluating
from ..support.listing import listed
from ..tensors.tensor import Tensor
from .scores import chosen, classes_of, pictures, scores_of, slope

__all__ = ["grad_cam", "maximise", "occlusion", "saliency"]


def saliency(model: Callable[[Tensor], Tensor], x: Tensor, target: Any = None) -> Tensor:
    """The gradient of each picture's score by its pixels.   (N, C, H, W) → (N, C, H, W)

    Args:
        model: gives scores (N, classes).
        target: the class, or one for each picture; by default the one with the highest score.

    Raises:
        TypeError, ValueError: pictures, scores or targets of another form.
        GraphError: a model that cuts the graph.

    Example:
        >>> import autograd_cnn as ac
        >>> from autograd_cnn import nn
        >>> net = nn.Sequential(nn.Flatten(), nn.Linear(4, 3, bias=False))
        >>> found = saliency(net, ac.ones(1, 1, 2, 2), 2)
        >>> ac.equal(found.flatten(), net[1].weight[2])
        True

    Source: Simonyan, Vedaldi, Zisserman, "Deep inside convolutional networks", 2014, section 3.
    """
    leaf = pictures(x, "saliency")
    with evaluating(model), enable_grad():
        scores = scores_of(model, leaf, "saliency")
        return slope(chosen(scores, classes_of(target, scores, "saliency")), leaf, "saliency")


def grad_cam(model: Module, layer: Module | str, x: Tensor, target: Any = None, *, upsample: bool = True) -> Tensor:
    """Where the maps of a layer speak for a class: L = relu(Σₖ αₖ Aᵏ), αₖ the mean over the map of ∂score/∂Aᵏ.   (N, C, H, W) → (N, H, W)

    Args:
        model: gives scores (N, classes).
        layer: a layer of it, or its name, whose output is maps (N, K, h, w); usually the last convolution.
        target: the class, or one for each picture; by default the one with the highest score.
        upsample: enlarge to the pictures' size, bilinearly; else (N, h, w).

    Raises:
        TypeError, ValueError: pictures, scores or targets of another form; a layer that gives no maps, or runs more than once or never.
        AttributeError: no layer of that name.
        GraphError: a model that cuts the graph, a score that does not depend on the layer.

    Example:
        >>> import autograd_cnn as ac
        >>> from autograd_cnn.vision.models import lenet5
        >>> grad_cam(lenet5(), "conv2", ac.ones(2, 1, 32, 32), 7).shape
        torch.Size([2, 32, 32])

    Source: Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based localization", 2017, section 3.
    """
    leaf = pictures(x, "grad_cam")
    watched = model.get_submodule(layer) if isinstance(layer, str) else layer
    seen: list[Any] = []

    def keep(_module: Any, _inputs: Any, output: Any) -> Any:
        seen.append(output)
        return output.clone() if isinstance(output, Tensor) else None  # what comes after may work in place

    with evaluating(model), enable_grad():
        handle = watched.register_forward_hook(keep)
        try:
            scores = scores_of(model, leaf, "grad_cam")
        finally:
            handle.remove()
        if len(seen) != 1 or not isinstance(seen[0], Tensor) or seen[0].ndim != 4:
            told = f"{len(seen)} calls" if len(seen) != 1 else f"shape {tuple(getattr(seen[0], 'shape', ()))}"
            raise ValueError(f"grad_cam: expected a layer of the model that gives maps (N, K, h, w) once, got {told}.")
        maps = seen[0]
        g = slope(chosen(scores, classes_of(target, scores, "grad_cam")), maps, "grad_cam")
    with no_grad():
        found = F.relu((g.mean((2, 3), keepdim=True) * maps.detach()).sum(1, keepdim=True))
        if upsample:
            found = F.interpolate(found, size=tuple(leaf.shape[2:]), mode="bilinear", align_corners=False)
        return found[:, 0]


def occlusion(
    model: Callable[[Tensor], Tensor], x: Tensor, target: Any = None, *, window: int = 5, stride: int = 1, value: float = 0.0
) -> Tensor:
    """How much of a score is lost where the picture is covered: score(x) − score(x with a window of `value` at (i, j)).
    (N, C, H, W) → (N, (H − window) // stride + 1, (W − window) // stride + 1)

    Args:
        model: gives scores (N, classes).
        target: the class, or one for each picture; by default the one with the highest score of the whole picture.
        window: the side of the square that covers.
        stride: how far it moves.
        value: what it is filled with.

    Raises:
        TypeError, ValueError: pictures, scores or targets of another form; a window that does not fit, a stride below 1.

    Example:
        >>> import autograd_cnn as ac
        >>> from autograd_cnn import nn
        >>> occlusion(nn.Flatten(), ac.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), 3, window=1)
        tensor([[[0., 0.],
                 [0., 4.]]])

    Source: Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2013, section 4.2.
    """
    plain = pictures(x, "occlusion").detach()
    height, width = plain.shape[2:]
    if not 1 <= window <= min(height, width) or stride < 1:
        raise ValueError(f"occlusion: expected 1 ≤ window ≤ {min(height, width)} and stride ≥ 1, got window={window}, stride={stride}.")
    with evaluating(model), no_grad():
        scores = scores_of(model, plain, "occlusion")
        classes = classes_of(target, scores, "occlusion")
        whole = chosen(scores, classes)
        rows = []
        for i in range(0, height - window + 1, stride):
            row = []
            for j in range(0, width - window + 1, stride):
                covered = plain.clone()
                covered[:, :, i : i + window, j : j + window] = value
                row.append(whole - chosen(scores_of(model, covered, "occlusion"), classes))
            rows.append(stack(row, 1))
        return stack(rows, 1)  # type: ignore[no-any-return]


def maximise(
    score: Callable[[Tensor], Tensor], start: Tensor, *, steps: int = 100, lr: float = 0.1, l2: float = 0.0, bounds: Any = None
) -> Tensor:
    """Pictures that a unit likes best: x that maximises score(x) − l2·‖x‖², found by Adam from `start`.   (N, C, H, W) → (N, C, H, W)

    Args:
        score: of a batch a number for each picture, (N,), or one for all; `lambda x: net(x)[:, 7]`. A model in it should be in evaluation.
        start: where the search begins: zeros, noise, or pictures.
        steps, lr: of Adam.
        l2: how much large values cost.
        bounds: (low, high), into which the values are cut after each step.

    Raises:
        TypeError, ValueError: a start or scores of another form.
        GraphError: a score that does not depend on the pictures.

    Example:
        >>> import autograd_cnn as ac
        >>> w = ac.tensor([[[[1.0, -2.0]]]])
        >>> found = maximise(lambda x: (w * x).sum((1, 2, 3)), ac.zeros(1, 1, 1, 2), steps=400, lr=0.02, l2=0.5)
        >>> ac.allclose(found, w, atol=1e-3)  # of w·x − ‖x‖²/2 the greatest is at w
        True

    Source: Erhan, Bengio, Courville, Vincent, "Visualizing higher-layer features of a deep network", 2009; with the L2 term as in
    Simonyan, Vedaldi, Zisserman, 2014, section 2.
    """
    x = pictures(start, "maximise")
    optimizer = Adam([x], lr=lr)
    for _ in range(steps):
        with enable_grad():
            y = score(x)
            if not isinstance(y, Tensor) or tuple(y.shape) not in ((), (x.shape[0],)):
                got = f"shape {tuple(y.shape)}" if isinstance(y, Tensor) else type(y).__name__
                raise ValueError(f"maximise: expected a score for each of {x.shape[0]} pictures, got {got}.")
            towards = slope(y, x, "maximise")
        with no_grad():
            x.grad = 2 * l2 * x - towards
            optimizer.step()
            if bounds is not None:
                x.clamp_(*bounds)
    return x.detach()


def __dir__() -> list[str]:
    return listed(globals())
