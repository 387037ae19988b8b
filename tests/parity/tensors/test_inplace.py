"""Every in-place method beside torch's: result, dtype, version, and the gradient of a program that overwrites a value, and a part of one."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402
from autograd_cnn.errors import InplaceError  # noqa: E402
from autograd_cnn.ops.registry.expose import INPLACE  # noqa: E402
from autograd_cnn.tensors.tensor import Tensor  # noqa: E402

from ..ops.test_samples import OPERATIONS, TWINS, _samples  # noqa: E402
from ..samples import OutOfScope, copied, same, show, translated  # noqa: E402

FEW, MORE = 3, 15
RESHAPING = {"squeeze", "unsqueeze", "t", "transpose", "swapaxes", "swapdims"}  # tests/ops/test_reshaping_inplace
APART = {
    "float_power": "torch wants the float64 to be there before; here it is cast",
    "addbmm": "torch enlarges the tensor written to",
}
NAMES = {
    n: op
    for n, op in OPERATIONS.items()
    if op.inplace_variant and "." not in op.name and op.name not in TWINS and op.name not in APART and op.name in INPLACE
}
TWIN_OF = {a.name: op.name for op in NAMES.values() for a in op.aliases if a.name in INPLACE and a.name not in RESHAPING} | {
    op.name: op.name for op in NAMES.values() if op.name not in RESHAPING
}


def test_all_twins_are_here() -> None:
    missing = {n for n in INPLACE if not n.startswith("_")} - set(TWIN_OF) - RESHAPING - set(APART) - {"fill", "relu", "logcumsumexp"}
    assert not missing


def _run(side: Any, args: tuple[Any, Any], overwrite: Callable[..., Any], part: bool, in_place: bool = True) -> list[Any]:
    """x ↦ h, which is overwritten, or a row of a larger value: the result, all of it, and the gradients. Not `in_place`: what that means."""
    given, kwargs = args
    x, *rest = given
    leaves = [v for v in (x, *rest, *kwargs.values()) if isinstance(v, Tensor | torch.Tensor) and v.requires_grad]
    inner = [v * 1 if isinstance(v, Tensor | torch.Tensor) and v.requires_grad else v for v in rest]
    h = x * 1 if x.requires_grad else x.clone()
    whole = side.stack([h, h * 0.5]) if part else h
    y = whole[0] if part else h
    made = overwrite(y, *inner, **kwargs)
    if not in_place:
        whole = side.stack([made, h * 0.5]) if part else made
        h = h if part else made
    rng = np.random.default_rng(3)
    total = 0
    for v in (whole, made, h):
        w = side.tensor(rng.uniform(-1, 1, tuple(v.shape)), dtype=v.dtype)
        total = total + (v * w).sum()
    grads = side.autograd.grad(total, leaves, allow_unused=True) if total.requires_grad else []
    return [made.detach(), whole.detach(), *grads]


def _check(name: str, few: int, dtype: Any, backend: str) -> None:
    op = NAMES[name]
    if dtype not in op.supported_dtypes("cpu"):
        return
    derivatives = op.supports_autograd and dtype in op.supported_backward_dtypes("cpu")
    for sample in _samples(op, dtype, derivatives)[:: max(1, len(_samples(op, dtype, derivatives)) // few)]:
        args = ([sample.input, *sample.args], sample.kwargs)
        for part in (False, True):
            says = f"{name}{show(sample)}{', a part' if part else ''}"
            theirs, mine = op.inplace_variant, getattr(Tensor, f"{op.name}_")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    want = _run(torch, (copied(args[0]), copied(args[1])), theirs, part)
                except OutOfScope:
                    continue
                except RuntimeError as error:
                    if "modified by an inplace" not in str(error) and not isinstance(error, NotImplementedError):
                        with pytest.raises(RuntimeError), ac.use_backend(backend):
                            _run(ac, (translated(args[0]), translated(args[1])), mine, part)
                        continue
                    want = _run(torch, (copied(args[0]), copied(args[1])), op.op, part, in_place=False)
                    refused = True
                else:
                    refused = False
                try:
                    with ac.use_backend(backend):
                        got = _run(ac, (translated(args[0]), translated(args[1])), mine, part)
                except Exception as error:
                    if isinstance(error, InplaceError) and refused:
                        continue
                    raise AssertionError(f"{says}: {type(error).__name__}: {error}") from error
            for i, (g, h) in enumerate(zip(got, want, strict=True)):
                if g is None or h is None:
                    assert not any(np.any(np.asarray(v)) for v in (g, h) if v is not None), f"{says}: gradient {i - 2} of one side only"
                else:
                    same(g, h, 1e-8 if dtype is torch.float64 else 5e-5, f"{says}: number {i}")


@pytest.mark.parametrize("name", NAMES)
def test_float64(name: str) -> None:
    _check(name, FEW, torch.float64, "numpy")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_float64_in_more_cases(name: str) -> None:
    _check(name, MORE, torch.float64, "numpy")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_float32_on_onednn(name: str) -> None:
    _check(name, MORE, torch.float32, "onednn")


@pytest.mark.parametrize("name", sorted(TWIN_OF))
def test_refusals_and_versions(name: str) -> None:
    """A leaf that requires a gradient, expanded memory, a view of a leaf: refused and unchanged. One write, one version."""
    op = NAMES.get(TWIN_OF[name]) or next(o for o in NAMES.values() if o.name == TWIN_OF[name])
    dtype = torch.float64 if torch.float64 in op.supported_dtypes("cpu") else torch.int64
    for sample in _samples(op, dtype, False):
        x, args = sample.input, [[*sample.args], sample.kwargs]
        if x.ndim and x.numel() > 1:
            break
    else:
        return
    (rest, kwargs), method = translated(args), getattr(Tensor, f"{name}_")

    def refused(y: Any, *related: Any) -> None:
        before, version = [v.detach().clone() for v in (y, *related)], y._version
        with pytest.raises(InplaceError):
            method(y, *rest, **kwargs)
        assert all(ac.equal(v.detach(), b) for v, b in zip((y, *related), before, strict=True))
        assert y._version == version

    if dtype is torch.float64:
        leaf = translated(x).detach().requires_grad_()
        refused(leaf)
        big = ac.stack([leaf.detach(), leaf.detach()]).requires_grad_()
        refused(big[0], big)
    refused(translated(x)[:1].clone().expand(*([2] if x.shape[0] == 1 else [x.shape[0]]), *[-1] * (x.ndim - 1)))
    y = translated(x)
    try:
        method(y, *rest, **kwargs)
    except (RuntimeError, TypeError):
        return  # a sample that is not for writing in place
    assert y._version == 1


@pytest.mark.parametrize(
    "dtypes",
    [
        ("int64", "float32"),
        ("float32", "float64"),
        ("float32", "int64"),
        ("bool", "int64"),
        ("bool", "bool"),
        ("int32", "int64"),
        ("uint8", "float32"),
        ("float16", "float32"),
        ("int64", "bool"),
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        "add_",
        "mul_",
        "sub_",
        "div_",
        "pow_",
        "copy_",
        "eq_",
        "logical_and_",
        "__iadd__",
        "__imul__",
        "__itruediv__",
        "__ifloordiv__",
        "clamp_",
        "masked_fill_",
        "fmod_",
        "atan2_",
    ],
)
def test_dtypes(name: str, dtypes: tuple[str, str]) -> None:
    found = []
    for t in (ac, torch):
        x = t.tensor([1, 0, 1], dtype=getattr(t, dtypes[0]))
        other = t.tensor([1, 1, 0], dtype=getattr(t, dtypes[1]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                if name == "masked_fill_":
                    x.masked_fill_(t.tensor([True, False, True]), other[0])
                else:
                    getattr(x, name)(other)
            except (RuntimeError, TypeError):
                found.append("refused")
                assert t is torch or x.tolist() == [1, 0, 1]
                continue
        found.append((str(x.dtype).removeprefix("torch."), np.asarray(x.tolist(), complex)))
    assert found[0][0] == found[1][0]
    if found[0] != "refused":
        np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-6)


RAMPS = {  # in place or not, their result may be overwritten afterwards
    "leaky_relu": lambda f, x, **k: f.leaky_relu(x, 0.1, **k),
    "leaky_relu, steep": lambda f, x, **k: f.leaky_relu(x, 1.5, **k),
    "hardtanh": lambda f, x, **k: f.hardtanh(x, -0.5, 0.8, **k),
    "relu6": lambda f, x, **k: f.relu6(x * 9, **k),
    "elu": lambda f, x, **k: f.elu(x, 0.7, **k),
    "selu": lambda f, x, **k: f.selu(x, **k),
    "celu": lambda f, x, **k: f.celu(x, 0.6, **k),
    "hardsigmoid": lambda f, x, **k: f.hardsigmoid(x * 4, **k),
    "softshrink": lambda f, x: f.softshrink(x, 0.3),
    "hardshrink": lambda f, x: f.hardshrink(x, 0.3),
    "threshold": lambda f, x, **k: f.threshold(x, 0.1, 3.0, **k),
    "silu": lambda f, x, **k: f.silu(x, **k),
    "division": lambda f, x: x / (x * x + 1),
}


@pytest.mark.parametrize("backend", ["numpy", "onednn"])
@pytest.mark.parametrize("name", RAMPS)
def test_results_that_are_overwritten(name: str, backend: str) -> None:
    """`y = leaky_relu(x); y += residual`, its in-place form first, on arrays large enough for every kernel."""
    values = np.random.default_rng(0).uniform(-2, 2, (2, 8, 40, 40)).astype(np.float32)
    for place in ["plain"] + (["inplace"] if name not in ("softshrink", "hardshrink", "division") else []):
        found = []
        for t in (ac, torch):
            x = t.tensor(values, requires_grad=True)
            with ac.use_backend(backend):
                y = RAMPS[name](t.nn.functional, x * 1, **({"inplace": True} if place == "inplace" else {}))
                if place == "plain":
                    y += x
                    y *= 2
                (y * y).mean().backward()
            found.append((y.detach().numpy(), x.grad.numpy()))
        for a, b in zip(*found, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-8, err_msg=place)
