"""One program text, run under torch and under ours: the same losses, step by step.

Weights, dropout masks and shuffles come from the same random stream, bit for bit; the rest is rounding. (No bias stands before a batch
normalisation: its gradient is rounding alone, and Adam makes steps of any size of it.)
"""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
datasets = pytest.importorskip("sklearn.datasets")

import autograd_cnn as ac  # noqa: E402
import autograd_cnn.optim  # noqa: E402
import autograd_cnn.utils.data  # noqa: E402

STEPS = 50

PROGRAM = '''
import numpy as np
import {lib} as torch
import {lib}.nn as nn
import {lib}.nn.functional as F
import {lib}.optim as optim
from {lib}.utils.data import DataLoader, TensorDataset
{imports}

torch.manual_seed(0)


class LeNet5(nn.Module):
    """Convolution, pooling, convolution, pooling, two fully connected layers; with batch normalisation and dropout."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=4, bias=False), nn.BatchNorm2d(6), nn.{activation}, nn.{pool}(2),
            nn.Conv2d(6, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.{activation}, nn.{pool}(2),
        )
        self.drop = nn.Dropout2d(0.2)
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(16 * 3 * 3, 84), nn.{activation}, nn.Dropout(0.5), nn.Linear(84, 10),
        )

    def forward(self, x):
        return self.classifier(self.drop(self.features(x)))


data = TensorDataset(torch.from_numpy(images), torch.from_numpy(labels))
loader = DataLoader(data, batch_size=32, shuffle=True, drop_last=True)
model = LeNet5()
optimizer = optim.{optimizer}
scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=20, gamma=0.5)
losses, accuracies, seen = [], [], []
model.train()
while len(losses) < steps:
    for x, y in loader:
        optimizer.zero_grad()
        output = model(x)
        loss = F.cross_entropy(output, y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
        accuracies.append((output.argmax(1) == y).float().mean().item())
        seen.append(y.tolist())
        if len(losses) == steps:
            break
model.eval()
with torch.no_grad():
    logits = model(torch.from_numpy(images[:200])).numpy()
weights = {{name: v.detach().numpy() for name, v in model.state_dict().items()}}
'''


def run(lib: str, images: Any, labels: Any, steps: int = STEPS, **choices: str) -> dict[str, Any]:
    """The program as a module of its own."""
    name = f"program_under_{lib}"
    module = types.ModuleType(name)
    module.__dict__.update(images=images, labels=labels, steps=steps)
    sys.modules[name] = module
    text = PROGRAM.format(lib=lib, imports=f"import {lib}.optim.lr_scheduler", **choices)
    try:
        exec(compile(text, f"<{name}>", "exec"), module.__dict__)
    finally:
        del sys.modules[name]
    return module.__dict__


@pytest.fixture(scope="module")
def digits() -> tuple[Any, Any]:
    found = datasets.load_digits()
    return (found.images[:, None] / 16 - 0.3).astype(np.float32), found.target.astype(np.int64)


@pytest.mark.parametrize(
    "choices",
    [
        {"activation": "Tanh()", "pool": "AvgPool2d", "optimizer": "SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)"},
        {
            "activation": "ReLU(inplace=True)",
            "pool": "MaxPool2d",
            "optimizer": "SGD(model.parameters(), lr=0.02, momentum=0.9, nesterov=True)",
        },
        {"activation": "ReLU()", "pool": "MaxPool2d", "optimizer": "Adam(model.parameters(), lr=2e-3)"},
        {"activation": "LeakyReLU(0.1)", "pool": "AvgPool2d", "optimizer": "AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)"},
        {"activation": "GELU()", "pool": "MaxPool2d", "optimizer": "RMSprop(model.parameters(), lr=1e-3)"},
    ],
    ids=lambda c: c["optimizer"].split("(")[0] + " " + c["activation"],
)
def test_the_same_losses(digits: Any, choices: Any) -> None:
    mine, theirs = run("autograd_cnn", *digits, **choices), run("torch", *digits, **choices)
    assert mine["seen"] == theirs["seen"]  # the shuffles
    np.testing.assert_allclose(mine["losses"], theirs["losses"], rtol=0, atol=1e-4)
    assert mine["losses"][0] > 2
    assert np.mean(mine["losses"][-5:]) < mine["losses"][0] - 0.6  # it learns
    np.testing.assert_allclose(mine["accuracies"], theirs["accuracies"], rtol=0, atol=1 / 32)  # one sample on the edge
    np.testing.assert_allclose(mine["logits"], theirs["logits"], rtol=0, atol=1e-3)
    assert list(mine["weights"]) == list(theirs["weights"])
    for name, v in theirs["weights"].items():
        np.testing.assert_allclose(mine["weights"][name], v, rtol=0, atol=1e-3, err_msg=name)


def test_no_draw_is_left_over(digits: Any) -> None:
    """After the program the random streams stand at the same place."""
    choices = {"activation": "Tanh()", "pool": "MaxPool2d", "optimizer": "SGD(model.parameters(), lr=0.01)"}
    run("autograd_cnn", *digits, steps=3, **choices)
    run("torch", *digits, steps=3, **choices)
    np.testing.assert_array_equal(ac.rand(5).numpy(), torch.rand(5).numpy())
