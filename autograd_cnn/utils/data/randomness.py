"""Random states as bytes, and the log of which steps of an epoch's order drew random numbers.

The order of an epoch comes out of iterators (samplers, streams) whose state nobody can save. What can be saved is where
each random source stood when they drew; with that log the iterators are run again, and come to the same place.
"""

from __future__ import annotations

import ctypes
import json
import random
import struct
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import numpy as np

import autograd_cnn.random as streams
from autograd_cnn.errors import expected
from autograd_cnn.random import Generator

T = TypeVar("T")

_WORDS = 624  # of a Mersenne Twister's state


def checked_generator(operation: str, generator: object) -> Generator:
    """`generator` itself, or the default one for None; TypeError for anything else."""
    if generator is None:
        return streams.default_generator
    if not isinstance(generator, Generator):
        kind = f"{type(generator).__module__}.{type(generator).__qualname__}".removeprefix("builtins.")
        fix = "Make one with autograd_cnn.Generator().manual_seed(seed)."
        raise TypeError(expected(operation, "generator to be an autograd_cnn.Generator or None", kind, fix))
    return generator


# ------------------------------------------------------------------------------------------------------ sources
class Source(Protocol):
    """Something that random numbers come from, with its state as bytes. A `mark` differs wherever two states differ."""

    def get(self) -> bytes: ...

    def set(self, state: bytes) -> None: ...

    def mark(self) -> object: ...


class OfGenerator:
    """A Generator of this package."""

    def __init__(self, generator: Generator) -> None:
        self.generator = generator

    def get(self) -> bytes:
        return np.asarray(self.generator.get_state()).tobytes()

    def set(self, state: bytes) -> None:
        self.generator.set_state(np.frombuffer(state, np.uint8).copy())

    def mark(self) -> object:
        return self.get()


class OfPython:
    """The generator behind Python's `random` module."""

    def get(self) -> bytes:
        version, words, gauss = random.getstate()
        return struct.pack(f"<B{_WORDS + 1}I?d", version, *words, gauss is not None, gauss or 0.0)

    def set(self, state: bytes) -> None:
        version, *words, has_gauss, gauss = struct.unpack(f"<B{_WORDS + 1}I?d", state)
        random.setstate((version, tuple(words), gauss if has_gauss else None))

    def mark(self) -> object:
        return random.getstate()


class OfNumpy:
    """NumPy's global generator (`numpy.random.seed`, `numpy.random.rand`, …)."""

    _half = True  # may it hold the second of a pair of normals, which is drawn without touching the words?

    def get(self) -> bytes:
        state: Any = np.random.get_state(legacy=False)
        self._half = bool(state["has_gauss"])
        if state["bit_generator"] != "MT19937":  # exchanged with numpy.random.set_bit_generator
            return json.dumps(state, default=np.ndarray.tolist).encode()
        twister = state["state"]
        head = struct.pack("<I?d", twister["pos"], bool(state["has_gauss"]), state["gauss"])
        return b"MT19937" + head + np.asarray(twister["key"], "<u4").tobytes()

    def set(self, state: bytes) -> None:
        if not state.startswith(b"MT19937"):
            np.random.set_state(json.loads(state))
            return
        body = state.removeprefix(b"MT19937")
        size = struct.calcsize("<I?d")
        position, has_gauss, gauss = struct.unpack("<I?d", body[:size])
        key = np.frombuffer(body[size:], "<u4").astype(np.uint32)
        np.random.set_state(("MT19937", key, position, int(has_gauss), gauss))

    def mark(self) -> object:
        machine: Any = np.random.get_bit_generator()  # type: ignore[attr-defined]  # public, but not in NumPy's stubs
        if self._half or type(machine) is not np.random.MT19937:
            return self.get()
        # the words themselves, a hundred times faster than a copy of the state
        return bytes((ctypes.c_uint32 * (_WORDS + 1)).from_address(machine.ctypes.state_address))


def program_sources() -> dict[str, Source]:
    """The random sources that a whole process shares."""
    return {"default": OfGenerator(streams.default_generator), "python": OfPython(), "numpy": OfNumpy()}


def read(sources: Mapping[str, Source]) -> dict[str, bytes]:
    """The states of all sources."""
    return {name: source.get() for name, source in sources.items()}


def marks(sources: Mapping[str, Source]) -> list[object]:
    """Equal lists: nothing was drawn in between."""
    return [source.mark() for source in sources.values()]


def write(sources: Mapping[str, Source], states: Mapping[str, bytes]) -> None:
    """Put the sources into these states; those without one stay as they are."""
    for name, state in states.items():
        if name in sources:
            sources[name].set(state)


# ---------------------------------------------------------------------------------------------------------- log
class DrawLog:
    """Runs the steps that make an epoch's order, and notes from which random states they drew.

    A step is noted only if it drew, and a source only if someone else used it since the last step that drew from it: a
    sampler that draws one number a batch from a generator of its own leaves one state in the log, not one a batch.
    """

    def __init__(self, sources: Mapping[str, Source], entries: Mapping[str, Mapping[str, bytes]] | None = None) -> None:
        self.sources = dict(sources)
        self.entries: dict[str, dict[str, bytes]] = {step: dict(states) for step, states in (entries or {}).items()}
        self._left: dict[str, bytes] = {}  # each source as the last step that drew from it left it
        self._seen: dict[str, tuple[object, bytes]] = {}  # each source's mark and state when they were looked at last

    def run(self, step: str, action: Callable[[], T]) -> T:
        """The result of `action()`, the step's draws noted."""
        if not self.sources:
            return action()
        for name, source in self.sources.items():
            self._look(name, source)
        try:
            return action()
        finally:
            for name, source in self.sources.items():
                before = self._seen[name][1]
                if self._look(name, source):
                    if self._left.get(name) != before:
                        self.entries.setdefault(step, {})[name] = before
                    self._left[name] = self._seen[name][1]

    def _look(self, name: str, source: Source) -> bool:
        """Has the source moved since the last look? Its state is read only then."""
        if name in self._seen and source.mark() == self._seen[name][0]:
            return False
        before = self._seen.get(name)
        state = source.get()
        self._seen[name] = source.mark(), state
        return before is None or before[1] != state

    def rerun(self, step: str, action: Callable[[], T]) -> T:
        """The step once more, from the states it drew from at first."""
        write(self.sources, self.entries.get(step, {}))
        return action()

    def rerun_done(self) -> None:
        """The sources now stand where the steps that were run again left them."""
        drawn = {name for states in self.entries.values() for name in states}
        self._left = {name: source.get() for name, source in self.sources.items() if name in drawn}
