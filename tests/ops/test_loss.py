"""Losses: known values, extremes, texts."""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd_cnn as ac

F = ac.nn.functional


def test_cross_entropy_is_nll_of_log_softmax() -> None:
    rng = np.random.default_rng(0)
    for shape, places in (((4, 3), (4,)), ((3,), ()), ((2, 3, 5), (2, 5)), ((2, 3, 2, 2), (2, 2, 2))):
        x = ac.tensor(rng.standard_normal(shape), requires_grad=True)
        t = ac.tensor(rng.integers(0, 3, places))
        w = ac.tensor([0.5, 1.0, 2.0], dtype=ac.float64)
        for how in ("mean", "sum", "none"):
            fused = F.cross_entropy(x, t, w, ignore_index=2, reduction=how)
            apart = F.nll_loss(ac.log_softmax(x, 1 if x.ndim > 1 else 0), t, w, ignore_index=2, reduction=how)
            assert fused.shape == apart.shape
            np.testing.assert_allclose(fused.detach().numpy(), apart.detach().numpy(), rtol=1e-12)
            if how != "mean" or bool((t != 2).any()):
                (a,) = ac.autograd.grad(fused.sum(), x)
                (b,) = ac.autograd.grad(apart.sum(), x)
                np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-10, atol=1e-14)


def test_cross_entropy_of_one_hot_probabilities_is_that_of_indices() -> None:
    x = ac.tensor(np.random.default_rng(1).standard_normal((4, 3)))
    t = ac.tensor([0, 2, 1, 1])
    one_hot = ac.tensor(np.eye(3)[[0, 2, 1, 1]])
    for smoothing in (0.0, 0.3):
        a, b = (F.cross_entropy(x, v, label_smoothing=smoothing).item() for v in (t, one_hot))
        assert a == pytest.approx(b, rel=1e-12)


def test_extremes_stay_finite() -> None:
    x = ac.tensor([[1e4, -1e4]], requires_grad=True)
    loss = F.cross_entropy(x, ac.tensor([1]))
    assert loss.item() == 2e4
    loss.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[1, -1]]
    z = ac.tensor([1e4, -1e4], requires_grad=True)
    y = F.binary_cross_entropy_with_logits(z, ac.tensor([0.0, 1.0]), reduction="sum")
    assert y.item() == 2e4
    y.backward()
    assert z.grad is not None
    assert z.grad.tolist() == [1, -1]
    assert F.binary_cross_entropy(ac.tensor([0.0]), ac.tensor([1.0])).item() == 100
    assert F.softplus(ac.tensor([1e4, -1e4])).tolist() == [1e4, 0]
    assert F.logsigmoid(ac.tensor([-1e4, 1e4])).tolist() == [-1e4, 0]
    assert F.soft_margin_loss(ac.tensor([-1e4]), ac.tensor([1.0])).item() == 1e4


def test_all_ignored() -> None:
    x = ac.zeros(2, 3, requires_grad=True)
    loss = F.cross_entropy(x, ac.tensor([1, 1]), ignore_index=1)
    assert math.isnan(loss.item())
    loss.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0, 0, 0], [0, 0, 0]]
    assert F.cross_entropy(x, ac.tensor([1, 1]), ignore_index=1, reduction="sum").item() == 0


def test_old_arguments() -> None:
    x, t = ac.tensor([1.0, 3.0]), ac.zeros(2)
    with pytest.warns(UserWarning, match="please use reduction='mean' instead"):
        assert F.mse_loss(x, t, size_average=True).item() == 5
    with pytest.warns(UserWarning, match="please use reduction='sum' instead"):
        assert F.mse_loss(x, t, size_average=False).item() == 10
    with pytest.warns(UserWarning, match="please use reduction='none' instead"):
        assert F.mse_loss(x, t, reduce=False).tolist() == [1, 9]


def test_losses_keep_nothing_of_their_own() -> None:
    x, t = ac.randn(3, 4, requires_grad=True), ac.rand(3, 4)
    for loss in (F.mse_loss, F.smooth_l1_loss, F.huber_loss, F.binary_cross_entropy_with_logits, F.soft_margin_loss):
        kept = loss(x, t).node.kept  # type: ignore[union-attr]  # it is recorded
        assert all(k is x.value or k is t.value or not isinstance(k, np.ndarray) for k in kept)
    classes = ac.tensor([0, 1, 2])
    kept = F.cross_entropy(x, classes).node.kept  # type: ignore[union-attr]  # it is recorded
    assert all(k is x.value or k is classes.value or not isinstance(k, np.ndarray) for k in kept)


def test_an_absolute_error_keeps_only_itself() -> None:
    """Input and target may be overwritten before the backward, as in PyTorch."""
    x, t = ac.tensor([1.0, -2.0, 3.0], requires_grad=True), ac.tensor([0.0, 0.0, 5.0])
    y = x * 1
    for reduction, want in (("mean", 1 / 3), ("sum", 1.0)):
        loss = F.l1_loss(y, t, reduction=reduction)
        t.neg_()
        t.neg_()
        loss.backward(retain_graph=True)
        assert x.grad.tolist() == pytest.approx([want, -want, -want])
        x.grad = None
    loss = F.l1_loss(y, t, reduction="none").sum()
    y.zero_()
    t.fill_(9)
    loss.backward()
    assert x.grad.tolist() == [1.0, -1.0, -1.0]


def test_texts() -> None:
    x = ac.zeros(2, 3)
    with pytest.raises(IndexError, match=r"Target 3 is out of bounds: expected a class index in \[0, 2\] or ignore_index \(-100\)"):
        F.cross_entropy(x, ac.tensor([0, 3]))
    with pytest.raises(ValueError, match=r"^Expected input batch_size \(2\) to match target batch_size \(3\) in cross_entropy\.$"):
        F.cross_entropy(x, ac.tensor([0, 1, 2]))
    with pytest.raises(RuntimeError, match=r"nll_loss: expected target to hold class indices \(dtype int64\), got dtype float32"):
        F.nll_loss(x, ac.ones(2))
    with pytest.raises(RuntimeError, match="cross_entropy: expected floating point class probabilities"):
        F.cross_entropy(x, ac.zeros(2, 3, dtype=ac.int64))
    with pytest.raises(RuntimeError, match=r"the derivative for 'weight' of cross_entropy is not implemented.*weight.detach"):
        F.cross_entropy(x, ac.tensor([0, 1]), ac.ones(3, requires_grad=True))
    with pytest.raises(ValueError, match="average is not a valid value for reduction: mse_loss expected 'none', 'mean' or 'sum'"):
        F.mse_loss(x, x, reduction="average")
    with pytest.raises(RuntimeError, match=r"between 0 and 1: .*got values from 0 to 2. Use binary_cross_entropy_with_logits"):
        F.binary_cross_entropy(ac.tensor([0.0, 2.0]), ac.ones(2))
    with pytest.raises(ValueError, match=r"Target size \(torch.Size\(\[3\]\)\) must be the same as input size \(torch.Size\(\[2, 3\]\)\)"):
        F.binary_cross_entropy_with_logits(x, ac.ones(3))
    with pytest.raises(TypeError, match=r"mse_loss\(\): argument 'target' \(position 2\) must be Tensor, not float"):
        F.mse_loss(x, 1.0)
    with pytest.warns(UserWarning, match="different to the input size"):
        F.l1_loss(ac.ones(2, 1), ac.ones(2))
