"""Layers and optimizers against torch over torch's own samples: what it tests its own modules and optimizers with."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402
from autograd_cnn import nn, optim  # noqa: E402

from ..samples import OutOfScope, array, flat, same, show, table, translated  # noqa: E402

table()  # torch's test modules can be imported now
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.testing._internal.common_modules import module_db
    from torch.testing._internal.common_optimizers import optim_db

LAYERS = {m.name.removeprefix("nn."): m for m in module_db if hasattr(nn, m.name.removeprefix("nn."))}
RANDOM = {"TransformerEncoderLayer", "TransformerDecoderLayer", "Transformer", "TransformerEncoder"}  # dropout is on in their samples


def _inputs(name: str, dtype: Any, training: bool) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(LAYERS[name].module_inputs_func(LAYERS[name], device="cpu", dtype=dtype, requires_grad=True, training=training))


def _twin(name: str, given: Any) -> tuple[Any, Any]:
    """Torch's layer and ours, with the same values, made from the same arguments."""
    args, kwargs = given.constructor_input.args, given.constructor_input.kwargs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _twins(name, args, kwargs)


def _twins(name: str, args: Any, kwargs: Any) -> tuple[Any, Any]:
    torch.manual_seed(0)
    theirs = LAYERS[name].module_cls(*copy.deepcopy(args), **copy.deepcopy(kwargs)).double()
    ac.manual_seed(0)
    mine = getattr(nn, name)(*translated(list(args)), **translated(dict(kwargs))).double()
    state = theirs.state_dict()
    assert list(mine.state_dict()) == list(state)
    mine.load_state_dict({k: translated(v) for k, v in state.items()})
    return mine, theirs


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("name", [n for n in LAYERS if not n.startswith("Lazy") and n != "TransformerEncoder"])
def test_layer(name: str, training: bool) -> None:
    for given in _inputs(name, torch.float64, training):
        if given.forward_input is None:
            continue
        try:
            mine, theirs = _twin(name, given)
            args, kwargs = list(given.forward_input.args), dict(given.forward_input.kwargs)
            x, kx = translated(args), translated(kwargs)
        except OutOfScope:
            continue
        if name in RANDOM and training:
            for module in (*mine.modules(), *theirs.modules()):
                if hasattr(module, "p") or hasattr(module, "dropout"):
                    module.eval()
        what = f"{name}{show(_Sample(given.constructor_input))}{show(_Sample(given.forward_input))}"
        mine.train(training)
        theirs.train(training)
        if name in RANDOM:
            mine.eval()
            theirs.eval()
        assert repr(mine) == repr(theirs), what
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.manual_seed(1)
            z = theirs(*args, **kwargs)
            ac.manual_seed(1)
            y = mine(*x, **kx)
        pairs = [(a, b) for a, b in zip(flat(y), flat(z), strict=True) if isinstance(b, torch.Tensor)]
        for i, (a, b) in enumerate(pairs):
            same(a, b, 1e-8, f"{what}: output {i}")
        live = [(a, b) for a, b in pairs if b.requires_grad]
        if not live:
            continue
        weights = [np.asarray(np.cos(np.arange(b.numel(), dtype=np.float64).reshape(tuple(b.shape)))) for _, b in live]
        sum((b * torch.from_numpy(w)).sum() for (_, b), w in zip(live, weights, strict=True)).backward()
        sum((a * ac.from_numpy(w)).sum() for (a, _), w in zip(live, weights, strict=True)).backward()
        for key, p in theirs.named_parameters():
            q = mine.get_parameter(key)
            assert (q.grad is None) == (p.grad is None), f"{what}: gradient of {key}"
            if p.grad is not None:
                same(q.grad, p.grad, 1e-7, f"{what}: gradient of {key}")
        for a, b in zip(flat([x, kx]), flat([args, kwargs]), strict=True):
            if isinstance(b, torch.Tensor) and b.is_leaf and b.grad is not None:
                same(a.grad, b.grad, 1e-7, f"{what}: gradient of an input")
        for key, b in theirs.named_buffers():
            same(mine.get_buffer(key), b, 1e-9, f"{what}: buffer {key}")


class _Sample:
    """Arguments as `show` takes them."""

    def __init__(self, given: Any) -> None:
        self.input, *self.args = given.args or (None,)
        self.kwargs = given.kwargs


# ------------------------------------------------------------------------------------------------- optimizers
OPTIMIZERS = {o.optim_cls.__name__: o for o in optim_db if hasattr(optim, o.optim_cls.__name__)}
NOT_HERE = {"foreach", "fused", "capturable", "differentiable"}  # how torch loops; there is one way here
CHOICES = [(n, i, k.kwargs) for n, o in OPTIMIZERS.items() for i, k in enumerate(o.optim_inputs_func(device="cpu"))]


def _closure(parameters: list[Any], optimizer: Any, step: int) -> Any:
    """A bowl that is not round, whose centre moves."""

    def closure() -> Any:
        optimizer.zero_grad()
        loss = sum(((p - 0.1 * step) ** 2 * (i + 1.0)).sum() + (p**4).sum() * 0.1 for i, p in enumerate(parameters))
        loss.backward()
        return loss

    return closure


@pytest.mark.parametrize(("name", "index", "options"), CHOICES, ids=[f"{n}-{i}" for n, i, _ in CHOICES])
def test_optimizer(name: str, index: int, options: dict[str, Any]) -> None:
    """Twenty steps with each of the options that torch tests, to 1e-6."""
    options = {k: v for k, v in options.items() if k not in NOT_HERE}
    rng = np.random.default_rng(index)
    start = [rng.standard_normal(s) for s in ((3, 2), (4,), ())]
    theirs = [torch.nn.Parameter(torch.tensor(s)) for s in start]
    mine = [nn.Parameter(ac.tensor(s)) for s in start]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        a = OPTIMIZERS[name].optim_cls(theirs, **copy.deepcopy(options))
        b = getattr(optim, name)(mine, **translated(dict(options)))
        for step in range(20):
            at = 0 if name == "LBFGS" else step  # a line search takes rounding errors for decisions once the bowl has moved
            la = a.step(_closure(theirs, a, at))
            lb = b.step(_closure(mine, b, at))
            np.testing.assert_allclose(lb.item(), la.item(), rtol=1e-6)
    for p, q in zip(theirs, mine, strict=True):
        np.testing.assert_allclose(array(q), array(p), rtol=1e-6, atol=1e-8)
    assert set(a.state_dict()["param_groups"][0]) - NOT_HERE <= set(b.state_dict()["param_groups"][0])
    for s, t in zip(a.state_dict()["state"].values(), b.state_dict()["state"].values(), strict=True):
        assert set(s) - {"al"} == set(t)  # scratch space


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizer_errors(name: str) -> None:
    """Wrong options end in torch's type of error."""
    for case in OPTIMIZERS[name].optim_error_inputs_func(device="cpu", dtype=torch.float32):
        given = case.optimizer_error_input
        if NOT_HERE & set(given.kwargs) or not isinstance(given.params, list | None.__class__):
            continue
        parameters = [nn.Parameter(ac.ones(2))] if given.params is None else None
        if parameters is None:
            continue
        with pytest.raises(case.error_type):
            getattr(optim, name)(parameters, **translated(dict(given.kwargs)))
