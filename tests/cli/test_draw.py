"""`autograd-cnn draw`: what a target means, each kind of figure, and what is refused."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from autograd_cnn.cli.main import main

SCRIPT = """
import sys
import autograd_cnn as ac
assert sys.argv == [__file__.rpartition("/")[2]] and len(sys.argv) == 1
w, x = ac.Scalar(2.0, "w"), ac.Scalar(-1.0, "x")
z = w * x
loss = z.tanh()
net = ac.nn.Linear(2, 1)
"""
MODULE = """
from autograd_cnn import nn
class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.conv = nn.Conv2d(1, width, 3)
    def forward(self, x):
        return self.conv(x).relu()
class Sized(Net):
    def __init__(self, width):
        super().__init__(width)
def small():
    return Net(2)
def double(x):
    return x * 2
net = Net()
class Nest:
    inner = net
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "step.py").write_text(SCRIPT)
    (tmp_path / "drawn_here.py").write_text(MODULE)
    return tmp_path


def titles(path: Path) -> list[str]:
    return [t.text or "" for t in ElementTree.parse(path).iter() if t.tag.endswith("title")]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["lenet5"], "lenet5"),
        (["LeNet5", "--kind", "volumes"], "lenet5"),
        (["lenet5", "--kind", "volumes", "--title", "LeNet-5", "--lang", "de", "--theme", "dark"], "LeNet-5"),
        (["lenet5", "--kind", "receptive-field", "--unit", "1,2", "--layer", "pool2"], "What one unit can see"),
        (["lenet5", "--kind", "filters"], "lenet5"),
        (["lenet5", "--kind", "activations"], "lenet5"),
        (["lenet5", "--kind", "saliency", "--seed", "3"], "What the score depends on"),
        (["lenet5", "--backward", "--depth", "1"], "lenet5"),
        (["cifar_resnet20", "--focus", "layer2.1", "--kind", "volumes"], "cifar_resnet20"),
        (["mlp", "--kind", "network"], "mlp"),
        (["mlp", "--kind", "network", "--size", "1x1024"], "mlp"),
        (["text_cnn", "--kind", "volumes"], "text_cnn"),
        (["step.py", "--backward"], "Computational graph"),
        (["step.py", "--variable", "z"], "Computational graph"),
        (["step.py", "--variable", "net", "--size", "3,2"], "Linear"),
        (["step.py", "--kind", "steps", "--backward"], "Forward and backward, step by step"),
        (["drawn_here:net", "--size", "1x1x8x8"], "Net"),
        (["drawn_here:net", "--size", "1x1x4x4", "--kind", "expand", "--op", "conv2d", "--wrt", "O111"], "conv2d, entry by entry"),
        (["step.py", "--kind", "expand"], "entry by entry"),
        (["drawn_here:Nest.inner", "--kind", "volumes"], "Net"),
        (["drawn_here:Net", "--kind", "volumes"], "Net"),
        (["drawn_here:small", "--kind", "volumes"], "Net"),
        (["drawn_here:double", "--size", "2x3"], "function"),
    ],
)
def test_targets_and_kinds(args: list[str], told: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", *args, "-o", "out.svg"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Written: out.svg   <")
    assert told in titles(folder / "out.svg")[0]


def test_without_a_name_the_picture_bears_the_targets(folder: Path) -> None:
    assert main(["draw", "mlp", "--kind", "network"]) == 0
    assert (folder / "mlp.svg").exists()


def test_steps_make_pages_and_folders(folder: Path) -> None:
    assert main(["draw", "step.py", "--kind", "steps", "-o", "steps.html"]) == 0
    assert main(["draw", "step.py", "--kind", "steps", "-o", "frames/"]) == 0
    assert "<script" in (folder / "steps.html").read_text("utf-8")
    assert len(list((folder / "frames").glob("*.svg"))) == 3


def test_the_same_seed_gives_the_same_picture(folder: Path) -> None:
    for name in ("a", "b"):
        main(["draw", "lenet5", "--kind", "activations", "-o", f"{name}.svg"])
    main(["draw", "lenet5", "--kind", "activations", "--seed", "1", "-o", "c.svg"])
    a, b, c = ((folder / f"{n}.svg").read_bytes() for n in "abc")
    assert a == b != c


WRONG = {
    "unknown model": (["lenet"], "expected a model of vision.models, MODULE:OBJECT or SCRIPT.py, got 'lenet'. Did you mean 'lenet5'?"),
    "a folder": (["."], "expected a Python script (a name that ends in .py), got the folder '.'"),
    "missing script": (["stpe.py"], "there is no script 'stpe.py'. Did you mean 'step.py'?"),
    "missing module": (["nowhere_to_be_found:net"], "expected a module to import before the colon, got 'nowhere_to_be_found'"),
    "missing object": (["drawn_here:nett"], "'drawn_here' has no 'nett'. Did you mean 'net'?"),
    "class with arguments": (["drawn_here:Sized"], "the class drawn_here:Sized needs arguments"),
    "missing variable": (["step.py", "--variable", "los"], "leaves no 'los'. Did you mean 'loss'?"),
    "failing script": (["broken.py"], "the script broken.py stopped in line 2: ZeroDivisionError: division by zero"),
    "ending script": (["ended.py"], "the script ended.py ended itself (3) before it left anything to draw"),
    "empty script": (["empty.py"], "leaves no recorded tensor, no graph and no model"),
    "unknown kind": (["lenet5", "--kind", "volume"], "--kind: expected one of graph, volumes,", "Did you mean 'volumes'?"),
    "unknown theme": (
        ["lenet5", "--theme", "drak"],
        "expected theme to be one of auto, light, dark, print, got 'drak'. Did you mean 'dark'",
    ),
    "unknown language": (["lenet5", "--lang", "fr"], "expected lang to be 'en' or 'de', got 'fr'"),
    "unknown suffix": (["lenet5", "-o", "x.svgg"], "expected a path ending in .svg", "got '.svgg'. Did you mean '.svg'"),
    "no sizes": (["lenet5", "--size", "1x1xH"], "--size: expected sizes such as 1x3x224x224, got '1x1xH'"),
    "no size fits": (["drawn_here:double"], "no input fits 'double' by itself. Say its size, with the batch: --size"),
    "option of another kind": (["lenet5", "--unit", "3"], "--unit belongs to --kind receptive-field; it does nothing for graph"),
    "no place": (["lenet5", "--kind", "receptive-field", "--unit", "a"], "--unit: expected a place such as 5 or 3,4, got 'a'"),
    "a value is no model": (["step.py", "--kind", "volumes"], "--kind volumes draws models; 'loss' is a Scalar. Draw it with --kind graph"),
    "no convolution": (["mlp", "--kind", "filters"], "--kind filters draws the kernels of convolutions; 'mlp' has none"),
    "no perceptron": (["lenet5", "--kind", "network"], "expected a perceptron"),
    "missing folder": (["mlp", "--kind", "network", "-o", "no/where.svg"], "the folder 'no' does not exist"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_targets(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "broken.py").write_text("x = 1\nx / 0\n")
    (folder / "ended.py").write_text("raise SystemExit(3)\n")
    (folder / "empty.py").write_text("x = 1\n")
    args, *told = WRONG[name]
    assert main(["draw", *args]) == 2
    err = capsys.readouterr().err
    assert err.startswith("autograd-cnn draw: ")
    assert "Traceback" not in err
    assert all(t in err for t in told), err
    assert not list(folder.glob("*.svg"))


def test_a_model_that_fails_is_drawn_as_far_as_it_came(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", "lenet5", "--size", "1x3x32x32"]) == 2
    told = capsys.readouterr()
    assert told.out.startswith("Written: lenet5.svg") and "failed: ShapeError" in told.out
    assert told.err.startswith("autograd-cnn draw: 'lenet5' is drawn as far as it came. ")
    assert "to have 1 channels, but got 3 channels" in told.err and "Traceback" not in told.err
    assert "to have 1 channels" in (folder / "lenet5.svg").read_text("utf-8")
