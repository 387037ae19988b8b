"""Runs the programs of `programs/` under one library and prints what each printed, as JSON: `python run_programs.py LIBRARY`."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import random
import re
import sys
import traceback
import warnings
from pathlib import Path

import numpy as np

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))


def run(path: Path, library: str) -> dict[str, str]:
    """The program's output, from the same beginning whatever ran before it."""
    text = re.sub(r"^import torch$", f"import {library} as torch", path.read_text(encoding="utf-8"), flags=re.M)
    torch = importlib.import_module(library)
    torch.set_default_dtype(torch.float32)
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)
    out, error = io.StringIO(), ""
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(text, str(path), "exec"), {"__name__": "__main__"})
        except Exception:
            error = traceback.format_exc()
    return {"out": out.getvalue(), "error": error}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    results = {p.stem: run(p, sys.argv[1]) for p in PROGRAMS}
    sys.stdout.write(json.dumps(results))
