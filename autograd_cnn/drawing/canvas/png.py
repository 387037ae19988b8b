"""The smallest PNG writer that serves: 8-bit palette or RGB pictures, so that figures need no imaging library.

Source: the PNG specification, third edition (W3C, 2025), sections 5 and 11.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def write_png(pixels: npt.NDArray[np.uint8], palette: Sequence[str] | None = None) -> bytes:
    """The file's bytes.

    Args:
        pixels: (H, W) indices into `palette` (`#rrggbb` each, at most 256), or (H, W, 3) red, green, blue.
    """
    height, width = pixels.shape[:2]
    kind = 3 if palette is not None else 2
    rows = np.ascontiguousarray(pixels, dtype=np.uint8).reshape(height, -1)
    raw = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1).tobytes()  # filter 0 before each row
    chunks = [_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0))]
    if palette is not None:
        chunks.append(_chunk(b"PLTE", bytes.fromhex("".join(c[1:] for c in palette))))
    level = 0 if len(raw) < 16_384 else 9  # stored bytes are the same under every zlib; only large pictures are worth packing
    chunks += [_chunk(b"IDAT", zlib.compress(raw, level)), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def paint(values: npt.NDArray[np.float64], low: float, high: float, ramp: Sequence[str]) -> bytes:
    """A matrix as a picture: `low` gets the first colour of the ramp, `high` the last; what is not finite stays mid-
    grey."""
    finite = np.isfinite(values)
    span = high - low
    t = (np.where(finite, values, low) - low) / span if span > 0 else np.full(values.shape, 0.5)
    last = (
        62 if low == -high else 63
    )  # some 64 steps are more than the eye tells apart in so small a tile; about 0 an odd number, one of them 0
    steps = np.rint(np.clip(t, 0, 1) * last).astype(np.int64)
    steps = np.where(finite, steps, 64)
    used, indices = np.unique(steps, return_inverse=True)
    palette = [ramp[round(i * 255 / last)] if i < 64 else "#9a9a9a" for i in used.tolist()]
    return write_png(indices.reshape(values.shape).astype(np.uint8), palette)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
