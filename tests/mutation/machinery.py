"""`python -m tests.mutation machinery`: how many of our own mistakes in the machinery would the tests of its rooms catch?

Each mutant has a process of its own that imports the package with the mistake in it and runs the tests that reach its line, quick
and particular ones first, until one fails.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis  # noqa: F401  # the forks need not import them again
import numpy  # noqa: F401
import pytest

from .areas import AREAS, Area
from .child import Child, run_pytest
from .equivalent import reason
from .mistakes import ROOT, Mistake, mistakes
from .planted import plan, plant
from .reached import Reach, reach

TESTS = 250  # that judge a mutant at most,
SECONDS = 40.0  # and what they take together without a mistake
ALONE = 20.0  # seconds that are enough for imports and collection


class _Judge:
    """A plugin of pytest: runs these tests in this order, and knows the first that failed."""

    def __init__(self, names: list[str]) -> None:
        self.place = {name: i for i, name in enumerate(names)}
        self.found: str | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((i for i in items if i.nodeid in self.place), key=lambda i: self.place[i.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.found is None:
            self.found = report.nodeid


def _chosen(bits: int, imported: int, tests: list[Reach]) -> list[Reach]:
    """The tests that reach it: one of each function, then a second; quick and particular ones first; no more than the time allows. What
    an import does is reached by all; those come first that import anew."""
    turns: Counter[str] = Counter()
    ranked = []
    reached = [t for t in tests if bits & (t.lines | imported)]
    for test in sorted(reached, key=lambda t: (not bits & t.lines, (t.seconds + 0.02) * t.lines.bit_count())):
        function = test.name.partition("[")[0]
        ranked.append((not bits & test.lines, turns[function], len(ranked), test))
        turns[function] += 1
    some, seconds = [], 0.0
    for *_, test in sorted(ranked, key=lambda r: r[:3]):
        if some and seconds + test.seconds > SECONDS:
            continue
        some.append(test)
        seconds += test.seconds
    return some[:TESTS]


def _try(mistake: Mistake, tests: list[Reach]) -> Child:
    def work(home: Path) -> Any:
        source = home / "mutant.py"
        source.write_text(mistake.text(), encoding="utf-8")
        plan(home / "site", {mistake.module: {"source": str(source)}})
        plant()
        for part in _parts([t.name for t in tests]):
            judge = _Judge(part)
            code = run_pytest(sorted({_file(name) for name in part}), judge, "-x")
            if code != 0:
                return {"found": judge.found or ("import" if code in (2, 3, 4) else f"exit {code}")}
        return {"found": None}

    return Child(work, ALONE + 3 * sum(t.seconds for t in tests))


def _parts(names: list[str]) -> Iterator[list[str]]:
    """Those of the first two files, which most often suffice, and the rest: to collect a file's tests takes longer than to run some."""
    first = list(dict.fromkeys(map(_file, names)))[:2]
    yield [n for n in names if _file(n) in first]
    rest = [n for n in names if _file(n) not in first]
    if rest:
        yield rest


def _file(name: str) -> str:
    return name.partition("::")[0]


def tried(chosen: list[tuple[Mistake, list[Reach]]], jobs: int) -> Iterator[tuple[Mistake, str | None]]:
    """(mutant, what noticed it) as they end; `jobs` at a time."""
    waiting = list(reversed(chosen))
    running: list[tuple[Mistake, Child]] = []
    while waiting or running:
        while waiting and len(running) < jobs:
            mistake, tests = waiting.pop()
            if tests:
                running.append((mistake, _try(mistake, tests)))
            else:
                yield mistake, None
        for mistake, child in list(running):
            if child.poll(0.05):
                running.remove((mistake, child))
                told = child.result()
                yield mistake, "does not end" if child.late else told["found"] if told else "the process died"


def judged(area: Area, options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """An area's row of the table."""
    lines, tests, imported = reach(area, say)
    every = mistakes(area.files())
    if options.only:
        every = [m for m in every if options.only in str(m)]
    if options.again:
        lived = {_place(text) for row in json.loads(options.again.read_text(encoding="utf-8")) for text in row["survivors"]}
        every = [m for m in every if _place(str(m)) in lived]
    chosen = sorted(every, key=str)
    random.Random(options.seed).shuffle(chosen)
    work = [(m, _chosen(lines.bits(m.reached), imported, tests)) for m in chosen[: options.limit or None]]
    reached = {m: len(t) for m, t in work}
    row: dict[str, Any] = {"area": area.name, "all": len(every), "tried": 0, "caught": 0, "equivalent": [], "survivors": []}
    by: Counter[str] = Counter()
    start = time.monotonic()
    for mistake, found in tried(work, options.jobs):
        row["tried"] += 1
        why = reason(mistake) if found is None else None
        if found is not None:
            row["caught"] += 1
            by[mistake.kind] += 1
        elif why is not None:
            row["equivalent"].append(f"{mistake}: {why}")
        else:
            row["survivors"].append(f"{mistake}, {reached[mistake]} tests")
        if options.verbose:
            say(f"{area.name} {row['tried']}/{len(work)}: {mistake}: {found or ('equivalent' if why else 'SURVIVES')}")
        elif found is None and why is None:
            say(f"{area.name} {row['tried']}/{len(work)} survived: {row['survivors'][-1]}")
        elif row["tried"] % 20 == 0:
            say(f"{area.name} {row['tried']}/{len(work)}, {row['caught']} caught")
    row["survivors"].sort()
    row["seconds"] = round(time.monotonic() - start)
    return row


def _place(text: str) -> str:
    """A line of the report without the number of the line and of the tests: what stays when the file changes elsewhere."""
    return re.sub(r":\d+ ", " ", text, count=1).rpartition(")")[0]


def _share(row: dict[str, Any]) -> float:
    real = row["tried"] - len(row["equivalent"])
    return row["caught"] / real if real else 1.0


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation machinery", description=__doc__)
    parser.add_argument("--area", nargs="+", default=list(AREAS), choices=list(AREAS), metavar="AREA", help=", ".join(AREAS))
    parser.add_argument("--limit", type=int, default=0, help="how many mutants of each area are tried, drawn from all (0: all)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="only mutants in whose line of the report this stands")
    parser.add_argument("--again", type=Path, default=None, help="a result's file: only mutants that survived there")
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--json", type=Path, default=None, help="a file for the result, rewritten after each area")
    parser.add_argument("--verbose", action="store_true", help="say of each mutant what noticed it")
    options = parser.parse_args(argv)
    os.chdir(ROOT)
    if importlib.util.find_spec("torch"):
        import torch  # noqa: F401  # some seconds that each process would take

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    rows = []
    for name in options.area:
        rows.append(judged(AREAS[name], options, say))
        if options.json is not None:
            options.json.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{'area':<14}{'mutants':>9}{'tried':>7}{'caught':>8}{'equivalent':>12}{'survive':>9}{'share':>8}{'seconds':>9}")
    for row in rows:
        print(
            f"{row['area']:<14}{row['all']:>9}{row['tried']:>7}{row['caught']:>8}{len(row['equivalent']):>12}{len(row['survivors']):>9}"
            f"{_share(row):>8.0%}{row['seconds']:>9}"
        )
    for row in rows:
        for text in row["survivors"]:
            print(f"survived: {text}")
    return 0 if all(_share(row) >= 0.9 for row in rows) else 1
