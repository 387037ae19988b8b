"""What all tests share: one thread for each numeric library, and hypothesis the same in every run under CI."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

# Before NumPy is loaded: the arrays of tests are small, and several pytest workers share the machine.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("MPLBACKEND", "agg")

import pytest  # noqa: E402  # after the threads were set
from hypothesis import HealthCheck, settings  # noqa: E402

settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "ci", deadline=None, derandomize=True, database=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C reaches the test and the programs it starts, also where pytest is a background job, which the shell has ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def nothing_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large networks are built without drawing their weights: convolutions get a constant, large dense layers what the memory holds."""
    from autograd_cnn.random import Generator

    def constant(self: object, array: Any, *_: float) -> Any:
        if array.size < 3_000_000:
            array.fill(0.01)
        return array

    for name in ("fill_normal_", "fill_uniform_", "fill_trunc_normal_"):
        monkeypatch.setattr(Generator, name, constant)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test's name is the same in every process: pytest-xdist's workers compare theirs. Slow tests may take longer. Those that fork come
    first: a fork copies the page tables of all that earlier tests have left in memory, up to a tenth of a second each."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/utils/"))
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(1500))
        if " object at 0x" in item.nodeid:
            raise pytest.UsageError(f"{item.nodeid}: a memory address in the name of a test. Give its parameters a __repr__ or ids=.")


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """A test that leaves another default dtype behind fails itself, not the next one."""
    ours = sys.modules.get("autograd_cnn")
    if ours is not None and ours.get_default_dtype() != "float32":
        left = ours.get_default_dtype()
        ours.set_default_dtype("float32")
        pytest.fail(f"the test left {left} as the default dtype")


def _set_aside() -> None:
    gc.collect()
    gc.freeze()


def pytest_collection_finish(session: object) -> None:
    """Thousands of collected tests stay to the end: out of the collector's sight, so that a test's `gc.collect()` looks at that
    test's objects only."""
    _set_aside()


def pytest_runtest_logfinish(nodeid: str, location: tuple[str, int | None, str]) -> None:
    """The same for the reports of what ran, file by file."""
    if location[0] != _FILE[-1]:
        _FILE[:] = [location[0]]
        _set_aside()


_FILE = [""]
