"""Features made by hand, against plain loops; HOG also against scikit-image's, where it is installed."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.testing import gradcheck
from autograd_cnn.vision import features

RNG = np.random.default_rng(0)
# Written out from Robinson's paper: towards east, then 45° further each, counter-clockwise.
ROBINSON = [
    [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    [[0, 1, 2], [-1, 0, 1], [-2, -1, 0]],
    [[1, 2, 1], [0, 0, 0], [-1, -2, -1]],
    [[2, 1, 0], [1, 0, -1], [0, -1, -2]],
    [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
    [[0, -1, -2], [1, 0, -1], [2, 1, 0]],
    [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    [[-2, -1, 0], [-1, 0, 1], [0, 1, 2]],
]
SOBEL = [ROBINSON[0], [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]]


def pictures(*shape):
    return ac.tensor(RNG.uniform(0, 1, shape), dtype=ac.float64)


def correlated(picture, masks):
    """Each mask at each place, indices clamped to the picture."""
    h, w = picture.shape
    out = np.zeros((len(masks), h, w))
    for k, mask in enumerate(masks):
        for i in range(h):
            for j in range(w):
                for u in range(3):
                    for v in range(3):
                        out[k, i, j] += mask[u][v] * picture[min(max(i + u - 1, 0), h - 1), min(max(j + v - 1, 0), w - 1)]
    return out


@pytest.mark.parametrize(("op", "masks"), [(features.sobel, SOBEL), (features.compass, ROBINSON)])
def test_masks_at_each_place(op, masks):
    x = pictures(2, 3, 5, 4)
    want = [[correlated(c, masks) for c in n] for n in x.numpy()]
    np.testing.assert_allclose(op(x), np.reshape(want, (2, 3 * len(masks), 5, 4)), atol=1e-12)
    np.testing.assert_allclose(op(x[0]), op(x)[0], atol=1e-12)
    assert op(x.float()).dtype == ac.float32
    assert gradcheck(op, (pictures(1, 2, 3, 3).requires_grad_(),))


def test_an_even_picture_has_no_edges():
    even = ac.full((1, 1, 4, 4), 3.0)
    assert not features.sobel(even).any()
    assert not features.compass(even).any()
    assert not features.hog(even, pixels_per_cell=(2, 2), cells_per_block=(1, 1)).any()


def hog_by_loops(picture, bins, cell, block):
    c, h, w = picture.shape
    rows, columns = h // cell[0], w // cell[1]
    cells = np.zeros((rows, columns, bins))
    for i in range(rows * cell[0]):
        for j in range(columns * cell[1]):
            longest, gx, gy = -1.0, 0.0, 0.0
            for k in range(c):
                dx = picture[k, i, j + 1] - picture[k, i, j - 1] if 0 < j < w - 1 else 0.0
                dy = picture[k, i + 1, j] - picture[k, i - 1, j] if 0 < i < h - 1 else 0.0
                if math.hypot(dx, dy) > longest:
                    longest, gx, gy = math.hypot(dx, dy), dx, dy
            angle = math.degrees(math.atan2(gy, gx)) % 180
            cells[i // cell[0], j // cell[1], int(angle // (180 / bins)) % bins] += longest / (cell[0] * cell[1])
    told = []
    for i in range(rows - block[0] + 1):
        for j in range(columns - block[1] + 1):
            v = cells[i : i + block[0], j : j + block[1]].ravel()
            v = np.minimum(v / math.sqrt((v**2).sum() + 1e-10), 0.2)
            told.append(v / math.sqrt((v**2).sum() + 1e-10))
    return np.concatenate(told)


@pytest.mark.parametrize(
    ("shape", "bins", "cell", "block"),
    [((1, 8, 8), 9, (4, 4), (2, 2)), ((3, 9, 12), 5, (3, 2), (2, 3)), ((1, 10, 7), 8, (2, 3), (1, 1))],
)
def test_histograms_by_loops(shape, bins, cell, block):
    x = pictures(2, *shape)
    got = features.hog(x, bins, cell, block)
    np.testing.assert_allclose(got, [hog_by_loops(p, bins, cell, block) for p in x.numpy()], atol=1e-12)


@pytest.mark.parametrize("shape", [(1, 24, 26), (3, 25, 24)])
def test_histograms_are_those_of_scikit_image(shape):
    skimage = pytest.importorskip("skimage.feature")
    x = pictures(1, *shape)
    picture = x[0].numpy()
    want = skimage.hog(picture.transpose(1, 2, 0), channel_axis=-1) if shape[0] > 1 else skimage.hog(picture[0])
    np.testing.assert_allclose(features.hog(x)[0], want, atol=1e-6)  # it sums in single precision


@pytest.mark.parametrize("dtype", [ac.float32, ac.float64])
def test_diagonals_lie_on_the_edge_of_a_bin_and_belong_to_it(dtype):
    i, j = np.mgrid[:12, :12]
    for picture, bin_ in ((i + j, 1), (-i - j, 1), (i - j, 3), (j - i, 3)):
        cells = features.hog(ac.tensor(picture[None, None], dtype=dtype), 4, (4, 4), (1, 1)).reshape(3, 3, 4)
        assert cells[1, 1].argmax() == bin_


def test_the_gradient_of_histograms():
    x = pictures(1, 1, 6, 6).requires_grad_()
    assert gradcheck(lambda t: features.hog(t, 4, (2, 2), (2, 2)), (x,))
    flat = ac.zeros(1, 1, 6, 6, requires_grad=True)  # no edge anywhere: a length of 0 has no slope, and the gradient is no NaN
    features.hog(flat, 4, (2, 2), (2, 2)).sum().backward()
    assert flat.grad.isfinite().all()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: features.sobel(ac.ones(4, 4)), r"sobel: expected images of shape \(N, C, H, W\) or \(C, H, W\), got shape \[4, 4\]"),
        (lambda: features.compass(ac.ones(4)), "compass: expected images"),
        (lambda: features.hog(ac.ones(1, 8, 8)), r"hog: expected images of shape \(N, C, H, W\), got shape \[1, 8, 8\]"),
        (lambda: features.hog(ac.ones(1, 1, 8, 8)), "hog: expected pictures of at least 24×24, room for one block, got 8×8"),
        (lambda: features.hog(ac.ones(1, 1, 8, 8), 0), "hog: expected sizes of at least 1, got orientations=0"),
    ],
)
def test_what_does_not_fit_is_told(call, text):
    with pytest.raises(ValueError, match=text):
        call()
