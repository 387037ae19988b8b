"""Values that wait for the operation that follows: whoever looks sees what would have been there at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.kernels import waiting
from autograd_cnn.kernels.onednn import conv, library

pytestmark = pytest.mark.skipif(library.library() is None, reason=library.reason())
F = nn.functional


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    waiting.STATE.vain.clear()
    with ac.use_backend("onednn"):
        yield


class Calls(nn.Module):
    """A module that calls others by a function of its own."""

    def __init__(self, run: Callable[[Any, Any], Any], **parts: nn.Module) -> None:
        super().__init__()
        self.run = run
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, x: Any) -> Any:
        return self.run(self, x)


def calls(run: Callable[[Any, Any], Any], training: bool = False) -> Calls:
    ac.manual_seed(0)
    made = Calls(run, conv=nn.Conv2d(3, 16, 3, padding=1), norm=nn.BatchNorm2d(16), other=nn.Conv2d(16, 16, 3, padding=1, bias=False))
    norm: Any = made.norm
    norm.running_mean.uniform_(-1, 1)
    norm.running_var.uniform_(0.5, 2)
    return made.train(training)


def images() -> Any:
    return ac.tensor(np.random.default_rng(0).standard_normal((4, 3, 24, 24), dtype=np.float32))


def like_numpy(run: Callable[[Any, Any], Any], record: bool = False, training: bool = False) -> None:
    found = []
    for backend in ("onednn", "numpy"):
        with ac.use_backend(backend):
            model = calls(run, training)
            for _ in range(3):
                model.zero_grad()
                with ac.set_grad_enabled(record):
                    y = model(images())
                if record:
                    y.square().mean().backward()
            found.append([y.detach().numpy(), *(p.grad.numpy() for p in model.parameters() if p.grad is not None)])
    for fast, plain in zip(*found, strict=True):
        np.testing.assert_allclose(fast, plain, rtol=1e-4, atol=2e-5 * max(1e-2, float(np.abs(plain).max())))


RUNS: dict[str, Callable[[Any, Any], Any]] = {
    "conv, relu": lambda m, x: F.relu(m.conv(x)),
    "conv, relu in place": lambda m, x: m.conv(x).relu_(),
    "conv, norm": lambda m, x: m.norm(m.conv(x)),
    "conv, norm, relu": lambda m, x: F.relu(m.norm(m.conv(x))),
    "conv, norm, relu in place": lambda m, x: F.relu(m.norm(m.conv(x)), inplace=True),
    "residual": lambda m, x: F.relu(m.norm(m.other(F.relu(h := m.conv(x)))) + h),
    "residual in place": lambda m, x: F.relu(m.norm(m.other(h := F.relu(m.conv(x), inplace=True))) + h, inplace=True),
    "a sum": lambda m, x: F.relu(m.other(h := m.conv(x)) + h),
    "twice": lambda m, x: (h := m.conv(x)) * 2 + F.relu(h),
    "relu, then the value": lambda m, x: [h := m.conv(x), F.relu(h) + h][1],
    "two relus": lambda m, x: [h := m.conv(x), F.relu(h) - F.relu(-h)][1],
    "max pooling": lambda m, x: F.max_pool2d(F.relu(m.conv(x)), 3, 2),
    "leaky": lambda m, x: F.leaky_relu(m.norm(m.conv(x)), 0.1),
    "the input written to": lambda m, x: [x := x.clone(), h := m.conv(x), x.mul_(0.0), F.relu(h)][3],
    "written to": lambda m, x: [h := m.conv(x), h.mul_(2.0), F.relu(h)][2],
    "a slice written to": lambda m, x: [h := m.conv(x), h.__setitem__((0, 0), 1.0), F.relu(h)][2],
    "a number for each channel": lambda m, x: F.relu(m.conv(x) + m.norm.bias.view(-1, 1, 1)) * m.norm.weight.view(1, -1, 1, 1),
    "transposed": lambda m, x: F.relu(F.conv_transpose2d(m.conv(x), m.other.weight, m.norm.running_mean, 2), inplace=True),
    "nothing follows": lambda m, x: m.conv(x),
}  # fmt: skip


@pytest.mark.parametrize("record", [False, True])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", RUNS)
def test_the_same_as_at_once(name: str, record: bool, training: bool) -> None:
    if record and name == "the input written to":
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            like_numpy(RUNS[name], record, training)
    else:
        like_numpy(RUNS[name], record, training)


def test_what_stands_between_is_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    chains = []
    run = conv._Convolution._run

    def note(self: Any, ready: Any, then: Any, y: Any) -> None:
        chains.append([what for what, _ in then])
        run(self, ready, then, y)

    monkeypatch.setattr(conv._Convolution, "_run", note)
    model = calls(RUNS["residual in place"])
    with ac.no_grad():
        for _ in range(3):
            model(images())
    assert chains == [["relu"], ["times", "plus", "plus", "relu"]] * 3


def test_a_value_that_is_kept_is_the_value_of_its_time() -> None:
    def run(m: Any, x: Any) -> Any:
        m.kept = m.conv(x)
        return F.relu(m.kept)

    model = calls(run)
    y = model(images())
    with ac.no_grad():
        for p in model.parameters():
            p.zero_()
    kept = model.kept.detach().numpy()
    assert kept.min() < 0
    np.testing.assert_array_equal(np.maximum(kept, 0), y.detach().numpy())


def test_it_does_not_wait_where_that_was_in_vain() -> None:
    def run(m: Any, x: Any) -> Any:
        h = m.conv(x)
        y = F.relu(h)
        return m.other(y) + h

    model = calls(run)
    with ac.no_grad():
        for _ in range(4):
            model(images())
    assert max(waiting.STATE.vain.values()) == 2


def test_hooks_see_values() -> None:
    model = calls(RUNS["conv, norm, relu"])
    seen: dict[str, Any] = {}
    for name in ("conv", "norm"):
        getattr(model, name).register_forward_hook(lambda module, inputs, output, name=name: seen.__setitem__(name, output.detach().numpy().copy()))
    with ac.no_grad():
        y = model(images())
    np.testing.assert_array_equal(np.maximum(seen["norm"], 0), y.numpy())
    assert seen["conv"].std() > 0.1


def test_not_a_number_stays_one() -> None:
    x = images()
    x[0, 0, 5, 5] = float("nan")
    model = calls(RUNS["conv, relu"])
    with ac.no_grad():
        y = model(x).numpy()
        assert np.isnan(y[0, :, 5, 5]).all() and not np.isnan(y[1:]).any()
        model.conv.weight[0, 0, 0, 0] = float("inf")
        assert np.isnan(model(images() * 0).numpy()[:, 0]).any()
        model.conv.weight.fill_(1e30)
        assert np.isinf(model(images().abs() * 1e30).numpy()).any()


def test_outside_of_modules_nothing_waits() -> None:
    x, w = images(), ac.randn(4, 3, 3, 3)
    F.conv2d(x, w)
    assert not waiting.STATE.waiting
    nn.Conv2d(3, 8, 3)(x)
    assert not waiting.STATE.waiting
    calls(RUNS["nothing follows"])(x)
    assert not waiting.STATE.waiting


def test_after_an_error_what_waits_is_computed() -> None:
    def run(m: Any, x: Any) -> Any:
        m.kept = m.conv(x)
        raise ValueError("in the middle")

    model = calls(run)
    with pytest.raises(ValueError, match="in the middle"):
        model(images())
    np.testing.assert_allclose(model.kept.detach().numpy(), model.conv(images()).detach().numpy(), rtol=1e-6)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", [n for n in RUNS if "written" not in n])
def test_the_same_bits_each_time(name: str, training: bool) -> None:
    """Whether a value waits depends on what happened before; the numbers must not."""
    model = calls(RUNS[name], training)
    found = []
    for _ in range(5):
        model.zero_grad()
        y = model(images())
        y.square().mean().backward()
        with ac.no_grad():
            quiet = model(images())
        found.append([y.detach().numpy(), quiet.numpy(), *(p.grad.numpy().copy() for p in model.parameters() if p.grad is not None)])
    for again in found[1:]:
        for a, b in zip(again, found[0], strict=True):
            np.testing.assert_array_equal(a, b)
    with ac.no_grad():
        np.testing.assert_array_equal(Calls.forward(model, images()).numpy(), found[0][1])  # at once, outside of a module
