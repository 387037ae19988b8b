"""Operations of real numbers refuse complex ones, whichever way they are called."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.nn import functional as F

Z = np.array([1 + 2j, 3 - 1j, -2 + 0.5j])

CALLS: dict[str, Callable[[Any], Any]] = {
    "lt": lambda z: z < 0.5,
    "gt": lambda z: ac.zeros(3, dtype=ac.float64) > z,
    "le": lambda z: ac.ones(3) <= 1j,
    "sort": lambda z: z.sort(),
    "max_dim": lambda z: z.max(0),
    "amax": lambda z: z.max(),
    "argmin": lambda z: z.argmin(),
    "clamp": lambda z: z.clamp(0, 1),
    "relu": lambda z: F.relu(z),
    "gelu": lambda z: F.gelu(z),
    "softplus": lambda z: F.softplus(z),
    "erf": lambda z: z.erf(),
    "softmax": lambda z: z.softmax(0),
    "log_softmax": lambda z: F.log_softmax(z, 0),
    "var": lambda z: z.var(),
    "vdot": lambda z: ac.vdot(z, z),
    "linalg.vecdot": lambda z: ac.linalg.vecdot(z, z),
    "cov": lambda z: ac.cov(z),
    "linalg.pinv": lambda z: ac.linalg.pinv(z.reshape(1, 3)),
    "svd": lambda z: ac.svd(z.reshape(1, 3)),
    "symmetric": lambda z: ac.linalg.eigvalsh(z.diag()),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_complex_number_is_refused(name: str) -> None:
    z = ac.tensor(Z)
    spoken = "mirrored" if name == "symmetric" else name
    for context in (ac.enable_grad, ac.no_grad, ac.inference_mode, ac.autograd.detect_anomaly):
        with context(), pytest.raises(NotImplementedError, match=rf"\"{spoken}\" not implemented for 'Complex.*expected real numbers"):
            CALLS[name](z)
    with pytest.raises(NotImplementedError, match="expected real numbers"):
        ac.trace(CALLS[name], z)


def test_an_array_of_complex_numbers_is_refused_too() -> None:
    with pytest.raises(NotImplementedError, match=r"relu.*'ComplexDouble'"):
        ac.relu(Z)


def test_what_is_right_for_complex_numbers_stays() -> None:
    z = ac.tensor(Z)
    assert np.array_equal((z == z).numpy(), [True] * 3)
    assert z.norm().dtype == np.float64 and z.norm().item() == pytest.approx(np.sqrt((abs(Z) ** 2).sum()), rel=1e-12)
    np.testing.assert_allclose(ac.float_power(z, 2).numpy(), Z**2, rtol=1e-12)
    assert ac.float_power(ac.tensor([2]), 1j).dtype == np.complex128
    np.testing.assert_allclose(z.exp().numpy(), np.exp(Z), rtol=1e-12)
    assert copy.deepcopy(z).equal(z)
