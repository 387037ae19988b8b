"""`python -m docs.site [folder]` builds the site (by default into `site/`). Needs `pip install -e ".[docs]"`."""

from __future__ import annotations

import sys
from pathlib import Path

from .build import build

if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "site")
    print(f"{build(target)} pages; open {target / 'index.html'}")
