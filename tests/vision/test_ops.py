"""Boxes and detectors' losses against plain loops over numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.compat.finder import standing
from autograd_cnn.testing import gradcheck
from autograd_cnn.vision import ops

RNG = np.random.default_rng(0)


def some(n, seed=0, dtype=np.float64):
    """Boxes with sides of 1 … 9, among them some that lie in one another."""
    rng = np.random.default_rng(seed)
    corner = rng.uniform(-3, 12, (n, 2))
    return np.concatenate([corner, corner + rng.uniform(1, 9, (n, 2))], 1).astype(dtype)


def iou(a, b):
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    return width * height / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - width * height)


def hull(a, b):
    return max(a[2], b[2]) - min(a[0], b[0]), max(a[3], b[3]) - min(a[1], b[1])


def giou(a, b):
    w, h = hull(a, b)
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    union = areas / (1 + iou(a, b))
    return iou(a, b) - (w * h - union) / (w * h)


def diou(a, b):
    w, h = hull(a, b)
    dx, dy = (a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2
    return iou(a, b) - (dx * dx + dy * dy) / (w * w + h * h)


def ciou(a, b):
    turn = [math.atan((x[2] - x[0]) / (x[3] - x[1])) for x in (a, b)]
    v = 4 / math.pi**2 * (turn[0] - turn[1]) ** 2
    return diou(a, b) - v * v / (1 - iou(a, b) + v) if v else diou(a, b)


OVERLAPS = [(ops.box_iou, iou), (ops.generalized_box_iou, giou), (ops.distance_box_iou, diou), (ops.complete_box_iou, ciou)]


@pytest.mark.parametrize(("ours", "loop"), OVERLAPS, ids=lambda f: f.__name__)
def test_overlaps(ours, loop):
    a, b = some(7), some(5, 1)
    found = ours(ac.tensor(a), ac.tensor(b))
    assert found.dtype == ac.float64
    np.testing.assert_allclose(found, [[loop(x, y) for y in b] for x in a], rtol=1e-7, atol=1e-7)
    assert ours(ac.tensor(a[:0]), ac.tensor(b)).shape == (0, 5)


@pytest.mark.parametrize("ours", [o for o, _ in OVERLAPS[:3]], ids=lambda f: f.__name__)
def test_gradients_of_overlaps(ours):
    assert gradcheck(ours, (ac.tensor(some(4), requires_grad=True), ac.tensor(some(3, 1), requires_grad=True)))


def test_the_weight_of_complete_iou_is_a_constant():
    a, b = some(1)[0], some(1, 1)[0]
    x = ac.tensor(a[None], requires_grad=True)
    ops.complete_box_iou(x, ac.tensor(b[None])).sum().backward()
    turn = [math.atan((u[2] - u[0]) / (u[3] - u[1])) for u in (a, b)]
    v = 4 / math.pi**2 * (turn[0] - turn[1]) ** 2
    alpha = v / (1 - iou(a, b) + v)

    def held(u):
        return diou(u, b) - alpha * 4 / math.pi**2 * (math.atan((u[2] - u[0]) / (u[3] - u[1])) - turn[1]) ** 2

    steps = np.eye(4) * 1e-6
    np.testing.assert_allclose(x.grad[0], [(held(a + s) - held(a - s)) / 2e-6 for s in steps], rtol=1e-5)


def test_small_dtypes_have_room():
    boxes = ac.tensor([[0, 0, 200, 200]], dtype=ac.uint8)
    assert ops.box_area(boxes).tolist() == [40000]
    assert ops.box_area(boxes).dtype == ac.int32
    apart = ac.tensor([[0, 0, 4, 4], [8, 8, 12, 12]], dtype=ac.uint8)  # 4 - 8 is 252 in a byte
    assert ops.box_iou(apart, apart).tolist() == [[1, 0], [0, 1]]
    half = ac.tensor([[0, 0, 300, 300]], dtype=ac.float16)
    assert ops.box_area(half).tolist() == [90000]
    assert ops.box_iou(half, half).tolist() == [[1]]


def test_forms():
    corners = some(6)
    x1, y1, x2, y2 = corners.T
    forms = {
        "xyxy": corners,
        "xywh": np.stack([x1, y1, x2 - x1, y2 - y1], 1),
        "cxcywh": np.stack([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], 1),
    }
    for a, given in forms.items():
        for b, wanted in forms.items():
            x = ac.tensor(given, requires_grad=True)
            made = ops.box_convert(x, a, b)
            np.testing.assert_allclose(made.detach(), wanted, atol=1e-12)
            assert made is not x
            assert gradcheck(lambda t, a=a, b=b: ops.box_convert(t, a, b), (x,))
        np.testing.assert_allclose(ops.box_area(ac.tensor(given), a), (x2 - x1) * (y2 - y1))
        np.testing.assert_allclose(ops.box_iou(ac.tensor(given), ac.tensor(given), a), [[iou(p, q) for q in corners] for p in corners])


def test_boxes_at_the_edge_and_small_ones():
    clipped = ops.clip_boxes_to_image(ac.tensor(some(9)), (8, 10))
    np.testing.assert_array_equal(clipped, np.clip(some(9), 0, [10, 8, 10, 8]))
    corners = some(9)
    large = [i for i, (x1, y1, x2, y2) in enumerate(corners) if x2 - x1 >= 4 and y2 - y1 >= 4]
    assert ops.remove_small_boxes(ac.tensor(corners), 4).tolist() == large
    assert 0 < len(large) < 9
    assert ops.remove_small_boxes(ac.tensor([[0, 0, 4, 4]]), 4).tolist() == [0]  # exactly as long stays


def kept_by_loop(boxes, scores, classes, threshold):
    kept = []
    for i in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        if all(classes[i] != classes[j] or iou(boxes[i], boxes[j]) <= threshold for j in kept):
            kept.append(i)
    return kept


@pytest.mark.parametrize("threshold", [0.0, 0.2, 0.5, 0.8])
def test_suppression(threshold):
    boxes, scores, classes = some(60, 2), RNG.integers(0, 20, 60) / 20, RNG.integers(0, 3, 60)  # equal scores among them
    x, s = ac.tensor(boxes), ac.tensor(scores)
    once = ops.nms(x, s, threshold)
    assert once.dtype == ac.int64
    assert once.tolist() == kept_by_loop(boxes, scores, [0] * 60, threshold)
    each = ops.batched_nms(x, s, ac.tensor(classes), threshold)
    assert each.tolist() == kept_by_loop(boxes, scores, classes, threshold)
    assert threshold == 0.8 or len(once) < len(each) < 60


def test_exactly_at_the_threshold_stays():
    boxes = ac.tensor([[0.0, 0, 2, 1], [0, 0, 1, 1]])
    assert ops.nms(boxes, ac.tensor([0.9, 0.8]), 0.5).tolist() == [0, 1]
    assert ops.nms(boxes, ac.tensor([0.9, 0.8]), 0.49).tolist() == [0]
    assert ops.nms(ac.zeros(3, 4), ac.tensor([0.1, 0.3, 0.2]), 0.5).tolist() == [1, 2, 0]  # 0/0 is not greater
    assert ops.nms(ac.zeros(0, 4), ac.zeros(0), 0.5).shape == (0,)
    assert ops.batched_nms(ac.zeros(0, 4), ac.zeros(0), ac.zeros(0), 0.5).dtype == ac.int64


@pytest.mark.parametrize(("alpha", "gamma"), [(0.25, 2), (-1, 2), (0.5, 0), (1, 1.5)])
def test_focal_loss(alpha, gamma):
    x, t = RNG.normal(0, 2, (3, 4)), (RNG.random((3, 4)) > 0.6).astype(float)
    wanted = np.empty_like(x)
    for i in np.ndindex(3, 4):
        p = 1 / (1 + math.exp(-x[i]))
        right = p if t[i] else 1 - p
        weight = 1 if alpha < 0 else alpha if t[i] else 1 - alpha
        wanted[i] = -weight * (1 - right) ** gamma * math.log(right)
    for reduction, of in (("none", wanted), ("mean", wanted.mean()), ("sum", wanted.sum())):
        found = ops.sigmoid_focal_loss(ac.tensor(x), ac.tensor(t), alpha, gamma, reduction)
        np.testing.assert_allclose(found, of, rtol=1e-9)
    assert gradcheck(lambda v: ops.sigmoid_focal_loss(v, ac.tensor(t), alpha, gamma), (ac.tensor(x, requires_grad=True),))


B, S = ac.zeros(3, 4), ac.zeros(3)


@pytest.mark.parametrize(
    ("call", "kind", "match"),
    [
        (lambda: ops.nms(B, S[:2], 0.5), RuntimeError, r"nms: expected scores of shape \(3,\)"),
        (lambda: ops.nms(B[:, :3], S, 0.5), RuntimeError, r"nms: expected boxes of shape \(N, 4\)"),
        (lambda: ops.nms(B.long(), S.long(), 0.5), RuntimeError, "floats"),
        (lambda: ops.nms(B, S.double(), 0.5), RuntimeError, "one dtype"),
        (lambda: ops.batched_nms(B, S, S[:2], 0.5), RuntimeError, "a class for each box"),
        (lambda: ops.box_iou(B[:, :3], B), IndexError, "box_iou: expected boxes"),
        (lambda: ops.box_iou(B, [[0, 0, 1, 1]]), TypeError, "box_iou: expected a tensor"),
        (lambda: ops.box_iou(B, B, "xyhw"), ValueError, "Unsupported format"),
        (lambda: ops.box_area(B, "x"), ValueError, "Unsupported"),
        (lambda: ops.box_convert(B, "xyxy", "xyhw"), ValueError, "Did you mean"),
        (lambda: ops.box_convert(B[:, :3], "xyxy", "xywh"), ValueError, "box_convert: expected boxes"),
        (lambda: ops.clip_boxes_to_image(B, 8), TypeError, "height, width"),
        (lambda: ops.sigmoid_focal_loss(S, S, alpha=1.5), ValueError, "alpha"),
        (lambda: ops.sigmoid_focal_loss(S, S, reduction="avg"), ValueError, "reduction"),
        (lambda: ops.sigmoid_focal_loss(S, S[:2]), ValueError, "size"),
    ],
)
def test_what_is_refused(call, kind, match):
    with pytest.raises(kind, match=match):
        call()


def test_programs_find_them():
    with standing():
        import torchvision
        from torchvision.ops import nms
        from torchvision.ops.boxes import box_iou
        from torchvision.ops.focal_loss import sigmoid_focal_loss

        assert torchvision.ops.nms is nms is ops.nms
        assert (box_iou, sigmoid_focal_loss) == (ops.box_iou, ops.sigmoid_focal_loss)
