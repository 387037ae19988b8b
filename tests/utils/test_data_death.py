"""Worker processes that fail, die, or are no longer needed: what is said, and that nothing is left behind."""

from __future__ import annotations

import gc
import mmap
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from autograd_cnn.tensors.tensor import wrap
from autograd_cnn.utils.data import DataLoader, IterableDataset, worker
from tests.utils.workers import FORK, alive, few_processors, gone, lists, loader, needs_fork, nothing_left

__all__ = ["nothing_left"]
pytestmark = [needs_fork, few_processors, pytest.mark.usefixtures("nothing_left")]


# ------------------------------------------------------------------------------------------------ errors
class TwoWords(Exception):
    def __init__(self, one: str, two: str) -> None:
        super().__init__(one, two)


def fail(error: BaseException) -> Callable[[int], Any]:
    def make(i: int) -> int:
        if i == 1:
            raise error
        return i

    return make


def test_an_exception_comes_back_with_its_traceback() -> None:
    it = iter(loader(4, fail(ValueError("no picture"))))
    assert next(it).item() == 0
    with pytest.raises(ValueError, match=r"^Caught ValueError in DataLoader worker process 1\.\nOriginal Traceback") as caught:
        next(it)
    assert "in make" in str(caught.value)
    assert str(caught.value).rstrip().endswith("ValueError: no picture")
    assert lists(it) == [[2], [3]]


def test_a_key_error_stays_readable() -> None:
    with pytest.raises(KeyError) as caught:
        list(loader(4, fail(KeyError("k"))))
    assert "\nOriginal Traceback" in str(caught.value)


def test_exceptions_that_cannot_be_made_again() -> None:
    class Local(Exception):
        pass

    for error in (TwoWords("a", "b"), Local("a")):
        with pytest.raises(RuntimeError, match=f"^Caught {type(error).__name__} in DataLoader worker process 1"):
            list(loader(4, fail(error)))


def test_errors_of_the_users_functions() -> None:
    def broken(_: Any) -> Any:
        raise ValueError("mine")

    for options in ({"collate_fn": broken}, {"worker_init_fn": broken}):
        with pytest.raises(ValueError, match=r"(?s)Caught ValueError in DataLoader worker process 0.*in broken.*mine"):
            list(loader(4, lambda i: i, **options))


def test_the_notes_travel() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)at entry 1.*samples with indices \[0, 1\]"):
        list(loader(4, lambda i: np.zeros(i), batch_size=2))


def test_what_cannot_be_pickled() -> None:
    with pytest.raises(Exception, match=r"(?s)in DataLoader worker process 0.*could not be sent.*can be pickled"):
        list(loader(4, lambda i: i, collate_fn=lambda samples: (i for i in samples)))


def test_a_batch_with_a_graph_is_refused() -> None:
    x = wrap(np.ones(3), requires_grad=True)
    with pytest.raises(RuntimeError, match=r"(?s)only leaf tensors.*detach"):
        list(loader(4, lambda i: x * i))


class OncePerWorker(IterableDataset[int]):
    """A stream that can be opened once only."""

    opened = 0

    def __iter__(self) -> Iterator[int]:
        self.opened += 1
        if self.opened > 1:
            raise ValueError(f"opened {self.opened} times")
        return iter([1])


def test_a_stream_that_cannot_be_opened_again() -> None:
    """It is said where the second epoch begins, with workers that stayed; the third asks again."""
    data = DataLoader(OncePerWorker(), num_workers=1, persistent_workers=True, **FORK)
    assert lists(data) == [[1]]
    for times in (2, 3):
        with pytest.raises(ValueError, match=rf"(?s)in DataLoader worker process 0.*opened {times} times"):
            list(data)


# ------------------------------------------------------------------------------------------------ death
def pids_of(batches: Any) -> list[int]:
    """The pids that two workers put into their first batches."""
    return [next(batches).item() for _ in range(2)]


def test_a_killed_worker_is_named() -> None:
    it = iter(loader(100, lambda i: os.getpid()))
    pids = pids_of(it)
    os.kill(pids[1], signal.SIGKILL)
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=rf"DataLoader worker \(pid {pids[1]}\) is killed by signal: Killed\. .*memory"):
        list(it)
    assert time.monotonic() - start < 4
    assert gone(pids)
    with pytest.raises(RuntimeError, match=r"workers of this iterator have ended"):
        next(it)


def test_killed_while_it_sends() -> None:
    """Half a message is no batch."""
    it = iter(loader(100, lambda i: os.getpid(), collate_fn=lambda s: (s[0], b"x" * 3_000_000)))
    pids = [next(it)[0] for _ in range(2)]
    time.sleep(0.1)  # now both are stuck in sending
    os.kill(pids[0], signal.SIGKILL)
    with pytest.raises(RuntimeError, match=rf"pid {pids[0]}\) is killed by signal"):
        list(it)


def test_a_worker_that_exits() -> None:
    with pytest.raises(RuntimeError, match=r"DataLoader worker \(pid \d+\) exited unexpectedly with exit code 3"):
        list(loader(6, lambda i: os._exit(3) if i == 3 else i))


def test_death_between_two_epochs() -> None:
    data = loader(4, lambda i: os.getpid(), persistent_workers=True)
    pids = pids_of(iter(data))
    os.kill(pids[0], signal.SIGKILL)
    with pytest.raises(RuntimeError, match=f"pid {pids[0]}"):
        list(data)
    assert len(list(data)) == 4  # with new workers


def test_a_death_that_another_process_hides(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that the worker forked holds its end of the pipe open: its death is noticed all the same."""
    from autograd_cnn.utils.data import team

    monkeypatch.setattr(team, "CHECK_SECONDS", 0.1)

    def leave_a_child(i: int) -> int:
        if i == 0 and os.fork() == 0:
            time.sleep(2)
            os._exit(0)
        return os.getpid()

    it = iter(loader(100, leave_a_child, num_workers=1))
    pid = next(it).item()
    os.kill(pid, signal.SIGKILL)
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=f"pid {pid}"):
        list(it)
    assert time.monotonic() - start < 1.5


def test_an_error_at_this_end_is_no_death() -> None:
    it: Any = iter(loader(4, lambda i: i, num_workers=1))
    next(it)

    def full() -> Any:
        raise OSError("too many open files")

    it._team._inlets[0].receive = full
    with pytest.raises(OSError, match="too many open files"):
        next(it)
    assert it._team._processes[0].is_alive()


def test_timeout() -> None:
    go_on = mmap.mmap(-1, 1)  # memory that forks share

    def waits(i: int) -> int:
        while i == 2 and not go_on[0]:
            time.sleep(0.01)
        return i

    it = iter(loader(4, waits, num_workers=1, timeout=1.5))
    assert next(it).item() == 0
    assert next(it).item() == 1
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 1.5 seconds"):
        next(it)
    go_on[0] = 1
    assert next(it).item() == 2  # it was late, not lost


# ------------------------------------------------------------------------------------------------ the end
def test_workers_end_with_the_epoch_and_with_the_iterator() -> None:
    it = iter(loader(50, lambda i: os.getpid()))
    pids = pids_of(it)
    list(it)
    assert gone(pids, 0.0)
    assert next(it, None) is None
    it = iter(loader(50, lambda i: os.getpid()))
    pids = pids_of(it)
    del it
    assert gone(pids, 0.0)


def test_breaking_off_is_quick_though_a_worker_sends() -> None:
    for _ in loader(50, lambda i: i, collate_fn=lambda s: b"x" * 2_000_000):
        time.sleep(0.05)
        start = time.monotonic()
        break
    gc.collect()
    assert multiprocessing.active_children() == []
    assert time.monotonic() - start < 2


def test_a_worker_that_does_not_end_is_terminated(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_cnn.utils.data import team

    monkeypatch.setattr(team, "_PATIENCE", 0.2)
    it = iter(loader(50, lambda i: time.sleep(60 if i > 1 else 0) or os.getpid()))
    pids = pids_of(it)
    del it
    assert gone(pids, 0.0)


def test_a_worker_that_does_not_let_itself_be_terminated_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_cnn.utils.data import team

    def deaf(_: int) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    monkeypatch.setattr(team, "_PATIENCE", 0.1)
    it = iter(loader(50, lambda i: time.sleep(60 if i else 0) or os.getpid(), num_workers=1, worker_init_fn=deaf))
    pid = next(it).item()
    del it
    assert gone([pid], 0.0)
    assert multiprocessing.active_children() == []


def test_persistent_workers_stay_and_end() -> None:
    data = loader(6, lambda i: os.getpid(), persistent_workers=True)
    epochs = [{b.item() for b in data} for _ in range(3)]
    assert epochs[0] == epochs[1] == epochs[2]
    assert len(epochs[0]) == 2
    pids = list(epochs[0])
    assert all(alive(pid) for pid in pids)
    next(iter(data))
    assert len(list(data)) == 6
    del data
    gc.collect()
    assert gone(pids, 0.0)


def test_two_loaders_at_once() -> None:
    first, second = (loader(20, lambda i, k=k: 100 * k + i, persistent_workers=bool(k)) for k in range(2))
    for n, (a, b) in enumerate(zip(first, second, strict=True)):
        assert (a.item(), b.item()) == (n, 100 + n)
    assert lists(second) == [[100 + n] for n in range(20)]


def test_iterating_in_a_thread() -> None:
    seen: list[Any] = []
    thread = threading.Thread(target=lambda: seen.extend(lists(loader(5, lambda i: i))))
    thread.start()
    thread.join()
    assert seen == [[0], [1], [2], [3], [4]]


# ------------------------------------------------------------------------------------------------ a loader that is gone
@pytest.mark.parametrize(
    ("ppid", "parent", "orphan"), [(7, "", False), (1, "", True), (7, "alive", False), (7, "dead", True), (1, "alive", True)]
)
def test_who_is_an_orphan(monkeypatch: pytest.MonkeyPatch, ppid: int, parent: str, orphan: bool) -> None:
    """Whose parent is another than it was, or is no more; a process that nobody started as a worker's has none to ask."""
    known = SimpleNamespace(is_alive=lambda: parent == "alive") if parent else None
    monkeypatch.setattr(os, "getppid", lambda: ppid)
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: known)
    assert worker._orphaned(7) is orphan


@pytest.mark.parametrize("busy", [False, True])
def test_a_worker_whose_loader_is_gone_ends(monkeypatch: pytest.MonkeyPatch, busy: bool) -> None:
    """Though somebody else still holds the loader's end of its pipe; and though it is stuck in its dataset."""
    answers = iter([False, False, True])
    ended: list[int] = []
    monkeypatch.setattr(worker, "CHECK_SECONDS", 0.01)
    monkeypatch.setattr(worker, "_orphaned", lambda parent: next(answers))
    monkeypatch.setattr(os, "_exit", ended.append)
    ours, theirs = multiprocessing.Pipe()
    tasks: SimpleQueue[Any] = SimpleQueue()
    over = threading.Event()
    if not busy:
        over.set()
    with ours, theirs:
        ours.send("task")
        worker._listen(theirs, tasks, over)
    assert [tasks.get(timeout=1) for _ in range(2)] == ["task", None]
    assert next(answers, None) is None
    assert ended == ([1] if busy else [])


# ------------------------------------------------------------------------------------------------ whole programs
PROGRAM = """
import os, sys, time
import numpy as np
from autograd_cnn.utils.data import DataLoader

class Slow:
    def __len__(self): return 1000
    def __getitem__(self, i):
        time.sleep(0.01)
        return os.getpid(), np.zeros(9000)

def main():
    loader = DataLoader(Slow(), num_workers=2, persistent_workers=True, multiprocessing_context=sys.argv[1])
    for n, (pid, _) in enumerate(loader):
        if n < 2:
            print(pid.item(), flush=True)
        if n == 3:
            print("running", flush=True)

if __name__ == "__main__":
    main()
"""


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("how", ["SIGINT to all", "SIGINT", "SIGTERM", "SIGKILL"])
def test_no_worker_outlives_its_program(method: str, how: str, tmp_path: Path) -> None:
    """Ctrl-C (which reaches the whole process group), or any signal to the program alone."""
    import subprocess

    if method == "spawn" and how != "SIGKILL":
        pytest.skip("the slow start is paid once")
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", str(script), method],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        pids = [int(program.stdout.readline()) for _ in range(2)]
        assert program.stdout.readline() == "running\n"
        if how == "SIGINT to all":
            os.killpg(program.pid, signal.SIGINT)
        else:
            program.send_signal(getattr(signal, how))
        program.wait(10)
        assert gone(pids)
        said = program.stderr.read()
    if "SIGINT" in how:
        assert said.rstrip().endswith("KeyboardInterrupt")
        assert said.count("Traceback") == 1
    else:
        assert said == ""
