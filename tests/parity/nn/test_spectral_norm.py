"""`nn.utils.spectral_norm` against torch's."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402


@pytest.mark.parametrize(
    "made",
    [
        "utils.spectral_norm(nn.Conv2d(3, 4, 3))",
        "utils.spectral_norm(nn.ConvTranspose2d(3, 4, 3), n_power_iterations=2)",
        "utils.spectral_norm(nn.Linear(5, 3), dim=1)",
    ],
)
def test_values_gradients_and_buffers(made):
    layers = []
    for library in (torch, ac):
        library.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layers.append(eval(f"nn.{made}", {"nn": library.nn}))
    theirs, ours = layers
    x = np.random.default_rng(0).standard_normal((2, 5) if "Linear" in made else (2, 3, 5, 5)).astype(np.float32)
    for training in (True, True, False):
        theirs.train(training), ours.train(training)
        wanted = [theirs(torch.tensor(x)) for _ in range(2)]  # twice before backward: the iteration moves on in between
        found = [ours(ac.tensor(x)) for _ in range(2)]
        theirs.zero_grad(), ours.zero_grad()
        (wanted[0] * wanted[1]).sum().backward()
        (found[0] * found[1]).sum().backward()
        np.testing.assert_allclose(found[1].detach().numpy(), wanted[1].detach().numpy(), rtol=1e-5, atol=1e-5)
        for (name, p), q in zip(theirs.named_parameters(), ours.parameters(), strict=True):
            np.testing.assert_allclose(q.grad.numpy(), p.grad.numpy(), rtol=1e-4, atol=1e-3, err_msg=name)
    assert list(theirs.state_dict()) == list(ours.state_dict())
    for name, value in theirs.state_dict().items():
        np.testing.assert_allclose(ours.state_dict()[name].numpy(), value.numpy(), rtol=1e-4, atol=1e-5, err_msg=name)
    assert list(ac.nn.utils.remove_spectral_norm(ours).state_dict()) == list(torch.nn.utils.remove_spectral_norm(theirs).state_dict())


def test_errors():
    layer = ac.nn.utils.spectral_norm(ac.nn.Linear(2, 2))
    with pytest.raises(RuntimeError, match="Cannot register two spectral_norm hooks"):
        ac.nn.utils.spectral_norm(layer)
    with pytest.raises(ValueError, match="spectral_norm of 'bias' not found"):
        ac.nn.utils.remove_spectral_norm(layer, "bias")
    with pytest.raises(ValueError, match="Expected n_power_iterations to be positive"):
        ac.nn.utils.spectral_norm(ac.nn.Linear(2, 2), n_power_iterations=0)
