"""Which tensors share memory, which the format cannot say."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..storage.dtypes import Array


def _span(array: Array) -> tuple[int, int]:
    """The memory that an array lies in: (first byte, behind the last)."""
    low, high = np.lib.array_utils.byte_bounds(array)
    return low, high


def shared_names(arrays: Mapping[str, Array]) -> list[list[str]]:
    """Groups of names whose arrays overlap in memory."""
    spans = sorted((*_span(array), name) for name, array in arrays.items() if array.size)
    groups: list[list[str]] = []
    reached = -1
    for low, high, name in spans:
        if low < reached:
            groups[-1].append(name)
        else:
            groups.append([name])
        reached = max(reached, high)
    return [group for group in groups if len(group) > 1]


def refuse_shared(arrays: Mapping[str, Array]) -> None:
    """Raise if some of the arrays overlap: the format would write their memory twice and lose that it is one."""
    groups = shared_names(arrays)
    if groups:
        raise RuntimeError(
            "save_file: Some tensors share memory, this will lead to duplicate memory on disk and potential "
            f"differences when loading them again: {groups}. Save the model with save_model(model, file), which "
            "writes such weights once; or save a .clone() of each."
        )
