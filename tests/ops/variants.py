"""The same case with other numbers: integers, and the special values of floating point. Only the oracle judges these."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_cnn.primitives.cases import Case
from autograd_cnn.primitives.primitive import Primitive
from autograd_cnn.testing.setup import CheckFailure, Setup, values

# The oracles of these are written for finite numbers (Python's max, sort and sums treat nan their own way), or the operation treats
# integers in a way of its own; parity tests against torch cover them.
COUNTED = frozenset("histogram histc searchsorted".split())
NOT_SPECIAL = (
    COUNTED
    | frozenset(
        "power lerp prelu norm median_dim median sort topk cummax cummin softmax log_softmax einsum binary_cross_entropy "
        "binary_cross_entropy_with_logits cross_entropy conv conv_input conv_weight batch_norm batch_norm_eval linear "
        "matmul normalize local_response_norm resample resample_adjoint inv det slogdet solve "
        "cholesky softmax_adjoint log_softmax_adjoint conv_weight_bias batch_norm_adjoint batch_norm_adjoints normalize_adjoint "
        "local_response_norm_adjoint".split()
    )
    | {"cross_entropy adjoint"}
)
NOT_INTEGERS = (
    COUNTED
    | frozenset(
        "erfinv threshold leaky_relu softshrink hardshrink elu softplus filled norm pad_constant mse_loss l1_loss prelu huber_loss "
        "smooth_l1_loss batch_norm batch_norm_eval normalize var std resample resample_adjoint sampled window_sum inv det slogdet solve cholesky "
        "leaky_relu_adjoint softmax_adjoint log_softmax_adjoint batch_norm_adjoint batch_norm_adjoints normalize_adjoint "
        "local_response_norm_adjoint".split()
    )
    | {"gelu slope", "silu slope", "mish slope"}
)


NOT_HALF: frozenset[str] = frozenset()


# As PyTorch: "not implemented for 'Long'"
REFUSES_INTEGERS = frozenset(
    "logaddexp logaddexp2 hypot leaky_relu hardsigmoid hardswish hardshrink softshrink elu silu mish logsigmoid softplus gelu frac lerp frexp mse_loss "
    "smooth_l1_loss huber_loss binary_cross_entropy_with_logits soft_margin_loss cross_entropy softmax log_softmax binary_cross_entropy mean "
    "logsumexp var std".split()
)


def special(case: Case, seed: int) -> Case:
    """Some entries become nan, ±inf, 0, −0, or equal to another."""
    rng = np.random.default_rng(seed)
    made = []
    for x in case.inputs:
        if isinstance(x, np.ndarray) and x.dtype.kind == "f" and x.size:
            x = np.array(x)
            for _ in range(int(rng.integers(1, 3))):
                at = tuple(int(rng.integers(n)) for n in x.shape)
                x[at] = rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0, x.flat[int(rng.integers(x.size))]])
        made.append(x)
    return Case(*made, smooth=False, tolerance=case.tolerance, **case.params)


def halves(case: Case) -> Case:
    """Floats in half precision."""
    made = [x.astype(np.float16) if getattr(getattr(x, "dtype", None), "kind", "") == "f" else x for x in case.inputs]
    return Case(*made, smooth=False, tolerance=case.tolerance, **case.params)


def integers(case: Case) -> Case:
    """Floats become integers near them."""
    made = [np.round(x * 2).astype(np.int64) if getattr(getattr(x, "dtype", None), "kind", "") == "f" else x for x in case.inputs]
    return Case(*made, smooth=False, tolerance=case.tolerance, **case.params)


def against_oracle(prim: Primitive, case: Case, oracle: Any, strict: bool = False, rtol: float = 1e-6) -> None:
    """Compare, where both sides are defined (`strict`: they must be)."""
    setup = Setup(prim, case)
    left_out = () if prim.variadic else prim.inputs[len(case.inputs) :]
    with np.errstate(all="ignore"):
        try:
            want = oracle(*case.inputs, *(prim.optional[n] for n in left_out), **{**prim.defaults, **case.params})
        except (ValueError, OverflowError, ZeroDivisionError, TypeError, AttributeError, IndexError):
            if strict:
                raise
            return
        try:
            got = values(setup.run(setup.tensors(grad=False)))
        except (RuntimeError, TypeError, ValueError, OverflowError, IndexError):
            if strict:
                raise
            return
        for a, b in zip(got, want if isinstance(want, tuple | list) else [want], strict=False):
            b = np.asarray(b)
            if a.shape != b.shape or not np.allclose(
                a, b, rtol=rtol, atol=rtol * case.tolerance * (1 + np.abs(b[np.isfinite(b)]).max(initial=0)), equal_nan=True
            ):
                raise CheckFailure(f"{prim.name}: {case!r} gives {a}, the oracle {b}")


def check_refusal(prim: Primitive, case: Case) -> None:
    """Integers are refused with a reason."""
    setup = Setup(prim, case)
    try:
        setup.run(setup.tensors(grad=False))
    except (NotImplementedError, RuntimeError) as error:
        if not str(error):
            raise
        return
    raise CheckFailure(f"{prim.name}: takes integers, which PyTorch refuses: {case!r}")


def check_variants(prim: Primitive, case: Case, seed: int, oracle: Any) -> None:
    """All variants, where they mean something."""
    if prim.name not in NOT_HALF:
        half = halves(case)
        exact = Case(*(x.astype(np.float64) if getattr(x, "dtype", None) == np.float16 else x for x in half.inputs), **case.params)
        against_oracle(prim, half, lambda *_, **params: oracle(*exact.inputs, *_[len(exact.inputs) :], **params), rtol=0.01)
    if prim.name not in NOT_SPECIAL:
        against_oracle(prim, special(case, seed), oracle)
    if prim.name in REFUSES_INTEGERS:
        check_refusal(prim, integers(case))
    elif prim.name not in NOT_INTEGERS:
        against_oracle(prim, integers(case), oracle)
