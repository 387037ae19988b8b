"""Random numbers: PyTorch's streams, bit for bit, in NumPy arrays.

`Generator` makes them; `default_generator` is the one that everything draws from which is not given another. It starts
from the operating system's entropy, so two runs differ until `manual_seed` is called.

    words        the Mersenne Twister and its state          order      which element gets which draw
    polynomials  float32 log, sin, cos as PyTorch's kernel   rounding   results rounded as C rounds them
    continuous, normals, integers, choices, truncated        the distributions, into flat arrays
    checks       what may be asked for                       stream, fills, generator   the class, in three floors
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import expected
from autograd_cnn.random.generator import Generator

from ..support.listing import listed

__all__ = [
    "Generator",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]

default_generator = Generator()
default_generator.seed()

if hasattr(os, "register_at_fork"):  # a child must not inherit the lock from a thread that was drawing
    _lock = default_generator._lock
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


def manual_seed(seed: Any) -> Generator:
    """Seed the default generator, and return it. `seed` is what `int` takes: a whole number in [-2^63, 2^64).

    Raises:
        ValueError: out of range, or a text that is no number. TypeError: not convertible.

    >>> manual_seed(0).uniform(2)
    array([0.4962566, 0.7682218], dtype=float32)
    """
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Seed the default generator from the operating system's entropy, and return the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed that the default generator started from.

    >>> _ = manual_seed(5)
    >>> initial_seed()
    5
    """
    return default_generator.initial_seed()


def get_rng_state() -> NDArray[np.uint8]:
    """The default generator's state, 5056 bytes; see `Generator.get_state`."""
    return default_generator.get_state()


def set_rng_state(new_state: Any) -> None:
    """Continue the default generator from a state of `get_rng_state`; see `Generator.set_state` for errors."""
    default_generator.set_state(new_state)


@contextlib.contextmanager
def fork_rng(devices: Iterable[Any] | None = None, enabled: bool = True, device_type: str = "cpu") -> Iterator[None]:
    """Draw inside without a trace outside: the default generator's state is put back when the block ends.

    Args:
        devices: the devices, besides the CPU, to do the same for. There are none: RuntimeError if any is named.
        enabled: False makes the block an ordinary one.
        device_type: the kind of `devices`, for the message.

    >>> _ = manual_seed(0)
    >>> with fork_rng():
    ...     a = default_generator.seed64()
    >>> a == default_generator.seed64()
    True
    """
    if not enabled:
        yield
        return
    named = [] if devices is None else list(devices)
    if named:
        what = "no devices besides the CPU"
        raise RuntimeError(expected("fork_rng", what, f"{device_type} devices {named}", "Leave `devices` out."))
    state = default_generator.get_state()
    try:
        yield
    finally:
        default_generator.set_state(state)


def __dir__() -> list[str]:
    return listed(globals())
