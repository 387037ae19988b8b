"""Strings and labels, as arrays of Python objects."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..dims import OnnxError
from ..needs import package
from .table import Node, Unsupported, bounded, operator


def _strings(n: Node, x: Any) -> Any:
    """An array of strings."""
    if x.dtype.kind not in "OUST":
        raise OnnxError(f"onnx: {n.operator}: expected strings, got {x.dtype}.")
    return x.astype(object)


def _objects(values: Sequence[Any], shape: Sequence[int]) -> Any:
    made = np.empty(len(values), object)
    made[:] = values
    return made.reshape(shape)


@operator("Equal", takes="arrays")
def _(n: Node, x: Any, y: Any) -> Any:
    if "O" not in (x.dtype.kind, y.dtype.kind):
        raise Unsupported
    return np.asarray(_strings(n, x) == _strings(n, y), np.bool_)


@operator("StringConcat", takes="arrays")
def _(n: Node, x: Any, y: Any) -> Any:
    x, y = np.broadcast_arrays(_strings(n, x), _strings(n, y))
    bounded(x.shape)
    return _objects([a + b for a, b in zip(x.ravel(), y.ravel(), strict=True)], x.shape)


@operator("StringSplit", takes="arrays")
def _(n: Node, x: Any) -> Any:
    by, most = n.get("delimiter") or None, n.get("maxsplit", -1)
    parts = [s.split(by, most) for s in _strings(n, x).ravel()]
    counts = np.array([len(p) for p in parts], np.int64).reshape(x.shape)
    width = int(counts.max(initial=0))
    bounded([*x.shape, width])
    return _objects([s for p in parts for s in p + [""] * (width - len(p))], [*x.shape, width]), counts


@operator("StringNormalizer", takes="arrays")
def _(n: Node, x: Any) -> Any:
    if x.ndim not in (1, 2) or (x.ndim == 2 and x.shape[0] != 1):
        raise OnnxError(f"onnx: StringNormalizer: expected strings of the shape (C) or (1, C), got {x.shape}.")
    changes: dict[str, Callable[[str], str]] = {"LOWER": str.lower, "UPPER": str.upper, "NONE": str}
    change = changes.get(n.get("case_change_action", "NONE"))
    if change is None:
        raise OnnxError(f"onnx: StringNormalizer: expected case_change_action LOWER, UPPER or NONE, got {n.get('case_change_action')!r}.")
    same = changes["NONE" if n.get("is_case_sensitive") else "LOWER"]
    gone = {same(s) for s in n.get("stopwords") or ()}
    kept = [change(s) for s in _strings(n, x).ravel() if same(s) not in gone] or [""]
    return _objects(kept, [1, -1] if x.ndim == 2 else [-1])


@operator("TfIdfVectorizer", takes="arrays")
def _(n: Node, x: Any) -> Any:
    counts, places = n.get("ngram_counts"), n.get("ngram_indexes")
    shortest, longest, skips, mode = (n.get(k) for k in ("min_gram_length", "max_gram_length", "max_skip_count", "mode"))
    pool = n.get("pool_strings") or n.get("pool_int64s") or []
    if x.ndim not in (1, 2) or not 1 <= shortest <= longest or skips < 0 or mode not in ("TF", "IDF", "TFIDF"):
        raise OnnxError(
            f"onnx: TfIdfVectorizer: expected rows of tokens, lengths from 1 and a mode that ONNX names, got shape {x.shape}, {shortest} to "
            f"{longest} and {mode!r}."
        )
    pooled = list(_pooled(pool, counts))
    grams = dict(zip(pooled, range(len(pooled)), strict=True))
    weights = n.get("weights") or [1.0] * len(places)
    if (
        min(places, default=0) < 0
        or not len(weights) == len(places) == len(pooled)
        or min(counts, default=0) < 0
        or sorted(counts) != counts
    ):
        raise OnnxError("onnx: TfIdfVectorizer: expected a place from 0 and a weight for each n-gram.")
    rows = x.reshape(1, -1) if x.ndim < 2 else x
    y = np.zeros(bounded([len(rows), max(places, default=-1) + 1]), np.float32)
    factor = np.ones(y.shape[1], np.float32)
    if mode != "TF":
        factor[places] = weights
    for row, tokens in zip(y, rows.tolist(), strict=True):
        for gram in _grams(tokens, range(shortest, min(longest, len(tokens)) + 1), skips):
            if gram in grams:
                row[places[grams[gram]]] += 1
    y = (np.minimum(y, 1) if mode == "IDF" else y) * factor
    return y[0] if x.ndim < 2 else y


def _pooled(pool: Sequence[Any], starts: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """The n-grams of the pool: from each start those of one length more."""
    for length, (a, b) in enumerate(itertools.pairwise([*starts, len(pool)]), 1):
        for k in range(a, min(b, len(pool)), length):
            yield tuple(pool[k : k + length])


def _grams(tokens: list[Any], lengths: range, skips: int) -> Iterator[tuple[Any, ...]]:
    """All n-grams of these lengths whose tokens stand evenly, with up to so many skipped between two; single tokens once."""
    for length in lengths:
        for step in range(1, min(skips, len(tokens)) + 2 if length > 1 else 2):
            for first in range(len(tokens) - (length - 1) * step):
                yield tuple(tokens[first : first + (length - 1) * step + 1 : step])


# ------------------------------------------------------------------------------------------------------------------- labels
@operator("ai.onnx.ml.LabelEncoder", takes="arrays")
def _(n: Node, x: Any) -> Any:
    keys, values = _listed(n, "keys"), _listed(n, "values")
    if keys is None or values is None or len(keys) != len(values):
        raise OnnxError("onnx: LabelEncoder: expected as many keys as values.")
    default = np.asarray(package("numpy_helper").to_array(n.get("default_tensor"))).ravel() if n.get("default_tensor") is not None else None
    if default is None:
        default = {
            "O": np.array([n.get("default_string", "_Unused")], object),
            "i": np.array([n.get("default_int64", -1)], values.dtype if values.dtype.kind == "i" else np.int64),
        }.get(values.dtype.kind, np.array([n.get("default_float", -0.0)], np.float32))
    known = {_key(k): v for k, v in zip(keys.tolist(), values, strict=True)}
    found = [known.get(_key(v), default[0]) for v in x.ravel().tolist()]
    return _objects(found, x.shape) if values.dtype.kind == "O" else np.array(found, values.dtype).reshape(x.shape)


def _listed(n: Node, what: str) -> Any:
    for kind, dtype in (("strings", object), ("int64s", np.int64), ("floats", np.float32)):
        if n.get(f"{what}_{kind}"):
            return np.array(n.get(f"{what}_{kind}"), dtype)
    given = n.get(f"{what}_tensor")
    if given is None:
        return None
    array = np.asarray(package("numpy_helper").to_array(given)).ravel()
    return array.astype(object) if array.dtype.kind in "OUST" else array


def _key(v: Any) -> Any:
    return "nan of floats" if isinstance(v, float) and v != v else v.decode() if isinstance(v, bytes) else v
