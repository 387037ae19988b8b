"""Every operation against torch over torch's own samples: results, dtypes, shapes, first and second derivatives, methods, in-place
twins, non-contiguous inputs, and the types of errors."""

from __future__ import annotations

import itertools
import random
import warnings
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from ..samples import OutOfScope, agree, forms, name_of, ours, show, table  # noqa: E402

OPERATIONS = {name_of(op): op for op in table()}
MANY = 40  # samples an operation and dtype; from longer lists a fixed choice

TIES = {"topk", "kthvalue", "mode", "median", "nanmedian", "sort", "argsort", "msort", "max.reduction_with_dim", "min.reduction_with_dim"}
UNDEFINED = {  # what the values are is not said, or they are drawn from a generator that the table does not seed
    "empty",
    "empty_like",
    "new_empty",
    "rand_like",
    "normal.number_mean",
    "empty_strided",
    "new_empty_strided",
    "empty_permuted",
}
ELSEWHERE = ("fft.", "sparse.", "masked.", "jiterator", "torch.ops.", "_", "signal.", "ops.")  # rooms that are not here
APART = {  # differences that are meant
    "__rdiv__": "a method of Python 2",
    "nn.functional.softmin.with_dtype": "torch negates bytes before it casts them",
    **dict.fromkeys(("qr", "linalg.qr"), "no derivative of wide matrices; see tests/linalg/test_decompositions"),
    **dict.fromkeys(("svd", "linalg.svd"), "the further vectors of a full decomposition take no gradient"),
    **dict.fromkeys(
        ("linalg.eigh", "linalg.eigvalsh", "linalg.pinv.hermitian"), "torch reads one triangle of matrices that are not symmetric"
    ),
    **dict.fromkeys(("linalg.matrix_rank", "linalg.pinv"), "a tolerance is a number, no tensor"),
    "linalg.norm.subgradients_at_zero": "the least singular value at equal ones",
    "linalg.pinv.singular": "a function of two matrices",
    "chalf": "NumPy has no half complex numbers",
}
ONCE = {"norm.nuc"}  # its first derivative takes singular vectors, and has none itself
APART_FOR = {  # the same, for some dtypes or forms only
    ("einsum", "integers"): "torch adds small integers up in int64 if the equation only sums",
    ("linalg.vander", "integers"): "torch computes powers of integers in int64",
    ("sum_to_size", "integers"): "torch answers in int64 for some sizes",
    ("nn.functional.local_response_norm", "integers"): "a response of integers",
    **{(f"nn.functional.avg_pool{d}d", "integers"): "the mean of integers is no integer" for d in (1, 2, 3)},
    ("nn.functional.interpolate.bilinear", "integers"): "interpolation between bytes gives no bytes",
    ("nn.functional.interpolate.bicubic", "integers"): "the same",
    ("nn.functional.upsample_bilinear", "integers"): "the same",
    ("addbmm", "in place"): "torch enlarges the tensor written to",
    ("float_power", "in place"): "torch wants the float64 to be there before; here it is cast",
}
NO_SUCH_DIMS = {("nn.functional.batch_norm", 1)}  # torch normalises nothing, without saying so
TWINS = {"resize_", "resize_as_", "zero_", "fill_"}  # are in-place themselves

WITH_US = [
    n
    for n, op in OPERATIONS.items()
    if n not in UNDEFINED and n not in APART and (n.startswith("__") or not n.startswith(ELSEWHERE)) and ours(op) is not None
]


def test_what_of_the_table_is_here() -> None:
    """No name is lost. What is not here: FFT, sparse and quantized tensors, rarer special functions and factorizations, copies of views."""
    assert len(WITH_US) >= 475


def _samples(op: Any, dtype: Any, derivatives: bool) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = list(itertools.islice(op.sample_inputs("cpu", dtype, requires_grad=derivatives), 400))
        if len(found) > MANY:
            found = random.Random(0).sample(found, MANY)
        strided = [s.noncontiguous() for s in found[:6]] if derivatives else []
    return [s for s in found + strided if (op.name, getattr(s.input, "ndim", None)) not in NO_SUCH_DIMS]


def _check(name: str, dtype: Any, orders: int, kind: str = "") -> None:
    op = OPERATIONS[name]
    if dtype not in op.supported_dtypes("cpu") or (name, kind) in APART_FOR:
        return
    derivatives = bool(orders) and op.supports_autograd and dtype in op.supported_backward_dtypes("cpu")
    order = orders if derivatives and op.supports_gradgrad and name not in ONCE else min(orders, int(derivatives))
    for i, sample in enumerate(_samples(op, dtype, derivatives)):
        for what, mine, theirs in forms(op):
            if (name, what) in APART_FOR or (what == "in place" and op.name in TWINS) or (what != "function" and i > 12):
                continue
            if what != "function" and not isinstance(sample.input, torch.Tensor):
                continue
            assert mine is not None, f"Tensor has no {what} {op.name}"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    agree(mine, theirs, sample, order, values_at_indices=name in TIES and kind == "integers")
                except OutOfScope:
                    continue
                except Exception as error:
                    raise AssertionError(f"{name}, {what}, {show(sample)}: {type(error).__name__}: {error}") from error


@pytest.mark.parametrize("name", WITH_US)
def test_float64(name: str) -> None:
    _check(name, torch.float64, orders=2)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in WITH_US if n != "logcumsumexp"])
def test_float32(name: str) -> None:
    _check(name, torch.float32, orders=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_US)
def test_integers(name: str) -> None:
    for dtype in (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool):
        _check(name, dtype, orders=0, kind="integers")


def _ours_to_refuse(sample: Any) -> bool:
    """Not: `out=`, which does not exist here; two numbers, which an operation takes as such; 65 dims, which NumPy has not."""
    given = [sample.input, *sample.args, *sample.kwargs.values()]
    numbers = all(isinstance(v, int | float) for v in given)
    return not numbers and "out" not in sample.kwargs and not any(isinstance(v, torch.Tensor) and v.ndim > 64 for v in given)


@pytest.mark.parametrize("name", [n for n in WITH_US if OPERATIONS[n].error_inputs_func and not n.startswith("__r")])
def test_errors(name: str) -> None:
    op = OPERATIONS[name]
    mine = ours(op)
    assert mine is not None
    for case in op.error_inputs("cpu"):
        sample = case.sample_input
        if _ours_to_refuse(sample):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    agree(mine, op.op, sample, 0)
                except OutOfScope:
                    continue
                except Exception as error:
                    raise AssertionError(f"{name}{show(sample)}: {type(error).__name__}: {error}") from error
