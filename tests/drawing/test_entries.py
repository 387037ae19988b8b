"""Operations entry by entry: the sums are the engine's gradients, for every operation; the pictures are sound; errors say what helps."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.drawing import Drawing, draw
from autograd_cnn.drawing.canvas.numbers import Numbers
from autograd_cnn.drawing.canvas.scene import Scene, Text
from autograd_cnn.drawing.entries.expansion import Expansion, expansion_of
from autograd_cnn.drawing.entries.expressions import Script
from autograd_cnn.drawing.entries.operation import operation_of
from autograd_cnn.errors import GraphError
from autograd_cnn.primitives.primitive import REGISTRY, primitive
from autograd_cnn.symbolic import algebra, calculus
from autograd_cnn.symbolic.algebra import Partial, Symbol
from autograd_cnn.symbolic.calculus import evaluate
from autograd_cnn.tensors.tensor import wrap
from autograd_cnn.testing.case_draws import RandomDraw

from . import sound

F = ac.nn.functional
rng = np.random.default_rng(0)


def leaf(*shape: int) -> ac.Tensor:
    return ac.tensor(rng.uniform(-2, 2, shape), dtype=ac.float64, requires_grad=True)


def lecture() -> tuple[ac.Tensor, ac.Tensor, ac.Tensor]:
    x, w = leaf(1, 1, 3, 3), leaf(1, 1, 2, 2)
    return x, w, F.conv2d(x, w)


# ------------------------------------------------------------------------------------------------------- the lecture
def test_the_lecture_s_sum() -> None:
    _, _, y = lecture()
    f = draw.formula(y, "F11")
    assert f.text == "∂E/∂F11 = ∂E/∂O11·X11 + ∂E/∂O12·X12 + ∂E/∂O21·X21 + ∂E/∂O22·X22"
    o = [rf"\frac{{\partial E}}{{\partial O_{{{i}}}}} \, X_{{{i}}}" for i in (11, 12, 21, 22)]
    assert f.latex == rf"\frac{{\partial E}}{{\partial F_{{11}}}} = {' + '.join(o)}"
    assert f._repr_latex_() == rf"$\displaystyle {f.latex}$"


def test_zeros_are_written_as_on_the_slide() -> None:
    _, _, y = lecture()
    assert draw.formula(y, "X11").text == "∂E/∂X11 = ∂E/∂O11·F11 + ∂E/∂O12·0 + ∂E/∂O21·0 + ∂E/∂O22·0"
    assert draw.formula(y, "X22").text == "∂E/∂X22 = ∂E/∂O11·F22 + ∂E/∂O12·F21 + ∂E/∂O21·F12 + ∂E/∂O22·F11"
    assert r"\cdot 0" in draw.formula(y, "X11").latex


def test_an_output_s_own_sum_with_its_numbers() -> None:
    x = ac.tensor([[[1.0, 2.0, -3.0]]], requires_grad=True)
    w, b = ac.tensor([[[0.5, -1.0]]], requires_grad=True), ac.tensor([0.25], requires_grad=True)
    assert draw.formula(F.conv1d(x, w, b), "O2", numbers=True).text.splitlines() == [
        "O2 = F1·X2 + F2·X3 + b",
        "   = 0.50 × 2.00 + (−1.00) × (−3.00) + 0.25 = 4.25",
    ]


CASES: dict[str, Callable[[], tuple[ac.Tensor, list[ac.Tensor]]]] = {}


def case(fn: Callable[[], tuple[ac.Tensor, list[ac.Tensor]]]) -> Callable[[], tuple[ac.Tensor, list[ac.Tensor]]]:
    CASES[fn.__name__] = fn
    return fn


def of(fn: Callable[..., ac.Tensor], *shapes: tuple[int, ...]) -> tuple[ac.Tensor, list[ac.Tensor]]:
    leaves = [leaf(*s) for s in shapes]
    return fn(*leaves), leaves


@case
def conv2d() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(F.conv2d, (1, 1, 3, 3), (1, 1, 2, 2), (1,))


@case
def conv2d_stride_and_padding() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(lambda x, w: F.conv2d(x, w, stride=2, padding=1), (1, 1, 5, 5), (1, 1, 3, 3))


@case
def conv2d_of_channels_in_groups() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(lambda x, w: F.conv2d(x, w, groups=2), (1, 2, 3, 3), (2, 1, 2, 2))


@case
def conv2d_of_a_batch() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(F.conv2d, (2, 1, 3, 3), (1, 1, 2, 2))


@case
def conv1d_dilated() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(lambda x, w: F.conv1d(x, w, dilation=2), (1, 1, 7), (1, 1, 3))


@case
def conv1d_without_a_batch() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(F.conv1d, (1, 5), (1, 1, 3))


@case
def conv_transposed() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(lambda x, w: F.conv_transpose2d(x, w, stride=2), (1, 1, 2, 2), (1, 1, 2, 2))


@case
def true_convolution() -> tuple[ac.Tensor, list[ac.Tensor]]:
    x, w = leaf(1, 1, 5), leaf(1, 1, 3)
    return F.convolve1d(x, w), [x]


@case
def max_pool() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(lambda x: F.max_pool2d(x, 2), (1, 1, 4, 4))


@case
def max_pool_overlapping() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(lambda x: F.max_pool2d(x, 3, 1, 1), (1, 1, 3, 3))


@case
def average_pool() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(lambda x: F.avg_pool2d(x, 2, 1), (1, 1, 3, 3))


@case
def unpool() -> tuple[ac.Tensor, list[ac.Tensor]]:
    _, at = F.max_pool2d(leaf(1, 1, 4, 4).detach(), 2, return_indices=True)
    return of(lambda x: F.max_unpool2d(x, at, 2), (1, 1, 2, 2))


@case
def dropout() -> tuple[ac.Tensor, list[ac.Tensor]]:
    ac.manual_seed(3)
    return of(lambda x: F.dropout(x, 0.3), (6,))


@case
def batch_norm() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True), (4, 1), (1,), (1,))


@case
def batch_norm_of_channels() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True), (2, 2, 2), (2,), (2,))


@case
def dense() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(F.linear, (4,), (3, 4), (3,))


@case
def dense_of_a_batch() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(F.linear, (2, 3), (2, 3), (2,))


@case
def softmax() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(lambda x: x.softmax(0), (3,))


@case
def cross_entropy() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(lambda x: F.cross_entropy(x, ac.tensor(1)), (4,))


@case
def cross_entropy_of_a_batch() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(lambda x: F.cross_entropy(x, ac.tensor([0, 2]), label_smoothing=0.1), (2, 3))


@case
def matmul() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(lambda a, b: a @ b, (2, 3), (3, 2))


@case
def tanh() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(lambda x: x.tanh(), (3,))


@case
def relu() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(lambda x: x.relu(), (5,))


@case
def broadcast_product() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(lambda a, b: a * b, (2, 3), (3,))


@case
def concatenation() -> tuple[ac.Tensor, list[ac.Tensor]]:
    return of(lambda a, b: ac.cat([a, b]), (2,), (3,))


@pytest.fixture(params=list(CASES), scope="module")
def computed(request: pytest.FixtureRequest) -> tuple[ac.Tensor, list[ac.Tensor], ac.Tensor]:
    y, leaves = CASES[request.param]()
    loss = (y * ac.tensor(rng.uniform(0.5, 2, y.shape), dtype=ac.float64)).sum()
    return y, leaves, loss


def check_gradients(e: Expansion, name: str, expected: Any) -> None:
    column = next(c for c in e.columns.values() if c.name == name)
    told = [evaluate(e.gradient(s), e.values) for s in column]
    assert told == pytest.approx(np.asarray(expected, dtype=float).reshape(-1).tolist(), rel=1e-6, abs=1e-9)
    if e.closed and name == "input":
        short = [evaluate(e.closed[s], e.values) for s in column]
        assert short == pytest.approx(told, rel=1e-6, abs=1e-9)


# ------------------------------------------------------------------------------------------------------- the numbers
def test_the_sums_are_the_gradients(computed: tuple[ac.Tensor, list[ac.Tensor], ac.Tensor]) -> None:
    """Each input's symbolic sum, evaluated, is what autograd.grad gives."""
    y, leaves, loss = computed
    e = expansion_of(operation_of("test", y, loss=loss))
    inputs = [c for c in e.columns.values() if c.kind == "input"]
    for column, x in zip(inputs, leaves, strict=False):
        (g,) = ac.autograd.grad(loss, [x], retain_graph=True)
        check_gradients(e, column.name, g.numpy())


def test_the_outputs_are_their_sums(computed: tuple[ac.Tensor, list[ac.Tensor], ac.Tensor]) -> None:
    """An output's expression, evaluated, is the output; but for operations known only by their derivatives."""
    y, _, _ = computed
    e = expansion_of(operation_of("test", y))
    for s in e.output:
        x = e.exprs[s]
        if not isinstance(x, algebra.Function):
            assert evaluate(x, e.values) == pytest.approx(e.values[s], rel=1e-6, abs=1e-9), s.name


AT_ZERO = {"sinc", "sinc slope"}  # the formula of their derivative is 0/0 there
SMALL = [p for p in REGISTRY.values() if p.draw_case is not None and p.differentiable and not p.several]


@pytest.mark.parametrize("prim", SMALL, ids=lambda p: p.name)
def test_every_primitive_expands_to_its_rule(prim: Any) -> None:
    """From each primitive's own cases: what the expansion says of an entry is what the rule gives it."""
    for seed in range(3):
        drawn = prim.draw_case(RandomDraw(seed))
        args = [_tensor(x) for x in drawn.inputs]
        if not any(isinstance(a, ac.Tensor) and a.requires_grad for a in args):
            continue
        made = prim(*args, **drawn.params)
        y = made[0] if isinstance(made, tuple) else made
        if not y.requires_grad or y.value.dtype.kind != "f" or not 0 < y.value.size <= 24 or sum(np.size(x) for x in drawn.inputs) > 60:
            continue
        loss = (y * wrap(np.random.default_rng(seed).uniform(0.5, 2, y.shape))).sum()
        e = expansion_of(operation_of("test", y, loss=loss))
        wanted = [a for a in args if isinstance(a, ac.Tensor) and a.requires_grad]
        grads = ac.autograd.grad(loss, wanted, allow_unused=True)
        names = {id(a.node): n for a, n in zip(args, _names(prim, len(args)), strict=True) if isinstance(a, ac.Tensor)}
        for a, g in zip(wanted, grads, strict=True):
            told = g is not None and names[id(a.node)] in e.op.inputs and all(math.isfinite(v) for v in g.numpy().reshape(-1))
            if told and not (prim.name in AT_ZERO and np.any(a.detach().numpy() == 0)):
                check_gradients(e, names[id(a.node)], g.numpy())


def _names(prim: Any, count: int) -> list[str]:
    return [f"{prim.inputs[0]}{i + 1}" for i in range(count)] if prim.variadic else list(prim.inputs[:count])


def _tensor(x: Any) -> Any:
    if not isinstance(x, np.ndarray):
        return x
    return wrap(np.array(x)).requires_grad_() if x.dtype.kind == "f" else wrap(np.array(x))


@primitive(family="user")
def _second_difference(input: Any, *, by: float) -> Any:
    """by · (x[i−1] − 2 x[i] + x[i+1])"""
    return by * (input[:-2] - 2 * input[1:-1] + input[2:])


@_second_difference.vjp("input")
def _(g: Any, by: float) -> Any:
    zero = np.zeros(1)
    return by * (np.concatenate([g, zero, zero]) - 2 * np.concatenate([zero, g, zero]) + np.concatenate([zero, zero, g]))


def test_a_user_s_own_linear_operation() -> None:
    """It has no picture of its own and needs none."""
    y = _second_difference(leaf(5), by=3.0)
    assert draw.formula(y, "O1").text == "O1 = 3·X1 − 6·X2 + 3·X3"
    assert draw.formula(y, "X3").text == "∂E/∂X3 = 3·∂E/∂O1 − 6·∂E/∂O2 + 3·∂E/∂O3"
    sound.check(draw.expand(y, "X3").scene)


def test_a_user_s_own_function() -> None:
    class Cube(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return 3 * x * x * g

    x = ac.tensor([1.0, 2.0], dtype=ac.float64, requires_grad=True)
    y = Cube.apply(x)
    assert draw.formula(y, "A2", loss=y.sum(), numbers=True).text.splitlines()[-1].endswith("= 12 × 1.00 = 12.00")
    sound.check(draw.expand(y).scene)


def test_numbers() -> None:
    x, y = ac.Scalar(2.0, "x"), ac.Scalar(-3.0, "y")
    f = x * y
    assert draw.formula(f, "X", loss=f, numbers=True).text.splitlines() == ["∂E/∂X = ∂E/∂O·Y", "      = 1.00 × (−3.00) = −3.00"]


def test_the_engine_s_gradient_or_the_retained_one() -> None:
    x, w, y = lecture()
    y.retain_grad()
    (y * y).sum().backward(retain_graph=True)
    assert draw.formula(y, "F11", numbers=True).text == draw.formula(y, "F11", loss=(y * y).sum(), numbers=True).text
    assert f"{float(w.grad[0, 0, 0, 0]):.2f}".replace("-", "−") in draw.formula(y, "F11", numbers=True).text  # type: ignore[index]
    assert x.grad is not None


def test_shapes_are_looked_through_and_operations_found() -> None:
    x, w = leaf(1, 4, 4), leaf(1, 1, 3, 3)
    y = F.conv2d(x, w)  # unbatched: a squeeze stands behind the convolution
    assert "F11·X11" in draw.formula(y, "O11").text
    z = F.max_pool2d(y.relu(), 2).sum()
    assert "F33·X33" in draw.formula(z, "O11", op="conv2d").text
    assert draw.formula(z, "O", op="max_pool").text == "O = max(X11, X12, X21, X22)"
    assert draw.formula(y.grad_fn, "F12").text == draw.formula(y, "F12").text


def test_names_of_entries() -> None:
    _, _, y = lecture()
    texts = {draw.formula(y, n).text for n in ("F12", "F_12", "F_{12}", "F1,2", "F_{1,2}")}
    assert len(texts) == 1
    big = F.conv2d(leaf(1, 1, 12, 12), leaf(1, 1, 2, 2))
    assert draw.formula(big, "O10,11").text == "O10,11 = F11·X10,11 + F12·X10,12 + F21·X11,11 + F22·X11,12"
    assert draw.formula(F.linear(leaf(12), leaf(1, 12)), "X12").text == "∂E/∂X12 = ∂E/∂O·W12"


# ------------------------------------------------------------------------------------------------------- the stages
def test_batch_norm_has_side_branches() -> None:
    y, _ = CASES["batch_norm"]()
    assert draw.formula(y, "X1").lines[0][1] == "∂E/∂X1 = 1/4·∂E/∂μ + 1/4·∂E/∂σ·(X1 − μ)/σ + ∂E/∂Z1/σ"
    assert draw.formula(y, "σ").text == " − ".join([f"{'∂E/∂σ = −' if i == 1 else ''}∂E/∂Z{i}·(X{i} − μ)/σ^2" for i in range(1, 5)])
    assert draw.formula(y, "γ").text == "∂E/∂γ = ∂E/∂O1·Z1 + ∂E/∂O2·Z2 + ∂E/∂O3·Z3 + ∂E/∂O4·Z4"
    scene = draw.expand(y, "X1").scene
    assert {"t-μ", "t-σ", "t-Z1", "t-β"} <= {g.id for g in scene.groups()}


def test_softmax_with_cross_entropy_comes_to_p_minus_one() -> None:
    y, _ = CASES["cross_entropy"]()
    assert draw.formula(y, "X2").lines[1][1].strip() == "= ∂E/∂L·(P2 − 1)"
    assert draw.formula(y, "X1").lines[1][1].strip() == "= ∂E/∂L·P1"
    assert r"\left(P_{2} - 1\right)" in draw.formula(y, "X2").latex


def test_dropout_side_by_side() -> None:
    y, _ = CASES["dropout"]()
    scene = draw.expand(y).scene
    assert "At inference" in sound.texts(scene)
    assert any(t.endswith(" = 0") for t in sound.texts(scene))
    assert draw.formula(y, "X1").text == "∂E/∂X1 = 10/7·∂E/∂O1·M1"


def test_max_pool_marks_the_maximum() -> None:
    x = ac.tensor([[[1.0, 5.0, 2.0, 3.0]]], requires_grad=True)
    y = F.max_pool1d(x, 2)
    assert draw.formula(y, "X2").text == "∂E/∂X2 = ∂E/∂O1"
    assert draw.formula(y, "X1").text == "∂E/∂X1 = 0"
    assert draw.formula(y, "O2").text == "O2 = max(X3, X4)"
    dead = {g.id for g in draw.expand(y).scene.groups() if g.kind == "edge" and any(getattr(i, "dash", None) == "2 4" for i in g.items)}
    assert dead == {"e-X1-O1", "e-X3-O2"}
    assert "X2" in draw.formula(y).text  # by itself an entry that a gradient reaches


# ------------------------------------------------------------------------------------------------------- the pictures
PICTURES = list(itertools.product(CASES, ((True, "en"), (False, "de"))))


@pytest.mark.parametrize(("name", "how"), PICTURES, ids=str)
def test_every_picture_is_sound(name: str, how: tuple[bool, str]) -> None:
    numbers, lang = how
    y, _ = CASES[name]()
    loss = (y * y).sum() if numbers else None
    for wrt in _some_entries(y):
        sound.check(draw.expand(y, wrt, loss=loss, numbers=None if numbers else False, lang=lang).scene)


def _some_entries(y: ac.Tensor) -> list[str]:
    e = expansion_of(operation_of("test", y))
    return [next(iter(c)).name for c in e.columns.values() if c.kind != "kept"]


def test_boxes_do_not_overlap() -> None:
    from autograd_cnn.drawing.canvas.geometry import overlap

    for name in CASES:
        scene = draw.expand(CASES[name]()[0]).scene
        boxes = [(g.id, g.box) for g in scene.groups() if g.kind == "entry" and g.box]
        for i, (a, one) in enumerate(boxes):
            for b, two in boxes[:i]:
                assert not overlap(one, two, 0.5), f"{name}: {a} on {b}"
        pills = [g.box for g in scene.groups() if g.kind == "pill" and g.box]
        for i, p in enumerate(pills):
            assert not any(overlap(p, q) for q in pills[:i]), f"{name}: a pill on a pill"
            assert not any(overlap(p, box) for _, box in boxes), f"{name}: a pill on an entry"


def test_the_picture_of_the_lecture() -> None:
    _, _, y = lecture()
    scene = draw.expand(y, "F11").scene
    ids = {g.id for g in scene.groups()}
    assert {"w-F11", "w-F22", "t-X11", "t-O22", "g-O11", "e-X11-O11", "e-X22-O22", "win-F11", "win-F22"} <= ids
    edges = [g for g in scene.groups() if g.kind == "edge"]
    assert len(edges) == 16
    heavy = {g.id for g in edges if g.items[0].line > 2}
    assert heavy == {"e-X11-O11", "e-X12-O12", "e-X21-O21", "e-X22-O22"}
    assert scene.desc.count("F11: X11 → O11, X12 → O12, X21 → O21, X22 → O22.") == 1
    assert "16 edges share 4 weights" in " ".join(sound.texts(scene))
    styles = {(g.items[0].stroke, g.items[0].dash) for g in scene.groups() if g.kind == "weight"}
    assert len({s for s, _ in styles}) == len({d for _, d in styles}) == 4  # colour never alone


def test_only_what_is_near() -> None:
    y = F.conv2d(leaf(1, 1, 28, 28), leaf(1, 1, 3, 3))
    scene = draw.expand(y, "O3,4", near=True).scene
    assert len([g for g in scene.groups() if g.kind == "entry"]) == 10
    sound.check(scene)


def test_the_same_bytes_and_themes() -> None:
    def picture(**options: Any) -> Drawing:
        ac.manual_seed(0)
        x, w = ac.randn(1, 1, 3, 3, requires_grad=True), ac.randn(1, 1, 2, 2, requires_grad=True)
        return draw.expand(F.conv2d(x, w), "F11", **options)

    assert picture().svg == picture().svg
    assert picture(theme="dark").svg != picture().svg
    assert 'id="a-t-X11"' in picture(prefix="a-").svg
    assert "Eintrag für Eintrag" in picture(lang="de").svg
    assert picture(title="My layer", subtitle="by hand").svg.count("by hand") >= 1


# ------------------------------------------------------------------------------------------------------- what is said
def test_unknown_entries() -> None:
    _, _, y = lecture()
    with pytest.raises(ValueError, match="there is no entry 'F99': F runs from F11 to F22"):
        draw.expand(y, "F99")
    with pytest.raises(ValueError, match=r"name an entry of X runs from X11 to X33, F runs .*, O runs from O11 to O22; got 'G11'"):
        draw.formula(y, "G11")
    with pytest.raises(TypeError, match="expected wrt to be the name of an entry, such as 'F11', got int"):
        draw.expand(y, 11)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"one of conv, conv2d; got 'conv3d'\. Did you mean 'conv2d'"):
        draw.expand(y, op="conv3d")


def test_values_without_a_graph() -> None:
    with pytest.raises(GraphError, match=r"draw.expand: this value has no graph: .* requires_grad=True"):
        draw.expand(F.conv2d(ac.ones(1, 1, 3, 3), ac.ones(1, 1, 2, 2)))
    with pytest.raises(GraphError, match="expected a value that an operation computed, got a leaf"):
        draw.expand(leaf(3))
    with pytest.raises(TypeError, match=r"expected a recorded value or a node \(y.grad_fn\), got int"):
        draw.formula(3)


def test_a_freed_graph() -> None:
    _, _, y = lecture()
    y.sum().backward()
    with pytest.raises(GraphError, match=r"what conv kept was freed .*Draw before backward\(\), or call backward\(retain_graph=True\)"):
        draw.expand(y)


def test_gradients_that_have_not_arrived() -> None:
    x, _, y = lecture()
    with pytest.raises(GraphError, match=r"needs the gradient of O, and none has arrived yet\. Name the loss: draw.expand\(y, loss=loss\)"):
        draw.expand(y, "F11", numbers=True)
    with pytest.raises(GraphError, match="no gradient of this loss reaches conv: the loss was not computed from it"):
        draw.expand(y, "F11", loss=(x * x).sum())


def test_numbers_that_nothing_holds() -> None:
    x = ac.ones(1, 1, 3, 3) * 1.0
    y = F.conv2d(x.requires_grad_() * 1.0, ac.ones(1, 1, 2, 2))
    with pytest.raises(GraphError, match=r"needs the entries of .*X.*, which the tape does not hold"):
        draw.formula(y.grad_fn, "O11", numbers=True)
    assert draw.formula(y, "O11").text.startswith("O11 = F11·X11")


def test_more_entries_than_a_picture_holds() -> None:
    y = F.conv2d(leaf(1, 1, 20, 20), leaf(1, 1, 3, 3))
    message = r"conv2d has 400 input and 324 output entries here; a picture holds at most 80\. .*near=True\) draws only what one output"
    with pytest.raises(ValueError, match=message):
        draw.expand(y)
    with pytest.raises(
        ValueError, match=r"a picture holds at most 80\. Or run the operation on a smaller input, such as x\[:1, :1, :4, :4\]"
    ):
        draw.expand(y, "F11", near=True)
    assert draw.formula(y, "F11").text.count("+") == 323


def test_numbers_that_are_none() -> None:
    x = ac.tensor([float("nan"), float("inf"), 1000.0], dtype=ac.float64, requires_grad=True)
    for y in (x * x, x.softmax(0), x.exp(), 1 / (x - x)):
        sound.check(draw.expand(y, loss=y.sum()).scene)
    assert draw.formula(x * x, "O1", numbers=True).text.endswith("= NaN")


def test_terms_that_cannot_be_broken_widen_the_page() -> None:
    y = leaf(18).prod()
    sound.check(draw.expand(y, "X1").scene)
    sound.check(draw.expand(y, "O").scene)


# ------------------------------------------------------------------------------------------------------- algebra
@pytest.mark.parametrize(
    ("make", "text", "latex"),
    [
        (lambda x, w: (x - w) / 2, "1/2·(X − W)", r"\frac{\left(X - W\right)}{2}"),
        (lambda x, w: 1 - x**2, "1 − X^2", r"1 - X^{2}"),
        (lambda x, w: x - (w - 1), "X − (W − 1)", r"X - \left(W - 1\right)"),
        (lambda x, w: np.exp(-x) / w, "e^(−X)/W", r"\frac{e^{-X}}{W}"),
        (lambda x, w: -np.log(x), "−ln(X)", r"-\ln\left(X\right)"),
        (lambda x, w: (x * x + w) ** 0.5, "√(X^2 + W)", r"\sqrt{X^{2} + W}"),
        (lambda x, w: 0.1234567 * x, "0.12·X", r"0.12 \, X"),
        (lambda x, w: x * 0 + 3, "3", "3"),
        (lambda x, w: x / (2 * w), "1/2·X/W", r"\frac{X}{2 \, W}"),
    ],
)
def test_expressions_in_text_and_latex(make: Callable[[Any, Any], Any], text: str, latex: str) -> None:
    e = make(Symbol("X"), Symbol("W"))
    assert Script(Numbers()).text(e) == text
    assert Script(Numbers()).latex(e) == latex
    term = Script(Numbers()).term(e, 16.0)
    scene = Scene()
    term.paint(scene, 0, 0)
    assert term.width > 0
    assert all(t.x + t.width <= term.width + 1 for _, t in scene.walk() if isinstance(t, Text))


@pytest.mark.parametrize("seed", range(12))
def test_derivatives_of_expressions(seed: int) -> None:
    """By central differences, of random expressions."""
    r = np.random.default_rng(seed)
    x, w = Symbol("X"), Symbol("W")

    def some(depth: int) -> Any:
        if depth == 0:
            return [x, w, algebra.expr(1.5)][r.integers(3)]
        a, b = some(depth - 1), some(depth - 1)
        return [
            lambda: a + b,
            lambda: a * b,
            lambda: a / (b * b + 1),
            lambda: np.tanh(a),
            lambda: np.exp(a * 0.2),
            lambda: (a * a + 1) ** 0.5,
        ][r.integers(6)]()

    e = some(3)
    at: dict[Any, float] = {x: 0.7, w: -0.4}
    up, down = (evaluate(e, {**at, x: 0.7 + d}) for d in (1e-6, -1e-6))
    assert up is not None
    assert down is not None
    assert evaluate(calculus.derivative(e, x), at) == pytest.approx((up - down) / 2e-6, rel=1e-5, abs=1e-7)


def test_unknown_entries_make_unknown_numbers() -> None:
    x = Symbol("X")
    assert evaluate(x + 1, {}) is None
    assert evaluate(x * 0, {}) == 0
    assert evaluate(Partial(x) * algebra.ZERO, {}) == 0


def test_a_formula_in_german_and_its_value() -> None:
    x, w = ac.tensor([[[1.5, -2.0, 1.0]]], requires_grad=True), ac.tensor([[[2.0, 0.25]]], requires_grad=True)
    y = F.conv1d(x, w)
    f = draw.using(lang="de").formula(y, "F1", loss=y.sum(), numbers=True)
    assert f.text.splitlines()[-1].strip() == "= 1,00 × 1,50 + 1,00 × (−2,00) = −0,50"
    assert f.latex.replace(r"\left(", "").replace(r"\right)", "").endswith(r"1{,}00 \times -2{,}00 = -0{,}50 \end{aligned}")
    assert f.value == 1.5 - 2.0
    assert draw.formula(y, "F1").value is None
    assert draw.formula(y, "F1", loss=y.sum(), numbers=True).text.splitlines()[-1].endswith("= −0.50")
