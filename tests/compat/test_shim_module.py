"""`torch` and `torchvision` stand for the library inside `standing()`, and nowhere else."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import autograd_cnn as ac
from autograd_cnn.compat import module_map
from autograd_cnn.compat.finder import standing
from autograd_cnn.compat.shim_module import MISSED, Missing, MissingName


@pytest.fixture
def torch():
    with standing():
        import torch

        yield torch
    MISSED.clear()


def test_the_usual_imports(torch):
    import torch.nn as nn
    import torch.nn.functional as F
    import torch.utils.model_zoo as zoo
    import torchvision.transforms as T
    from torch.autograd import Variable
    from torch.nn.modules.conv import Conv2d
    from torch.nn.modules.utils import _pair
    from torch.optim.optimizer import Optimizer, required
    from torch.utils.data import DataLoader
    from torch.utils.data.sampler import Sampler
    from torchvision.datasets.mnist import MNIST

    assert nn.Conv2d is ac.nn.Conv2d is Conv2d
    assert F.relu is ac.nn.functional.relu
    assert DataLoader is ac.utils.data.DataLoader
    assert T.ToTensor is ac.vision.transforms.ToTensor
    assert MNIST is ac.vision.datasets.MNIST
    assert Optimizer is ac.optim.Optimizer
    assert Sampler is ac.utils.data.Sampler
    assert _pair(3) == (3, 3)
    assert callable(zoo.load_url)
    assert "required" in repr(required)
    x = Variable(torch.ones(2), requires_grad=True)
    assert isinstance(x, Variable)
    assert isinstance(x, torch.Tensor)


def test_devices_are_as_without_cuda(torch):
    assert not torch.cuda.is_available()
    assert torch.cuda.device_count() == 0
    assert not torch.backends.mps.is_available()
    assert torch.accelerator.current_accelerator() is None
    torch.backends.cudnn.benchmark = True
    torch.cuda.manual_seed(1)
    with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
        torch.ones(1).cuda()
    with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
        torch.cuda.synchronize()
    with pytest.raises(TypeError, match=r"torch\.cuda\.FloatTensor not available"):
        torch.cuda.FloatTensor(2)


def test_old_types(torch):
    assert torch.FloatTensor(2, 3).shape == (2, 3)
    assert torch.FloatTensor([1, 2]).dtype == torch.float32
    assert torch.LongTensor([1, 2]).tolist() == [1, 2]
    assert torch.Tensor(2, 2).shape == (2, 2)
    assert torch.Tensor([2]).tolist() == [2.0]
    assert isinstance(torch.zeros(1), torch.FloatTensor)
    assert not isinstance(torch.zeros(1), torch.LongTensor)
    assert torch.arange(2).type(torch.FloatTensor).dtype == torch.float32
    with pytest.raises(TypeError, match="expected a tensor of dtype float32, got int64"):
        torch.FloatTensor(torch.arange(2))
    torch.set_default_tensor_type(torch.DoubleTensor)
    try:
        assert torch.zeros(1).dtype == torch.float64
    finally:
        torch.set_default_tensor_type("torch.FloatTensor")


def test_a_missing_name_at_its_use(torch):
    with pytest.raises(MissingName, match=r"torch\.nn\.Linaer is not available here.*'Linear'"):
        torch.nn.Linaer(1, 2)
    assert not hasattr(torch, "quantize_everything")
    assert "torch.nn.Linaer" in MISSED
    assert "torch.quantize_everything" not in MISSED


def test_a_missing_name_that_is_only_imported(torch):
    from torch.nn import Quantum

    assert type(Quantum) is Missing
    assert not isinstance(1, Quantum)
    with pytest.raises(MissingName, match=r"torch\.nn\.Quantum"):
        Quantum(3)
    with pytest.raises(MissingName, match=r"torch\.nn\.Quantum"):

        class Deeper(Quantum):
            pass


def test_a_missing_module(torch):
    import torch.quantum as quantum

    with pytest.raises(MissingName, match=r"torch\.quantum\.entangle"):
        quantum.entangle()


def test_a_guarded_import_fails_as_usual(torch):
    said = ""
    try:
        from torch.nn import Quantum  # noqa: F401
    except ImportError as error:
        said = str(error)
    assert "torch.nn.Quantum is not available here" in said
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("torch.quantum")
    assert not MISSED


def test_a_module_does_not_hide_a_function(torch):
    from torch.nn.utils.weight_norm import weight_norm

    assert torch.nn.utils.weight_norm is weight_norm


def test_models_by_dictionary(torch):
    import torchvision.models as models

    names = [n for n in models.__dict__ if n.islower() and not n.startswith("__") and callable(models.__dict__[n])]
    assert {"alexnet", "resnet18", "vgg16"} <= set(names)


def test_nothing_leaks():
    with standing():
        import torch

        assert "autograd_cnn" in repr(torch)
    assert not [m for m in sys.modules if m.partition(".")[0] in module_map.ROOTS and "autograd_cnn" in repr(sys.modules[m])]
    code = "import autograd_cnn, sys; import autograd_cnn.vision; print('torch' in sys.modules, len([f for f in sys.meta_path if 'autograd' in repr(f)]))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["False", "0"]


def test_every_module_of_the_table_loads(torch):
    for name in module_map._SOURCES:
        if name != "torch.utils.tensorboard":
            assert dir(importlib.import_module(name)) is not None


def test_mixed_precision_and_compile_are_harmless(torch):
    from torch.cuda.amp import GradScaler, autocast

    model = torch.compile(torch.nn.Linear(2, 1))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    scaler = GradScaler()
    before = model.weight.tolist()
    with pytest.warns(UserWarning, match="no bfloat16 or float16"), autocast(), torch.autocast("cpu", dtype=torch.float16):
        loss = model(torch.ones(1, 2).to(memory_format=torch.channels_last)).sum()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    assert model.weight.tolist() != before
