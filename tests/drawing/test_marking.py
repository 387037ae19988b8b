"""What callbacks say of the parts of a still figure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import draw, nn
from autograd_cnn.drawing import Drawing
from autograd_cnn.drawing.canvas.numbers import Numbers

from .sound import check
from .test_explore import Net


def measures(drawn: Drawing) -> list[str]:
    return [str(g.title) for g in drawn.scene.groups() if g.kind == "measure"]


def ids(drawn: Drawing) -> set[str]:
    return {str(g.id) for g in drawn.scene.groups() if g.kind and (g.kind.startswith("op") or g.kind == "module folded")}


def test_a_predicate_says_what_is_open() -> None:
    net = nn.Sequential(Net(), nn.Sequential(nn.Linear(3, 3), nn.ReLU()))
    drawn = draw(net, (1, 4), open=lambda call: call.path == "1")
    assert ids(drawn) == {"m-0", "m-1-0", "op-1-1-relu"}
    assert ids(draw(net, (1, 4), open=0)) != ids(draw(net, (1, 4), open=2))
    assert ids(draw(net, (1, 4), open=1)) == ids(draw(net, (1, 4), depth=1))
    with pytest.raises(ValueError, match="expected open alone"):
        draw(net, (1, 4), open=1, depth=2)
    with pytest.raises(ValueError, match="of at least 0"):
        draw(net, (1, 4), open=-1)


def test_labels() -> None:
    drawn = draw(Net(), (1, 4), fit=(4000, 4000), label=lambda part: f"layer {part.path}" if part.kind == "Linear" else None)
    assert "layer head" in drawn.svg
    assert "relu" in drawn.svg.lower()


def test_a_bar_and_a_number_on_each_card() -> None:
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    drawn = draw(net, (3, 4), color_by="multiply-adds")
    assert measures(drawn) == ["linear: 96", "linear: 48"]
    bars = [g.items[0].width for g in drawn.scene.groups() if g.kind == "measure"]
    assert bars[0] == pytest.approx(2 * bars[1])
    assert "48 … 96" in drawn.svg
    assert "Multiplikationen" in draw(net, (3, 4), color_by="multiply-adds", lang="de").svg
    check(drawn.scene)


def test_words_and_numbers_of_ones_own() -> None:
    net, x = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)), ac.rand(3, 4)
    said = draw(net, x, color_by=lambda part: "wide" if part.shape == (3, 8) else None)
    assert measures(said) == ["linear: wide", "ReLU: wide"]
    loss = net(x).square().sum()
    drawn = draw(loss, backward=True, color_by="weights' gradient")
    loss.backward()
    first = net[0]
    size = lambda values: float(np.sqrt(sum((v.numpy() ** 2).sum() for v in values)))
    wanted = size([p.grad for p in first.parameters()]) / size([p.detach() for p in first.parameters()])
    assert measures(drawn)[0] == f"linear: {Numbers('en').norm(wanted)}"
    check(drawn.scene)


@pytest.mark.parametrize(("mode", "words"), [("tme", "expected color_by"), ("time", "draw.explore")])
def test_unknown_modes(mode: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        draw(Net(), (1, 4), color_by=mode)
