"""The command `autograd-cnn`."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..errors import nearest

if TYPE_CHECKING:
    from ..training.team import Alone

_MENDABLE = (ValueError, OSError, ImportError, RuntimeError)
_DEMO_OUT = Path("runs/demo")
_TRAIN_OUT = Path("runs/train")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        """As argparse, with the nearest command for an unknown one."""
        if "invalid choice" in message and "argument command" in message:
            given = message.split("invalid choice: ", 1)[1].split(" (", 1)[0].strip("'")
            message += nearest(given, _COMMANDS)
        super().error(message)


_COMMANDS = ("demo", "train", "run", "launch", "draw", "source", "studio", "export", "check", "lectures")


def _parser() -> argparse.ArgumentParser:
    from ..training.options import OPTIMIZERS, SCHEDULES, Options
    from ..vision.models import small_models

    parser = _Parser(
        prog="autograd-cnn",
        description="Train convolutional networks and look inside: a graph you can see, gradients you can trust.",
    )
    parser.add_argument("--version", action="version", version=f"autograd-cnn {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    demo = commands.add_parser("demo", help="train LeNet-5 on real handwritten digits and draw it (about a minute)")
    demo.add_argument("--out", type=Path, default=_DEMO_OUT, help=f"the folder for the results (default: {_DEMO_OUT})")
    demo.add_argument("--resume", action="store_true", help="go on with the run in --out where it stopped")

    default = Options()
    train = commands.add_parser("train", help="train a network of your choice", argument_default=argparse.SUPPRESS)
    train.add_argument("--model", help=f"{', '.join(small_models())} (default: {default.model})")
    train.add_argument("--data", help=f"digits, or mnist:FOLDER with the original idx files (default: {default.data})")
    train.add_argument("--epochs", type=int, help=f"passes over the data (default: {default.epochs})")
    train.add_argument("--batch-size", type=int, help=f"pictures in a batch (default: {default.batch_size})")
    train.add_argument("--lr", type=float, help=f"learning rate (default: {default.lr})")
    train.add_argument("--optimizer", help=f"{', '.join(OPTIMIZERS)} (default: {default.optimizer})")
    train.add_argument("--schedule", help=f"{', '.join(SCHEDULES)} (default: {default.schedule})")
    train.add_argument("--momentum", type=float, help=f"for sgd and nesterov (default: {default.momentum})")
    train.add_argument("--weight-decay", type=float, help="L2 regularisation (default: 0)")
    train.add_argument("--l1", type=float, help="L1 regularisation (default: 0)")
    train.add_argument("--augment", type=int, help=f"pixels by which pictures are moved at random in training (default: {default.augment})")
    train.add_argument("--seed", type=int, help=f"of everything random (default: {default.seed})")
    train.add_argument("--workers", type=int, help="processes that prepare batches (default: 0)")
    train.add_argument("--nproc", help="processes that train together, each a share of every batch, or auto: one a processor (default: 1)")
    train.add_argument("--out", type=Path, default=_TRAIN_OUT, help=f"the folder for the results (default: {_TRAIN_OUT})")
    train.add_argument("--resume", action="store_true", default=False, help="go on with the run in --out where it stopped")

    from .run import add_parser as add_run

    add_run(commands)
    from .launch import add_parser as add_launch

    add_launch(commands)
    from .draw import add_parser as add_draw

    add_draw(commands)
    from .source import add_parser as add_source

    add_source(commands)
    from .studio import add_parser as add_studio

    add_studio(commands)
    from .export import add_parser as add_export

    add_export(commands)
    from .lectures import add_parser as add_lectures

    add_lectures(commands)
    try:
        from .check import add_parser
    except ImportError:
        return parser

    add_parser(commands)
    return parser


def _train(given: dict[str, Any], out: Path, resume: bool, again: str, anew: bool = False) -> int:
    """Train in a folder where nobody else does; `anew`: in the place of the run that is there. What is wrong, one process says."""
    from ..training.folder import claimed
    from ..training.run import CHECKPOINT
    from ..training.team import found_team

    team = found_team()
    with ExitStack() as held:

        def claim() -> bool:
            held.enter_context(claimed(out))
            if anew:
                _clear(out)
            return (out / CHECKPOINT).exists()

        try:
            return _train_in(given, out, resume, again, team.led(claim), team)
        except _MENDABLE:
            if team.leads:
                raise
            return 2


def _train_in(given: dict[str, Any], out: Path, resume: bool, again: str, exists: bool, team: Alone) -> int:
    """Begin or resume a run, train it, write the report."""
    from ..training.options import Options
    from ..training.report import listing, write_report
    from ..training.run import Run, Stopped

    tell = print if team.leads else lambda *_: None
    if resume and exists:
        run = Run.resume(out, team)
        for name, value in given.items():
            if getattr(run.options, name) != value:
                raise ValueError(
                    f"--{name.replace('_', '-')} {value}: expected the value the run in {out} was begun with, "
                    f"{getattr(run.options, name)}. Leave the option out, or begin anew in another --out."
                )
        done = run.position.epoch
        tell(f"Resuming in {out}: {done} of {run.options.epochs} epochs done, {run.position.seen} pictures into the next.")
    else:
        options = Options(**given).check()
        if exists:
            raise FileExistsError(f"{out} holds a run already. Go on with it (--resume), or choose another folder (--out).")
        if resume:
            tell(f"Nothing was saved in {out} yet: beginning at the start.")
        run = Run(options, out, team=team)
    parameters = sum(p.numel() for p in run.model.parameters())
    tell(
        f"{run.options.model}, {parameters:,} parameters, on {run.options.data}: {len(run.data.train)} pictures to learn from, "
        f"{len(run.data.test)} held out" + (f"; {team.size} processes" if team.size > 1 else "")
    )
    try:
        run.train()
    except Stopped:
        tell(f"\nStopped and saved. Go on with:\n  {again} --out {shlex.quote(str(out))} --resume")
        return 130
    loss, accuracy = run.evaluate()
    tell(f"Accuracy on the {len(run.data.test)} held-out pictures: {accuracy:.2%} (loss {loss:.4f})")
    if team.leads:
        print(listing(out, write_report(run.alone())))
    return 0


def _train_together(count: int, given: dict[str, Any], out: Path, resume: bool) -> int:
    """The command in several processes, which find one another."""
    from ..distributed import is_available
    from ..training.options import Options
    from .launch import Job, environments

    if not is_available():
        raise ImportError('--nproc: training in several processes needs MPI. Install it with: pip install "autograd-cnn[distributed]".')
    if not resume:  # else the checkpoint's count, which the processes read
        Options(**given).check().check_together(count)
    options = [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    program = [sys.executable, "-m", "autograd_cnn", "train", *options, "--out", str(out), *(["--resume"] if resume else [])]
    return Job(program, environments(count), marked=False).run()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code. What the user can mend is one line on stderr, without a traceback."""
    try:
        return _run(_parser().parse_args(argv))
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


def _run(args: argparse.Namespace) -> int:
    try:
        if args.command == "demo":
            return _train({}, args.out, args.resume, "autograd-cnn demo", anew=not args.resume and args.out == _DEMO_OUT)
        if args.command == "train":
            given = {k: v for k, v in vars(args).items() if k not in ("command", "out", "resume", "nproc")}
            count = _count(getattr(args, "nproc", "1"))
            if count > 1:
                return _train_together(count, given, args.out, args.resume)
            return _train(given, args.out, args.resume, "autograd-cnn train")
        return int(args.run(args))
    except _MENDABLE as error:
        print(f"autograd-cnn {args.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        if args.command not in ("demo", "train"):
            raise
        print("\nStopped at once; the last checkpoint is whole.", file=sys.stderr)
        return 130


def _count(nproc: str) -> int:
    """Of processes: several only where this one is not one of several already."""
    from ..training.team import is_one_of_several
    from .launch import processes

    count = processes(nproc)
    if count > 1 and is_one_of_several():
        raise ValueError(f"--nproc {nproc}: this process is one of several already; leave the option out.")
    return count


def _clear(out: Path) -> None:
    """A new demo replaces the last one's checkpoint; a finished demo is not asked about."""
    (out / "checkpoint").unlink(missing_ok=True)
