"""The numbers of a view: gradients taken together, memory, sizes, the facts of the subtitle."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import Graph, Scalar, nn
from autograd_cnn.drawing.canvas.text import Words
from autograd_cnn.drawing.lessons.sliding import Sliding
from autograd_cnn.drawing.lessons.sliding import convolution_example as convolution
from autograd_cnn.drawing.lessons.sliding import pooling_example as pooling
from autograd_cnn.drawing.view.builder import view_of
from autograd_cnn.drawing.view.local_gradients import contribution, fitted, local_derivatives, places
from autograd_cnn.drawing.view.style import Style
from autograd_cnn.drawing.view.view import Gradient, gradient_of, has_gradients, is_freed, joint, leaves_only, number_of, size_of, summary
from autograd_cnn.errors import ShapeError
from autograd_cnn.graph.step import Value
from autograd_cnn.nn import functional as F


@pytest.mark.parametrize(
    ("states", "state", "norm"),
    [
        ([], "none", 0.0),
        (["none", "none"], "none", 0.0),
        (["none", "missing"], "missing", 0.0),
        (["missing", "unknown"], "unknown", 0.0),
        (["unknown", 3.0], "flows", 3.0),
        ([3.0, 4.0], "flows", 5.0),
        ([3.0, "missing", "none", 4.0], "flows", 5.0),
        ([0.0, "missing"], "zero", 0.0),
        ([0.0, 2.0], "flows", 2.0),
    ],
)
def test_gradients_together(states: list[Any], state: str, norm: float) -> None:
    given = [Gradient(s) if isinstance(s, str) else Gradient("flows" if s else "zero", s) for s in states]
    found = joint(iter(given))
    assert (found.state, found.norm) == (state, norm)


def test_one_gradient_that_is_no_number_is_all() -> None:
    assert joint([Gradient("nan", math.nan), Gradient("flows", 1.0)]).state == "nan"
    assert math.isnan(joint([Gradient("nan", math.nan), Gradient("nan", math.inf)]).norm)
    assert joint([Gradient("flows", 1e308), Gradient("flows", 1.7e308)]).state == "nan"  # beyond what a float holds
    assert joint([Gradient("flows", 3e200), Gradient("flows", 4e200)]).norm == pytest.approx(5e200)  # though the squares are
    assert (gradient_of(Value(0, "result", grad=np.full(4, 1e30, np.float32))).norm) == pytest.approx(2e30)
    assert gradient_of(Value(0, "result", grad=np.zeros((0, 3)))) == Gradient("zero", 0.0)
    assert Gradient("none").norm == 0.0


def test_what_a_backward_pass_leaves() -> None:
    w = ac.tensor([[1.0, 2.0]], requires_grad=True)
    y = (w * 3).tanh()
    loss = y.sum()
    before = Graph.of(loss)
    assert leaves_only(before) and not has_gradients(before) and not is_freed(before)
    loss.backward()
    after = Graph.of(loss)
    assert leaves_only(after) and has_gradients(after) and is_freed(after)
    y = (w * 3).exp().sum()
    full = Graph.of(y, gradients=True)
    assert not leaves_only(full) and has_gradients(full) and not is_freed(full)


def test_numbers_and_sizes() -> None:
    values = [Value(0, "result", shape=(2, 3)), Value(1, "constant"), Value(2, "result", shape=()), Value(3, "result", shape=(0, 4))]
    assert size_of(values) == 6 + 1 + 1 + 0
    assert size_of([]) == 0
    assert number_of(Value(0, "result", shape=(1, 1), data=np.array([[2.5]]))) == 2.5
    assert number_of(Value(0, "constant", data=3)) == 3.0
    assert number_of(Value(0, "result", shape=(0,), data=np.zeros(0))) is None


def test_the_facts_of_the_subtitle() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    x = ac.ones(5, 3)
    view = view_of(ac.trace(net, x))
    facts = summary(view)
    assert (facts["operations"], facts["parameters"], facts["dtype"]) == (3, 12 + 4 + 8 + 2, "float32")
    assert facts["nodes"] == len(view.units) and facts["kept"] == view.kept_bytes == sum(s.kept_bytes for s in view.graph)
    assert facts["kept"] == 5 * 3 * 4 + 5 * 4 * 4  # the input, and the ReLU's output, which both that and the second layer keep
    assert not view.folded
    double = view_of(ac.trace(lambda a, b: a.double() * b.double() + a.double(), ac.ones(2), ac.ones(2)))
    assert summary(double)["dtype"] == "float64"
    assert summary(view_of(Graph((Value(0, "constant", data=1.0),), (), (), (0,))))["dtype"] == ""


def test_a_style_takes_each_gradient_once() -> None:
    style = Style(Words("en"), True, leaves_only=True)
    missing = Value(3, "result", requires_grad=True)
    assert style.gradient(missing) == Gradient("unknown") and style.gradients == {3: Gradient("unknown")}
    style.gradients[3] = Gradient("flows", 2.0)
    assert style.gradient(missing) == Gradient("flows", 2.0)
    leaf = Value(4, "parameter", requires_grad=True)
    assert style.gradient(leaf) == Gradient("missing")
    assert style.gradient(Value(5, "result", grad=np.array([3.0, 4.0]))) == Gradient("flows", 5.0)
    assert style.gradient(Value(6, "result")) == Gradient("none")
    assert Style(Words("en"), True).gradient(missing) == Gradient("missing")


# ------------------------------------------------------------------------------------------------------- windows that slide
def conv(
    x: Any, w: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1, mode: Any = None, transposed: bool = False, extra: Any = 0
) -> Sliding:
    return convolution(x, w, stride, padding, dilation, mode, False, transposed, extra)


def pool(x: Any, k: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, kind: str = "max", ceil: bool = False) -> Sliding:
    return pooling(x, k, stride, padding, dilation, kind, ceil, True)


@pytest.mark.parametrize(
    ("x", "w", "channels", "maps", "inputs", "outputs"),
    [
        ((7,), (3,), 1, 1, (7,), (5,)),
        ((2, 7), (4, 2, 3), 2, 4, (7,), (5,)),
        ((6, 7), (3, 2), 1, 1, (6, 7), (4, 6)),
        ((2, 6, 7), (2, 3, 2), 2, 1, (6, 7), (4, 6)),
        ((2, 6, 7), (5, 2, 3, 2), 2, 5, (6, 7), (4, 6)),
    ],
)
def test_sizes_of_a_convolution(x: Any, w: Any, channels: int, maps: int, inputs: Any, outputs: Any) -> None:
    for given in ((x, w), (np.zeros(x), np.ones(w))):
        made = conv(*given)
        assert (made.channels, made.maps, made.inputs, made.outputs, made.kind) == (channels, maps, inputs, outputs, "conv")
        assert made.x.size == (0 if given[0] is x else math.prod(x)) and made.w.size == (0 if given[0] is x else math.prod(w))
    assert conv(np.zeros(x), w).x.size == conv(x, np.ones(w)).w.size == 0  # one without the other gives no results


@pytest.mark.parametrize(
    ("x", "k", "channels", "inputs", "outputs"),
    [((7,), 2, 1, (7,), (3,)), ((6, 7), 2, 1, (6, 7), (3, 3)), ((3, 6, 7), (2, 3), 3, (6, 7), (3, 2)), ((3, 7), (2,), 3, (7,), (3,))],
)
def test_sizes_of_a_pooling(x: Any, k: Any, channels: int, inputs: Any, outputs: Any) -> None:
    made = pool(x, k)
    assert (made.channels, made.maps, made.inputs, made.outputs) == (channels, channels, inputs, outputs)
    assert pool(np.zeros(x), k).x.shape == (channels, *inputs)


@pytest.mark.parametrize(
    ("padding", "mode", "sides"),
    [
        (1, None, [(1, 1), (1, 1)]),
        ((1, 2), None, [(1, 1), (2, 2)]),
        (((1, 0), (0, 2)), None, [(1, 0), (0, 2)]),
        ([[1, 0], 2], None, [(1, 0), (2, 2)]),
        (0, "valid", [(0, 0), (0, 0)]),
        ("same", None, [(1, 1), (1, 2)]),
        (0, "full", [(2, 2), (3, 3)]),
        (((1, 0),), None, None),
        (((1, 0), (0, -1)), None, None),
    ],
)
def test_sides_that_are_padded(padding: Any, mode: Any, sides: Any) -> None:
    if sides is None:
        with pytest.raises((ValueError, TypeError)):
            conv((6, 6), (3, 4), padding=padding, mode=mode)
    else:
        assert [(a.before, a.after) for a in conv((6, 6), (3, 4), padding=padding, mode=mode).along] == sides


@pytest.mark.parametrize("steps", [0, -1, True, 1.5, (1, 2, 3), (1, 0), ()])
def test_steps_are_whole_numbers(steps: Any) -> None:
    with pytest.raises(ValueError, match=r"expected stride to be one whole number or 2 of them, each at least 1, got"):
        conv((6, 6), 3, stride=steps)
    with pytest.raises(ValueError, match=r"expected dilation to be one whole number, each at least 1, got"):
        pool((6,), 2, dilation=0)
    assert conv((6, 6), 3, stride=(2,)).outputs == conv((6, 6), 3, stride=np.int64(2)).outputs == (2, 2)


def test_a_transposed_convolution_grows_by_its_steps() -> None:
    assert conv((3,), (2,), 2, transposed=True).outputs == (6,)
    assert conv((3,), (2,), 2, extra=1, transposed=True).outputs == (7,)
    assert conv((3,), (3,), 2, padding=1, transposed=True).outputs == (5,)
    assert conv((3,), (3,), 1, dilation=3, extra=2, transposed=True).outputs == (11,)  # smaller than the dilation
    with pytest.raises(ValueError, match="smaller than stride or dilation, got 3 with stride 1"):
        conv((3,), (3,), 1, dilation=3, extra=3, transposed=True)
    assert conv((1,), (3,), padding=1, transposed=True).outputs == (1,)
    with pytest.raises(ShapeError, match="padding 2 leaves nothing of the output"):
        conv((1,), (3,), padding=2, transposed=True)
    with pytest.raises(ShapeError, match="of one output channel for transposed=True"):
        conv((2, 3, 3), (2, 2, 2, 2), transposed=True)
    assert conv((2, 3, 3), (1, 2, 2, 2), transposed=True).outputs == (4, 4)


def test_pictures_that_would_be_too_large() -> None:
    assert len(conv((40, 30), (40, 30)).frames()) == 1  # 1200 cells
    with pytest.raises(ValueError, match="makes 1 windows over 1240 cells; at most 400 windows over 1200 cells"):
        conv((40, 31), (40, 31))
    assert len(conv((20, 20), (1, 1)).frames()) == 400
    with pytest.raises(ValueError, match="an input of 20×21 makes 420 windows over 420 cells"):
        conv((20, 21), (1, 1))
    with pytest.raises(ShapeError, match=r"a window of 5 does not fit an input of 2 with padding 0 \+ 1\. Use padding=2 or more"):
        conv((2,), (5,), padding=((0, 1),))
    assert conv((2,), (4,), padding=1).outputs == (1,)


def test_the_window_over_the_edge() -> None:
    made = conv((8, 7), (3, 3), 2)
    assert not made.fits and made.steps == (3, 3)
    assert made.frames()[-1] == (0, (3, 2)) and made.hangs((3, 2)) and not made.hangs((2, 2))
    assert len(made.frames()) == 10
    assert pool((5,), 2, ceil=True).fits and pool((5,), 2, ceil=True).steps == (3,)
    assert pool((5,), 2).frames()[-1] == (0, (2,))


def test_an_average_is_divided_by_what_counts() -> None:
    x = np.arange(1.0, 6.0)
    edge = pooling(x, 3, 2, 1, 1, "average", False, True)
    assert [edge.counted((i,)) for i in range(3)] == [3, 3, 3] and edge.result(0, (0,)) == pytest.approx(1.0)
    inner = pooling(x, 3, 2, 1, 1, "average", False, False)
    assert [inner.counted((i,)) for i in range(3)] == [2, 3, 2] and inner.result(0, (2,)) == pytest.approx(4.5)
    over = pooling(np.arange(1.0, 5.0), 3, 2, 0, 1, "average", True, True)  # the last window reaches beyond the padding
    assert [over.counted((i,)) for i in range(2)] == [3, 2] and over.result(0, (1,)) == pytest.approx(3.5)
    assert edge.output(1) == {(0, (0,)): pytest.approx(1.0)} and edge.output(0) == {}


def test_a_gradient_fits_what_was_broadcast() -> None:
    g = np.arange(6.0).reshape(2, 3)
    assert fitted(g, (2, 3)).tolist() == g.tolist()
    assert fitted(g, (3,)).tolist() == [3.0, 5.0, 7.0]
    assert fitted(g, (1, 3)).tolist() == [[3.0, 5.0, 7.0]]
    assert fitted(g, (2, 1)).tolist() == [[3.0], [12.0]]
    assert fitted(g, (1, 1)).tolist() == [[15.0]]
    assert fitted(g, ()).tolist() == fitted(g, None).tolist() == 15.0
    assert fitted(2.0, None).tolist() == 2.0 and fitted(np.ones((1, 3)), (1, 3)).shape == (1, 3)


def test_places_of_arguments_where_some_are_not_there() -> None:
    w = ac.tensor([1.0, 2.0], requires_grad=True)

    def of(y: Any, step: int = 0) -> list[int]:
        graph = Graph.of(y.sum())
        return places(graph.steps[step])

    assert of(2.0 - w) == [1] and of(w - 2.0) == [0] and of(w - w) == [0, 1] and of(w * 3.0) == [0, 1]
    assert of(ac.tensor([3.0, 1.0]) - w) == [1]  # no rule wants it, so the tape does not hold it
    bias = ac.ones(2, requires_grad=True)
    graph = ac.trace(lambda x: F.batch_norm(x, ac.zeros(2), ac.ones(2), None, bias), ac.ones(3, 2))
    step = next(s for s in graph if s.absent)
    assert places(step) == [i for i in range(5) if i not in step.absent] == [0, 1, 2, 4]
    a, b = Scalar(3.0), Scalar(2.0)
    numbers = Graph.of(2.0 - a * b)
    assert [local_derivatives(numbers, s) for s in numbers] == [[2.0, 3.0], [None, -1.0]]


def test_what_one_step_adds_to_a_gradient() -> None:
    w = ac.tensor([3.0, 4.0], requires_grad=True)
    graph = Graph.of((w * w + 2 * w).sum(), gradients=True)
    square, double = (next(s for s in graph if s.name == "mul" and (len(set(s.inputs)) == 1) == alike) for alike in (True, False))
    at = graph.parameters[0].id

    def flowing(norm: float) -> Gradient:
        return Gradient("flows", pytest.approx(norm))

    assert contribution(graph, [square], at) == flowing(10.0)  # 2 w
    assert [contribution(graph, [square], at, k) for k in (0, 1)] == [flowing(5.0)] * 2
    assert contribution(graph, [square], at, 2) == Gradient("missing")
    assert contribution(graph, [double], at) == flowing(math.sqrt(8))
    assert contribution(graph, [square, double], at) == flowing(math.hypot(8, 10))  # of the sum, not the sum of the norms
    assert contribution(Graph.of((w * w).sum()), [square], at) == Gradient("missing")  # no gradient arrived there
    parts = Graph.of(sum((k * part).sum() for k, part in enumerate(w.split(1), 3)), gradients=True)
    split = next(s for s in parts if s.primitive.several)
    assert contribution(parts, [split], parts.parameters[0].id) == flowing(5.0)  # of an operation with several outputs
