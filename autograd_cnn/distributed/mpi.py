"""The engine below: MPI, loaded by mpi4py when a program first asks for it."""

from __future__ import annotations

import importlib.util
import os
from typing import Any

from .errors import DistError

__all__ = ["is_available"]

# what an MPI launcher tells its processes: Hydra (MPICH, Intel), PRRTE and Open MPI, Slurm
LAUNCHED = ("PMI_RANK", "PMI_FD", "PMIX_RANK", "OMPI_COMM_WORLD_RANK")


def is_available() -> bool:
    """Is there a package that loads MPI? `torch.distributed`'s question of itself.

    >>> import autograd_cnn as ac
    >>> isinstance(ac.distributed.is_available(), bool)
    True
    """
    return importlib.util.find_spec("mpi4py") is not None


def launched() -> bool:
    """Was this process started by an MPI launcher (mpiexec, mpirun, srun)?"""
    return any(name in os.environ for name in LAUNCHED)


def load() -> Any:
    """`mpi4py.MPI`, which initialises MPI.

    Raises:
        DistError: mpi4py, or an MPI that it can load, is not installed.
    """
    if not is_available():
        raise DistError('distributed: mpi4py is not installed. Install it with an MPI: pip install "autograd-cnn[distributed]".')
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as e:
        raise DistError(
            f'distributed: mpi4py finds no MPI library ({e}). Install one: pip install "autograd-cnn[distributed]" brings MPICH.'
        ) from e
    if MPI.Query_thread() < MPI.THREAD_MULTIPLE:
        raise DistError(
            "distributed: this MPI was initialised without MPI_THREAD_MULTIPLE, so no gradient could travel beside the backward pass. "
            "Let init_process_group initialise it: import mpi4py.MPI later, or leave mpi4py.rc.thread_level at 'multiple'."
        )
    return MPI
