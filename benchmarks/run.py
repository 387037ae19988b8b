"""Runs each side of a measurement in its own process, the sides in turns, so that no side pays for the other's garbage
or for what else the machine did meanwhile."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def installed(side: str) -> bool:
    """Is there such a library to compare with?"""
    return importlib.util.find_spec(side.split()[0]) is not None


def versions() -> str:
    """What is compared."""
    names = ("autograd-cnn", "numpy", "torch", "micrograd")
    found = [f"{n} {importlib.metadata.version(n)}" for n in names if installed(n.replace("-", "_"))]
    return f"Python {sys.version.split()[0]}, " + ", ".join(found)


class Runner:
    """Measures sides in turns and keeps every number."""

    def __init__(self, rounds: int, threads: int, without: Sequence[str] = ()) -> None:
        self.rounds = rounds
        self.without = frozenset(without)
        self.threads = threads
        self.env = {**os.environ, **dict.fromkeys(THREADS, str(threads))}
        self.env.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled
        self.raw: dict[str, Any] = {}

    def compare(self, measure: str, *sides: str, threads: int | None = None) -> dict[str, dict[str, float]]:
        """The median of each number of each side that is installed."""
        runs: dict[str, list[dict[str, float]]] = {s: [] for s in sides if installed(s) and s not in self.without}
        for _ in range(self.rounds):
            for side, found in runs.items():
                found.append(self._once(measure, side, threads))
        self.raw[measure if threads is None else f"{measure}, {threads} threads"] = runs
        return {side: {k: statistics.median(r[k] for r in found) for k in found[0]} for side, found in runs.items()}

    def spread(self, measure: str, side: str, number: str) -> float:
        """How far the processes' numbers lie apart, over their median."""
        found = [r[number] for r in self.raw[measure][side]]
        return (max(found) - min(found)) / statistics.median(found)

    def _once(self, measure: str, side: str, threads: int | None) -> dict[str, float]:
        env = self.env if threads is None else {**self.env, **dict.fromkeys(THREADS, str(threads))}
        done = subprocess.run([sys.executable, "-m", "benchmarks.worker", measure, side], cwd=ROOT, env=env, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{measure} on {side} failed:\n{done.stderr}")
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return found

    def ranks(self, net: str, *sides: str) -> dict[str, dict[str, float]]:
        """The medians of what processes that train a network together measure: as many as threads are given, of one thread each."""
        runs: dict[str, list[dict[str, float]]] = {s: [] for s in sides if installed(s) and s not in self.without}
        for _ in range(self.rounds):
            for side, found in runs.items():
                found.append(self._ranks_once(net, side))
        self.raw[f"distributed {net}"] = runs
        return {side: {k: statistics.median(r[k] for r in found) for k in found[0]} for side, found in runs.items()}

    def _ranks_once(self, net: str, side: str) -> dict[str, float]:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        told = {"WORLD_SIZE": str(self.threads), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, **dict.fromkeys(THREADS, "1")}
        command = [sys.executable, "-m", "benchmarks.ranks", side, net]
        started = []
        for rank in map(str, range(self.threads)):
            env = {**self.env, **told, "RANK": rank, "LOCAL_RANK": rank}
            started.append(subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        said = [process.communicate() for process in started]
        if any(process.returncode for process in started):
            raise RuntimeError(f"distributed {net} on {side} failed:\n" + "\n".join(err for _, err in said))
        found: dict[str, float] = json.loads(said[0][0].splitlines()[-1])
        return found

    def process(self, *codes: str) -> list[float]:
        """Seconds that a new Python needs for each piece of code: medians of processes in turns."""
        times: list[list[float]] = [[] for _ in codes]
        with tempfile.TemporaryDirectory() as compiled:
            env = {**self.env, "PYTHONPYCACHEPREFIX": compiled}
            for i in range(max(5, 3 * self.rounds) + 1):
                for code, found in zip(codes, times, strict=True):
                    started = time.perf_counter()
                    subprocess.run([sys.executable, "-c", code], check=True, env=env, cwd=ROOT)
                    if i:  # the first one compiles
                        found.append(time.perf_counter() - started)
        self.raw["processes"] = dict(zip(codes, times, strict=True))
        return [statistics.median(found) for found in times]
