"""State dicts, copies and pickles of optimizers, and what is refused. PyTorch's own are loaded in tests/parity."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from autograd_cnn import optim
from autograd_cnn.tensors.tensor import Tensor, wrap

NAMES = ["SGD", "ASGD", "Adagrad", "Adadelta", "RMSprop", "Rprop", "Adam", "AdamW", "NAdam", "RAdam", "Adamax"]
every = pytest.mark.parametrize("name", NAMES)


def leaf(*values: float, grad: Any = None) -> Tensor:
    t = wrap(np.array(values, np.float32), True)
    if grad is not None:
        t.grad = wrap(np.array(grad, np.float32))
    return t


def make(name: str, params: Any, **options: Any) -> Any:
    return getattr(optim, name)(params, **options)


@every
def test_a_loaded_state_shares_no_memory(name: str) -> None:
    p, q = leaf(1.0, grad=[1.0]), leaf(1.0, grad=[1.0])
    options = {"momentum": 0.9} if name == "SGD" else {}
    a, b = make(name, [p], **options), make(name, [q], **options)
    a.step()
    q.value[...] = p.value
    b.load_state_dict(a.state_dict())
    a.step()
    b.step()
    assert p.value.tolist() == q.value.tolist()
    for key, value in a.state[p].items():
        assert not np.shares_memory(value.value, b.state[q][key].value)


@every
@pytest.mark.parametrize("way", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"])
def test_copies_go_on_by_themselves(name: str, way: Any) -> None:
    p = leaf(1.0, 2.0, grad=[1.0, -1.0])
    optimizer = make(name, [p])
    optimizer.step()
    other = way(optimizer)
    (q,) = other.param_groups[0]["params"]
    q.grad = wrap(p.grad.value.copy())
    optimizer.step()
    other.step()
    assert q is not p
    assert q.value.tolist() == p.value.tolist()


def test_l1_survives_a_state_dict_without_it() -> None:
    p = leaf(1.0)
    saved = optim.SGD([p], lr=0.5).state_dict()
    assert saved["param_groups"][0].pop("l1") == 0.0
    optimizer = optim.SGD([p], l1=0.25)
    optimizer.load_state_dict(saved)
    assert (optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["l1"]) == (0.5, 0.25)


def test_plain_numbers_for_steps_are_taken() -> None:
    p = leaf(1.0, grad=[1.0])
    optimizer = optim.Adam([p])
    optimizer.step()
    saved = optimizer.state_dict()
    saved["state"][0] = {**saved["state"][0], "step": 7}
    optimizer.load_state_dict(saved)
    step = optimizer.state[p]["step"]
    assert (step.item(), step.dtype, step.shape) == (7.0, np.float32, ())


def test_arrays_for_tensors_are_taken() -> None:
    p = leaf(1.0, grad=[1.0])
    optimizer = optim.SGD([p], momentum=0.9)
    saved = {"state": {0: {"momentum_buffer": np.array([2.0])}}, "param_groups": optimizer.state_dict()["param_groups"]}
    optimizer.load_state_dict(saved)
    assert optimizer.state[p]["momentum_buffer"].dtype == np.float32
    optimizer.step()


@pytest.mark.parametrize(
    ("spoil", "kind", "message"),
    [
        (lambda s: [], TypeError, "expected an optimizer's state dict, got list"),
        (lambda s: {"state": {}}, KeyError, "expected a dict with the key 'param_groups', got the keys"),
        (lambda s: {"param_groups": []}, KeyError, "expected a dict with the key 'state', got the keys"),
        (lambda s: {**s, "param_groups": []}, ValueError, "different number of parameter groups: expected 1, got 0"),
        (
            lambda s: {**s, "param_groups": [{**s["param_groups"][0], "params": [0, 1]}]},
            ValueError,
            "doesn't match the size of optimizer's group: group 0 has 1 parameters here, 2 in the dict",
        ),
        (
            lambda s: {**s, "state": {0: {"momentum_buffer": wrap(np.ones(2))}}},
            KeyError,
            "Adam.load_state_dict: expected a state with step, exp_avg, exp_avg_sq for parameter 0, got one with",
        ),
        (
            lambda s: {**s, "state": {0: {**s["state"][0], "exp_avg": wrap(np.ones(3))}}},
            ValueError,
            r"expected exp_avg of shape \(2,\) for parameter 0, got \(3,\)",
        ),
    ],
)
def test_a_state_dict_that_does_not_fit_changes_nothing(spoil: Any, kind: type[Exception], message: str) -> None:
    p = leaf(1.0, 2.0, grad=[1.0, 1.0])
    optimizer = optim.Adam([p], lr=0.5)
    optimizer.step()
    spoilt = spoil(optimizer.state_dict())
    if isinstance(spoilt, dict):
        for group in spoilt.get("param_groups", []):
            group["lr"] = 99.0
    groups, state = optimizer.param_groups, optimizer.state
    with pytest.raises(kind, match=message):
        optimizer.load_state_dict(spoilt)
    assert optimizer.param_groups is groups
    assert optimizer.state is state
    assert groups[0]["lr"] == 0.5
