"""Runs the lecture notebooks: `python -m tools.notebooks [NAME ...]` executes each from top to bottom in a kernel of its own and writes its
outputs into the file; `--check` only compares; `--lang de` shows what a German lecturer gets. Needs `pip install -e ".[docs]"`.

A cell tagged `parameters` holds what may be set from outside (`lang`). A cell tagged `measured` shows figures of a training, which differ
in the last digits between processors: there only the kinds of its outputs are compared, and what must hold stands in an `assert`. The code
in a hidden solution (`<details>`, a block marked `python`) runs after the last cell, in the same kernel: a solution that does not work is
an error.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "notebooks"
THREADS = "2"  # sums are split among threads: the same number gives the same rounding
SECONDS = 600  # of one cell
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python", "pygments_lexer": "ipython3"},
}
_SOLUTION = re.compile(r"<details>.*?</details>", re.S)
_CODE = re.compile(r"^```python\n(.*?)^```", re.S | re.M)


def names() -> list[str]:
    """All notebooks, in the order of their names."""
    return sorted(p.stem for p in FOLDER.glob("*.ipynb"))


def read(name: str) -> dict[str, Any]:
    """A notebook's contents."""
    contents: dict[str, Any] = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    return contents


def source(cell: dict[str, Any]) -> str:
    """A cell's text."""
    return "".join(cell["source"])


def tags(cell: dict[str, Any]) -> list[str]:
    """A cell's tags."""
    found: list[str] = cell.get("metadata", {}).get("tags", [])
    return found


def solutions(contents: dict[str, Any]) -> Iterator[str]:
    """The code of the hidden solutions, in order."""
    for cell in contents["cells"]:
        if cell["cell_type"] == "markdown":
            for block in _SOLUTION.findall(source(cell)):
                yield from _CODE.findall(block)


def executed(contents: dict[str, Any], lang: str | None = None) -> dict[str, Any]:
    """The same notebook with the outputs it has now.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell, or a solution, failed.
    """
    import nbformat
    from nbclient import NotebookClient

    book = nbformat.reads(json.dumps(_clean(contents)), as_version=4)
    count = len(book.cells)
    for cell in book.cells:
        if lang is not None and "parameters" in tags(cell):
            cell.source += f"\nlang = {lang!r}"
    for code in solutions(contents):
        book.cells.append(nbformat.v4.new_code_cell(code))
    os.environ.update({"OMP_NUM_THREADS": THREADS, "OPENBLAS_NUM_THREADS": THREADS, "TQDM_DISABLE": "1", "PYTHONHASHSEED": "0"})
    NotebookClient(book, kernel_name="python3", timeout=SECONDS, resources={"metadata": {"path": str(FOLDER)}}).execute()
    made: dict[str, Any] = json.loads(nbformat.writes(book))
    made["cells"] = made["cells"][:count]
    for cell, before in zip(made["cells"], contents["cells"], strict=True):
        cell["source"] = before["source"]
    return _clean(made, outputs=True)


def _clean(contents: dict[str, Any], outputs: bool = False) -> dict[str, Any]:
    """Without what differs from run to run: times, counts of other kernels, names of cells."""
    cells, count = [], 0
    for i, cell in enumerate(contents["cells"]):
        kept = {"cell_type": cell["cell_type"], "id": f"cell-{i}", "metadata": {"tags": tags(cell)} if tags(cell) else {}}
        if cell["cell_type"] == "code":
            count += 1
            kept |= {
                "execution_count": count if outputs else None,
                "outputs": [_output(o, count) for o in _joined(cell["outputs"])] if outputs else [],
            }
        kept["source"] = source(cell).splitlines(keepends=True)
        cells.append(kept)
    return {"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}


def _joined(outputs: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The outputs, what was printed in one piece: where a stream was cut is chance."""
    for (kind, name), group in itertools.groupby(outputs, lambda o: (o["output_type"], o.get("name"))):
        if kind == "stream":
            text = "".join("".join(o["text"]) for o in group)
            yield {"output_type": kind, "name": name, "text": text.splitlines(keepends=True)}
        else:
            yield from group


def _output(output: dict[str, Any], count: int) -> dict[str, Any]:
    made = {k: v for k, v in output.items() if k != "execution_count"}
    if made["output_type"] == "execute_result":
        made["execution_count"] = count
    if "metadata" in made:
        made["metadata"] = {}
    return dict(sorted(made.items()))


def written(contents: dict[str, Any]) -> str:
    """The file's text: the same for the same contents."""
    return json.dumps(contents, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """In which cells the outputs differ, and how."""
    found = []
    for i, (a, b) in enumerate(zip(before["cells"], now["cells"], strict=True)):
        if a["cell_type"] != "code":
            continue
        loose = "measured" in tags(a)
        first, second = _seen(a, loose), _seen(b, loose)
        if first != second:
            line = next((f"{x!r} → {y!r}" for x, y in zip(first, second, strict=False) if x != y), f"{len(first)} → {len(second)} outputs")
            found.append(f"cell {i} ({source(a).splitlines()[0] if source(a) else 'empty'}): {line[:400]}")
    return found


def _seen(cell: dict[str, Any], loose: bool) -> list[Any]:
    """What a reader sees of a cell's outputs."""
    seen: list[Any] = []
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            text = "".join(output["text"])
            if seen and seen[-1][0] == output["name"]:
                text = seen.pop()[1] + text  # how the stream was cut into pieces is chance
            seen.append((output["name"], text))
        else:
            seen += [(kind, "".join(data)) for kind, data in sorted(output.get("data", {}).items())] or [("error", output.get("ename"))]
    return [kind for kind, _ in seen] if loose else seen


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.notebooks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="notebooks, without .ipynb (default: all)")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where outputs differ from the file's")
    parser.add_argument("--lang", help="the language of figures and tables; with another than the file's, --check only runs")
    args = parser.parse_args()
    for name in args.names:
        if name not in names():
            parser.error(f"no notebook is called {name!r}: expected one of {', '.join(names())}, without .ipynb.")
    failed = False
    for name in args.names or names():
        before, start = read(name), time.perf_counter()
        now = executed(before, args.lang)
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)
        if args.check:
            told = differences(before, now) if args.lang is None else []
            failed |= bool(told)
            print(*(f"  {line}" for line in told), sep="\n", end="\n" if told else "")
        elif args.lang is None:
            (FOLDER / f"{name}.ipynb").write_text(written(now), encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
