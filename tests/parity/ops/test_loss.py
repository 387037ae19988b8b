"""Losses and distances against torch."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402

from ..both import DTYPES, Fixed, agree, array, fail_alike  # noqa: E402

F, T = ac.nn.functional, torch.nn.functional
HOW = ["none", "mean", "sum"]


def of(name: str) -> tuple[Any, Any]:
    return getattr(F, name), getattr(T, name)


def probabilities(shape: Any, dtype: Any = np.float64, seed: int = 3) -> Any:
    return array(shape, dtype, seed, 0.05, 0.95)


# ------------------------------------------------------------------------------------------------- regression
REGRESSION = [
    ("mse_loss", {}),
    ("l1_loss", {}),
    ("smooth_l1_loss", {}),
    ("smooth_l1_loss", {"beta": 0.5}),
    ("smooth_l1_loss", {"beta": 0.0}),
    ("huber_loss", {}),
    ("huber_loss", {"delta": 0.5}),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(("name", "params"), REGRESSION)
def test_regression(name: str, params: dict[str, Any], how: str, dtype: type) -> None:
    mine, other = of(name)
    for shape in ((3, 4), (), (0, 2)):
        agree(mine, other, array(shape, dtype), array(shape, dtype, 5), reduction=how, **params)
    agree(mine, other, array((3, 1), dtype), array((4,), dtype, 5), reduction=how, **params)
    agree(mine, other, array((3, 4), dtype), Fixed(array((3, 4), dtype, 5)), reduction=how, **params)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss"])
def test_weights(name: str, how: str) -> None:
    mine, other = of(name)
    agree(mine, other, array((3, 4)), array((3, 4), seed=5), reduction=how, weight=array((3, 4), seed=6, low=0.5))
    fail_alike(mine, other, array((3, 4)), array((3, 4)), weight=array(4), match="Weights and input must have the same size")


def test_regression_errors() -> None:
    x = array(3)
    for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "soft_margin_loss"):
        fail_alike(*of(name), x, x, reduction="average", match="not a valid value for reduction")
    with pytest.warns(UserWarning, match="target size .* is different to the input size"):
        F.mse_loss(ac.ones(3, 1), ac.ones(3))
    with pytest.warns(UserWarning, match="size_average and reduce args will be deprecated, please use reduction='sum'"):
        F.mse_loss(ac.ones(3), ac.ones(3), size_average=False)
    fail_alike(F.mse_loss, T.mse_loss, array(3), array(4), match="must match the size")
    fail_alike(F.smooth_l1_loss, T.smooth_l1_loss, x, x, beta=-1.0, match="negative values for beta")
    fail_alike(F.huber_loss, T.huber_loss, x, x, delta=0.0, match="greater than 0")
    ints = Fixed(np.array([1, 2, 3]))
    for name in ("mse_loss", "smooth_l1_loss", "huber_loss", "l1_loss", "binary_cross_entropy_with_logits"):
        fail_alike(*of(name), ints, ints)
    for size_average, reduce in itertools.product((None, True, False), repeat=2):
        agree(
            lambda a, b, s=size_average, r=reduce: F.mse_loss(a, b, s, r),
            lambda a, b, s=size_average, r=reduce: T.mse_loss(a, b, s, r),
            array(3),
            array(3, seed=4),
        )


# ------------------------------------------------------------------------------------------------- classes
CLASS_SHAPES = [((4, 5), (4,)), ((5,), ()), ((2, 5, 3), (2, 3)), ((2, 5, 3, 2), (2, 3, 2)), ((2, 3, 2, 2, 2), (2, 2, 2, 2)), ((0, 5), (0,))]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("shapes", CLASS_SHAPES)
def test_classes(shapes: Any, how: str, dtype: type) -> None:
    x = array(shapes[0], dtype)
    classes = shapes[0][1] if len(shapes[0]) > 1 else shapes[0][0]
    target = Fixed(np.random.default_rng(1).integers(0, classes, shapes[1]))
    weight = Fixed(array((classes,), dtype, 2, 0.5, 2.0))
    for w, ignore in itertools.product((None, weight), (-100, 1)):
        agree(F.nll_loss, T.nll_loss, x, target, w, ignore_index=ignore, reduction=how)
        for smoothing in (0.0, 0.1):
            agree(F.cross_entropy, T.cross_entropy, x, target, w, ignore_index=ignore, reduction=how, label_smoothing=smoothing)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("shape", [(4, 5), (5,), (2, 5, 3), (0, 5)])
def test_class_probabilities(shape: tuple[int, ...], how: str) -> None:
    classes = shape[1] if len(shape) > 1 else shape[0]
    for w, smoothing in itertools.product((None, Fixed(array((classes,), seed=2, low=0.5))), (0.0, 0.2)):
        agree(F.cross_entropy, T.cross_entropy, array(shape), probabilities(shape), w, reduction=how, label_smoothing=smoothing)


def test_class_extremes() -> None:
    for row in ([1e4, 0.0, -1e4], [-1e4, 1e4, 0.0], [np.inf, 0.0, 0.0], [-np.inf, 0.0, 1.0]):
        for t in (0, 1):
            agree(F.cross_entropy, T.cross_entropy, np.array([row]), Fixed([t]), second=False)
            agree(F.cross_entropy, T.cross_entropy, np.array([row], np.float32), Fixed([t]), second=False)
    agree(F.cross_entropy, T.cross_entropy, array((3, 4)), Fixed([1, 1, 1]), ignore_index=1, second=False)
    agree(F.nll_loss, T.nll_loss, array((3, 4)), Fixed([1, 1, 1]), ignore_index=1, second=False)
    agree(F.cross_entropy, T.cross_entropy, array((3, 4), np.float16), Fixed([1, 0, 2]), second=False)
    agree(F.cross_entropy, T.cross_entropy, array((3, 4)), Fixed(np.array([1, 0, 3], np.uint8)), second=False)


def test_class_errors() -> None:
    x = array((2, 3))
    for name in ("cross_entropy", "nll_loss"):
        mine, other = of(name)
        fail_alike(mine, other, x, Fixed([0, 3]), match="Target 3 is out of bounds")
        fail_alike(mine, other, x, Fixed([0, -1]), match="Target -1 is out of bounds")
        fail_alike(mine, other, x, Fixed([0, 1, 2]), match=r"batch_size \(2\) to match target batch_size \(3\)")
        fail_alike(mine, other, x, Fixed([0.0, 1.0]), match="class indices")
        fail_alike(mine, other, x, Fixed([0, 1]), Fixed(np.ones(2)), match="weight tensor should be defined")
        fail_alike(mine, other, array((2, 3, 4)), Fixed(np.zeros((2, 5), int)), match="target of shape")
        fail_alike(mine, other, x, Fixed([0, 1]), reduction="sums", match="not a valid value")
    fail_alike(F.cross_entropy, T.cross_entropy, x, Fixed([0, 1]), label_smoothing=1.5, match="between 0.0 and 1.0")
    fail_alike(F.cross_entropy, T.cross_entropy, x, Fixed(np.zeros((2, 3), int)), match="class probabilities")
    fail_alike(
        lambda a, w: F.nll_loss(a, ac.tensor([0, 1]), w),
        lambda a, w: T.nll_loss(a, torch.tensor([0, 1]), w).backward(),
        x,
        np.ones(3),
        match="'weight' of nll_loss",
    )


# ------------------------------------------------------------------------------------------------- two classes
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("how", HOW)
def test_binary(how: str, dtype: type) -> None:
    for shape in ((3, 4), (), (0, 2)):
        x, t = probabilities(shape, dtype), probabilities(shape, dtype, 4)
        agree(F.binary_cross_entropy, T.binary_cross_entropy, x, t, reduction=how)
        agree(F.binary_cross_entropy_with_logits, T.binary_cross_entropy_with_logits, array(shape, dtype), t, reduction=how)
        agree(F.soft_margin_loss, T.soft_margin_loss, array(shape, dtype), Fixed(np.sign(array(shape, dtype, 6))), reduction=how)
    x, t = probabilities((3, 4), dtype), probabilities((3, 4), dtype, 4)
    w, p = Fixed(array((4,), dtype, 1, 0.5, 2.0)), Fixed(array((4,), dtype, 2, 0.5, 3.0))
    agree(F.binary_cross_entropy, T.binary_cross_entropy, x, t, w, reduction=how)
    for weight, positive in ((w, None), (None, p), (w, p)):
        agree(
            F.binary_cross_entropy_with_logits,
            T.binary_cross_entropy_with_logits,
            array((3, 4), dtype),
            t,
            weight,
            reduction=how,
            pos_weight=positive,
        )


def test_binary_extremes() -> None:
    ends = np.array([0.0, 1.0, 0.0, 1.0])
    agree(F.binary_cross_entropy, T.binary_cross_entropy, ends, Fixed([0.0, 1.0, 1.0, 0.0]), reduction="none", second=False)
    far = np.array([1e4, -1e4, 1e4, -1e4, 0.0])
    for dtype in DTYPES:
        agree(
            F.binary_cross_entropy_with_logits,
            T.binary_cross_entropy_with_logits,
            far.astype(dtype),
            Fixed(np.array([0.0, 1.0, 1.0, 0.0, 0.5], dtype)),
            reduction="none",
            second=False,
        )


def test_binary_errors() -> None:
    x, t = probabilities(3), probabilities(3)
    fail_alike(F.binary_cross_entropy, T.binary_cross_entropy, x + 1, t, match="between 0 and 1")
    fail_alike(F.binary_cross_entropy, T.binary_cross_entropy, x, probabilities((3, 1)), match="have the same size")
    fail_alike(
        F.binary_cross_entropy_with_logits,
        T.binary_cross_entropy_with_logits,
        x,
        probabilities((3, 1)),
        match="must be the same as input size",
    )


# ------------------------------------------------------------------------------------------------- distributions
@pytest.mark.parametrize("how", [*HOW, "batchmean"])
@pytest.mark.parametrize("log_target", [False, True])
def test_kl_div(how: str, log_target: bool) -> None:
    for dtype in DTYPES:
        agree(F.kl_div, T.kl_div, array((3, 4), dtype), probabilities((3, 4), dtype), reduction=how, log_target=log_target)
    if not log_target:
        agree(F.kl_div, T.kl_div, array(3), Fixed([0.0, 0.5, 0.5]), reduction=how)
    with pytest.warns(UserWarning, match="'batchmean' divides only by the batch size"):
        F.kl_div(ac.ones(2), ac.ones(2))
    fail_alike(F.kl_div, T.kl_div, array(3), array(3), reduction="x", match="not a valid value")


@pytest.mark.parametrize("how", HOW)
def test_poisson_and_gaussian(how: str) -> None:
    x, t = array((3, 4), low=0.2), array((3, 4), seed=2, low=0.0, high=4.0)
    for log_input, full in itertools.product((True, False), repeat=2):
        agree(F.poisson_nll_loss, T.poisson_nll_loss, x, Fixed(t), log_input, full, reduction=how)
    v = array((3, 4), seed=5, low=0.3)
    for var, full in itertools.product((v, v[:, :1], v[:, 0], 0.5), (False, True)):
        agree(F.gaussian_nll_loss, T.gaussian_nll_loss, x, t, var, full, reduction=how)
    agree(F.gaussian_nll_loss, T.gaussian_nll_loss, x, t, v * 1e-9, reduction=how, second=False)
    fail_alike(F.gaussian_nll_loss, T.gaussian_nll_loss, x, t, -v, match="negative entry")
    fail_alike(F.gaussian_nll_loss, T.gaussian_nll_loss, x, t, array((4,), low=0.1), match="incorrect size")


# ------------------------------------------------------------------------------------------------- margins
@pytest.mark.parametrize("how", HOW)
def test_margins(how: str) -> None:
    for dtype in DTYPES:
        a, b, n = array((3, 4), dtype), array((3, 4), dtype, 5), array((3, 4), dtype, 6)
        signs = Fixed(np.where(array((3, 4), dtype, 8) > 0, 1, -1).astype(dtype))
        row = Fixed(np.array([1, -1, 1], dtype))
        agree(F.hinge_embedding_loss, T.hinge_embedding_loss, a, signs, reduction=how)
        agree(F.hinge_embedding_loss, T.hinge_embedding_loss, a, signs, 0.3, reduction=how)
        agree(F.margin_ranking_loss, T.margin_ranking_loss, a, b, signs, 0.2, reduction=how)
        agree(F.cosine_embedding_loss, T.cosine_embedding_loss, a, b, row, reduction=how)
        agree(F.cosine_embedding_loss, T.cosine_embedding_loss, a, b, row, 0.1, reduction=how)
        agree(F.cosine_embedding_loss, T.cosine_embedding_loss, a[0], b[0], Fixed(np.array(-1, dtype)), reduction=how)
        for p, swap in itertools.product((2, 1), (False, True)):
            agree(F.triplet_margin_loss, T.triplet_margin_loss, a, b, n, 1.5, p, swap=swap, reduction=how)
        agree(F.triplet_margin_with_distance_loss, T.triplet_margin_with_distance_loss, a, b, n, swap=True, reduction=how)
        agree(F.multilabel_soft_margin_loss, T.multilabel_soft_margin_loss, a, probabilities((3, 4), dtype), reduction=how)
        agree(
            F.multilabel_soft_margin_loss,
            T.multilabel_soft_margin_loss,
            a,
            probabilities((3, 4), dtype),
            Fixed(array((4,), dtype)),
            reduction=how,
        )


@pytest.mark.parametrize("how", HOW)
def test_multi_margin(how: str) -> None:
    x = array((3, 4))
    weight = Fixed(array((4,), seed=2, low=0.5))
    for p, w in itertools.product((1, 2), (None, weight)):
        agree(F.multi_margin_loss, T.multi_margin_loss, x, Fixed([0, 3, 1]), p, 0.8, w, reduction=how, second=False)
    agree(F.multi_margin_loss, T.multi_margin_loss, x[0], Fixed(2), reduction=how, second=False)
    agree(F.multi_margin_loss, T.multi_margin_loss, x[:1], Fixed([2]), reduction=how, second=False)
    labels = [[3, 0, -1, 1], [-1, 2, 1, 0], [0, 1, 2, 3]]
    agree(F.multilabel_margin_loss, T.multilabel_margin_loss, x, Fixed(labels), reduction=how, second=False)
    agree(F.multilabel_margin_loss, T.multilabel_margin_loss, x[0], Fixed(labels[0]), reduction=how, second=False)


def test_margin_errors() -> None:
    x = array((3, 4))
    fail_alike(F.margin_ranking_loss, T.margin_ranking_loss, x, array(4), array(4), match="same dimension")
    fail_alike(F.cosine_embedding_loss, T.cosine_embedding_loss, x, x, Fixed(np.ones((3, 1))), match="multi-target not supported")
    fail_alike(F.cosine_embedding_loss, T.cosine_embedding_loss, array(4), array(4), Fixed(np.ones(3)), match="expects 2D input")
    fail_alike(F.triplet_margin_loss, T.triplet_margin_loss, x, x, x, margin=0, match="margin must be greater than 0")
    fail_alike(F.triplet_margin_loss, T.triplet_margin_loss, x, x, array(4), match="same number of dimensions")
    fail_alike(F.multi_margin_loss, T.multi_margin_loss, x, Fixed([0, 1, 2]), p=3, match="only p == 1 and p == 2")
    fail_alike(F.multi_margin_loss, T.multi_margin_loss, x, Fixed([0, 1]), match="inconsistent target size")
    fail_alike(F.multi_margin_loss, T.multi_margin_loss, x, Fixed([0, 1, 4]), match="target out of range")
    fail_alike(F.multi_margin_loss, T.multi_margin_loss, x, Fixed([0, 1, 2]), weight=Fixed(np.ones((1, 4))), match="one-dimensional")
    fail_alike(F.multilabel_margin_loss, T.multilabel_margin_loss, x, Fixed(np.zeros((3, 3), int)), match="inconsistent target size")
    fail_alike(F.multilabel_margin_loss, T.multilabel_margin_loss, x, Fixed(np.full((3, 4), 7)), match="target out of range")


# ------------------------------------------------------------------------------------------------- distances
@pytest.mark.parametrize("p", [2.0, 1.0, 3.0, float("inf")])
def test_distances(p: float) -> None:
    a, b = array((3, 4)), array((3, 4), seed=5)
    for dtype in DTYPES:
        agree(F.pairwise_distance, T.pairwise_distance, a.astype(dtype), b.astype(dtype), p)
    agree(F.pairwise_distance, T.pairwise_distance, a, b[0], p, keepdim=True)
    agree(F.pairwise_distance, T.pairwise_distance, a[0], b[0], p)
    agree(ac.cdist, torch.cdist, a, array((5, 4), seed=6), p, second=False)
    agree(ac.cdist, torch.cdist, array((2, 3, 4)), array((5, 4), seed=6), p, second=False)
    agree(ac.pdist, torch.pdist, a, p, second=False)
    agree(lambda x, z: x.dist(z, p), lambda x, z: x.dist(z, p), a, b)
    agree(ac.cdist, torch.cdist, a, a, p, second=False, tolerance=1e-6)


def test_cosine_similarity() -> None:
    agree(F.cosine_similarity, T.cosine_similarity, array((3, 4)), array((3, 4), seed=5))
    agree(ac.cosine_similarity, torch.cosine_similarity, array((3, 4)), array((4,), seed=5), dim=-1)
    agree(ac.cosine_similarity, torch.cosine_similarity, array(4), array(4, seed=5), 0)
    agree(ac.cosine_similarity, torch.cosine_similarity, array((2, 3, 4)), array((3, 1), seed=5), dim=1)
    agree(ac.cosine_similarity, torch.cosine_similarity, np.zeros((2, 3)), array((2, 3)), second=False)


def test_distance_errors() -> None:
    x = array((3, 4))
    fail_alike(ac.cdist, torch.cdist, x, array((3, 5)), match="same number of columns")
    fail_alike(ac.cdist, torch.cdist, x, array(4), match="at least 2D")
    fail_alike(ac.cdist, torch.cdist, x, x, -1.0, match="non-negative p")
    fail_alike(ac.cdist, torch.cdist, x, x, compute_mode="fast", match="not a valid value for compute_mode")
    fail_alike(ac.pdist, torch.pdist, array(4), match="only supports 2D")
    fail_alike(ac.cosine_similarity, torch.cosine_similarity, x, x, dim=2, match="Dimension out of range")
