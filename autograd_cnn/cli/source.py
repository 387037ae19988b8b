"""The subcommand `autograd-cnn source`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .targets import Target


def add_parser(commands: Any) -> None:
    """Add `source` to the command line's subcommands."""
    parser = commands.add_parser(
        "source",
        help="write a network, or what a script traces, as a readable NumPy program",
        description="Write a network of vision.models by name (lenet5), an object of a module (package.module:object), or what a script "
        "leaves (a model, or a graph of ac.trace) as a Python module in NumPy: one line an operation, shapes as comments.",
    )
    parser.add_argument("target", metavar="TARGET", help="a model's name, MODULE:OBJECT or SCRIPT.py")
    parser.add_argument("--backward", action="store_true", help="and the backward pass, as a function of its own")
    parser.add_argument("--train", action="store_true", help="as the model is in training, not in use")
    parser.add_argument("--size", help="of the input, with the batch: 1x3x224x224 (default: what fits the model)")
    parser.add_argument("--variable", metavar="NAME", help="what to write of a script")
    parser.add_argument("--seed", type=int, default=0, help="of a model's weights and its input (default: 0)")
    parser.add_argument("-o", "--out", metavar="FILE", help="a file to write to (default: the terminal)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Carry out the command; gives the exit code."""
    from ..graph.graph import Graph
    from ..tensors.sampling import manual_seed
    from .targets import size_of, target_of

    if args.out is not None and not args.out.endswith(".py"):
        raise ValueError(f"--out: expected a name that ends in .py, got {args.out!r}.")
    size = None if args.size is None else size_of(args.size)
    manual_seed(args.seed)
    target = target_of(args.target, args.variable)
    if isinstance(target.value, Graph):
        text = target.value.source(backward=args.backward)
    elif target.callable:
        text = _traced(target, size, args.train).source(backward=args.backward)
    else:
        raise ValueError(
            f"expected a model, a function or a graph of ac.trace to write, got {target.name!r}, a {type(target.value).__name__}: a recorded "
            "value does not hold everything. Trace the function that computes it, and keep the graph in a variable."
        )
    if args.out is None:
        print(text, end="")
    else:
        Path(args.out).write_text(text, encoding="utf-8")
        print(f"Written: {args.out}   {len(text.splitlines())} lines")
    return 0


def _traced(target: Target, size: tuple[int, ...] | None, train: bool) -> Any:
    from ..graph.trace import trace
    from .targets import input_for

    x = input_for(target, size)
    mode: Callable[[bool], Any] | None = getattr(target.value, "train", None)
    if mode is not None:
        mode(train)
    return trace(target.value, x)
