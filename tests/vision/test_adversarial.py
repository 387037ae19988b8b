"""Attacks against their definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.errors import GraphError
from autograd_cnn.vision import adversarial

rng = np.random.default_rng(0)
W = rng.normal(size=(3, 18))


def linear() -> nn.Sequential:
    net = nn.Sequential(nn.Flatten(), nn.Linear(18, 3, bias=False), nn.Dropout(0.9)).double()
    with ac.no_grad():
        net[1].weight.copy_(ac.tensor(W))
    return net


x = rng.uniform(size=(4, 2, 3, 3))
TRUE = [0, 2, 1, 0]


@pytest.mark.parametrize("targeted", [False, True])
def test_fgsm_goes_along_the_sign_of_the_gradient(targeted: bool) -> None:
    found = adversarial.fgsm(linear(), ac.tensor(x), TRUE, 0.1, targeted=targeted).numpy()
    for n in range(4):
        scores = W @ x[n].reshape(-1)
        p = np.exp(scores) / np.exp(scores).sum()
        for k in range(18):
            g = sum((p[c] - (c == TRUE[n])) * W[c, k] for c in range(3))  # ∂E/∂xₖ of softmax and cross entropy
            moved = x[n].reshape(-1)[k] + (-0.1 if targeted else 0.1) * np.sign(g)
            assert found[n].reshape(-1)[k] == pytest.approx(moved)


def test_fgsm_stays_within_its_bounds() -> None:
    free = adversarial.fgsm(linear(), ac.tensor(x), TRUE, 0.5)
    assert ac.equal(adversarial.fgsm(linear(), ac.tensor(x), TRUE, 0.5, bounds=(0, 1)), free.clamp(0, 1))
    assert free.min() < 0 and free.max() > 1
    assert ac.equal(adversarial.fgsm(linear(), ac.tensor(x), 1, 0.0), ac.tensor(x))


def test_a_patch_is_laid_where_it_is_said_to_lie() -> None:
    picture = ac.tensor(rng.normal(size=(3, 2, 5, 6)))
    patch = ac.tensor(rng.normal(size=(2, 2, 3)), requires_grad=True)
    at = [[0, 0], [3, 3], [1, 2]]
    found = adversarial.apply_patch(picture, patch, at)
    expected = picture.numpy().copy()
    for n, (i, j) in enumerate(at):
        for c in range(2):
            for p in range(2):
                for q in range(3):
                    expected[n, c, i + p, j + q] = patch[c, p, q].item()
    assert np.array_equal(found.detach().numpy(), expected)
    g = rng.normal(size=found.shape)
    found.backward(ac.tensor(g))
    assert patch.grad.numpy() == pytest.approx(sum(g[n, :, i : i + 2, j : j + 3] for n, (i, j) in enumerate(at)))
    assert ac.equal(adversarial.apply_patch(picture, patch, (1, 2)), adversarial.apply_patch(picture, patch, [(1, 2)] * 3))


def test_the_best_patch_on_a_linear_model_is_known() -> None:
    """Of two classes, each pixel goes as far as it may towards the class: where its weight is greater, to the upper bound."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(18, 2, bias=False)).double()
    w = net[1].weight.detach().numpy().reshape(2, 2, 3, 3)
    made = adversarial.patch(net, ac.tensor(x), 1, 3, steps=60, bounds=(-1.0, 2.0))
    assert made.numpy() == pytest.approx(np.where(w[1] > w[0], 2.0, -1.0))


def test_a_patch_works_where_it_was_not_trained() -> None:
    ac.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)).double()
    pictures, others = ac.rand(2, 20, 1, 9, 9, dtype=ac.float64)
    grey = ac.full((1, 5, 5), 0.5, dtype=ac.float64)
    made = adversarial.patch(net, pictures, 2, 5, steps=60, generator=ac.Generator().manual_seed(1))
    assert made.shape == (1, 5, 5)
    assert made.min() >= 0 and made.max() <= 1

    def error(p: Any) -> float:
        total = [
            nn.functional.cross_entropy(net(adversarial.apply_patch(others, p, at)), ac.tensor([2] * 20)).item() for at in ((0, 0), (2, 4))
        ]
        return sum(total)

    assert error(made) < error(grey) - 0.01
    again = adversarial.patch(net, pictures, 2, 5, steps=60, generator=ac.Generator().manual_seed(1))
    assert ac.equal(made, again)


def test_nothing_is_left_behind() -> None:
    net, given = linear(), ac.tensor(x)
    with ac.no_grad():
        adversarial.fgsm(net, given, 0, 0.1)
        adversarial.patch(net, given, 0, 2, steps=2)
    assert all(m.training for m in net.modules())
    assert net[1].weight.grad is None
    assert np.array_equal(given.numpy(), x) and given.grad is None


REFUSED: list[tuple[Any, Any, str]] = [
    (lambda: adversarial.fgsm(linear(), ac.tensor(x), 0, -0.1), ValueError, "eps of at least 0, got -0.1"),
    (lambda: adversarial.fgsm(linear(), ac.tensor(x), [0, 1], 0.1), ValueError, "one target or 4"),
    (lambda: adversarial.fgsm(linear(), ac.tensor(x), 3, 0.1), ValueError, "targets from 0 to 2"),
    (lambda: adversarial.fgsm(lambda t: t.detach().flatten(1), ac.tensor(x), 0, 0.1), GraphError, "fgsm: the score has no graph"),
    (lambda: adversarial.apply_patch(ac.tensor(x), ac.ones(1, 2, 2), (0, 0)), ValueError, r"a patch \(C, h, w\), got"),
    (lambda: adversarial.apply_patch(ac.tensor(x), ac.ones(2, 2, 2), (2, 0)), ValueError, "2×2 hangs over pictures of 3×3"),
    (lambda: adversarial.apply_patch(ac.tensor(x), ac.ones(2, 2, 2), (-1, 0)), ValueError, "hangs over"),
    (lambda: adversarial.apply_patch(ac.tensor(x), ac.ones(2, 2, 2), [(0, 0)] * 3), ValueError, r"one place \(row, column\) or 4"),
    (lambda: adversarial.patch(linear(), ac.tensor(x), 0, 4), ValueError, "a size from 1×1 to 3×3, got 4×4"),
    (lambda: adversarial.patch(linear(), ac.tensor(x), 0, 2, bounds=(1, 0)), ValueError, "bounds .* that rise"),
    (lambda: adversarial.patch(linear(), ac.tensor(x), 5, 2), ValueError, "patch: expected targets from 0 to 2"),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED)
def test_wrong_calls_are_refused(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
