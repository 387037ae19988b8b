"""`check_module`: everything that must hold of a layer or a network."""

from __future__ import annotations

import copy
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..config import no_grad
from ..errors import UsageHint
from ..graph.trace import trace
from ..nn.module.module import Module
from ..random import default_generator, fork_rng
from ..tensors.tensor import Tensor, wrap
from .gradcheck import gradcheck, gradgradcheck
from .hints import said_during
from .primitive import PrimitiveReport
from .report import GradcheckError
from .setup import CheckFailure
from .subject import as_tuple


def check_module(
    factory: Callable[[], Module],
    inputs: Any,
    *,
    examples: int = 3,
    seed: int = 0,
    atol: float = 1e-6,
    rtol: float = 1e-6,
    second: bool = True,
    raise_exception: bool = True,
) -> PrimitiveReport:
    """Check a layer: gradients of its inputs and parameters (training and evaluation mode) against finite differences, second
    derivatives, float32 against float64, that it leaves its inputs alone, records nothing under no_grad(), gives every parameter a
    gradient, survives state_dict() into a fresh module and deepcopy, replays from its trace, and prints.

    Random layers draw the same in every evaluation, and buffers (running statistics) are put back between them.

    Args:
        factory: makes the module, `lambda: nn.Linear(3, 2)`.
        inputs: the shape of its input, a list of shapes, or a function `rng -> inputs` (tensors or arrays) for anything else,
            `rng` a NumPy generator.
        examples: how many modules and inputs are drawn.
        seed: the same seed draws the same parameters and inputs; the global generator is left as it was.
        second: also check second derivatives.

    Raises:
        CheckFailure (an AssertionError): that says which check failed.

    >>> import autograd_cnn as ac
    >>> from autograd_cnn.testing import check_module
    >>> bool(check_module(lambda: ac.nn.Linear(3, 2), (4, 3), examples=1))
    True
    """
    start = time.perf_counter()
    failures: dict[str, CheckFailure] = {}
    worst, name = 0.0, "module"
    hints: list[str] = []
    for k in range(examples):
        rng = np.random.default_rng(seed * 1009 + k)
        subject = _Layer(factory, _drawn(inputs, rng), seed * 1009 + k)
        name = type(subject.module).__name__
        for title, check in _CHECKS.items():
            if title in failures or (title == "second derivatives" and not second):
                continue
            try:
                worst = max(worst, check(subject, atol, rtol) or 0.0)
            except CheckFailure as failure:
                failures[title] = CheckFailure(f"{subject.module!r}: {title}: {failure.text}", title)
            except Exception as error:
                failures[title] = CheckFailure(f"{subject.module!r}: {title}: {type(error).__name__}: {error}", title)
        if not hints and not failures:
            hints = said_during(lambda subject=subject: subject.call(subject.inputs()))  # type: ignore[misc]  # this round's
    seconds = time.perf_counter() - start
    found = tuple(failures[title] for title in _CHECKS if title in failures)
    report = PrimitiveReport(name, "module", examples, worst, seconds, found, tuple(_CHECKS), tuple(dict.fromkeys(hints)))
    for hint in report.hints:
        warnings.warn(f"check_module({name}): {hint}", UsageHint, stacklevel=2)
    if failures and raise_exception:
        raise found[0]
    return report


def _drawn(inputs: Any, rng: np.random.Generator) -> list[Any]:
    """The arrays of one example, floats in float64."""
    if callable(inputs):
        given: Sequence[Any] = as_tuple(inputs(rng))
    else:
        several = isinstance(inputs, list) or (isinstance(inputs, tuple) and inputs and isinstance(inputs[0], tuple | list))
        given = [rng.uniform(-2, 2, tuple(s)) for s in (inputs if several else [inputs])]
    arrays = [np.array(x.value if isinstance(x, Tensor) else x) for x in given]
    return [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays]


class _Layer:
    """A module with inputs that can be called again and again with the same result."""

    def __init__(self, factory: Callable[[], Module], arrays: list[Any], seed: int) -> None:
        self.factory = factory
        self.arrays = arrays
        self.seed = seed
        self.module = self.drawn(seed)
        self.buffers = [(b, np.array(b.value)) for b in self.module.buffers()]
        self.parameters = [p for p in self.module.parameters() if p.requires_grad]

    def drawn(self, seed: int) -> Module:
        """A module in float64 with the parameters of this seed; the random state is as it was before."""
        with fork_rng():
            default_generator.manual_seed(seed)
            return self.factory().to(np.dtype(np.float64))

    def fresh(self) -> Module:
        """Another with the state of this one: what its state does not hold differs."""
        made = self.drawn(self.seed + 1)
        made.load_state_dict(self.module.state_dict())
        return made

    def inputs(self, dtype: Any = np.float64, grad: bool = True) -> list[Tensor]:
        made = []
        for a in self.arrays:
            own = a.astype(dtype) if a.dtype.kind == "f" else a.copy()
            made.append(wrap(own, requires_grad=grad and own.dtype.kind == "f"))
        return made

    def call(self, xs: Sequence[Any], module: Module | None = None) -> tuple[Any, ...]:
        """The module's tensors; the random state and the buffers are as they were before."""
        module = module or self.module
        try:
            with fork_rng():
                default_generator.manual_seed(11)
                return tuple(y for y in as_tuple(module(*xs)) if isinstance(y, Tensor))
        finally:
            for b, before in self.buffers:
                b.storage()[...] = before


def _need(holds: Any, text: str) -> None:
    if not holds:
        raise CheckFailure(text)


def _derivatives(test: Callable[..., Any]) -> Callable[[_Layer, float, float], float]:
    def check(s: _Layer, atol: float, rtol: float) -> float:
        worst = 0.0
        xs = s.inputs()
        leaves = [*xs, *s.parameters]
        if not any(x.requires_grad for x in leaves):
            return 0.0
        before = s.module.training
        for mode in (True, False):
            s.module.train(mode)
            try:
                report = test(lambda *a: s.call(a[: len(xs)]), leaves, atol=atol, rtol=rtol)
            except GradcheckError as error:
                named = [f"input {i}" for i in range(len(xs))] + [n for n, p in s.module.named_parameters() if p.requires_grad]
                raise CheckFailure(
                    f"in {'training' if mode else 'evaluation'} mode (inputs in order: {', '.join(named)}): {error}"
                ) from None
            finally:
                s.module.train(before)
            worst = max(worst, report.error)
        return worst

    return check


def _float32(s: _Layer, atol: float, rtol: float) -> None:
    single = s.fresh().to(np.dtype(np.float32))
    rounded = [wrap(a.astype(np.float32).astype(np.float64)) if a.dtype.kind == "f" else wrap(a.copy()) for a in s.arrays]
    for a, b in zip(s.call(s.inputs(np.float32), single), s.call(rounded), strict=True):
        _need(a.dtype == np.float32 or a.dtype.kind != "f", f"float32 in gives {a.dtype} out")
        _need(
            np.allclose(a.detach().value, b.detach().value, rtol=1e-3, atol=1e-4),
            "the float32 result is not the float64 one to its precision",
        )


def _inputs_unchanged(s: _Layer, atol: float, rtol: float) -> None:
    xs = s.inputs(grad=False)
    s.call(xs)
    for i, (x, a) in enumerate(zip(xs, s.arrays, strict=True)):
        _need(np.array_equal(x.value, a), f"input {i} was overwritten")


def _all_parameters(s: _Layer, atol: float, rtol: float) -> None:
    ys = [y for y in s.call(s.inputs()) if y.requires_grad]
    s.module.zero_grad()
    for y in ys:
        y.sum().backward(retain_graph=True)
    lost = [n for n, p in s.module.named_parameters() if p.requires_grad and p.grad is None]
    s.module.zero_grad()
    _need(not lost or not ys, f"no gradient arrives at {', '.join(lost)}")


def _no_record(s: _Layer, atol: float, rtol: float) -> None:
    with no_grad():
        _need(all(y.node is None for y in s.call(s.inputs())), "records under no_grad()")


def _state(s: _Layer, atol: float, rtol: float) -> None:
    want = s.call(s.inputs())
    for other, what in ((s.fresh(), "state_dict() loaded into a fresh module"), (copy.deepcopy(s.module), "deepcopy")):
        for a, b in zip(s.call(s.inputs(), other), want, strict=True):
            _need(np.array_equal(a.detach().value, b.detach().value), f"{what} gives another result")


def _replay(s: _Layer, atol: float, rtol: float) -> None:
    s.module.eval()
    try:
        xs = s.inputs(grad=False)
        want = s.call(xs)
        graph = trace(lambda *a: s.call(a), *xs)
        for a, b in zip(as_tuple(graph(*xs)), want, strict=True):
            _need(np.allclose(a.detach().value, b.detach().value, rtol=1e-12, atol=1e-12), "the replayed trace gives another result")
        _need(str(graph) and repr(s.module), "the graph or the module does not print")
    finally:
        s.module.train()


_CHECKS: dict[str, Callable[[_Layer, float, float], Any]] = {
    "inputs unchanged": _inputs_unchanged,  # first: it explains what the others find where it fails
    "gradients": _derivatives(gradcheck),
    "second derivatives": _derivatives(gradgradcheck),
    "float32 agrees": _float32,
    "every parameter gets a gradient": _all_parameters,
    "nothing recorded without grad": _no_record,
    "state": _state,
    "trace replays": _replay,
}
