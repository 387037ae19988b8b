"""The options of a DataLoader, checked one by one: what is wrong is said before anything is made."""

from __future__ import annotations

import operator
import os
import warnings
from typing import Any

from autograd_cnn.errors import expected


def worker_count(number: Any) -> int:
    """`num_workers` as an int."""
    try:
        count = operator.index(number)
    except TypeError:
        raise TypeError(expected("DataLoader", "num_workers to be a whole number", repr(number))) from None
    if count < 0:
        raise ValueError(f"num_workers option should be non-negative, got {count}; use num_workers=0 to disable multiprocessing.")
    return count


def prefetch(factor: int | None, workers: int) -> int | None:
    """`prefetch_factor`, 2 by default where there are workers."""
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


def check_timeout(timeout: float) -> None:
    """`timeout` in seconds, at least 0."""
    if timeout < 0:
        raise ValueError(f"timeout option should be non-negative, got {timeout}. 0 waits without limit.")


def check_persistent(persistent: bool, workers: int) -> None:
    """`persistent_workers` needs workers."""
    if persistent and not workers:
        raise ValueError("persistent_workers option needs num_workers > 0: with 0 there are no workers to keep.")


def check_callable(name: str, function: object) -> None:
    """A function, or None."""
    if function is not None and not callable(function):
        raise TypeError(expected("DataLoader", f"{name} to be a function or None", type(function).__name__))


def check_iterable(name: str, value: object) -> None:
    """A sampler, or None."""
    if value is not None and not hasattr(value, "__iter__") and not hasattr(value, "__getitem__"):
        fix = "It yields indices of the dataset." if name == "sampler" else "It yields lists of indices of the dataset."
        raise TypeError(expected("DataLoader", f"{name} to be iterable", type(value).__name__, fix))


def check_stream(shuffle: object, sampler: object, batch_sampler: object) -> None:
    """What an IterableDataset does not allow."""
    given = {"shuffle": shuffle or None, "sampler": sampler, "batch_sampler": batch_sampler}
    for name, value in given.items():
        if value is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value!r}. "
                "The stream decides on the order of its samples itself."
            )


def check_batching(batch_size: Any, shuffle: bool, sampler: object, batch_sampler: object, drop_last: bool) -> None:
    """Options that exclude each other."""
    if sampler is not None and shuffle:
        raise ValueError(
            "sampler option is mutually exclusive with shuffle: a sampler decides on the order itself. "
            "Drop shuffle=True, or use a RandomSampler."
        )
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise ValueError(
            "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last: it makes the batches itself."
        )
    if batch_sampler is None and batch_size is None and drop_last:
        raise ValueError(
            "batch_size=None option disables auto-batching and is mutually exclusive with drop_last: "
            "without batches there is no last one to drop."
        )


def context_of(choice: Any, workers: int) -> Any:
    """`multiprocessing_context` as a context."""
    import multiprocessing  # slow to import, and not needed without workers
    from multiprocessing.context import BaseContext

    if not workers:
        raise ValueError(
            f"multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got num_workers={workers}."
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


def warn_of_many_workers(workers: int) -> None:
    """More workers than processors."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if available is not None and workers > available:
        warnings.warn(
            f"This DataLoader will create {workers} worker processes in total. Our suggested max number of worker in "
            f"current system is {available}, which is smaller than what this DataLoader is going to create. Please be "
            "aware that excessive worker creation might get DataLoader running slow or even freeze, lower the worker "
            "number to avoid potential slowness/freeze if necessary.",
            stacklevel=3,
        )


def warn_of_pinning(device: str) -> None:
    """`pin_memory=True` where there is no accelerator."""
    if device:
        warnings.warn(
            f"pin_memory_device is deprecated, the current accelerator will be used as the device,ignore pin_memory_device='{device}'.",
            stacklevel=3,
        )
    warnings.warn(
        "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't be used.",
        stacklevel=3,
    )
