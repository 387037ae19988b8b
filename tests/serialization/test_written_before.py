"""Files of an earlier version, whose modules had other names, are read as ever.

`written_before/` was written by the version of November 2026, before its files were put into rooms: `checkpoint.pt` by `save`,
`things.pickle` by pickle.
"""

from __future__ import annotations

import importlib
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn import nn, optim
from autograd_cnn.support import moved

FILES = Path(__file__).with_name("written_before")
PLACES = moved.places()
# Second names were the same function then, which pickle wrote under its first name.
FIRST_NAMES = {
    "nelement": "numel",
    "subtract": "sub",
    "divide": "div",
    "true_divide": "div",
    "permute_dims": "permute",
    "swapaxes": "transpose",
    "swapdims": "transpose",
    "moveaxis": "movedim",
    "ger": "outer",
    "clip": "clamp",
    "concat": "cat",
    "concatenate": "cat",
    "row_stack": "vstack",
    "trapz": "trapezoid",
    "unsafe_split": "split",
    "unsafe_chunk": "chunk",
    "unsafe_split_with_sizes": "split_with_sizes",
}


@pytest.fixture(scope="module")
def things() -> Any:
    return pickle.loads((FILES / "things.pickle").read_bytes())


def test_a_model_computes_what_it_did(things: Any) -> None:
    assert ac.equal(things["model"](things["x"]), things["y"])
    assert things["size"] == ac.Size([1, 1, 4, 4]) and things["device"] == ac.device("cpu")
    assert isinstance(things["parameter"], nn.Parameter) and things["parameter"].requires_grad
    assert ac.equal(things["model"].steps, ac.tensor(3))


def test_a_checkpoint_fits(things: Any) -> None:
    found = ac.load(FILES / "checkpoint.pt")
    assert str(things["model"].load_state_dict(found["state"])) == "<All keys matched successfully>"
    optimizer = optim.Adam(things["model"].parameters())
    optimizer.load_state_dict(found["optimizer"])
    assert optimizer.param_groups[0]["lr"] == 0.5
    assert found["size"] == ac.Size([1, 1, 4, 4]) and isinstance(found["parameter"], nn.Parameter)


def test_values_are_what_they_were(things: Any) -> None:
    assert str(things["graph"](ac.ones(3))) == "tensor(6.)"
    assert things["step"].name == "mul" and things["primitive"] is things["step"].primitive
    assert (things["scalar"] * 3).value == 6.0
    assert things["normal"].log_prob(ac.zeros(1)).item() == pytest.approx(-0.918939)
    assert things["max"].values.tolist() == [3.0] and things["max"].indices.tolist() == [1]
    assert things["leaf"].requires_grad and things["leaf"].tolist() == [1.0, 2.0]
    assert len(things["transform"].transforms) == 2 and len(things["dataset"]) == 2
    assert isinstance(things["buffer"](ac.ones(1)), ac.Tensor)


def test_functions_and_classes_are_the_present_ones(things: Any) -> None:
    assert things["module"] is nn.Module and things["scheduler"] is optim.lr_scheduler.StepLR
    assert things["creation"] is ac.zeros and things["sampling"] is ac.randn and things["grad"] is ac.autograd.grad
    assert things["qr"] is ac.linalg.qr and things["init"] is nn.init.kaiming_normal_
    assert things["hub"] is ac.hub.load_state_dict_from_url
    assert len(things["functions"]) > 300
    for name, function in things["functions"].items():
        space, _, own = name.rpartition(".")
        now = ac.linalg.inv if own == "inverse" else getattr(importlib.import_module(space), FIRST_NAMES.get(own, own))
        assert function is now, name


@pytest.mark.parametrize("old", PLACES)
def test_every_old_name_leads_somewhere(old: str) -> None:
    space = importlib.import_module(old)
    first = importlib.import_module(PLACES[old][0])
    public = [n for n in vars(first) if not n.startswith("_") and n not in vars(space)]
    assert public or hasattr(first, "__path__")
    assert all(getattr(space, n) is getattr(first, n) for n in public)
    with pytest.raises(AttributeError, match="has no attribute 'surely_not'"):
        space.surely_not  # noqa: B018


def test_functions_of_the_facade_stay_in_their_places() -> None:
    """`tensor`, `device` were modules, too; importing these must not put them before the functions."""

    assert ac.tensor([1.0]).tolist() == [1.0] and ac.device("cpu").type == "cpu"


@pytest.mark.parametrize("folder", ["engine", "compat.faces.distributions", "compat.faces.backends"])
def test_a_process_that_has_imported_nothing_finds_them(folder: str) -> None:
    """As one that reads a pickle: an old name is the first that it asks for, also one whose folder is no more."""
    old = next(name for name in sorted(PLACES) if name.startswith(f"autograd_cnn.{folder}."))
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", f"import {old}"], check=True, env=env)
