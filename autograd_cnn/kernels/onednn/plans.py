"""Primitives of oneDNN, made once and kept: making one takes a millisecond, calling it a few microseconds.

A `Plan` is a primitive with its arguments ready; a call takes arrays, which `gate` holds against what was planned, and fills in their
addresses. Plans and working memory belong to a thread, so that threads do not write into each other's arguments, and end with it. A
signal's handler may compute between any two lines here: it finds working memory of its own, and leaves the arguments of the call that
it interrupted as they were.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from ..memory import threads
from ..memory.allocator import FLOAT, aligned
from . import api, gate
from .gate import Place, Takes
from .library import Library, library

_MOST = 2048  # plans a thread keeps; beyond, the oldest goes


class Unsupported(Exception):
    """oneDNN has no implementation, or only its slow reference, for this case."""


class Plan:
    """One primitive and the memory objects it is called with."""

    __slots__ = (
        "_arguments",
        "_count",
        "_execute",
        "_have",
        "_lib",
        "_memories",
        "_place",
        "_primitive",
        "_set",
        "_stream",
        "_takes",
        "_threads",
        "_under_way",
    )

    def __init__(self, lib: Library, descriptor: Any, arguments: Sequence[tuple[int, Any, Takes]], threads: int) -> None:
        """`arguments`: what the arrays of a call stand for, in their order, each with its memory descriptor and what that assumes."""
        self._lib, self._memories, self._primitive = lib, [], api.Pointer()
        place = api.Pointer(lib.api.query_md(descriptor, api.SCRATCHPAD_MD, 0))
        check(lib.api.primitive_create(ctypes.byref(self._primitive), descriptor))
        self._place = lib.api.md_size(place)
        named = [*((number, md) for number, md, _ in arguments), *([(api.SCRATCHPAD, place)] if self._place else [])]
        written = api.written([number for number, _ in named])
        self._takes = [takes.written() if number in written else takes for number, _, takes in arguments]
        self._memories = [_memory(lib, md) for _, md in named]
        self._arguments = (api.Argument * len(named))(
            *(api.Argument(number, m) for (number, _), m in zip(named, self._memories, strict=True))
        )
        self._have = [0] * len(named)
        self._count = len(named)
        self._execute, self._set, self._stream = lib.api.primitive_execute, lib.api.memory_set_data_handle, lib.stream
        self._threads = (lib.set_threads, threads)
        self._under_way: list[int] | None = None  # the addresses of the call that is being made

    def __call__(self, *values: Any) -> None:
        found, _copies = gate.addresses(self._takes, values)  # these live until oneDNN is done
        place = working_memory("scratchpad", self._place) if self._place else None
        if place is not None:
            found.append(place.address)
        interrupted, self._under_way = self._under_way, found
        try:
            self._fill_in(found)
            set_threads, count = self._threads
            set_threads(count)
            status = self._execute(self._primitive, self._stream, self._count, self._arguments)
        finally:
            self._under_way = interrupted
            if interrupted is not None:
                self._fill_in(interrupted)
        if status:
            raise RuntimeError(f"oneDNN failed to run a primitive (status {status})")

    def _fill_in(self, addresses: list[int]) -> None:
        have = self._have
        for i, at in enumerate(addresses):
            if have[i] != at:
                have[i] = 0  # unknown, until it is there
                self._set(self._memories[i], at)
                have[i] = at

    def __del__(self) -> None:
        if not sys.is_finalizing():
            for held in self._memories:
                self._lib.api.memory_destroy(held)
            self._lib.api.primitive_destroy(self._primitive)


def check(status: int) -> None:
    """oneDNN says so where it has no implementation."""
    if status:
        raise Unsupported(f"status {status}")


def _memory(lib: Library, md: Any) -> Any:
    made = api.Pointer()
    check(lib.api.memory_create(ctypes.byref(made), md, lib.engine, None))
    return made


# ------------------------------------------------------------------------------------------------- kept by each thread
class _Kept(threading.local):
    def __init__(self) -> None:
        self.plans: dict[Any, Any] = {}
        self.memory: dict[str, list[tuple[Any, int, int]]] = {}  # what nobody uses: its owner, address and size
        self.abandoned: list[Any] = []


def _abandon() -> None:
    """A forked process has none of the threads that plans would wait for (see library): they are neither used nor given back."""
    _kept.abandoned.append(_kept.plans)
    _kept.plans = {}


_kept = _Kept()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon)


def plan(threads: int, build: Callable[..., Any], *args: Any) -> Any:
    """What `build` makes of these arguments (which are all that it goes by) for so many threads, at their first use; None where oneDNN
    has none."""
    plans, key = _kept.plans, (build, threads, args)
    try:
        return plans[key]
    except KeyError:
        pass
    lib = library()
    if lib is None:
        return None
    builder = Builder(lib, threads)
    try:
        made = build(builder, *args)
    except Unsupported:
        made = None
    finally:
        builder.close()
    if len(plans) >= _MOST:
        plans.pop(next(iter(plans)))
    plans[key] = made
    return made


def factor(cast: Plan | None, purpose: str, x: Any) -> Any:
    """A factor as it is, or rounded to bfloat16 in working memory."""
    if cast is None:
        return x
    at = working_memory(purpose, 2 * x.size)
    cast(x, at)
    return at


def in_precision(precision: int, made: Callable[[int], Any]) -> Any:
    """`made` for bfloat16 where that is allowed and there is arithmetic for it, else for float32."""
    if precision:
        with contextlib.suppress(Unsupported):
            return made(api.BF16)
    return made(api.F32)


class WorkingMemory(Place):
    """Working memory that is lent for as long as this lives; then it waits for whoever asks for the same purpose."""

    __slots__ = ("held", "purpose")

    def __init__(self, purpose: str, held: Any, address: int, nbytes: int) -> None:
        super().__init__(address, nbytes)
        self.purpose, self.held = purpose, held

    def __del__(self) -> None:
        free = _kept.memory.setdefault(self.purpose, [])
        if not free or free[-1][2] < self.nbytes:
            free[:] = [(self.held, self.address, self.nbytes)]


def working_memory(purpose: str, nbytes: int) -> Place:
    """So much memory, of this thread alone, for as long as somebody holds what is returned."""
    free = _kept.memory.get(purpose)
    if free and free[-1][2] >= nbytes:
        return WorkingMemory(purpose, *free.pop())
    held, _, at = aligned(nbytes)
    return WorkingMemory(purpose, held, at, nbytes)


def release() -> None:
    """Give back this thread's plans and working memory."""
    _kept.plans.clear()
    _kept.memory.clear()


# ------------------------------------------------------------------------------------------------- building
def dims(values: Sequence[int]) -> Any:
    """dnnl_dims_t"""
    return api.Dims(*values)


class Builder:
    """Makes descriptors, and destroys what is only needed while a plan is built. oneDNN divides the work when a primitive is made, so what
    is made here is made for `threads`."""

    def __init__(self, lib: Library, threads: int) -> None:
        self.lib = lib
        self.api = lib.api
        self.threads = threads
        self._made: list[tuple[Callable[..., Any], Any]] = []
        self._tags: dict[int | None, tuple[tuple[int, ...], int, int]] = {}

    def close(self) -> None:
        """Plans hold what they need; the descriptors can go."""
        for destroy, made in reversed(self._made):
            destroy(made)

    def md(self, shape: Sequence[int], tag: int, kind: int = api.F32, order: int = gate.ROWS) -> Any:
        """A memory descriptor, of float32 entries in row-major order if nothing else is said."""
        made = api.Pointer()
        check(self.api.memory_desc_create_with_tag(ctypes.byref(made), len(shape), dims(shape), kind, tag))
        self._made.append((self.api.memory_desc_destroy, made))
        self._tags[made.value] = tuple(shape), order, kind
        return made

    def flat(self, size: int, kind: int = api.F32) -> Any:
        """Of `size` entries, in whatever order, which is the same for all arguments that are described so."""
        return self.md((size,), api.ROW_MAJOR[1], kind, gate.FLAT)

    def vector(self, size: int) -> Any:
        """Of `size` entries in a row."""
        return self.md((size,), api.ROW_MAJOR[1])

    def rows(self, shape: Sequence[int]) -> Any:
        """Row-major."""
        return self.md(shape, api.ROW_MAJOR[len(shape)])

    def last(self, shape: Sequence[int], kind: int = api.F32) -> Any:
        """(N, C, *S) with the channels last in memory."""
        return self.md(shape, api.CHANNELS_LAST[len(shape)], kind, gate.LAST)

    def any(self, shape: Sequence[int], kind: int = api.F32) -> Any:
        """In the order that oneDNN chooses."""
        return self.md(shape, api.ANY, kind)

    def attributes(self, then: Sequence[tuple[Any, ...]] = ()) -> Any:
        """Working memory comes from us; `then`: what is done with each entry of the result: ("scale", number), ("plus" or "max",
        descriptor of the other)."""
        made = api.Pointer()
        check(self.api.primitive_attr_create(ctypes.byref(made)))
        self._made.append((self.api.primitive_attr_destroy, made))
        check(self.api.primitive_attr_set_scratchpad_mode(made, api.USER_SCRATCHPAD))
        if then:
            chain = api.Pointer()
            check(self.api.post_ops_create(ctypes.byref(chain)))
            self._made.append((self.api.post_ops_destroy, chain))
            for what, *which in then:
                if what != "scale":
                    check(self.api.post_ops_append_binary(chain, api.BINARY_ADD if what == "plus" else api.BINARY_MAX, *which))
                else:
                    check(self.api.post_ops_append_eltwise(chain, api.ELTWISE_LINEAR, *which, 0.0))
            check(self.api.primitive_attr_set_post_ops(made, chain))
        return made

    def descriptor(self, kind: str, *args: Any, reference: bool = False) -> Any:
        """A primitive descriptor; oneDNN's slow reference implementations count as none."""
        made = api.Pointer()
        self.lib.set_threads(self.threads)
        check(getattr(self.api, f"{kind}_primitive_desc_create")(ctypes.byref(made), *args))
        self._made.append((self.api.primitive_desc_destroy, made))
        if not reference and self.implementation(made).startswith("ref"):
            raise Unsupported("only the reference implementation")
        return made

    def direct(self, kind: str, *args: Any) -> Any:
        """The descriptor of the direct loops where oneDNN would take many small products of matrices (brgemm), and has such loops for
        the same instructions."""
        first = self.descriptor(kind, *args)
        name = self.implementation(first)
        if "brg" not in name:
            return first
        second = self.descriptor(kind, *args)
        wanted = f"jit:{name.rpartition(':')[2]}"
        return first if self.api.primitive_desc_next_impl(second) or self.implementation(second) != wanted else second

    def implementation(self, descriptor: Any) -> str:
        """oneDNN's name of what it chose."""
        name = ctypes.c_char_p()
        self.api.primitive_desc_query(descriptor, api.IMPLEMENTATION, 0, ctypes.byref(name))
        return (name.value or b"").decode()

    def query(self, descriptor: Any, what: int) -> Any:
        """One of a primitive's memory descriptors."""
        return api.Pointer(self.api.query_md(descriptor, what, 0))

    def size(self, md: Any) -> int:
        """How many bytes it takes."""
        return self.api.md_size(md)  # type: ignore[no-any-return]

    def plan(self, descriptor: Any, arguments: Sequence[tuple[Any, ...]]) -> Plan:
        """The plan of a descriptor; arguments: (what, memory descriptor), or (what, memory descriptor, that of the array handed over)."""
        takes = [(number, md, self.takes(handed[0] if handed else md)) for number, md, *handed in arguments]
        return Plan(self.lib, descriptor, takes, self.threads)

    def takes(self, md: Any) -> Takes:
        """What a memory descriptor assumes of an array."""
        tag = self._tags.get(md.value)
        if tag is None:  # made by oneDNN, in an order of its own
            return Takes(gate.BYTES, (), self.size(md), None)
        shape, order, kind = tag
        return Takes(order, shape, self.size(md), FLOAT if kind == api.F32 else None)

    def rounded(self, like: Any, target: Any) -> Plan:
        """Entries of float32 rounded to bfloat16."""
        made = self.reorder(like, target, threads.for_entries(math.prod(self._tags[like.value][0])))
        if made is None:
            raise Unsupported("bfloat16")
        return made

    def reorder(self, source: Any, target: Any, threads: int) -> Plan | None:
        """From one memory order into another, on so many threads; None where they are the same."""
        if self.api.md_equal(source, target):
            return None
        copies = Builder(self.lib, threads)
        copies._tags = self._tags
        try:
            made = copies.descriptor("reorder", source, self.lib.engine, target, self.lib.engine, copies.attributes(), reference=True)
            return copies.plan(made, [(api.SRC, source), (api.DST, target)])
        finally:
            copies.close()
