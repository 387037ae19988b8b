"""Text widths, inks, the SVG writer, small geometry, the PNG writer, numbers and mathematics as text."""

from __future__ import annotations

import itertools
import math
import struct
import xml.etree.ElementTree as ElementTree
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_cnn.drawing.canvas import captions, geometry, metrics, png, symbols, theme
from autograd_cnn.drawing.canvas import text as words
from autograd_cnn.drawing.canvas.numbers import Numbers
from autograd_cnn.drawing.canvas.scene import Run, Scene, Text, runs_width
from autograd_cnn.drawing.canvas.svg import escape, write

# ------------------------------------------------------------------------------------------------------- metrics
FONTS = Path("/usr/share/fonts/truetype")
FACES = {"sans": "Sans-Regular", "bold": "Sans-Bold", "serif": "Serif-Regular", "italic": "Serif-Italic"}
SAMPLES = (
    "matmul",
    "cross_entropy",
    "64×6×28×28",
    "keeps x, weight",
    "100,480 parameters",
    "−0.20",
    "σ(z)(1−σ(z))",
    "∂ = −1/x²",
    "AVA To fi",
    "‹Größe› äöüß",
    "ÅÆØ",
    "αβγδεθλμπρτφωΔΣΠ",
    "1.2e−4",
    "Σ 0.265",
    "→←↑↓↔ ≤≥≈≠√∞∫",
)


@pytest.mark.parametrize("face", list(FACES))
def test_widths_are_those_of_the_font(face: str) -> None:
    image_font = pytest.importorskip("PIL.ImageFont")
    found = sorted(FONTS.glob(f"liberation*/Liberation{FACES[face]}.ttf"))
    if not found:
        pytest.skip("no Liberation font installed")
    font = image_font.truetype(str(found[0]), 1000, layout_engine=image_font.Layout.BASIC)
    for text in SAMPLES:
        measured = sum(font.getlength(c) for c in text) / 1000 * 12
        known = sum(metrics.known(c) for c in text) == len(text)
        if known:
            assert metrics.text_width(text, 12, face) == pytest.approx(measured, abs=0.012 * len(text)), text


def test_unknown_characters_are_taken_for_wide_ones() -> None:
    assert metrics.text_width("漢字", 10) > 20
    assert metrics.text_width("🎉", 10) > 12
    assert metrics.text_width("e\u0301", 10) == metrics.text_width("e", 10)
    assert metrics.text_width("mono", 10, "mono") == pytest.approx(24)


@given(st.text(max_size=40), st.floats(0, 300))
def test_shortened_text_fits(text: str, room: float) -> None:
    short = metrics.shorten(text, room, 12)
    assert short == text or short.endswith("…")
    assert short in (text, "…") or metrics.text_width(short, 12) <= room


# ------------------------------------------------------------------------------------------------------- theme
@pytest.mark.parametrize("name", ["light", "dark", "print"])
def test_every_ink_is_readable_on_its_papers(name: str) -> None:
    for paper, inks in theme.ON.items():
        for ink in inks:
            ratio = theme.contrast(theme.colour(ink, name), theme.colour(paper, name))
            assert ratio >= 4.5, f"{ink} on {paper} in {name}: {ratio:.2f}"


@pytest.mark.parametrize("name", ["light", "dark", "print"])
def test_every_family_s_strip_can_be_seen(name: str) -> None:
    for role in set(theme.FAMILIES.values()) - {"hair"} | {theme.family_role("a family of one's own")}:
        assert theme.contrast(theme.colour(role, name), theme.colour("card", name)) >= 2.9, role


def test_ramps_change_evenly() -> None:
    """The sequential ramp darkens all the way; the diverging one is white in the middle and equally dark at both ends."""
    light = [theme.contrast(c, "#000000") for c in theme.SEQUENTIAL]
    assert all(a >= b - 0.02 for a, b in itertools.pairwise(light))
    assert theme.contrast(theme.DIVERGING[127], "#ffffff") < 1.03
    ends = [theme.contrast(theme.DIVERGING[i], "#ffffff") for i in (0, 255)]
    assert ends[0] == pytest.approx(ends[1], rel=0.25)


def test_an_unknown_theme_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected theme to be one of auto, light, dark, print, got 'drak'\. Did you mean 'dark'"):
        theme.check_theme("drak")


# ------------------------------------------------------------------------------------------------------- svg
def test_any_text_gives_valid_xml() -> None:
    scene = Scene(title='a <b> & "c" \x00\x0b', name="x", width=10, height=10, desc="]]> \ud800")
    scene.text(0, 0, "<&>\x07 \x1f '\"")
    scene.group("id<", "k&", "t>")
    root = ElementTree.fromstring(write(scene))
    assert root[0].text == 'a <b> & "c" \ufffd\ufffd'
    assert escape('<a href="x">&') == "&lt;a href=&quot;x&quot;&gt;&amp;"


def test_spaces_between_runs_survive() -> None:
    scene = Scene(title="t", name="x", width=10, height=10)
    scene.text(0, 0, [Run("loss", "bold"), Run("   "), Run("3.1", ink="forward")])
    scene.text(0, 0, "a  b")
    source = write(scene)
    assert source.count('xml:space="preserve"') == 2


def test_coordinates_have_two_decimals_at_most() -> None:
    scene = Scene(title="t", name="x", width=10, height=10)
    scene.rect(1 / 3, 2.005, 1e-9, -0.0001, fill="card")
    import re

    assert not re.search(r"\d\.\d{3}", write(scene, "light"))
    assert '"-0"' not in write(scene, "light")


def test_subscripts_return_to_the_base_line() -> None:
    scene = Scene(title="t", name="x", width=10, height=10)
    scene.text(0, 0, words.mathematics("w_0x"), 10)
    shifts = [float(s.get("dy") or 0) for s in ElementTree.fromstring(write(scene)).iter() if s.tag.endswith("tspan")]
    assert sum(shifts) == pytest.approx(0, abs=0.02)
    assert max(shifts) > 1


def test_text_boxes_follow_the_anchor() -> None:
    run = (Run("width"),)
    w = runs_width(run, 10)
    lefts = [Text(100, 0, run, 10, anchor).box()[0] for anchor in ("start", "middle", "end")]
    assert lefts == pytest.approx([100, 100 - w / 2, 100 - w])


# ------------------------------------------------------------------------------------------------------- geometry
gaps_and_wishes = st.lists(st.tuples(st.floats(-100, 100), st.floats(0, 30), st.floats(0.1, 10)), min_size=1, max_size=12)


@given(gaps_and_wishes)
def test_spread_keeps_order_and_gaps(items: list[tuple[float, float, float]]) -> None:
    wishes, gaps, weights = [i[0] for i in items], [i[1] for i in items][1:], [i[2] for i in items]
    placed = geometry.spread(wishes, gaps, weights)
    assert all(b - a >= g - 1e-6 for a, b, g in zip(placed, placed[1:], gaps, strict=False))


@given(gaps_and_wishes, st.integers(0, 11), st.floats(-3, 3))
def test_spread_is_the_least_squares_solution(items: list[tuple[float, float, float]], which: int, by: float) -> None:
    """No single allowed move makes it better."""
    wishes, gaps, weights = [i[0] for i in items], [i[1] for i in items][1:], [i[2] for i in items]

    def cost(xs: list[float]) -> float:
        return sum(w * (x - wish) ** 2 for x, wish, w in zip(xs, wishes, weights, strict=True))

    best = geometry.spread(wishes, gaps, weights)
    moved = list(best)
    moved[which % len(moved)] += by
    if all(b - a >= g for a, b, g in zip(moved, moved[1:], gaps, strict=False)):
        assert cost(best) <= cost(moved) + 1e-6


def test_parallel_and_ribbon() -> None:
    down = [(0.0, 0.0), (0.0, 10.0), (0.0, 20.0)]
    assert [x for x, _ in geometry.parallel(down, 3)] == pytest.approx([-3, -3, -3])
    outline = geometry.ribbon(down, 2, 6, 4)
    assert max(y for _, y in outline) == 20  # the tip
    assert {round(x) for x, _ in outline} == {-4, -1, 0, 1, 4}


def test_an_elbow_arrives() -> None:
    track = geometry.Track((0.0, 0.0))
    track.elbow((80.0, 60.0), 30.0, 10.0)
    assert track.end == (80.0, 60.0)
    assert all(0 <= y <= 60 for _, y in track.points)
    (_, y), direction = geometry.at_length(track.points, 0.5)
    assert (y, direction[0]) == pytest.approx((30, 1))


def test_space_finds_what_is_taken() -> None:
    space = geometry.Space()
    space.take((0, 0, 500, 10))
    assert space.hits((400, 5, 10, 10)) == 1
    assert space.hits((400, 15, 10, 10)) == 0
    assert space.hits((400, 15, 10, 10), margin=6) == 1


# ------------------------------------------------------------------------------------------------------- png
def test_png_can_be_read() -> None:
    pillow = pytest.importorskip("PIL.Image")
    import io

    a = np.array([[0.0, 1.0, math.nan], [0.5, 2.0, -1.0]])
    image = pillow.open(io.BytesIO(png.paint(a, 0.0, 1.0, theme.GREY))).convert("RGB")
    assert image.size == (3, 2)
    assert image.getpixel((0, 0)) == (255, 255, 255)
    assert image.getpixel((1, 0)) == image.getpixel((1, 1)) == (0x16, 0x19, 0x1D)
    assert image.getpixel((2, 0)) == (0x9A, 0x9A, 0x9A)
    rgb = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert (np.asarray(pillow.open(io.BytesIO(png.write_png(rgb)))) == rgb).all()


def test_png_chunks_are_whole() -> None:
    data = png.write_png(np.zeros((200, 200), np.uint8), ["#000000"])
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, kinds = 8, []
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        kinds.append(data[at + 4 : at + 8])
        assert struct.unpack(">I", data[at + 8 + size : at + 12 + size])[0] == zlib.crc32(data[at + 4 : at + 8 + size])
        at += 12 + size
    assert kinds == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    assert len(data) < 1000


# ------------------------------------------------------------------------------------------------------- words
@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.00"),
        (-0.004, "−4.0e−3"),
        (0.005, "0.01"),
        (999.994, "999.99"),
        (1234.5, "1234.50"),
        (3.1e7, "3.10e7"),
        (math.nan, "NaN"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
    ],
)
def test_numbers_on_wires(number: float, text: str) -> None:
    assert Numbers("en").value(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0.0, "0"), (1.0, "1.000"), (12.345, "12.3"), (4321.0, "4321"), (2e-8, "2.0e−8"), (3e9, "3.0e9")]
)
def test_norms(number: float, text: str) -> None:
    assert Numbers("en").norm(number) == text


def test_mathematics_reads_superscripts_of_unicode() -> None:
    runs = words.mathematics("∂ = eˣ")
    assert [(r.text, r.rise > 0) for r in runs][-2:] == [("e", False), ("x", True)]
    assert words.mathematics("sin x")[0].face == "serif"
    assert words.mathematics("xⁿ⁻¹")[1].text == "n"
    assert [(r.text, r.face) for r in words.mathematics("x̂")] == [("x̂", "italic")]  # the hat on its letter
    assert words.mathematics("Σ x")[0].face == "serif"


def test_captions_exist_in_both_languages() -> None:
    for key, pair in captions.CAPTIONS.items():
        assert len(pair) == 2
        assert pair[0].count("{}") == pair[1].count("{}"), key
    tables = (captions.graphs.CAPTIONS, captions.steps.CAPTIONS, captions.shared.CAPTIONS)
    assert len({key for table in tables for key in table}) == sum(len(table) for table in tables), "a key stands in two tables"
    with pytest.raises(ValueError, match="expected lang to be 'en' or 'de', got 'fr'"):
        words.Words("fr")


def test_a_word_is_declared_with_one_meaning() -> None:
    before = dict(captions.CAPTIONS)
    captions.declare({"epoch": ("epoch", "Epoche"), "train": ("train", "Training")})  # as they are
    for table, message in (
        ({"epoch": ("epoch", "Durchgang")}, r"'epoch' is \('epoch', 'Epoche'\) already, got \('epoch', 'Durchgang'\)"),
        ({"epoch": ("epochs", "Epoche")}, "'epoch' is .* already"),
        ({"pass": ("epoch", "Durchgang")}, "'epoch' is 'Epoche' in German under 'epoch', got 'Durchgang' under 'pass'"),
        ({"new": ("new", "neu"), "epoch": ("e", "E")}, "'epoch' is"),
    ):
        with pytest.raises(ValueError, match=message):
            captions.declare(table)
        assert before == captions.CAPTIONS


def test_lane_scale_orders_norms() -> None:
    scale = symbols.LaneScale.of([0.01, 1.0, 100.0, 0.0, math.nan])
    assert scale.width(100) > scale.width(1) > scale.width(0.01) >= 1.1
    assert scale.width(100) == pytest.approx(6.5)
    same = symbols.LaneScale.of([1.0, 1.1])
    assert same.width(1.1) - same.width(1.0) < 1  # nearly equal norms look nearly equal
    assert symbols.LaneScale.of([]).samples() == sorted(symbols.LaneScale.of([]).samples())
