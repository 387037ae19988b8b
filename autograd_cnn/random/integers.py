"""Whole numbers: a range, a dtype's whole range, a permutation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.random.words import CHUNK, FEW, Words, chunks

_WIDE = 1 << 28  # from this span on a draw takes 64 bits
_ALL = (1 << 64) - 1
_SORTED = 4096  # from this length on the vectorised permutation beats the plain loop
HUGE = ((1 << 32) - 1) // 20  # from this length on PyTorch permutes by another algorithm


def fill_range(words: Words, flat: NDArray[Any], low: int, span: int) -> None:
    """flat = low + draw mod span, for 1 <= span < 2^64; for span 2^64 the draw itself, read as an int64."""
    if flat.size <= FEW and span < _WIDE and flat.dtype.kind != "f":  # Python would round twice on the way to float32
        for i in range(flat.size):
            flat[i] = low + words.word() % span
        return
    for part in chunks(flat):
        count = part.size
        if span < _WIDE:
            values = remainder(words.u32(count), span).astype(np.int64)
            values += low
        else:
            draw = words.u64(count)
            if span <= _ALL:
                draw %= np.uint64(span)
                draw += np.uint64(low & _ALL)  # modulo 2^64: two's complement
            values = draw.view(np.int64)
        part[...] = values.astype(part.dtype, copy=False)


def remainder(words: NDArray[np.uint32], span: int) -> NDArray[np.uint32]:
    """words mod span, in place: four times faster as a floor division, which NumPy vectorises."""
    divisor = np.array(span, np.uint32)
    whole = words // divisor
    whole *= divisor
    words -= whole
    return words


def fill_all(words: Words, flat: NDArray[Any]) -> None:
    """flat = any non-negative integer of an integer dtype, 0 … 2^digits of a floating one, either of the booleans."""
    dtype = flat.dtype
    if dtype.kind == "b":
        span = 2
    elif dtype.kind == "f":
        span = (1 << (np.finfo(dtype).nmant + 1)) + 1
    else:
        span = int(np.iinfo(dtype).max) + 1
    wide = dtype in (np.int64, np.float64)
    for part in chunks(flat):
        draw = words.u64(part.size) if wide else words.u32(part.size).astype(np.uint64)
        draw %= np.uint64(span)
        part[...] = draw.astype(dtype)


def permutation(words: Words, n: int) -> NDArray[np.int64]:
    """0 … n - 1 in random order: step i swaps element i with element i + word mod (n - i)."""
    if n < 2:
        return np.arange(n, dtype=np.int64)
    if n >= HUGE:
        return inside_out(words, n)
    target = words.u32(n - 1)
    target %= np.arange(n, 1, -1, dtype=np.uint32)
    target += np.arange(n - 1, dtype=np.uint32)
    return _swap_by_sorting(target) if n >= _SORTED else _swap(target)


def _swap(target: NDArray[np.uint32]) -> NDArray[np.int64]:
    order = list(range(target.size + 1))
    for step, other in enumerate(target.tolist()):
        value = order[other]
        order[other] = order[step]
        order[step] = value
    return np.array(order, np.int64)


def _swap_by_sorting(target: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The same swaps without a loop.

    Position p holds, before step i, what the last earlier step that targeted p put there: its own element at that
    time; or p, if no step did. So a step's own element is found by following, from step to step, who targeted its
    position last, until a position that nobody had targeted: all these chains are followed at once, by doubling.
    """
    n = target.size + 1
    key = target.astype(np.int64)
    key <<= 32
    key |= np.arange(n - 1)
    key.sort()  # by target, then by step
    position, step = (key >> 32).astype(np.int32), (key & 0xFFFFFFFF).astype(np.int32)
    first = np.concatenate(([True], position[1:] != position[:-1]))
    before = np.where(first, np.int32(-1), np.roll(step, 1))  # the previous step with the same target

    last = np.roll(first, -1)
    place, source = position[last], step[last]
    source = np.where(source < place, source, before[last])  # a step may target itself: then the one before it
    found = source >= 0
    root = np.arange(n, dtype=np.int32)
    root[place[found]] = source[found]
    while True:
        further = root[root]
        if np.array_equal(further, root):
            break
        root = further

    order = np.empty(n, np.int64)
    order[step] = np.where(before >= 0, root[before], position)
    order[n - 1] = root[n - 1]
    return order


def inside_out(words: Words, n: int) -> NDArray[np.int64]:
    """The permutation of very long ranges: element i changes places with element draw mod (i + 1), of 64 bits."""
    order = np.arange(n, dtype=np.int64)
    view = memoryview(order.data)
    for start in range(0, n, CHUNK):
        draw = words.u64(min(CHUNK, n - start))
        draw %= np.arange(start + 1, start + draw.size + 1, dtype=np.uint64)
        for i, place in enumerate(draw.tolist(), start):
            view[i] = view[place]
            view[place] = i
    return order
