"""Transforms beside torchvision's: the same seed gives the same pictures, of Pillow bit for bit, of tensors to rounding."""

from __future__ import annotations

import contextlib
import random

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.tensors.tensor import Tensor, wrap
from autograd_cnn.vision import transforms as T

from .twin import torchvision

torch = pytest.importorskip("torch")
TV = torchvision("transforms")
Image = pytest.importorskip("PIL.Image")
samples = pytest.importorskip("sklearn.datasets")


def photograph(size=(96, 72)):
    """A real picture, in a size that tests like."""
    picture = Image.fromarray(samples.load_sample_image("flower.jpg")).crop((150, 60, 538, 351))
    return picture.resize(size)


PICTURES = {
    "RGB": photograph,
    "grey": lambda: photograph().convert("L"),
    "tall": lambda: photograph((41, 90)),
    "RGBA": lambda: photograph().convert("RGBA"),
}


@contextlib.contextmanager
def sums_in_turn():
    """torchvision makes its grids by `bmm`, which rounds as the processor's library of products does (with or without fused multiply-add);
    where a place falls between two pixels that decides. Here each product is rounded, and they are added one after the other."""
    bmm = torch.Tensor.bmm

    def in_turn(a, b):
        total = a[..., 0:1] * b[:, 0:1]
        for k in range(1, a.shape[-1]):
            total = total + a[..., k : k + 1] * b[:, k : k + 1]
        return total

    torch.Tensor.bmm = in_turn
    try:
        yield
    finally:
        torch.Tensor.bmm = bmm


def on_both(transform, other, picture, kind, seed=7):
    """The transform of ours and of theirs, of a Pillow image or of tensors, from one seed."""

    def given(mine):
        if kind == "pil":
            return picture.copy()
        array = np.asarray(picture)
        array = np.ascontiguousarray((array[:, :, None] if array.ndim == 2 else array).transpose(2, 0, 1))
        array = array.astype(np.float32) / np.float32(255) if kind == "float" else array
        return wrap(array.copy()) if mine else torch.from_numpy(array.copy())

    for seeding in (ac.manual_seed, torch.manual_seed):
        seeding(seed)
    random.seed(7)
    out = transform(given(True))
    random.seed(7)
    with sums_in_turn():
        reference = other(given(False))
    assert int(ac.randint(0, 2**31, (1,))) == int(torch.randint(0, 2**31, (1,))), "another number of draws"
    return out, reference


def plain(x):
    if isinstance(x, tuple | list):
        return [p for part in x for p in plain(part)]
    return [np.asarray(x.detach().value) if isinstance(x, Tensor) else x.detach().numpy() if isinstance(x, torch.Tensor) else np.asarray(x)]


def same(out, reference, tolerance=0.0, rounded=0.0):
    """Equal to `tolerance`; of bytes a share of `rounded` may differ by one, where a value falls between two."""
    pairs = list(zip(plain(out), plain(reference), strict=True))
    for a, b in pairs:
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        apart = np.abs(a.astype(np.float64) - b.astype(np.float64))
        if a.dtype.kind == "f":
            assert apart.max(initial=0) <= tolerance
        else:
            assert apart.max(initial=0) <= (1 if rounded else 0)
            assert (apart > 0).mean() <= rounded


I = T.InterpolationMode
BOTH = {
    "Resize(40)": lambda m: m.Resize(40),
    "Resize((30, 50))": lambda m: m.Resize((30, 50)),
    "Resize(max)": lambda m: m.Resize(50, max_size=60),
    "Resize up": lambda m: m.Resize((100, 120)),
    "Resize bicubic": lambda m: m.Resize(33, m.InterpolationMode.BICUBIC),
    "Resize nearest": lambda m: m.Resize(33, m.InterpolationMode.NEAREST),
    "CenterCrop": lambda m: m.CenterCrop(35),
    "CenterCrop large": lambda m: m.CenterCrop((80, 101)),
    "Pad": lambda m: m.Pad((1, 2, 3, 4), fill=9),
    "Pad(2)": lambda m: m.Pad(2),
    "Pad reflect": lambda m: m.Pad(5, padding_mode="reflect"),
    "Pad edge": lambda m: m.Pad((3, 1), padding_mode="edge"),
    "Pad symmetric": lambda m: m.Pad(4, padding_mode="symmetric"),
    "RandomCrop": lambda m: m.RandomCrop(30),
    "RandomCrop(padding)": lambda m: m.RandomCrop(32, padding=4),
    "RandomCrop(if needed)": lambda m: m.RandomCrop((80, 99), pad_if_needed=True),
    "RandomResizedCrop": lambda m: m.RandomResizedCrop(32),
    "RandomResizedCrop(scale)": lambda m: m.RandomResizedCrop((20, 31), (0.3, 0.6), (0.5, 2)),
    "flip": lambda m: m.RandomHorizontalFlip(),
    "flip down": lambda m: m.RandomVerticalFlip(0.9),
    "RandomRotation": lambda m: m.RandomRotation(25),
    "RandomRotation(expand)": lambda m: m.RandomRotation((10, 80), expand=True),
    "rotate 90": lambda m: m.RandomRotation((90, 90), expand=True),
    "RandomRotation(bilinear)": lambda m: m.RandomRotation(25, m.InterpolationMode.BILINEAR, fill=3),
    "RandomRotation(center)": lambda m: m.RandomRotation(25, center=(10, 12)),
    "RandomAffine": lambda m: m.RandomAffine(15, (0.1, 0.2), (0.8, 1.2), 10),
    "RandomAffine(0)": lambda m: m.RandomAffine(0, shear=(0, 5, -5, 0)),
    "RandomAffine(bilinear)": lambda m: m.RandomAffine(15, (0.1, 0.2), interpolation=m.InterpolationMode.BILINEAR, fill=20),
    "FiveCrop": lambda m: m.FiveCrop(30),
    "TenCrop": lambda m: m.TenCrop((20, 30)),
    "TenCrop(vertical)": lambda m: m.TenCrop(30, True),
    "RandomApply": lambda m: m.RandomApply([m.CenterCrop(20), m.RandomHorizontalFlip()], 0.7),
    "RandomChoice": lambda m: m.RandomChoice([m.CenterCrop(20), m.CenterCrop(30), m.RandomCrop(10)], p=[1, 1, 2]),
    "RandomOrder": lambda m: m.RandomOrder([m.CenterCrop(20), m.Pad(3), m.RandomCrop(15)]),
    "GaussianBlur": lambda m: m.GaussianBlur(5),
    "GaussianBlur((3, 7))": lambda m: m.GaussianBlur((3, 7), (0.5, 0.6)),
    "Compose": lambda m: m.Compose([m.RandomCrop(32, padding=4), m.RandomHorizontalFlip(), m.RandomRotation(15), m.Resize(24)]),
    "RandomGrayscale": lambda m: m.RandomGrayscale(0.6),
    "RandomPerspective": lambda m: m.RandomPerspective(0.4, 1.0, fill=7),
    "RandomPerspective(nearest)": lambda m: m.RandomPerspective(0.8, 1.0, m.InterpolationMode.NEAREST),
}
COLOURED = {
    "ColorJitter": lambda m: m.ColorJitter(0.4, 0.4, 0.4, 0.1),
    "ColorJitter(hue)": lambda m: m.ColorJitter(hue=0.5),
    "ColorJitter(brightness)": lambda m: m.ColorJitter(brightness=(0.5, 1.5)),
    "Grayscale": lambda m: m.Grayscale(),
    "Grayscale(3)": lambda m: m.Grayscale(3),
    "RandomInvert": lambda m: m.RandomInvert(1.0),
    "RandomSolarize": lambda m: m.RandomSolarize(0.4, 1.0),
    "RandomAdjustSharpness": lambda m: m.RandomAdjustSharpness(1.8, 1.0),
    "softer": lambda m: m.RandomAdjustSharpness(0.2, 1.0),
    "RandomAutocontrast": lambda m: m.RandomAutocontrast(1.0),
}
OF_BYTES = {
    "RandomPosterize": lambda m: m.RandomPosterize(3, 1.0),
    "RandomSolarize(100)": lambda m: m.RandomSolarize(100.0, 0.9),
    "RandomEqualize": lambda m: m.RandomEqualize(1.0),
    "RandAugment": lambda m: m.RandAugment(),
    "RandAugment(5)": lambda m: m.RandAugment(5, 15, fill=[3.0]),
    "TrivialAugmentWide": lambda m: m.TrivialAugmentWide(),
}
# Where a byte of a tensor may fall on the other side of a half, because sums are taken in another order: share of such bytes.
ROUNDED = {
    "Resize": 0.01,
    "RandomResizedCrop": 0.05,
    "GaussianBlur": 0.01,
    "Compose": 0.01,
    "ColorJitter": 0.03,
    "RandomRotation(bilinear)": 0.01,
    "RandomAffine(bilinear)": 0.01,
    "RandomPerspective": 0.01,
    "RandomAdjustSharpness": 0.01,
    "softer": 0.01,
    "RandomGrayscale": 0.001,
    "Grayscale": 0.001,
}


def rounded(name):
    return max((share for start, share in ROUNDED.items() if name.startswith(start)), default=0.0)


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("name", BOTH)
def test_pillow(name, picture):
    if (name, picture) == ("RandomGrayscale", "RGBA"):
        pytest.skip("neither makes four grey channels")
    out, reference = on_both(BOTH[name](T), BOTH[name](TV), PICTURES[picture](), "pil")
    assert type(out) is type(reference)
    same(out, reference, rounded=0.001 if name.startswith("GaussianBlur") else 0.0)  # a sum of floats, rounded to bytes


@pytest.mark.parametrize("name", COLOURED)
@pytest.mark.parametrize("picture", ["RGB", "grey"])
def test_colours_of_pillow(name, picture):
    same(*on_both(COLOURED[name](T), COLOURED[name](TV), PICTURES[picture](), "pil"))


@pytest.mark.parametrize("kind", ["bytes", "float"])
@pytest.mark.parametrize("picture", ["RGB", "tall"])
@pytest.mark.parametrize("name", [*BOTH, *COLOURED])
def test_tensors(name, picture, kind):
    make = {**BOTH, **COLOURED}[name]
    same(*on_both(make(T), make(TV), PICTURES[picture](), kind), tolerance=2e-5, rounded=rounded(name))


@pytest.mark.parametrize("kind", ["pil", "bytes"])
@pytest.mark.parametrize("name", OF_BYTES)
def test_of_bytes(name, kind):
    fill = name == "RandAugment(5)"
    picture = PICTURES["grey" if fill else "RGB"]()
    for _ in range(12 if "Augment" in name else 1):  # the pictures on the way decide what the next draw meets
        out, reference = on_both(OF_BYTES[name](T), OF_BYTES[name](TV), picture, kind)
        same(out, reference, rounded=0.03 if "Augment" in name else 0.0)
        picture = Image.fromarray(plain(reference)[0]) if kind == "pil" else picture


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("kind", ["pil", "bytes"])
def test_augmentations_of_many_seeds(seed, kind):
    for make in (lambda m: m.RandAugment(1, 20), lambda m: m.TrivialAugmentWide()):
        same(*on_both(make(T), make(TV), photograph(), kind, seed), rounded=0.03)


@pytest.mark.parametrize("name", [*BOTH, *COLOURED, *OF_BYTES])
def test_repr(name):
    make = {**BOTH, **COLOURED, **OF_BYTES}[name]
    assert repr(make(T)) == repr(make(TV))


@pytest.mark.parametrize("value", [0, (0.1, 0.2, 0.3), "random"])
@pytest.mark.parametrize("p", [0.3, 1.0])
def test_random_erasing(value, p):
    same(*on_both(T.RandomErasing(p, value=value), TV.RandomErasing(p, value=value), photograph(), "float"))
    assert repr(T.RandomErasing(p, value=value)) == repr(TV.RandomErasing(p, value=value))


def test_a_training_pipeline_many_times():
    """What a program does: a hundred draws in a row stay together."""

    def pipeline(m):
        return m.Compose(
            [
                m.RandomResizedCrop(24),
                m.RandomHorizontalFlip(),
                m.ColorJitter(0.4, 0.4, 0.4, 0.1),
                m.ToTensor(),
                m.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
                m.RandomErasing(),
            ]
        )

    mine, other, picture = pipeline(T), pipeline(TV), photograph()
    ac.manual_seed(0)
    torch.manual_seed(0)
    for _ in range(100):
        same(mine(picture), other(picture), tolerance=1e-6)


# ------------------------------------------------------------------------------------------------- functions
CALLS = {
    "adjust_brightness": (1.7,),
    "adjust_contrast": (0.3,),
    "adjust_saturation": (2.0,),
    "adjust_hue": (-0.3,),
    "adjust_gamma": (0.6, 1.1),
    "hflip": (),
    "vflip": (),
    "crop": (-3, 5, 40, 50),
    "center_crop": ([30, 20],),
    "resized_crop": (2, 3, 30, 40, [20, 20]),
    "rotate": (33.0,),
    "affine": (20.0, [3, -4], 1.1, [5.0, 2.0]),
    "gaussian_blur": ([5, 3],),
    "invert": (),
    "rgb_to_grayscale": (3,),
    "pad": ([2, 3],),
    "get_dimensions": (),
    "get_image_size": (),
    "get_image_num_channels": (),
}
SHARES = {"adjust_hue": 0.03, "adjust_contrast": 0.01, "gaussian_blur": 0.01, "resized_crop": 0.01, "rgb_to_grayscale": 0.001}


@pytest.mark.parametrize("kind", ["pil", "bytes", "float"])
@pytest.mark.parametrize("name", CALLS)
def test_functional(name, kind):
    out, reference = on_both(
        lambda x: getattr(T.functional, name)(x, *CALLS[name]), lambda x: getattr(TV.functional, name)(x, *CALLS[name]), photograph(), kind
    )
    if name.startswith("get"):
        assert out == reference
    else:
        same(out, reference, tolerance=2e-5, rounded=SHARES.get(name, 0.0) if kind == "bytes" else 0.0)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "1", "I", "F", "CMYK", "YCbCr", "P", "LA", "I;16"])
def test_conversions(mode):
    picture = (
        photograph().convert("L").convert("I;16")
        if mode == "I;16"
        else photograph().convert("RGB").convert(mode if mode != "LA" else "L").convert(mode)
    )
    same(T.functional.to_tensor(picture), TV.functional.to_tensor(picture))
    same(T.functional.pil_to_tensor(picture), TV.functional.pil_to_tensor(picture))


@pytest.mark.parametrize("kind", ["float32", "float64", "uint8", "int16", "int32"])
@pytest.mark.parametrize("to", ["float32", "float64", "uint8", "int16", "int32"])
def test_convert_image_dtype(kind, to):
    start = np.random.RandomState(0)
    top = 1.0 if kind.startswith("f") else np.iinfo(kind).max
    x = (start.rand(3, 4, 5) * top).astype(kind)
    try:
        reference = TV.functional.convert_image_dtype(torch.from_numpy(x.copy()), getattr(torch, to))
    except RuntimeError:
        with pytest.raises(RuntimeError, match="cannot be performed safely"):
            T.functional.convert_image_dtype(wrap(x.copy()), to)
        return
    same(T.functional.convert_image_dtype(wrap(x.copy()), to), reference, tolerance=1e-7)


@pytest.mark.parametrize("shape", [(1, 5, 6), (3, 5, 6), (4, 5, 6), (5, 6), (2, 5, 6)])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_to_pil_image(shape, kind):
    x = (np.random.RandomState(0).rand(*shape) * (255 if kind is np.uint8 else 1)).astype(kind)
    out, reference = T.ToPILImage()(wrap(x.copy())), TV.ToPILImage()(torch.from_numpy(x.copy()))
    assert out.mode == reference.mode
    same(out, reference)


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
@pytest.mark.parametrize("sides", [[-1, 2, 0, -2], [1, 0, -1, 0], [0, 0, 0, -2], [-1, -1, 3, 2]])
def test_tensors_cut_on_one_side_and_padded_on_another(mode, sides):
    x = np.arange(40, dtype=np.uint8).reshape(1, 8, 5)
    mine, other = (
        lib.functional.pad(t, sides, fill=9, padding_mode=mode).numpy() for lib, t in ((T, wrap(x.copy())), (TV, torch.from_numpy(x)))
    )
    np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("kind", [np.uint8, np.int16])
def test_the_range_of_integers_is_that_of_their_dtype(kind):
    x = np.random.default_rng(0).integers(0, np.iinfo(kind).max, (3, 6, 7)).astype(kind)
    for form in (lambda F, t: F.adjust_gamma(t, 0.5, 1.2), lambda F, t: F.adjust_hue(t, 0.2)):
        mine, other = (form(lib.functional, t).numpy() for lib, t in ((T, wrap(x.copy())), (TV, torch.from_numpy(x))))
        assert mine.dtype == other.dtype and np.abs(mine.astype(np.int64) - other).max() <= 1
