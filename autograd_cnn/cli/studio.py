"""The subcommand `autograd-cnn studio`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

PORT = 8710


def add_parser(commands: Any) -> None:
    """Add `studio` to the command line's subcommands."""
    parser = commands.add_parser(
        "studio",
        help="draw a digit in the browser and walk through the network that reads it",
        description="Opens a page in which a network computes what you draw: its maps in space, a unit's arithmetic, gradients. Without a "
        "target a LeNet-5 that has learnt digits. Serves this machine alone; needs the extra studio.",
    )
    parser.add_argument("target", nargs="?", metavar="TARGET", help="a model's name, MODULE:OBJECT, or SCRIPT.py that leaves a model")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="of the model: .pt, .pth or .safetensors")
    parser.add_argument("--size", help="of a picture: 3x64x64 (default: what fits the model)")
    parser.add_argument("--classes", metavar="FILE", help="names of the classes, one a line")
    parser.add_argument("--mean", help="taken from the pixels of 0 … 1, one number or one a channel: 0.485,0.456,0.406 (default: 0)")
    parser.add_argument("--std", help="by which they are divided then (default: 1)")
    parser.add_argument("--variable", metavar="NAME", help="what a script leaves")
    parser.add_argument("--port", type=int, help=f"to listen on; 0: any free one (default: {PORT}, or a free one)")
    parser.add_argument("--host", default="127.0.0.1", help="another address than this machine's own: others may open the page then")
    parser.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Carry out the command; gives the exit code."""
    from ..studio.desk import Desk
    from ..studio.looking import Look
    from ..studio.server import LOOPBACK, Server, serve

    if args.port is not None and not 0 <= args.port < 65536:
        raise ValueError(f"--port: expected a number of 0 … 65535, got {args.port}.")
    look = Look(_subject(args))
    desk = Desk(look, _examples(look.subject.size))

    def ready(server: Server) -> None:
        print(f"{look.subject.name} is in the studio: {server.address}   (Ctrl-C ends it)", flush=True)
        if args.host not in (LOOPBACK, "::1", "localhost"):
            print("Everyone who knows this address and reaches this machine can open it.", file=sys.stderr, flush=True)
        if not args.no_browser:
            import webbrowser

            webbrowser.open(server.address)

    server = Server(desk, args.host, PORT if args.port is None else args.port)
    try:
        serve(server, ready)
    except OSError as error:
        if server.listens:  # it did not fail at the port
            raise
        if args.port is not None:
            raise OSError(f"--port {server.port}: {error.strerror or error}. Choose another one, or 0 for any free one.") from error
        serve(Server(desk, args.host, 0), ready)
    return 0


def _subject(args: argparse.Namespace) -> Any:
    from ..nn import Module
    from ..studio.looking import Subject
    from ..studio.trained import digits_subject
    from .targets import input_for, size_of, target_of

    if args.target is None:
        for option in ("weights", "size", "classes", "mean", "std", "variable"):
            if getattr(args, option) is not None:
                raise ValueError(f"--{option} belongs to a network: name it, as in autograd-cnn studio lenet5 --{option} …")
        return digits_subject()
    target = target_of(args.target, args.variable)
    model = target.value
    if not isinstance(model, Module):
        raise ValueError(f"expected {args.target} to be a module, got {type(model).__name__}.")
    if args.weights is not None:
        _load(model, args.weights)
    size = tuple(input_for(target, None).shape[1:]) if args.size is None else size_of(args.size)
    size = size[1:] if len(size) == 4 and size[0] == 1 else size
    if len(size) != 3 or size[0] not in (1, 3):
        got = "x".join(map(str, size))
        if args.size is None:
            raise ValueError(
                f"expected a network that takes pictures of 1 or 3 channels, got {target.name}, which takes {got}. Give another --size."
            )
        raise ValueError(f"--size: expected a picture of 1 or 3 channels, as 3x64x64, got {got}.")
    names = () if args.classes is None else tuple(Path(args.classes).read_text(encoding="utf-8").split("\n"))
    names = names[:-1] if names and not names[-1] else names
    return Subject(model, size, target.name, names, _numbers(args.mean, "--mean", 0.0), _numbers(args.std, "--std", 1.0))


def _numbers(text: str | None, option: str, default: float) -> tuple[float, ...]:
    if text is None:
        return (default,)
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if len(found) not in (1, 3) or (option == "--std" and not all(v > 0 for v in found)):
        raise ValueError(f"{option}: expected one number, or three with commas, got {text!r}.")
    return found


def _load(model: Any, path: Path) -> None:
    from ..serialization import load, load_file

    state = load_file(path) if path.suffix == ".safetensors" else load(path)
    state = state.get("model", state.get("state_dict", state)) if isinstance(state, dict) else state
    model.load_state_dict(state)


def _examples(size: tuple[int, int, int]) -> Any:
    """Pictures of handwritten digits, where the network takes such; None for others."""
    if size[0] != 1:
        return None
    from ..studio.trained import digit_examples

    return digit_examples(size)
