"""The numbers behind plots: what is drawn of arrays, over which range, at which levels, and what is refused."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.drawing.canvas.text import Words
from autograd_cnn.drawing.plots import activations, filters
from autograd_cnn.drawing.plots.beside import told_apart
from autograd_cnn.drawing.plots.confusion import counts_of
from autograd_cnn.drawing.plots.contour import level_lines, regions_above
from autograd_cnn.drawing.plots.saliency import batch_of, class_name, gradient_of
from autograd_cnn.drawing.plots.surface import GRID, LEVELS, bounds_of, levels_of, minimum_of, paths_of, sampled
from autograd_cnn.drawing.view.arrays import array_of, finite_range, shade

NAN, INF = math.nan, math.inf


# ------------------------------------------------------------------------------------------------------- surfaces
def test_paths_have_names() -> None:
    one = [[0.0, 1.0], [2.0, 3.0]]
    assert paths_of(None) == {}
    assert {k: v.tolist() for k, v in paths_of(one).items()} == {"": one}
    assert {k: v.tolist() for k, v in paths_of({"a": one, 2: ac.tensor(one)}).items()} == {"a": one, "2": one}
    assert list(paths_of({str(i): [[1, 2]] for i in range(6)})) == list("012345")
    with pytest.raises(ValueError, match="at most 6 paths, so that their styles differ, got 7"):
        paths_of({str(i): one for i in range(7)})


@pytest.mark.parametrize("path", [[1.0, 2.0], np.zeros((2, 3)), np.zeros((0, 2)), np.zeros((1, 2, 2))])
def test_paths_are_places(path: Any) -> None:
    with pytest.raises(ValueError, match=r"each path to be places of shape \(T, 2\), got .* for 'a'"):
        paths_of({"a": path})


@pytest.mark.parametrize(("path", "step"), [([[0, 1], [NAN, 1], [INF, 2]], 1), ([[0, -INF], [1, 1]], 0), ([[0, 0], [1, 1], [2, NAN]], 2)])
def test_paths_that_leave_the_plane_say_where(path: Any, step: int) -> None:
    with pytest.raises(ValueError, match=rf"path 'p' leaves them at step {step}. Cut it there: path\[:{step}\]"):
        paths_of({"p": path})


def test_bounds_are_given_or_what_the_ways_need() -> None:
    assert bounds_of(((0, 1), (-2, "3")), {}) == ((0.0, 1.0), (-2.0, 3.0))
    ways = {"a": np.array([[0.0, 1.0], [10.0, 1.0]]), "b": np.array([[5.0, 3.0]])}
    (x0, x1), (y0, y1) = bounds_of(None, ways)
    assert (x0, x1) == pytest.approx((-1.8, 11.8)) and (y0, y1) == pytest.approx((1 - 0.500001, 3 + 0.500001))
    (x0, x1), (y0, y1) = bounds_of(None, {"a": np.array([[2.0, 3.0]])})  # a way that stands still
    assert x0 < 2 < x1 and y0 < 3 < y1 and x1 - x0 == pytest.approx(2e-6, rel=1e-3)
    with pytest.raises(ValueError, match="where there are no paths"):
        bounds_of(None, {})


@pytest.mark.parametrize("bounds", [1, ((0, 1),), ((0, 1), (0, 1, 2)), ((0, "a"), (0, 1))])
def test_bounds_are_two_pairs(bounds: Any) -> None:
    with pytest.raises(ValueError, match=r"expected bounds=\(\(x0, x1\), \(y0, y1\)\), got"):
        bounds_of(bounds, {})


@pytest.mark.parametrize(
    "bounds", [((1, 0), (0, 1)), ((0, 1), (1, 0)), ((0, 0), (0, 1)), ((0, 1), (2, 2)), ((0, INF), (0, 1)), ((0, 1), (NAN, 1))]
)
def test_bounds_rise(bounds: Any) -> None:
    with pytest.raises(ValueError, match="expected bounds that rise"):
        bounds_of(bounds, {})


def test_a_function_is_sampled_on_a_grid() -> None:
    bounds = ((0.0, 4.0), (-1.0, 1.0))
    calls: list[Any] = []

    def arrays(x: Any, y: Any) -> Any:
        calls.append(x)
        return x + 10 * y

    z = sampled(arrays, bounds)
    assert z.shape == (GRID, GRID) and len(calls) == 1
    assert [z[0, 0], z[0, -1], z[-1, 0], z[-1, -1], z[GRID // 2, GRID // 2]] == pytest.approx([-10, -6, 10, 14, 2])
    assert sampled(lambda x, y: x + 10 * y if x > 0 else 10 * y, bounds) == pytest.approx(z)  # no array is more than 0
    assert sampled(lambda x, y: 3.0, bounds).tolist() == np.full((GRID, GRID), 3.0).tolist()
    assert np.isnan(sampled(lambda x, y: np.where(x > 1, NAN, x), bounds)).any()
    with pytest.raises(ValueError, match="finite nowhere"):
        sampled(lambda x, y: x * NAN, bounds)


def test_levels_are_dense_where_it_is_flat() -> None:
    levels = levels_of(np.array([[1.0, 3.0], [NAN, INF]]))
    wishes = [1 + 2 * ((k + 0.5) / 14) ** 2.4 for k in range(LEVELS)]
    gaps = [b - a for a, b in itertools.pairwise(levels)]
    assert levels == sorted(levels) and 10 <= len(levels) <= LEVELS and gaps[0] < gaps[-1] / 5
    assert all(min(abs(v - w) for w in wishes) <= 0.105 for v in levels)  # a multiple of at most the way to the next one
    assert 0.0 in levels_of(np.array([-2.25, 2.25]))  # a saddle's own
    assert levels_of(np.ones((2, 2))) == []


def test_levels_are_round() -> None:
    """Two digits tell each of them."""
    x, y = np.meshgrid(np.linspace(-4.5, 4.5, 91), np.linspace(-4.5, 4.5, 91))
    bowl, beale = x**2 + 3 * y**2, (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2
    for z in (bowl, beale):
        levels = levels_of(z)
        assert len(levels) > 8
        assert all(float(f"{v:.2g}") == pytest.approx(v) for v in levels)
    assert min(levels_of(beale)) < np.quantile(beale, 0.1)  # the plain has lines of its own


def test_the_minimum_is_marked_where_it_is() -> None:
    from autograd_cnn.optim import surfaces

    z = np.array([[3.0, 2.0, 3.0], [2.0, NAN, 1.0], [3.0, 0.5, 3.0]])
    assert minimum_of(None, z, ((0, 2), (0, 2))) is None  # it falls to the border
    z[1, 1] = 0.0
    assert minimum_of(None, z, ((0, 4), (0, 2))) == (2.0, 1.0)
    assert minimum_of(surfaces.beale, z, ((0, 4), (0, 2))) == (3.0, 0.5)
    assert minimum_of(surfaces.beale, z, ((0, 1), (0, 2))) is None  # not in sight
    assert minimum_of(surfaces.saddle, z, ((0, 4), (0, 2))) is None


def test_level_lines_cross_each_edge_where_the_level_is() -> None:
    hill = np.zeros((3, 3))
    hill[1, 1] = 4.0
    (line,) = level_lines(hill, 1.0)
    assert line[0] == line[-1] and set(line) == {(1.0, 0.25), (0.25, 1.0), (1.0, 1.75), (1.75, 1.0)}
    assert level_lines(hill, 4.0) == [] and level_lines(hill, -1.0) == []
    among = np.full((4, 4), 9.0)
    among[:2, :2] = [[1.0, 0.0], [0.0, 1.0]]  # what lies beyond the square has no say in which corners belong together
    assert any(np.ravel(line).tolist() == pytest.approx([0.4, 0, 0, 0.4]) for line in level_lines(among, 0.6))
    two = np.zeros((3, 5))
    two[1, 1] = two[1, 3] = 2.0
    assert sorted(len(line) for line in level_lines(two, 1.5)) == [5, 5]
    ramp = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    assert [sorted(line) for line in level_lines(ramp, 2.5)] == [[(0.0, 1.25), (0.5, 1.0), (1.0, 0.75)]]


# ------------------------------------------------------------------------------------------------------- arrays
def test_ranges_and_shades() -> None:
    assert finite_range(np.array([NAN, 2.0, -3.0, INF, -INF])) == (-3.0, 2.0)
    assert finite_range(np.array([NAN, INF])) == finite_range(np.zeros(0)) == (0.0, 0.0)
    ramp = tuple(f"#{i:06x}" for i in range(256))
    assert [shade(v, -1.0, 1.0, ramp) for v in (-1.0, 0.0, 1.0, -5.0, 5.0, 0.5)] == [ramp[i] for i in (0, 128, 255, 0, 255, 191)]
    assert shade(7.0, 3.0, 3.0, ramp) == ramp[128]
    assert [shade(v, -1.0, 1.0, ramp) for v in (NAN, INF, -INF)] == ["#9a9a9a"] * 3
    assert [Words("en").digits(v) for v in (-0.51234, 12.0, 1234.0, 0.0)] == ["−0.512", "12", "1.23e3", "0"]


def test_arrays_of_anything() -> None:
    x = ac.tensor([1.0, 2.0], requires_grad=True) * 2
    assert array_of(x, "filters").tolist() == [2.0, 4.0] and array_of([[1]], "filters").dtype == np.float64
    for wrong in ("text", [[1], [1, 2]], object()):
        with pytest.raises(TypeError, match=f"draw.filters: expected an array or tensor of numbers, got {type(wrong).__name__}"):
            array_of(wrong, "filters")


# ------------------------------------------------------------------------------------------------------- classes
def test_counts_of_classes_and_scores() -> None:
    assert counts_of([0, 1, 1], [[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.1, 0.1, 0.8]]).tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]
    assert counts_of([2], [0]).tolist() == [[0, 0, 0], [0, 0, 0], [1, 0, 0]]
    assert counts_of([0], [0]).tolist() == [[1]]
    assert counts_of([[1, 0], [0.5, 2]], None).tolist() == [[1, 0], [0.5, 2]]


@pytest.mark.parametrize("matrix", [[1, 2], [[1, 2]], np.zeros((0, 0)), np.zeros((2, 2, 2))])
def test_a_matrix_of_counts_is_square(matrix: Any) -> None:
    with pytest.raises(ValueError, match="a square matrix of counts"):
        counts_of(matrix, None)


@pytest.mark.parametrize("matrix", [[[1, -1], [0, 1]], [[NAN]], [[INF]]])
def test_counts_count(matrix: Any) -> None:
    with pytest.raises(ValueError, match="counts of at least 0"):
        counts_of(matrix, None)


@pytest.mark.parametrize(("truth", "predicted"), [([0, 1], [0]), ([[0], [1]], [0, 1]), ([], []), ([0, 1], [[[1]], [[2]]])])
def test_as_many_predictions_as_classes(truth: Any, predicted: Any) -> None:
    with pytest.raises(ValueError, match="as many predictions as true classes"):
        counts_of(truth, predicted)


def test_names_of_classes() -> None:
    words = Words("en")
    assert class_name(1, ["cat", "dog"], words) == "dog"
    assert class_name(2, ["cat", "dog"], words) == class_name(2, None, words) == words("class", 2)


# ------------------------------------------------------------------------------------------------------- saliency
@pytest.mark.parametrize(
    ("given", "batch"),
    [
        ((4,), (1, 4)),
        ((1, 4), (1, 4)),
        ((3, 4), (1, 1, 3, 4)),
        ((3, 4, 5), (1, 3, 4, 5)),
        ((1, 4, 5), (1, 1, 4, 5)),
        ((1, 3, 4, 5), (1, 3, 4, 5)),
    ],
)
def test_a_batch_of_one(given: tuple[int, ...], batch: tuple[int, ...]) -> None:
    made = batch_of(np.arange(math.prod(given)).reshape(given), nn.Flatten(), "saliency")
    assert tuple(made.shape) == batch and made.flatten().tolist() == list(range(math.prod(given)))


@pytest.mark.parametrize("given", [(2, 3, 4, 5), (1, 1, 3, 4, 5), (0,), (), (1, 0, 4, 4)])
def test_one_picture_alone(given: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected one picture"):
        batch_of(np.zeros(given), nn.Flatten(), "saliency")


def test_the_gradient_of_a_score() -> None:
    class Weighed(nn.Module):
        def forward(self, x: Any) -> Any:
            flat = x.flatten(1)
            return ac.stack([flat @ ac.tensor([1.0, 2.0, 3.0, 4.0]), flat @ ac.tensor([4.0, 0.0, 0.0, -1.0])], 1)

    image = np.array([[1.0, 0.0], [0.5, 1.0]])
    picture, gradient, target, score = gradient_of(Weighed(), image, None)
    assert picture.tolist() == [image.tolist()] and (target, score) == (0, 6.5)
    assert gradient.tolist() == [[[1.0, 2.0], [3.0, 4.0]]]
    _, gradient, target, score = gradient_of(Weighed(), image, 1)
    assert (target, score) == (1, 3.0) and gradient.tolist() == [[[4.0, 0.0], [0.0, -1.0]]]
    for wrong in (2, -1, True, 0.5):
        with pytest.raises(ValueError, match="expected target to be a class from 0 to 1"):
            gradient_of(Weighed(), image, wrong)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------------- maps and weights
@pytest.mark.parametrize(
    ("given", "drawn"),
    [
        ((5,), (5,)),
        ((1, 5), (5,)),
        ((3, 4), (1, 3, 4)),
        ((2, 3, 4), (2, 3, 4)),
        ((1, 2, 3, 4), (2, 3, 4)),
        ((7, 1, 1), (7,)),
        ((1, 7, 1, 1), (7,)),
        ((7, 1, 2), (7, 1, 2)),
    ],
)
def test_maps_and_units(given: tuple[int, ...], drawn: tuple[int, ...]) -> None:
    row = activations._row("layer", np.arange(math.prod(given), dtype=float).reshape(given))
    assert row.data.shape == drawn and row.name == "layer" and row.vector == (len(drawn) == 1)
    assert row.data.reshape(-1).tolist() == list(range(math.prod(given)))


@pytest.mark.parametrize(("given", "hint"), [((2, 3, 4, 4), True), ((), False), ((0,), False), ((2, 1, 1, 2, 2), False)])
def test_what_are_no_maps(given: tuple[int, ...], hint: bool) -> None:
    with pytest.raises(ValueError, match=r"'a' to be of shape \(C, H, W\) or \(F,\)") as error:
        activations._row("a", np.zeros(given))
    assert ("Pass one sample of the batch" in str(error.value)) == hint


def test_how_many_maps_there_are() -> None:
    words = Words("en")

    def said(*shape: int) -> str:
        return activations._count_text(activations._row("a", np.zeros(shape)), words)

    most = activations.MOST_MAPS
    assert said(1, 2, 2) == words("one map") and said(2, 2, 2) == words("maps", "2")
    assert said(most, 2, 2) == words("maps", str(most)) and said(most + 1, 2, 2) == f"{words('maps', most)} / {most + 1}"
    assert said(1234) == words("units", "1,234")


def test_weights_and_their_names() -> None:
    conv = nn.Conv2d(1, 2, 3)
    assert filters._named({"a": 1, 2: 3}) == filters._named([("a", 1), (2, 3)]) == [("a", 1), ("2", 3)]
    assert filters._named(conv) == [("", conv)]
    for plain in ([[1.0, 2.0]], "text", [("a", 1), ("b",)]):
        assert filters._named(plain) == [("", plain)]


@pytest.mark.parametrize(
    ("given", "drawn"), [((2, 3), (1, 1, 2, 3)), ((4, 2, 3), (4, 2, 1, 3)), ((4, 2, 3, 5), (4, 2, 3, 5)), ((500, 3, 1, 1), None)]
)
def test_weights_are_drawn_as_maps_of_channels(given: tuple[int, ...], drawn: tuple[int, ...] | None) -> None:
    a = np.arange(math.prod(given), dtype=float).reshape(given) - 100
    made = filters._layer("w", a)
    assert made.full == given and made.weight.shape == (drawn or (filters.MOST, 3, 1, 1))
    assert made.weight.reshape(-1)[:3].tolist() == [-100.0, -99.0, -98.0]


def test_the_range_of_weights_is_even_about_zero() -> None:
    assert filters._layer("", np.array([[-3.0, 2.0]])).bound == 3.0
    assert filters._layer("", np.array([[-1.0, 2.0]])).bound == 2.0
    assert filters._layer("", np.zeros((2, 2))).bound == 1.0
    assert filters._layer("", nn.Linear(2, 3)).name == "Linear" and filters._layer("mine", nn.Linear(2, 3)).name == "mine"
    for wrong in (np.zeros(3), np.zeros((0, 2)), np.zeros((1, 1, 1, 1, 1))):
        with pytest.raises(ValueError, match=r"a weight of shape \(O, I, KH, KW\), \(O, I, K\) or \(O, I\), got"):
            filters._layer("", wrong)


def test_what_is_above_a_level_is_what_is_filled() -> None:
    """By the nonzero rule: the winding of the borders about a place is 1 where the surface is higher there, else 0."""
    x, y = np.meshgrid(np.linspace(-3, 3, 31), np.linspace(-3, 3, 31))
    z = np.sin(2 * x) * np.cos(1.7 * y) + 0.2 * x
    for level in (-0.7, 0.0, 0.55):
        lines = regions_above(z, level)
        assert all(math.dist(line[0], line[-1]) < 1e-6 for line in lines)
        for i, j in itertools.product(range(1, 30, 3), range(1, 30, 3)):
            if abs(z[i, j] - level) < 0.05:
                continue
            assert winding((float(j), float(i)), lines) == (1 if z[i, j] > level else 0)


def winding(place: tuple[float, float], lines: Any) -> int:
    """How often closed lines go round a place."""
    turned = 0.0
    for line in lines:
        angles = [math.atan2(y - place[1], x - place[0]) for x, y in line]
        turned += sum((b - a + math.pi) % (2 * math.pi) - math.pi for a, b in itertools.pairwise(angles))
    return round(turned / (2 * math.pi))


def test_ways_that_cover_one_another_run_beside_each_other() -> None:
    """Three along one line, of which one goes to and fro and one leaves it halfway."""
    to, fro, away = [(0.0, 0.0), (60.0, 0.0)], [(60.0, 0.0), (0.0, 0.0)], [(0.0, 0.0), (30.0, 0.0), (30.0, 40.0)]
    apart = told_apart([to, fro, away])
    heights = [{y for x, y in line if 12 < x < 18} for line, _ in apart]
    assert heights[:2] == [{-3.4}, {0.0}]
    assert {round(y, 1) for x, y in apart[2][0] if 12 < x < 18 and y < 10} == {3.4}
    assert apart[2][0][-1][0] == pytest.approx(30.0)  # alone again
    assert [len(places) for _, places in apart] == [2, 2, 3]


def test_ways_that_meet_nobody_stay_as_they_are() -> None:
    ways = [[(0.0, 0.0), (60.0, 1.0)], [(0.0, 20.0), (60.0, 22.0)], [(5.0, 50.0)]]
    assert told_apart(ways) == [(w, w) for w in ways]
