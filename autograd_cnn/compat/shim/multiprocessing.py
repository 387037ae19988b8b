"""`torch.multiprocessing`: Python's, and `spawn`. A tensor that is sent to another process moves to memory that both see, as PyTorch's does;
a view, or one of which there are views, goes as a copy."""

from __future__ import annotations

import contextlib
import multiprocessing as _real
import signal
import sys
import time
import traceback
from collections.abc import Callable
from multiprocessing import *  # noqa: F403
from multiprocessing import connection, reduction
from typing import Any

from ...nn.parameter import Buffer, Parameter
from ...tensors.tensor import Tensor

__all__ = [
    *_real.__all__,
    "ProcessContext",
    "ProcessExitedException",
    "ProcessRaisedException",
    "get_sharing_strategy",
    "set_sharing_strategy",
    "spawn",
    "start_processes",
]


def _sent(x: Any) -> Any:
    if x.is_leaf:
        with contextlib.suppress(RuntimeError):  # something else sees its memory
            x.share_memory_()
    return x.__reduce_ex__(4)


for _kind in (Tensor, Parameter, Buffer):
    reduction.ForkingPickler.register(_kind, _sent)


def set_sharing_strategy(new_strategy: str) -> None:
    """Accepted: there is one, which needs no names in the file system."""
    if new_strategy not in ("file_descriptor", "file_system"):
        raise ValueError(f"set_sharing_strategy: expected 'file_descriptor' or 'file_system', got {new_strategy!r}.")


def get_sharing_strategy() -> str:
    """PyTorch's default."""
    return "file_descriptor"


class ProcessException(Exception):
    """A process of `spawn` failed."""

    def __init__(self, msg: str, error_index: int, pid: int | None) -> None:
        super().__init__(msg)
        self.msg, self.error_index, self.pid = msg, error_index, pid


class ProcessRaisedException(ProcessException):
    """Its function raised; the message is the traceback."""


class ProcessExitedException(ProcessException):
    """It left with an exit code, or by a signal."""

    def __init__(self, msg: str, error_index: int, pid: int | None, exit_code: int, signal_name: str | None = None) -> None:
        super().__init__(msg, error_index, pid)
        self.exit_code, self.signal_name = exit_code, signal_name


def _run(fn: Callable[..., None], i: int, args: tuple[Any, ...], errors: Any) -> None:
    try:
        fn(i, *args)
    except KeyboardInterrupt:
        pass
    except Exception:
        errors.send(traceback.format_exc())
        errors.close()
        from ...distributed.ends import fail

        fail(1)
        sys.exit(1)


class ProcessContext:
    """The processes of `spawn(join=False)`."""

    def __init__(self, processes: list[Any], errors: list[Any]) -> None:
        self.processes, self._errors = processes, errors

    def pids(self) -> list[int | None]:
        """Their numbers in the system."""
        return [p.pid for p in self.processes]

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """True when all have ended well, False when they have not within `timeout`. If one fails, the others are ended.

        Raises:
            ProcessRaisedException: naming the process, with its traceback.
            ProcessExitedException: naming the exit code or the signal.
        """
        running = {p.sentinel: p for p in self.processes if p.exitcode is None}
        if not any(p.exitcode for p in self.processes):
            for ended in connection.wait(list(running), timeout):
                running[ended].join()  # its end is seen a moment before its exit code: unseen, it would not be waited for again
        failed = [i for i, p in enumerate(self.processes) if p.exitcode]
        if not failed:
            return all(p.exitcode == 0 for p in self.processes)
        from ...distributed.ends import FOLLOWS

        end = time.monotonic() + 1.0  # the cause may end a moment after those that follow it
        while time.monotonic() < end and all(self.processes[i].exitcode == FOLLOWS for i in failed):
            time.sleep(0.02)
            failed = [i for i, p in enumerate(self.processes) if p.exitcode]
        i = min(failed, key=lambda k: (self.processes[k].exitcode == FOLLOWS, k))
        for p in self.processes:
            p.join(grace_period or 0.0)
            if p.exitcode is None:
                p.terminate()
        for p in self.processes:
            p.join(30)
            if p.exitcode is None:
                p.kill()
        code, pid = self.processes[i].exitcode, self.processes[i].pid
        said = None
        with contextlib.suppress(EOFError):  # it said nothing
            said = self._errors[i].recv()
        if said is not None:
            raise ProcessRaisedException(f"\n\n-- Process {i} terminated with the following error:\n{said}", i, pid)
        if code < 0:
            name = signal.Signals(-code).name
            raise ProcessExitedException(f"process {i} terminated with signal {name}", i, pid, code, name)
        raise ProcessExitedException(f"process {i} terminated with exit code {code}", i, pid, code)


def start_processes(
    fn: Callable[..., None],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """`fn(i, *args)` in processes i = 0 … nprocs − 1; waits for them, or (`join=False`) returns them."""
    context: Any = _real.get_context(start_method)
    processes, errors = [], []
    for i in range(nprocs):
        mine, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_run, args=(fn, i, args, theirs), name=f"SpawnProcess-{i + 1}", daemon=daemon)
        process.start()
        theirs.close()
        processes.append(process)
        errors.append(mine)
    started = ProcessContext(processes, errors)
    if not join:
        return started
    while not started.join():
        pass
    return None


def spawn(
    fn: Callable[..., None],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """`fn(i, *args)` in `nprocs` new processes. If one fails, the others are ended and its traceback is raised here.

    Raises:
        ProcessRaisedException, ProcessExitedException: naming the process that failed.
    """
    return start_processes(fn, args, nprocs, join, daemon, start_method)


def __getattr__(name: str) -> Any:
    return getattr(_real, name)
