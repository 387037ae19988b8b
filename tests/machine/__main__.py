"""python -m tests.machine FIRST COUNT: programs of these seeds; --coverage prints how often each fast path was taken."""

from __future__ import annotations

import argparse
import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.machine", description=__doc__)
    parser.add_argument("first", type=int, nargs="?", default=0, help="the first seed")
    parser.add_argument("count", type=int, nargs="?", default=300, help="how many")
    parser.add_argument("--without", default="", help="features left out, separated by commas")
    parser.add_argument("--most", type=int, default=3, help="failures after which it stops")
    parser.add_argument("--full", action="store_true", help="print failing programs with all they need to be pasted")
    parser.add_argument("--coverage", action="store_true", help="count how often each fast path is taken (slow)")
    parser.add_argument("--program", action="store_true", help="print the program of the first seed, and do not run it")
    args = parser.parse_args()

    from . import run

    without = frozenset(w.strip() for w in args.without.split(",") if w)
    if args.program:
        print(run.draw(args.first, without).text())
        return
    seeds = range(args.first, args.first + args.count)
    if args.coverage:
        from .paths import Watch

        watch = Watch()
        with watch.watching():
            failures, tally = run.run_many(seeds, without, args.most)
        print(watch.table(), end="\n\n")
    else:
        failures, tally = run.run_many(seeds, without, args.most)
    for failure in failures:
        print(failure if args.full else failure.short, end="\n\n")
    print("\n".join(f"{count:8} {name}" for name, count in sorted(tally.items())))
    print(f"{len(failures)} of {tally['programs']} programs went wrong")


if __name__ == "__main__":
    main()
