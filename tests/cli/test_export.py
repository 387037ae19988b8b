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


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files that are no networks."""
    monkeypatch.chdir(tmp_path)
    net = models.lenet5()
    ac.save(net.state_dict(), "net.pt")
    ac.save(net, "whole.pt")
    ac.save([1, 2], "list.pt")
    ac.save(ac.ones(2), "tensor.pt")
    (tmp_path / "junk.onnx").write_bytes(b"junk")
    assert main(["export", "lenet5", "-o", "net.onnx"]) == 0
    return tmp_path


WRONG = {
    "unknown model": (["lenet55"], "Did you mean 'lenet5'?"),
    "missing file": (["gone.onnx"], "'gone.onnx'"),
    "junk": (["junk.onnx"], "expected an ONNX file"),
    "weights as the target": (["net.pt"], "net.pt: expected a network", "autograd-cnn export MODEL --weights net.pt"),
    "the file it reads": (["net.onnx"], "--out: expected a name for the file, since net.onnx is the one that is read"),
    "another kind of file": (["lenet5", "-o", "net.pt"], "--out: expected a name that ends in .onnx, got 'net.pt'"),
    "no name": (["lenet5", "-o", ""], "--out: expected a name that ends in .onnx"),
    "missing folder": (["lenet5", "-o", "gone/net.onnx"], "does not exist. Create it first"),
    "other channels": (["lenet5", "--size", "1x3x32x32"], "expected input[1, 3, 32, 32] to have 1 channels"),
    "no batch": (["lenet5", "--size", "32"], "got input of size: [32]"),
    "no size": (["lenet5", "--size", "0x1x32x32"], "--size: expected sizes"),
    "old opset": (["lenet5", "--opset", "12"], "expected opset_version from 13"),
    "weights that are a list": (["lenet5", "--weights", "list.pt"], "--weights list.pt: expected a state dict", "got a list"),
    "weights that are a tensor": (["lenet5", "--weights", "tensor.pt"], "expected a state dict", "got a Tensor"),
    "weights that are a network": (["lenet5", "--weights", "whole.pt"], "--weights whole.pt: Weights only load failed"),
    "weights of another": (["mlp", "--weights", "net.pt"], "size mismatch for fc1.weight"),
    "weights of a function": (["autograd_cnn:relu", "--weights", "net.pt"], "--weights: expected a module to give them to, got 'relu'"),
    "a variable of a model": (["lenet5", "--variable", "x"], "--variable x: expected a script that leaves it, got 'lenet5'"),
    "a variable of a file": (["net.onnx", "--variable", "x", "-o", "b.onnx"], "--variable x: expected a script", "'net.onnx'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_choices(name: str, here: Path, capsys: Any) -> None:
    args, *words = WRONG[name]
    before = {p.name: p.read_bytes() for p in here.iterdir()}
    assert main(["export", *args]) == 2
    err = capsys.readouterr().err
    assert err.startswith("autograd-cnn export: ")
    assert all(w in err for w in words), err
    assert {p.name: p.read_bytes() for p in here.iterdir()} == before, "nothing may be written"
