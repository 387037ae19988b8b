"""Every primitive's cases as programs: forward and backward give the engine's numbers, mostly to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.errors import GraphError
from autograd_cnn.primitives.cases import Case
from autograd_cnn.primitives.primitive import REGISTRY, Primitive
from autograd_cnn.tensors.tensor import wrap
from autograd_cnn.testing import RandomDraw

assert ac.ops  # all are registered
NAMES = sorted(n for n, p in REGISTRY.items() if p.__module__.startswith("autograd_cnn."))
# Where a program adds up, or multiplies, in another order than the kernel.
ROUNDED = {
    *("batch_norm", "batch_norm_adjoint", "batch_norm_adjoints", "batch_norm_eval", "binary_cross_entropy_with_logits"),
    *(
        "binary_cross_entropy",
        "huber_loss",
        "l1_loss",
        "smooth_l1_loss",
        "soft_margin_loss",
        "mean",
        "adaptive_avg_pool",
    ),  # x / n for x · 1/n
    *("index_select", "var", "std"),
    *("cumprod", "einsum", "embedding", "norm", "normalize_adjoint", "prod"),
}
ROUNDED_SINGLE = ROUNDED | {"cumsum", "var", "std"}  # the kernels compute single precision in double
DRAWN = {"dropout"}


def prepared(prim: Primitive, case: Case) -> tuple[Any, list[Any], list[Any]]:
    """The call as a function of tensors, these, and those of them that are differentiated."""
    given = [wrap(np.array(x, order="C")) if hasattr(x, "dtype") else x for x in case.inputs]
    tensors = [x for x in given if isinstance(x, ac.Tensor)]
    floating = [t for t in tensors if t.dtype in (ac.float32, ac.float64)] if prim.differentiable and case.smooth and not prim.once else []
    for t in floating:
        t.requires_grad_()

    def fn(*args: Any) -> Any:
        left = iter(args)
        return prim(*[next(left) if isinstance(x, ac.Tensor) else x for x in given], **case.params)

    return fn, tensors, floating


def tuple_of(x: Any) -> tuple[Any, ...]:
    return x if isinstance(x, tuple) else (x,)


def agree(found: Any, wanted: Any, exactly: bool, rough: float, text: str) -> None:
    a, b = np.asarray(found), np.asarray(wanted)
    assert a.shape == b.shape, text
    assert a.dtype == b.dtype, text
    if exactly or b.dtype.kind != "f":
        np.testing.assert_array_equal(a, b, err_msg=text)
    else:
        np.testing.assert_allclose(a, b, rtol=rough, atol=rough * max(1.0, float(np.abs(b).max(initial=0))), err_msg=text)


def check(name: str, case: Case, seed: int, exactly: bool, rough: float) -> str:
    """The program of one case."""
    fn, tensors, floating = prepared(REGISTRY[name], case)
    text = ac.trace(fn, *tensors).source(backward=bool(floating))
    module: dict[str, Any] = {}
    with np.errstate(all="ignore"):
        exec(text, module)
        found = module["forward"](**text.arguments)
        found, saved = found if floating else (found, None)
        wanted = tuple_of(fn(*tensors))
        if name in DRAWN:
            return text
        for a, b in zip(tuple_of(found), wanted, strict=True):
            agree(a, b.detach().numpy(), exactly, rough, text)
        if not floating:
            return text
        roots = [w for w in wanted if w.requires_grad]
        alone = len(roots) == 1 and roots[0].shape == ()
        rng = np.random.default_rng(seed)
        seeds = [] if alone else [np.asarray(rng.normal(size=r.shape), r.detach().numpy().dtype) for r in roots]
        grads = ac.autograd.grad(roots, floating, [wrap(s) for s in seeds] or None, allow_unused=True)
        for a, g in zip(tuple_of(module["backward"](saved, *seeds)), grads, strict=True):
            assert (a is None) == (g is None)
            if g is not None:
                agree(a, g.numpy(), exactly, rough, text)
    return text


@pytest.mark.parametrize("name", NAMES)
def test_the_program_is_the_operation(name: str) -> None:
    draw_case = REGISTRY[name].draw_case
    assert draw_case is not None
    with ac.use_backend("numpy"):
        for seed in range(3):
            check(name, draw_case(RandomDraw(seed)), seed, name not in ROUNDED, 1e-9)
            check(name, draw_case(RandomDraw(seed, dtype=np.float32)), seed, name not in ROUNDED_SINGLE, 1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_program_is_the_operation_on_every_backend(name: str) -> None:
    draw_case = REGISTRY[name].draw_case
    assert draw_case is not None
    for seed in range(3, 30):
        with ac.use_backend("numpy"):
            check(name, draw_case(RandomDraw(seed)), seed, name not in ROUNDED, 1e-8)
        check(name, draw_case(RandomDraw(seed, dtype=np.float32)), seed, False, 1e-3)


ON_NUMBERS = [n for n in NAMES if float in REGISTRY[n].kernels]
BEYOND_MATH = {"erfinv", "clamp"}  # Python has no function that does it


@pytest.mark.parametrize("name", ON_NUMBERS)
def test_the_program_of_scalars_is_plain_arithmetic(name: str) -> None:
    prim = REGISTRY[name]
    assert prim.draw_case is not None
    for seed in range(4):
        case = prim.draw_case(RandomDraw(seed))
        numbers = [float(np.ravel(x)[0]) if getattr(x, "dtype", None) == np.float64 else bool(np.ravel(x)[0]) for x in case.inputs]
        given = [ac.Scalar(x, f"x{i}") if isinstance(x, float) else x for i, x in enumerate(numbers)]
        scalars = [x for x in given if isinstance(x, ac.Scalar)]

        def fn(*args: Any, given: Any = given, prim: Any = prim, params: Any = case.params) -> Any:
            left = iter(args)
            return prim(*[next(left) if isinstance(x, ac.Scalar) else x for x in given], **params)

        y = fn(*scalars)
        smooth = prim.differentiable and y.node is not None
        text = ac.trace(fn, *scalars).source(backward=smooth)
        imports = {line for line in text.splitlines() if line.startswith(("import", "from"))}
        assert imports <= {"import math"} or name in BEYOND_MATH, text
        module: dict[str, Any] = {}
        exec(text, module)
        found = module["forward"](**text.arguments)
        found, saved = found if smooth else (found, None)
        assert found == pytest.approx(y.value, rel=1e-12, abs=1e-12), text
        if smooth:
            y.backward()
            grads = tuple_of(module["backward"](saved))
            assert grads == pytest.approx([x.grad for x in scalars], rel=1e-9, abs=1e-9), text


def test_what_only_arrays_can_pull_back_is_refused() -> None:
    with pytest.raises(GraphError, match="whose own backward works on arrays"):
        ac.trace(REGISTRY["nuclear norm"], ac.eye(2).requires_grad_()).source(backward=True)
