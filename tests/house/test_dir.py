"""What a prompt completes: public names only. And what it says of PyTorch's names that are not here."""

from __future__ import annotations

import importlib
import inspect

import pytest

import autograd_cnn as ac
from autograd_cnn import draw, nn
from autograd_cnn.engine.variable import Variable
from docs.reference import entries
from docs.reference.pages import pages

from . import public

# PyTorch's places for names that stand in `nn`, and files that are modules of their own: their `dir()` is what Python makes of it.
PLAIN = {
    "distributed.algorithms.ddp_comm_hooks.default_hooks",
    "distributed.algorithms.ddp_comm_hooks.powerSGD_hook",
    "nn.modules",
    "nn.modules.utils",
    "optim.optimizer",
    "serialization.safetensors.numpy",
    "utils.data.distributed",
    "vision.datasets.utils",
    "vision.models.feature_extraction",
}
MODULES = [*(name for name in public.MODULES if name not in PLAIN), "summaries"]
ROOMS = {module for *_, module in entries.ROOMS}


def shown(thing: object) -> list[str]:
    return [name for name in dir(thing) if not (name.startswith("__") and name.endswith("__"))]


def described() -> set[str]:
    """All names of the reference, dotted."""
    names = {name for page in entries.operations() for entry in page.entries for name in entry.names}
    return names | {name for page in pages() for entry in page.entries for name in entry.names}


@pytest.mark.parametrize("module", MODULES)
def test_modules_show_public_names_only(module: str) -> None:
    found = importlib.import_module(f"autograd_cnn.{module}" if module else "autograd_cnn")
    reference = described()
    for name in shown(found):
        value = getattr(found, name)
        assert not name.startswith("_"), name
        if inspect.ismodule(value):
            assert value.__name__.startswith("autograd_cnn."), f"{name} is a module of others"
        elif callable(value) and module in ROOMS and value.__module__.startswith("autograd_cnn"):  # not NumPy's LinAlgError
            full = f"{module}.{name}" if module else name
            aliases = {name, full, f"nn.functional.{name}"}
            assert aliases & reference, f"{full} is not in the reference"
        assert name not in ("annotations", "Any", "np", "math", "warnings", "TYPE_CHECKING", "importlib", "listed"), name


def test_all_rooms_of_the_reference_are_looked_at() -> None:
    assert {*MODULES, *PLAIN} >= ROOMS


def test_dir_and_all_agree() -> None:
    for module in MODULES[1:]:
        found = importlib.import_module(f"autograd_cnn.{module}")
        assert set(shown(found)) == set(found.__all__), module
        assert all(hasattr(found, name) for name in found.__all__)
    assert {"nn", "relu", "float32", "draw", "save"} <= set(dir(ac))


def test_values_show_no_engine() -> None:
    engine = {name for name in vars(Variable) if not name.startswith("_")} - {"value"}
    assert {"coerce", "lift", "node"} <= engine
    for value in (ac.zeros(1), ac.Scalar(1.0), nn.Parameter(ac.zeros(1))):
        assert not engine & set(dir(value))
        assert {"backward", "grad", "value", "relu"} <= set(dir(value))
    assert not {"np", "Any", "annotations"} & set(dir(draw))
    layer = nn.Sequential(nn.Linear(1, 1))
    assert {"forward", "parameters", "state_dict"} <= set(dir(layer))
    assert all(
        getattr(type(layer), name, None) is not None or name in layer.__dict__
        for name in dir(layer)
        if not name.startswith("_") and name != "forward"
    )


@pytest.mark.parametrize("name", ["cuda", "fft", "jit", "amp", "backends", "vmap", "autocast"])
def test_names_of_pytorch_that_are_absent(name: str) -> None:
    assert not hasattr(ac, name)
    with pytest.raises(AttributeError, match=rf"module 'autograd_cnn' has no attribute '{name}'\. [A-Za-z`]") as caught:
        getattr(ac, name)
    told = "autograd-cnn run" in str(caught.value)
    assert told == (name in ("cuda", "jit", "amp", "backends", "autocast")), caught.value


def test_what_is_said_of_cuda_and_of_others() -> None:
    with pytest.raises(AttributeError, match=r"Everything is computed on the CPU: leave .cuda\(\).*torch.cuda exists"):
        ac.cuda  # noqa: B018
    with pytest.raises(AttributeError, match=r"has no attribute 'rellu'. Did you mean 'relu'\?$"):
        ac.rellu  # noqa: B018
    with pytest.raises(AttributeError, match="has no attribute '_private'"):
        ac._private  # noqa: B018
