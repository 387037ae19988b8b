"""A seeded stream with its state: what every generator has before it draws anything in particular."""

from __future__ import annotations

import os
import threading
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from autograd_cnn.errors import expected
from autograd_cnn.random import checks
from autograd_cnn.random.words import STATE_BYTES, Words
from autograd_cnn.types.device import device as Device

DEFAULT_SEED = 67280421310721


class Stream:
    """Seed, state, copies, and the lock that keeps draws of several threads apart."""

    def __init__(self, device: Any = "cpu") -> None:
        kind = getattr(device, "type", device)
        if kind is not None and str(kind).partition(":")[0] != "cpu":
            fix = "Random numbers are made on the CPU."
            raise RuntimeError(expected("Generator", "device 'cpu'", repr(device), fix))
        self._words = Words(DEFAULT_SEED)
        self._lock = threading.RLock()

    @property
    def device(self) -> Device:
        """Where the generator lives: always `device(type='cpu')`."""
        return Device("cpu")

    def manual_seed(self, seed: int) -> Self:
        """Start the stream of `seed` anew, forget the cached normal, and return the generator itself.

        Equal low 32 bits give equal streams. A negative seed counts from 2^64.

        Raises:
            RuntimeError: `seed` is not a whole number.
            ValueError: `seed` is outside [-2^63, 2^64).

        >>> from autograd_cnn.random import Generator
        >>> Generator().manual_seed(7).initial_seed()
        7
        >>> Generator().manual_seed(-1).initial_seed() == 2**64 - 1
        True
        """
        number = checks.seed(seed)
        with self._lock:
            self._words.reseed(number)
        return self

    def seed(self) -> int:
        """Seed with 64 bits of the operating system's entropy, and return them.

        >>> from autograd_cnn.random import Generator
        >>> g = Generator()
        >>> g.seed() == g.initial_seed()
        True
        """
        number = int.from_bytes(os.urandom(8), "little")
        self.manual_seed(number)
        return number

    def initial_seed(self) -> int:
        """The seed that the stream started from.

        >>> from autograd_cnn.random import Generator
        >>> Generator().initial_seed()
        67280421310721
        """
        return self._words.seed

    def get_state(self) -> NDArray[np.uint8]:
        """The whole state as 5056 bytes, in PyTorch's layout: either library's `set_state` takes the other's.

        >>> from autograd_cnn.random import Generator
        >>> g = Generator().manual_seed(3)
        >>> state = g.get_state()
        >>> state.shape, state.dtype
        ((5056,), dtype('uint8'))
        >>> a = g.permutation(5)
        >>> bool((g.set_state(state).permutation(5) == a).all())
        True
        """
        with self._lock:
            return self._words.pack()

    def set_state(self, state: Any) -> Self:
        """Continue from a state that `get_state` returned: a uint8 array of 5056 elements, or what converts to one.

        Raises:
            TypeError: no array, or not of uint8.
            RuntimeError: of another size, or no state of this generator. The generator then stays as it was.
        """
        if not hasattr(state, "__array__"):
            what = "the uint8 array that get_state() returns (expected a torch.ByteTensor)"
            raise TypeError(expected("set_state", what, type(state).__name__))
        array = np.asarray(state)
        if array.dtype != np.uint8:
            raise TypeError(f"set_state: RNG state must be a torch.ByteTensor (dtype uint8), got {array.dtype.name}.")
        if array.size != STATE_BYTES:
            raise RuntimeError(
                f"set_state: Expected a CPUGeneratorImplState of size {STATE_BYTES} but found the input RNG state size to be {array.size}"
            )
        with self._lock:
            self._words.unpack(array)
        return self

    def clone_state(self) -> Self:
        """A new generator that continues from the same state, independently.

        >>> from autograd_cnn.random import Generator
        >>> g = Generator().manual_seed(1)
        >>> twin = g.clone_state()
        >>> twin.seed64() == g.seed64()
        True
        """
        return type(self)().set_state(self.get_state())

    def __getstate__(self) -> dict[str, Any]:  # pickling and copying leave the lock behind
        return {"state": self.get_state()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Stream.__init__(self)
        self.set_state(state["state"])
