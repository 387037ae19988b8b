"""`python -m tests.mutation`: how many of our own mistakes in the operations would the generated tests catch?

Each mutant is put in place of the real function, and the generated tests of the primitives it serves run until one fails. What
survives is listed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autograd_cnn.primitives.primitive import REGISTRY
from autograd_cnn.testing import CHECKS, CheckFailure, RandomDraw
from autograd_cnn.testing.primitive import _against
from autograd_cnn.testing.setup import Setup

from ..ops.extra_cases import EXTRA, check_corner, check_dropout
from ..ops.oracles import ORACLES
from ..ops.test_conventions import ROWS, check_row
from ..ops.variants import check_variants
from .mutants import Applied, Mutant, mutants

FAST = (
    "first derivative",
    "recorded backward",
    "float kernel agrees",
    "linear and adjoint",
    "each input alone",
    "second derivative",
    "float32 agrees",
    "memory layouts",
)
ORDER = [*FAST, *(n for n in CHECKS if n not in FAST)]


class _TooLong(Exception):
    pass


def _alarm(*_: Any) -> None:
    raise _TooLong


def caught(mutant: Mutant, examples: int, seconds: int = 20) -> str | None:
    """The check that noticed, or None."""
    signal.signal(signal.SIGALRM, _alarm)
    signal.alarm(seconds)
    try:
        with Applied(mutant):
            for k in range(examples):
                for name in mutant.primitives[:6]:
                    found = _noticed(name, k)
                    if found:
                        return found
    except _TooLong:
        return "does not end"
    except MemoryError:
        return "memory"
    finally:
        signal.alarm(0)
    return None


def _noticed(name: str, k: int) -> str | None:
    if k == 0:
        for row in ROWS:
            if row[0] == name:
                try:
                    check_row(*row)
                except _TooLong:
                    raise
                except Exception:
                    return "convention"
        try:
            for extra, case in EXTRA:
                if extra == name.removesuffix(" adjoint"):
                    check_corner(extra, case)
            if name == "dropout":
                check_dropout(2.0, False)
                check_dropout(2.0, True)
        except _TooLong:
            raise
        except Exception:
            return "corner"
    prim = REGISTRY[name]
    assert prim.draw_case is not None
    try:
        setup = Setup(prim, prim.draw_case(RandomDraw(100_003 + k)))
        if name in ORACLES:
            _against(setup, ORACLES[name])
            check_variants(prim, setup.case, k, ORACLES[name])
    except _TooLong:
        raise
    except Exception:
        return "oracle"
    for check in ORDER if k < 2 else FAST[:6]:
        try:
            CHECKS[check](setup)
        except _TooLong:
            raise
        except CheckFailure:
            return check
        except Exception as error:
            return f"{check} ({type(error).__name__})"
    return None


def _tried(chosen: list[Mutant], examples: int, jobs: int) -> Iterator[tuple[int, str | None]]:
    """(number of the mutant, what noticed it), in any order."""
    if jobs == 1:
        yield from ((i, caught(m, examples)) for i, m in enumerate(chosen))
        return
    _work[:] = [(m, examples) for m in chosen]
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        yield from pool.imap_unordered(_one, range(len(chosen)), chunksize=8)


_work: list[tuple[Mutant, int]] = []  # inherited by the forks: code objects cannot be sent


def _one(number: int) -> tuple[int, str | None]:
    return number, caught(*_work[number])


def _note(path: Path | None, tried: int, every: int, survivors: list[Mutant]) -> None:
    if path is not None:
        result = {"tried": tried, "all": every, "caught": tried - len(survivors), "survivors": sorted(map(str, survivors))}
        path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--limit", type=int, default=0, help="how many mutants are tried, drawn from all (0: all)")
    parser.add_argument("--examples", type=int, default=40, help="cases each must survive")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="only functions of modules whose name contains this")
    parser.add_argument("--role", default="", help="rule, forward or helper: only these (default: rules and forwards)")
    parser.add_argument("--jobs", type=int, default=1, help="processes (by fork)")
    parser.add_argument("--json", type=Path, default=None, help="a file for the result, rewritten as it grows")
    options = parser.parse_args(argv)
    warnings.simplefilter("ignore")
    every = [
        m for m in mutants() if options.only in m.function.__module__ and (m.role == options.role if options.role else m.role != "helper")
    ]
    chosen = list(every)
    random.Random(options.seed).shuffle(chosen)
    chosen = chosen[: options.limit or None]
    start, survivors, by = time.time(), [], Counter[str]()
    for i, (number, found) in enumerate(_tried(chosen, options.examples, options.jobs)):
        by[found or "survived"] += 1
        if found is None:
            survivors.append(chosen[number])
        if i % 100 == 0 or i + 1 == len(chosen):
            _note(options.json, i + 1, len(every), survivors)
        if sys.stderr.isatty() and i % 10 == 0:
            print(f"\r{i + 1}/{len(chosen)}, {len(survivors)} survive", end="", file=sys.stderr)
    survivors.sort(key=str)
    share = 1 - len(survivors) / max(len(chosen), 1)
    print(
        f"{len(chosen)} of {len(every)} mutants tried in {time.time() - start:.0f} s: {len(chosen) - len(survivors)} caught ({share:.1%})"
    )
    print(f"mistakes: {', '.join(f'{k} {n}' for k, n in Counter(m.kind for m in chosen).most_common())}")
    print("noticed by: " + ", ".join(f"{name} {n}" for name, n in by.most_common()))
    tried, lived = Counter(m.role for m in chosen), Counter(m.role for m in survivors)
    print("caught: " + ", ".join(f"{role}s {tried[role] - lived[role]} of {tried[role]}" for role in tried))
    for mutant in survivors:
        print(f"survived: {mutant}")
    return 0 if share >= 0.95 else 1
