"""The subcommand `autograd-cnn draw`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

from ..errors import nearest

KINDS = ("graph", "volumes", "receptive-field", "network", "steps", "expand", "filters", "activations", "saliency")


def add_parser(commands: Any) -> None:
    """Add `draw` to the command line's subcommands."""
    parser = commands.add_parser(
        "draw",
        help="draw a network, an object or what a script computed",
        description="Draw a network of vision.models by name (lenet5), an object of a module (package.module:object) or what a script "
        "leaves: its variable loss, out or y, or its last recorded tensor.",
    )
    parser.add_argument("target", metavar="TARGET", help="a model's name, MODULE:OBJECT, or SCRIPT.py")
    parser.add_argument(
        "-o",
        "--out",
        metavar="FILE",
        help="the picture: .svg, .png, .pdf, .dot, .json, .html; for steps also .gif or a folder (default: TARGET.svg)",
    )
    parser.add_argument("--kind", default="graph", help=f"{', '.join(KINDS)} (default: graph)")
    parser.add_argument("--size", help="of the input, with the batch: 1x3x224x224 (default: what fits the model)")
    parser.add_argument("--variable", metavar="NAME", help="what to draw of a script")
    parser.add_argument("--backward", action="store_true", help="show the gradients too")
    parser.add_argument("--depth", type=int, help="fold modules below that level")
    parser.add_argument("--fold", help="auto or none (graph)")
    parser.add_argument("--focus", metavar="MODULE", help="show this module, as layer3.1")
    parser.add_argument("--layer", help="the layer of the unit (receptive-field)")
    parser.add_argument("--unit", help="its place: 5 or 3,4 (receptive-field; default: the middle)")
    parser.add_argument("--wrt", metavar="ENTRY", help="the entry in question, as F11 or X22 (expand; default: the first weight)")
    parser.add_argument("--op", metavar="NAME", help="the operation, as conv2d, if it is not the last (expand)")
    parser.add_argument("--seed", type=int, default=0, help="of a model's weights and its input (default: 0)")
    parser.add_argument("--title", help="instead of the model's name")
    parser.add_argument("--theme", default="auto", help="auto, light, dark or print (default: auto)")
    parser.add_argument("--lang", default="en", help="en or de (default: en)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Carry out the command; gives the exit code."""
    from ..drawing.canvas.drawing import suffix_of
    from ..drawing.canvas.text import Words
    from ..drawing.canvas.theme import check_theme
    from ..tensors.sampling import manual_seed
    from .targets import Target, size_of, target_of

    if args.kind not in KINDS:
        raise ValueError(f"--kind: expected one of {', '.join(KINDS)}, got {args.kind!r}.{nearest(args.kind, KINDS)}")
    check_theme(args.theme)
    Words(args.lang)
    size = None if args.size is None else size_of(args.size)
    _check_options(args)
    if args.out is not None and args.kind != "steps":
        suffix_of(args.out)  # before anything is computed
    manual_seed(args.seed)
    target: Target = target_of(args.target, args.variable)
    options = {"theme": args.theme, "lang": args.lang}
    if args.title is not None or target.callable:
        options["title"] = args.title if args.title is not None else _title(target)
    try:
        drawing = FIGURES[args.kind](target, size, args, options)
    except TypeError as error:  # a model called with what it does not take
        raise ValueError(str(error)) from error
    out = args.out if args.out is not None else f"{target.name}.svg"
    print(f"Written: {drawing.save(out)}   {drawing!r}")
    failed = getattr(drawing, "error", None)
    if failed is None:
        return 0
    print(f"autograd-cnn draw: {target.name!r} is drawn as far as it came. {failed}", file=sys.stderr)
    return 2


# Options that only some kinds have: what is given to another kind is an error, not a silence.
_ONLY = {
    "backward": ("graph", "steps"),
    "depth": ("graph", "volumes", "steps"),
    "fold": ("graph",),
    "focus": ("graph", "volumes"),
    "layer": ("receptive-field",),
    "unit": ("receptive-field",),
    "wrt": ("expand",),
    "op": ("expand",),
}


def _check_options(args: argparse.Namespace) -> None:
    for name, kinds in _ONLY.items():
        if getattr(args, name) not in (None, False) and args.kind not in kinds:
            raise ValueError(f"--{name} belongs to --kind {' or '.join(kinds)}; it does nothing for {args.kind}.")


def _title(target: Any) -> str:
    from ..vision.models import list_models

    return str(target.name) if target.name in list_models() else type(target.value).__name__


def _model(target: Any, size: tuple[int, ...] | None, kind: str) -> tuple[Any, Any]:
    """A model and its input, for the figures that are of models."""
    from .targets import input_for

    if not target.callable:
        raise ValueError(f"--kind {kind} draws models; {target.name!r} is a {type(target.value).__name__}. Draw it with --kind graph.")
    return target.value, input_for(target, size)


def _recorded(target: Any, size: tuple[int, ...] | None, backward: bool) -> tuple[Any, ...]:
    """What `draw` and `draw.steps` take: a recorded value, or a model with its input; with gradients a loss of it."""
    from ..nn import Module

    if not target.callable:
        return (target.value,)
    model, x = _model(target, size, "graph")
    if isinstance(model, Module):
        model.eval()
    if not backward:
        return model, x
    y = model(x)
    while isinstance(y, (tuple, list, dict)):
        y = next(iter(y.values() if isinstance(y, dict) else y))
    return (y if not y.shape else y.sum(),)


def _graph(target: Any, size: Any, args: Any, options: dict[str, Any]) -> Any:
    from ..drawing import draw

    value, *inputs = _recorded(target, size, args.backward)
    fold = "auto" if args.fold is None else args.fold
    return draw(value, *inputs, backward=args.backward, depth=args.depth, fold=fold, focus=args.focus, **options)


def _steps(target: Any, size: Any, args: Any, options: dict[str, Any]) -> Any:
    from ..drawing import draw

    value, *inputs = _recorded(target, size, args.backward)
    return draw.steps(value, *inputs, backward=args.backward, depth=args.depth, **options)


def _expand(target: Any, size: Any, args: Any, options: dict[str, Any]) -> Any:
    from ..drawing import draw

    value = target.value
    if target.callable:
        model, x = _model(target, size, "expand")
        value = model(x)
    return draw.expand(value, args.wrt, op=args.op, near=True, **{**options, "title": args.title})


def _volumes(target: Any, size: Any, args: Any, options: dict[str, Any]) -> Any:
    from ..drawing import draw

    return draw.volumes(*_model(target, size, "volumes"), depth=args.depth, focus=args.focus, maps=False, **options)


def _receptive_field(target: Any, size: Any, args: Any, options: dict[str, Any]) -> Any:
    from ..drawing import draw

    unit = None
    if args.unit is not None:
        parts = args.unit.split(",")
        if not all(p.strip().lstrip("-").isdecimal() for p in parts):
            raise ValueError(f"--unit: expected a place such as 5 or 3,4, got {args.unit!r}.")
        unit = tuple(int(p) for p in parts)
    model, x = _model(target, size, "receptive-field")
    return draw.receptive_field(model, unit, tuple(x.shape), layer=args.layer, **{**options, "title": args.title})


def _network(target: Any, size: Any, args: Any, options: dict[str, Any]) -> Any:
    from ..drawing import draw

    model, x = _model(target, size, "network")
    return draw.network(model, x, **options) if size is not None else draw.network(model, **options)


def _filters(target: Any, size: Any, args: Any, options: dict[str, Any]) -> Any:
    from ..drawing import draw

    weights = [(n, p) for n, p in getattr(target.value, "named_parameters", list)() if len(p.shape) in (3, 4)]
    if not weights:
        raise ValueError(f"--kind filters draws the kernels of convolutions; {target.name!r} has none.")
    return draw.filters(weights[:1], **options)


def _activations(target: Any, size: Any, args: Any, options: dict[str, Any]) -> Any:
    from ..drawing import draw

    return draw.activations(*_model(target, size, "activations"), **options)


def _saliency(target: Any, size: Any, args: Any, options: dict[str, Any]) -> Any:
    from ..drawing import draw

    return draw.saliency(*_model(target, size, "saliency"), **{**options, "title": args.title})


FIGURES: dict[str, Callable[[Any, Any, Any, dict[str, Any]], Any]] = {
    "graph": _graph,
    "volumes": _volumes,
    "receptive-field": _receptive_field,
    "network": _network,
    "steps": _steps,
    "expand": _expand,
    "filters": _filters,
    "activations": _activations,
    "saliency": _saliency,
}
