"""`python -m tests.mutation [machinery]`: how many of our own mistakes would the tests catch? In the operations (rules and forwards,
judged by the generated tests), or in the machinery around them (judged by the tests of its rooms)."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    if sys.argv[1:2] == ["machinery"]:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, "1")  # before NumPy is loaded: each process has one thread for its arrays
        from .machinery import main  # before anything imports the package: each mutant's process does that itself

        raise SystemExit(main(sys.argv[2:]))
    from .rules import main

    raise SystemExit(main())
