"""The worker processes of one loader: starting, tasks to them, batches from them, noticing their death, ending them."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import time
import warnings
import weakref
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from autograd_cnn.utils.data import worker
from autograd_cnn.utils.data.transport import Inlet
from autograd_cnn.utils.data.worker import CHECK_SECONDS, Setup

_PATIENCE = 5.0  # seconds a worker has to finish what it is doing when the loader ends

# The loader's ends of all pipes to workers. A forked worker inherits them, and must close them: an end that a sibling
# holds open would hide from a worker that the loader's process has died.
_ends: weakref.WeakSet[Connection] = weakref.WeakSet()


def close_inherited() -> None:
    """In a forked worker: close the loader's ends of all pipes."""
    for end in list(_ends):
        if not end.closed:
            end.close()


class Team:
    """Worker processes 0 … W - 1, each on a pipe of its own."""

    def __init__(self, setups: Sequence[Setup], context: Any) -> None:
        self._pid = os.getpid()
        self._processes: list[Any] = []
        self._connections: list[Connection] = []
        self._inlets: list[Inlet] = []
        self._receiving = False
        self._over = False
        forked = context.get_start_method() == "fork"
        self._spawned = not forked
        try:
            for setup in setups:
                self._start(setup, context, forked)
        except BaseException:
            self.shutdown()
            raise

    def _start(self, setup: Setup, context: Any, forked: bool) -> None:
        ours, theirs = context.Pipe()
        _ends.add(ours)
        name = f"DataLoader worker {setup.worker}"
        inherited = close_inherited if forked else None
        process = context.Process(target=worker.run, args=(setup, theirs, inherited), name=name, daemon=True)
        try:
            with warnings.catch_warnings():
                # NumPy's idle threads count as threads; none of them holds a lock that a worker needs
                warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
                process.start()
        except BaseException as error:
            ours.close()
            if not forked:
                error.add_note(
                    f"To start a worker with the method {context.get_start_method()!r}, dataset, collate_fn and "
                    "worker_init_fn are pickled: they must be defined at the top of a module. "
                    "multiprocessing_context='fork' does without, where the platform has it."
                )
            raise
        finally:
            theirs.close()
        self._processes.append(process)
        self._connections.append(ours)
        self._inlets.append(Inlet(ours))

    @property
    def usable(self) -> bool:
        """Are the workers there, and is nothing half received?"""
        return not self._over and not self._receiving

    # -------------------------------------------------------------------------------------------- tasks and batches
    def freed(self, number: int) -> list[int]:
        """The worker's shared segments that are no longer used here."""
        return self._inlets[number].freed()

    def send(self, number: int, message: Any) -> None:
        """Send a message. A dead worker is not reported here but when it is its turn to deliver."""
        with contextlib.suppress(ConnectionError):
            self._connections[number].send(message)

    def receive(self, numbers: Sequence[int], timeout: float) -> tuple[int, Any]:
        """The next message of one of these workers, and whose it is.

        RuntimeError if one of them has died, or if none comes within `timeout` seconds (0: wait for ever).
        """
        if self._over:
            raise RuntimeError("DataLoader: the workers of this iterator have ended. Begin a new epoch with iter(loader).")
        if self._receiving:
            raise RuntimeError(
                "DataLoader: an earlier call was interrupted while it received a batch, so the epoch cannot go on. "
                "Begin a new one with iter(loader)."
            )
        deadline = time.monotonic() + timeout if timeout else float("inf")
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise RuntimeError(
                    f"DataLoader timed out after {timeout} seconds: no worker delivered a batch. "
                    "Raise timeout=, or look at what the dataset does."
                )
            number = self._ready(numbers, min(left, CHECK_SECONDS))
            if number is not None:
                return number, self._take(number)

    def _ready(self, numbers: Sequence[int], seconds: float) -> int | None:
        if len(numbers) == 1:
            if self._connections[numbers[0]].poll(seconds):
                return numbers[0]
        else:
            connections = [self._connections[number] for number in numbers]
            ready = wait(connections, seconds)
            if ready:
                return next(n for n, connection in zip(numbers, connections, strict=True) if connection is ready[0])
        for number in numbers:  # its end of the pipe may have been inherited by a process that lives on
            if not self._processes[number].is_alive() and not self._connections[number].poll(0):
                raise self._death(number)
        return None

    def _take(self, number: int) -> Any:
        self._receiving = True
        try:
            message = self._inlets[number].receive()
        except (EOFError, ConnectionError):
            raise self._death(number) from None
        except OSError:
            self._processes[number].join(0.5)
            if self._processes[number].is_alive():  # then it is an error on our side
                raise
            raise self._death(number) from None
        self._receiving = False
        return message

    def _death(self, number: int) -> RuntimeError:
        """The error that says which worker died, and of what."""
        process = self._processes[number]
        process.join(1.0)
        code, pid = process.exitcode, process.pid
        self.shutdown()
        if code is not None and code < 0:
            cause = signal.strsignal(-code) or f"signal {-code}"
            text = f"DataLoader worker (pid {pid}) is killed by signal: {cause}."
            if -code == getattr(signal, "SIGKILL", None):
                text += " If nobody killed it by hand, memory ran out: use fewer workers, or less memory in the dataset."
            return RuntimeError(text)
        text = f"DataLoader worker (pid {pid}) exited unexpectedly with exit code {code}."
        if code == 1 and self._spawned:
            text += ' What it printed says why. A script whose workers are spawned must start its work under `if __name__ == "__main__":`.'
        return RuntimeError(text)

    # -------------------------------------------------------------------------------------------- the end
    def shutdown(self) -> None:
        """End all workers: they may finish what they are doing; who does not within five seconds is terminated."""
        if self._over or os.getpid() != self._pid:  # a forked process has a copy of this object, but not these children
            return
        self._over = True
        for number, connection in enumerate(self._connections):
            self.send(number, None)
            _hang_up(connection)
        deadline = time.monotonic() + _PATIENCE
        for process in self._processes:
            process.join(max(0.0, deadline - time.monotonic()))
        for process in self._processes:
            if process.is_alive():
                process.terminate()
        for process in self._processes:
            process.join(1.0)
            if process.is_alive():
                process.kill()
                process.join()


def _hang_up(connection: Connection) -> None:
    """Close the pipe for whoever holds an end of it, so that a worker which is about to send does not wait for ever."""
    if hasattr(socket, "AF_UNIX"):
        try:
            with socket.socket(fileno=os.dup(connection.fileno())) as wire:
                wire.shutdown(socket.SHUT_RDWR)
        except OSError:  # the worker has closed it already
            pass
    connection.close()


def context_of(choice: Any) -> Any:
    """The multiprocessing context for a DataLoader's option: the platform's default for None."""
    return multiprocessing.get_context(choice) if choice is None or isinstance(choice, str) else choice
