"""Transforms: what they do to known pictures, and how they refuse others."""

from __future__ import annotations

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.vision import transforms as T
from autograd_cnn.vision.transforms import functional as F

Image = pytest.importorskip("PIL.Image")
PIXELS = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)


def picture():
    return Image.fromarray(PIXELS)


def tensor():
    return ac.from_numpy(np.ascontiguousarray(PIXELS.transpose(2, 0, 1)))


def test_to_tensor_and_back():
    x = T.ToTensor()(picture())
    assert x.shape == (3, 4, 6)
    assert x.dtype == ac.float32
    np.testing.assert_array_equal(x.numpy(), PIXELS.transpose(2, 0, 1) / np.float32(255))
    np.testing.assert_array_equal(np.asarray(T.ToPILImage()(x)), PIXELS)
    assert T.ToTensor()(picture().convert("L")).shape == (1, 4, 6)
    assert T.PILToTensor()(picture()).dtype == ac.uint8


def test_normalize_undoes():
    x = T.ToTensor()(picture())
    y = T.Normalize([0.5] * 3, [0.25] * 3)(x)
    np.testing.assert_allclose((y * 0.25 + 0.5).numpy(), x.numpy(), atol=1e-6)
    with pytest.raises(TypeError, match="float tensor"):
        T.Normalize([0.5] * 3, [0.25] * 3)(tensor())
    with pytest.raises(ValueError, match="zero"):
        T.Normalize([0.5] * 3, [0.0] * 3)(x)
    with pytest.raises(TypeError, match="ToTensor"):
        T.Normalize([0.5] * 3, [0.25] * 3)(picture())


@pytest.mark.parametrize(
    "change",
    [
        lambda x: F.crop(x, 1, 2, 2, 3),
        lambda x: F.crop(x, -1, -2, 7, 9),
        lambda x: F.center_crop(x, (3, 2)),
        lambda x: F.center_crop(x, (7, 9)),
        F.hflip,
        F.vflip,
        lambda x: F.pad(x, (1, 2)),
        lambda x: F.pad(x, (1, 2, 3, 1), padding_mode="reflect"),
        lambda x: F.pad(x, 2, padding_mode="symmetric"),
        lambda x: F.pad(x, 1, padding_mode="edge"),
        lambda x: F.rotate(x, 90, expand=True),
        lambda x: F.resize(x, (8, 12), T.InterpolationMode.NEAREST),
        lambda x: F.affine(x, 0, [1, 1], 1.0, [0.0, 0.0]),
        lambda x: F.posterize(x, 3),
        lambda x: F.solarize(x, 30),
        F.equalize,
        F.invert,
    ],
)
def test_pillow_and_tensors_agree(change):
    np.testing.assert_array_equal(np.asarray(change(picture())).transpose(2, 0, 1), change(tensor()).numpy())


@pytest.mark.parametrize(
    "change",
    [
        lambda x: F.resize(x, 3),
        lambda x: F.resize(x, (9, 5)),
        lambda x: F.resize(x, (3, 5), T.InterpolationMode.BICUBIC),
        lambda x: F.adjust_brightness(x, 1.5),
        lambda x: F.adjust_saturation(x, 0.5),
        lambda x: F.rgb_to_grayscale(x, 3),
        lambda x: F.adjust_hue(x, 0.2),
        lambda x: F.gaussian_blur(x, 3),
        lambda x: F.perspective(x, [[0, 0], [5, 0], [5, 3], [0, 3]], [[0, 0], [5, 0], [5, 3], [0, 3]]),
        F.autocontrast,
        lambda x: F.adjust_sharpness(x, 1.7),
        lambda x: F.adjust_sharpness(x, 0.0),
    ],
)
def test_pillow_and_tensors_agree_to_rounding(change):
    assert np.abs(np.asarray(change(picture())).transpose(2, 0, 1).astype(int) - change(tensor()).numpy().astype(int)).max() <= 3


@pytest.mark.parametrize(("size", "limit", "wanted"), [(2, None, (2, 3)), ([8], None, (8, 12)), (8, 9, (6, 9)), ((5, 4), None, (5, 4))])
def test_sizes_after_resizing(size, limit, wanted):
    assert F.resize(tensor(), size, max_size=limit).shape[1:] == wanted
    assert F.resize(picture(), size, max_size=limit).size == wanted[::-1]


def test_antialiasing_averages():
    x = ac.from_numpy(np.tile(np.array([0.0, 1.0], np.float32), 8)[None, None].repeat(16, 1))
    assert F.resize(x, (4, 4)).numpy() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    "transform",
    [
        T.RandomCrop(3, padding=1),
        T.RandomHorizontalFlip(),
        T.RandomVerticalFlip(),
        T.RandomResizedCrop(3),
        T.RandomRotation(20),
        T.RandomAffine(10, (0.1, 0.1), (0.9, 1.1), 5),
        T.ColorJitter(0.2, 0.2, 0.2, 0.1),
        T.RandomGrayscale(0.5),
        T.GaussianBlur(3),
        T.RandomApply([T.CenterCrop(2)]),
        T.RandomErasing(0.9),
        T.RandomPerspective(0.9, 1.0),
        T.RandomInvert(),
        T.RandomSolarize(0.1),
        T.RandomAdjustSharpness(3.0),
        T.RandomAutocontrast(),
    ],
    ids=lambda t: type(t).__name__,
)
def test_the_seed_decides(transform):
    def once(seed):
        ac.manual_seed(seed)
        return transform(T.ToTensor()(picture())).numpy()

    np.testing.assert_array_equal(once(1), once(1))
    assert any(once(s).shape != once(1).shape or (once(s) != once(1)).any() for s in range(2, 12))


def test_five_and_ten_crops():
    assert [c.shape for c in T.FiveCrop(2)(tensor())] == [(3, 2, 2)] * 5
    assert len(T.TenCrop((2, 3))(picture())) == 10
    with pytest.raises(ValueError, match="bigger than input size"):
        T.FiveCrop(9)(tensor())


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: F.crop(np.zeros((4, 4)), 0, 0, 1, 1), TypeError, "PIL Image or Tensor"),
        (lambda: T.RandomCrop(9)(tensor()), ValueError, "larger than input image size"),
        (lambda: T.Resize((1, 2, 3)), ValueError, "1 or 2 values"),
        (lambda: T.Pad(1, padding_mode="round"), ValueError, "constant, edge, reflect or symmetric"),
        (lambda: F.pad(tensor(), (1, 2, 3)), ValueError, "1, 2, or 4"),
        (lambda: F.resize(tensor(), 2, "bilinear"), TypeError, "InterpolationMode"),
        (lambda: T.ColorJitter(hue=0.7), ValueError, "hue values should be between"),
        (lambda: T.ColorJitter(brightness=-1), ValueError, "non negative"),
        (lambda: F.to_tensor("x"), TypeError, "PIL Image or ndarray"),
        (lambda: F.to_pil_image(np.zeros((2, 2, 5))), ValueError, "> 4 channels"),
        (lambda: F.gaussian_blur(tensor(), 4), ValueError, "odd and positive"),
        (lambda: T.RandomErasing(p=2), ValueError, "between 0 and 1"),
        (lambda: T.Lambda(3), TypeError, "callable"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


# ------------------------------------------------------------------------------------------------- pictures that require grad
CUT_OFF = {
    "pad": lambda x: F.pad(x, 1),
    "crop beyond the edge": lambda x: F.crop(x, -1, 0, 4, 4),
    "resize": lambda x: F.resize(x, [3, 3]),
    "rotate": lambda x: F.rotate(x, 30.0),
    "affine": lambda x: F.affine(x, 10.0, [1, 1], 1.0, [0.0, 0.0]),
    "brightness": lambda x: F.adjust_brightness(x, 0.5),
    "contrast": lambda x: F.adjust_contrast(x, 0.5),
    "saturation": lambda x: F.adjust_saturation(x, 0.5),
    "sharpness": lambda x: F.adjust_sharpness(x, 0.5),
    "hue": lambda x: F.adjust_hue(x, 0.1),
    "gamma": lambda x: F.adjust_gamma(x, 2.0),
    "grey": lambda x: F.rgb_to_grayscale(x),
    "invert": lambda x: F.invert(x),
    "solarize": lambda x: F.solarize(x, 0.5),
    "autocontrast": lambda x: F.autocontrast(x),
    "blur": lambda x: F.gaussian_blur(x, 3),
}


@pytest.mark.parametrize("name", CUT_OFF)
def test_what_computes_with_values_alone_cuts_no_gradient_off_in_silence(name: str) -> None:
    x = ac.rand(3, 5, 5, requires_grad=True)
    with pytest.raises(RuntimeError, match="no gradient would go through it"):
        CUT_OFF[name](x)
    with ac.no_grad():
        assert not CUT_OFF[name](x).requires_grad


def test_what_is_erased_takes_no_gradient() -> None:
    x, v = ac.ones(1, 2, 2, requires_grad=True), ac.tensor(5.0, requires_grad=True)
    y = F.erase(x, 0, 0, 1, 2, v)
    assert y.tolist() == [[[5.0, 5.0], [1.0, 1.0]]]
    assert [g.tolist() for g in ac.autograd.grad(y.sum(), [x, v])] == [[[[0.0, 0.0], [1.0, 1.0]]], 2.0]
