"""Whole programs, one text for both libraries: under PyTorch and here they print the same words and the same numbers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache

import pytest

from . import run_programs

pytest.importorskip("torch")
pytest.importorskip("sklearn")  # the trainers' digits

NUMBER = re.compile(r"(?<![A-Za-z_])[-+]?(?:\d+\.\d*(?:[eE][-+]?\d+)?|\.\d+|\d+(?:[eE][-+]?\d+)?|inf|nan)")
RELATIVE, ABSOLUTE = 1e-4, 2e-6  # float32, summed in other orders, through a few steps of training


@cache
def printed(library: str) -> dict[str, dict[str, str]]:
    """What all programs print under a library, in a process of its own."""
    env = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, run_programs.__file__, library], capture_output=True, text=True, env=env, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def plain(text: str) -> list[str]:
    """Without what may differ: dtypes' module, and the names of the operations behind a value."""
    text = re.sub(r"\btorch\.(?=float|int|uint|bool)", "", text.replace("autograd_cnn", "torch"))
    return re.sub(r",?\s*grad_fn=<[^>]*>", "", text).splitlines()


def near(a: str, b: str) -> bool:
    """Two numbers, as written."""
    x, y = float(a), float(b)
    return x == y or (x != x and y != y) or abs(x - y) <= RELATIVE * max(abs(x), abs(y)) + max(ABSOLUTE, _last_place(a))


def _last_place(text: str) -> float:
    """One unit of the last printed decimal, and a little: two numbers this near may be rounded to either side. Whole numbers are exact."""
    digits, _, exponent = text.lower().partition("e")
    _, point, decimals = digits.partition(".")
    return 1.01 * 10.0 ** (int(exponent or 0) - len(decimals)) if point and len(decimals) >= 4 else 0.0


@pytest.mark.parametrize("name", [p.stem for p in run_programs.PROGRAMS])
def test_prints_the_same(name):
    want, got = printed("torch")[name], printed("autograd_cnn")[name]
    assert not want["error"], want["error"]
    assert not got["error"], got["error"]
    lines, ours = plain(want["out"]), plain(got["out"])
    for i, (line, mine) in enumerate(zip(lines, ours, strict=False)):
        where = f"{name}, line {i + 1}\nPyTorch: {line}\nhere:    {mine}"
        assert NUMBER.sub("#", line) == NUMBER.sub("#", mine), where
        assert all(near(a, b) for a, b in zip(NUMBER.findall(line), NUMBER.findall(mine), strict=True)), where
    assert len(lines) == len(ours) > 5


def test_the_comparison_notices():
    """The tolerance is no blindfold."""
    assert near("1.00005", "1.0") and near("nan", "nan") and near("1e-07", "-0.0")
    assert not near("1.001", "1.0") and not near("0.0", "0.00001") and not near("nan", "1.0")
