"""Files that PyTorch's exporter writes, read here, and written again."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")


def nets() -> dict[str, Any]:
    nn = torch.nn
    conv = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 5))
    more = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, groups=1), nn.GELU(), nn.GroupNorm(2, 8), nn.ConvTranspose2d(8, 3, 2, stride=2), nn.Hardswish()
    )
    pools = nn.Sequential(
        nn.AvgPool2d(3, 2, 1), nn.PReLU(3), nn.AdaptiveAvgPool2d(2), nn.Upsample(scale_factor=2, mode="bilinear"), nn.Softmax(1)
    )
    linear = nn.Sequential(nn.Flatten(), nn.Linear(192, 6), nn.LayerNorm(6), nn.Tanh(), nn.Linear(6, 2), nn.LogSoftmax(-1))
    return {"conv": conv, "more": more, "pools": pools, "linear": linear}


def written(net: Any, x: Any) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            torch.onnx.export(net, x, file, dynamo=False, input_names=["input"], dynamic_axes={"input": {0: "batch"}}, opset_version=17)
        except Exception as error:
            pytest.skip(f"this PyTorch writes no files: {error}")
    return file.getvalue()


@pytest.mark.parametrize("name", nets())
def test_files_of_pytorch_round_trip(name: str) -> None:
    torch.manual_seed(0)
    net = nets()[name].eval()
    x = torch.randn(2, 3, 8, 8)
    ours = ac.onnx.load(io.BytesIO(written(net, x)))
    for n in (2, 3):
        x = torch.randn(n, 3, 8, 8)
        mine = ac.tensor(x.numpy(), requires_grad=True)
        theirs = x.clone().requires_grad_()
        y, want = ours(mine), net(theirs)
        np.testing.assert_allclose(y.detach().numpy(), want.detach().numpy(), atol=1e-5)
        (y * y).sum().backward()
        (want * want).sum().backward()
        np.testing.assert_allclose(mine.grad.numpy(), theirs.grad.numpy(), rtol=1e-3, atol=1e-5)
    file = onnx.load_from_string(written(net, x)).graph
    assert {t.name for t in file.initializer if t.data_type == 1 and t.dims} <= ours.state_dict().keys()
    again = ac.onnx.load(io.BytesIO(ac.onnx.export(ours, mine, dynamic_axes={"input": [0]}).SerializeToString()))
    np.testing.assert_allclose(again(mine).detach().numpy(), y.detach().numpy(), atol=1e-6)


def test_both_exporters_write_the_same_computation() -> None:
    torch.manual_seed(0)
    theirs = nets()["conv"].eval()
    nn = ac.nn
    ours = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 5)
    ).eval()
    ours.load_state_dict({k: ac.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    x = torch.randn(2, 3, 8, 8)
    file = ac.onnx.load(io.BytesIO(written(theirs, x)))
    mine = ac.onnx.load(io.BytesIO(ac.onnx.export(ours, ac.tensor(x.numpy())).SerializeToString()))
    np.testing.assert_allclose(mine(ac.tensor(x.numpy())).detach().numpy(), file(ac.tensor(x.numpy())).detach().numpy(), atol=1e-5)


def test_the_signature_is_pytorchs() -> None:
    import inspect

    theirs, ours = inspect.signature(torch.onnx.export).parameters, inspect.signature(ac.onnx.export).parameters
    assert list(ours)[:3] == list(theirs)[:3]
    assert all(n in theirs for n in ours), [n for n in ours if n not in theirs]
