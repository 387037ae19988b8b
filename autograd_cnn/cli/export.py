"""The subcommand `autograd-cnn export`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(commands: Any) -> None:
    """Add `export` to the command line's subcommands."""
    parser = commands.add_parser(
        "export",
        help="write a network as an ONNX file",
        description="Write a network of vision.models by name (lenet5), an object of a module (package.module:object), what a script "
        "leaves, or an ONNX file again, as an ONNX file for batches of any size.",
    )
    parser.add_argument("target", metavar="TARGET", help="a model's name, MODULE:OBJECT, SCRIPT.py or FILE.onnx")
    parser.add_argument("-o", "--out", metavar="FILE", help="the ONNX file (default: TARGET.onnx)")
    parser.add_argument("--weights", metavar="FILE", help="a state dict (.pt or .safetensors) for the model")
    parser.add_argument("--size", help="of the input, with the batch: 1x3x224x224 (default: what fits the model)")
    parser.add_argument("--opset", type=int, help="the opset of the file, from 13 (default: 18)")
    parser.add_argument("--fixed", action="store_true", help="only batches of the size of the input")
    parser.add_argument("--variable", metavar="NAME", help="what to export of a script")
    parser.add_argument("--seed", type=int, default=0, help="of a model's weights and its input (default: 0)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Carry out the command; gives the exit code."""
    from ..onnx import export
    from ..tensors.sampling import manual_seed
    from .targets import Target, input_for, size_of, target_of

    size = None if args.size is None else size_of(args.size)
    manual_seed(args.seed)
    target = _file(args.target) if args.target.endswith(".onnx") else target_of(args.target, args.variable)
    if not target.callable:
        raise ValueError(f"expected a model to export, got {target.name!r}, a {type(target.value).__name__}.")
    if args.weights is not None:
        target.value.load_state_dict(_weights(args.weights))
    try:
        x = input_for(Target(target.name, target.value), size)
        axes = None if args.fixed else {"input": {0: "batch"}, "output": {0: "batch"}}
        out = args.out if args.out is not None else f"{Path(target.name).stem}.onnx"
        made = export(target.value, x, out, input_names=["input"], output_names=["output"], dynamic_axes=axes, opset_version=args.opset)
    except TypeError as error:  # a model called with what it does not take
        raise ValueError(str(error)) from error
    print(f"Written: {out}   {len(made.graph.node)} nodes, {len(made.graph.initializer)} tensors, {Path(out).stat().st_size:,} bytes")
    return 0


def _file(path: str) -> Any:
    from ..onnx import load
    from .targets import Target

    return Target(Path(path).stem, load(path))


def _weights(path: str) -> Any:
    from .. import load
    from ..serialization import safetensors

    return safetensors.load_file(path) if path.endswith(".safetensors") else load(path)
