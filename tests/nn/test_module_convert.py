"""Converting modules, copying and pickling them."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.nn.containers import Sequential
from autograd_cnn.nn.module.conversion import parse_to
from autograd_cnn.nn.module.module import Module
from autograd_cnn.tensors.tensor import Parameter, Tensor


class Layer(Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = Parameter(ac.tensor([1.0, 2.0]))
        self.frozen = Parameter(ac.tensor([3.0]), requires_grad=False)
        self.register_buffer("mean", ac.tensor([0.5]))
        self.register_buffer("steps", ac.tensor(3))
        self.register_buffer("nothing", None)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight


def dtypes(module: Module) -> list[Any]:
    return [t.dtype for t in [*module.parameters(), *module.buffers()]]


def trained() -> Module:
    net = Sequential(Layer())
    net(ac.ones(2)).sum().backward()
    return net


@pytest.mark.parametrize(
    ("convert", "dtype"),
    [
        (lambda m: m.half(), ac.float16),
        (lambda m: m.double(), ac.float64),
        (lambda m: m.double().float(), ac.float32),
        (lambda m: m.to(ac.float64), ac.float64),
        (lambda m: m.to(dtype=ac.float64), ac.float64),
        (lambda m: m.to("cpu", ac.float64), ac.float64),
        (lambda m: m.to(ac.device("cpu"), ac.float64, True), ac.float64),
        (lambda m: m.to(ac.zeros(1, dtype=ac.float64)), ac.float64),
        (lambda m: m.to(np.float64), ac.float64),
        (lambda m: m.to(), ac.float32),
        (lambda m: m.to("cpu"), ac.float32),
        (lambda m: m.to(device="cpu", non_blocking=True), ac.float32),
        (lambda m: m.cpu(), ac.float32),
    ],
)
def test_floating_tensors_change_and_gradients_go_along(convert: Any, dtype: Any) -> None:
    net = trained()
    layer = net[0]
    weight = layer.weight
    assert convert(net) is net
    assert dtypes(net) == [dtype, dtype, dtype, ac.int64]
    assert layer.weight is weight
    assert weight.requires_grad
    assert weight.is_leaf
    assert not layer.frozen.requires_grad
    assert weight.grad.dtype == dtype
    assert weight.grad.tolist() == [1.0, 1.0]
    net(ac.ones(2, dtype=dtype)).sum().backward()
    assert weight.grad.dtype == dtype
    assert weight.grad.tolist() == [2.0, 2.0]


def test_the_gradient_of_a_frozen_parameter_goes_along() -> None:
    net = trained()
    net[0].weight.requires_grad_(False)
    net.double()
    assert net[0].weight.grad.dtype == ac.float64


def test_type_converts_everything() -> None:
    net = Sequential(Layer()).requires_grad_(False)
    net.type(ac.float64)
    assert set(dtypes(net)) == {ac.float64}


def test_memory_format_is_accepted() -> None:
    m = Module()
    m.kernel = Parameter(ac.ones(2, 3, 4, 4))
    m.to(memory_format="channels_last")
    assert m.kernel.tolist() == ac.ones(2, 3, 4, 4).tolist()


def test_to_refuses_what_it_cannot_do_before_changing_anything() -> None:
    net = trained()
    with pytest.raises(TypeError, match="only accepts floating point or complex dtypes, but got desired dtype=int32"):
        net.to(ac.int32)
    with pytest.raises(TypeError, match=r"invalid combination of arguments, \['foo'\]; expected \(device, dtype\)"):
        net.to(foo=3)
    with pytest.raises(TypeError, match="invalid combination"):
        net.to("cpu", 3)
    for wrong in (("cpu", ac.float64, True, False, True), (ac.float64, True, False, True), (ac.ones(1), True, False, True)):
        with pytest.raises(TypeError, match="invalid combination"):
            net.to(*wrong)
    for args, named in ((("cpu", ac.float64, True, False), {}), ((ac.float64, True, True), {}), ((), {"copy": False})):
        with pytest.raises(RuntimeError, match="does not accept copy argument"):
            net.to(*args, **named)
    with pytest.raises(RuntimeError, match="Expected one of cpu"):
        net.to("nope")
    with pytest.raises(AssertionError, match="CUDA"):
        net.to("cuda")
    with pytest.raises(AssertionError, match=r"not compiled with CUDA enabled: it computes on the CPU.*Leave .cuda\(\) out"):
        net.cuda()
    with pytest.raises(AssertionError, match="XPU"):
        net.xpu()
    with pytest.raises(TypeError, match="bfloat16 is not available"):
        net.bfloat16()
    assert dtypes(net) == [ac.float32, ac.float32, ac.float32, ac.int64]


def test_modules_without_tensors_move_anywhere() -> None:
    empty = Sequential()
    assert empty.cuda() is empty
    assert empty.to("cuda") is empty
    assert empty.bfloat16() is empty


def test_to_empty() -> None:
    net = trained().double().to_empty(device="cpu")
    assert dtypes(net) == [ac.float64, ac.float64, ac.float64, ac.int64]


def test_parse_to() -> None:
    assert parse_to(("cpu", None), {}).dtype is None
    assert parse_to((), {"tensor": ac.ones(1, dtype=ac.float16)}).dtype == ac.float16
    assert parse_to((float,), {}).dtype == ac.float64


# ------------------------------------------------------------------------------------------------- copies
@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_copies_are_independent_and_keep_sharing(twin_of: Any) -> None:
    net = Module()
    net.a = Layer()
    net.b = Layer()
    net.b.weight = net.a.weight
    net.c = net.a
    net.b.eval()
    twin = twin_of(net)
    assert twin.a is twin.c
    assert twin.b.weight is twin.a.weight
    assert [n for n, _ in twin.named_parameters()] == [n for n, _ in net.named_parameters()]
    assert isinstance(twin.a.weight, Parameter)
    assert twin.a.weight.requires_grad
    assert not twin.a.frozen.requires_grad
    assert (twin.a.training, twin.b.training) == (True, False)
    with ac.no_grad():
        twin.a.weight += 1
    assert net.a.weight.tolist() == [1.0, 2.0]
    twin.b(ac.ones(2)).sum().backward()
    assert twin.a.weight.grad.tolist() == [1.0, 1.0]
    assert net.a.weight.grad is None
    assert repr(twin) == repr(net)


def test_a_shallow_copy_shares_tensors() -> None:
    net = Layer()
    twin = copy.copy(net)
    assert twin.weight is net.weight
