"""Plans: made once, kept by each thread, no more than so many, and everything that was made for them given back."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.kernels.onednn import api, conv, gate, library, plans, pool
from autograd_cnn.kernels.onednn.plans import Builder, Unsupported, factor, in_precision, plan, working_memory
from autograd_cnn.kernels.onednn.reorder import as_last
from tests.kernels.backends import needs_onednn, normal
from tests.kernels.fast import KERNELS, compare

pytestmark = needs_onednn


@pytest.fixture(autouse=True)
def onednn() -> Iterator[None]:
    plans.release()
    with ac.use_backend("onednn"):
        yield
    plans.release()


@pytest.fixture
def lib() -> Any:
    return library.library()


# ------------------------------------------------------------------------------------------------- kept
def test_made_once(lib: Any) -> None:
    made: list[Any] = []

    def build(b: Builder, *args: Any) -> Any:
        made.append((b.threads, *args))
        return object()

    first = plan(1, build, "a", 2)
    assert plan(1, build, "a", 2) is first
    others = [plan(2, build, "a", 2), plan(1, build, "a", 3), plan(1, build, "a"), plan(1, lambda b, *args: build(b, "other"), "a", 2)]
    assert len({id(first), *map(id, others)}) == 5
    assert made == [(1, "a", 2), (2, "a", 2), (1, "a", 3), (1, "a"), (1, "other")]
    plans.release()
    assert plan(1, build, "a", 2) is not first


def test_each_thread_has_its_own() -> None:
    def build(b: Builder) -> Any:
        return object()

    here, there = plan(1, build), []
    worker = threading.Thread(target=lambda: there.append(plan(1, build)))
    worker.start()
    worker.join()
    assert there[0] is not here
    assert plan(1, build) is here


def test_what_onednn_has_not_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def build(b: Builder) -> Any:
        asked.append(b)
        raise Unsupported("no")

    assert plan(1, build) is None
    assert plan(1, build) is None
    assert len(asked) == 1
    monkeypatch.setattr(library, "_library", None)
    assert plan(1, lambda b: 1 / 0) is None
    monkeypatch.undo()
    assert len(plans._kept.plans) == 1


def test_the_oldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "_MOST", 3)

    def build(b: Builder, k: int) -> Any:
        return k

    for k in range(5):
        plan(1, build, k)
    assert list(plans._kept.plans.values()) == [2, 3, 4]
    monkeypatch.undo()
    for k in range(5000):
        plan(1, build, k)
    assert len(plans._kept.plans) == 2048


def test_errors_of_the_case_reach_the_caller_and_nothing_is_kept() -> None:
    with pytest.raises(RuntimeError, match="to have 4 channels, but got 2"):
        conv.forward(normal(1, 2, 5, 5), normal(3, 4, 3, 3), (1, 1), ((0, 0), (0, 0)), (1, 1), 1, None)
    assert not plans._kept.plans


def test_all_that_is_made_is_given_back(lib: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each object of oneDNN's, whichever kernels ran; and of the reference's small errors, too."""
    alive: Counter[str] = Counter()

    def counting(name: str, kind: str, change: int) -> None:
        real = getattr(lib.api, name)

        def call(*args: Any) -> Any:
            status = real(*args)
            alive[kind] += change if not (change > 0 and status) else 0
            return status

        monkeypatch.setattr(lib.api, name, call)

    kinds = {
        "memory": "memory_create",
        "memory_desc": "memory_desc_create_with_tag",
        "primitive": "primitive_create",
        "primitive_attr": "primitive_attr_create",
        "post_ops": "post_ops_create",
    }
    for kind, create in kinds.items():
        counting(create, kind, 1)
        counting(f"{kind}_destroy", kind, -1)
    for name in api._STATUS:
        if name.endswith("primitive_desc_create"):
            counting(name, "primitive_desc", 1)
    counting("primitive_desc_destroy", "primitive_desc", -1)
    for precision in ("highest", "medium"):
        with ac.use_float32_matmul_precision(precision):
            for kernel in KERNELS.values():
                kernel.run(*kernel.arrays)
    with pytest.raises(RuntimeError):
        conv.forward(normal(1, 2, 5, 5), normal(3, 4, 3, 3), (1, 1), ((0, 0), (0, 0)), (1, 1), 1, None)
    assert alive["memory"] > 0
    assert alive["primitive"] > 0
    assert {k: n for k, n in alive.items() if n and k not in ("memory", "primitive")} == {}, "needed while plans are built, and no longer"
    plans.release()
    assert {k: n for k, n in alive.items() if n} == {}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_process_neither_uses_nor_gives_back_plans() -> None:
    held = plan(1, lambda b: object())
    before = plans._kept.plans
    child = os.fork()
    if not child:
        os._exit(0 if not plans._kept.plans and plans._kept.abandoned == [before] and held in before.values() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert held in plans._kept.plans.values()
    plans._abandon()
    assert plans._kept.plans == {}
    assert plans._kept.abandoned.pop() is before


# ------------------------------------------------------------------------------------------------- calls
def test_a_primitive_that_fails_says_so(lib: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lib.api, "primitive_execute", lambda *args: 3)
    kernel = KERNELS["relu"]
    with pytest.raises(RuntimeError, match="failed to run a primitive \\(status 3\\)"):
        kernel.run(*kernel.arrays)


def test_what_cannot_be_made_is_numpys(lib: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever of oneDNN's functions refuses."""
    for name in (
        "memory_desc_create_with_tag",
        "primitive_attr_create",
        "primitive_attr_set_scratchpad_mode",
        "memory_create",
        "primitive_create",
    ):
        with monkeypatch.context() as patch:
            patch.setattr(lib.api, name, lambda *args: 3)
            for kernel in ("relu", "add", "softmax", "normalize", "average", "matmul", "convolution", "batch norm"):
                assert KERNELS[kernel].run(*KERNELS[kernel].arrays) is NotImplemented, f"{kernel} without {name}"
            plans.release()
    for name in ("post_ops_create", "post_ops_append_eltwise", "primitive_attr_set_post_ops"):
        with monkeypatch.context() as patch:
            patch.setattr(lib.api, name, lambda *args: 3)
            assert KERNELS["scaled product"].run(*KERNELS["scaled product"].arrays) is NotImplemented
            plans.release()
    monkeypatch.setattr(lib.api, "post_ops_append_binary", lambda *args: 3)
    assert KERNELS["relu"].run(*KERNELS["relu"].arrays) is NotImplemented


ADJOINTS = {
    "softmax": "softmax_forward",
    "log softmax's adjoint": "softmax_backward",
    "normalize": "layer_normalization_forward",
    "normalize's adjoint": "layer_normalization_backward",
    "relu's adjoint": "eltwise_backward",
    "sigmoid": "eltwise_forward",
    "relu": "binary",
    "add": "binary",
    "add rows": "binary",
    "batch norm": "batch_normalization_forward",
    "batch norm's adjoint": "batch_normalization_backward",
    "average": "pooling_forward",
    "average's adjoint": "pooling_backward",
    "max pool": "pooling_forward",
    "matmul": "matmul",
    "linear": "matmul",
    "convolution": "convolution_forward",
    "convolution's adjoint": "convolution_backward_data",
    "convolution's weight": "convolution_backward_weights",
}


@pytest.mark.parametrize("name", ADJOINTS)
def test_a_case_that_onednn_has_no_implementation_for_is_numpys(name: str, lib: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor one but the slow reference."""
    kernel = KERNELS[name]
    with monkeypatch.context() as patch:
        patch.setattr(lib.api, f"{ADJOINTS[name]}_primitive_desc_create", lambda *args: 3)
        assert kernel.run(*kernel.arrays) is NotImplemented
    plans.release()
    with monkeypatch.context() as patch:
        patch.setattr(Builder, "implementation", lambda *args: "ref:any")
        assert kernel.run(*kernel.arrays) is NotImplemented
    plans.release()
    assert kernel.run(*kernel.arrays) is not NotImplemented


def test_copies_are_taken_as_they_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a reorder the reference's is no slower than NumPy's."""
    monkeypatch.setattr(Builder, "implementation", lambda *args: "ref:any")
    x = normal(2, 5, 30, 30)
    np.testing.assert_array_equal(np.moveaxis(np.asarray(as_last(x)), 1, -1), np.moveaxis(x, 1, -1))
    assert None not in plans._kept.plans.values()


def test_arguments_are_filled_in_anew(lib: Any) -> None:
    """Results in other memory, inputs in other memory, and the same plan."""
    x = np.round(8 * normal(2, 3, 30, 50))  # whole numbers, so that the averages are exact
    given = [x * k for k in range(1, 5)]
    found = [pool.average(v, (2, 2), (2, 2), (0, 0), False, True) for v in (*given, *given)]
    for k, y in enumerate(found):
        np.testing.assert_array_equal(np.asarray(y), (k % 4 + 1) * np.asarray(found[0]))
    assert len([p for (build, _, _), p in plans._kept.plans.items() if build is pool._build]) == 1


def test_a_call_within_a_call_leaves_its_arguments(lib: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a signal's handler runs between the filling in and the run of one and the same plan."""
    kernel = KERNELS["add"]
    a, b = kernel.arrays
    kernel.run(a, b)
    (made,) = [p for p in plans._kept.plans.values() if p is not None]
    real, inside = made._execute, [False]

    def execute(*args: Any) -> Any:
        if not inside[0]:
            inside[0] = True
            inner = np.empty_like(a)
            made(a * 10, b * 10, inner)
            np.testing.assert_allclose(inner, a * 10 + b * 10, rtol=1e-6)
        return real(*args)

    monkeypatch.setattr(made, "_execute", execute)
    outer = np.empty_like(a)
    made(a, b, outer)
    np.testing.assert_allclose(outer, a + b, rtol=1e-6)
    assert made._under_way is None


# ------------------------------------------------------------------------------------------------- working memory
def test_working_memory_waits_for_its_purpose() -> None:
    first = working_memory("a", 1000)
    at = first.address
    assert at % 64 == 0
    assert first.nbytes >= 1000
    other = working_memory("b", 1000)
    assert other.address != at
    del first
    exact = working_memory("a", 1000)
    assert exact.address == at, "what is as large as asked for serves"
    del exact
    larger = working_memory("a", 1001)
    assert larger.address != at
    assert larger.nbytes == 1001
    at = larger.address
    smaller = working_memory("a", 10)
    del larger
    del smaller
    assert [size for _, _, size in plans._kept.memory["a"]] == [1001], "of two the larger waits"
    assert working_memory("a", 5).address == at
    smaller, larger = working_memory("c", 10), working_memory("c", 2000)
    del smaller
    del larger
    assert [size for _, _, size in plans._kept.memory["c"]] == [2000]
    plans.release()
    assert not plans._kept.memory


def test_factors_are_rounded_where_there_is_a_cast() -> None:
    x = normal(3, 5)
    assert factor(None, "factor", x) is x
    given: list[Any] = []
    at = factor(lambda *args: given.extend(args), "factor", x)  # type: ignore[arg-type]  # as a plan is called
    assert given[0] is x
    assert given[1] is at
    assert at.nbytes == 2 * x.size


def test_bfloat16_only_where_it_is_allowed_and_there() -> None:
    def made(kind: int) -> int:
        if kind == api.BF16:
            raise Unsupported("no such arithmetic")
        return kind

    assert in_precision(0, lambda kind: kind) == api.F32
    assert in_precision(1, lambda kind: kind) == api.BF16
    assert in_precision(1, made) == api.F32
    with pytest.raises(ZeroDivisionError):
        in_precision(1, lambda kind: 1 / 0)


def test_where_the_processor_rounds_nothing_is_float32(lib: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Builder, "rounded", lambda *args: (_ for _ in ()).throw(Unsupported("bfloat16")))
    with ac.use_float32_matmul_precision("medium"):
        for name in ("matmul", "linear", "convolution", "convolution's adjoint", "convolution's weight"):
            kernel = KERNELS[name]
            wanted = kernel.right(*(a.astype(float) for a in kernel.arrays))
            compare(kernel.run(*kernel.arrays), [wanted], name)


@pytest.mark.parametrize("name", ["matmul", "matmul, stacks", "linear", "convolution", "convolution's adjoint", "convolution's weight"])
def test_rounded_products_are_near(name: str) -> None:
    """bfloat16 has 8 bits: each factor is off by 1/256 at most, of a sum the root mean square is far less."""
    kernel = KERNELS[name]
    right = kernel.right(*(a.astype(float) for a in kernel.arrays))
    with ac.use_float32_matmul_precision("medium"):
        for given in (kernel.arrays, [as_last(a) if at in kernel.last else a for at, a in enumerate(kernel.arrays)]):
            found = kernel.run(*given)
            assert found is not NotImplemented
            error = np.sqrt(np.square(np.asarray(found) - right).mean() / np.square(right).mean())
            assert error < 5e-3


# ------------------------------------------------------------------------------------------------- choices
class Choosing(Builder):
    """A builder that is told what oneDNN would choose, first and next."""

    def __init__(self, first: str, following: str | None) -> None:
        self.names, self.asked = [first, following], []  # type: ignore[var-annotated]
        self.api = self  # type: ignore[assignment]

    def descriptor(self, kind: str, *args: Any, reference: bool = False) -> Any:
        self.asked.append([0])
        return self.asked[-1]

    def primitive_desc_next_impl(self, made: list[int]) -> bool:
        made[0] = 1
        return self.names[1] is None

    def implementation(self, made: Any) -> str:
        return self.names[made[0]] or ""


@pytest.mark.parametrize(
    ("first", "following", "place"),
    [
        ("brg_conv_fwd:avx512_core", "jit:avx512_core", 1),
        ("brgconv:avx512_core_bf16", "jit:avx512_core_bf16", 1),
        ("brg_conv_fwd:avx512_core", "jit:avx2", 0),
        ("brg_conv_fwd:avx512_core", "gemm:jit", 0),
        ("brg_conv_fwd:avx512_core", None, 0),
        ("jit:avx512_core", "jit:avx2", 0),
        ("jit:avx512_core", "jit:avx512_core", 0),
    ],
)
def test_direct_loops_are_taken_where_there_are_some_for_the_same_instructions(first: str, following: str | None, place: int) -> None:
    b = Choosing(first, following)
    assert b.direct("convolution_forward") == [place]


def test_which_convolutions_are_direct(lib: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """On few channels of the input: fewer than 16 forward, 32 for its adjoint, none for that of the weights."""
    calls: list[str] = []
    real = Builder.direct
    monkeypatch.setattr(Builder, "direct", lambda self, kind, *args: calls.append(kind) or real(self, kind, *args))  # type: ignore[func-returns-value]
    rest = ((1, 1), ((1, 1), (1, 1)), (1, 1))
    for channels, kinds in (
        (15, ["convolution_forward", "convolution_backward_data"]),
        (16, ["convolution_backward_data"]),
        (31, ["convolution_backward_data"]),
        (32, []),
    ):
        for groups in (1, 2):
            calls.clear()
            x, w = normal(1, channels * groups, 6, 6), normal(8, channels, 3, 3)
            y = conv.forward(x, w, *rest, groups, None)
            conv.input_adjoint(np.ascontiguousarray(y), w, x.shape, *rest, groups)
            conv.weight_adjoint(np.ascontiguousarray(y), x, w.shape, *rest, groups)
            assert calls == kinds, f"{channels} channels in each of {groups} groups"


# ------------------------------------------------------------------------------------------------- what is asked for
def test_numbers_of_the_api() -> None:
    assert api.after(0) == 32768 | 2
    assert api.after(1) == 65536 | 2
    assert api.written([api.SRC, api.DST]) == {api.DST}
    assert api.written([api.SRC, api.DST, api.WORKSPACE]) == {api.DST, api.WORKSPACE}
    assert api.written([api.DST, api.DIFF_DST, api.DIFF_SRC]) == {api.DIFF_SRC}
    assert api.written([api.DIFF_DST, api.WORKSPACE, api.DIFF_SRC]) == {api.DIFF_SRC}
    assert api.written([api.SRC, api.DIFF_DST, api.DIFF_WEIGHTS, api.DIFF_BIAS]) == {api.DIFF_WEIGHTS, api.DIFF_BIAS}
    assert api.written([api.SRC, api.DIFF_SCALE, api.DIFF_SHIFT]) == {api.DIFF_SCALE, api.DIFF_SHIFT}


def test_a_function_that_is_not_used_is_named(lib: Any) -> None:
    with pytest.raises(AttributeError, match="has no gemm"):
        _ = lib.api.gemm


def test_what_descriptors_assume(lib: Any) -> None:
    b = Builder(lib, 1)
    try:
        for made, order, shape, nbytes in (
            (b.flat(10), gate.FLAT, (10,), 40),
            (b.vector(10), gate.ROWS, (10,), 40),
            (b.rows((2, 3, 4)), gate.ROWS, (2, 3, 4), 96),
            (b.rows([2, 1, 2, 1, 2, 3]), gate.ROWS, (2, 1, 2, 1, 2, 3), 96),
            (b.last((2, 3, 4)), gate.LAST, (2, 3, 4), 96),
            (b.last((2, 3, 4, 5)), gate.LAST, (2, 3, 4, 5), 480),
            (b.last((2, 3, 2, 2, 2)), gate.LAST, (2, 3, 2, 2, 2), 192),
        ):
            takes = b.takes(made)
            assert (takes.order, takes.shape, takes.nbytes, takes.kind, takes.output) == (order, shape, nbytes, np.dtype(np.float32), False)
            assert b.size(made) == nbytes
        half = b.takes(b.last((2, 3, 4), api.BF16))
        assert (half.order, half.nbytes, half.kind) == (gate.LAST, 48, None)
        own = _of_weights(b)
        takes = b.takes(own)
        assert (takes.order, takes.nbytes, takes.kind) == (gate.BYTES, b.size(own), None)
    finally:
        b.close()


def _of_weights(b: Builder) -> Any:
    """A descriptor that oneDNN made: that of a convolution's weights."""
    geo = (plans.dims((1, 1)), plans.dims((0, 0)), plans.dims((0, 0)), plans.dims((0, 0)))
    made = b.descriptor(
        "convolution_forward",
        b.lib.engine,
        api.FORWARD_TRAINING,
        api.CONVOLUTION_DIRECT,
        b.last((1, 32, 8, 8)),
        b.any((32, 32, 3, 3)),
        None,
        b.last((1, 32, 6, 6)),
        *geo,
        b.attributes(),
    )
    return b.query(made, api.WEIGHTS_MD)


def test_the_scratchpad_is_ours(lib: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """oneDNN's own would be allocated at each call."""
    asked: list[str] = []
    real = plans.working_memory
    monkeypatch.setattr(plans, "working_memory", lambda purpose, nbytes: asked.append(purpose) or real(purpose, nbytes))  # type: ignore[func-returns-value]
    x, w = normal(2, 32, 20, 20), normal(32, 32, 3, 3)
    g = conv.forward(x, w, (1, 1), ((1, 1), (1, 1)), (1, 1), 1, None)
    conv.weight_adjoint(g, as_last(x), w.shape, (1, 1), ((1, 1), (1, 1)), (1, 1), 1)
    assert "scratchpad" in asked
