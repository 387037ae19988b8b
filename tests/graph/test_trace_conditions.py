"""What a replay counts on beside shapes: modes, modules, hooks, and how arguments lie in memory."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.errors import GraphError, TraceWarning


class Own(nn.Module):
    def forward(self, x: Any) -> Any:
        return nn.functional.dropout(x * 2, 0.5, self.training)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("net", [nn.Sequential(nn.Linear(2, 2), nn.Dropout()), Own(), nn.BatchNorm1d(2)], ids=["dropout", "own", "norm"])
def test_another_mode_is_told(net: Any, training: bool) -> None:
    graph = ac.trace(net.train(training), ac.ones(3, 2))
    graph(ac.ones(3, 2))
    net.train(not training)
    with pytest.warns(TraceWarning, match="mode when it was traced, and is in .* mode now"):
        graph(ac.ones(3, 2))


def test_modules_that_do_the_same_in_both_modes_are_silent() -> None:
    net = nn.Sequential(nn.Conv1d(2, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(6, 2))
    graph = ac.trace(net, ac.ones(1, 2, 3))
    net.eval()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        graph(ac.ones(1, 2, 3))


def test_another_module_is_refused() -> None:
    net = nn.Sequential(nn.Sequential(nn.Linear(2, 2)), nn.Linear(2, 2))
    graph = ac.trace(net, ac.ones(2))
    for copied in (copy.deepcopy(graph), pickle.loads(pickle.dumps(graph))):  # they have parameters of their own
        assert copied(ac.ones(2)).shape == (2,)
    net[0][0] = nn.Linear(2, 2)
    with pytest.raises(GraphError, match=r"Sequential\.0 is another module"):
        graph(ac.ones(2))


def hook_on_an_input(x: Any) -> Any:
    x.register_hook(lambda g: g * 3)
    return x * 2


def hook_after_an_input(x: Any) -> Any:
    x.register_post_accumulate_grad_hook(lambda x: None)
    return x * 2


def module_with_hooks(x: Any) -> Any:
    layer = nn.Linear(2, 2)
    layer.register_full_backward_hook(lambda m, i, o: None)
    return layer(x)


HOOKS = {"on an input": hook_on_an_input, "after an input": hook_after_an_input, "of a module": module_with_hooks}


@pytest.mark.parametrize("name", HOOKS)
def test_hooks_that_a_replay_would_not_run_are_refused(name: str) -> None:
    graph = ac.trace(HOOKS[name], ac.ones(2, requires_grad=True))
    with pytest.raises(GraphError, match="hooks"):
        graph(ac.ones(2, requires_grad=True))


def leaf_and_result(x: Any) -> Any:
    y = x.detach().requires_grad_()
    return y, y * 2


REQUIRING: dict[str, Callable[[Any], Any]] = {"an input": lambda x: x.requires_grad_() * 2, "a result": leaf_and_result}


@pytest.mark.parametrize("name", REQUIRING)
def test_what_requires_grad_only_within_is_refused(name: str) -> None:
    graph = ac.trace(REQUIRING[name], ac.ones(2))
    with pytest.raises(GraphError, match="lets tensors require grad"):
        graph(ac.ones(2))


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("way", ["reshape", "contiguous"])
def test_a_write_through_what_may_be_a_copy_depends_on_the_layout(plain: bool, way: str) -> None:
    def fn(x: Any) -> Any:
        return (x.reshape(-1) if way == "reshape" else x.contiguous()).mul_(2)

    both = {True: lambda: ac.ones(2, 3), False: lambda: ac.ones(3, 2).t()}
    graph = ac.trace(fn, both[plain]())
    x = both[plain]()
    graph(x)
    assert x.tolist() == [[2.0 if plain else 1.0] * 3] * 2
    with pytest.raises(GraphError, match="contiguous when it was traced"):
        graph(both[not plain]())


def test_layouts_do_not_matter_where_nothing_is_written_through_them() -> None:
    graph = ac.trace(lambda x: nn.functional.relu(x.reshape(-1) * 2, inplace=True), ac.ones(2, 3))
    assert graph(ac.ones(3, 2).t()).tolist() == [2.0] * 6


def test_arguments_that_shared_memory_share_it_again() -> None:
    def fn(a: Any, b: Any) -> Any:
        a.mul_(2)
        return b * 1

    x = ac.ones(3)
    graph = ac.trace(fn, x, x[:])
    y = ac.ones(3)
    assert graph(y, y[:]).tolist() == [2.0] * 3
    with pytest.raises(GraphError, match="shared memory when it was traced"):
        graph(ac.ones(3), ac.ones(3))


def test_lazy_layers_are_initialised_beside_the_graph() -> None:
    net = nn.Sequential(nn.LazyConv1d(4, 3), nn.Flatten(), nn.LazyLinear(3))
    graph = ac.trace(net, ac.ones(2, 3, 6))
    x = ac.randn(2, 3, 6)
    assert ac.equal(graph(x), net(x))
    graph(x).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
