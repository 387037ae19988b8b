"""Attribution against its definitions, in plain loops over a small network computed by NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.errors import GraphError
from autograd_cnn.vision import attribution


def net(inplace: bool = False) -> nn.Sequential:
    ac.manual_seed(0)
    made = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(inplace=inplace), nn.Flatten(), nn.Linear(3 * 4 * 4, 4), nn.Dropout(0.9))
    return made.double()


def by_loops(model: nn.Sequential, x: Any) -> tuple[Any, Any]:
    """(maps of the convolution, scores) of one picture (2, 6, 6), multiplied out."""
    w, b = (np.asarray(p.detach()) for p in (model[0].weight, model[0].bias))
    v, c = (np.asarray(p.detach()) for p in (model[3].weight, model[3].bias))
    maps = np.zeros((3, 4, 4))
    for k in range(3):
        for i in range(4):
            for j in range(4):
                maps[k, i, j] = b[k] + sum(w[k, a, p, q] * x[a, i + p, j + q] for a in range(2) for p in range(3) for q in range(3))
    return maps, v @ np.maximum(maps, 0).reshape(-1) + c


x = np.random.default_rng(0).normal(size=(2, 2, 6, 6))


def test_saliency_is_the_gradient_of_the_score() -> None:
    model = net()
    found = attribution.saliency(model, ac.tensor(x), [3, 1]).numpy()
    h = 1e-6
    for n, target in enumerate((3, 1)):
        for place in ((0, 0, 0), (1, 2, 3), (0, 5, 5), (1, 3, 0)):
            up, down = x[n].copy(), x[n].copy()
            up[place] += h
            down[place] -= h
            slope = (by_loops(model, up)[1][target] - by_loops(model, down)[1][target]) / (2 * h)
            assert found[n][place] == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("target", [2, [0, 3], None])
def test_grad_cam_weighs_maps_by_their_mean_gradient(inplace: bool, target: Any) -> None:
    model = net(inplace)
    small = attribution.grad_cam(model, "0", ac.tensor(x), target, upsample=False).numpy()
    v = np.asarray(model[3].weight.detach()).reshape(4, 3, 4, 4)
    for n in range(2):
        maps, scores = by_loops(model, x[n])
        c = int(np.argmax(scores)) if target is None else target if isinstance(target, int) else target[n]
        expected = np.zeros((4, 4))
        for k in range(3):
            alpha = sum(v[c, k, i, j] * (maps[k, i, j] > 0) for i in range(4) for j in range(4)) / 16
            expected += alpha * maps[k]
        assert small[n] == pytest.approx(np.maximum(expected, 0))
    large = attribution.grad_cam(model, model[0], ac.tensor(x), target)
    assert large.shape == (2, 6, 6)
    again = nn.functional.interpolate(ac.tensor(small)[:, None], size=(6, 6), mode="bilinear")[:, 0]
    assert ac.allclose(large, again)


@pytest.mark.parametrize(("window", "stride", "value"), [(2, 1, 0.0), (3, 2, 0.5), (6, 1, -1.0), (1, 5, 0.0)])
def test_occlusion_is_what_the_score_loses(window: int, stride: int, value: float) -> None:
    model = net()
    found = attribution.occlusion(model, ac.tensor(x), window=window, stride=stride, value=value).numpy()
    side = (6 - window) // stride + 1
    assert found.shape == (2, side, side)
    for n in range(2):
        scores = by_loops(model, x[n])[1]
        c = int(np.argmax(scores))
        for i in range(side):
            for j in range(side):
                covered = x[n].copy()
                for p in range(window):
                    for q in range(window):
                        covered[:, i * stride + p, j * stride + q] = value
                assert found[n, i, j] == pytest.approx(scores[c] - by_loops(model, covered)[1][c])


def test_maximise_finds_a_known_maximum() -> None:
    w = ac.randn(2, 1, 3, 3, dtype=ac.float64)
    start = ac.zeros_like(w)
    found = attribution.maximise(lambda t: (w * t).sum((1, 2, 3)), start, steps=1500, lr=0.02, l2=0.25)
    assert ac.allclose(found, 2 * w, atol=1e-3)  # of w·x − ‖x‖²/4
    assert ac.equal(start, ac.zeros_like(w))
    cut = attribution.maximise(lambda t: (w * t).sum(), start, steps=60, bounds=(-0.5, 1.0))
    assert ac.allclose(cut, ac.where(w > 0, 1.0, -0.5).double(), atol=1e-9)


def test_nothing_is_left_behind() -> None:
    model = net()
    given = ac.tensor(x)
    kept = {k: np.asarray(v).copy() for k, v in model.state_dict().items()}
    with ac.no_grad():  # as one who looks at a trained network has it
        attribution.saliency(model, given)
        attribution.grad_cam(model, "0", given)
        attribution.occlusion(model, given, window=6)
    attribution.maximise(lambda t: model(t)[:, 0], given, steps=2)
    assert all(m.training for m in model.modules())
    assert all(p.grad is None for p in model.parameters())
    assert given.grad is None and np.array_equal(given.numpy(), x)
    assert all(np.array_equal(kept[k], np.asarray(v)) for k, v in model.state_dict().items())
    assert not model[0]._forward_hooks


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.unused = nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 3)

    def forward(self, x: Any) -> Any:
        return self.conv(self.conv(x)).flatten(1)


given = ac.rand(2, 2, 6, 6)
REFUSED: list[tuple[Any, Any, str]] = [
    (lambda: attribution.saliency(nn.Flatten(), x), TypeError, "saliency: expected a tensor of floats"),
    (lambda: attribution.saliency(nn.Flatten(), given.long()), TypeError, "got int64"),
    (lambda: attribution.saliency(nn.Flatten(), given[0]), ValueError, r"got shape \(2, 6, 6\)\. One picture: x\[None\]"),
    (lambda: attribution.saliency(lambda t: t, given), ValueError, r"scores \(N, classes\) for 2 pictures, got shape \(2, 2, 6, 6\)"),
    (lambda: attribution.saliency(nn.Flatten(), given, 72), ValueError, "targets from 0 to 71, got 72 to 72"),
    (lambda: attribution.saliency(nn.Flatten(), given, [0, -1]), ValueError, "got -1 to 0"),
    (lambda: attribution.saliency(nn.Flatten(), given, [0, 1, 2]), ValueError, r"one target or 2, got shape \(3,\)"),
    (lambda: attribution.saliency(nn.Flatten(), given, 0.5), TypeError, "expected target to be a class"),
    (lambda: attribution.saliency(lambda t: t.detach().flatten(1), given), GraphError, "no graph to the pictures"),
    (lambda: attribution.grad_cam(Twice(), "conv", given), ValueError, "gives maps .* once, got 2 calls"),
    (lambda: attribution.grad_cam(Twice(), "unused", given), ValueError, "got 0 calls"),
    (lambda: attribution.grad_cam(Twice(), "nothing", given), AttributeError, "nothing"),
    (lambda: attribution.grad_cam(nn.Sequential(nn.Flatten()), "0", given), ValueError, r"got shape \(2, 72\)"),
    (lambda: attribution.occlusion(nn.Flatten(), given, window=7), ValueError, "1 ≤ window ≤ 6"),
    (lambda: attribution.occlusion(nn.Flatten(), given, stride=0), ValueError, "stride ≥ 1, got window=5, stride=0"),
    (lambda: attribution.maximise(lambda t: t, given), ValueError, "expected a score for each of 2 pictures, got shape"),
    (lambda: attribution.maximise(lambda t: t.detach().sum(), given), GraphError, "maximise: the score has no graph"),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED)
def test_wrong_calls_are_refused(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
