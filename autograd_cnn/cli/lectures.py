"""The subcommand `autograd-cnn lectures`."""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

_OUT = Path("lectures")
_PACKAGE = Path(__file__).parents[1]


def add_parser(commands: Any) -> None:
    """Add `lectures` to the command line's subcommands."""
    parser = commands.add_parser(
        "lectures",
        help="put the lecture notebooks into a folder of yours",
        description="Put the lecture notebooks into a folder of yours, where you may change them. What you changed there is not written over.",
    )
    parser.add_argument("--out", type=Path, default=_OUT, metavar="DIR", help=f"the folder (default: {_OUT})")
    parser.add_argument("--list", action="store_true", help="only list them")
    parser.set_defaults(run=run)


def folder() -> Path:
    """Where the notebooks are: within an installed package, beside it in a clone of the repository.

    Raises:
        FileNotFoundError: in neither place.
    """
    for place in (_PACKAGE / "notebooks", _PACKAGE.parent / "notebooks"):
        if (place / "index.ipynb").exists():
            return place
    raise FileNotFoundError(
        f"no notebooks in {_PACKAGE}: expected them with the package. Install it again: pip install --force-reinstall autograd-cnn"
    )


def titles() -> dict[str, str]:
    """The notebooks' files, and their titles, in order."""
    found = {}
    for path in sorted(folder().glob("*.ipynb"), key=lambda p: (p.stem != "index", p.stem)):
        first = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        found[path.name] = first.splitlines()[0].lstrip("# ")
    return found


def run(args: argparse.Namespace) -> int:
    """Carry out the command; gives the exit code."""
    listed = titles()
    width = max(map(len, listed))
    if args.list:
        print(*(f"{name:<{width}}  {title}" for name, title in listed.items()), sep="\n")
        return 0
    out: Path = args.out
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(f"--out {out}: expected a folder, got a file. Choose another name.")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"--out {out}: expected a folder that can be made: {error.strerror}. Choose another place.") from error
    kept = []
    for name in listed:
        source, target = folder() / name, out / name
        if target.exists() and target.read_bytes() != source.read_bytes():
            kept.append(name)
        elif not target.exists():
            shutil.copyfile(source, target)
    print(f"{len(listed) - len(kept)} notebooks are in {out}; begin with {out / 'index.ipynb'}.")
    if kept:
        print(f"Kept as they were there, for they differ from those that came with the package: {', '.join(kept)}")
    print(f"Open them with\n  jupyter lab {out / 'index.ipynb'}")
    if importlib.util.find_spec("jupyterlab") is None and importlib.util.find_spec("notebook") is None:
        print("after pip install jupyterlab; or in Visual Studio Code, or any other editor for notebooks.")
    return 0
