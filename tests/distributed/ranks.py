"""Several processes that run one function of a file beside this one: `run_ranks("collectives.everything", 3)`.

Each is started with RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, one thread each, and is ended when the time is over.
"""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
needs_mpi = pytest.mark.skipif(importlib.util.find_spec("mpi4py") is None, reason="mpi4py is not installed")


@dataclass
class Ended:
    """What one rank left."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def said(self) -> Any:
        """What its function returned."""
        last = self.out.strip().splitlines()[-1]
        return json.loads(last.removeprefix("returned "))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def environment(**more: str) -> dict[str, str]:
    """This process's, without what would make a rank of the started ones, and with the package on the path."""
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("PMI", "MPI", "OMPI")) and k not in ("RANK", "WORLD_SIZE", "LOCAL_RANK")
    }
    return {**kept, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **more}


def command(function: str, *arguments: Any) -> list[str]:
    return [sys.executable, "-m", "tests.distributed.rank", function, json.dumps(arguments)]


def run_ranks(
    function: str, ranks: int = 2, *arguments: Any, seconds: float = 60, fails: bool = False, only: list[int] | None = None, **more: str
) -> list[Ended]:
    """Run `function(*arguments)` on so many ranks (`only` some of them are started); what each left. A rank that fails fails the test,
    unless `fails`."""
    port = str(free_port())
    told = {"WORLD_SIZE": str(ranks), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    commands = [(command(function, *arguments), environment(**told, RANK=str(r), LOCAL_RANK=str(r), **more)) for r in only or range(ranks)]
    ended = run_commands(commands, seconds)
    if not fails:
        for rank, end in enumerate(ended):
            assert end.code == 0, f"rank {rank} of {function} left with {end.code}:\n{end.out[-3000:]}\n{end.err[-6000:]}"
    return ended


def run_commands(commands: list[tuple[list[str], dict[str, str]]], seconds: float) -> list[Ended]:
    """Run several programs beside each other, and end those that are there when the time is over."""
    with tempfile.TemporaryDirectory() as folder:
        files = [(open(f"{folder}/{i}.out", "w+"), open(f"{folder}/{i}.err", "w+")) for i in range(len(commands))]  # noqa: SIM115
        begun = time.monotonic()
        running = [
            subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=ROOT)
            for (argv, env), (out, err) in zip(commands, files, strict=True)
        ]
        took = [seconds] * len(running)
        left = set(range(len(running)))
        try:
            while left and time.monotonic() < begun + seconds:
                for i in [i for i in left if running[i].poll() is not None]:
                    took[i] = time.monotonic() - begun
                    left.discard(i)
                time.sleep(0.02)
        finally:
            for i in left:
                running[i].kill()
                running[i].wait()
        ended = []
        for process, (out, err), t in zip(running, files, took, strict=True):
            texts = []
            for f in (out, err):
                f.seek(0)
                texts.append(f.read())
                f.close()
            ended.append(Ended(process.returncode, *texts, t))
    assert not left, f"rank {sorted(left)} was there after {seconds} s:\n" + "\n".join(f"{e.out[-1500:]}\n{e.err[-3000:]}" for e in ended)
    return ended
