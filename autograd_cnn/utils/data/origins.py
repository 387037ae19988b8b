"""Where the order of an epoch comes from: the samplers, one inside the other, and the random sources they may use."""

from __future__ import annotations

import copy
from typing import Any

import autograd_cnn.random as streams
from autograd_cnn.random import Generator
from autograd_cnn.utils.data.randomness import OfGenerator, Source, program_sources
from autograd_cnn.utils.data.sampler import (
    BatchSampler,
    InfiniteConstantSampler,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

_DRAWING = frozenset({RandomSampler, SubsetRandomSampler, WeightedRandomSampler})
_KNOWN = _DRAWING | {SequentialSampler, BatchSampler, InfiniteConstantSampler}


class Origins:
    """What an index sampler draws from, and when. `stream`: the order is the dataset's, and read in this process."""

    def __init__(self, index_sampler: Any, generator: Generator | None, stream: bool) -> None:
        self._chain = _chain(index_sampler)
        self._generator = generator
        self._stream = stream
        self._familiar = all(type(link) in _KNOWN for link in self._chain)

    def private(self) -> dict[str, Source]:
        """The generators that belong to the loader or its samplers, not to the whole program."""
        candidates = {"loader": self._generator}
        candidates |= {f"sampler {i}": getattr(link, "generator", None) for i, link in enumerate(self._chain)}
        found: dict[str, Generator] = {}
        for name, generator in candidates.items():
            taken = [streams.default_generator, *found.values()]
            if isinstance(generator, Generator) and not any(generator is other for other in taken):
                found[name] = generator
        return {name: OfGenerator(generator) for name, generator in found.items()}

    def watched(self) -> dict[str, Source]:
        """All sources that the order may be drawn from: for unknown samplers and streams, also Python's and NumPy's."""
        sources = self.private()
        if self._stream or not self._familiar:
            sources |= program_sources()
        elif any(type(link) in _DRAWING for link in self._chain):
            sources["default"] = OfGenerator(streams.default_generator)
        return sources

    def quiet(self, batches: int | None) -> range:
        """The numbers of the batches whose indices are known to be had without a draw: all but the first and the last.

        For others the states are compared before and after, which costs more than a small batch.
        """
        if not self._familiar or any(_draws_late(link) for link in self._chain):
            return range(0)
        return range(1, (batches or 0) - 1)

    def stateful(self) -> dict[str, Any]:
        """The samplers that can save and load a state of their own."""
        links = {str(i): link for i, link in enumerate(self._chain)}
        return {i: link for i, link in links.items() if hasattr(link, "state_dict") and hasattr(link, "load_state_dict")}

    def states(self) -> dict[str, Any]:
        """Their states."""
        return {name: copy.deepcopy(sampler.state_dict()) for name, sampler in self.stateful().items()}


def _chain(sampler: Any) -> list[Any]:
    """The sampler, the sampler inside it, and so on."""
    chain: list[Any] = []
    while sampler is not None and not any(sampler is link for link in chain):
        chain.append(sampler)
        sampler = getattr(sampler, "sampler", None)
    return chain


def _draws_late(link: Any) -> bool:
    """Does this sampler go on drawing from a generator that others may use?"""
    if not isinstance(link, RandomSampler) or link.generator is None:
        return False
    return link.replacement or link.num_samples > len(link.data_source)
