"""Whoever looks into a model looks in evaluation, and leaves it as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def evaluating(model: Any, keeping: Callable[[Any], bool] = lambda module: False) -> Iterator[None]:
    """The modules of a model in evaluation (but those to keep in their mode), each as it was before when it is left."""
    modules = list(model.modules()) if hasattr(model, "modules") else []
    before = [(m, m.training) for m in modules]
    try:
        for m in modules:
            m.training = m.training and keeping(m)
        yield
    finally:
        for m, training in before:
            m.training = training
