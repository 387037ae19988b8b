"""Collectives, groups, messages, objects, on two and three processes. What the ranks do stands in collectives.py."""

from __future__ import annotations

import sys

import pytest

import autograd_cnn as ac
from autograd_cnn import distributed as dist

from .ranks import command, environment, needs_mpi, run_commands, run_ranks


@needs_mpi
def test_two_ranks():
    done = run_ranks("collectives.everything", 2, True)
    assert done[0].said == done[1].said == 5 * 4 * (5 + 7)


@needs_mpi
@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 2, 3])
def test_every_collective_of_every_dtype_and_layout(size):
    run_ranks("collectives.everything", size, False, seconds=200)


@needs_mpi
@pytest.mark.slow
@pytest.mark.parametrize("name", "flattened asynchronous groups outsiders objects messages polled wrong again".split())
@pytest.mark.parametrize("size", [2, 3])
def test_on_several(name, size):
    run_ranks(f"collectives.{name}", size)


@needs_mpi
@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 3])
def test_who_differs_is_said(size):
    for rank, end in enumerate(run_ranks("collectives.mismatches", size)):
        said = dict(line.split(": ", 1) for line in end.said)
        others = ", ".join(str(r) for r in range(size) if r != 1)
        assert f"rank {others}: all_reduce(float32 [2], SUM)" in said["shape"] and "rank 1: all_reduce(float32 [3], SUM)" in said["shape"]
        assert "float32 [2, 3]" in said["same bytes"] and "float32 [3, 2]" in said["same bytes"]
        assert "rank 1: all_reduce(float64 [2], SUM)" in said["dtype"]
        assert "rank 0: broadcast(float32 [2], src=0)" in said["operation"]
        assert "MAX" in said["op"] and "MIN" in said["op"]
        assert "src=0" in said["root"] and "src=1" in said["root"]
        assert "rank 0 sends 2 numbers to rank 0, which expects 1 from it" in said["splits"] or rank
        assert "rank 0: barrier()" in said["objects"]


@needs_mpi
@pytest.mark.slow
def test_mpiexec():
    import shutil

    mpiexec = shutil.which("mpiexec", path=f"{sys.prefix}/bin") or shutil.which("mpiexec")
    if mpiexec is None:
        pytest.skip("no mpiexec")
    argv = [mpiexec, "-n", "2", *command("collectives.everything", True)]
    (end,) = run_commands([(argv, environment())], 60)
    assert end.code == 0, end.err
    assert end.out.count("returned 240") == 2


def test_without_a_group():
    for call in (
        lambda: dist.get_rank(),
        lambda: dist.get_world_size(),
        lambda: dist.all_reduce(ac.ones(1)),
        lambda: dist.barrier(),
        lambda: dist.destroy_process_group(),
        lambda: ac.nn.parallel.DistributedDataParallel(ac.nn.Linear(1, 1)),
    ):
        with pytest.raises(ValueError, match="Default process group has not been initialized, please make sure to call init_process_group"):
            call()
    assert not dist.is_initialized()


def test_a_future():
    future = dist.Future()
    seen: list[int] = []
    later = future.then(lambda f: f.value() + 1)
    future.add_done_callback(lambda f: seen.append(f.value()))
    failing = future.then(lambda f: 1 // 0)
    assert not future.done() and not later.done()
    with pytest.raises(RuntimeError, match="not there yet"):
        future.value()
    future.set_result(3)
    assert (future.wait(), later.wait(), seen) == (3, 4, [3])
    with pytest.raises(ZeroDivisionError):
        failing.wait()
    with pytest.raises(RuntimeError, match="set before"):
        future.set_result(4)
