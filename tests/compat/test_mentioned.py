"""What programs only mention, and what they would otherwise get in silence."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn.compat.finder import standing
from autograd_cnn.compat.shim_module import MISSED


@pytest.fixture
def torch() -> Any:
    with standing():
        import torch

        yield torch
    MISSED.clear()


def run(folder: Path, text: str, *arguments: str) -> str:
    (folder / "program.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "autograd_cnn", "run", "program.py", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_program_is_compiled_by_its_own_rules_and_knows_where_it_is(tmp_path: Path) -> None:
    said = run(
        tmp_path, "import os, sys\ndef f(x: int): ...\nprint(f.__annotations__['x'] is int, os.path.dirname(__file__), sys.argv)\n", "a"
    )
    assert said == f"True {os.path.realpath(tmp_path)} ['program.py', 'a']\n"


def test_names_of_compilers(torch: Any) -> None:
    assert not isinstance(torch.nn.Linear(1, 1), torch.jit.ScriptModule)
    assert torch.jit.annotate(int, 3) == 3 and torch.jit.Final[bool]
    torch._C._log_api_usage_once("x")
    assert torch.compiler.is_compiling() is False and torch.compiler.disable(len) is len
    assert torch.compiler.disable(recursive=False)(len) is len

    class Own(torch.jit.ScriptModule):  # type: ignore[misc, name-defined]
        fused: torch.jit.Final[bool]

    assert isinstance(Own(), torch.jit.ScriptModule) and isinstance(Own(), torch.nn.Module)


def test_a_layout_is_one(torch: Any) -> None:
    assert torch.ones(2).layout == torch.strided and isinstance(torch.ones(2).layout, torch.layout)
    assert repr(torch.strided) == "torch.strided" and pickle.loads(pickle.dumps(torch.strided)) is torch.strided


def test_a_view_says_so(torch: Any) -> None:
    x = torch.ones(4, requires_grad=True)
    assert (x * 1)._is_view() is False and (x * 1).view(2, 2)._is_view() is True


def test_an_optimizer_around_another(torch: Any) -> None:
    class Around(torch.optim.Optimizer):  # type: ignore[misc, name-defined]
        def __init__(self, inner: Any) -> None:
            self.inner, self.param_groups, self.defaults, self.state = inner, inner.param_groups, inner.defaults, inner.state

        def step(self, closure: Any = None) -> Any:
            return self.inner.step(closure)

    w = torch.ones(1, requires_grad=True)
    w.sum().backward()
    around, seen = Around(torch.optim.SGD([w], lr=1.0)), []
    around.register_step_post_hook(lambda *_: seen.append(1))
    around.step()
    assert w.item() == 0.0 and seen == [1]
    again = pickle.loads(pickle.dumps(torch.optim.SGD([w], lr=1.0)))
    again.register_step_pre_hook(lambda *_: seen.append(2))
    again.step()
    assert seen == [1, 2]


def test_half_precision_on_the_processor_is_said(torch: Any) -> None:
    with pytest.warns(UserWarning, match="no bfloat16 or float16 to compute in"), torch.autocast("cpu", dtype=torch.bfloat16):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
    with torch.autocast("cpu", enabled=False), torch.autocast("cuda"):
        pass


def test_scikit_learn_divides_tensors() -> None:
    selection = pytest.importorskip("sklearn.model_selection")
    train, test = selection.train_test_split(ac.arange(10.0).reshape(5, 2), test_size=2, random_state=0)
    assert isinstance(train, ac.Tensor) and train.shape == (3, 2) and test.shape == (2, 2)


def test_normalising_another_number_of_channels_is_refused() -> None:
    from autograd_cnn.vision.transforms import Normalize

    with pytest.raises(RuntimeError, match="each of the 1 channels, got 3"):
        Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))(ac.zeros(1, 4, 4))
    with pytest.raises(RuntimeError, match="std of one number or of one for each of the 3 channels, got 2"):
        Normalize(0.5, (0.5, 0.5))(ac.zeros(3, 4, 4))
    assert Normalize((0.5,), (0.5,))(ac.ones(3, 4, 4)).unique().tolist() == [1.0]


def test_an_unknown_profile_of_printing_changes_nothing() -> None:
    before = repr(ac.tensor([1 / 3]))
    with pytest.warns(UserWarning, match="'default', 'short' or 'full', got 'long'"):
        ac.set_printoptions(profile="long")
    assert repr(ac.tensor([1 / 3])) == before
