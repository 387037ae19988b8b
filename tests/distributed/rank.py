"""One process: `python -m tests.distributed.rank FILE.FUNCTION [ARGUMENTS]` runs a function of a file beside this one."""

from __future__ import annotations

import faulthandler
import importlib
import json
import sys

if __name__ == "__main__":
    faulthandler.dump_traceback_later(50)
    file, _, name = sys.argv[1].partition(".")
    arguments = json.loads(sys.argv[2]) if len(sys.argv) > 2 else []
    result = getattr(importlib.import_module(f"tests.distributed.{file}"), name)(*arguments)
    print(f"returned {json.dumps(result)}\n", end="", flush=True)  # in one piece, where ranks share a pipe
    faulthandler.cancel_dump_traceback_later()
