"""Every name that public CNN programs use exists under `run`, and works in a use of it."""

from __future__ import annotations

import pytest

from autograd_cnn.compat.finder import standing
from autograd_cnn.compat.shim_module import MISSED
from autograd_cnn.errors import TraceWarning

from .surface import USES, VISION, evaluate


@pytest.fixture(scope="module")
def libraries():
    with standing():
        import torch
        import torchvision
        import torchvision.datasets
        import torchvision.models
        import torchvision.transforms
        import torchvision.utils

        yield torch, torchvision
    torch.set_printoptions(profile="default")
    MISSED.clear()


@pytest.mark.parametrize("name", [*USES, *VISION])
def test_it_works(name, libraries):
    evaluate(USES.get(name) or VISION[name], *libraries)
    assert not MISSED


def test_how_many():
    assert len(USES) + len(VISION) == 316


def test_warnings_of_traces_have_their_name(libraries):
    assert libraries[0].jit.TracerWarning is TraceWarning
