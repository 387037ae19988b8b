"""What is not wrong, but worth a word: cases that leave something untested, operations used in a way that is rarely meant."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..config import detect_anomaly
from ..errors import UsageHint
from .setup import Setup


def hints_of(setups: Sequence[Setup]) -> tuple[str, ...]:
    """All there is to say about the examples of one operation."""
    said = list(_batch_of_one(setups))
    if setups:
        said += said_during(lambda: _forward_and_back(setups[0]))
    return tuple(dict.fromkeys(said))


def said_during(run: Callable[[], Any]) -> list[str]:
    """The hints that operations give while `run()` is watched, as under `detect_anomaly`."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UsageHint)
        with detect_anomaly(check_nan=False), np.errstate(all="ignore"):
            run()
    return [str(w.message) for w in caught if issubclass(w.category, UsageHint)]


def _forward_and_back(setup: Setup) -> None:
    try:
        setup.gradients(setup.tensors())
    except Exception:  # the checks said so
        return


def _batch_of_one(setups: Sequence[Setup]) -> list[str]:
    first = [s.case.inputs[s.floats[0]].shape for s in setups if s.floats]
    batches = [shape[0] for shape in first if len(shape) > 1]
    if len(batches) < 8 or max(batches) != 1:  # of few it may be chance
        return []
    return [
        f"in all {len(batches)} cases with a batch it is a batch of 1: what goes wrong between samples, or in a sum over them, would not "
        "show. Let the cases draw the first size, too: draw.integer(1, 3)."
    ]
