"""DistributedDataParallel and what goes with it. What the ranks do stands in data_parallel.py."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .ranks import needs_mpi, run_ranks


@needs_mpi
def test_equals_one_process_with_the_whole_batch():
    run_ranks("data_parallel.equals_one_process", 2, 4, 2)


@needs_mpi
@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 2, 3])
def test_every_way_for_fifty_steps(size):
    run_ranks("data_parallel.equals_one_process", size, 50, 5, seconds=200)


@needs_mpi
@pytest.mark.slow
@pytest.mark.parametrize("name", "of_every_dtype normalisation accumulates unused buffers wrong_models hooks sharded".split())
@pytest.mark.parametrize("size", [2, 3])
def test_on_several(name, size):
    run_ranks(f"data_parallel.{name}", size)


def test_layers_do_not_load_what_joins_processes():
    code = "import autograd_cnn as ac, sys; ac.nn.SyncBatchNorm(1)(ac.ones(2, 1)); print('autograd_cnn.distributed' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
