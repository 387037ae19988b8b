"""In-place writes, known by the storage they went to.

A storage is the array that owns the memory; every view of it leads there through `.base`. A write stamps the storage with a
serial number from the same clock that numbers the nodes, so "was this kept value overwritten after it was kept?" is one
comparison at backward time, and recording pays nothing for it.
"""

from __future__ import annotations

import itertools
import os
import threading
import weakref
from functools import partial
from typing import Any

from ..errors import InplaceError
from .node import Node

clock = itertools.count(1).__next__  # numbers nodes and writes alike, in the order in which they happen


class _Record:
    __slots__ = ("count", "ref", "stamp")

    def __init__(self, ref: weakref.ref[Any]) -> None:
        self.ref = ref
        self.count = 0
        self.stamp = 0


_records: dict[int, _Record] = {}
_newest = 0  # the stamp of the newest write anywhere: lets a backward pass skip the search
_noting = threading.RLock()  # stamps are taken and noted in one order: an older one never takes the place of a newer


def _after_fork() -> None:
    global _noting
    _noting = threading.RLock()  # another thread may have held it, which the forked process does not have


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def owner(raw: Any) -> Any:
    """The array that owns the memory of `raw`."""
    base = getattr(raw, "base", None)
    while base is not None and hasattr(base, "base"):
        raw, base = base, base.base
    return raw


def _forget(key: int, ref: object) -> None:
    _records.pop(key, None)


def wrote(raw: Any, count: int = 0) -> None:
    """Note that `raw`'s memory was written to: its version goes up by one (or to `count`), for all views of the storage."""
    global _newest
    store = owner(raw)
    key = id(store)
    with _noting:
        record = _records.get(key)
        if record is None:
            # the callback holds no reference to the record's owner; ids are reused only after it ran
            record = _records[key] = _Record(weakref.ref(store, partial(_forget, key)))
        record.count = count or record.count + 1
        record.stamp = _newest = clock()


def carry(raw: Any, to: Any) -> None:
    """The writes to `raw` so far count as writes to the storage of `to`, where its values live from now on."""
    record = _records.get(id(owner(raw)))
    if record is not None:
        wrote(to, record.count)
        _records[id(owner(to))].stamp = record.stamp


def version(raw: Any) -> int:
    """How often the storage of `raw` was written to in place."""
    record = _records.get(id(owner(raw)))
    return 0 if record is None else record.count


def newest_write() -> int:
    """The serial number of the newest in-place write anywhere."""
    return _newest


def written_since(raw: Any, serial: int) -> bool:
    """Was the storage of `raw` written to after the moment `serial`?"""
    record = _records.get(id(owner(raw)))
    return record is not None and record.stamp > serial


def check_versions(node: Node) -> None:
    """InplaceError if something that the node keeps, or has as a parameter, was written to since."""
    for k, raw in zip(node.prim.keep, node.kept or (), strict=False):
        if k.kind in ("input", "output"):
            _check_unwritten(node, k.name, raw)
    for i in node.prim.reads:  # an index, a mask, a target: what a rule reads as it is at backward time
        _check_unwritten(node, node.prim.params[i], node.params[i])


def _check_unwritten(node: Node, name: str, raw: Any) -> None:
    if raw.__class__ is tuple or raw.__class__ is list:
        for part in raw:
            _check_unwritten(node, name, part)
    elif hasattr(raw, "strides") and written_since(raw, node.serial):
        raise InplaceError(
            "one of the variables needed for gradient computation has been modified by an inplace operation: "
            f"{name!r} of {node.prim.name} ({node.name}), a tensor of shape {list(getattr(raw, 'shape', ()))}, was kept for the "
            f"backward pass and is now at version {version(raw)}. Expected it unchanged; use the out-of-place operation, or write "
            "to a clone()." + _made_at(node)
        )


def _made_at(node: Node) -> str:
    return f" It was made at {node.extra.line}." if node.extra is not None and node.extra.line else ""
