"""Optimizers against PyTorch: the same parameters, the same gradients, twenty steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd_cnn import optim
from autograd_cnn.tensors.tensor import Tensor, wrap

torch = pytest.importorskip("torch")

NAMES = ["SGD", "ASGD", "Adagrad", "Adadelta", "RMSprop", "Rprop", "Adam", "AdamW", "NAdam", "RAdam", "Adamax"]
SHAPES = [(3, 4), (5,), (), (0, 3), (2, 3, 2, 2)]

DECAY = {"weight_decay": 0.1}
CASES: list[tuple[str, dict[str, Any]]] = [
    *[(name, {}) for name in NAMES],
    *[(name, {"lr": 0.05, "maximize": True}) for name in NAMES],
    *[(name, DECAY) for name in NAMES if name != "Rprop"],
    *[(name, {**DECAY, "maximize": True}) for name in NAMES if name != "Rprop"],
    *[(name, {"foreach": flag}) for name in NAMES for flag in (True, False)],
    *[(name, {"fused": True}) for name in ("SGD", "Adagrad", "Adam", "AdamW")],
    ("SGD", {"lr": 0.0}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.01, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01, "maximize": True}),
    ("ASGD", {"t0": 5, "lambd": 0.1, "alpha": 0.5}),
    ("ASGD", {"t0": 0, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.2}),
    ("Adagrad", {"initial_accumulator_value": 0.5, "eps": 1e-3}),
    ("Adadelta", {"rho": 0.5, "eps": 1e-3, "lr": 0.5}),
    ("RMSprop", {"alpha": 0.5}),
    ("RMSprop", {"alpha": 0.3, "centered": True}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"momentum": 0.9}),
    ("RMSprop", {"momentum": 0.9, "centered": True, "weight_decay": 0.1}),
    ("Rprop", {"etas": (0.3, 1.5), "step_sizes": (1e-3, 0.1)}),
    ("Adam", {"betas": (0.5, 0.9)}),
    ("Adam", {"betas": (0.3, 0.4)}),
    ("Adam", {"betas": (0.0, 0.0)}),
    ("Adam", {"amsgrad": True}),
    ("Adam", {"amsgrad": True, "weight_decay": 0.1, "eps": 1e-4}),
    ("Adam", {"decoupled_weight_decay": True, "weight_decay": 0.1}),
    ("AdamW", {"amsgrad": True, "lr": 0.1}),
    ("NAdam", {"momentum_decay": 0.1, "decoupled_weight_decay": True, "weight_decay": 0.1}),
    ("RAdam", {"betas": (0.9, 0.9), "lr": 0.1}),
    ("RAdam", {"decoupled_weight_decay": True, "weight_decay": 0.1}),
    ("Adamax", {"betas": (0.5, 0.6), "eps": 0.1}),
]


def label(case: Any) -> str:
    return case if isinstance(case, str) else ",".join(f"{k}={v}" for k, v in case.items()) or "defaults"


class Twins:
    """The same parameters here and there, with gradients that depend on where the parameters are."""

    def __init__(self, dtype: Any = np.float32, shapes: Any = tuple(SHAPES), seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        start = [np.asarray(self.rng.standard_normal(shape), dtype) for shape in shapes]
        self.dtype = dtype
        self.ours = [wrap(x.copy(), True) for x in start]
        self.theirs = [torch.tensor(x, requires_grad=True) for x in start]

    def backward(self, without: tuple[int, ...] = ()) -> None:
        """The gradient of a bowl with another centre in each step."""
        for i, (p, q) in enumerate(zip(self.ours, self.theirs, strict=True)):
            centre = np.asarray(self.rng.standard_normal(p.shape), self.dtype)
            if i in without:
                p.grad, q.grad = None, None
                continue
            p.grad = wrap(np.asarray(p.value - centre, self.dtype))
            q.grad = (q - torch.tensor(centre)).detach()

    def check(self, a: Any, b: Any, tolerance: float | None = None) -> None:
        tolerance = tolerance or (1e-6 if self.dtype == np.float32 else 1e-13)
        for p, q in zip(self.ours, self.theirs, strict=True):
            np.testing.assert_allclose(p.value, q.detach().numpy(), rtol=tolerance, atol=tolerance)
            same_state(a.state.get(p, {}), b.state.get(q, {}), tolerance)


def same_state(ours: dict[str, Any], theirs: dict[str, Any], tolerance: float) -> None:
    assert list(ours) == list(theirs)
    for key, value in theirs.items():
        assert isinstance(ours[key], Tensor)
        assert ours[key].shape == tuple(value.shape)
        assert str(value.dtype) == f"torch.{ours[key].dtype}"
        np.testing.assert_allclose(ours[key].value, value.numpy(), rtol=tolerance * 10, atol=tolerance * 10, err_msg=key)


def pair(name: str, twins: Twins, **options: Any) -> tuple[Any, Any]:
    return getattr(optim, name)(twins.ours, **options), getattr(torch.optim, name)(twins.theirs, **options)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "options"), CASES, ids=label)
def test_twenty_steps(name: str, options: dict[str, Any], dtype: Any) -> None:
    twins = Twins(dtype)
    a, b = pair(name, twins, **options)
    for _ in range(20):
        twins.backward()
        a.step()
        b.step()
    # PyTorch's other implementations order the same sums otherwise; its ASGD's keeps other digits of eta too
    twins.check(a, b, 1e-6 if options.get("foreach") or options.get("fused") else None)


@pytest.mark.parametrize("name", NAMES)
def test_parameters_larger_than_a_block(name: str) -> None:
    twins = Twins(shapes=[(200, 300), (70_000,)])
    a, b = pair(name, twins)
    for _ in range(5):
        twins.backward()
        a.step()
        b.step()
    twins.check(a, b)


@pytest.mark.parametrize("name", NAMES)
def test_parameters_and_gradients_in_other_memory_layouts(name: str) -> None:
    rng = np.random.default_rng(0)
    whole = rng.standard_normal((300, 400)).astype(np.float32)
    parameters = {"transposed": whole.T.copy().T, "strided": np.repeat(whole, 2, axis=1)[:, ::2]}
    for layout, p in parameters.items():
        ours, theirs = wrap(p, True), torch.tensor(p.copy(), requires_grad=True)
        a, b = getattr(optim, name)([ours]), getattr(torch.optim, name)([theirs])
        for _ in range(3):
            g = rng.standard_normal((400, 300)).astype(np.float32).T
            ours.grad, theirs.grad = wrap(g), torch.tensor(g.copy())
            a.step()
            b.step()
        np.testing.assert_allclose(ours.value, theirs.detach().numpy(), rtol=1e-6, atol=1e-6, err_msg=layout)
        assert ours.value is p


@pytest.mark.parametrize("name", NAMES)
def test_parameters_without_gradient_are_left_alone(name: str) -> None:
    twins = Twins()
    a, b = pair(name, twins)
    for step in range(6):
        twins.backward(without=(0,) if step < 3 else (0, 1))
        a.step()
        b.step()
    twins.check(a, b)


@pytest.mark.parametrize("name", NAMES)
def test_groups_with_options_of_their_own(name: str) -> None:
    twins = Twins()
    extra = {} if name == "Rprop" else {"weight_decay": 0.2}

    def groups(ps: list[Any]) -> list[dict[str, Any]]:
        return [{"params": ps[:2], "lr": 0.5, **extra}, {"params": ps[2:4]}]

    a = getattr(optim, name)(groups(twins.ours), lr=0.01)
    b = getattr(torch.optim, name)(groups(twins.theirs), lr=0.01)
    for step in range(6):
        twins.backward()
        if step == 3:
            a.add_param_group({"params": twins.ours[4], "lr": 0.1, "maximize": True})
            b.add_param_group({"params": twins.theirs[4], "lr": 0.1, "maximize": True})
            a.param_groups[0]["lr"] = b.param_groups[0]["lr"] = 0.25
        a.step()
        b.step()
    twins.check(a, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_learning_rate_as_a_tensor(name: str, dtype: Any) -> None:
    twins = Twins(dtype)
    a = getattr(optim, name)(twins.ours, lr=wrap(np.array(0.03, np.float32)))
    b = getattr(torch.optim, name)(twins.theirs, lr=torch.tensor(0.03))
    for _ in range(10):
        twins.backward()
        a.step()
        b.step()
    for p, q in zip(twins.ours, twins.theirs, strict=True):  # powers of a float32 number are the libraries' own
        np.testing.assert_allclose(p.value, q.detach().numpy(), rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("name", NAMES)
def test_infinities_and_nan_pass_through(name: str) -> None:
    values = np.array([np.nan, np.inf, -np.inf, 0.0, 1e-30, -0.0], np.float32)
    ours, theirs = wrap(np.ones(6, np.float32), True), torch.ones(6, requires_grad=True)
    a, b = getattr(optim, name)([ours]), getattr(torch.optim, name)([theirs])
    for _ in range(3):
        ours.grad, theirs.grad = wrap(values.copy()), torch.tensor(values)
        a.step()
        b.step()
    np.testing.assert_allclose(ours.value, theirs.detach().numpy(), rtol=1e-6)


# ------------------------------------------------------------------------------------------------------- state dicts
def to_torch(x: Any) -> Any:
    """Our state dict as PyTorch would read it from a file."""
    if isinstance(x, Tensor):
        return torch.tensor(np.asarray(x.value))
    if isinstance(x, dict):
        return {k: to_torch(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return type(x)(to_torch(v) for v in x)
    return x


STATE_CASES = [
    *[(name, {}) for name in NAMES],
    ("SGD", {"momentum": 0.9}),
    ("RMSprop", {"momentum": 0.9, "centered": True}),
    ("Adam", {"amsgrad": True}),
]


@pytest.mark.parametrize(("name", "options"), STATE_CASES, ids=label)
def test_state_dicts_have_pytorchs_layout(name: str, options: dict[str, Any]) -> None:
    twins = Twins()
    a, b = pair(name, twins, **options)
    twins.backward(without=(1,))
    a.step()
    b.step()
    ours, theirs = a.state_dict(), b.state_dict()
    assert list(ours) == list(theirs) == ["state", "param_groups"]
    assert list(ours["state"]) == list(theirs["state"])
    for key in theirs["state"]:
        same_state(ours["state"][key], theirs["state"][key], 1e-6)
    (group,) = ours["param_groups"]
    assert group.pop("l1") == 0.0
    assert group == theirs["param_groups"][0]
    assert list(group) == list(theirs["param_groups"][0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "options"), STATE_CASES, ids=label)
def test_a_run_goes_on_in_the_other_library(name: str, options: dict[str, Any], dtype: Any) -> None:
    twins = Twins(dtype)
    a, b = pair(name, twins, lr=0.02, **options)
    for _ in range(4):
        twins.backward()
        a.step()
        b.step()
    from_theirs, from_ours = pair(name, twins)
    from_theirs.load_state_dict(b.state_dict())
    from_ours.load_state_dict(to_torch(a.state_dict()))
    for _ in range(4):
        twins.backward()
        from_theirs.step()
        from_ours.step()
    twins.check(from_theirs, from_ours)
    assert from_theirs.param_groups[0]["l1"] == 0.0
    assert from_theirs.param_groups[0]["lr"] == 0.02


def test_names_of_parameters() -> None:
    twins = Twins()
    a = optim.SGD([(f"p{i}", p) for i, p in enumerate(twins.ours)])
    b = torch.optim.SGD([(f"p{i}", p) for i, p in enumerate(twins.theirs)])
    ours, theirs = a.state_dict()["param_groups"][0], b.state_dict()["param_groups"][0]
    assert ours["param_names"] == theirs["param_names"] == ["p0", "p1", "p2", "p3", "p4"]
    assert ours["params"] == theirs["params"]
    assert repr(a) == repr(b)


@pytest.mark.parametrize("name", [*NAMES, "LBFGS"])
def test_repr(name: str) -> None:
    twins = Twins()
    a, b = pair(name, twins)
    assert repr(a) == repr(b)
    if name != "LBFGS":
        assert repr(getattr(optim, name)([{"params": p} for p in twins.ours])) == repr(
            getattr(torch.optim, name)([{"params": p} for p in twins.theirs])
        )


# ------------------------------------------------------------------------------------------------------------ errors
BAD: list[tuple[str, dict[str, Any]]] = [
    *[(name, {"lr": -1}) for name in [*NAMES, "LBFGS"]],
    *[(name, {"weight_decay": -0.1}) for name in NAMES if name != "Rprop"],
    *[(name, {"eps": -1e-3}) for name in ("Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW", "NAdam", "RAdam", "Adamax")],
    *[(name, {"betas": (1.0, 0.9)}) for name in ("Adam", "AdamW", "NAdam", "RAdam", "Adamax")],
    *[(name, {"betas": (0.9, -0.1)}) for name in ("Adam", "AdamW", "NAdam", "RAdam", "Adamax")],
    ("SGD", {"momentum": -0.5}),
    ("SGD", {"nesterov": True}),
    ("SGD", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}),
    ("SGD", {"foreach": True, "fused": True}),
    ("SGD", {"differentiable": True, "fused": True}),
    ("Adam", {"foreach": True, "fused": True}),
    ("Adam", {"differentiable": True, "fused": True}),
    ("Adagrad", {"foreach": True, "fused": True}),
    ("Adagrad", {"lr_decay": -1}),
    ("Adagrad", {"initial_accumulator_value": -1}),
    ("Adadelta", {"rho": 1.5}),
    ("RMSprop", {"momentum": -1}),
    ("RMSprop", {"alpha": -1}),
    ("Rprop", {"etas": (1.5, 2.0)}),
    ("Rprop", {"etas": (0.5, 0.9)}),
    ("NAdam", {"momentum_decay": -1}),
]


@pytest.mark.parametrize(("name", "options"), BAD, ids=label)
def test_bad_options(name: str, options: dict[str, Any]) -> None:
    twins = Twins()
    with pytest.raises(Exception) as theirs:  # noqa: PT011  # whatever PyTorch raises
        getattr(torch.optim, name)(twins.theirs, **options)
    with pytest.raises(theirs.type) as ours:
        getattr(optim, name)(twins.ours, **options)
    assert str(ours.value) == str(theirs.value)


def make(tensor: Callable[..., Any]) -> dict[str, Any]:
    """Bad arguments, built of either library's tensors."""
    return {
        "a tensor": lambda: tensor([1.0]),
        "nothing": list,
        "numbers": lambda: [1.0],
        "a set": lambda: [{"params": {tensor([1.0])}}],
        "no leaf": lambda: [tensor([1.0]) * 2],
        "some names": lambda: [("a", tensor([1.0])), tensor([1.0])],
        "a dict later": lambda: [{"params": [tensor([1.0])]}, [tensor([1.0])]],
        "names in one group": lambda: [{"params": [("a", tensor([1.0]))]}, {"params": [tensor([1.0])]}],
    }


@pytest.mark.parametrize("what", list(make(lambda x: x)))
def test_bad_parameters(what: str) -> None:
    with pytest.raises(Exception) as theirs:  # noqa: PT011  # whatever PyTorch raises
        torch.optim.SGD(make(lambda x: torch.tensor(x, requires_grad=True))[what]())
    with pytest.raises(theirs.type) as ours:
        optim.SGD(make(lambda x: wrap(np.array(x, np.float32), True))[what]())
    assert str(ours.value).startswith(str(theirs.value)[:40])  # ours may go on: what came, what helps


def test_one_parameter_in_two_groups() -> None:
    p, q = wrap(np.ones(1), True), torch.ones(1, requires_grad=True)
    with pytest.raises(ValueError, match="some parameters appear in more than one parameter group"):
        torch.optim.SGD([{"params": [q]}, {"params": [q]}])
    with pytest.raises(ValueError, match="some parameters appear in more than one parameter group"):
        optim.SGD([{"params": [p]}, {"params": [p]}])


def test_loading_a_state_dict_that_does_not_fit() -> None:
    twins = Twins()
    a, b = pair("SGD", twins)
    few, fewer = pair("SGD", Twins(shapes=[(2,)]))
    for message, (ours, theirs) in {
        "loaded state dict contains a parameter group that doesn't match the size of optimizer's group": (few, fewer),
    }.items():
        with pytest.raises(ValueError, match=message):
            b.load_state_dict(theirs.state_dict())
        with pytest.raises(ValueError, match=message):
            a.load_state_dict(ours.state_dict())


@pytest.mark.parametrize("name", ["Adam", "RMSprop", "Adamax", "Rprop", "ASGD", "NAdam", "RAdam", "Adadelta"])
def test_capturable_fails_in_the_step(name: str) -> None:
    twins = Twins(shapes=[(2,)])
    a, b = pair(name, twins, capturable=True)
    before = twins.ours[0].value.copy()
    twins.backward()
    for optimizer in (a, b):
        with pytest.raises(AssertionError, match="If capturable=True, params"):
            optimizer.step()
    assert (twins.ours[0].value == before).all()
