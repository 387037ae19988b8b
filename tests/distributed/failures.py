"""What ranks do in test_failures.py: they raise, die, hang, or never come."""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import timedelta

import autograd_cnn as ac
from autograd_cnn import distributed as dist


def join(**how: object) -> tuple[int, int]:
    dist.init_process_group(**how)
    return dist.get_rank(), dist.get_world_size()


def raises() -> None:
    rank, _ = join()
    dist.barrier()
    if rank == 1:
        raise ValueError("the data are bad")
    dist.all_reduce(ac.ones(3))


def killed(while_: str) -> None:
    rank, _ = join()
    dist.barrier()
    if rank == 1:
        time.sleep(0.3)
        os.kill(os.getpid(), signal.SIGKILL)
    if while_ == "collective":
        dist.all_reduce(ac.ones(3))
    elif while_ == "receive":
        dist.recv(ac.ones(3), 1)
    elif while_ == "computing":
        time.sleep(30)
    # or "leaving": at the end of the program, where MPI waits for all


def leaves_early(code: int) -> None:
    rank, _ = join()
    dist.barrier()
    if rank == 1:
        sys.exit(code)
    dist.all_reduce(ac.ones(3))


def hangs(how: str) -> str:
    """Rank 1 does not take part; the others hear it after the time-out, and can do nothing more together."""
    rank, _ = join(timeout=timedelta(seconds=60 if how == "monitored" else 1))
    dist.barrier()
    if rank == 1:
        time.sleep(4 if how == "late" else 40)
    said = ""
    try:
        if how == "monitored":
            dist.monitored_barrier(timeout=timedelta(seconds=1))
        elif how == "asynchronous":
            dist.all_reduce(ac.ones(2), async_op=True).wait()
        elif how == "new_group":
            dist.new_group([0])
        else:
            dist.all_reduce(ac.ones(2))
    except dist.DistBackendError as e:
        said = str(e)
    try:
        dist.barrier()
    except dist.DistBackendError as e:
        said += f" / {e}"
    print("returned", __import__("json").dumps(said), flush=True)
    return said


def meets(init_method: str, rank: int, size: int, seconds: float) -> int:
    os.environ.pop("MASTER_ADDR", None)
    join(init_method=init_method, rank=rank, world_size=size, timeout=timedelta(seconds=seconds))
    t = ac.ones(1)
    dist.all_reduce(t)
    return int(t.item())
