"""Sliding windows: the numbers are the operations', the places the kernels', and the picture is sound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_cnn as ac
from autograd_cnn.analysis.windows import Along, window_of
from autograd_cnn.drawing import draw
from autograd_cnn.drawing.lessons.sliding import Sliding
from autograd_cnn.drawing.lessons.sliding import convolution_example as convolution
from autograd_cnn.drawing.lessons.sliding import pooling_example as pooling
from autograd_cnn.errors import ShapeError
from autograd_cnn.kernels.reference.windows import fit_message, output_size
from autograd_cnn.nn import functional as F

from .sound import check, texts

rng = np.random.default_rng(0)


def signed(*shape: int) -> Any:
    return rng.integers(-3, 5, shape).astype(np.float64)


def result(s: Sliding) -> Any:
    """All of the output, as the frames fill it."""
    done = s.output(len(s.frames()))
    out = np.zeros((s.maps, *s.outputs))
    for (m, at), v in done.items():
        out[(m, *at)] = v
    return out


# ------------------------------------------------------------------------------------------------------- places
sizes = st.tuples(
    st.integers(1, 12), st.integers(1, 4), st.integers(1, 4), st.integers(0, 3), st.integers(0, 3), st.integers(1, 3), st.booleans()
)


@given(sizes)
def test_as_many_windows_as_the_kernels_count(given: tuple[int, int, int, int, int, int, bool]) -> None:
    n, k, s, a, b, d, ceil = given
    along = Along(n, k, s, a, b, d, ceil)
    if along.room >= 0:
        assert along.count == output_size(n, k, s, (a, b), d, ceil)
        assert along.fits == (fit_message(n, k, s, ((a, b),), d) is None)


@given(sizes)
def test_what_mends_a_misfit_fits(given: tuple[int, int, int, int, int, int, bool]) -> None:
    n, k, s, a, b, d, _ = given
    along = Along(n, k, s, a, b, d)
    mended = along.repaired()
    assert mended.fits
    if not along.fits and mended.before == mended.after:
        assert f"padding={mended.before} gives {mended.count}" in str(fit_message(n, k, s, ((a, b),), d))


# ------------------------------------------------------------------------------------------------------- numbers
@settings(max_examples=40)
@given(st.integers(1, 2), st.integers(1, 2), st.integers(1, 2), st.integers(0, 2), st.integers(1, 2), st.integers(1, 2), st.booleans())
def test_a_convolution_gives_what_the_operation_gives(
    c: int, o: int, stride: int, padding: int, dilation: int, dims: int, flip: bool
) -> None:
    x, w = signed(c, *(6, 5)[:dims]), signed(o, c, *(3, 2)[:dims])
    run = {(1, False): F.conv1d, (2, False): F.conv2d, (1, True): F.convolve1d, (2, True): F.convolve2d}[dims, flip]
    want = run(ac.tensor(x), ac.tensor(w), stride=stride, padding=padding, dilation=dilation)
    s = convolution(x, w, stride, padding, dilation, None, flip, False, 0)
    assert result(s) == pytest.approx(np.asarray(want))


@settings(max_examples=30)
@given(st.integers(1, 2), st.integers(1, 3), st.integers(0, 1), st.integers(1, 2), st.integers(0, 1))
def test_a_transposed_convolution_gives_what_the_operation_gives(c: int, stride: int, padding: int, dilation: int, extra: int) -> None:
    x, w = signed(c, 3, 2), signed(c, 3, 3)
    extra = extra if extra < max(stride, dilation) else 0
    want = F.conv_transpose2d(ac.tensor(x), ac.tensor(w[:, None]), stride=stride, padding=padding, dilation=dilation, output_padding=extra)
    s = convolution(x, w, stride, padding, dilation, None, False, True, extra)
    assert result(s) == pytest.approx(np.asarray(want))


@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("counted", [False, True])
def test_a_pooling_gives_what_the_operation_gives(ceil: bool, padding: int, counted: bool) -> None:
    x = signed(2, 6, 7)
    one = pooling(x, 3, 2, padding, 1, "max", ceil, counted)
    assert result(one) == pytest.approx(np.asarray(F.max_pool2d(ac.tensor(x), 3, 2, padding, ceil_mode=ceil)))
    two = pooling(x, 3, 2, padding, 1, "average", ceil, counted)
    want = F.avg_pool2d(ac.tensor(x), 3, 2, padding, ceil_mode=ceil, count_include_pad=counted)
    assert result(two) == pytest.approx(np.asarray(want))
    assert result(pooling(x, 3, 2, padding, 1, "avg", ceil, counted)) == pytest.approx(np.asarray(want))
    three = pooling(x, 3, 2, padding, 1, "sum", ceil, counted)
    assert result(three) == pytest.approx(np.asarray(F.sum_pool2d(ac.tensor(x), 3, 2, padding, ceil_mode=ceil)))


@pytest.mark.parametrize(("mode", "out"), [("valid", (4, 3)), ("same", (6, 5)), ("full", (8, 7))])
def test_modes_set_the_padding(mode: str, out: tuple[int, int]) -> None:
    assert convolution((6, 5), 3, 1, 0, 1, mode, False, False, 0).outputs == out
    assert convolution((6, 5), 3, 1, mode, 1, None, False, False, 0).outputs == out


@given(st.integers(1, 12), st.integers(1, 5), st.integers(1, 4), st.integers(1, 2))
def test_same_with_a_stride_pads_as_little_as_can_be(n: int, k: int, stride: int, dilation: int) -> None:
    s = convolution((n,), (k,), stride, 0, dilation, "same", False, False, 0)
    (a,) = s.along
    assert s.outputs == (-(-n // stride),)
    assert a.after - a.before in (0, 1)  # an odd entry at the end, as TensorFlow documents it
    if a.after:  # with one entry less a window less would fit
        assert Along(n, k, stride, a.before, a.after - 1, dilation).count < a.count


@given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 3), st.integers(1, 2))
def test_a_causal_convolution_does_not_look_ahead(n: int, k: int, stride: int, dilation: int) -> None:
    x, w = signed(1, n), signed(1, 1, k)
    s = convolution(x, w, stride, 0, dilation, "causal", False, False, 0)
    want = F.conv1d(F.pad(ac.tensor(x), (dilation * (k - 1), 0)), ac.tensor(w), stride=stride, dilation=dilation)
    assert result(s) == pytest.approx(np.asarray(want))
    assert all(max(s.taps((i,)))[0] == i * stride for i in range(s.outputs[0]))


def test_windows_are_read_from_recorded_operations() -> None:
    x, w = ac.ones(1, 2, 7, 6), ac.ones(4, 2, 3, 2)
    graph = ac.trace(lambda x, w: F.max_pool2d(F.conv2d(x, w, stride=2, padding=1, dilation=(1, 2)), 2, ceil_mode=True).sum(), x, w)
    conv, pool, total = (window_of(s, graph) for s in graph)
    assert conv is not None
    assert conv.kind == "conv"
    assert conv.along == (Along(7, 3, 2, 1, 1, 1), Along(6, 2, 2, 1, 1, 2))
    assert conv.reads(1, 0, 6) == [1]
    assert pool is not None
    assert pool.along == (Along(4, 2, 2, ceil=True), Along(3, 2, 2, ceil=True))
    assert total is None
    up = ac.trace(lambda x, w: F.conv_transpose1d(x, w, stride=2), ac.ones(1, 1, 3), ac.ones(1, 1, 2))
    spread = window_of(up.steps[0], up)
    assert spread is not None
    assert [spread.reads(0, i, 3) for i in range(6)] == [[0], [0], [1], [1], [2], [2]]


# ------------------------------------------------------------------------------------------------------- pictures
PICTURES: dict[str, Any] = {
    "numbers": lambda **o: draw.convolution(signed(5, 5), signed(3, 3), stride=2, padding=1, **o),
    "decimals": lambda **o: draw.convolution(rng.standard_normal((4, 5)), rng.standard_normal((2, 3)) * 1000, **o),
    "misfit": lambda **o: draw.convolution(7, 3, stride=3, **o),
    "misfit in rows": lambda **o: draw.convolution((8, 7), 3, stride=2, **o),
    "signal": lambda **o: draw.convolution(signed(6), signed(3), mode="full", flip=True, **o),
    "signal channels": lambda **o: draw.convolution(signed(2, 6), signed(3, 2, 3), **o),
    "dilated": lambda **o: draw.convolution(8, 3, dilation=2, mode="same", **o),
    "channels": lambda **o: draw.convolution(signed(3, 4, 4), signed(2, 3, 2, 2), stride=2, **o),
    "uneven": lambda **o: draw.convolution((4, 6), (2, 3), padding=((1, 0), (0, 2)), **o),
    "transposed": lambda **o: draw.convolution(signed(2, 2), signed(3, 3), stride=2, padding=1, output_padding=1, transposed=True, **o),
    "transposed channels": lambda **o: draw.convolution(signed(2, 2, 2), signed(2, 3, 3), transposed=True, **o),
    "transposed signal": lambda **o: draw.convolution((3,), (2,), stride=2, transposed=True, **o),
    "one entry": lambda **o: draw.convolution(signed(3, 3), signed(3, 3), **o),
    "pixel": lambda **o: draw.convolution(signed(1, 1), signed(1, 1), **o),
    "large kernel": lambda **o: draw.convolution(signed(7, 7), signed(6, 6), **o),
    "max": lambda **o: draw.pooling(signed(4, 4), 2, **o),
    "max padded": lambda **o: draw.pooling(signed(4, 4), 3, 2, 1, **o),
    "max misfit": lambda **o: draw.pooling(signed(5, 5), 2, **o),
    "max ceil": lambda **o: draw.pooling(signed(2, 5, 5), 2, ceil_mode=True, **o),
    "average": lambda **o: draw.pooling(rng.standard_normal((5, 5)), 3, 2, 1, kind="average", **o),
    "average signal": lambda **o: draw.pooling(signed(8), 2, kind="avg", **o),
    "sum": lambda **o: draw.pooling(signed(4, 4), 2, kind="sum", **o),
    "same with a stride": lambda **o: draw.convolution(signed(6, 6), signed(3, 3), stride=2, mode="same", **o),
    "causal": lambda **o: draw.convolution(signed(7), signed(3), mode="causal", **o),
}


@pytest.mark.parametrize("lang", ["en", "de"])
@pytest.mark.parametrize("name", list(PICTURES))
def test_the_picture_is_sound(name: str, lang: str) -> None:
    frames = PICTURES[name](lang=lang)
    check(frames.overview.scene)
    for k in {0, len(frames) // 3, len(frames) - 1}:
        check(frames.scenes[k])
    assert len({(s.width, s.height) for s in frames.scenes}) == 1


def test_a_frame_for_each_window() -> None:
    frames = draw.convolution(signed(5, 5), signed(3, 3))
    assert len(frames) == 9
    assert len(draw.convolution(7, 3, stride=3)) == 5  # four that fit, one that hangs over
    assert frames.captions[4].startswith("window 5 of 9: (5 − 3) / 1 + 1  =  3; ")
    frames = draw.convolution(9, 3, padding=1)
    assert len(frames.svg) < 0.4 * sum(len(frame.svg) for frame in frames)  # what the frames share is written once


def test_the_sum_of_a_window_is_written_out() -> None:
    x, w = np.array([[1.0, 2], [3, 4]]), np.array([[1.0, 0], [-1, 2]])
    found = texts(draw.convolution(x, w).overview.scene)
    assert "1·1 + 2·0" in found
    assert "+ 3·(−1) + 4·2  =  6" in found
    assert "(2 − 2) / 1 + 1  =  1" in found
    assert "max (1, 2, 3, 4)  =  4" in texts(draw.pooling(x, 2).overview.scene)
    assert "(1 + 2 + 3 + 4) / 4  =  2.50" in texts(draw.pooling(x, 2, kind="average").overview.scene)
    summed = texts(draw.pooling(x, 2, kind="sum", lang="de").overview.scene)
    assert "1 + 2 + 3 + 4  =  10" in summed
    assert "Summen-Pooling" in summed


def test_a_signal_has_no_rows() -> None:
    assert "5 positions" in texts(draw.convolution((7,), (3,)).overview.scene)
    assert "5 positions in a row" in texts(draw.convolution(7, 3).overview.scene)
    assert "1 Position" in texts(draw.pooling((2,), 2, lang="de").overview.scene)


def test_a_mode_that_sets_the_size_fits() -> None:
    frames = draw.convolution((8,), (3,), stride=2, mode="causal")
    assert len(frames) == 4  # and none that hangs over: the cure would look ahead
    found = texts(frames.overview.scene)
    assert "(8 − 3 + 2 + 0) / 2 + 1  =  4.5   rounded down to 4" in found
    assert not any("does not fit" in t for t in found)
    check(frames.overview.scene)
    assert len(draw.convolution((8,), (1,), stride=3, mode="same")) == 3
    assert len(draw.convolution((8,), (3,), stride=2)) == 4  # three that fit, one that hangs over


def test_nothing_is_less_than_nothing() -> None:
    assert "0·(−1)  =  0" in texts(draw.convolution([0.0], [-1.0]).overview.scene)  # −0 as the machine counts


def test_uneven_padding_is_no_twice() -> None:
    found = texts(draw.convolution(6, 3, stride=2, mode="same").overview.scene)
    assert any("+ P) / S + 1" in t and "P = 0+1" in t for t in found)
    assert "(6 − 3 + 0 + 1) / 2 + 1  =  3" in found


def test_a_misfit_is_told_with_its_cure() -> None:
    found = texts(draw.convolution(7, 3, stride=3).overview.scene)
    assert "(7 − 3) / 3 + 1  =  2.33   does not fit" in found
    assert "pad with P = 1:  (7 − 3 + 2·1) / 3 + 1 = 3" in found
    assert "window 5 hangs over the edge" in found
    german = texts(draw.convolution(8, 3, stride=2, lang="de").overview.scene)
    assert "(8 − 3) / 2 + 1  =  3,5   passt nicht" in german
    assert "0 davor und 1 danach auffüllen:  (8 − 3 + 0 + 1) / 2 + 1 = 4" in german


# ------------------------------------------------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: draw.convolution(3, 5), ShapeError, r"a window of 5 does not fit an input of 3 with padding 0 \+ 0\. Use padding=1"),
        (lambda: draw.convolution((7, 7), (3,)), ShapeError, r"got an input \(7, 7\) and a kernel \(3,\)"),
        (lambda: draw.convolution(signed(3, 4, 4), signed(2, 2, 2)), ShapeError, "a kernel of 3 channels, as the input has, got 2"),
        (lambda: draw.convolution(7, 3, mode="smae"), ValueError, r"one of valid, same, full, causal, got 'smae'\. Did you mean 'same'"),
        (lambda: draw.convolution(7, 3, mode="same", padding=1), ValueError, "mode='same' sets the padding itself, and padding=1 came too"),
        (lambda: draw.convolution(7, 3, mode="causal"), ValueError, r"mode='causal' is for signals \(L,\)"),
        (lambda: draw.convolution(7, 3, stride=0), ValueError, "stride to be one whole number or 2 of them, each at least 1, got 0"),
        (lambda: draw.convolution(7, 3, padding=(1, 2, 3)), ValueError, "expected padding to be one whole number or 2 of them"),
        (lambda: draw.convolution(7, 3, output_padding=1), ValueError, "output_padding belongs to a transposed convolution"),
        (lambda: draw.convolution(7, 3, transposed=True, mode="full"), ValueError, "mode='full' does not go with transposed=True"),
        (lambda: draw.convolution(2, 3, transposed=True, output_padding=1), ValueError, "output_padding to be smaller than stride"),
        (lambda: draw.convolution(1, 2, transposed=True, padding=1), ShapeError, "padding 1 leaves nothing of the output"),
        (lambda: draw.convolution(28, 3), ValueError, "makes 676 windows over 784 cells; at most 400 windows over 1200 cells"),
        (lambda: draw.convolution("seven", 3), TypeError, "draw.convolution: expected an array or tensor of numbers, got str"),
        (lambda: draw.convolution(7, 3, lang="fr"), ValueError, "expected lang to be 'en' or 'de', got 'fr'"),
        (lambda: draw.pooling(4, 2, kind="maxx"), ValueError, r"kind to be 'max', 'average' or 'sum', got 'maxx'\. Did you mean 'max'"),
        (lambda: draw.pooling(4, 2, padding=2), ShapeError, r"a padding of at most half the window \(1\), got 2"),
        (lambda: draw.pooling(9, 3, padding=2), ShapeError, r"a padding of at most half the window \(1\), got 2"),
        (lambda: draw.pooling(9, 3, padding=3, dilation=2), ShapeError, r"a padding of at most half the window \(2\), got 3"),
        (lambda: draw.pooling(np.zeros((1, 2, 3, 4)), 2), ShapeError, r"expected an input of shape \(S,\), \(H, W\) or \(C, H, W\)"),
    ],
)
def test_wrong_examples_are_refused(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
