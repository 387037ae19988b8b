"""What computes here: libraries, threads, choices."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np

from ..config import current, get_float32_matmul_precision
from .memory import threads
from .onednn import library


def config() -> dict[str, Any]:
    """The facts that `show_config` prints."""
    found = library.library()
    chosen = current().backend
    return {
        "backend": "oneDNN" if found is not None and chosen != "numpy" else "NumPy",
        "chosen": chosen,
        "onednn": library.reason(),
        "numpy": f"{np.__version__}, {_blas()}",
        "threads": threads.get_num_threads(),
        "precision": get_float32_matmul_precision(),
        "machine": f"{platform.machine()}, {platform.system()}",
    }


def show_config() -> None:
    """Print who computes convolutions here, and why: the backend, the libraries found, threads, precision.

    >>> import autograd_cnn as ac
    >>> ac.show_config()  # doctest: +ELLIPSIS
    backend:   ... (use_backend: ...)
    oneDNN:    ...
    NumPy:     ...
    threads:   ...
    precision: highest
    machine:   ...
    """
    facts = config()
    print(f"backend:   {facts['backend']} (use_backend: {facts['chosen']!r})")
    print(f"oneDNN:    {facts['onednn']}")
    print(f"NumPy:     {facts['numpy']}")
    print(f"threads:   {facts['threads']}")
    print(f"precision: {facts['precision']}")
    print(f"machine:   {facts['machine']}")


def _blas() -> str:
    try:
        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{blas['name']} {blas['version']}"
    except (KeyError, TypeError):
        return "its BLAS unknown"
