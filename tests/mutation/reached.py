"""Which tests reach which lines: each test file of an area runs once with modules that tell, and what it told is kept until one of the
files changes."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .areas import Area
from .child import Child, run_pytest
from .mistakes import PACKAGE, ROOT, module
from .planted import plan, plant


@dataclass(frozen=True)
class Reach:
    """A test: how long it takes, and the lines it runs, as the bits of a number."""

    name: str
    seconds: float
    lines: int


class Lines:
    """Numbers of the lines of some files."""

    def __init__(self, files: list[str]) -> None:
        self.first: dict[str, int] = {}
        self.count = 0
        for name in files:
            self.first[name] = self.count
            self.count += (ROOT / PACKAGE / name).read_bytes().count(b"\n") + 2

    def bits(self, lines: frozenset[tuple[str, int]]) -> int:
        return sum({1 << (self.first[name] + line) for name, line in lines})


class _Gatherer:
    """A plugin of pytest: after each test, what it reached."""

    def __init__(self, hits: Any) -> None:
        self.hits = hits
        self.found: dict[str, tuple[float, str]] = {}
        self.failed: set[str] = set()
        self.skipped: set[str] = set()
        self.imported = "0"

    def lines(self) -> str:
        packed = np.packbits(np.frombuffer(self.hits[:], np.uint8), bitorder="little").tobytes()
        return f"{int.from_bytes(packed, 'little'):x}"

    def pytest_collection_finish(self) -> None:
        self.imported = self.lines()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.hits[:] = bytes(len(self.hits))
        start = time.perf_counter()
        result = yield
        seconds = time.perf_counter() - start
        self.found[item.nodeid] = (seconds, self.lines())
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)
        if report.skipped:
            self.skipped.add(report.nodeid)


def reach(area: Area, say: Callable[[str], None]) -> tuple[Lines, list[Reach], int]:
    """The numbers of the area's lines, its tests that pass, and the lines that run while modules are imported: those any test may reach."""
    files = sorted(area.files())
    lines = Lines(files)
    sources = hashlib.sha256(Path(__file__).read_bytes())
    for name in files:
        sources.update(name.encode() + (ROOT / PACKAGE / name).read_bytes())
    home = Path(tempfile.gettempdir()) / f"{PACKAGE}-mutation-{os.getuid()}"
    home.mkdir(exist_ok=True)
    found: list[Reach] = []
    imported = 0
    for test in area.tests():
        key = hashlib.sha256(sources.digest() + test.encode() + (ROOT / test).read_bytes()).hexdigest()[:24]
        kept = home / f"{key}.json"
        if not kept.exists():
            say(f"{area.name}: which lines does {test} reach?")
            told = _told(files, lines, test)
            part = kept.with_suffix(f".{os.getpid()}")
            part.write_text(json.dumps(told), encoding="utf-8")
            part.replace(kept)
        told = json.loads(kept.read_text(encoding="utf-8"))
        found += [Reach(name, seconds, int(bits, 16)) for name, (seconds, bits) in told["tests"].items()]
        imported |= int(told["imported"], 16)
        if told["failed"]:
            say(f"{area.name}: {test} fails without a mistake in it: {', '.join(told['failed'][:5])}")
    return lines, found, imported


def _told(files: list[str], lines: Lines, test: str) -> dict[str, Any]:
    def work(home: Path) -> dict[str, Any]:
        hits = home / "hits"
        hits.write_bytes(bytes(lines.count))
        plan(home / "site", {module(name): {"first": lines.first[name]} for name in files}, str(hits))
        gatherer = _Gatherer(plant())
        run_pytest([test], gatherer)
        passed = {name: told for name, told in gatherer.found.items() if name not in gatherer.failed | gatherer.skipped}
        return {"tests": passed, "failed": sorted(gatherer.failed), "imported": gatherer.imported}

    child = Child(work, seconds=1800)
    told: dict[str, Any] | None = child.result()
    if told is None:
        raise RuntimeError(f"{test}: its lines could not be gathered.\n{child.output}")
    return told
