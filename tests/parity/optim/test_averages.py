"""Averaged models, the rates they are trained with, and fused layers, against torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402
from autograd_cnn import nn  # noqa: E402
from autograd_cnn.nn import utils  # noqa: E402
from autograd_cnn.optim import swa_utils  # noqa: E402

theirs = torch.optim.swa_utils


def _net(lib: Any) -> Any:
    (lib if lib is torch else ac).manual_seed(0)
    return lib.nn.Sequential(lib.nn.Conv2d(1, 2, 3), lib.nn.BatchNorm2d(2), lib.nn.Flatten(), lib.nn.Linear(8, 3))


AVERAGES = {
    "plain": lambda m: {},
    "moving": lambda m: {"multi_avg_fn": m.get_ema_multi_avg_fn(0.9)},
    "one by one": lambda m: {"avg_fn": m.get_ema_avg_fn(0.9)},
    "buffers": lambda m: {"use_buffers": True},
}


@pytest.mark.parametrize("how", AVERAGES)
def test_averaged_model(how: str) -> None:
    x = np.random.default_rng(0).standard_normal((5, 4, 1, 4, 4)).astype(np.float32)
    made = []
    for lib, module, tensor in ((ac, swa_utils, ac.tensor), (torch, theirs, torch.tensor)):
        net = _net(lib)
        averaged = module.AveragedModel(net, **AVERAGES[how](module))
        optimizer = lib.optim.SGD(net.parameters(), lr=0.1)
        for batch in x:
            optimizer.zero_grad()
            net(tensor(batch)).square().mean().backward()
            optimizer.step()
            averaged.update_parameters(net)
        module.update_bn([tensor(batch) for batch in x], averaged)
        made.append({k: v.detach().numpy() for k, v in averaged.state_dict().items()})
    assert list(made[0]) == list(made[1])
    for key in made[0]:
        np.testing.assert_allclose(made[0][key], made[1][key], rtol=1e-4, atol=1e-6, err_msg=key)


@pytest.mark.parametrize("options", [{}, {"anneal_strategy": "linear"}, {"anneal_epochs": 3}, {"anneal_epochs": 0}])
def test_swalr(options: dict[str, Any]) -> None:
    rates = []
    for lib, module, zeros in ((ac, swa_utils, ac.zeros), (torch, theirs, torch.zeros)):
        optimizer = lib.optim.SGD([zeros(1, requires_grad=True)], lr=1.0)
        scheduler = module.SWALR(optimizer, swa_lr=0.05, **options)
        rates.append([])
        for _ in range(15):
            optimizer.step()
            scheduler.step()
            rates[-1].append(scheduler.get_last_lr()[0])
    np.testing.assert_allclose(rates[0], rates[1], rtol=1e-9)


def test_refused() -> None:
    optimizer = ac.optim.SGD([ac.zeros(1, requires_grad=True)], lr=1.0)
    with pytest.raises(ValueError, match="one of 'cos' or 'linear'"):
        swa_utils.SWALR(optimizer, 0.1, anneal_strategy="step")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Only one of avg_fn and multi_avg_fn"):
        swa_utils.AveragedModel(nn.Linear(1, 1), avg_fn=swa_utils.get_swa_avg_fn(), multi_avg_fn=swa_utils.get_swa_multi_avg_fn())
    with pytest.raises(ValueError, match="Invalid decay value 2"):
        swa_utils.get_ema_avg_fn(2)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", ["Conv2d", "ConvTranspose2d", "Linear"])
def test_fused(kind: str, bias: bool) -> None:
    layer = (nn.Linear(2, 3, bias=bias) if kind == "Linear" else getattr(nn, kind)(2, 3, 3, bias=bias)).eval()
    norm = (nn.BatchNorm1d if kind == "Linear" else nn.BatchNorm2d)(3).eval()
    for t in (norm.running_mean, norm.running_var, norm.weight, norm.bias):
        with ac.no_grad():
            t.uniform_(0.5, 2)
    x = ac.randn(4, 2) if kind == "Linear" else ac.randn(4, 2, 5, 5)
    fused = utils.fuse_linear_bn_eval(layer, norm) if kind == "Linear" else utils.fuse_conv_bn_eval(layer, norm, kind == "ConvTranspose2d")
    assert ac.allclose(fused(x), norm(layer(x)), atol=1e-5)
    with pytest.raises(RuntimeError, match="Fusion only for eval!"):
        utils.fuse_conv_bn_eval(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1))
