"""`python -m benchmarks`: every measurement, each side in its own process, in turns; prints the ratios, writes JSON."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path

from .measures import MEASURES, SIDES
from .overview import overview
from .result import Result
from .run import Runner, versions


def _table(results: list[Result]) -> str:
    rows = [("what", "here", "beside", "ratio", "bar", "", "")]
    for r in results:
        rows.append(
            (
                r.what,
                f"{r.here:.3g} {r.unit}",
                "" if r.beside is None else f"{r.beside:.3g} {r.unit} ({r.side})",
                "" if r.ratio is None else f"{r.ratio:.2f}",
                r.bar_text,
                {True: "ok", False: "MISSED", None: ""}[r.holds],
                r.note,
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(7)]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def _markdown(results: list[Result]) -> str:
    lines = ["| | autograd_cnn | beside | ratio |", "|---|---|---|---|"]
    for r in results:
        beside = "" if r.beside is None else f"{r.side} {r.beside:.3g} {r.unit}"
        lines.append(f"| {r.what} | {r.here:.3g} {r.unit} | {beside} | {'' if r.ratio is None else f'{r.ratio:.2f}'} |")
    return "\n".join(lines)


def main() -> int:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="measure", help=f"any of: {', '.join(MEASURES)} (default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="processes for each side of each measurement (default: 3)")
    parser.add_argument("--threads", type=int, default=2, help="threads on both sides (default: 2)")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="SIDE",
        help='a side to leave out, as "torch compile", which takes a minute to compile each network',
    )
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--overview", action="store_true", help="print a line for each network instead (nets, inference, memory)")
    parser.add_argument("--json", type=Path, help="write the numbers there, too")
    parser.add_argument("--svg", type=Path, help="draw the ratios there, too")
    args = parser.parse_args()
    unknown = [n for n in args.names if n not in MEASURES]
    if unknown or args.rounds < 1 or args.threads < 1:
        parser.error(f"expected names out of {', '.join(MEASURES)}, and rounds and threads from 1 on; got {' '.join(sys.argv[1:])}")
    unheard = set(args.without) - SIDES
    if unheard:
        parser.error(f"--without: expected one of {', '.join(sorted(SIDES))}, got {', '.join(sorted(unheard))}")
    if args.overview and args.names and not {"nets", "inference", "memory"} & set(args.names):
        parser.error(f"--overview shows nets, inference and memory; got {' '.join(args.names)}")
    runner = Runner(args.rounds, args.threads, args.without)
    results: list[Result] = []
    for name in args.names or MEASURES:
        print(f"{name} …", file=sys.stderr, flush=True)
        results += MEASURES[name](runner)
    print(f"{platform.processor() or platform.machine()}, {args.threads} threads, {args.rounds} rounds; {versions()}")
    print(overview(runner.raw) if args.overview else _markdown(results) if args.markdown else _table(results))
    if args.json:
        about = {"machine": platform.platform(), "threads": args.threads, "rounds": args.rounds, "versions": versions()}
        args.json.write_text(json.dumps({"about": about, "results": [r.asdict() for r in results], "raw": runner.raw}, indent=1))
    if args.svg:
        from .chart import save

        save(
            results,
            args.svg,
            f"{args.threads} threads, {args.rounds} {'process' if args.rounds == 1 else 'processes'} for each side; {versions()}",
        )
    return 1 if any(r.holds is False for r in results) else 0


if __name__ == "__main__":
    sys.exit(main())
