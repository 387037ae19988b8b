"""Torch's own table of operations, each with the inputs it is documented to take and those it must refuse
(`torch.testing._internal`, what PyTorch tests itself with), made to speak to both sides."""

from __future__ import annotations

import itertools
import sys
import types
import unittest
import unittest.mock
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch

import autograd_cnn as ac
from autograd_cnn.nn import functional as F
from autograd_cnn.tensors.tensor import Tensor, wrap

KINDS = (NotImplementedError, IndexError, TypeError, ValueError, RuntimeError)
TOLERANCE = {torch.float64: 1e-8, torch.float32: 2e-5, torch.float16: 6e-3}


def table() -> list[Any]:
    """The operations. (torch's test module wants a small package for the base class of its test cases, which nobody needs here.)"""
    if "expecttest" not in sys.modules:
        stand_in = types.ModuleType("expecttest")
        stand_in.TestCase = unittest.TestCase  # type: ignore[attr-defined]
        sys.modules["expecttest"] = stand_in
    # importing it would freeze switches such as torch.backends.cudnn.benchmark, which other tests set
    with warnings.catch_warnings(), unittest.mock.patch.object(torch.backends, "disable_global_flags", return_value=None):
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db
    return list(op_db)


def name_of(op: Any) -> str:
    """The operation's name and, where it is listed more than once, its variant."""
    return op.name + (f".{op.variant_test_name}" if op.variant_test_name else "")


class OutOfScope(Exception):
    """A sample of what this package does not have: sparse tensors, bfloat16, `out=`."""


# ------------------------------------------------------------------------------------------------- whose function is it
def _attribute(name: str) -> Callable[..., Any]:
    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        found = getattr(x, name)
        return found(*args, **kwargs) if callable(found) else found

    return call


def _overwriting(name: str) -> Callable[..., Any]:
    return lambda x, *args, **kwargs: getattr(x.clone(), name)(*args, **kwargs)


def _spread(name: str, x: Any) -> Any:
    return getattr(ac, name)(*x) if isinstance(x, list | tuple) else getattr(ac, name)(x)


_SPECIAL: dict[str, Callable[..., Any]] = {  # where torch's table calls with arguments in another order
    "einsum": lambda tensors, equation: ac.einsum(equation, *tensors),
    "where": lambda x, condition, other: ac.where(condition, x, other),
    "nn.functional.embedding": lambda weight, input, **k: F.embedding(input, weight, **k),
    "nn.functional.embedding_bag": lambda weight, input, **k: F.embedding_bag(input, weight, **k),
    **{n: partial(_spread, n) for n in ("atleast_1d", "atleast_2d", "atleast_3d")},
}
_ATTRIBUTES = {"bool", "double", "float", "half", "int", "long", "short", "cdouble", "cfloat", "byte", "char", "T", "mT", "H", "mH"}
_FILLS = {"cauchy", "exponential", "geometric", "log_normal", "uniform"}


def ours(op: Any) -> Callable[..., Any] | None:
    """Our function for torch's operation; None if there is none."""
    name = op.name
    if name in _SPECIAL:
        return _SPECIAL[name]
    if name in _FILLS or op.variant_test_name == "in_place":
        return _overwriting(f"{name}_")
    if name in _ATTRIBUTES or name.startswith("__"):
        return _attribute(name) if hasattr(Tensor, name) else None
    if name.endswith("_"):
        return _overwriting(name) if hasattr(Tensor, name) else None
    *rooms, last = name.split(".")
    room: Any = {"nn.functional": F, "": ac}.get(".".join(rooms)) or getattr(ac, ".".join(rooms), None)
    found = getattr(room, last, None)
    return found or (_attribute(name) if not rooms and hasattr(Tensor, name) else None)


def forms(op: Any) -> Iterator[tuple[str, Callable[..., Any] | None, Callable[..., Any]]]:
    """(what, ours, torch's): the function, the method and the in-place twin, where torch has them."""
    yield "function", ours(op), op.op
    if "." in op.name or op.name.startswith("__"):
        return
    if op.method_variant:
        yield "method", _attribute(op.name) if hasattr(Tensor, op.name) else None, op.method_variant
    if op.inplace_variant:
        twin = f"{op.name.rstrip('_')}_"
        theirs = op.inplace_variant
        yield "in place", _overwriting(twin) if hasattr(Tensor, twin) else None, lambda x, *a, **k: theirs(x.clone(), *a, **k)


# ------------------------------------------------------------------------------------------------- arguments of both sides
def copied(x: Any) -> Any:
    """A leaf of its own, with the same strides."""
    if isinstance(x, torch.Tensor):
        if x.is_sparse or x.layout != torch.strided or x.dtype == torch.bfloat16 or x.is_meta:
            raise OutOfScope
        d = x.detach()
        if d.is_contiguous() or not d.numel() or 0 in d.stride():
            return d.clone().requires_grad_(x.requires_grad)
        made = torch.empty_strided(d.shape, [max(s, 1) for s in d.stride()], dtype=d.dtype)
        return made.copy_(d).requires_grad_(x.requires_grad)
    if isinstance(x, list | tuple) and not isinstance(x, torch.Size):
        return type(x)(copied(v) for v in x)
    return {k: copied(v) for k, v in x.items()} if isinstance(x, dict) else x


def translated(x: Any) -> Any:
    """Torch's argument as ours."""
    if isinstance(x, torch.Tensor):
        return wrap(copied(x).detach().numpy(), requires_grad=x.requires_grad)
    if isinstance(x, torch.dtype):
        return getattr(ac, str(x).removeprefix("torch."))
    if isinstance(x, torch.nn.Module):
        return getattr(ac.nn, type(x).__name__)()
    if getattr(x, "__name__", None) and (getattr(torch.nn.functional, x.__name__, None) is x):
        return getattr(F, x.__name__)
    if isinstance(x, torch.Generator):
        raise OutOfScope
    if isinstance(x, list | tuple) and not isinstance(x, torch.Size):
        return type(x)(translated(v) for v in x)
    return {k: translated(v) for k, v in x.items()} if isinstance(x, dict) else x


def flat(y: Any) -> list[Any]:
    """All that a result or argument consists of."""
    if isinstance(y, dict):
        y = list(y.values())
    return [v for part in y for v in flat(part)] if isinstance(y, list | tuple) else [y]


def array(x: Any) -> Any:
    """Either side's tensor as an array."""
    if isinstance(x, Tensor):
        return np.asarray(x.detach().value)
    return x.detach().resolve_conj().resolve_neg().numpy(force=True).copy()


# ------------------------------------------------------------------------------------------------- comparison
def same(mine: Any, other: Any, tolerance: float, what: str) -> None:
    """Value, shape and dtype."""
    if isinstance(other, torch.dtype):
        assert str(mine) == str(other).removeprefix("torch."), f"{what}: {mine} against torch's {other}"
        return
    if not isinstance(other, torch.Tensor):
        near = isinstance(other, float) and abs(mine - other) <= tolerance * max(1, abs(other))
        assert mine == other or (mine != mine and other != other) or near, f"{what}: {mine!r} against torch's {other!r}"
        return
    assert isinstance(mine, Tensor), f"{what}: {type(mine)} against torch's Tensor"
    a, b = array(mine), array(other)
    assert a.shape == b.shape, f"{what}: shape {a.shape} against torch's {b.shape}"
    assert a.dtype == b.dtype, f"{what}: dtype {a.dtype} against torch's {b.dtype}"
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=max(tolerance, _rounding(b)), err_msg=what)


def _rounding(b: Any) -> float:
    """Where large terms cancel, a small entry carries their rounding: some units in the last place of the largest entry."""
    if b.dtype.kind not in "fc":
        return 0.0
    sizes = np.abs(b[np.isfinite(b)])
    return float(4 * np.finfo(b.dtype).eps * sizes.max()) if sizes.size else 0.0


def _weights(ys: list[Any], seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.uniform(-1, 1, tuple(y.shape))).astype(array(y).dtype) for y in ys]


def _pulled(pairs: list[tuple[Any, Any]], leaves: list[tuple[Any, Any]], seed: int, record: bool) -> list[tuple[Any, Any]] | None:
    """Both sides' gradients of a random combination of the outputs; None if torch has no derivative here."""
    ws = _weights([b for _, b in pairs], seed)
    try:
        total = sum((b * torch.from_numpy(w)).sum() for (_, b), w in zip(pairs, ws, strict=True))
        theirs = torch.autograd.grad(total, [b for _, b in leaves], create_graph=record, allow_unused=True)
    except (RuntimeError, NotImplementedError):
        return None
    mine = sum((a * wrap(w)).sum() for (a, _), w in zip(pairs, ws, strict=True))
    if not mine.requires_grad:
        return [(None, b) for b in theirs]
    return list(zip(ac.autograd.grad(mine, [a for a, _ in leaves], create_graph=record, allow_unused=True), theirs, strict=True))


def _gradients(pairs: list[tuple[Any, Any]], leaves: list[tuple[Any, Any]], tolerance: float, orders: int) -> None:
    for order in range(1, orders + 1):
        found = _pulled(pairs, leaves, order, record=order < orders)
        if found is None:
            return
        for i, (g, h) in enumerate(found):
            what = f"gradient {i} of order {order}"
            if g is None or h is None:  # of one side: then it is zero
                assert not any(np.any(array(v)) for v in (g, h) if v is not None), f"{what}: one side has none"
            else:
                same(g, h, tolerance * 10**order, what)
        pairs = [(g, h) for g, h in found if g is not None and h is not None and h.requires_grad]
        if not pairs:
            return


def agree(mine: Callable[..., Any], theirs: Callable[..., Any], sample: Any, orders: int, values_at_indices: bool = False) -> None:
    """Both give the same for a sample, with derivatives up to the order; or both raise, ours an exception of torch's type."""
    given = [[sample.input, *sample.args], sample.kwargs]
    (x, kx), (z, kz) = translated(given), copied(given)
    try:
        torch.manual_seed(42)  # the seed that the table itself sets
        expected = theirs(*z, **kz)
    except Exception as error:
        kind = next((t for t in KINDS if isinstance(error, t)), Exception)
        try:
            mine(*x, **kx)
        except kind:
            return
        except Exception as other:
            raise AssertionError(f"{type(other).__name__}: {other}; torch has {kind.__name__}: {error}") from other
        raise AssertionError(f"no error; torch has {kind.__name__}: {error}") from error
    ac.manual_seed(42)
    pairs = list(itertools.zip_longest(flat(mine(*x, **kx)), flat(expected)))
    kinds = {b.dtype for _, b in pairs if isinstance(b, torch.Tensor)} | {v.dtype for v in flat(given) if isinstance(v, torch.Tensor)}
    tolerance = max((TOLERANCE.get(k, 1e-6) for k in kinds), default=1e-6)
    if values_at_indices:  # which of equal entries is named is not said: the entry named must be the value
        pairs = pairs[:1]
    for i, (a, b) in enumerate(pairs):
        same(a, b, tolerance, f"output {i}")
        if isinstance(b, torch.Tensor) and orders:
            assert a.requires_grad == b.requires_grad, f"output {i}: requires_grad {a.requires_grad} against torch's {b.requires_grad}"
    leaves = [(a, b) for a, b in zip(flat([x, kx]), flat([z, kz]), strict=True) if isinstance(b, torch.Tensor) and b.requires_grad]
    live = [(a, b) for a, b in pairs if isinstance(b, torch.Tensor) and b.requires_grad]
    if orders and leaves and live:
        _gradients(live, leaves, tolerance, orders)


def show(sample: Any) -> str:
    """A sample in one line."""

    def one(x: Any) -> str:
        if isinstance(x, torch.Tensor):
            return f"{str(x.dtype).removeprefix('torch.')}{list(x.shape)}{'' if x.is_contiguous() else ' strided'}"
        return f"[{', '.join(map(one, x))}]" if isinstance(x, list | tuple) else repr(x)

    named = [f"{k}={one(v)}" for k, v in sample.kwargs.items()]
    return f"({', '.join([one(sample.input), *map(one, sample.args), *named])})"
