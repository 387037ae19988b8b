"""What an all-reduce costs on links of some rate and latency."""

from __future__ import annotations

import math
from collections.abc import Callable

# α: seconds a message; β: seconds a byte on the link; γ: seconds a byte added; n bytes on p nodes
Cost = Callable[[float, float, float, float, int], float]


def _ring(a: float, b: float, g: float, n: float, p: int) -> float:
    return 2 * (p - 1) * a + 2 * (p - 1) / p * n * b + (p - 1) / p * n * g


def _tree(a: float, b: float, g: float, n: float, p: int) -> float:
    rounds = math.ceil(math.log2(p))
    return 2 * rounds * (a + n * b) + rounds * n * g


def _folded(a: float, b: float, g: float, n: float, p: int) -> tuple[int, float]:
    """The largest power of two among the nodes, and what it costs that the others hand theirs over before, and get the result behind."""
    rounds = int(math.log2(p))
    return rounds, 0.0 if p == 1 << rounds else 2 * (a + n * b) + n * g


def _halving(a: float, b: float, g: float, n: float, p: int) -> float:
    rounds, fold = _folded(a, b, g, n, p)
    share = 1 - 0.5**rounds
    return 2 * rounds * a + 2 * share * n * b + share * n * g + fold


def _doubling(a: float, b: float, g: float, n: float, p: int) -> float:
    rounds, fold = _folded(a, b, g, n, p)
    return rounds * (a + n * b + n * g) + fold


ALGORITHMS: dict[str, Cost] = {"ring": _ring, "tree": _tree, "halving": _halving, "doubling": _doubling}


def all_reduce_seconds(
    size: float, nodes: int, rate: float, latency: float = 20e-6, algorithm: str = "ring", adding: float = math.inf
) -> float:
    """Seconds that an all-reduce takes, all nodes at one switch, each link of `rate` bits a second in each direction at once.

        ring       2 (p − 1) α + 2 (p − 1)/p n β + (p − 1)/p n γ
        tree       2 ⌈lg p⌉ (α + n β) + ⌈lg p⌉ n γ                  to a root along a binomial tree, and back
        halving    2 lg p α + 2 (p − 1)/p n β + (p − 1)/p n γ       recursive halving, then doubling (Rabenseifner)
        doubling   lg p (α + n β + n γ)                             each exchanges everything in every round

    with n bytes, p nodes, α the latency, β = 8 / rate and γ = 1 / adding. Where p is no power of two, halving and doubling work on the
    largest power of two below it, and 2 (α + n β) + n γ come on top.

    Args:
        size: n, bytes that each node has.
        rate: bits a second.
        latency: seconds before a message's first byte arrives.
        algorithm: "ring", "tree", "halving" or "doubling".
        adding: bytes of numbers that a node adds in a second.

    Raises:
        ValueError: an unknown algorithm; a number out of range.

    >>> from autograd_cnn import distributed
    >>> round(distributed.all_reduce_seconds(100e6, 8, rate=10e9), 4)  # 2 · 7/8 · 100 MB at 1.25 GB/s
    0.1403

    Source: Thakur, Rabenseifner, Gropp, "Optimization of collective communication operations in MPICH", IJHPCA 2005.
    """
    if algorithm not in ALGORITHMS:
        raise ValueError(f"all_reduce_seconds: no algorithm is called {algorithm!r}; expected one of {', '.join(ALGORITHMS)}.")
    for name, value, fits in (
        ("size", size, size >= 0),
        ("nodes", nodes, nodes >= 1),
        ("rate", rate, rate > 0),
        ("latency", latency, latency >= 0),
        ("adding", adding, adding > 0),
    ):
        if not fits:
            least = "from 1 on" if name == "nodes" else "from 0 on" if name in ("size", "latency") else "above 0"
            raise ValueError(f"all_reduce_seconds: expected {name} {least}, got {value}.")
    return 0.0 if nodes == 1 else ALGORITHMS[algorithm](latency, 8 / rate, 1 / adding, size, nodes)
