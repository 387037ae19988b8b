"""One case of one operation, ready to be run in all the ways the checks want."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.gradients import grad
from ..errors import nearest
from ..primitives.cases import Case
from ..primitives.primitive import REGISTRY, Primitive
from ..random import default_generator
from ..tensors.tensor import Tensor, wrap


class CheckFailure(AssertionError):
    """A check found something wrong. `check` names it, `case` is the example, `reproduction` code that can be pasted."""

    def __init__(self, text: str, check: str = "", case: Case | None = None, reproduction: str = "") -> None:
        super().__init__(text + (f"\n\nTo see it again:\n\n{textwrap.indent(reproduction, '    ')}" if reproduction else ""))
        self.text = text
        self.check = check
        self.case = case
        self.reproduction = reproduction


_asked = [0]


def asked() -> int:
    """How often `require` was called: a check that did not call it had nothing to say about its case."""
    return _asked[0]


def require(holds: Any, text: str) -> None:
    """Fail with `text` unless it holds."""
    _asked[0] += 1
    if not holds:
        raise CheckFailure(text)


def primitive_of(op: Any) -> Primitive:
    """The primitive meant by a primitive, a registered name, or a public function that is one."""
    if isinstance(op, Primitive):
        return op
    if isinstance(op, str):
        if op not in REGISTRY:
            raise ValueError(f"expected the name of a primitive, got {op!r}.{nearest(op, REGISTRY)}")
        return REGISTRY[op]
    found = getattr(op, "primitive", None)
    if isinstance(found, Primitive):
        return found
    kind = getattr(op, "__name__", type(op).__name__)
    raise TypeError(
        f"check_primitive: expected a primitive, its name or its function, got {kind!r}. Use gradcheck for a function of others."
    )


class Setup:
    """A primitive with a case: makes arguments, runs, differentiates."""

    def __init__(self, prim: Primitive, case: Case) -> None:
        self.prim = prim
        self.case = case
        served = {i for group, _ in prim.groups for i in group}
        self.random = "generator" in prim.params
        self.smooth = case.smooth or self.random
        self.floats = [i for i, x in enumerate(case.inputs) if _kind(x) == "f"]
        self.wanted = [i for i in self.floats if prim.variadic or i in served]
        self.error = 0.0  # the worst error met, in units of the tolerance

    def tensors(self, dtype: Any = None, grad: bool = True, inputs: Sequence[Any] | None = None) -> list[Any]:
        """The case's arguments as tensors with memory of their own, in the layout they were drawn in."""
        made = []
        for i, x in enumerate(self.case.inputs if inputs is None else inputs):
            if not hasattr(x, "dtype"):
                made.append(x)
                continue
            array = own(x)
            if dtype is not None and array.dtype.kind == "f":
                array = array.astype(dtype)
            made.append(wrap(array, requires_grad=grad and i in self.wanted))
        return made

    def run(self, args: Sequence[Any]) -> list[Any]:
        """The outputs, as a list; random operations draw the same each time."""
        if not self.random:
            made = self.prim(*args, **self.case.params)
        else:
            state = default_generator.get_state()
            try:
                default_generator.manual_seed(7)
                made = self.prim(*args, **self.case.params)
            finally:
                default_generator.set_state(state)
        return list(made) if isinstance(made, tuple) else [made]

    def live(self, args: Sequence[Any]) -> list[Any]:
        """The outputs that have a gradient."""
        return [y for y in self.run(args) if y.requires_grad]

    def weights(self, ys: Sequence[Any], seed: int = 0) -> list[Any]:
        """A gradient to arrive at each output."""
        rng = np.random.default_rng(seed)
        return [np.asarray(rng.standard_normal(y.shape), y.dtype) for y in ys]

    def gradients(self, args: Sequence[Any], **options: Any) -> list[Any]:
        """dE/d input for each wanted input, E = Σ weights · outputs."""
        ys = self.live(args)
        if not ys:
            return []
        xs = [args[i] for i in self.wanted]
        seeds = [wrap(w) for w in self.weights(ys)]
        return list(grad(ys, xs, seeds, allow_unused=True, materialize_grads=True, **options))

    @property
    def differentiable(self) -> bool:
        """Is there anything to differentiate by?"""
        return bool(self.wanted) and self.prim.differentiable

    def __str__(self) -> str:
        return f"{self.prim.name}: {self.case}"

    def reproduction(self, check: str = "") -> str:
        """Code that checks this very case."""
        given = [_written(x) for x in self.case.inputs]
        given += [f"{k}={_written(v)}" for k, v in self.case.params.items()]
        given += ["smooth=False"] if not self.case.smooth else []
        given += [f"tolerance={self.case.tolerance!r}"] if self.case.tolerance != 1.0 else []
        home = self.prim.__module__
        case = f"Case({', '.join(given)})"
        lines = ["import numpy as np", "from autograd_cnn.testing import Case, check_case"]
        if "REGISTRY[" in case:
            lines.append("from autograd_cnn.primitives.primitive import REGISTRY")
        if not home.startswith(("autograd_cnn.", "__main__")):
            lines.append(f"import {home}")
        options = {"": "", "oracle": ", oracle=oracle", "bad cases": ""}.get(check, f", only={check!r}")
        return "\n".join([*lines, f"check_case({self.prim.name!r}, {case}{options})"])


def own(x: Any) -> Any:
    """A copy in the same memory layout: gaps and order included."""
    array = np.asarray(x)
    if array.flags.c_contiguous or array.flags.f_contiguous or not array.ndim or not array.size:
        return np.array(array, order="K")
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def _kind(x: Any) -> str:
    return str(getattr(getattr(x, "dtype", None), "kind", ""))


def _written(x: Any) -> str:
    """As code; with `np.` names only."""
    if isinstance(x, np.ndarray):
        text = np.array2string(x, separator=", ", threshold=10**6, floatmode="unique", max_line_width=10**6).replace("\n", "")
        if x.dtype.kind == "f":
            text = re.sub(r"\b(nan|inf)\b", r"np.\1", text)
        if not x.size:
            return f"np.zeros({x.shape}, np.{x.dtype.name})"
        return f"np.array({text}, np.{x.dtype.name if x.dtype != bool else 'bool_'})"
    if isinstance(x, np.generic):
        return f"np.{type(x).__name__}({_written(x.item())})"
    if isinstance(x, float) and not math.isfinite(x):
        return f"float({str(x)!r})"
    if isinstance(x, np.dtype):
        return f"np.dtype({x.name!r})"
    if isinstance(x, tuple):
        return "(" + "".join(f"{_written(v)}, " for v in x).rstrip() + ")" if x else "()"
    if isinstance(x, Primitive):
        return f"REGISTRY[{x.name!r}]"
    return "..." if x is Ellipsis else repr(x)


def values(ys: Sequence[Any]) -> list[Any]:
    """The raw values, detached from whatever happens to them later."""
    return [np.array(y.storage() if isinstance(y, Tensor) else y) for y in ys]
