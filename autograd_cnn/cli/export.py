"""The subcommand `autograd-cnn export`."""

from __future__ import annotations

import argparse
import pickle
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .targets import Target

_WEIGHTS = (".pt", ".pth", ".safetensors")


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
    from .targets import input_for, run_once, size_of

    size = None if args.size is None else size_of(args.size)
    manual_seed(args.seed)
    target = _target(args.target, args.variable)
    if not target.callable:
        raise ValueError(f"expected a model to export, got {target.name!r}, a {type(target.value).__name__}.")
    out = _out(args.out, args.target, target.name)
    if args.weights is not None:
        _give_weights(target, args.weights)
    try:
        x = input_for(target, size)
        if size is not None:
            run_once(target.value, x)  # what does not fit is said of this size, not of those that dynamic axes are tried with
        axes = None if args.fixed else {"input": {0: "batch"}, "output": {0: "batch"}}
        made = export(target.value, x, out, input_names=["input"], output_names=["output"], dynamic_axes=axes, opset_version=args.opset)
    except TypeError as error:  # a model called with what it does not take
        raise ValueError(str(error)) from error
    print(f"Written: {out}   {len(made.graph.node)} nodes, {len(made.graph.initializer)} tensors, {out.stat().st_size:,} bytes")
    return 0


def _out(given: str | None, target: str, name: str) -> Path:
    """Where to: a name that says what it is, and never what is read unless that is said."""
    if given is None:
        out = Path(f"{name}.onnx")
        if target.endswith(".onnx") and out.resolve() == Path(target).resolve():
            raise ValueError(f"--out: expected a name for the file, since {out} is the one that is read.")
        return out
    if not given.lower().endswith(".onnx"):
        raise ValueError(f"--out: expected a name that ends in .onnx, got {given!r}.")
    return Path(given)


def _target(text: str, variable: str | None) -> Target:
    from ..onnx import load
    from .targets import Target, check_variable, target_of

    if text.endswith(_WEIGHTS):
        raise ValueError(f"{text}: expected a network. Weights are given to one: autograd-cnn export MODEL --weights {shlex.quote(text)}")
    if not text.endswith(".onnx"):
        return target_of(text, variable)
    check_variable(text, variable)
    return Target(Path(text).stem, load(text))


def _give_weights(target: Target, path: str) -> None:
    from .. import load
    from ..nn import Module
    from ..serialization import safetensors

    if not isinstance(target.value, Module):
        raise ValueError(f"--weights: expected a module to give them to, got {target.name!r}, a {type(target.value).__name__}.")
    try:
        weights = safetensors.load_file(path) if path.endswith(".safetensors") else load(path)
    except pickle.UnpicklingError as error:
        raise ValueError(f"--weights {path}: {error}") from error
    if not isinstance(weights, Mapping):
        raise ValueError(f"--weights {path}: expected a state dict, as model.state_dict() gives it, got a {type(weights).__name__}.")
    target.value.load_state_dict(weights)
