"""Hooks of modules: forward, backward, global; their handles."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from collections import namedtuple
from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn.nn.containers import Sequential
from autograd_cnn.nn.module import hooks
from autograd_cnn.nn.module.module import Module
from autograd_cnn.support.handles import RemovableHandle
from autograd_cnn.tensors.tensor import Parameter


class Same(Module):
    def forward(self, x: Any) -> Any:
        return x


class Double(Module):
    def forward(self, x: Any) -> Any:
        return x * 2


class Affine(Module):
    """y = w x + b: two operations."""

    def __init__(self) -> None:
        super().__init__()
        self.w = Parameter(ac.tensor([3.0, 4.0]))
        self.b = Parameter(ac.tensor([1.0, 1.0]))

    def forward(self, x: Any) -> Any:
        return x * self.w + self.b


class Failing(Module):
    def forward(self, x: Any) -> Any:
        raise ValueError("forward failed")


def leaf(*values: float) -> Any:
    return ac.tensor(list(values), requires_grad=True)


# ------------------------------------------------------------------------------------------------- forward
def test_forward_hooks_run_in_order_and_may_replace() -> None:
    m = Double()
    log: list[Any] = []
    m.register_forward_pre_hook(lambda mod, args: log.append(("pre1", args)))
    m.register_forward_pre_hook(lambda mod, args: args[0] + 1)  # not a tuple: becomes one
    m.register_forward_pre_hook(lambda mod, args: log.append(("pre0", args)), prepend=True)
    m.register_forward_hook(lambda mod, args, out: log.append((args, out)))
    m.register_forward_hook(lambda mod, args, out: out + 100)
    m.register_forward_hook(lambda mod, args, out: log.append("first"), prepend=True)
    assert m(1) == 104
    assert log == [("pre0", (1,)), ("pre1", (1,)), "first", ((2,), 4)]


def test_hooks_with_kwargs() -> None:
    class Power(Module):
        def forward(self, x: int, *, power: int = 1) -> int:
            return int(x**power)

    m = Power()
    m.register_forward_pre_hook(lambda mod, args, kwargs: (args, {"power": kwargs["power"] + 1}), with_kwargs=True)
    m.register_forward_hook(lambda mod, args, kwargs, out: out + kwargs["power"], with_kwargs=True)
    assert m(2, power=2) == 2**3 + 3
    m.register_forward_pre_hook(lambda mod, args, kwargs: 3, with_kwargs=True)
    with pytest.raises(RuntimeError, match=r"forward pre-hook must return None or a tuple of \(new_args, new_kwargs\), but got 3"):
        m(2, power=2)


def test_always_called_hooks_run_when_forward_fails_and_do_not_hide_the_error() -> None:
    m = Failing()
    log: list[Any] = []
    m.register_forward_hook(lambda mod, args, out: log.append("never"))
    m.register_forward_hook(lambda mod, args, out: log.append((args, out)), always_call=True)
    with pytest.raises(ValueError, match="forward failed"):
        m(5)
    assert log == [((5,), None)]
    m.register_forward_hook(lambda mod, args, out: 1 / 0, always_call=True)
    with (
        pytest.warns(UserWarning, match="silenced as another error"),
        pytest.raises(ValueError, match="forward failed"),
    ):
        m(5)


def test_an_always_called_hook_that_ran_is_not_called_again() -> None:
    m = Same()
    log: list[Any] = []
    m.register_forward_hook(lambda mod, args, out: log.append("always"), always_call=True)
    m.register_forward_hook(lambda mod, args, out: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        m(1)
    assert log == ["always"]


def test_a_hook_may_remove_itself() -> None:
    m = Same()
    handles: list[Any] = []
    handles.append(m.register_forward_hook(lambda mod, args, out: handles[0].remove()))
    m.register_forward_hook(lambda mod, args, out: out + 1)
    assert m(1) == 2
    assert len(m._forward_hooks) == 1


def test_hooks_put_directly_into_the_dictionary_run_too() -> None:
    m = Same()
    m._forward_hooks[0] = lambda mod, args, out: out + 1
    assert m(1) == 2
    handle = m.register_forward_hook(lambda mod, args, out: out + 10)
    assert handle.id != 0
    assert m(1) == 12
    m._forward_hooks.clear()
    assert m(1) == 1


def test_a_hook_must_be_callable() -> None:
    with pytest.raises(TypeError, match="a hook must be callable, got int: 3"):
        Same().register_forward_hook(3)  # type: ignore[arg-type]  # on purpose


# ------------------------------------------------------------------------------------------------- handles
def test_handles() -> None:
    m = Same()
    with m.register_forward_hook(lambda mod, args, out: out + 1, with_kwargs=False, always_call=True) as handle:
        assert isinstance(handle, RemovableHandle)
        assert m(1) == 2
    assert m(1) == 1
    assert m._forward_hooks_always_called == {}
    handle.remove()


def test_a_handle_keeps_no_module_alive() -> None:
    m = Same()
    handle = m.register_forward_hook(plus_one)
    gone = weakref.ref(m)
    del m
    gc.collect()
    assert gone() is None
    handle.remove()


def plus_one(module: Any, args: Any, out: Any) -> Any:
    return out + 1


def test_copied_and_pickled_modules_keep_their_hooks() -> None:
    m = Same()
    m.handle = m.register_forward_hook(plus_one, always_call=True)
    for twin in (copy.deepcopy(m), pickle.loads(pickle.dumps(m))):
        assert twin(1) == 2
        assert twin._forward_hooks is not m._forward_hooks
    twin = pickle.loads(pickle.dumps(m))
    twin.handle.remove()
    assert twin(1) == 1
    assert twin._forward_hooks_always_called == {}
    assert m(1) == 2


def test_numbers_of_unpickled_hooks_are_not_given_again() -> None:
    m = Same()
    m._forward_hooks[hooks.Handle(m._forward_pre_hooks).id + 1] = plus_one
    m.register_forward_hook(plus_one)
    assert m(0) == 2


# ------------------------------------------------------------------------------------------------- global
def test_global_hooks() -> None:
    log: list[str] = []
    net = Sequential(Double())
    with (
        hooks.register_module_forward_pre_hook(lambda m, args: log.append("pre " + type(m).__name__)),
        hooks.register_module_forward_hook(lambda m, args, out: log.append("post " + type(m).__name__)),
    ):
        assert net(1) == 2
    assert log == ["pre Sequential", "pre Double", "post Double", "post Sequential"]
    assert net(1) == 2
    assert len(log) == 4
    assert not hooks.ANY_GLOBAL


def test_global_hooks_with_kwargs_and_always_call() -> None:
    log: list[Any] = []
    with hooks.register_module_forward_hook(
        lambda m, args, kwargs, out: log.append((args, kwargs, out)), with_kwargs=True, always_call=True
    ):
        Same()(x=1)
        with pytest.raises(ValueError, match="forward failed"):
            Failing()(2)
    assert log == [((), {"x": 1}, 1), ((2,), {}, None)]


def test_global_backward_hooks() -> None:
    log: list[Any] = []
    x = leaf(1.0)
    with (
        hooks.register_module_full_backward_pre_hook(lambda m, go: log.append(("pre", go[0].item()))),
        hooks.register_module_full_backward_hook(lambda m, gi, go: log.append((gi[0].item(), go[0].item()))),
    ):
        with pytest.raises(RuntimeError, match="Cannot use both regular backward hooks and full backward hooks as a global"):
            hooks.register_module_backward_hook(lambda m, gi, go: None)
        Double()(x).backward()
    assert log == [("pre", 1.0), (2.0, 1.0)]
    hooks.GLOBAL.full = None
    with hooks.register_module_backward_hook(lambda m, gi, go: log.append("old")):
        Double()(x).backward()
    hooks.GLOBAL.full = None
    assert log[2:] == ["old"]


# ------------------------------------------------------------------------------------------------- full backward
def test_full_backward_hook_sees_the_module_as_one() -> None:
    m = Affine()
    seen: list[Any] = []
    m.register_full_backward_hook(lambda mod, gi, go: seen.append((mod, gi, go)))
    x = leaf(1.0, 2.0)
    m(x).sum().backward()
    [(module, (gx,), (gy,))] = seen
    assert module is m
    assert (gx.tolist(), gy.tolist()) == ([3.0, 4.0], [1.0, 1.0])
    assert x.grad.tolist() == [3.0, 4.0]
    assert m.w.grad is not None
    assert m.w.grad.tolist() == [1.0, 2.0]


def test_backward_hooks_may_replace_gradients() -> None:
    m = Affine()
    m.register_full_backward_pre_hook(lambda mod, go: (go[0] * 10,))
    m.register_full_backward_pre_hook(lambda mod, go: go[0] + 1, prepend=True)  # one tensor stands for a tuple of one
    m.register_full_backward_hook(lambda mod, gi, go: (gi[0] + 1,))
    m.register_full_backward_hook(lambda mod, gi, go: (gi[0] * 2,), prepend=True)
    x = leaf(1.0, 2.0)
    m(x).sum().backward()
    assert m.b.grad is not None
    assert m.b.grad.tolist() == [20.0, 20.0]
    assert x.grad.tolist() == [3 * 20 * 2 + 1, 4 * 20 * 2 + 1]


def test_wrong_number_of_gradients() -> None:
    m = Double()
    handle = m.register_full_backward_hook(lambda mod, gi, go: (gi[0], gi[0]))
    with pytest.raises(RuntimeError, match="Backward hook returned an invalid number of grad_input, got 2, but expected 1"):
        m(leaf(1.0)).sum().backward()
    handle.remove()
    m.register_full_backward_pre_hook(lambda mod, go: ())
    with pytest.raises(RuntimeError, match="Backward pre hook returned an invalid number of grad_output, got 0, but expected 1"):
        m(leaf(1.0)).sum().backward()


def test_several_inputs_and_outputs_and_what_is_no_tensor() -> None:
    class Two(Module):
        def forward(self, a: Any, k: int, b: Any, c: Any) -> Any:
            return a * k, "text", b * 3

    m = Two()
    seen: list[Any] = []
    m.register_full_backward_hook(lambda mod, gi, go: seen.append((gi, go)))
    a, b, c = leaf(1.0), leaf(2.0), leaf(3.0)
    first, text, _ = m(a, 2, b, c)
    assert text == "text"
    first.sum().backward()
    [(gi, go)] = seen
    assert [None if g is None else g.tolist() for g in gi] == [[2.0], None, [0.0], [0.0]]
    assert [None if g is None else g.tolist() for g in go] == [[1.0], None, None]
    assert a.grad.tolist() == [2.0]


def test_named_tuples_stay_named_tuples() -> None:
    Pair = namedtuple("Pair", "left right")

    class Split(Module):
        def forward(self, x: Any) -> Any:
            return Pair(x * 2, x * 3)

    m = Split()
    m.register_full_backward_hook(lambda mod, gi, go: None)
    x = leaf(1.0)
    out = m(x)
    assert isinstance(out, Pair)
    (out.left + out.right).sum().backward()
    assert x.grad.tolist() == [5.0]


def test_output_that_is_no_tensor_warns() -> None:
    class Listed(Module):
        def forward(self, x: Any) -> Any:
            return [x * 2]

    m = Listed()
    m.register_full_backward_hook(lambda mod, gi, go: None)
    with pytest.warns(UserWarning, match="module output should be a Tensor or a tuple of Tensors but received <class 'list'>"):
        m(leaf(1.0))


def test_no_input_takes_a_gradient() -> None:
    m = Affine()
    seen: list[Any] = []
    m.register_full_backward_hook(lambda mod, gi, go: seen.append((gi, go[0].tolist())))
    y = m(ac.ones(2))
    with pytest.warns(UserWarning, match="no inputs require gradients"):
        y.sum().backward()
    assert seen == [((None,), [1.0, 1.0])]

    class Three(Affine):
        def forward(self, x: Any, word: str, y: Any) -> Any:
            return super().forward(x) + y

    three = Three()
    three.register_full_backward_hook(lambda mod, gi, go: seen.append(gi))
    with pytest.warns(UserWarning, match="no inputs"):
        three(ac.ones(2), "word", ac.ones(2)).sum().backward()
    assert seen[1:] == [(None, None, None)]
    m.register_full_backward_hook(lambda mod, gi, go: (ac.ones(2),))
    y = m(ac.ones(2))
    with pytest.warns(UserWarning, match="no inputs"), pytest.raises(RuntimeError, match="should always return None"):
        y.sum().backward()


def test_backward_hooks_do_nothing_without_recording() -> None:
    m = Affine()
    m.register_full_backward_hook(lambda mod, gi, go: 1 / 0)
    with ac.no_grad():
        assert m(leaf(1.0, 1.0)).grad_fn is None
    m.requires_grad_(False)
    assert m(ac.ones(2)).grad_fn is None


def test_a_second_backward_runs_the_hooks_again() -> None:
    m = Double()
    count: list[int] = []
    m.register_full_backward_hook(lambda mod, gi, go: count.append(1))
    x = leaf(1.0)
    y = m(x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert len(count) == 2
    assert x.grad.tolist() == [4.0]


def test_second_derivatives_pass_through_the_boundary() -> None:
    class Cube(Module):
        def forward(self, x: Any) -> Any:
            return x**3

    m = Cube()
    seen: list[float] = []
    m.register_full_backward_hook(lambda mod, gi, go: seen.append(gi[0].item()))
    x = leaf(2.0)
    (g,) = ac.autograd.grad(m(x).sum(), x, create_graph=True)
    assert g.item() == 12.0
    (gg,) = ac.autograd.grad(g.sum(), x)
    assert gg.item() == 12.0
    assert seen[0] == 12.0


def test_in_place_operations_inside_and_after_a_hooked_module() -> None:
    class InPlace(Module):
        def forward(self, x: Any) -> Any:
            return x.mul_(3)

    m = InPlace()
    seen: list[Any] = []
    m.register_full_backward_hook(lambda mod, gi, go: seen.append((gi[0].tolist(), go[0].tolist())))
    x = leaf(1.0, 2.0)
    y = x * 1
    z = m(y)
    z *= 2
    (z * z).sum().backward()
    assert z.tolist() == y.tolist() == [6.0, 12.0]
    assert x.grad.tolist() == [72.0, 144.0]
    assert seen == [([72.0, 144.0], [24.0, 48.0])]


def test_a_gradient_that_comes_past_the_outputs_is_not_shown() -> None:
    class Leaks(Module):
        def forward(self, x: Any) -> Any:
            self.inner = x * 2
            return self.inner * 3

    m = Leaks()
    seen: list[Any] = []
    m.register_full_backward_hook(lambda mod, gi, go: seen.append((gi[0].tolist(), go[0].tolist())))
    x = leaf(1.0)
    m(x).sum().backward(retain_graph=True)
    m.inner.sum().backward()  # nothing arrived at the outputs this time: there is no pair to show
    assert seen == [([6.0], [1.0])]
    assert x.grad.tolist() == [8.0]


def test_a_global_hook_that_is_always_called_is_called_once_when_a_later_one_fails() -> None:
    m = Same()
    ran: list[str] = []

    def fails(*_: Any) -> None:
        ran.append("fails")
        raise ValueError("later")

    with hooks.register_module_forward_hook(lambda *_: ran.append("always"), always_call=True), hooks.register_module_forward_hook(fails):
        with pytest.raises(ValueError, match="later"):
            m(ac.ones(1))
        assert ran == ["always", "fails"]
    with hooks.register_module_forward_hook(fails), hooks.register_module_forward_hook(lambda *_: ran.append("after"), always_call=True):
        with pytest.raises(ValueError, match="later"):
            m(ac.ones(1))
        assert ran == ["always", "fails", "fails", "after"]


def test_values_do_not_change_under_hooks() -> None:
    plain, hooked = Affine(), Affine()
    hooked.register_full_backward_hook(lambda mod, gi, go: None)
    x = leaf(0.5, -1.0)
    assert plain(x).tolist() == hooked(x).tolist()


# ------------------------------------------------------------------------------------------------- the older hook
def test_older_backward_hook_sees_the_last_operation() -> None:
    m = Affine()
    seen: list[Any] = []
    m.register_backward_hook(lambda mod, gi, go: seen.append((mod, gi, go)))
    x = leaf(1.0, 2.0)
    m(x).sum().backward()
    [(module, gi, go)] = seen
    assert module is m
    assert [g.tolist() for g in gi] == [[1.0, 1.0], [1.0, 1.0]]  # of the sum's two terms
    assert [g.tolist() for g in go] == [[1.0, 1.0]]
    assert x.grad.tolist() == [3.0, 4.0]


def test_older_backward_hook_may_replace_and_finds_nested_outputs() -> None:
    class Nested(Module):
        def forward(self, x: Any) -> Any:
            return {"n": 1, "out": [x * 2]}

    m = Nested()
    m.register_backward_hook(lambda mod, gi, go: (gi[0] * 10, *gi[1:]))
    x = leaf(1.0)
    m(x)["out"][0].sum().backward()
    assert x.grad.tolist() == [20.0]


def test_older_backward_hook_under_create_graph() -> None:
    class Square(Module):
        def forward(self, x: Any) -> Any:
            return x * x

    m = Square()
    seen: list[float] = []
    m.register_backward_hook(lambda mod, gi, go: seen.append(go[0].item()))
    x = leaf(3.0)
    (g,) = ac.autograd.grad(m(x).sum(), x, create_graph=True)
    (gg,) = ac.autograd.grad(g.sum(), x)
    assert (g.item(), gg.item()) == (6.0, 2.0)
    assert seen[0] == 1.0


def test_what_an_older_hook_gives_is_differentiated_again() -> None:
    class Square(Module):
        def forward(self, x: Any) -> Any:
            return x * x

    m = Square()
    m.register_backward_hook(lambda mod, gi, go: tuple(g * 10 for g in gi))
    x = leaf(3.0)
    (g,) = ac.autograd.grad(m(x).sum(), x, create_graph=True)
    (gg,) = ac.autograd.grad(g.sum(), x)
    assert (g.item(), gg.item()) == (60.0, 20.0)


def test_an_older_hook_sees_none_where_a_rule_gives_none() -> None:
    class OnlyFirst(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, a: Any, b: Any) -> Any:
            return a * 2 + b

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2, None

    class Net(Module):
        def forward(self, a: Any, b: Any) -> Any:
            return OnlyFirst.apply(a, b)

    m = Net()
    seen: list[Any] = []
    m.register_backward_hook(lambda mod, gi, go: seen.append([None if g is None else g.tolist() for g in gi]))
    a, b = leaf(1.0), leaf(1.0)
    m(a, b).sum().backward()
    assert seen == [[[2.0], None]]
    assert a.grad.tolist() == [2.0] and b.grad is None


def test_an_older_hook_sees_none_where_no_gradient_is_needed() -> None:
    class Product(Module):
        def forward(self, a: Any, b: Any) -> Any:
            return a * b

    m = Product()
    seen: list[Any] = []
    m.register_backward_hook(lambda mod, gi, go: seen.append([None if g is None else g.tolist() for g in gi]))
    m(leaf(1.0), ac.tensor([5.0])).sum().backward()
    assert seen == [[[5.0], None]]


def test_the_two_kinds_exclude_each_other() -> None:
    m = Same()
    m.register_backward_hook(lambda mod, gi, go: None)
    with pytest.raises(RuntimeError, match="Cannot use both regular backward hooks and full backward hooks on a single Module"):
        m.register_full_backward_hook(lambda mod, gi, go: None)
    assert len(m._backward_hooks) == 1
    n = Same()
    n.register_full_backward_hook(lambda mod, gi, go: None)
    with pytest.raises(RuntimeError, match="Cannot use both"):
        n.register_backward_hook(lambda mod, gi, go: None)


def test_a_layer_with_hooks_looks_at_its_arguments_as_one_without() -> None:
    plain, hooked = ac.nn.Dropout().eval(), ac.nn.Dropout().eval()  # which would hand anything back
    hooked.register_forward_hook(lambda module, args, result: None)
    said = []
    for layer in (plain, hooked):
        with pytest.raises(TypeError) as caught:
            layer([1.0, 2.0])
        said.append(str(caught.value))
    assert said[0] == said[1] and "Dropout" in said[0]
