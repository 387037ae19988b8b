"""How many threads compute: what is set, what small work takes, and how NumPy's work is divided."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.kernels.memory import threads


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = ac.get_num_threads()
    yield
    monkeypatch.undo()
    ac.set_num_threads(before)


# ------------------------------------------------------------------------------------------------- the number
@pytest.mark.parametrize(("word", "count"), [("3", 3), ("1", 1), ("4,2", 4), ("0", 1), ("-2", 1), ("", 7), ("many", 7), (None, 7)])
def test_the_default(word: str | None, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_processors", lambda: 7)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if word is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", word)
    assert threads._wanted() == count


def test_processors_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "os", SimpleNamespace(sched_getaffinity=lambda pid: {0, 3, 5} if pid == 0 else {0}, cpu_count=lambda: 8))
    assert threads._processors() == 3
    monkeypatch.setattr(threads, "os", SimpleNamespace(cpu_count=lambda: 8))
    assert threads._processors() == 8
    monkeypatch.setattr(threads, "os", SimpleNamespace(cpu_count=lambda: None))
    assert threads._processors() == 1


def test_what_may_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setattr(threads.BLAS, "put", told.append)
    for count in (1, 2, np.int64(3), np.uint8(1)):
        ac.set_num_threads(count)  # type: ignore[arg-type]  # NumPy's integers are taken, too
        assert ac.get_num_threads() == count
        assert type(ac.get_num_threads()) is int
    assert told == [1, 2, 3, 1]
    for wrong in (True, 2.0, "2", None, np.float64(2)):
        with pytest.raises(TypeError, match=f"set_num_threads expects an int, but got {type(wrong).__name__}"):
            ac.set_num_threads(wrong)  # type: ignore[arg-type]  # that is what is tested
    for wrong in (0, -1, np.int64(0)):
        with pytest.raises(RuntimeError, match=f"expected a positive number of threads, got {wrong}"):
            ac.set_num_threads(wrong)  # type: ignore[arg-type]
    assert ac.get_num_threads() == 1
    assert told == [1, 2, 3, 1]


def test_small_work_takes_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_count", 5)
    assert [threads.for_work(n) for n in (0, 1_999_999, 2_000_000, 1e12)] == [1, 1, 5, 5]
    assert [threads.for_entries(n) for n in (0, 199_999, 200_000)] == [1, 1, 5]
    assert [threads.for_entries(n, 20) for n in (99_999, 100_000)] == [1, 5]


# ------------------------------------------------------------------------------------------------- NumPy's own work
@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("size", [0, 1, 2, 4, 7, 11])
def test_work_is_shared(size: int, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every item once, in stretches that differ by one at most, each on a thread of its own, the caller's among them."""
    monkeypatch.setattr(threads, "_count", count)
    seen: list[tuple[list[int], int]] = []
    meet = threading.Barrier(max(1, min(size, count)))

    def work(items: Any) -> None:
        seen.append((list(items), threading.get_ident()))
        meet.wait(10)  # all at once

    threads.share(work, range(size))
    parts = sorted(items for items, _ in seen)
    assert [i for part in parts for i in part] == list(range(size))
    assert len(parts) == max(1, min(size, count))
    lengths = [len(part) for part in parts]
    assert max(lengths) - min(lengths) <= 1
    assert len({who for _, who in seen}) == len(parts)
    assert threading.get_ident() in {who for _, who in seen}


def test_the_first_error_comes_when_all_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_count", 3)
    done: list[int] = []
    go = threading.Event()

    def others_fail(items: Any) -> None:
        done.append(items[0])
        if items[0]:
            raise KeyError(items[0])

    with pytest.raises(KeyError, match="1"):
        threads.share(others_fail, range(3))
    assert sorted(done) == [0, 1, 2]
    done.clear()

    def the_callers_fails(items: Any) -> None:
        if not items[0]:
            threading.Timer(0.05, go.set).start()
            raise ValueError("mine")
        go.wait(10)
        done.append(items[0])

    with pytest.raises(ValueError, match="mine"):
        threads.share(the_callers_fails, range(3))
    assert sorted(done) == [1, 2], "nobody works on what the caller has left"


def test_workers_are_hired_once_and_more_where_more_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_workers", None)
    two = threads._pool(2)
    assert two._max_workers == 2
    assert threads._pool(2) is two
    assert threads._pool(1) is two
    three = threads._pool(3)
    assert three is not two
    assert three._max_workers == 3
    assert threads._pool(3) is three
    for pool in (two, three):
        pool.shutdown()


def test_workers_are_hired_by_one_thread_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[bool] = []

    class Lock:
        def __enter__(self) -> None:
            held.append(True)

        def __exit__(self, *error: object) -> None:
            held.append(False)

    monkeypatch.setattr(threads, "_hiring", Lock())
    threads._pool(1)
    assert held == [True, False]


def test_a_forked_process_has_no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_workers", object())
    monkeypatch.setattr(threads, "_hiring", before := threading.Lock())
    threads._forget_workers()
    assert threads._workers is None
    assert threads._hiring is not before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_work_is_shared_in_a_forked_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_count", 3)
    threads.share(lambda items: None, range(3))
    child = os.fork()
    if not child:
        seen: list[int] = []
        threading.Timer(10, lambda: os._exit(2)).start()  # the parent's workers are not there
        try:
            threads.share(lambda items: seen.extend(items), range(3))
            os._exit(0 if sorted(seen) == [0, 1, 2] else 1)
        except BaseException:  # the parent tells
            os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# ------------------------------------------------------------------------------------------------- OpenMP and OpenBLAS
def test_idle_threads_sleep_soon_unless_somebody_has_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    for given, spins in (
        ({}, "20000"),
        ({"OMP_WAIT_POLICY": "active"}, None),
        ({"GOMP_SPINCOUNT": "7"}, "7"),
        ({"OMP_WAIT_POLICY": "active", "GOMP_SPINCOUNT": "7"}, "7"),
    ):
        environ: dict[str, str] = dict(given)
        monkeypatch.setattr(threads, "os", SimpleNamespace(environ=environ))
        threads.before_openmp()
        assert environ.get("GOMP_SPINCOUNT") == spins


def test_openmp_is_told_once_for_each_thread() -> None:
    told: list[int] = []

    def omp_set_num_threads(count: int) -> None:
        told.append(count)

    put = threads.openmp(SimpleNamespace(omp_set_num_threads=omp_set_num_threads))
    for count in (1, 1, 2, 2, 1):
        put(count)
    assert told == [1, 2, 1]
    worker = threading.Thread(target=lambda: [put(1), put(1)])
    worker.start()
    worker.join()
    assert told == [1, 2, 1, 1]
    threads.openmp(SimpleNamespace())(3)  # a library without OpenMP


def test_openblas_is_told_what_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    looked: list[int] = []

    def found() -> Any:
        looked.append(1)
        return told.append

    monkeypatch.setattr(threads, "_openblas", found)
    monkeypatch.setattr(threads, "_count", 4)
    blas = threads._Blas()
    assert not blas.beside_openmp
    for count in (1, 1, 3, 3):
        blas.put(count)
    assert (told, looked) == ([1, 3], [1])
    blas.share_with_openmp()
    assert blas.beside_openmp
    assert told == [1, 3, 1]
    for multiplications in (149_999_999, 150_000_000, 1e12, 1e3):
        blas.for_product(multiplications)
    assert told == [1, 3, 1, 4, 1]


def test_another_blas_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    monkeypatch.setattr(threads, "_openblas", lambda: looked.append(1))
    blas = threads._Blas()
    for count in (1, 2, 2):
        blas.put(count)
    assert looked == [1]


def test_numpys_openblas_is_found(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of its names that a bundled library has."""
    for folder in ("numpy", "numpy.libs"):
        (tmp_path / folder).mkdir()
    for name in ("libscipy_openblas64_-b.so", "libscipy_openblas64_-a.so", "libgfortran.so"):
        (tmp_path / "numpy.libs" / name).touch()
    opened: list[str] = []

    class Opened:
        def __init__(self, path: str) -> None:
            opened.append(path)
            if "-b" in path:
                self.openblas_set_num_threads64_ = lambda count: 5

    monkeypatch.setattr(threads, "np", SimpleNamespace(__file__=str(tmp_path / "numpy" / "__init__.py")))
    monkeypatch.setattr(threads, "ctypes", SimpleNamespace(CDLL=Opened, c_int=int))
    fn = threads._openblas()
    assert fn is not None
    assert fn(1) == 5  # type: ignore[func-returns-value]  # it stands for OpenBLAS's
    assert [path[-4] for path in opened] == ["a", "b"]
    assert fn.argtypes == (int,)  # type: ignore[attr-defined]
    (tmp_path / "numpy.libs" / "libscipy_openblas64_-b.so").unlink()
    assert threads._openblas() is None


def test_a_handler_that_shares_while_work_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal's handler may come while the pool's lock is held: it then asks for no pool."""
    ac.set_num_threads(2)
    seen: list[tuple[str, list[int], bool]] = []
    real = threads._pool
    held = False

    def pool(count: int) -> Any:
        nonlocal held
        assert not held, "the handler waits for ever"
        held = True
        threads.share(lambda items: seen.append(("handler", list(items), threading.current_thread() is threading.main_thread())), [5, 6, 7])
        held = False
        return real(count)

    monkeypatch.setattr(threads, "_pool", pool)
    for _ in range(2):
        threads.share(lambda items: seen.append(("work", list(items), True)), [1, 2])
    assert [s for s in seen if s[0] == "handler"] == [("handler", [5, 6, 7], True)] * 2
    assert sorted(i for who, items, _ in seen for i in items if who == "work") == [1, 1, 2, 2]
