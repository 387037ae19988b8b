"""ONNX's own tests of backends, for this one: `python -m autograd_cnn.onnx.backend --report` counts what passes, and how.

`AutogradBackend` is a `Backend` as `onnx.backend.test` and other tools drive it. What this package has no rules for runs by the reference
of the package onnx: coded pictures, regular expressions.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import importlib
import io
import sys
import unittest
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..config import Switch
from ..tensors.tensor import Tensor, wrap
from .module import OnnxModule
from .needs import package
from .operators.table import HELD


class _Told(OnnxModule):
    """Notes which of its nodes ONNX's definitions or its reference computed."""

    def __init__(self, model: Any, ways: set[str]) -> None:
        super().__init__(model)
        self._ways = ways

    def _definition(self, *node: Any) -> Any:
        body = super()._definition(*node)
        if body is not None:
            self._ways.add(DEFINED)
        return body

    def _reference(self, *node: Any) -> Sequence[Any]:
        self._ways.add(REFERENCE)
        return super()._reference(*node)


OWN, DEFINED, REFERENCE = "by the package's operations", "by ONNX's definitions over them", "with a node by ONNX's reference"


class Prepared:
    """A model ready to run. `ways`: where to note how it was computed."""

    def __init__(self, model: Any, ways: set[str] | None = None) -> None:
        self.module = OnnxModule(model) if ways is None else _Told(model, ways)

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """The outputs, as arrays (lists for sequences)."""
        given = [wrap(np.array(x)) if isinstance(x, np.ndarray | np.generic) and x.dtype in HELD else x for x in inputs]
        with Switch(record=False):
            found = self.module(*given)
        return tuple(_out(y) for y in (found if isinstance(found, tuple) else (found,)))


def _out(y: Any) -> Any:
    if isinstance(y, list):
        return [_out(v) for v in y]
    return np.asarray(y.detach().numpy()) if isinstance(y, Tensor) else y


class AutogradBackend:
    """Runs ONNX models with this package: the interface of `onnx.backend.base.Backend`."""

    @classmethod
    def is_compatible(cls, model: Any, device: str = "CPU", **kwargs: Any) -> bool:
        """Any model will be tried."""
        return True

    @classmethod
    def prepare(cls, model: Any, device: str = "CPU", **kwargs: Any) -> Prepared:
        """A model ready to run."""
        return Prepared(model)

    @classmethod
    def run_model(cls, model: Any, inputs: Any, device: str = "CPU", **kwargs: Any) -> tuple[Any, ...]:
        """The outputs of a model."""
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def run_node(cls, node: Any, inputs: Any, device: str = "CPU", outputs_info: Any = None, **kwargs: Any) -> tuple[Any, ...]:
        """The outputs of one node."""
        helper = package("helper")
        infos = [helper.make_value_info(name, package().TypeProto()) for name in node.input if name]
        outs = [helper.make_value_info(name, package().TypeProto()) for name in node.output if name]
        opset = kwargs.get("opset_version", package("defs").onnx_opset_version())
        model = helper.make_model(helper.make_graph([node], "node", infos, outs), opset_imports=[helper.make_opsetid(node.domain, opset)])
        return cls.run_model(model, inputs, device)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """The CPU."""
        return device.upper().startswith("CPU")


def suites(
    kinds: Sequence[str] = ("Node", "PyTorchConverted", "PyTorchOperator", "Simple"), backend: type[AutogradBackend] = AutogradBackend
) -> dict[str, Any]:
    """ONNX's tests by kind, as unittest cases."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        runner = importlib.import_module("onnx.backend.test").BackendTest(backend, __name__)
        cases = runner.test_cases
    return {
        kind: case
        for kind, case in ((k, cases.get(f"OnnxBackend{k}ModelTest" if k != "Node" else "OnnxBackendNodeModelTest")) for k in kinds)
        if case
    }


def report(kinds: Sequence[str], only: str = "") -> dict[str, tuple[int, int, list[tuple[str, str]], dict[str, int]]]:
    """For each kind: how many pass, of how many, what the others say, and by which way those that pass are computed."""
    now: set[str] = set()

    class Telling(AutogradBackend):
        @classmethod
        def prepare(cls, model: Any, device: str = "CPU", **kwargs: Any) -> Prepared:
            return Prepared(model, now)

    found = {}
    for kind, case in suites(kinds, Telling).items():
        ways = dict.fromkeys((OWN, DEFINED, REFERENCE), 0)
        suite: Any = unittest.defaultTestLoader.loadTestsFromTestCase(case)
        tests = [t for t in suite if t.id().endswith("_cpu") and only in t.id()]
        result = unittest.TestResult()
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            for t in tests:
                now.clear()
                before = len(result.failures) + len(result.errors) + len(result.skipped)
                t.run(result)
                if before == len(result.failures) + len(result.errors) + len(result.skipped):
                    ways[REFERENCE if REFERENCE in now else DEFINED if DEFINED in now else OWN] += 1
        bad = [(t.id().rsplit(".", 1)[-1], text.strip().splitlines()[-1]) for t, text in (*result.failures, *result.errors)]
        bad += [(t.id().rsplit(".", 1)[-1], f"skipped: {why}") for t, why in result.skipped]
        found[kind] = (len(tests) - len(bad), len(tests), bad, ways)
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Count what passes."""
    parser = argparse.ArgumentParser(prog="python -m autograd_cnn.onnx.backend", description="Run ONNX's own tests of backends.")
    parser.add_argument("--report", action="store_true", help="name what does not pass, by reason")
    parser.add_argument("--only", default="", help="tests whose name contains this")
    parser.add_argument("kinds", nargs="*", default=["Node", "PyTorchConverted", "PyTorchOperator", "Simple"])
    args = parser.parse_args(argv)
    for kind, (passed, total, bad, ways) in report(args.kinds, args.only).items():
        print(f"{kind}: {passed} of {total} ({', '.join(f'{count} {way}' for way, count in ways.items())})")
        if args.report:
            for why, names in sorted(_by_reason(bad).items(), key=lambda item: -len(item[1])):
                print(f"  {len(names):4}  {why[:140]}: {', '.join(names[:4])}{', …' if len(names) > 4 else ''}")
    return 0


def _by_reason(bad: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = collections.defaultdict(list)
    for name, why in bad:
        found[why].append(name)
    return found


if __name__ == "__main__":
    sys.exit(main())
