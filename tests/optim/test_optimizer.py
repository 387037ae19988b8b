"""The base class: groups, hooks, state dicts, what bad input gets."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from autograd_cnn import optim
from autograd_cnn.config import is_grad_enabled, no_grad
from autograd_cnn.engine import versions
from autograd_cnn.optim.optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
    required,
)
from autograd_cnn.tensors.tensor import Parameter, Tensor, wrap

NAMES = ["SGD", "ASGD", "Adagrad", "Adadelta", "RMSprop", "Rprop", "Adam", "AdamW", "NAdam", "RAdam", "Adamax"]
every = pytest.mark.parametrize("name", NAMES)


def leaf(*values: float, grad: Any = None, dtype: Any = np.float32) -> Tensor:
    t = wrap(np.array(values, dtype), True)
    if grad is not None:
        t.grad = wrap(np.array(grad, dtype))
    return t


def make(name: str, params: Any, **options: Any) -> Any:
    return getattr(optim, name)(params, **options)


# ------------------------------------------------------------------------------------------------------------- step
@every
def test_updates_in_place_and_says_so(name: str) -> None:
    p = leaf(1.0, 2.0, grad=[1.0, -1.0])
    array, gradient, before = p.value, p.grad.value.copy(), versions.version(p.value)
    make(name, [p]).step()
    assert p.value is array
    assert versions.version(array) > before
    assert (p.grad.value == gradient).all()
    assert p.is_leaf
    assert p.requires_grad


@every
def test_a_parameter_without_gradient_keeps_its_value_and_version(name: str) -> None:
    p, q = leaf(1.0, grad=[1.0]), leaf(1.0)
    make(name, [p, q], lr=0.5).step()
    assert q.value.tolist() == [1.0]
    assert versions.version(q.value) == 0


@every
def test_a_parameter_that_is_a_number(name: str) -> None:
    p = wrap(np.float32(2.0), True)  # as reductions and scalar arithmetic make them
    p.grad = wrap(np.float32(1.0))
    optimizer = make(name, [p], lr=0.25)
    for _ in range(3):
        optimizer.step()
    assert p.shape == ()
    assert p.item() < 2.0


@every
def test_an_empty_parameter(name: str) -> None:
    p = leaf(grad=[])
    make(name, [p]).step()
    assert p.shape == (0,)


@every
def test_closure(name: str) -> None:
    p = leaf(1.0, grad=[1.0])
    optimizer = make(name, [p], lr=0.5)

    def closure() -> str:
        assert is_grad_enabled()
        assert p.value.tolist() == [1.0]
        return "the loss"

    with no_grad():
        assert optimizer.step(closure) == "the loss"
        assert not is_grad_enabled()
    assert p.value[0] < 1.0
    assert optimizer.step() is None


@every
def test_tells_no_numpy_warnings(name: str) -> None:
    p = leaf(1.0, 1.0, 1.0, grad=[np.nan, np.inf, 3e38])
    optimizer = make(name, [p])
    optimizer.step()
    optimizer.step()  # warnings are errors here


@every
def test_in_another_thread(name: str) -> None:
    """The scratch is each thread's own: two threads that step at once do not disturb each other."""
    rng = np.random.default_rng(0)
    start, gradient = rng.standard_normal(100_000), rng.standard_normal(100_000)

    def train(result: list[Any]) -> None:
        p = wrap(start.copy(), True)
        p.grad = wrap(gradient)
        optimizer = make(name, [p])
        for _ in range(5):
            optimizer.step()
        result.append(p.value)

    results: list[Any] = []
    threads = [threading.Thread(target=train, args=(results,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 2
    np.testing.assert_array_equal(results[0], results[1])


def test_read_only_memory() -> None:
    array = np.ones(2)
    array.flags.writeable = False
    p = wrap(array, True)
    p.grad = wrap(np.ones(2))
    with pytest.raises(RuntimeError, match="expected parameters whose memory can be written to"):
        optim.SGD([p]).step()


@every
def test_differentiable_is_refused_with_the_way_out(name: str) -> None:
    p = leaf(1.0, grad=[1.0])
    with pytest.raises(NotImplementedError, match=f"{name}: differentiable=True is not supported.*create_graph=True"):
        make(name, [p], differentiable=True)
    optimizer = make(name, [p])
    optimizer.param_groups[0]["differentiable"] = True
    with pytest.raises(NotImplementedError, match="differentiable=True is not supported"):
        optimizer.step()
    assert p.value.tolist() == [1.0]


def test_dampening_spares_the_first_step() -> None:
    p = leaf(0.0, grad=[1.0])
    optimizer = optim.SGD([p], lr=1.0, momentum=0.5, dampening=0.5)
    optimizer.step()
    assert p.item() == -1.0
    optimizer.step()
    assert p.item() == -2.0


def test_the_base_class_has_no_step_of_its_own() -> None:
    with pytest.raises(NotImplementedError, match="subclass must implement step"):
        Optimizer([leaf(1.0)], {}).step()


# ------------------------------------------------------------------------------------------------------------ groups
def test_groups_inherit_defaults() -> None:
    p, q = leaf(1.0), leaf(2.0)
    optimizer = optim.SGD([{"params": p, "lr": 0.5}, {"params": [q], "tag": "head"}], lr=0.1, momentum=0.9)
    first, second = optimizer.param_groups
    assert (first["lr"], first["momentum"], first["params"]) == (0.5, 0.9, [p])
    assert (second["lr"], second["tag"]) == (0.1, "head")


def test_named_parameters() -> None:
    p, q = Parameter(wrap(np.ones(1))), Parameter(wrap(np.ones(2)))
    optimizer = optim.SGD([("weight", p), ("bias", q)])
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.param_groups[0]["params"] == [p, q]
    with pytest.raises(ValueError, match="cannot add param group without names to the optimizer"):
        optimizer.add_param_group({"params": [leaf(1.0)]})


def test_a_refused_group_changes_nothing() -> None:
    p = leaf(1.0)
    optimizer = optim.SGD([p])
    for bad in ({"params": [p]}, {"params": [1.0]}, {"params": {leaf(1.0)}}):
        before = dict(bad)
        with pytest.raises((ValueError, TypeError)):
            optimizer.add_param_group(bad)
        assert bad == before
        assert len(optimizer.param_groups) == 1


@pytest.mark.parametrize(
    ("params", "kind", "message"),
    [
        (1.0, TypeError, "should be an iterable of Tensors or dicts, but got float"),
        (wrap(np.ones(1), True), TypeError, r"Put it into a list: \[tensor\]"),
        ([], ValueError, "optimizer got an empty parameter list"),
        (["w"], TypeError, "optimizer can only optimize Tensors, but one of the params is str"),
        ([{"lr": 1.0}], KeyError, "expected the key 'params', got the keys"),
        ([{"params": {wrap(np.ones(1), True)}}], TypeError, "Please use a list instead"),
        ([("a", wrap(np.ones(1), True)), wrap(np.ones(1), True)], ValueError, "Some param names are missing"),
    ],
)
def test_what_bad_parameters_get(params: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        optim.SGD(params)


def test_a_module_instead_of_its_parameters() -> None:
    class Net:
        def parameters(self) -> list[Tensor]:
            return [leaf(1.0)]

    with pytest.raises(TypeError, match=r"but got .*Net. Pass its .parameters\(\)."):
        optim.SGD(Net())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"one of the params is .*Net\. Pass model\.parameters\(\)\."):
        optim.SGD([Net()])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": "0.1"}, "SGD: expected lr to be a number, got str"),
        ({"momentum": None}, "SGD: expected momentum to be a number, got NoneType"),
        ({"lr": wrap(np.ones(2))}, "Tensor lr must be 1-element"),
        ({"l1": -0.1}, "Invalid l1 value: -0.1"),
        ({"lr": float("nan")}, "Invalid learning rate: nan"),
    ],
    ids=str,
)
def test_what_bad_options_get(options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        optim.SGD([leaf(1.0)], **options)


@pytest.mark.parametrize(
    ("betas", "message"),
    [
        (0.9, "Adam: expected betas to be a pair of numbers, got float"),
        ((0.9,), "Adam: expected two betas, got 1"),
        ((0.9, wrap(np.array(0.9))), "betas must be either both floats or both Tensors"),
        ((wrap(np.ones(2)), wrap(np.array(0.9))), r"Tensor betas\[0\] must be 1-element"),
    ],
    ids=str,
)
def test_what_bad_betas_get(betas: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        optim.Adam([leaf(1.0)], betas=betas)


def test_a_tensor_for_a_rate_and_foreach() -> None:
    with pytest.raises(ValueError, match="lr as a Tensor is not supported for capturable=False and foreach=True"):
        optim.Adam([leaf(1.0)], lr=wrap(np.array(0.1)), foreach=True)


def test_betas_as_tensors() -> None:
    p, q = leaf(1.0, grad=[1.0]), leaf(1.0, grad=[1.0])
    optim.Adam([p], betas=(wrap(np.array(0.5)), wrap(np.array([0.9])))).step()
    optim.Adam([q], betas=(0.5, 0.9)).step()
    np.testing.assert_allclose(p.value, q.value)


def test_duplicates_warn() -> None:
    p = leaf(1.0)
    with pytest.warns(UserWarning, match="optimizer contains a parameter group with duplicate parameters"):
        optim.SGD([p, p])


def test_a_required_option() -> None:
    class Mine(Optimizer):
        def __init__(self, params: Any, lr: Any = required) -> None:
            super().__init__(params, {"lr": lr})

    assert repr(required) == "<required parameter>"
    with pytest.raises(ValueError, match="parameter group didn't specify a value of required optimization parameter lr"):
        Mine([leaf(1.0)])
    assert Mine([{"params": [leaf(1.0)], "lr": 1.0}]).param_groups[0]["lr"] == 1.0


# --------------------------------------------------------------------------------------------------------- zero_grad
def test_zero_grad() -> None:
    p, q = leaf(1.0, grad=[1.0]), leaf(1.0)
    optimizer = optim.SGD([p, q])
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is not None
    assert p.grad.value.tolist() == [0.0]
    assert q.grad is None
    optimizer.zero_grad()
    assert p.grad is None


def test_zero_grad_keeps_the_gradients_memory() -> None:
    p = leaf(1.0, 2.0, grad=[1.0, 2.0])
    gradient, array = p.grad, p.grad.value
    before = versions.version(array)
    optim.SGD([p]).zero_grad(set_to_none=False)
    assert p.grad is gradient
    assert gradient.value is array
    assert versions.version(array) > before


def test_zero_grad_of_a_gradient_that_repeats_itself() -> None:
    p = leaf(1.0, 2.0)
    p.grad = wrap(np.broadcast_to(np.float32(3.0), (2,)))
    optim.SGD([p]).zero_grad(set_to_none=False)
    assert p.grad.value.tolist() == [0.0, 0.0]


# ------------------------------------------------------------------------------------------------------------- hooks
def test_step_hooks() -> None:
    p = leaf(1.0, grad=[1.0])
    optimizer = optim.SGD([p], lr=0.5)
    seen: list[str] = []
    handles = [
        optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append(f"before {p.item()}")),
        optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(f"after {p.item()}")),
        register_optimizer_step_pre_hook(lambda o, args, kwargs: seen.append("before all")),
        register_optimizer_step_post_hook(lambda o, args, kwargs: seen.append("after all")),
    ]
    optimizer.step()
    assert seen == ["before all", "before 1.0", "after 0.5", "after all"]
    for handle in handles:
        handle.remove()
    optimizer.step()
    assert len(seen) == 4


def test_a_pre_hook_may_change_the_arguments() -> None:
    p = leaf(1.0, grad=[1.0])
    optimizer = optim.SGD([p])
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: "another loss"), {}))
    assert optimizer.step(lambda: "the loss") == "another loss"
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 3)
    with pytest.raises(RuntimeError, match="must return None or a tuple of"):
        optimizer.step()


def test_hooks_run_once_around_a_step_that_calls_its_base() -> None:
    class Loud(optim.SGD):
        def step(self, closure: Any = None) -> Any:
            return super().step(closure)

    optimizer = Loud([leaf(1.0, grad=[1.0])])
    seen: list[int] = []
    optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append(1))
    optimizer.step()
    optimizer.step()
    assert seen == [1, 1]


def test_hooks_work_again_after_a_step_that_failed() -> None:
    optimizer = optim.SGD([leaf(1.0, grad=[1.0])])
    seen: list[int] = []
    optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append(1))

    def closure() -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        optimizer.step(closure)
    optimizer.step()
    assert seen == [1, 1]


def test_state_dict_hooks() -> None:
    optimizer = optim.SGD([leaf(1.0)])
    seen: list[str] = []
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("second"))
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("first"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "note": 1})
    state = optimizer.state_dict()
    assert seen == ["first", "second"]
    assert state["note"] == 1

    optimizer.register_load_state_dict_pre_hook(lambda o, loaded: {**loaded, "param_groups": state["param_groups"]})
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append("loaded"))
    optimizer.load_state_dict({"state": {}, "param_groups": []})
    assert seen[-1] == "loaded"


def test_repr_shows_l1_where_it_is_used() -> None:
    assert "l1" not in repr(optim.SGD([leaf(1.0)]))
    assert "    l1: 0.5\n    lr: 0.001\n" in repr(optim.SGD([leaf(1.0)], l1=0.5))
