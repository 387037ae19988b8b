"""What is no tensor in a tensor's place, over the whole public surface: TypeError that names the operation, the argument and the fix."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.ops.registry.expose import FUNCTIONAL, FUNCTIONS

BAD = {"list": [1.0, 2.0], "None": None, "str": "abc", "dict": {"a": 1.0}}
X = ac.tensor(np.linspace(0.1, 0.9, 24).reshape(1, 2, 3, 4).astype(np.float32))
M = ac.ones(3, 3)
TENSOR = ("Array", "Tensor", "Array | None", "Tensor | None")
# What comes before is asked first, and X does not answer it: sizes, a second operand of other sizes, an index that is none.
EARLIER = (RuntimeError, ValueError, IndexError, NotImplementedError)
# The other arguments of these are no numbers.
OTHERS: dict[str, tuple[Any, ...]] = {
    "broadcast_to": ((2, 3),),
    "split_with_sizes": ([1],),
    "unsafe_split_with_sizes": ([1],),
    "affine_grid": ((1, 1, 2, 2),),
    "scatter": (0, ac.zeros(1, 2, 3, 4).long(), X),
    "index_reduce": (0, ac.tensor([0]), X, "mean"),
    "addbmm": (M[None], M[None]),
    "addmm": (M, M),
    "addmv": (M, M[0]),
    "addr": (M[0], M[0]),
    "baddbmm": (M[None], M[None]),
    "clamp": (0.0,),
    "clip": (0.0,),
    "embedding": (M,),
    "index_put": ((ac.tensor([0]),), X),
    "masked_fill": (M > 0, 0.0),
    "masked_scatter": (M > 0, M),
    "masked_select": (M > 0,),
    "scatter_reduce": (0, ac.zeros(1, 2, 3, 4).long(), X, "sum"),
    "take": (ac.tensor([0]),),
    "take_along_dim": (ac.tensor([0]), 0),
}
TAKES_ANYTHING = {"is_tensor", "is_storage", "result_type", "promote_types", "can_cast", "is_grad_enabled", "is_inference_mode_enabled"}


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    for space, names, where in (("", FUNCTIONS, ac), ("nn.functional.", FUNCTIONAL, nn.functional)):
        yield from ((space + name, getattr(where, name)) for name in sorted(names) if name not in TAKES_ANYTHING)


def takes(p: inspect.Parameter) -> bool:
    return p.annotation in TENSOR or (p.annotation is p.empty and p.default is p.empty)


CASES = [
    pytest.param(fn, at, id=f"{name}-{p.name}")
    for name, fn in functions()
    for at, p in enumerate(p for p in inspect.signature(fn).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD)
    if takes(p)
]


def arguments(fn: Callable[..., Any], at: int, bad: Any) -> list[Any]:
    """The one argument as it should not be; tensors, defaults and ones in the others' places."""
    parameters = [p for p in inspect.signature(fn).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    count = max(at + 1, sum(p.default is p.empty for p in parameters))
    others = OTHERS.get(fn.__name__)
    if others is not None and at == 0:
        return [bad, *others]
    return [bad if i == at else X if takes(p) else p.default if p.default is not p.empty else 1 for i, p in enumerate(parameters[:count])]


@pytest.mark.parametrize(("fn", "at"), CASES)
def test_functions(fn: Callable[..., Any], at: int) -> None:
    p = list(inspect.signature(fn).parameters.values())[at]
    for what, bad in BAD.items():
        if bad is None and ("None" in str(p.annotation) or p.default is None):
            continue
        with pytest.raises((TypeError, *(EARLIER if at else ()))) as caught:
            fn(*arguments(fn, at, bad))
        if isinstance(caught.value, TypeError):
            said = str(caught.value)
            if "expected Tensor as element" in said:  # of a tuple that the function makes of its arguments
                assert f"but got {type(bad).__name__}" in said
                continue
            if at and (fn.__name__ in OTHERS or "position" in said) and f"(position {at + 1})" not in said:
                continue  # ones stand where other tensors should
            assert f"must be Tensor, not {type(bad).__name__}" in said, (what, said)
            assert "use tensor(…)" in said or not isinstance(bad, list)
            assert said.split("(", 1)[0].isidentifier(), said


def test_most_positions_are_reached() -> None:
    told = 0
    for case in CASES:
        fn, at = case.values
        try:
            fn(*arguments(fn, at, BAD["list"]))
        except TypeError:
            told += 1
        except EARLIER:
            pass
    assert told > 0.85 * len(CASES)


# ------------------------------------------------------------------------------------------------- layers and losses
SIZES = ((), (2,), (2, 2), (2, 2, 2), (2, 2, 2, 2), (4, 2))
LAYERS = [n for n in nn.__all__ if isinstance(getattr(nn, n), type) and issubclass(getattr(nn, n), nn.Module) and "Lazy" not in n]
CONTAINERS = {
    "Module",
    "Sequential",
    "ModuleList",
    "ModuleDict",
    "ParameterList",
    "ParameterDict",
    "RNNBase",
    "RNNCellBase",
    "DataParallel",
}


def made(name: str) -> nn.Module:
    kinds = {"TransformerEncoder": nn.TransformerEncoderLayer, "TransformerDecoder": nn.TransformerDecoderLayer}
    if name in kinds:
        return getattr(nn, name)(kinds[name](4, 2, 8), 1)
    if name == "Transformer":
        return nn.Transformer(4, 2, 1, 1, 8)
    special = {"LSTM": (3, 2), "RNN": (3, 2), "GRU": (3, 2), "Unflatten": (1, (1, 2)), "AdaptiveLogSoftmaxWithLoss": (4, 8, [2])}
    for sizes in (special[name],) if name in special else SIZES:
        try:
            return getattr(nn, name)(*sizes)
        except (TypeError, ValueError, AssertionError, RuntimeError, ZeroDivisionError):
            continue
    raise AssertionError(f"no arguments make {name}")


@pytest.mark.parametrize("name", sorted(set(LAYERS) - CONTAINERS))
@pytest.mark.parametrize("hooked", [False, True])
def test_layers(name: str, hooked: bool) -> None:
    layer = made(name)
    if hooked:
        layer.register_forward_hook(lambda *_: None)
    parameters = [p for p in inspect.signature(type(layer).forward).parameters.values() if p.name != "self"]
    tensors = [i for i, p in enumerate(parameters) if str(p.annotation).startswith("Tensor") and "float" not in str(p.annotation)]
    if not tensors:
        assert name in ("Identity", "LSTM", "RNN", "GRU", "RNNBase"), "its forward says what it takes"
    for at, bad in itertools.product(tensors, (*BAD.values(), np.ones((2, 2), np.float32), (1.0, 2.0))):
        if bad is None and parameters[at].default is None:
            continue
        needed = sum(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)
        given = [bad if i == at else X for i in range(max(at + 1, needed))]
        with pytest.raises(
            TypeError,
            match=rf"^{name}\(\): argument '{parameters[at].name}' \(position {at + 1}\) must be Tensor, not {type(bad).__name__}",
        ):
            layer(*given)
        if at < needed:
            with pytest.raises(TypeError, match=rf"^{name}\(\): argument '{parameters[at].name}'"):
                layer(*given[:at], **{parameters[at].name: bad}, **{p.name: X for p in parameters[at + 1 : needed]})


@pytest.mark.parametrize("name", ["LSTM", "RNN", "GRU"])
def test_recurrent_layers(name: str) -> None:
    for bad in (*BAD.values(), np.ones((2, 3), np.float32)):
        with pytest.raises(TypeError, match=rf"^{name}\(\): argument 'input' \(position 1\) must be Tensor, not {type(bad).__name__}"):
            made(name)(bad)


def test_inside_a_network_the_layer_is_named() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    with pytest.raises(
        TypeError, match=r"^Flatten\(\): argument 'input' \(position 1\) must be Tensor, not list: expected a Tensor, got list; use tensor"
    ):
        net([[1.0, 2.0]])


def test_a_users_layer_takes_what_it_likes() -> None:
    class Words(nn.Module):
        def forward(self, input: ac.Tensor) -> Any:
            return len(input)

    assert Words()([1, 2, 3]) == Words()(np.ones(3)) == 3
    assert nn.Sequential(Words())([1, 2]) == 2
    assert nn.Identity()([1]) == [1]

    class Broken(nn.Linear):
        def forward(self, input: Any) -> Any:
            return self.wieght @ input

    with pytest.raises(AttributeError, match="wieght"):
        Broken(2, 2)(X)


def test_numbers_stay_accepted_where_pytorch_takes_them() -> None:
    assert ac.add(X, 1).shape == ac.mul(X, 2.0).shape == ac.maximum(X, X).shape == X.shape
    assert ac.where(X > 0, X, 0.0).shape == ac.pow(2, X).shape == X.shape


def test_an_error_deep_inside_still_names_what_was_called() -> None:
    with pytest.raises(TypeError, match=r"^cross_entropy\(\): argument 'input' \(position 1\) must be Tensor, not list"):
        nn.functional.cross_entropy([[1.0, 2.0]], ac.tensor([0]))
    with pytest.raises(TypeError, match=r"^conv2d\(\): argument 'weight' \(position 2\) must be Tensor, not NoneType. Does the function"):
        nn.functional.conv2d(X, None)
    with pytest.raises(TypeError, match=r"argument 'other' \(position 2\) must be Tensor, not list; use|not list: expected a Tensor"):
        ac.add(X, [1.0])
