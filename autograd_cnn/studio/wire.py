"""Messages between page and server: a JSON head, and bytes behind it.

    4 bytes: length of the head · the head · zeros up to a multiple of four · the data

Maps travel as bytes, 0 … 255 from the least to the greatest of their stage, which the head tells; pictures as float32.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
LARGEST = 16 * 1024 * 1024  # bytes of a message that a page may send


def pack(head: dict[str, Any], *blobs: bytes) -> bytes:
    """One message.

    >>> unpack(pack({"kind": "said"}, b"abc"))
    ({'kind': 'said'}, b'abc')
    """
    text = json.dumps(head, separators=(",", ":"), allow_nan=False).encode()
    return b"".join((len(text).to_bytes(4, "little"), text, b"\0" * (-len(text) % 4), *blobs))


def unpack(message: bytes) -> tuple[dict[str, Any], bytes]:
    """The head and the data of a message.

    Raises:
        ValueError: it is none.
    """
    size = int.from_bytes(message[:4], "little")
    if len(message) < 4 + size:
        raise ValueError("expected a message whose head is as long as it says, got a shorter one.")
    try:
        head = json.loads(message[4 : 4 + size])
    except (ValueError, RecursionError):
        head = None
    if not isinstance(head, dict):
        raise ValueError("expected a JSON object as the head of a message, got something else.")
    return head, message[4 + size + -size % 4 :]


def picture_of(data: bytes, size: tuple[int, int, int]) -> Array:
    """The picture (channels, rows, columns) of 0 … 1 that a page sent.

    Raises:
        ValueError: another size, or numbers that are no brightness.
    """
    count = size[0] * size[1] * size[2]
    if len(data) != 4 * count:
        raise ValueError(f"expected a picture of {count} float32 numbers, got {len(data)} bytes.")
    picture = np.frombuffer(data, "<f4").reshape(size)
    if not np.isfinite(picture).all() or picture.min() < 0 or picture.max() > 1:
        raise ValueError("expected a picture of numbers from 0 to 1, got others.")
    return picture


def as_bytes(maps: Sequence[Array], diverging: bool = False) -> tuple[list[list[float]], list[bytes]]:
    """The least and the greatest of each stage, and its maps in 256 steps between them. `diverging`: zero is in the middle.

    Numbers that are not finite count as the least; how many they are stands in third place.

    >>> import numpy as np
    >>> as_bytes([np.array([0.0, 1.0])])
    ([[0.0, 1.0, 0]], [b'\\x00\\xff'])
    """
    ends, blobs = [], []
    for x in maps:
        fine = np.isfinite(x)
        bad = int(x.size - fine.sum())
        known = x[fine] if bad else x
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
        if diverging:
            high = max(abs(low), abs(high))
            low = -high
        scale = 255.0 / (high - low) if high > low else 0.0
        with np.errstate(all="ignore"):
            steps = (np.where(fine, x, low) - low) * scale if scale else np.full(x.shape, 127.5 if diverging else 0.0)
        ends.append([low, high, bad])
        blobs.append(np.rint(steps).astype(np.uint8).tobytes())
    return ends, blobs
