"""The subcommand `autograd-cnn run`."""

from __future__ import annotations

import argparse
import io
import os
import sys
from pathlib import Path
from typing import Any

from ..compat.module_map import OURS


def add_parser(commands: Any) -> None:
    """Add `run` to the command line's subcommands."""
    parser = commands.add_parser(
        "run",
        help="run a PyTorch program unchanged",
        description="Run a program that imports torch and torchvision; both stand for autograd_cnn. The program is not changed.",
    )
    parser.add_argument("-m", dest="module", action="store_true", help="SCRIPT is the name of a module, as in python -m")
    parser.add_argument("--scan", action="store_true", help="do not run: list the names of PyTorch the program uses, and which are missing")
    parser.add_argument("--seed", type=int, help="seed everything random first (of torch, NumPy and Python)")
    parser.add_argument("--graph", type=Path, metavar="FILE.svg", help="draw the graph of the first backward pass")
    parser.add_argument("--profile", action="store_true", help="at the end, print time and memory by operation and by module")
    parser.add_argument("script", metavar="SCRIPT", help="the program")
    parser.add_argument("arguments", metavar="ARGS", nargs=argparse.REMAINDER, help="its arguments")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Carry out the command; gives the exit code."""
    if args.module and args.script in ("torch.distributed.run", "torch.distributed.launch"):
        from .launch import launch

        return launch(args.arguments)
    if args.scan:
        from ..compat.scan import report

        return report(args.script, args.module)
    from ..compat.program import run_program

    if "RANK" in os.environ or "PMI_RANK" in os.environ:  # one of several processes: their lines stay whole where they meet
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(line_buffering=True, write_through=False)
    if args.seed is not None:
        _seed(args.seed)
    _names_of_a_rank()
    with _observers(args.graph, args.profile):
        code = run_program(args.script, args.arguments, args.module)
    if code and (ends := sys.modules.get(f"{OURS}.distributed.ends")):
        ends.fail(code)  # a rank that failed waits for nobody
    return code


def _names_of_a_rank() -> None:
    """mpiexec says a process's rank in its own words; programs ask in torchrun's."""
    for theirs, ours in (
        ("PMI_RANK", "RANK"),
        ("PMI_SIZE", "WORLD_SIZE"),
        ("MPI_LOCALRANKID", "LOCAL_RANK"),
        ("MPI_LOCALNRANKS", "LOCAL_WORLD_SIZE"),
    ):
        if theirs in os.environ:
            os.environ.setdefault(ours, os.environ[theirs])


def _seed(seed: int) -> None:
    import random

    import numpy as np

    from ..tensors.sampling import manual_seed

    random.seed(seed)
    np.random.seed(seed % 2**32)  # the program's own draws from NumPy
    manual_seed(seed)


def _observers(graph: Path | None, profile: bool) -> Any:
    """What watches the run: the drawing of the first backward pass, the profile."""
    from contextlib import ExitStack

    stack = ExitStack()
    if graph is not None:
        from ..compat.first_graph import FirstGraph

        stack.enter_context(FirstGraph(graph))
    if profile:
        from ..compat.profile import Profile

        stack.enter_context(Profile())
    return stack
