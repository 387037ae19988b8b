"""Losses, place by place."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .entries import sigmoid
from .table import ORACLES, oracle


def reduced(losses: Any, reduction: str) -> Any:
    flat = [float(v) for v in np.asarray(losses).reshape(-1)]
    total = math.fsum(flat)
    return np.asarray(losses) if reduction == "none" else np.asarray(total if reduction == "sum" else total / len(flat))


def _bounded_log(x: float) -> float:
    """Not below −100, as PyTorch's loss has it."""
    return max(math.log(x), -100.0) if x > 0 else -100.0


def loss(name: str, fn: Callable[..., float]) -> None:
    def run(x: Any, t: Any, *more: Any, reduction: str, **params: Any) -> Any:
        x, t, *rest = np.broadcast_arrays(x, t, *(m for m in more if m is not None))
        each = np.zeros(x.shape)
        for at in np.ndindex(*x.shape):
            each[at] = fn(float(x[at]), float(t[at]), *(float(r[at]) for r in rest), **params)
        return reduced(each, reduction)

    ORACLES[name] = run


loss("mse_loss", lambda x, t: (x - t) ** 2)
loss("l1_loss", lambda x, t: abs(x - t))
loss("smooth_l1_loss", lambda x, t, beta: 0.5 * (x - t) ** 2 / beta if abs(x - t) < beta else abs(x - t) - 0.5 * beta)
loss("huber_loss", lambda x, t, delta: 0.5 * (x - t) ** 2 if abs(x - t) <= delta else delta * (abs(x - t) - 0.5 * delta))
loss("binary_cross_entropy", lambda x, t: -(t * _bounded_log(x) + (1 - t) * _bounded_log(1 - x)))
loss("binary_cross_entropy_with_logits", lambda x, t, w=1.0: -(w * t * math.log(sigmoid(x)) + (1 - t) * math.log(1 - sigmoid(x))))
loss("soft_margin_loss", lambda x, t: math.log(1 + math.exp(-t * x)))


def _classes_last(x: Any) -> Any:
    return x if x.ndim == 1 else np.moveaxis(x, 1, -1)


@oracle("nll_loss")
def _(x: Any, t: Any, w: Any, ignore_index: int, reduction: str) -> Any:
    rows, each, weights = _classes_last(x), np.zeros(t.shape), np.zeros(t.shape)
    for at in np.ndindex(*t.shape):
        k = int(t[at])
        if k != ignore_index:
            weights[at] = 1.0 if w is None else w[k]
            each[at] = -weights[at] * rows[at][k]
    if reduction == "none":
        return each
    return np.asarray(each.sum() if reduction == "sum" else each.sum() / weights.sum())


@oracle("cross_entropy")
def _(x: Any, t: Any, w: Any, ignore_index: int, reduction: str, label_smoothing: float) -> Any:
    rows = _classes_last(x)
    logp = rows - np.log(np.exp(rows).sum(-1, keepdims=True))
    c = rows.shape[-1]
    w = np.ones(c) if w is None else w
    if t.dtype.kind == "f":
        soft = _classes_last(t) * (1 - label_smoothing) + label_smoothing / c
        each = -(w * soft * logp).sum(-1)
        return each if reduction == "none" else np.asarray(each.sum() if reduction == "sum" else each.sum() / max(each.size, 1))
    each, weights = np.zeros(t.shape), np.zeros(t.shape)
    for at in np.ndindex(*t.shape):
        k = int(t[at])
        if k == ignore_index:
            continue
        weights[at] = w[k]
        each[at] = -(1 - label_smoothing) * w[k] * logp[at][k] - label_smoothing / c * float((w * logp[at]).sum())
    if reduction == "none":
        return each
    return np.asarray(each.sum() if reduction == "sum" else each.sum() / weights.sum())


def _class_shares(logits: Any, k: int, w: Any, smoothing: float) -> Any:
    """dL/d logits of one place of class k: Σ_c a_c (p − δ_c) with a_c = (1 − ε) w_k [c = k] + ε/C w_c."""
    p = [math.exp(v) / math.fsum(math.exp(u) for u in logits) for v in logits]
    each = [(1 - smoothing) * w[k] * (c == k) + smoothing / len(p) * w[c] for c in range(len(p))]
    return [math.fsum(a * (p[j] - (c == j)) for c, a in enumerate(each)) for j in range(len(p))]


def _class_adjoint(g: Any, rows: Any, t: Any, w: Any, ignore_index: int, reduction: str, share: Callable[[Any, int], Any]) -> Any:
    """Each place's share of the gradient times what arrives there; rows have their classes last."""
    counted = math.fsum(float(w[int(k)]) for k in t.reshape(-1) if k != ignore_index)
    y = np.zeros(rows.shape)
    for at in np.ndindex(*t.shape):
        if t[at] != ignore_index:
            arrives = float(g[at] if reduction == "none" else g) / (counted if reduction == "mean" else 1)
            for c, v in share(rows[at], int(t[at])).items():
                y[(*at, c)] = arrives * v
    return y if rows.ndim == 1 else np.moveaxis(y, -1, 1)


@oracle("cross_entropy adjoint")
def _(g: Any, x: Any, t: Any, w: Any, ignore_index: int, reduction: str, label_smoothing: float) -> Any:
    rows = _classes_last(x)
    w = np.ones(rows.shape[-1]) if w is None else w
    return _class_adjoint(g, rows, t, w, ignore_index, reduction, lambda row, k: dict(enumerate(_class_shares(row, k, w, label_smoothing))))


@oracle("nll_loss adjoint")
def _(g: Any, t: Any, w: Any, shape: Any, ignore_index: int, reduction: str) -> Any:
    rows = _classes_last(np.zeros(shape))
    w = np.ones(rows.shape[-1]) if w is None else w
    return _class_adjoint(g, rows, t, w, ignore_index, reduction, lambda row, k: {k: -float(w[k])})
