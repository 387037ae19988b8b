"""The stubs say what the tables hold, and a type checker understands a user's program."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from autograd_cnn.ops.registry.expose import FUNCTIONS, METHODS
from autograd_cnn.tensors.scalar import Scalar
from autograd_cnn.tensors.tensor import Tensor
from tools import stubs

from .source import PACKAGE

ROOT = Path(__file__).parents[2]
needs_mypy = pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not installed")


@pytest.mark.parametrize("name", stubs.FILES)
def test_stubs_are_up_to_date(name):
    written, now = (set(t.splitlines()) for t in ((PACKAGE / name).read_text(encoding="utf-8"), stubs.FILES[name]()))
    changed = sorted(line[:100] for line in written ^ now)
    assert not changed, f"run `python -m tools.stubs`: {len(changed)} lines of {name} are old, as {changed[0]!r}"


@pytest.mark.parametrize("name", stubs.FILES)
def test_stubs_are_python(name):
    compile((PACKAGE / name).read_text(encoding="utf-8"), name, "exec")


def test_every_name_is_there():
    text = stubs.methods()
    assert all(f"    def {n}(" in text for n in METHODS)
    functions = stubs.functions()
    assert all(f"def {n}(" in functions for n in FUNCTIONS if n != "trace")


def test_what_the_stubs_promise_exists():
    for cls, host in (("TensorMethods", Tensor), ("ScalarMethods", Scalar)):
        text = stubs.methods().split(f"\nclass {cls}")[1].split("\nclass ")[0]
        for line in text.splitlines():
            if line.startswith("    def "):
                name = line.removeprefix("    def ").split("(")[0]
                assert hasattr(host, name), f"{cls}.{name}"


@needs_mypy
@pytest.mark.slow
@pytest.mark.parametrize("name", ["user_program", "user_program_layers"])
def test_a_users_program_is_understood(tmp_path, name):
    program = ROOT / "tests" / "house" / f"{name}.py"
    out = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}", str(program)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert out.returncode == 0, out.stdout + out.stderr


@needs_mypy
@pytest.mark.slow
def test_the_package_is_typed(tmp_path):
    out = subprocess.run([sys.executable, "-m", "mypy", f"--cache-dir={tmp_path}"], capture_output=True, text=True, cwd=ROOT)
    assert out.returncode == 0, out.stdout + out.stderr
