"""`python -m docs.site [folder]` builds the site (by default into `site/`). Needs `pip install -e ".[docs]"`."""

from __future__ import annotations

import argparse
from pathlib import Path

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m docs.site", description="Build the site: static pages that work from the disk.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("site"), help="where to (default: site)")
    folder: Path = parser.parse_args().folder
    if folder.exists() and not folder.is_dir():
        parser.error(f"{folder}: expected a folder, got a file. Choose another name.")
    try:
        from .build import build
    except ModuleNotFoundError as error:
        parser.error(f'{error}: expected what the site is built with. pip install -e ".[docs]"')
    print(f"{build(folder)} pages; open {folder / 'index.html'}")
