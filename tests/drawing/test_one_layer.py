"""One layer on a few numbers: what is drawn is what the operations compute, and the picture is sound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.drawing import draw
from autograd_cnn.drawing.lessons.dropped import dropped
from autograd_cnn.drawing.lessons.normalized import normalized
from autograd_cnn.drawing.lessons.unpooling import unpooling_example as unpooling
from autograd_cnn.errors import ShapeError

from .sound import check, texts

X = np.array([[1.0, 5, 2, 0], [3, 1, 0, 4], [1, 1, 2, 2], [0, 6, 3, 1]])
BATCH = np.array([1.0, 2, 3, 6])


# ------------------------------------------------------------------------------------------------------- unpooling
def test_values_come_back_where_the_maxima_stood() -> None:
    u = unpooling(X, 2, None, 0, [[10, 20], [30, 40]], ())
    assert u.pooled.tolist() == [[5, 4], [6, 3]]
    assert u.switches.tolist() == [[1, 7], [13, 14]]
    want = np.zeros((4, 4))
    want[0, 1], want[1, 3], want[3, 1], want[3, 2] = 10, 20, 30, 40
    assert u.result.tolist() == want.tolist()
    assert u.tiles == (2, 2)
    assert unpooling(X, 3, 1, 0, None, ()).tiles is None


def test_unpooling_compared_with_enlarging() -> None:
    u = unpooling([1.0, 3, 2, 2], 2, None, 0, None, ("nearest", "bilinear"))
    assert u.others["nearest"].tolist() == [[3, 3, 2, 2]]
    assert u.others["bilinear"].tolist() == [[3, 2.75, 2.25, 2]]  # halfway between centres: quarters
    assert u.result.tolist() == [[0, 3, 2, 0]]


# ------------------------------------------------------------------------------------------------------- dropout
@pytest.mark.parametrize(("scheme", "scale", "rest"), [("inverted", 4 / 3, 1.0), ("classic", 1.0, 0.75)])
def test_what_stays_is_scaled_by_its_scheme(scheme: str, scale: float, rest: float) -> None:
    x, g = np.arange(1.0, 13), np.arange(12.0, 0, -1)
    d = dropped(x, 0.25, g, scheme, 3)
    assert set(d.kept) == {0.0, 1.0}
    assert d.y == pytest.approx(x * d.kept * scale)
    assert d.back == pytest.approx(g * d.kept * scale)
    assert d.inference == pytest.approx(x * rest)


def test_dropout_of_a_zero_is_still_dropout() -> None:
    d = dropped(np.zeros(16), 0.5, None, "inverted", 0)
    assert 0 < d.kept.sum() < 16  # the mask is not read off the output
    assert d.back.tolist() == (2 * d.kept).tolist()
    assert dropped([1.0], 0.0, None, "classic", 0).kept.tolist() == [1.0]


def test_a_draw_of_its_own() -> None:
    ac.manual_seed(5)
    want = ac.rand(3).tolist()
    ac.manual_seed(5)
    figures = [draw.dropout(np.ones(12), seed=s).svg for s in (1, 1, 2)]
    assert ac.rand(3).tolist() == want
    assert figures[0] == figures[1] != figures[2]


# ------------------------------------------------------------------------------------------------------- batch norm
def test_three_paths_add_up_to_the_gradient() -> None:
    g = np.array([0.5, -1.0, 2.0, 0.25])
    n = normalized(BATCH, 1.5, 0.5, g, 1e-5)
    assert n.mean == 3.0
    assert n.variance == 3.5
    assert n.y == pytest.approx(1.5 * (BATCH - 3) / np.sqrt(3.5 + 1e-5) + 0.5)
    assert sum(n.paths) == pytest.approx(n.back)
    assert n.of_weight == pytest.approx((g * n.hat).sum())
    assert n.of_bias == pytest.approx(g.sum())
    step = 1e-6  # ∂E/∂x by central differences of the definition

    def error(x: Any) -> float:
        return float((1.5 * (x - x.mean()) / np.sqrt(x.var() + 1e-5) + 0.5) @ g)

    want = [(error(BATCH + step * e) - error(BATCH - step * e)) / (2 * step) for e in np.eye(4)]
    assert n.back == pytest.approx(want, abs=1e-8)
    # the paper's ∂E/∂σ² and ∂E/∂μ
    assert n.of_variance == pytest.approx((1.5 * g * (BATCH - 3)).sum() * -0.5 * (3.5 + 1e-5) ** -1.5)
    assert n.of_mean == pytest.approx(-(1.5 * g).sum() / np.sqrt(3.5 + 1e-5))


def test_one_sample_reaches_all_others() -> None:
    n = normalized(BATCH, 1.0, 0.0, None, 1e-5)
    assert np.count_nonzero(n.paths[0]) == 1
    assert np.count_nonzero(n.back) == 4


def test_gradients_are_drawn_even_where_none_are_recorded() -> None:
    with ac.no_grad():
        assert draw.batch_norm(BATCH).svg == draw.batch_norm(ac.tensor(BATCH)).svg
        assert "∂E/∂x = 0, 0, 2, 0" in draw.dropout([1, 2, 3, 4]).scene.desc


# ------------------------------------------------------------------------------------------------------- pictures
PICTURES: dict[str, Any] = {
    "unpooling": lambda **o: draw.unpooling(X, 2, **o),
    "unpooling decimals": lambda **o: draw.unpooling(X * 123.4567, 2, values=[[-0.125, 2], [3, 4]], compare=("nearest", "bilinear"), **o),
    "unpooling overlapping": lambda **o: draw.unpooling(X, 3, 1, 1, **o),
    "unpooling signal": lambda **o: draw.unpooling([1, 5, 2, 0, 7, 7], 2, compare="bilinear", **o),
    "unpooling one": lambda **o: draw.unpooling([2], 1, **o),
    "dropout": lambda **o: draw.dropout(np.arange(6) - 2, 0.5, **o),
    "dropout classic": lambda **o: draw.dropout([0.25, -1000.0, 3.14159], 0.2, [1, 2, 3], scheme="classic", **o),
    "dropout many": lambda **o: draw.dropout(np.linspace(-1, 1, 16), 0.9, **o),
    "dropout none": lambda **o: draw.dropout([1.0], 0, **o),
    "batch norm": lambda **o: draw.batch_norm(BATCH, 1.5, 0.5, **o),
    "batch norm large": lambda **o: draw.batch_norm(np.arange(16) * 1234.5, -0.125, -20, np.arange(16) - 4, **o),
    "batch norm two": lambda **o: draw.batch_norm([-1, 1], eps=0.0, **o),
}


@pytest.mark.parametrize("lang", ["en", "de"])
@pytest.mark.parametrize("name", list(PICTURES))
def test_the_picture_is_sound(name: str, lang: str) -> None:
    check(PICTURES[name](lang=lang).scene)


def test_signals_are_not_counted_by_rows() -> None:
    assert "switches: the place of each maximum, counted from 0" in texts(draw.unpooling([1, 2], 2).scene)
    assert any("zeilenweise" in t for t in texts(draw.unpooling(X, 2, lang="de").scene))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: draw.unpooling(np.zeros((1, 2, 2)), 2), ShapeError, r"an input \(L,\) or \(H, W\) of at most 16 entries a side"),
        (lambda: draw.unpooling(X, 2, values=[[1, 2]]), ShapeError, r"values of the pooled shape \(2, 2\), got \(1, 2\)"),
        (
            lambda: draw.unpooling(X, 2, compare="bilinaer"),
            ValueError,
            r"'nearest' or 'bilinear', got 'bilinaer'\. Did you mean 'bilinear'",
        ),
        (lambda: draw.unpooling([1, np.nan], 2), ValueError, "expected the input to be finite numbers"),
        (lambda: draw.dropout(np.zeros(17)), ShapeError, r"a vector of 1 to 16 numbers, got shape \(17,\)"),
        (lambda: draw.dropout([1, 2], 1.0), ValueError, "expected p to be a number from 0 on and below 1, got 1.0"),
        (lambda: draw.dropout([1, 2], gradient=[1]), ShapeError, "a gradient of 2 numbers, as the input has, got 1"),
        (lambda: draw.dropout([1, 2], scheme="inverse"), ValueError, r"'inverted' or 'classic', got 'inverse'"),
        (lambda: draw.batch_norm([1]), ShapeError, "at least 2 values of a batch, got 1"),
        (lambda: draw.batch_norm([1, 2], gradient=[1, 2, 3]), ShapeError, "a gradient of 2 numbers, one for each sample, got 3"),
    ],
)
def test_wrong_examples_are_refused(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
