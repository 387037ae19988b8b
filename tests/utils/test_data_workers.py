"""Worker processes: order, memory, errors, death, and that nothing is left behind."""

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
from typing import Any

import numpy as np
import pytest

from autograd_cnn.tensor import Tensor, wrap
from autograd_cnn.utils.data import DataLoader, IterableDataset, TensorDataset, get_worker_info
from autograd_cnn.utils.data.transport import HAS_SEGMENTS

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="these tests pass closures to workers")
FORK: dict[str, Any] = {"multiprocessing_context": "fork"} if hasattr(os, "fork") else {}


class Made:
    """A dataset of n samples made by a function."""

    def __init__(self, n: int, make: Callable[[int], Any]) -> None:
        self.n = n
        self.make = make

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, i: int) -> Any:
        return self.make(i)


def loader(n: int, make: Callable[[int], Any], **options: Any) -> DataLoader[Any]:
    """A loader with two forked workers."""
    return DataLoader(Made(n, make), **{"num_workers": 2, **FORK, **options})


def lists(batches: Any) -> list[Any]:
    return [batch.tolist() for batch in batches]


def alive(pid: int) -> bool:
    """Does this process run? (A zombie does not.)"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pids: list[int], seconds: float = 8.0) -> bool:
    end = time.monotonic() + seconds
    while any(alive(pid) for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def connections() -> int:
    """The open sockets and shared segments of this process."""
    kinds = [os.readlink(file) for file in Path("/proc/self/fd").iterdir() if file.is_symlink()]
    return sum(kind.startswith("socket:") or "memfd" in kind for kind in kinds)


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """No process, no shared memory, no connection is left of any test."""
    gc.collect()
    before, shared = connections(), set(os.listdir("/dev/shm"))
    yield
    gc.collect()
    assert multiprocessing.active_children() == []
    assert set(os.listdir("/dev/shm")) <= shared
    assert connections() <= before


# ------------------------------------------------------------------------------------------------ order
def test_batches_come_in_order_whoever_is_faster() -> None:
    def slow_first(i: int) -> int:
        if get_worker_info().id == 0:  # type: ignore[union-attr]
            time.sleep(0.01)
        return i

    assert lists(loader(11, slow_first, batch_size=2)) == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10]]


def test_or_as_they_are_ready() -> None:
    def slow_first(i: int) -> int:
        if i == 0:
            time.sleep(0.5)
        return i

    seen = lists(loader(8, slow_first, in_order=False))
    assert sorted(seen) == [[i] for i in range(8)]
    assert seen[0] != [0]


def test_batch_i_is_the_work_of_worker_i_mod_w() -> None:
    assert [b.item() for b in loader(7, lambda i: get_worker_info().id)] == [0, 1, 0, 1, 0, 1, 0]  # type: ignore[union-attr]


@pytest.mark.parametrize("factor", [1, 3])
def test_prefetching(factor: int) -> None:
    counts = np.frombuffer(mmap.mmap(-1, 2), np.uint8)  # a counter for each worker, in memory that forks share

    def count(i: int) -> int:
        counts[get_worker_info().id] += 1  # type: ignore[union-attr]
        return i

    it = iter(loader(40, count, prefetch_factor=factor))
    time.sleep(0.3)
    assert counts.tolist() == [factor, factor]
    next(it)
    time.sleep(0.2)
    assert counts.tolist() == [factor + 1, factor]


def test_get_worker_info() -> None:
    def info(i: int) -> Any:
        mine = get_worker_info()
        assert mine is not None
        return mine.id, mine.num_workers, mine.seed, type(mine.dataset).__name__, os.getpid()

    (first, second) = loader(2, info)
    assert (first[0].item(), second[0].item()) == (0, 1)
    assert first[1].item() == 2
    assert second[2].item() == first[2].item() + 1
    assert first[3] == ["Made"] or first[3] == ("Made",)
    assert len({first[4].item(), second[4].item(), os.getpid()}) == 3
    assert get_worker_info() is None


# ------------------------------------------------------------------------------------------------ memory
def test_big_batches_are_whole_writable_and_stay() -> None:
    """Each batch keeps its numbers for as long as it is held, however many follow it; then its memory is used again."""
    held = []
    for n, (x, i) in enumerate(loader(200, lambda i: (np.full((2, 1500), i, np.float64), i), batch_size=2)):
        assert x.value.flags.writeable
        assert x.value.flags.aligned
        held.append((x, i))
        x.value[0, 0, 0] += 0.5
        assert n == len(held) - 1
    for n, (x, i) in enumerate(held):
        assert i.tolist() == [2 * n, 2 * n + 1]
        want = np.repeat([2.0 * n, 2.0 * n + 1], 3000).reshape(2, 2, 1500)
        want[0, 0, 0] += 0.5
        np.testing.assert_array_equal(x.value, want)


@pytest.mark.skipif(not HAS_SEGMENTS, reason="this platform has no memfd_create")
def test_memory_is_used_again() -> None:
    addresses = {x.value.ctypes.data for x in loader(100, lambda i: np.full(4000, i, np.float64), batch_size=2)}
    assert len(addresses) <= 12


def test_a_view_keeps_the_memory() -> None:
    views = [x.value[:, 3::100] for x in loader(60, lambda i: np.full(4000, i, np.float64), batch_size=2)]
    for n, view in enumerate(views):
        np.testing.assert_array_equal(view, np.repeat([[2.0 * n], [2.0 * n + 1]], view.shape[1], axis=1))


def test_what_the_worker_keeps_is_not_overwritten() -> None:
    """A batch that the worker's own code holds on to is not built over."""
    kept: list[Any] = []

    def keep(samples: list[Any]) -> Any:
        from autograd_cnn.utils.data import default_collate

        kept.append(default_collate(samples))
        return [kept[0], kept[-1]]

    for n, (first, last) in enumerate(loader(12, lambda i: np.full(4000, i), num_workers=1, collate_fn=keep)):
        assert first.value[0, 0] == 0
        assert last.value[0, 0] == n
        assert (first.value == 0).all()


def test_batches_outlive_the_loader() -> None:
    batches = list(loader(6, lambda i: np.full(30000, i)))
    gc.collect()
    assert [b.value[0, -1] for b in batches] == [0, 1, 2, 3, 4, 5]


def test_all_kinds_of_values_travel() -> None:
    def make(i: int) -> Any:
        return {
            "big": np.full((3, 5000), i, np.float32), "bytes": np.full(3, i, np.uint8), "text": "x" * i, "none": [i, (i, 0.5)],
            "column": np.asfortranarray(np.arange(12000.0).reshape(3, 4000) + i), "zero": np.zeros((0, 3)),
        }  # fmt: skip

    got = list(loader(4, make, batch_size=2))
    want = list(DataLoader(Made(4, make), batch_size=2))
    for one, other in zip(got, want, strict=True):
        assert one["text"] == other["text"]
        for name in ("big", "bytes", "column", "zero"):
            assert one[name].value.dtype == other[name].value.dtype
            np.testing.assert_array_equal(one[name].value, other[name].value)
        assert one["none"][1][1].tolist() == [0.5, 0.5]


def test_big_values_of_own_collate_functions() -> None:
    """Arrays that were not built in shared memory, one of them twice, one a transposed view, and a read-only one."""

    def own(samples: list[int]) -> Any:
        x = np.full((300, 40), samples[0], np.float64)
        frozen = x + 1
        frozen.flags.writeable = False
        return x, x, wrap(x.T), frozen, b"z" * 100_000

    for n, (x, again, turned, frozen, text) in enumerate(loader(8, lambda i: i, collate_fn=own)):
        assert isinstance(turned, Tensor)
        for array, value in ((x, n), (again, n), (turned.value, n), (frozen, n + 1)):
            assert (array == value).all()
        assert turned.shape == (40, 300)
        assert len(text) == 100_000


def test_tensor_datasets_are_gathered_in_workers_too() -> None:
    x = np.arange(60_000.0).reshape(20, 3000)
    batches = list(DataLoader(TensorDataset(wrap(x), wrap(np.arange(20))), 4, num_workers=2, **FORK))
    np.testing.assert_array_equal(np.concatenate([b[0].value for b in batches]), x)
    assert [i for b in batches for i in b[1].tolist()] == list(range(20))


def test_very_long_index_lists_do_not_block() -> None:
    """Tasks and answers too big for the pipe, on both ways at once."""
    n = 60_000
    batches = list(DataLoader(range(3 * n), n, num_workers=1, collate_fn=lambda s: [str(i) for i in s], **FORK))
    assert [len(b) for b in batches] == [n, n, n]
    assert batches[2][-1] == str(3 * n - 1)


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
    assert str(caught.value).rstrip().endswith(
        "ValueError: no picture"
    )
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


def test_a_death_that_another_process_hides() -> None:
    """A process forked meanwhile holds the worker's end of the pipe open: the death is noticed all the same."""
    it = iter(loader(100, lambda i: os.getpid()))
    pids = pids_of(it)
    inherited = next(iter(it._team._connections))  # type: ignore[attr-defined]
    copy = os.dup(inherited.fileno())
    try:
        os.kill(pids[0], signal.SIGKILL)
        with pytest.raises(RuntimeError, match=f"pid {pids[0]}"):
            list(it)
    finally:
        os.close(copy)


def test_timeout() -> None:
    it = iter(loader(4, lambda i: time.sleep(0.6 if i == 2 else 0) or i, num_workers=1, timeout=0.2))
    assert next(it).item() == 0
    assert next(it).item() == 1
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0.2 seconds"):
        next(it)
    time.sleep(0.6)
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


# ------------------------------------------------------------------------------------------------ streams
class Shares(IterableDataset[int]):
    def __init__(self, ends: tuple[int, ...]) -> None:
        self.ends = ends

    def __iter__(self) -> Iterator[int]:
        info = get_worker_info()
        assert info is not None
        return iter(range(100 * info.id, 100 * info.id + self.ends[info.id]))


@pytest.mark.parametrize("persistent", [False, True])
def test_streams_of_different_lengths(persistent: bool) -> None:
    data = DataLoader(Shares((5, 1)), 2, num_workers=2, persistent_workers=persistent, **FORK)
    for _ in range(3):
        assert lists(data) == [[0, 1], [100], [2, 3], [4]]


def test_an_empty_stream() -> None:
    assert list(DataLoader(Shares((0, 0)), 2, num_workers=2, **FORK)) == []


# ------------------------------------------------------------------------------------------------ whole programs
PROGRAM = """
import os, sys, time
import numpy as np
from autograd_cnn.utils.data import DataLoader

class Slow:
    def __len__(self): return 1000
    def __getitem__(self, i):
        time.sleep(0.01)
        return os.getpid(), np.zeros(5000)

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


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("how", ["SIGINT to all", "SIGINT", "SIGTERM", "SIGKILL"])
def test_no_worker_outlives_its_program(method: str, how: str, tmp_path: Path) -> None:
    """Ctrl-C (which reaches the whole process group), or any signal to the program alone."""
    import subprocess

    if method == "spawn" and how != "SIGKILL":
        pytest.skip("the slow start is paid once")
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    with subprocess.Popen([sys.executable, str(script), method], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, start_new_session=True) as program:  # fmt: skip
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


class Twice:
    """Defined at the top of a module, so that workers can be spawned with it."""

    def __len__(self) -> int:
        return 5

    def __getitem__(self, i: int) -> Any:
        return 2 * i, np.full(4000, i)


def test_spawned_workers() -> None:
    data = DataLoader(Twice(), 2, num_workers=1, multiprocessing_context="spawn")
    assert [(b[0].tolist(), b[1].value[:, -1].tolist()) for b in data] == [([0, 2], [0, 1]), ([4, 6], [2, 3]), ([8], [4])]


def test_a_lambda_cannot_be_spawned() -> None:
    with pytest.raises(Exception, match=r"pickle") as caught:
        list(DataLoader(Twice(), num_workers=1, collate_fn=lambda s: s, multiprocessing_context="spawn"))
    assert any("top of a module" in note for note in caught.value.__notes__)


def test_without_shared_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on platforms that have no anonymous shared memory: arrays go through the pipe."""
    from autograd_cnn.utils.data import transport

    monkeypatch.setattr(transport, "HAS_SEGMENTS", False)
    make = lambda i: (np.full((50, 200), i, np.float32), np.full(3, i))
    for n, (x, y) in enumerate(loader(9, make)):
        assert (x.value == n).all()
        assert x.value.flags.writeable
        assert y.tolist() == [[n, n, n]]


def test_an_interrupted_receive_is_not_continued(monkeypatch: pytest.MonkeyPatch) -> None:
    it: Any = iter(loader(9, lambda i: i))
    next(it)
    inlet = it._team._inlets[1]
    receive = inlet.receive

    def interrupted() -> Any:
        receive()
        raise KeyboardInterrupt

    inlet.receive = interrupted
    with pytest.raises(KeyboardInterrupt):
        next(it)
    with pytest.raises(RuntimeError, match=r"interrupted while it received a batch.*iter\(loader\)"):
        next(it)
