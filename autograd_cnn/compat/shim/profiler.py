"""Profilers that measure nothing: `autograd-cnn run --profile` measures."""

from __future__ import annotations

from typing import Any


class profile:
    """The block as it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Accepts what PyTorch's profiler takes."""

    def __enter__(self) -> profile:
        return self

    def __exit__(self, *_: Any) -> None: ...

    def step(self) -> None:
        """Accepted."""

    def key_averages(self, *args: Any, **kwargs: Any) -> profile:
        """Nothing was measured."""
        return self

    def table(self, *args: Any, **kwargs: Any) -> str:
        """Where to measure instead."""
        return "Nothing was measured. Run the program with `autograd-cnn run --profile`."


class record_function(profile):
    """The block as it is."""

    def __call__(self, fn: Any) -> Any:
        return fn


class ProfilerActivity:
    """What may be measured."""

    CPU, CUDA, XPU = "CPU", "CUDA", "XPU"


def schedule(**steps: int) -> Any:
    """Accepted: when to measure."""
    return None


def tensorboard_trace_handler(dir_name: str, **options: Any) -> Any:
    """Accepted: where to write."""
    return None
