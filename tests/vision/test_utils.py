"""Grids and drawings over pictures."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.vision import utils

Image = pytest.importorskip("PIL.Image")


def test_a_grid():
    grid = utils.make_grid(ac.ones(5, 1, 2, 3), nrow=3, padding=1, pad_value=0.5)
    assert grid.shape == (3, 2 * 3 + 1, 3 * 4 + 1)
    assert grid[0, 1, 1].item() == 1.0
    assert grid[0, 0, 0].item() == 0.5
    assert grid[0, 4, 9].item() == 0.5  # no sixth picture


def test_normalised():
    x = ac.tensor([[[[-1.0, 3.0]]], [[[1.0, 2.0]]]])
    assert utils.make_grid(x, normalize=True).max().item() == 1.0
    each = utils.make_grid(x, normalize=True, scale_each=True, padding=0)
    assert each[0].tolist() == [[0.0, 1.0, 0.0, 1.0]]


def test_save_image(tmp_path):
    utils.save_image(ac.tensor([[[0.0, 0.5], [1.0, 2.0]]]), tmp_path / "x.png")
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "x.png"))[..., 0], [[0, 128], [255, 255]])


def test_masks_and_boxes():
    image = ac.zeros(3, 4, 4, dtype=ac.uint8)
    mask = ac.tensor(np.eye(4, dtype=bool))
    assert utils.draw_segmentation_masks(image, mask, alpha=1.0, colors="red")[0].numpy().tolist() == (np.eye(4) * 255).tolist()
    boxed = utils.draw_bounding_boxes(image, ac.tensor([[0.0, 0.0, 3.0, 3.0]]), colors=["blue"])
    assert boxed[2, 0].tolist() == [255] * 4
    assert boxed[2, 1, 1].item() == 0


def test_errors():
    with pytest.raises(TypeError, match="tensor or list of tensors"):
        utils.make_grid("x")
    with pytest.raises(ValueError, match="masks must be of dtype bool"):
        utils.draw_segmentation_masks(ac.zeros(3, 2, 2), ac.zeros(1, 2, 2))
    with pytest.raises(ValueError, match="mismatch"):
        utils.draw_bounding_boxes(ac.zeros(3, 2, 2), ac.zeros(1, 4), labels=["a", "b"])
