"""`autograd-cnn export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn.cli.main import main
from autograd_cnn.vision import models

onnx = pytest.importorskip("onnx")


def test_a_network_by_name_and_again(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["export", "lenet5_modern", "--out", "net.onnx"]) == 0
    assert "Written: net.onnx" in capsys.readouterr().out
    made = onnx.load("net.onnx")
    assert made.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    assert main(["export", "net.onnx", "-o", "again.onnx", "--size", "1x1x32x32", "--fixed"]) == 0
    x = ac.randn(1, 1, 32, 32)
    assert (ac.onnx.load("again.onnx")(x) == ac.onnx.load("net.onnx")(x)).all()


def test_with_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    net = models.lenet5_modern().eval()
    ac.save(net.state_dict(), "net.pt")
    assert main(["export", "lenet5_modern", "--weights", "net.pt", "--opset", "17"]) == 0
    x = ac.randn(1, 1, 32, 32)
    assert float((ac.onnx.load("lenet5_modern.onnx")(x) - net(x)).abs().max()) < 1e-6


def test_what_is_no_network(capsys: Any) -> None:
    assert main(["export", "lenet55"]) == 2
    assert "lenet5" in capsys.readouterr().err
