"""Trees of decisions, many rows at once: each row stands at a node, and all go one branch further together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..dims import OnnxError
from ..needs import package
from .table import Node, Unsupported, bounded, operator

_MEMBER = 6
_COMPARED: dict[int, Callable[[Any, Any], Any]] = {
    0: np.less_equal,
    1: np.less,
    2: np.greater_equal,
    3: np.greater,
    4: np.equal,
    5: np.not_equal,
}
_JOINED: dict[int, Any] = {0: np.add, 1: np.add, 2: np.minimum, 3: np.maximum}


class _Trees:
    """The attributes of a node, checked: what points somewhere points inside."""

    def __init__(self, n: Node, features: int) -> None:
        to_array = package("numpy_helper").to_array
        self.modes = np.asarray(to_array(n.get("nodes_modes"))).ravel().astype(np.int64)
        self.splits = np.asarray(to_array(n.get("nodes_splits"))).ravel()
        self.weights = np.asarray(to_array(n.get("leaf_weights"))).ravel()
        self.targets = np.array(n.get("leaf_targetids"), np.int64)
        self.features = np.array(n.get("nodes_featureids"), np.int64)
        self.roots = np.array(n.get("tree_roots"), np.int64)
        count, leaves = len(self.modes), len(self.weights)
        self.next = np.array([n.get("nodes_falsenodeids"), n.get("nodes_truenodeids")], np.int64)
        self.leaf = np.array([n.get("nodes_falseleafs"), n.get("nodes_trueleafs")], bool)
        self.missing = np.array(n.get("nodes_missing_value_tracks_true") or [0] * count, bool)
        self.count = n.get("n_targets", 1)
        sizes = {count, len(self.splits), len(self.features), len(self.missing), self.next.shape[1], self.leaf.shape[1]}
        ends = np.where(self.leaf, leaves, count)
        inside = len(self.targets) == leaves and ((self.next >= 0) & (self.next < ends)).all() if len(sizes) == 1 else False
        known = bool(np.isin(self.modes, [*_COMPARED, _MEMBER]).all())
        if not inside or not known or not (_in(self.features, features) and _in(self.roots, count) and _in(self.targets, self.count)):
            raise OnnxError("onnx: TreeEnsemble: expected nodes, leaves, features and targets that are there, and known comparisons.")
        self.members = self._members(to_array(n.get("membership_values")) if n.get("membership_values") is not None else np.zeros(0))

    def _members(self, values: Any) -> dict[int, Any]:
        """The set of each node that asks for a membership; a NaN stands behind each."""
        values = np.asarray(values).ravel()
        ends = np.flatnonzero(np.isnan(values))
        sets = np.split(values, ends)
        nodes = np.flatnonzero(self.modes == _MEMBER)
        if len(nodes) > len(sets):
            raise OnnxError("onnx: TreeEnsemble: expected a set of values for each node that asks for a membership.")
        return {int(k): s[~np.isnan(s)] for k, s in zip(nodes, sets, strict=False)}

    def leaves(self, x: Any, root: int) -> Any:
        """The leaf of each row in one tree."""
        at, done = np.full(len(x), root), np.zeros(len(x), bool)
        for _ in range(len(self.modes) + 1):
            if done.all():
                return at
            rows = np.flatnonzero(~done)
            nodes = at[rows]
            way = self._decided(x[rows, self.features[nodes]], nodes).astype(np.int64)
            done[rows], at[rows] = self.leaf[way, nodes], self.next[way, nodes]
        raise OnnxError("onnx: TreeEnsemble: expected trees, got branches that lead back.")

    def _decided(self, values: Any, nodes: Any) -> Any:
        modes, met = self.modes[nodes], np.zeros(len(nodes), bool)
        for mode in np.unique(modes):
            here = modes == mode
            if mode == _MEMBER:
                met[here] = [v in self.members[int(k)] for v, k in zip(values[here], nodes[here], strict=True)]
            else:
                met[here] = _COMPARED[int(mode)](values[here], self.splits[nodes[here]])
        return np.where(np.isnan(values), self.missing[nodes], met)


def _in(index: Any, end: int) -> bool:
    return bool(((index >= 0) & (index < end)).all())


@operator("ai.onnx.ml.TreeEnsemble", takes="arrays")
def _(n: Node, x: Any) -> Any:
    if x.ndim != 2:
        raise OnnxError(f"onnx: TreeEnsemble: expected rows of features, got shape {x.shape}.")
    how = n.get("aggregate_function", 1)
    if n.get("post_transform") or how not in _JOINED:
        raise Unsupported
    trees = _Trees(n, x.shape[1])
    start = {2: np.inf, 3: -np.inf}.get(how, 0.0)
    y = np.full(bounded([len(x), trees.count]), start, x.dtype)
    for root in trees.roots:
        leaf = trees.leaves(x, int(root))
        place = np.arange(len(x)), trees.targets[leaf]
        y[place] = _JOINED[how](y[place], trees.weights[leaf])
    y[np.isinf(y) & (how >= 2)] = 0
    return y / len(trees.roots) if how == 0 else y
