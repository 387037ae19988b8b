"""Every example in a docstring runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import inspect

import pytest

import autograd_cnn as ac
from autograd_cnn.primitives.primitive import Primitive

from .source import FILES, module_of, name_of

WITH_EXAMPLES = [p for p in FILES if ">>> " in p.read_text(encoding="utf-8")]
NEEDS = {"onnx/export.py": "onnx", "onnx/loading.py": "onnx"}  # examples that need an extra
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def examples_of(module):
    """The doctests of a module: of its functions and classes, of its primitives, and of functions made by a function."""
    found = {}
    written = {f"{module.__name__}.{n}" for n, v in vars(module).items() if inspect.isfunction(v) and hasattr(v, "primitive")}
    for test in doctest.DocTestFinder(exclude_empty=True).find(module):
        if test.name not in written:  # a primitive's own examples run where it is defined
            found[test.name] = test
    parser = doctest.DocTestParser()
    for name, value in vars(module).items():
        full = f"{module.__name__}.{name}"
        own = getattr(value, "__module__", None) == module.__name__ and not isinstance(value, type) and full not in written
        if own and (isinstance(value, Primitive) or full not in found) and ">>>" in (getattr(value, "__doc__", None) or ""):
            found[full] = parser.get_doctest(value.__doc__, dict(vars(module)), full, module.__file__, None)
    return list(found.values())


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=name_of)
def test_examples(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if name_of(path) in NEEDS:
        pytest.importorskip(NEEDS[name_of(path)])
    module = importlib.import_module(module_of(path))
    said: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=FLAGS)
    count = 0
    for test in examples_of(module):
        ac.manual_seed(0)
        count += len(test.examples)
        runner.run(test, out=said.append)
    ac.set_printoptions(profile="default")
    ac.set_default_dtype(ac.float32)
    assert not runner.failures, "".join(said)
    assert count, f"{name_of(path)}: there are examples in the text, but none is part of a docstring"
