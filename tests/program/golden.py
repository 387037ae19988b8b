"""The golden programs: `python -m tests.program.golden` writes them anew, with names only these."""

from __future__ import annotations

import sys
from pathlib import Path

from .graphs import GRAPHS, made

FOLDER = Path(__file__).parent / "golden"


def file_of(name: str) -> Path:
    """Where the program of a case stands; no `.py`, for no tool is to lay it out anew."""
    return FOLDER / f"{name}.txt"


def main(names: list[str]) -> None:
    """Write the programs of these cases, or of all."""
    FOLDER.mkdir(exist_ok=True)
    for name in names or GRAPHS:
        file_of(name).write_text(made(name).source(), encoding="utf-8")
        print(f"Written: {file_of(name).relative_to(Path.cwd())}")


if __name__ == "__main__":
    main(sys.argv[1:])
