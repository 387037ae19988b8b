"""How tensors print: as PyTorch prints them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..types.promotion import get_default_dtype

_options: dict[str, Any] = {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "sci_mode": None}


def set_printoptions(
    precision: int | None = None,
    threshold: int | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """How tensors print: digits after the point, entries before the middle is left out, entries at the ends, line width,
    scientific notation. `profile` is "default", "short" or "full"; any other, as in PyTorch, changes nothing, and a warning says so."""
    profiles: dict[str, dict[str, Any]] = {
        "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
        "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
        "full": {"precision": 4, "threshold": float("inf"), "edgeitems": 3, "linewidth": 80},
    }
    if profile is not None:
        if profile not in profiles:
            warnings.warn(
                f"set_printoptions: expected profile 'default', 'short' or 'full', got {profile!r}, which is left out.", stacklevel=2
            )
        _options.update(profiles.get(profile, {}))
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    _options.update({k: v for k, v in given.items() if v is not None})
    _options["sci_mode"] = sci_mode


class _Format:
    """One format for all entries of a tensor: enough digits, one width."""

    def __init__(self, entries: Any) -> None:
        self.kind = entries.dtype.kind
        self.sci = self.whole = False
        self.width = 1
        if self.kind != "f":
            self.width = max([len(str(v)) for v in entries.tolist()] or [1])
            return
        good = entries[np.isfinite(entries) & (entries != 0)].astype(np.float64)
        self.whole = bool((good == np.ceil(good)).all())
        if not good.size:  # zeros, inf and nan alone decide nothing
            return
        size = np.abs(good)
        top, low = float(size.max()), float(size.min())
        forced = _options["sci_mode"]
        self.sci = (top / low > 1000.0 or top > 1.0e8 or low < 1.0e-4) if forced is None else forced
        self.width = max(len(self(v)) for v in good.tolist())

    def __call__(self, v: Any) -> str:
        if self.kind != "f":
            return str(v).rjust(self.width)
        if not np.isfinite(v):
            return str(float(v)).rjust(self.width)
        if self.sci:
            return f"{v:.{_options['precision']}e}".rjust(self.width)
        if self.whole:
            return f"{v:.0f}.".rjust(self.width)
        return f"{v:.{_options['precision']}f}".rjust(self.width)


def _shown(a: Any) -> Any:
    """The entries that will be printed."""
    edge = _options["edgeitems"]
    if a.size <= _options["threshold"]:
        return a
    for d in range(a.ndim):
        if a.shape[d] > 2 * edge:
            a = np.concatenate([np.take(a, range(edge), d), np.take(a, range(a.shape[d] - edge, a.shape[d]), d)], d)
    return a


def _vector(a: Any, fmt: _Format, indent: int, shorten: bool) -> str:
    edge = _options["edgeitems"]
    per_line = max(1, (_options["linewidth"] - indent) // (fmt.width + 2))
    if shorten and len(a) > 2 * edge:
        items = [fmt(v) for v in a[:edge].tolist()] + [" ..."] + [fmt(v) for v in a[-edge:].tolist()]
    else:
        items = [fmt(v) for v in a.tolist()]
    lines = [", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _block(a: Any, fmt: _Format, indent: int, shorten: bool) -> str:
    if a.ndim == 0:
        return fmt(a.item())
    if a.ndim == 1:
        return _vector(a, fmt, indent, shorten)
    edge = _options["edgeitems"]
    if shorten and len(a) > 2 * edge:
        parts = [_block(r, fmt, indent + 1, shorten) for r in a[:edge]] + ["..."] + [_block(r, fmt, indent + 1, shorten) for r in a[-edge:]]
    else:
        parts = [_block(r, fmt, indent + 1, shorten) for r in a]
    gap: str = "," + "\n" * (a.ndim - 1) + " " * (indent + 1)
    return "[" + gap.join(parts) + "]"


def text(x: Any) -> str:
    """`tensor([...], dtype=…, grad_fn=<…>)`."""
    a = np.asarray(x.value)
    suffix = []
    if not a.size:
        body = "[]"
        if a.ndim != 1:
            suffix.append(f"size={tuple(a.shape)}")
    else:
        fmt = _Format(np.asarray(_shown(a)).reshape(-1))
        body = _block(a, fmt, len("tensor("), a.size > _options["threshold"])
    if a.dtype not in (get_default_dtype(), np.int64, np.bool_) or (not a.size and a.dtype != get_default_dtype()):
        suffix.append(f"dtype=torch.{a.dtype.name}")
    if x.grad_fn is not None:
        suffix.append(f"grad_fn=<{x.grad_fn.name}>")
    elif x.requires_grad:
        suffix.append("requires_grad=True")
    return _with_suffixes(f"tensor({body}", suffix) + ")"


def _with_suffixes(text: str, suffixes: list[str]) -> str:
    """What follows the entries, on a new line where the last one would get too long."""
    last = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if last + len(suffix) + 2 > _options["linewidth"]:
            text += ",\n" + " " * len("tensor(") + suffix
            last = len("tensor(") + len(suffix)
        else:
            text += ", " + suffix
            last += len(suffix) + 2
    return text
