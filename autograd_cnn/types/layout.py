"""How the entries of a tensor are organised in memory, as `x.layout` says it."""

from __future__ import annotations


class layout:
    """A layout by its name.

    >>> strided
    torch.strided
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name

    def __reduce__(self) -> str:
        return self._name.rpartition(".")[2]


strided = layout("torch.strided")  # the only one that there is
