"""`autograd-cnn run`, as a process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

TRAIN = """
import torch, torch.nn as nn
net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
for _ in range(2):
    loss = nn.functional.cross_entropy(net(torch.randn(3, 1, 4, 4)), torch.tensor([0, 1, 0]))
    loss.backward()
print(f"{loss.item():.6f}")
"""


def run(*args, cwd, code=0):
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-m", "autograd_cnn", "run", *map(str, args)], cwd=cwd, capture_output=True, text=True, env=env)
    assert done.returncode == code, done.stderr
    return done


def test_as_python_would(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "beside.py").write_text("word = 'beside'")
    (tmp_path / "sub" / "p.py").write_text(
        "import sys, beside, __main__\nprint(sys.argv[1:], __name__, beside.word, __main__.__file__, sys.path[0].endswith('sub'))\nsys.exit(3)"
    )
    done = run("sub/p.py", "--seed", "7", "-m", "x", cwd=tmp_path, code=3)
    assert done.stdout.split("\n")[0] == f"['--seed', '7', '-m', 'x'] __main__ beside {tmp_path / 'sub' / 'p.py'} True"


@pytest.mark.slow
def test_a_module(tmp_path):
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("")
    (tmp_path / "pack" / "inner.py").write_text("value = 5")
    (tmp_path / "pack" / "__main__.py").write_text(
        "from .inner import value\nimport sys, torch\nprint(value, sys.argv[1:], torch.ones(1).item())"
    )
    assert run("-m", "pack", "a", cwd=tmp_path).stdout == "5 ['a'] 1.0\n"
    assert "expected a module" in run("-m", "nothing_here", cwd=tmp_path, code=2).stderr


def test_an_error_of_the_program(tmp_path):
    (tmp_path / "p.py").write_text("import torch\nprint('begun')\ntorch.nn.Linaer(1)\n")
    done = run("p.py", cwd=tmp_path, code=1)
    assert done.stdout == "begun\n"
    assert 'File "p.py", line 3' in done.stderr
    assert "torch.nn.Linaer is not available here" in done.stderr
    assert "1 name of PyTorch missing here:\n  torch.nn.Linaer  (first asked for in p.py:3)" in done.stderr
    assert "compat" not in done.stderr.split("Traceback")[1].split("MissingName")[0].replace("autograd_cnn.compat.shim_module", "")


@pytest.mark.parametrize(("owner", "name"), [("torch.ones(1)", "torch.Tensor"), ("torch.nn.Linear(1, 1)", "torch.nn.Module")])
def test_a_missing_method_is_listed(tmp_path, owner, name):
    (tmp_path / "p.py").write_text(f"import torch\n{owner}.entangle()\n")
    done = run("p.py", cwd=tmp_path, code=1)
    assert f"{name}.entangle  (first asked for in p.py:2)" in done.stderr


def test_no_such_program(tmp_path):
    (tmp_path / "train.py").write_text("")
    done = run("trian.py", cwd=tmp_path, code=2)
    assert "there is no such file. Did you mean 'train.py'?" in done.stderr


@pytest.mark.slow
def test_the_seed(tmp_path):
    (tmp_path / "p.py").write_text("import torch, random, numpy\nprint(torch.rand(1).item(), random.random(), numpy.random.rand())")
    first, again = (run("--seed", "5", "p.py", cwd=tmp_path).stdout for _ in range(2))
    assert first == again
    assert first != run("--seed", "6", "p.py", cwd=tmp_path).stdout


@pytest.mark.slow
def test_the_graph_and_the_profile_change_no_number(tmp_path):
    (tmp_path / "p.py").write_text(TRAIN)
    plain = run("--seed", "1", "p.py", cwd=tmp_path)
    done = run("--seed", "1", "--graph", "out/g.svg", "--profile", "p.py", cwd=tmp_path)
    assert done.stdout == plain.stdout
    assert (tmp_path / "out" / "g.svg").read_text().startswith("<svg")
    assert "Sequential.0" in done.stderr
    row = next(line.split() for line in done.stderr.splitlines() if line.startswith("conv "))
    assert row[1] == "2"  # calls


def test_a_graph_of_nothing(tmp_path):
    (tmp_path / "p.py").write_text("import torch\ntorch.ones(1)")
    assert "called no backward()" in run("--graph", "g.svg", "p.py", cwd=tmp_path).stderr


def test_scan(tmp_path):
    (tmp_path / "net.py").write_text("from torch import nn\nclass Net(nn.Modul): pass\n")
    (tmp_path / "p.py").write_text("import torch.nn.functional as F\nfrom net import Net\nF.relu(F.quantum(1))\n")
    done = run("--scan", "p.py", cwd=tmp_path, code=1)
    assert "p.py:3: torch.nn.functional.quantum is not available here" in done.stdout
    assert "torch.nn.Modul is not available here: autograd_cnn has no such name. Did you mean 'Module'?" in done.stdout
    (tmp_path / "q.py").write_text(TRAIN)
    assert "of them here" in run("--scan", "q.py", cwd=tmp_path).stdout


@pytest.mark.parametrize("how", ["python -m", "command"])
def test_both_ways_to_call(tmp_path, how):
    (tmp_path / "p.py").write_text("import torch\nprint(torch.ones(2).sum().item())")
    head = (
        [sys.executable, "-m", "autograd_cnn"]
        if how == "python -m"
        else [sys.executable, "-c", "from autograd_cnn.cli.main import main; main()"]
    )
    assert subprocess.run([*head, "run", "p.py"], cwd=tmp_path, capture_output=True, text=True).stdout == "2.0\n"
