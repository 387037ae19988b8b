"""Windows that slide: a convolution, its transpose or a pooling as a lecture's example, one window a frame."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...analysis.windows import Along
from ...errors import ShapeError, nearest
from ..view.arrays import Array, array_of

MODES = ("valid", "same", "full", "causal")
POOLINGS = {"max": "max", "average": "average", "avg": "average", "sum": "sum"}  # what a kind is called: what it is
MOST_CELLS = 1200  # of a grid
MOST_FRAMES = 400

Index = tuple[int, ...]
NONE: Array = np.zeros(0)  # no numbers: the windows are only counted


@dataclass(frozen=True, slots=True)
class Sliding:
    """An example of windows over one or two dimensions.

    `along` describes the windows over the input, of a transposed convolution those over the output. `x` (C, *S) and
    `w` (O, C, *K) are the numbers, if there are any (empty else); `w` is as it slides, so turned around for a flipped kernel.
    """

    kind: str  # "conv" | "transposed" | "max" | "average" | "sum"
    along: tuple[Along, ...]
    inputs: Index  # spatial sizes of the input
    outputs: Index
    channels: int
    maps: int  # output channels
    x: Array = field(default_factory=lambda: NONE)
    w: Array = field(default_factory=lambda: NONE)
    flipped: bool = False
    count_padding: bool = True  # does an average count the zeros of the padding?
    extra: Index = ()  # a transposed convolution's output padding
    rounds: bool = False  # is the size ⌈I / S⌉ by its mode, whether or not the windows end where the input ends?

    @property
    def fits(self) -> bool:
        return self.kind == "transposed" or self.rounds or all(a.fits or a.ceil for a in self.along)

    @property
    def pools(self) -> bool:
        """Is this a pooling, which works on each channel by itself and has no kernel?"""
        return self.kind in POOLINGS

    @property
    def steps(self) -> Index:
        """How many windows there are along each dimension."""
        return self.inputs if self.kind == "transposed" else tuple(a.count for a in self.along)

    def frames(self) -> list[tuple[int, Index]]:
        """Every window in reading order, as (output channel, place); at last the one that hangs over the edge, if the
        windows do not fit."""
        maps = range(1 if self.pools else self.maps)
        found = [(o, at) for o in maps for at in itertools.product(*map(range, self.steps))]
        if not self.fits:
            last = [a.count - 1 for a in self.along]
            over = max(d for d, a in enumerate(self.along) if not a.fits)
            last[over] += 1
            found.append((0, tuple(last)))
        return found

    def hangs(self, at: Index) -> bool:
        """Is this the window that does not fit?"""
        return not self.fits and any(i >= n for i, n in zip(at, self.steps, strict=True))

    def taps(self, at: Index) -> list[Index]:
        """The places under the window, in the kernel's order, also beyond the edges."""
        return list(itertools.product(*(a.taps(i) for a, i in zip(self.along, at, strict=True))))

    def read(self, channel: int, place: Index) -> float:
        """A number of the input; zero, or nothing at all for a maximum, beyond the edges."""
        if all(0 <= p < n for p, n in zip(place, self.inputs, strict=True)):
            return float(self.x[(channel, *place)])
        return -np.inf if self.kind == "max" else 0.0

    # ------------------------------------------------------------------------------------------------- results
    def counted(self, at: Index) -> int:
        """By how many an average is divided."""
        inside = 1
        for a, i in zip(self.along, at, strict=True):
            edge = (-a.before, a.size + a.after) if self.count_padding else (0, a.size)
            inside *= sum(edge[0] <= t < edge[1] for t in a.taps(i))
        return inside

    def result(self, o: int, at: Index) -> float:
        """The output of one window: of channel `o` for a pooling, of map `o` for a convolution."""
        taps = self.taps(at)
        if self.kind == "max":
            return max(self.read(o, t) for t in taps)
        if self.pools:
            return sum(self.read(o, t) for t in taps) / (self.counted(at) if self.kind == "average" else 1)
        weights = self.w[o].reshape(self.channels, -1)
        return float(sum(weights[c, k] * self.read(c, t) for c in range(self.channels) for k, t in enumerate(taps)))

    def output(self, until: int) -> dict[tuple[int, Index], float]:
        """The numbers of the output after so many frames, by (map, place)."""
        done: dict[tuple[int, Index], float] = {}
        if not self.x.size:
            return done
        for o, at in self.frames()[:until]:
            if self.hangs(at):
                continue
            if self.pools:
                done.update({(c, at): self.result(c, at) for c in range(self.channels)})
            elif self.kind == "conv":
                done[o, at] = self.result(o, at)
            elif self.kind == "transposed":
                weights = self.w[o].reshape(self.channels, -1)
                for k, t in enumerate(self.taps(at)):
                    if all(0 <= p < n for p, n in zip(t, self.outputs, strict=True)):
                        share = sum(weights[c, k] * self.x[(c, *at)] for c in range(self.channels))
                        done[o, t] = done.get((o, t), 0.0) + float(share)
        return done


# ------------------------------------------------------------------------------------------------------- what is given
@dataclass(slots=True)
class _Given:
    """An input or a kernel as it was given: sizes alone, or numbers."""

    sizes: Index
    data: Array

    @staticmethod
    def of(x: Any, name: str, what: str) -> _Given:
        if isinstance(x, (int, np.integer)) and not isinstance(x, bool):
            return _Given((int(x), int(x)), NONE)
        if isinstance(x, tuple) and x and all(isinstance(n, (int, np.integer)) for n in x):
            return _Given(tuple(int(n) for n in x), NONE)
        data = array_of(x, what)
        if not data.ndim or not data.size:
            raise ShapeError(f"draw.{what}: expected {name} to be a size, a tuple of sizes or an array, got shape {data.shape}.")
        return _Given(data.shape, data)


def convolution_example(
    input: Any,
    kernel: Any,
    stride: int | Sequence[int],
    padding: Any,
    dilation: int | Sequence[int],
    mode: str | None,
    flip: bool,
    transposed: bool,
    output_padding: int | Sequence[int],
) -> Sliding:
    """The example that a call of `draw.convolution` means."""
    what = "convolution"
    x, w = _Given.of(input, "the input", what), _Given.of(kernel, "the kernel", what)
    dims = _dims(x, w)
    channels, maps, size, reach = _parted(x, w, dims, transposed)
    strides, apart = _steps(stride, dims, "stride", what, 1), _steps(dilation, dims, "dilation", what, 1)
    sides = _sides(padding, mode, size, reach, strides, apart, transposed)
    extra = _steps(output_padding, dims, "output_padding", what, 0)
    if transposed:
        along, out = _transposed(size, reach, strides, sides, apart, extra)
    else:
        if any(extra):
            raise ValueError("draw.convolution: output_padding belongs to a transposed convolution; give transposed=True with it.")
        columns = zip(size, reach, strides, sides, apart, strict=True)
        along = tuple(Along(n, k, s, *p, d) for n, k, s, p, d in columns)
        out = tuple(a.count for a in along)
    both = x.data.size and w.data.size  # one without the other gives no results
    data = w.data.reshape(maps, channels, *reach) if both else NONE
    if both and flip:
        data = np.flip(data, tuple(range(2, 2 + dims)))
    numbers = x.data.reshape(channels, *size) if both else NONE
    kind = "transposed" if transposed else "conv"
    rounds = (padding if isinstance(padding, str) else mode) in ("same", "causal")
    return _checked(Sliding(kind, along, size, out, channels, maps, numbers, data, flip, extra=extra, rounds=rounds), what)


def pooling_example(
    input: Any,
    kernel: int | Sequence[int],
    stride: int | Sequence[int] | None,
    padding: int | Sequence[int],
    dilation: int | Sequence[int],
    kind: str,
    ceil_mode: bool,
    count_include_pad: bool,
) -> Sliding:
    """The example that a call of `draw.pooling` means."""
    what = "pooling"
    if kind not in POOLINGS:
        raise ValueError(f"draw.pooling: expected kind to be 'max', 'average' or 'sum', got {kind!r}.{nearest(str(kind), POOLINGS)}")
    x = _Given.of(input, "the input", what)
    if len(x.sizes) > 3:
        raise ShapeError(f"draw.pooling: expected an input of shape (S,), (H, W) or (C, H, W), got {x.sizes}.")
    given = (kernel,) if isinstance(kernel, (int, np.integer)) else tuple(kernel)
    dims = 2 if len(x.sizes) == 3 else len(x.sizes)
    if len(given) == 1 and len(x.sizes) == 2 and not isinstance(kernel, (int, np.integer)):
        dims = 1  # a kernel (k,) over an input (C, L)
    reach = _steps(given if len(given) > 1 else given[0], dims, "kernel", what, 1)
    strides = _steps(reach if stride is None else stride, dims, "stride", what, 1)
    sides, apart = _steps(padding, dims, "padding", what, 0), _steps(dilation, dims, "dilation", what, 1)
    size = x.sizes[-dims:]
    for k, p, d in zip(reach, sides, apart, strict=True):
        if p > (d * (k - 1) + 1) // 2:
            raise ShapeError(f"draw.pooling: expected a padding of at most half the window ({(d * (k - 1) + 1) // 2}), got {p}.")
    columns = zip(size, reach, strides, sides, apart, strict=True)
    along = tuple(Along(n, k, s, p, p, d, ceil_mode) for n, k, s, p, d in columns)
    channels = x.sizes[0] if len(x.sizes) > dims else 1
    numbers = x.data.reshape(channels, *size) if x.data.size else NONE
    out = tuple(a.count for a in along)
    return _checked(Sliding(POOLINGS[kind], along, size, out, channels, channels, numbers, count_padding=count_include_pad), what)


def _dims(x: _Given, w: _Given) -> int:
    """One or two dimensions: (S,) or (C, S) with a kernel of as many, (H, W) or (C, H, W)."""
    a, b = len(x.sizes), len(w.sizes)
    shapes = {(1, 1): 1, (2, 3): 1, (2, 2): 2, (3, 3): 2, (3, 4): 2}
    if (a, b) not in shapes:
        raise ShapeError(
            "draw.convolution: expected an input (H, W) with a kernel (KH, KW), (C, H, W) with (C, KH, KW) or (O, C, KH, KW), (L,) "
            f"with (K,), or (C, L) with (O, C, K), got an input {x.sizes} and a kernel {w.sizes}."
        )
    return shapes[a, b]


def _parted(x: _Given, w: _Given, dims: int, transposed: bool) -> tuple[int, int, Index, Index]:
    """(channels, maps, sizes of the input, sizes of the kernel)"""
    channels = x.sizes[0] if len(x.sizes) > dims else 1
    maps = w.sizes[0] if len(w.sizes) == dims + 2 else 1
    deep = w.sizes[-dims - 1] if len(w.sizes) > dims else 1
    if transposed and maps > 1:
        raise ShapeError("draw.convolution: expected a kernel (C, KH, KW) of one output channel for transposed=True, got several.")
    if deep != channels:
        raise ShapeError(f"draw.convolution: expected a kernel of {channels} channels, as the input has, got {deep} (shape {w.sizes}).")
    return channels, maps, x.sizes[-dims:], w.sizes[-dims:]


def _steps(given: Any, dims: int, name: str, what: str, least: int) -> Index:
    values = tuple(given) if isinstance(given, Iterable) else (given,) * dims
    if len(values) == 1:
        values *= dims
    if len(values) != dims or any(isinstance(v, bool) or not isinstance(v, (int, np.integer)) or v < least for v in values):
        many = "one whole number" if dims == 1 else f"one whole number or {dims} of them"
        raise ValueError(f"draw.{what}: expected {name} to be {many}, each at least {least}, got {given!r}.")
    return tuple(int(v) for v in values)


def _sides(
    padding: Any, mode: str | None, size: Index, reach: Index, strides: Index, apart: Index, transposed: bool
) -> list[tuple[int, int]]:
    """The padding before and after along each dimension, as numbers give it or a mode."""
    what, dims = "draw.convolution", len(size)
    if isinstance(padding, str):
        padding, mode = 0, padding
    if mode is None:
        if isinstance(padding, (tuple, list)) and any(isinstance(p, (tuple, list)) for p in padding):
            if len(padding) != dims:
                raise ValueError(f"{what}: expected padding to be {dims} pairs (before, after), got {padding!r}.")
            return [tuple(_steps(p, 2, "padding", "convolution", 0)) for p in padding]  # type: ignore[misc]
        return [(p, p) for p in _steps(padding, dims, "padding", "convolution", 0)]
    if mode not in MODES:
        raise ValueError(f"{what}: expected mode to be one of {', '.join(MODES)}, got {mode!r}.{nearest(str(mode), MODES)}")
    if transposed:
        raise ValueError(f"{what}: mode={mode!r} does not go with transposed=True. Give padding as numbers.")
    if np.any(padding):
        raise ValueError(f"{what}: mode={mode!r} sets the padding itself, and padding={padding!r} came too. Give one of the two.")
    if mode == "causal" and dims > 1:
        raise ValueError(f"{what}: mode='causal' is for signals (L,), whose entries follow each other in time, got {dims} dimensions.")
    found = []
    for n, k, s, d in zip(size, reach, strides, apart, strict=True):
        rim = d * (k - 1)  # how far a window reaches beyond its first tap
        whole = max(0, (-(-n // s) - 1) * s + rim + 1 - n)  # what ⌈n / s⌉ windows need, the larger half at the end, as TensorFlow pads
        found.append({"valid": (0, 0), "same": (whole // 2, whole - whole // 2), "full": (rim, rim), "causal": (rim, 0)}[mode])
    return found


def _transposed(
    size: Index, reach: Index, strides: Index, sides: Sequence[tuple[int, int]], apart: Index, extra: Index
) -> tuple[Any, Index]:
    """The windows over the output of a transposed convolution: P = (I − 1)·S + D(F − 1) + 1 − padding + extra."""
    along, out = [], []
    for n, k, s, (before, after), d, e in zip(size, reach, strides, sides, apart, extra, strict=True):
        if e >= max(s, d):
            raise ValueError(f"draw.convolution: expected output_padding to be smaller than stride or dilation, got {e} with stride {s}.")
        length = (n - 1) * s + d * (k - 1) + 1 - before - after + e
        if length < 1:
            raise ShapeError(f"draw.convolution: padding {before} leaves nothing of the output. Use less padding.")
        along.append(Along(length, k, s, before, after, d))
        out.append(length)
    return tuple(along), tuple(out)


def _checked(s: Sliding, what: str) -> Sliding:
    for a in s.along:
        if s.kind != "transposed" and a.room < 0:
            p = replace(a, before=0, after=0).repaired()
            mend = f"padding={p.before}" if p.before == p.after else f"padding=(({p.before}, {p.after}), …)"
            raise ShapeError(
                f"draw.{what}: a window of {a.span} does not fit an input of {a.size} with padding {a.before} + {a.after}. Use {mend} "
                "or more, or a smaller kernel."
            )
    grids = max(int(np.prod([a.size + a.before + a.after for a in s.along])), int(np.prod(s.outputs)))
    if grids > MOST_CELLS or len(s.frames()) > MOST_FRAMES:
        raise ValueError(
            f"draw.{what}: an input of {'×'.join(map(str, s.inputs))} makes {len(s.frames())} windows over {grids} cells; at most "
            f"{MOST_FRAMES} windows over {MOST_CELLS} cells can be drawn. Use a smaller input, or a larger stride."
        )
    return s
