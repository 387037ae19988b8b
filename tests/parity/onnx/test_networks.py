"""Files that torch's exporter wrote: loaded here they give torch's outputs and gradients, and go on to ONNX Runtime."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac

from ..vision.twin import torchvision

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
tn = torch.nn


class Recurrent(tn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.head = tn.LSTM(5, 7, 2, batch_first=True, bidirectional=True), tn.Linear(14, 3)

    def forward(self, x: Any) -> Any:
        return self.head(self.lstm(x)[0][:, -1])


class UNet(tn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down, self.norm, self.deep = tn.Conv2d(3, 8, 3, padding=1), tn.BatchNorm2d(8), tn.Conv2d(8, 16, 3, padding=1, stride=2)
        self.up, self.head = tn.Conv2d(24, 8, 3, padding=1), tn.Conv2d(8, 2, 1)

    def forward(self, x: Any) -> Any:
        side = torch.relu(self.norm(self.down(x)))
        deep = tn.functional.interpolate(torch.relu(self.deep(side)), scale_factor=2, mode="bilinear", align_corners=False)
        return self.head(torch.relu(self.up(torch.cat([deep, side], 1))))


class Encoder(tn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention, self.before, self.after = tn.MultiheadAttention(16, 4, batch_first=True), tn.LayerNorm(16), tn.LayerNorm(16)
        self.wide, self.narrow = tn.Linear(16, 32), tn.Linear(32, 16)

    def forward(self, x: Any) -> Any:
        x = self.before(x + self.attention(x, x, x)[0])
        return self.after(x + self.narrow(torch.relu(self.wide(x))))


def lenet() -> Any:
    first = [tn.Conv2d(1, 6, 5, padding=2), tn.Tanh(), tn.AvgPool2d(2), tn.Conv2d(6, 16, 5), tn.Tanh(), tn.AvgPool2d(2), tn.Flatten()]
    return tn.Sequential(*first, tn.Linear(400, 120), tn.Tanh(), tn.Linear(120, 84), tn.Tanh(), tn.Linear(84, 10))


NETWORKS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "mlp": (lambda: tn.Sequential(tn.Linear(6, 8), tn.ReLU(), tn.Linear(8, 4), tn.GELU(), tn.Linear(4, 2)), (3, 6)),
    "lenet": (lenet, (2, 1, 28, 28)),
    "resnet18": (lambda: torchvision("models").resnet18(), (2, 3, 64, 64)),
    "lstm": (Recurrent, (2, 6, 5)),
    "unet": (UNet, (2, 3, 16, 16)),
    "transformer": (Encoder, (2, 5, 16)),
}


def written(name: str, varies: bool = False, double: bool = False) -> tuple[Any, Any, bytes]:
    make, shape = NETWORKS[name]
    torch.manual_seed(0)
    net, x, file = make().eval(), torch.randn(shape), io.BytesIO()
    for m in net.modules():  # no two tensors alike: the exporter writes such only once
        if isinstance(m, tn.BatchNorm2d | tn.LayerNorm):
            for v in (*m.parameters(), *(b for b in m.buffers() if b.dtype == torch.float32)):
                v.data = torch.rand_like(v) + 0.5
    net, x = (net.double(), x.double()) if double else (net, x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        axes = {"x": {0: "n"}} if varies else None
        torch.onnx.export(net, (x,), file, dynamo=False, input_names=["x"], dynamic_axes=axes, opset_version=17, do_constant_folding=False)
    return net, x, file.getvalue()


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_of_all_parameters(name: str) -> None:
    net, x, data = written(name, double=True)  # so that no unit of a deep network stands at its kink by rounding
    ours = ac.onnx.load(io.BytesIO(data))
    y, want = ours(ac.tensor(x.numpy())), net(x)
    np.testing.assert_allclose(y.detach().numpy(), want.detach().numpy(), rtol=1e-9, atol=1e-9)
    y.pow(2).sum().backward()
    want.pow(2).sum().backward()
    found, theirs = dict(ours.named_parameters()), dict(net.named_parameters())
    assert found.keys() == theirs.keys()
    for n, p in found.items():
        right = theirs[n].grad.numpy()
        np.testing.assert_allclose(p.grad.numpy(), right, rtol=1e-7, atol=1e-9 * max(1.0, np.abs(right).max()), err_msg=n)


@pytest.mark.parametrize("varies", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_here_and_in_another_runtime(name: str, varies: bool) -> None:
    net, x, data = written(name, varies)
    ours, given = ac.onnx.load(io.BytesIO(data)), ac.tensor(x.numpy())
    with torch.no_grad():
        np.testing.assert_allclose(ours(given).detach().numpy(), net(x).numpy(), rtol=0, atol=1e-5)
        again = ac.onnx.export(ours, given, input_names=["x"], dynamic_axes={"x": {0: "n"}} if varies else None)
        more = torch.cat([x, x.flip(1)]) if varies else x
        session = onnxruntime.InferenceSession(again.SerializeToString(), providers=["CPUExecutionProvider"])
        np.testing.assert_allclose(session.run(None, {"x": more.numpy()})[0], net(more).numpy(), rtol=0, atol=1e-5)
