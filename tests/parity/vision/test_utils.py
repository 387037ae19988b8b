"""Grids, masks and boxes beside torchvision's: the same pixels."""

from __future__ import annotations

import io

import numpy as np
import pytest

from autograd_cnn.tensors.tensor import wrap
from autograd_cnn.vision import utils as U

from .twin import torchvision

torch = pytest.importorskip("torch")
TU = torchvision("utils")
Image = pytest.importorskip("PIL.Image")
RNG = np.random.RandomState(0)
BATCH = RNG.rand(5, 3, 7, 9).astype(np.float32) * 3 - 1
PICTURE = RNG.randint(0, 256, (3, 40, 50)).astype(np.uint8)
BOXES = np.array([[3, 4, 20, 30], [10.7, 12.2, 45, 39], [0, 0, 49, 5]], np.float32)
MASKS = RNG.rand(3, 40, 50) > 0.7


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"nrow": 2},
        {"padding": 0},
        {"nrow": 3, "padding": 5, "pad_value": 0.5},
        {"normalize": True},
        {"normalize": True, "scale_each": True},
        {"normalize": True, "value_range": (-0.5, 1.0)},
    ],
)
@pytest.mark.parametrize("batch", [BATCH, BATCH[:, :1], BATCH[:1], BATCH[0], BATCH[0, :1], BATCH[0, 0]], ids=lambda b: str(b.shape))
def test_make_grid(batch, options):
    out, reference = U.make_grid(wrap(batch.copy()), **options), TU.make_grid(torch.from_numpy(batch.copy()), **options)
    np.testing.assert_allclose(out.numpy(), reference.numpy(), rtol=1e-6, atol=1e-7)
    assert out.shape == tuple(reference.shape)


def test_make_grid_of_a_list():
    out, reference = U.make_grid([wrap(b.copy()) for b in BATCH]), TU.make_grid([torch.from_numpy(b.copy()) for b in BATCH])
    np.testing.assert_array_equal(out.numpy(), reference.numpy())


def test_save_image():
    mine, other = io.BytesIO(), io.BytesIO()
    U.save_image(wrap(BATCH.copy()), mine, format="png", nrow=3)
    TU.save_image(torch.from_numpy(BATCH.copy()), other, format="png", nrow=3)
    np.testing.assert_array_equal(np.asarray(Image.open(mine)), np.asarray(Image.open(other)))


FLOATS = PICTURE.astype(np.float32) / 255


@pytest.mark.parametrize("picture", [PICTURE, FLOATS], ids=["bytes", "floats"])
@pytest.mark.parametrize(
    "options", [{}, {"alpha": 0.3}, {"colors": "red"}, {"colors": ["#FF00FF", (1, 2, 3), "blue"]}, {"colors": (9, 8, 7)}]
)
def test_masks(picture, options):
    out = U.draw_segmentation_masks(wrap(picture.copy()), wrap(MASKS.copy()), **options)
    reference = TU.draw_segmentation_masks(torch.from_numpy(picture.copy()), torch.from_numpy(MASKS.copy()), **options)
    assert str(out.dtype) == str(reference.dtype).replace("torch.", "")
    np.testing.assert_allclose(out.numpy(), reference.numpy(), atol=1e-6)


@pytest.mark.parametrize("picture", [PICTURE, PICTURE[:1], FLOATS], ids=["bytes", "grey", "floats"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"width": 3},
        {"fill": True},
        {"colors": "yellow"},
        {"colors": ["red", (0, 255, 1), "#123456"]},
        {"labels": ["a", "dog", "x"]},
        {"labels": ["a", "b", "c"], "fill_labels": True, "label_colors": "white", "label_background_colors": ["red", "green", "blue"]},
        {"labels": ["a", "b", "c"], "label_colors": "white", "fill": True, "width": 2},
    ],
)
def test_boxes(picture, options):
    out = U.draw_bounding_boxes(wrap(picture.copy()), wrap(BOXES.copy()), **options)
    reference = TU.draw_bounding_boxes(torch.from_numpy(picture.copy()), torch.from_numpy(BOXES.copy()), **options)
    np.testing.assert_allclose(out.numpy(), reference.numpy(), atol=1e-6)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda u, t: u.make_grid(3), TypeError),
        (lambda u, t: u.draw_segmentation_masks(t(PICTURE[:1]), t(MASKS)), ValueError),
        (lambda u, t: u.draw_segmentation_masks(t(PICTURE), t(PICTURE)), ValueError),
        (lambda u, t: u.draw_segmentation_masks(t(PICTURE), t(MASKS), colors=["red"]), ValueError),
        (lambda u, t: u.draw_segmentation_masks(t(PICTURE), t(MASKS), colors=(1, 2)), ValueError),
        (lambda u, t: u.draw_bounding_boxes(t(PICTURE), t(BOXES[:, [2, 1, 0, 3]])), ValueError),
        (lambda u, t: u.draw_bounding_boxes(t(PICTURE), t(BOXES), labels=["a"]), ValueError),
        (lambda u, t: u.draw_bounding_boxes(t(PICTURE[None]), t(BOXES)), ValueError),
        (lambda u, t: u.draw_bounding_boxes(3, t(BOXES)), TypeError),
        (lambda u, t: u.draw_segmentation_masks(t(PICTURE.astype(np.int32)), t(MASKS)), ValueError),
    ],
)
def test_the_same_errors(call, error):
    with pytest.raises(error):
        call(TU, lambda a: torch.from_numpy(np.ascontiguousarray(a)))
    with pytest.raises(error):
        call(U, lambda a: wrap(np.ascontiguousarray(a)))


def test_nothing_to_draw():
    with pytest.warns(UserWarning, match="doesn't contain any"):
        out = U.draw_bounding_boxes(wrap(PICTURE), wrap(np.zeros((0, 4), np.float32)))
    np.testing.assert_array_equal(out.numpy(), PICTURE)
    with pytest.warns(UserWarning, match="doesn't contain any"):
        U.draw_segmentation_masks(wrap(PICTURE), wrap(np.zeros((0, 40, 50), bool)))
