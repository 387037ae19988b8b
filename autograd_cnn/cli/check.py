"""`autograd-cnn check [OP…]`: check primitives and print a table."""

from __future__ import annotations

import argparse
import importlib
import json as json_format
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import UsageHint, nearest
from ..ops.registry.expose import FUNCTIONAL, FUNCTIONS, METHODS
from ..primitives.primitive import REGISTRY, Primitive
from ..testing.primitive import PrimitiveReport, check_primitive


def primitives_named(names: Sequence[str]) -> list[Primitive]:
    """The primitives meant: all, or those of these names. A name is that of a primitive (`conv`), of a public function that is one
    (`mul`, `relu`), of a family (`activation`), or of a module to import (`mypkg.ops`), which means those defined there."""
    if not names:
        return [p for p in REGISTRY.values() if p.__module__.startswith("autograd_cnn.")]
    found: dict[str, Primitive] = {}
    for name in names:
        for p in _named(name):
            found[p.name] = p
    return list(found.values())


def _named(name: str) -> list[Primitive]:
    path = Path(name)
    if path.suffix == ".py" and path.is_file() and not path.is_absolute():  # a module of this folder, called by its file
        name = ".".join(path.with_suffix("").parts)
    if name in REGISTRY:
        return [REGISTRY[name]]
    for table in (FUNCTIONS, METHODS, FUNCTIONAL):
        op = getattr(table.get(name), "primitive", table.get(name))  # of a second name the operation itself
        if isinstance(op, Primitive):
            return [op]
    family = [p for p in REGISTRY.values() if p.family == name]
    if family:
        return family
    if all(part.isidentifier() for part in name.split(".")):
        _find_modules_here()
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not (name == error.name or name.startswith(error.name + ".")):
                raise
        else:
            inside = [p for p in REGISTRY.values() if p.__module__ == name or p.__module__.startswith(name + ".")]
            if not inside:
                raise ValueError(f"expected a module that defines operations with @primitive, got {name!r}, which has none.")
            return inside
    known = [*REGISTRY, *FUNCTIONS]
    where = f" There is no such module in {Path.cwd()} or installed." if "." in name else ""
    raise ValueError(f"expected an operation, a family or a module, got {name!r}.{where}{nearest(name, known)}")


def _find_modules_here() -> None:
    """The user's modules lie in the folder where the command is called, as for `python -m`."""
    if not {"", str(Path.cwd())} & set(sys.path):
        sys.path.insert(0, str(Path.cwd()))


def check(
    names: Sequence[str] = (), json: str | Path | None = None, examples: int = 20, seed: int = 0, *, quiet: bool = False, out: Any = None
) -> int:
    """Check the named primitives (all by default), print a table, and return the exit code: 0 if all is well, 1 if something is wrong,
    130 after Ctrl-C, which leaves the table of what was checked so far.

    Args:
        names: see `primitives_named`.
        json: a file for the same as JSON, "-" for standard output (then there is no table).
        examples: cases drawn for each.
        seed: the same seed draws the same cases.
        quiet: no progress bar.
        out: where the table goes; standard output by default.

    Raises:
        ValueError: an unknown name, less than one example, or a folder that is not there.
    """
    if examples < 1:
        raise ValueError(f"expected at least one example, got {examples}.")
    if json not in (None, "-") and not Path(str(json)).absolute().parent.is_dir():
        raise ValueError(f"--json {json}: expected a file in a folder that exists.")
    sink = sys.stdout if out is None else out
    chosen = primitives_named(names)
    reports: list[PrimitiveReport] = []
    stopped = False
    try:
        for p in _progress(chosen, quiet):
            reports.append(_report(p, examples, seed))
    except KeyboardInterrupt:
        stopped = True
    data = _as_json(reports, examples, seed, stopped)
    if json == "-":
        print(data, file=sink)
    else:
        print("\n".join(_table(reports)), file=sink)
        if json is not None:
            Path(json).write_text(data + "\n", encoding="utf-8")
    if stopped:
        print(f"Stopped: {len(reports)} of {len(chosen)} operations checked.", file=sys.stderr)
        return 130
    return 0 if all(reports) else 1


def _progress(chosen: list[Primitive], quiet: bool) -> Any:
    from tqdm import tqdm

    bar = tqdm(chosen, desc="check", unit="op", disable=quiet or not sys.stderr.isatty(), leave=False)
    for p in bar:
        bar.set_postfix_str(p.name)
        yield p


def _report(p: Primitive, examples: int, seed: int) -> PrimitiveReport:
    if p.draw_case is None:
        from ..testing.setup import CheckFailure

        return PrimitiveReport(p.name, p.family, 0, 0.0, 0.0, (CheckFailure(f"{p.name} has no cases", "no cases"),))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UsageHint)  # the table says it
        return check_primitive(p, examples=examples, seed=seed, raise_exception=False)


def _table(reports: list[PrimitiveReport]) -> list[str]:
    """One line an operation, then the failures with code that shows them again."""
    width = max([len(r.name) for r in reports] + [9])
    wide = max([len(r.family) for r in reports] + [6])
    lines = [f"{'operation':<{width}}  {'family':<{wide}}  {'examples':>8}  {'worst error':>11}  {'seconds':>7}  verdict"]
    for r in reports:
        lines.append(f"{r.name:<{width}}  {r.family:<{wide}}  {r.examples:>8}  {r.error:>11.2g}  {r.seconds:>7.2f}  {r.verdict}")
    bad = [r for r in reports if not r]
    for r in bad:
        for f in r.failures:
            lines += ["", f"--- {r.name}: {f.check}", str(f)]
    hints = [f"hint: {r.name}: {h}" for r in reports for h in r.hints]
    lines += ["", *hints] if hints else []
    total = sum(r.examples for r in reports)
    lines += [
        "",
        f"{len(reports) - len(bad)} of {len(reports)} operations right, {total} examples, "
        f"{sum(r.seconds for r in reports):.1f} s. Errors are in units of the tolerance.",
    ]
    return lines


def _as_json(reports: list[PrimitiveReport], examples: int, seed: int, stopped: bool) -> str:
    rows = [r.to_dict() for r in reports]
    data = {"passed": not stopped and all(map(bool, reports)), "stopped": stopped, "examples": examples, "seed": seed, "operations": rows}
    return json_format.dumps(data, indent=2)


def add_parser(commands: Any) -> argparse.ArgumentParser:
    """Add `check` to the sub-commands of an argparse parser; its `run(args)` gives the exit code."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "check", help="check operations against finite differences and more: all, or those you name"
    )
    parser.add_argument(
        "names", nargs="*", metavar="OP", help="an operation (conv), a family (activation), or a module of yours (mypkg.ops)"
    )
    parser.add_argument("--examples", type=int, default=20, help="cases drawn for each (default: 20)")
    parser.add_argument("--seed", type=int, default=0, help="the same seed draws the same cases (default: 0)")
    parser.add_argument("--json", metavar="FILE", help="write the results there as JSON; - for standard output, instead of the table")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(run=lambda args: check(args.names, args.json, args.examples, args.seed, quiet=args.quiet))
    return parser
