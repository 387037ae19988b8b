"""Operations under way: the handle of one, the future of its result, and the lane on which a group's operations run one after another."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from .errors import DistBackendError

__all__ = ["Future", "Work"]


class Future:
    """The result of something under way, as `torch.futures.Future`.

    >>> f = Future()
    >>> g = f.then(lambda done: done.value() + 1)
    >>> f.set_result(1)
    >>> g.wait()
    2
    """

    def __init__(self, devices: Any = None) -> None:
        self._done, self._result, self._error = threading.Event(), None, None  # type: tuple[threading.Event, Any, BaseException | None]
        self._after: list[Callable[[Future], Any]] = []
        self._lock = threading.Lock()

    def done(self) -> bool:
        """Is the result there?"""
        return self._done.is_set()

    def wait(self) -> Any:
        """The result, waited for. Raises what the operation raised."""
        self._done.wait()
        return self.value()

    def value(self) -> Any:
        """The result of what is done. Raises what the operation raised; RuntimeError if it is still under way."""
        if not self._done.is_set():
            raise RuntimeError("Future.value: the result is not there yet; wait() for it.")
        if self._error is not None:
            raise self._error
        return self._result

    def set_result(self, result: Any) -> None:
        """The result, for all who wait. RuntimeError if it is there already."""
        self._finish(result, None)

    def set_exception(self, error: BaseException) -> None:
        """What is raised by all who wait."""
        self._finish(None, error)

    def _finish(self, result: Any, error: BaseException | None) -> None:
        with self._lock:
            if self._done.is_set():
                raise RuntimeError("Future: its result was set before.")
            self._result, self._error = result, error
            self._done.set()
            after = self._after
        for call in after:
            call(self)

    def add_done_callback(self, callback: Callable[[Future], Any]) -> None:
        """`callback(self)` once it is done; at once if it is."""
        with self._lock:
            if not self._done.is_set():
                self._after.append(callback)
                return
        callback(self)

    def then(self, callback: Callable[[Future], Any]) -> Future:
        """A future of `callback(self)`."""
        result = Future()

        def run(done: Future) -> None:
            try:
                result.set_result(callback(done))
            except BaseException as e:  # whoever waits for it hears of it
                result.set_exception(e)

        self.add_done_callback(run)
        return result


class Work:
    """An operation under way, as torch.distributed's: `wait()` until its tensors may be used."""

    def __init__(self, name: str, result: Any = None) -> None:
        self.name, self._result = name, result
        self._future = Future()

    def is_completed(self) -> bool:
        """Is it over, well or not?"""
        return self._future.done()

    def is_success(self) -> bool:
        """Is it over, and nothing was raised?"""
        return self._future.done() and self.exception() is None

    def exception(self) -> BaseException | None:
        """What was raised, if anything."""
        return self._future._error

    def result(self) -> Any:
        """The tensors that were given, as a list."""
        return self._result

    def wait(self, timeout: timedelta | None = None) -> bool:
        """True when it is done. Raises what it raised; DistBackendError when `timeout` is over before."""
        if not self._future._done.wait(None if timeout is None else timeout.total_seconds()):
            raise DistBackendError(f"{self.name}: not done within {timeout}.")
        self._future.value()
        return True

    def get_future(self) -> Future:
        """A future of its tensors."""
        return self._future

    def _run(self, call: Callable[[], None]) -> None:
        try:
            call()
        except BaseException as e:
            self._future.set_exception(e)
        else:
            self._future.set_result(self._result)


class Lane:
    """A group's operations in the order in which they were asked for: MPI wants the same order on every rank.

    One that is waited for runs in the caller's own thread unless others are under way; a thread of the lane's own, begun when the first
    asynchronous operation is asked for, runs the others, because MPI moves data only inside its own calls.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._todo: queue.SimpleQueue[tuple[Work, Callable[[], None]] | None] = queue.SimpleQueue()
        self._free = threading.Lock()  # held by whoever runs an operation
        self._count = threading.Condition()
        self._under_way = 0
        self._thread: threading.Thread | None = None

    def do(self, name: str, call: Callable[[], None], result: Any, async_op: bool) -> Work | None:
        """The handle of an asynchronous operation; None for one that is done."""
        with self._count:
            at_once = not async_op and self._under_way == 0 and self._free.acquire(blocking=False)
            if not at_once:
                self._under_way += 1
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, daemon=True, name=self.name)
                    self._thread.start()
                work = Work(name, result)
                self._todo.put((work, call))
        if at_once:
            try:
                call()
            finally:
                self._free.release()
            return None
        if async_op:
            return work
        work.wait()
        return None

    def _work(self) -> None:
        while (item := self._todo.get()) is not None:
            work, call = item
            with self._free:
                work._run(call)
            with self._count:
                self._under_way -= 1
                self._count.notify_all()

    def close(self) -> None:
        """When everything that was asked for is done."""
        with self._count:
            self._count.wait_for(lambda: self._under_way == 0)
            if self._thread is not None:
                self._todo.put(None)


def wait_for(request: Any, seconds: float, hopeless: Callable[[], bool] = lambda: False) -> bool:
    """Wait until the request is done; False when `seconds` are over before, or it is not done a second after it has become hopeless.
    Gives the processor away while it waits: others compute."""
    for _ in range(50):  # most come within microseconds
        if request.Test():
            return True
    end = time.monotonic() + seconds
    look = time.monotonic() + 0.2
    pause = 20e-6
    while not request.Test():
        now = time.monotonic()
        if now > end:
            return False
        if now > look:
            look = now + 0.2
            if hopeless():  # what the others sent before may still be on its way
                end, look = min(end, now + 1.0), end + 2.0
        time.sleep(pause)
        pause = min(pause * 1.5, 500e-6)
    return True
