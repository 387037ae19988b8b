"""What shares memory with what, and what a backward still needs, over torch's own table of operations: a result is a view of an argument
exactly where torch's is; and where torch differentiates a program that overwrites a result or an argument, ours gives the same gradient."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402
from autograd_cnn.errors import InplaceError  # noqa: E402
from autograd_cnn.tensors.tensor import Tensor  # noqa: E402

from ..ops.test_samples import OPERATIONS, WITH_US, _samples  # noqa: E402
from ..samples import OutOfScope, copied, flat, forms, same, show, translated  # noqa: E402

FEW, MORE = 3, 12  # samples an operation, in the fast tests and in the slow ones


def _chosen(op: Any, derivatives: bool, few: int) -> list[Any]:
    found = _samples(op, torch.float64, derivatives)
    return found if len(found) <= few else random.Random(few).sample(found, few)


def _calls(name: str, derivatives: bool, few: int) -> list[tuple[Any, str, Callable[..., Any], Callable[..., Any]]]:
    """(sample, form, ours, torch's) of an operation on float64."""
    op = OPERATIONS[name]
    if torch.float64 not in op.supported_dtypes("cpu"):
        return []
    return [
        (s, what, mine, theirs)
        for s in _chosen(op, derivatives, few)
        for what, mine, theirs in forms(op)
        if what != "in place" and mine is not None and (what == "function" or isinstance(s.input, torch.Tensor))
    ]


def _shared(a: Any, b: Any) -> bool:
    """Do two tensors of one side look at the same storage?"""
    if isinstance(a, Tensor):
        return bool(np.may_share_memory(a.detach().numpy(), b.detach().numpy()))
    (first, last), (start, end) = (
        (t.data_ptr(), t.data_ptr() + t.element_size() * (1 + sum(s * (n - 1) for s, n in zip(t.stride(), t.shape, strict=True))))
        for t in (a, b)
    )
    return first < end and start < last


def _tensors(values: Any) -> list[Any]:
    return [v for v in flat(values) if isinstance(v, Tensor | torch.Tensor)]


def _names(pairs: set[tuple[int, int]]) -> str:
    return ", ".join(f"output {i} with argument {k}" for i, k in sorted(pairs)) or "nothing"


SHARED_APART = {
    **dict.fromkeys(("double", "to"), "no memory formats: what changes nothing returns the tensor"),
    **dict.fromkeys(("cauchy", "exponential", "geometric", "log_normal", "normal.in_place", "uniform"), "in place, here on a clone"),
}


VIEWS = [n for n in WITH_US if n not in SHARED_APART]


@pytest.mark.parametrize("name", VIEWS)
def test_views_are_torchs(name: str) -> None:
    _check_views(name, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("name", VIEWS)
def test_views_are_torchs_in_more_cases(name: str) -> None:
    _check_views(name, MORE)


def _check_views(name: str, few: int) -> None:
    for sample, what, mine, theirs in _calls(name, False, few):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            given = [[sample.input, *sample.args], sample.kwargs]
            if not any(v.numel() for v in _tensors(given)):
                continue
            try:
                (x, kx), (z, kz) = translated(given), copied(given)
                want = theirs(*z, **kz)
            except (OutOfScope, RuntimeError, IndexError):
                continue
            ys = mine(*x, **kx)
        found = []
        for outs, args in ((ys, [x, kx]), (want, [z, kz])):
            found.append(
                {
                    (i, k)
                    for i, y in enumerate(_tensors(outs))
                    for k, a in enumerate(_tensors(args))
                    if min(y.numel(), a.numel()) and _shared(y, a)
                }
            )
        assert found[0] == found[1], f"{name}, {what}, {show(sample)}: shares {_names(found[0])}; torch {_names(found[1])}"


def _program(side: Any, fn: Callable[..., Any], args: list[Any], kwargs: dict[str, Any], write: tuple[str, int], seed: int) -> Any:
    """The gradients by all leaves after `write`: to a result, or to an argument (a value computed from its leaf)."""
    leaves: list[Any] = []

    def inner(v: Any) -> Any:
        if isinstance(v, Tensor | torch.Tensor):
            if v.requires_grad:
                leaves.append(v)
                return v.clone()
            return v
        if isinstance(v, list | tuple) and not isinstance(v, torch.Size):
            return type(v)(inner(e) for e in v)
        return {k: inner(e) for k, e in v.items()} if isinstance(v, dict) else v

    x, kx = inner(args), inner(kwargs)
    side.manual_seed(42)
    ys = [y for y in _tensors(fn(*x, **kx)) if y.requires_grad]
    target = (ys if write[0] == "result" else _tensors([x, kx]))[write[1]]
    target.zero_() if not (target.is_floating_point() or target.is_complex()) else target.mul_(1.5)
    rng = np.random.default_rng(seed)
    total = sum(
        (y * side.from_numpy(np.asarray(rng.uniform(-1, 1, tuple(y.shape))))).sum()
        for y in [*ys, *(v for v in _tensors([x, kx]) if v.requires_grad)]
    )
    total = total.real if total.is_complex() else total
    return side.autograd.grad(total, leaves, allow_unused=True)


PROGRAMS_APART = {
    **dict.fromkeys(("unsafe_chunk", "unsafe_split"), "torch does not follow what is written to these; here they are split and chunk"),
    **dict.fromkeys(("cdouble", "cfloat"), "no gradients through complex numbers: they are refused"),
    "nn.functional.embedding_bag": "one operation in torch",
    "unfold": "windows that overlap: torch writes to an entry more than once",
    **dict.fromkeys(("double", "to"), "no memory formats: what changes nothing returns the tensor"),
}
KEEP_THEIR_ARGUMENTS = {  # where torch keeps a copy that it made on the way; here the argument itself is kept, and the write is refused
    "ldexp",
    "matmul",
    "__rmatmul__",
    "einsum",
    "kron",
    "cov",
    "nn.functional.cross_entropy",
    "nn.functional.conv1d",
    "nn.functional.conv2d",
    "nn.functional.conv3d",
    "nn.functional.local_response_norm",
    "nn.functional.instance_norm",
    "nn.functional.scaled_dot_product_attention",
    "take_along_dim",
    "norm.nuc",
}


PROGRAMS = [n for n in WITH_US if OPERATIONS[n].supports_autograd and n not in PROGRAMS_APART]


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradients_after_a_write(name: str) -> None:
    _check_programs(name, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_gradients_after_a_write_in_more_cases(name: str) -> None:
    _check_programs(name, MORE)


def _check_programs(name: str, few: int) -> None:
    for sample, what, mine, theirs in _calls(name, True, few):
        if what != "function":
            continue
        given = [[sample.input, *sample.args], sample.kwargs]
        places = [("result", i) for i in range(3)] + [("argument", i) for i in range(4)]
        for write in places:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    (x, kx), (z, kz) = translated(given), copied(given)
                    want = _program(torch, theirs, z, kz, write, 5)
                except (OutOfScope, RuntimeError, NotImplementedError, IndexError):
                    continue  # torch refuses; or there is no such result or argument
                says = f"{name}, {show(sample)}, {write[0]} {write[1]} overwritten"
                try:
                    got = _program(ac, mine, x, kx, write, 5)
                except Exception as error:
                    if isinstance(error, InplaceError) and write[0] == "argument" and name in KEEP_THEIR_ARGUMENTS:
                        continue
                    raise AssertionError(f"{says}: {type(error).__name__}: {error}") from error
            for i, (g, h) in enumerate(zip(got, want, strict=True)):
                if g is None or h is None:
                    assert not any(np.any(np.asarray(v)) for v in (g, h) if v is not None), f"{says}: gradient {i} of one side only"
                else:
                    same(g, h, 1e-8 if np.asarray(h).dtype == np.float64 else 2e-5, f"{says}: gradient {i}")  # a weight may be of float32
