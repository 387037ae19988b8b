"""`python -m docs.site [folder]` builds the site (by default into `site/`). Needs `pip install -e ".[docs]"`."""

from __future__ import annotations

import argparse
from pathlib import Path

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m docs.site", description="Build the site: static pages that work from the disk.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("site"), help="where to (default: site)")
    folder: Path = parser.parse_args().folder
    try:
        from .build import build, check_folder

        check_folder(folder)
    except ModuleNotFoundError as error:
        parser.error(f'{error}: expected what the site is built with. pip install -e ".[docs]"')
    except FileExistsError as error:
        parser.error(str(error))
    print(f"{build(folder)} pages; open {folder / 'index.html'}")
