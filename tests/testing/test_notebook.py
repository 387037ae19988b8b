"""The notebook's code runs, from the first cell to the last, and shows what its text says."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from autograd_cnn.primitives.primitive import REGISTRY

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "check_your_own_operation.ipynb"


@pytest.mark.slow
def test_all_cells_run() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    space: dict[str, Any] = {"__name__": "notebook"}
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            for number, cell in enumerate(c for c in cells if c["cell_type"] == "code"):
                exec(compile("".join(cell["source"]), f"<cell {number}>", "exec"), space)
    finally:
        REGISTRY.pop("swish", None)
    text = printed.getvalue()
    for shown in (
        "missing sum over the broadcast dim",
        "Jacobian mismatch for output 0 with respect to input 1",
        "gradients: ok",
        "second derivatives: ok",
        "To see it again",
        "check_case('swish'",
        "swish: ok",
        "Sequential: ok",
    ):
        assert shown in text, shown
