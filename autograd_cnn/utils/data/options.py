"""The options of a DataLoader, checked one by one: what is wrong is said before anything is made."""

from __future__ import annotations

import operator
import os
import warnings
from typing import Any

from autograd_cnn.errors import expected


def worker_count(number: Any) -> int:
    try:
        count = operator.index(number)
    except TypeError:
        raise TypeError(expected("DataLoader", "num_workers to be a whole number", repr(number))) from None
    if count < 0:
        raise ValueError(
            f"num_workers option should be non-negative, got {count}; use num_workers=0 to disable multiprocessing."
        )
    return count


def prefetch(factor: int | None, workers: int) -> int | None:
    if factor is None:
        return 2 if workers else None
    if not workers:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing: let num_workers > 0 to enable "
            f"multiprocessing, otherwise set prefetch_factor to None. Got prefetch_factor={factor} with num_workers=0."
        )
    if factor < 0:
        raise ValueError(f"prefetch_factor option should be non-negative, got {factor}.")
    return factor


def check_callable(name: str, function: object) -> None:
    if function is not None and not callable(function):
        raise TypeError(expected("DataLoader", f"{name} to be a function or None", type(function).__name__))


def check_iterable(name: str, value: object) -> None:
    if value is not None and not hasattr(value, "__iter__") and not hasattr(value, "__getitem__"):
        fix = "It yields indices of the dataset." if name == "sampler" else "It yields lists of indices of the dataset."
        raise TypeError(expected("DataLoader", f"{name} to be iterable", type(value).__name__, fix))


def check_stream_options(shuffle: object, sampler: object, batch_sampler: object) -> None:
    given = {"shuffle": shuffle or None, "sampler": sampler, "batch_sampler": batch_sampler}
    for name, value in given.items():
        if value is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value!r}. "
                "The stream decides on the order of its samples itself."
            )


def context_of(choice: Any, workers: int) -> Any:
    import multiprocessing
    from multiprocessing.context import BaseContext

    if not workers:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got num_workers=0."
        )
    methods = multiprocessing.get_all_start_methods()
    if isinstance(choice, str):
        if choice not in methods:
            raise ValueError(
                f"multiprocessing_context option should specify a valid start method in {methods!r}, but got "
                f"multiprocessing_context={choice!r}."
            )
        return multiprocessing.get_context(choice)
    if not isinstance(choice, BaseContext):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string specifying the start method "
            f"({', '.join(methods)}), but got multiprocessing_context={choice!r}."
        )
    return choice
