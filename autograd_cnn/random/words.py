"""The Mersenne Twister behind every draw: raw words, uniform reals, and the bytes of its state.

PyTorch's CPU generator is MT19937, seeded by the classic `init_genrand` with the low 32 bits of the seed. NumPy's
legacy `RandomState` is the same machine with a stream that NumPy promises never to change, so it supplies the words.
Nothing here locks or checks arguments: `Generator` does both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEW = 8  # up to here a draw element by element, in Python, costs less than the array operations would
CHUNK = 16384  # elements worked on at once: they stay in cache, and the cost of the calls is hidden
STATE_BYTES = 5056

_KEY_LENGTH = 624
_RAW = 4096  # below this, random_raw's small fixed cost wins; above, randint writes half the bytes

# Constants of array arithmetic are 0-d arrays: as operands they cost half the time of NumPy or Python scalars.
_MASK_24 = np.array((1 << 24) - 1, np.uint32)
_MASK_53 = np.array((1 << 53) - 1, np.uint64)
_TO_UNIT_24 = np.array(2.0**-24, np.float32)
_TO_UNIT_53 = np.array(2.0**-53)

# The serialized generator, byte for byte. `left` counts what remains of the current 624 words (1 when spent), `next`
# is the index of the next one; of the three `normal_*` reals only `normal_y`, the cached normal, is still in use.
_LAYOUT = np.dtype(
    {
        "names": ["seed", "left", "seeded", "next", "key", "normal_y", "normal_is_valid"],
        "formats": ["<u8", "<i4", "u1", "<u8", ("<u8", (_KEY_LENGTH,)), "<f8", "<i4"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040],
        "itemsize": STATE_BYTES,
    }
)


class Words:
    """A stream of 32-bit words, with the one normal value that the small-sample normal path keeps for later."""

    __slots__ = ("_bits", "_legacy", "_wide", "cached_normal", "seed", "word")

    def __init__(self, seed: int) -> None:
        self._legacy = np.random.RandomState(0)
        self._bits: Any = self._legacy._bit_generator
        self._wide = np.random.Generator(self._bits)  # on the same stream; its 64-bit draws over the whole range are two words as they are
        self.word = self._bits.random_raw  # word() -> int: the next 32-bit word
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        """Start the stream of `seed` (0 <= seed < 2^64) anew and forget the cached normal."""
        self._legacy.seed(seed & 0xFFFFFFFF)
        self.seed = seed
        self.cached_normal: float | None = None

    # ------------------------------------------------------------------------------------------------ words
    def u32(self, n: int) -> NDArray[np.uint32]:
        """n words; the caller owns the array."""
        if n < _RAW:
            return self._bits.random_raw(n).astype(np.uint32)  # type: ignore[no-any-return]
        return self._legacy.randint(0, 1 << 32, n, dtype=np.uint32)

    def u64(self, n: int) -> NDArray[np.uint64]:
        """n draws of 64 bits: two words each, the first is the high half."""
        return self._wide.integers(0, 1 << 64, n, dtype=np.uint64)

    def u24(self, n: int) -> NDArray[np.uint32]:
        """The low 24 bits of n words: float32 uniforms before the division by 2^24."""
        words = self.u32(n)
        words &= _MASK_24
        return words

    def u53(self, n: int) -> NDArray[np.int64]:
        """The low 53 bits of n 64-bit draws: float64 uniforms before the division by 2^53."""
        words = self.u64(n)
        words &= _MASK_53
        return words.view(np.int64)

    def skip(self, n: int) -> None:
        """Pass over n words."""
        self._bits.random_raw(n, False)

    # ------------------------------------------------------------------------------------- uniform reals in [0, 1)
    def unit32(self, n: int) -> NDArray[np.float32]:
        """n float32 uniforms, one word each."""
        unit = self.u24(n).view(np.int32).astype(np.float32)
        unit *= _TO_UNIT_24
        return unit

    def unit64(self, n: int) -> NDArray[np.float64]:
        """n float64 uniforms, two words each."""
        unit = self.u53(n).astype(np.float64)
        unit *= _TO_UNIT_53
        return unit

    def count53(self) -> int:
        """The low 53 bits of one 64-bit draw."""
        high: int = self.word()
        return (high & 0x1FFFFF) << 32 | self.word()

    def unit(self) -> float:
        """One float64 uniform."""
        return self.count53() * 2.0**-53

    # ------------------------------------------------------------------------------------------------ state
    def pack(self) -> NDArray[np.uint8]:
        """The whole state as PyTorch serializes it."""
        twister = self._bits.state["state"]
        state = np.zeros((), _LAYOUT)
        # A machine that was seeded and never drawn from still holds the seed as its first word; its index reads 0.
        fresh = twister["pos"] == _KEY_LENGTH and int(twister["key"][0]) == self.seed & 0xFFFFFFFF
        state["seed"] = self.seed
        state["left"] = _KEY_LENGTH + 1 - twister["pos"]
        state["seeded"] = 1
        state["next"] = 0 if fresh else twister["pos"]
        state["key"] = twister["key"]
        if self.cached_normal is not None:
            state["normal_y"], state["normal_is_valid"] = self.cached_normal, 1
        return np.frombuffer(bytearray(state.tobytes()), np.uint8)

    def unpack(self, serialized: NDArray[np.uint8]) -> None:
        """Take over a state from `pack` or from PyTorch; RuntimeError, and nothing changed, if it cannot be one."""
        state = np.frombuffer(serialized.tobytes(), _LAYOUT)[0]
        left, position = int(state["left"]), int(state["next"])
        spent = left == 1 and position <= _KEY_LENGTH
        inside = 1 < left <= _KEY_LENGTH and left + position == _KEY_LENGTH + 1
        if not (state["seeded"] and (spent or inside)):
            raise RuntimeError(
                "Invalid mt19937 state: the bytes are of the right number, but are not what get_state() returns "
                f"(seeded={int(state['seeded'])}, left={left}, next={position})."
            )
        key = state["key"].astype(np.uint32)
        self._bits.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": _KEY_LENGTH + 1 - left}}
        self.seed = int(state["seed"])
        self.cached_normal = float(state["normal_y"]) if state["normal_is_valid"] else None


def chunks(flat: NDArray[Any]) -> Iterable[NDArray[Any]]:
    """A one-dimensional array in views of at most CHUNK elements."""
    if flat.size <= CHUNK:
        return (flat,) if flat.size else ()
    return (flat[start : start + CHUNK] for start in range(0, flat.size, CHUNK))
