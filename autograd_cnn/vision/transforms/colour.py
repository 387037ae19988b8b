"""What pixels are: brightness, contrast, saturation, hue, blur."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...ops.registry.derived import outside
from ...tensors.tensor import Tensor, wrap
from .convert import convert_image_dtype, pil_to_tensor, to_pil_image
from .pictures import Picture, as_picture, check, pillow, values

_GREY = np.array([0.2989, 0.587, 0.114], np.float32)


def normalize(tensor: Tensor, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> Tensor:
    """(x − mean) / std for each channel.   (..., C, H, W) → the same

    Raises:
        TypeError: no floating-point tensor. ValueError: too few dims, or a std of zero. RuntimeError: other channels than numbers.

    >>> import autograd_cnn as ac
    >>> normalize(ac.ones(1, 1, 1), [0.5], [0.5]).item()
    1.0
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}. Put ToTensor() before Normalize.")
    if tensor.dtype.kind != "f":
        raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
    if tensor.ndim < 3:
        raise ValueError(f"Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = {tensor.shape}")
    m, s = (np.asarray(outside("normalize", v), tensor.dtype) for v in (mean, std))
    if (s == 0).any():
        raise ValueError(f"std evaluated to zero after conversion to {tensor.dtype}, leading to division by zero.")
    for name, v in (("mean", m), ("std", s)):
        if v.ndim == 1 and v.size not in (1, tensor.shape[-3]):
            raise RuntimeError(
                f"normalize: expected a {name} of one number or of one for each of the {tensor.shape[-3]} channels, got {v.size}. "
                "Convert the picture (Grayscale(num_output_channels=3)), or give as many numbers."
            )
    centre, spread = (wrap(v.reshape(-1, 1, 1)) if v.ndim <= 1 else wrap(v) for v in (m, s))
    if inplace:
        return tensor.sub_(centre).div_(spread)
    return (tensor - centre) / spread


def blend(a: Any, b: Any, ratio: float, like: Tensor) -> Tensor:
    """ratio · a + (1 − ratio) · b, within the range of the dtype; bytes are cut off, not rounded."""
    top = 1.0 if like.dtype.kind == "f" else float(np.iinfo(like.dtype).max)
    mixed = np.clip(np.float32(ratio) * a.astype(np.float32) + np.float32(1.0 - ratio) * b, 0, top)
    return wrap(mixed.astype(like.dtype))


def _grey(img: Tensor) -> Any:
    value = values(img, "rgb_to_grayscale")
    grey = (value * _GREY.reshape(3, 1, 1)).astype(np.float32).sum(-3, keepdims=True) if value.shape[-3] == 3 else value
    return grey.astype(img.dtype)


def _factor(factor: float, name: str) -> None:
    if factor < 0:
        raise ValueError(f"{name} ({factor}) is not non-negative.")


def adjust_brightness(img: Picture, brightness_factor: float) -> Picture:
    """0 gives black, 1 the picture, 2 twice the brightness."""
    _factor(brightness_factor, "brightness_factor")
    if check(img, "adjust_brightness"):
        from PIL import ImageEnhance

        return ImageEnhance.Brightness(img).enhance(brightness_factor)
    value = values(img, "adjust_brightness")
    return blend(value, np.zeros_like(value, np.float32), brightness_factor, img)


def adjust_contrast(img: Picture, contrast_factor: float) -> Picture:
    """0 gives even grey, 1 the picture, 2 twice the contrast."""
    _factor(contrast_factor, "contrast_factor")
    if check(img, "adjust_contrast"):
        from PIL import ImageEnhance

        return ImageEnhance.Contrast(img).enhance(contrast_factor)
    mean = _grey(img).astype(np.float32).mean((-3, -2, -1), keepdims=True)
    return blend(values(img, "adjust_contrast"), mean, contrast_factor, img)


def adjust_saturation(img: Picture, saturation_factor: float) -> Picture:
    """0 gives black and white, 1 the picture, 2 twice the saturation."""
    _factor(saturation_factor, "saturation_factor")
    if check(img, "adjust_saturation"):
        from PIL import ImageEnhance

        return ImageEnhance.Color(img).enhance(saturation_factor)
    return img if img.shape[-3] == 1 else blend(values(img, "adjust_saturation"), _grey(img).astype(np.float32), saturation_factor, img)


def adjust_hue(img: Picture, hue_factor: float) -> Picture:
    """Turn the colour circle by `hue_factor` of a full turn.

    Raises:
        ValueError: not in [-0.5, 0.5].
    """
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    if check(img, "adjust_hue"):
        if img.mode in {"L", "1", "I", "F"}:
            return img
        h, s, v = img.convert("HSV").split()
        turned = (np.asarray(h, np.uint8).astype(np.int32) + int(hue_factor * 255)).astype(np.uint8)  # the circle closes at 256
        return pillow().merge("HSV", (pillow().fromarray(turned), s, v)).convert(img.mode)
    if img.shape[-3] == 1:
        return img
    value = values(img, "adjust_hue")
    unit = value if value.dtype.kind == "f" else values(convert_image_dtype(img), "adjust_hue")
    h, s, v = _to_hsv(unit)
    out = _to_rgb((h + np.float32(hue_factor)) % 1, s, v)
    return wrap(out.astype(value.dtype, copy=False)) if value.dtype.kind == "f" else convert_image_dtype(wrap(out), value.dtype)


def _to_hsv(rgb: Any) -> tuple[Any, Any, Any]:
    r, g, b = (rgb[..., i, :, :] for i in range(3))
    top, low = rgb.max(-3), rgb.min(-3)
    same = top == low
    span = np.where(same, 1, top - low)
    rc, gc, bc = ((top - x) / span for x in (r, g, b))
    h = np.where(top == r, bc - gc, np.where(top == g, 2 + rc - bc, 4 + gc - rc))
    return (h / 6 + 1) % 1, (top - low) / np.where(same, 1, top), top


def _to_rgb(h: Any, s: Any, v: Any) -> Any:
    sector = np.floor(h * 6)
    f = h * 6 - sector
    p, q, t = (np.clip(v * x, 0, 1) for x in (1 - s, 1 - s * f, 1 - s * (1 - f)))
    which = sector.astype(np.int64) % 6
    return np.stack([np.choose(which, c) for c in ([v, q, p, p, t, v], [t, v, v, q, p, p], [p, p, t, v, v, q])], -3)


def adjust_gamma(img: Picture, gamma: float, gain: float = 1.0) -> Picture:
    """top · gain · (x / top)^gamma, top being the greatest value there is: 255, or 1.

    Raises:
        ValueError: a negative gamma.
    """
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    if check(img, "adjust_gamma"):
        mode = img.mode
        table = [int((255 + 1 - 1e-3) * gain * pow(e / 255.0, gamma)) for e in range(256)] * 3
        return img.convert("RGB").point(table).convert(mode)
    value = values(img, "adjust_gamma")
    if value.dtype.kind == "f":
        return wrap(np.clip(gain * value**gamma, 0, 1).astype(value.dtype))
    unit = values(convert_image_dtype(img), "adjust_gamma")
    return convert_image_dtype(wrap(np.clip(gain * unit**gamma, 0, 1).astype(np.float32)), value.dtype)


def to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """A Pillow image in black and white, with one channel or three equal ones."""
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    grey = img.convert("L")
    return grey if num_output_channels == 1 else pillow().merge("RGB", (grey, grey, grey))


def rgb_to_grayscale(img: Picture, num_output_channels: int = 1) -> Picture:
    """0.2989 R + 0.587 G + 0.114 B, in one channel or three equal ones."""
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    if check(img, "rgb_to_grayscale"):
        return to_grayscale(img, num_output_channels)
    grey = _grey(img)
    return wrap(np.repeat(grey, num_output_channels, -3))


def invert(img: Picture) -> Picture:
    """The negative."""
    if check(img, "invert"):
        from PIL import ImageOps

        return ImageOps.invert(img)
    value = values(img, "invert")
    return wrap((1 if value.dtype.kind == "f" else np.iinfo(value.dtype).max) - value)


def erase(img: Tensor, i: int, j: int, h: int, w: int, v: Tensor, inplace: bool = False) -> Tensor:
    """The rectangle from row i, column j, overwritten by `v`.

    Raises:
        TypeError: no tensor.
    """
    if not isinstance(img, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(img)}. Put ToTensor() before RandomErasing.")
    if not inplace:
        img = img.clone()
    img[..., i : i + h, j : j + w] = v
    return img


def gaussian_blur(img: Picture, kernel_size: Any, sigma: Any = None) -> Picture:
    """Convolve with a Gaussian; the picture is mirrored at its edges.

    Args:
        kernel_size: odd, one number or (width, height).
        sigma: the deviation in pixels, one or (x, y); by default 0.3·((k − 1)/2 − 1) + 0.8.

    Raises:
        ValueError: an even size, or a sigma that is not positive.
    """
    sizes = [kernel_size] * 2 if isinstance(kernel_size, int) else list(kernel_size) * (2 // len(kernel_size))
    if any(k % 2 == 0 or k < 0 for k in sizes):
        raise ValueError(f"kernel_size should have odd and positive integers. Got {sizes}")
    if sigma is None:
        sigma = [k * 0.15 + 0.35 for k in sizes]
    sigmas = [float(sigma)] * 2 if isinstance(sigma, int | float) else [float(s) for s in sigma] * (2 // len(sigma))
    if any(s <= 0 for s in sigmas):
        raise ValueError(f"sigma should have positive values. Got {sigmas}")
    if check(img, "gaussian_blur"):
        return to_pil_image(gaussian_blur(pil_to_tensor(img), sizes, sigmas), mode=img.mode)
    value = values(img, "gaussian_blur").astype(img.dtype if img.dtype.kind == "f" else np.float32)
    for axis, k, s in ((-1, sizes[0], sigmas[0]), (-2, sizes[1], sigmas[1])):
        t = np.linspace(-(k - 1) * 0.5, (k - 1) * 0.5, k, dtype=np.float32)
        weight = np.exp(-0.5 * (t / np.float32(s)) ** 2)
        widths = [(0, 0)] * value.ndim
        widths[axis] = (k // 2, k // 2)
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(value, widths, mode="reflect"), k, axis)
        value = windows @ (weight / weight.sum()).astype(value.dtype)
    return as_picture(value, img)
