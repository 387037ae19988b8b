"""Module: what it holds, how attributes reach it, how its tree is walked."""

from __future__ import annotations

from typing import Any

import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.nn.containers import Sequential
from autograd_cnn.nn.module.buffer import Buffer
from autograd_cnn.nn.module.hooks import (
    register_module_buffer_registration_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from autograd_cnn.nn.module.module import Module
from autograd_cnn.tensors.tensor import Parameter, Tensor


class Same(Module):
    def forward(self, x: Any) -> Any:
        return x


class Scale(Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = Parameter(ac.ones(2))
        self.register_buffer("mean", ac.zeros(2))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight


class Net(Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = Scale()
        self.conv2 = Scale()
        self.gain = Parameter(ac.ones(1))
        self.depth = 2

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.conv1(x)) * self.gain


# ------------------------------------------------------------------------------------------------- before __init__
@pytest.mark.parametrize(
    ("value", "what"),
    [(Same(), "module"), (Parameter(ac.ones(1)), "parameters"), (Buffer(ac.ones(1)), "buffer")],
    ids=["module", "parameter", "buffer"],
)
def test_init_must_come_first(value: Any, what: str) -> None:
    class Forgetful(Module):
        def __init__(self) -> None:
            self.part = value

    with pytest.raises(AttributeError, match=rf"cannot assign {what} before Module.__init__\(\) call.*super\(\)"):
        Forgetful()


def test_registering_before_init() -> None:
    empty = Module.__new__(Module)
    with pytest.raises(AttributeError, match="cannot assign buffer before Module"):
        empty.register_buffer("b", None)
    with pytest.raises(AttributeError, match="cannot assign parameter before Module"):
        empty.register_parameter("p", None)
    with pytest.raises(AttributeError, match=r"no attribute 'x': Module.__init__\(\) has not run yet"):
        _ = empty.x
    with pytest.raises(AttributeError, match="has not run yet"):
        empty(1)


def test_plain_attributes_may_come_before_init() -> None:
    class Early(Module):
        def __init__(self) -> None:
            self.depth = 3
            super().__init__()

    assert Early().depth == 3


def test_init_takes_no_arguments() -> None:
    with pytest.raises(TypeError, match=r"Same.__init__\(\) takes 1 positional argument but 2 were given"):
        Same(1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'size'"):
        Same(size=1)


def test_call_super_init_reaches_the_other_base() -> None:
    class Other:
        def __init__(self, size: int) -> None:
            self.size = size

    class Both(Module, Other):
        call_super_init = True

    assert Both(size=4).size == 4


# ------------------------------------------------------------------------------------------------- attributes
def test_assignment_registers() -> None:
    net = Net()
    assert [n for n, _ in net.named_parameters()] == ["gain", "conv1.weight", "conv2.weight"]
    assert [n for n, _ in net.named_buffers()] == ["conv1.mean", "conv2.mean"]
    assert [n for n, _ in net.named_children()] == ["conv1", "conv2"]
    assert "gain" not in net.__dict__
    assert net.depth == 2


def test_a_name_lives_in_one_place() -> None:
    m = Module()
    m.part = Same()
    m.part = Parameter(ac.ones(1))
    assert list(m._modules) == []
    assert list(m._parameters) == ["part"]
    with pytest.raises(TypeError, match="cannot assign 'Same' as parameter 'part'"):
        m.part = Same()  # a parameter gives its name to None or another parameter only, as in PyTorch
    m.register_buffer("stat", ac.ones(1), persistent=False)
    m.stat = Same()
    assert list(m._buffers) == []
    assert m._non_persistent_buffers_set == set()
    m.plain = 3
    m.plain = Same()
    assert "plain" not in m.__dict__


def test_none_reserves_a_name() -> None:
    m = Module()
    m.bias = Parameter(ac.ones(1))
    m.bias = None
    assert m.bias is None
    assert "bias" in m._parameters
    assert list(m.parameters()) == []
    m.bias = Parameter(ac.zeros(1))
    assert m.bias is not None
    m.child = Same()
    m.child = None
    assert m.child is None
    assert list(m.children()) == []
    m.register_buffer("stat", None)
    m.stat = ac.ones(2)
    assert [n for n, _ in m.named_buffers()] == ["stat"]


def test_plain_tensors_are_not_registered_but_buffers_take_them() -> None:
    m = Scale()
    m.cache = ac.ones(3)
    assert "cache" in m.__dict__
    m.mean = ac.ones(2)
    assert m.get_buffer("mean").tolist() == [1.0, 1.0]


def test_wrong_assignments_say_what_is_expected() -> None:
    m = Net()
    with pytest.raises(TypeError, match=r"cannot assign 'Tensor' as parameter 'gain' \(nn.Parameter or None expected\)"):
        m.gain = ac.ones(1)
    with pytest.raises(TypeError, match=r"cannot assign 'int' as child module 'conv1' \(nn.Module or None expected\)"):
        m.conv1 = 3
    with pytest.raises(TypeError, match=r"cannot assign 'list' as buffer 'mean' \(nn.Buffer, Tensor or None expected\)"):
        m.conv1.mean = [1.0]
    assert [n for n, _ in m.named_parameters()] == ["gain", "conv1.weight", "conv2.weight"]


def test_buffer_class_registers_itself() -> None:
    m = Module()
    m.kept = Buffer(ac.ones(1))
    m.passing = Buffer(ac.ones(2), persistent=False)
    assert list(m.state_dict()) == ["kept"]
    assert [n for n, _ in m.named_buffers()] == ["kept", "passing"]
    m.passing = ac.zeros(2)
    assert list(m.state_dict()) == ["kept"]
    assert Buffer().shape == (0,) and Buffer().dtype is ac.get_default_dtype() and Buffer().persistent


def test_register_errors() -> None:
    m = Net()
    for kind, register in (
        ("parameter", m.register_parameter),
        ("buffer", m.register_buffer),
        ("module", m.add_module),
    ):
        with pytest.raises(KeyError, match=f"{kind} name can.*t contain"):
            register("a.b", None)
        with pytest.raises(KeyError, match=f"{kind} name can.*t be empty"):
            register("", None)
        with pytest.raises(KeyError, match="attribute 'forward' already exists"):
            register("forward", None)
        with pytest.raises(TypeError, match=f"{kind} name should be a string. Got int"):
            register(3, None)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(TypeError, match="int is not a Module subclass"):
        m.add_module("x", 3)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(TypeError, match=r"cannot assign 'Tensor' object to parameter 'x' .*nn.Parameter\(value\)"):
        m.register_parameter("x", ac.ones(1))  # type: ignore[arg-type]  # on purpose
    with pytest.raises(TypeError, match="cannot assign 'float' object to buffer 'x'"):
        m.register_buffer("x", 1.0)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(KeyError, match="attribute 'gain' already exists"):
        m.register_buffer("gain", None)


def test_a_computed_parameter_is_refused() -> None:
    class Odd(Parameter):
        pass

    odd = Odd(ac.ones(2))
    odd.node = (ac.ones(2, requires_grad=True) * 2).node
    with pytest.raises(ValueError, match="Cannot assign non-leaf Tensor to parameter 'w'"):
        Module().register_parameter("w", odd)


def test_missing_attribute_says_what_exists() -> None:
    with pytest.raises(AttributeError) as caught:
        _ = Net().conv3
    text = str(caught.value)
    assert text.startswith("'Net' object has no attribute 'conv3'. Did you mean 'conv")
    assert text.endswith("It has: modules conv1, conv2; parameters gain; attributes depth.")
    with pytest.raises(AttributeError, match=r"'Same' object has no attribute 'zzz'\.$"):
        _ = Same().zzz
    with pytest.raises(AttributeError, match=r"Did you mean 'named_parameters'\?"):
        _ = Same().named_parameter


def test_missing_attribute_lists_at_most_twenty_names_and_counts_the_rest() -> None:
    for count, end in ((23, "18, 19 and 3 more."), (21, "18, 19 and 1 more."), (20, "18, 19.")):
        with pytest.raises(AttributeError, match=rf" {end}$"):
            _ = Sequential(*[Same() for _ in range(count)]).other


def test_an_error_inside_a_property_is_not_blamed_on_the_property() -> None:
    class Faulty(Module):
        @property
        def size(self) -> Any:
            return self.nothing

    with pytest.raises(AttributeError, match="'size' is a property of Faulty, and an AttributeError was raised inside it"):
        _ = Faulty().size


def test_hasattr_and_getattr_default() -> None:
    m = Net()
    assert hasattr(m, "gain")
    assert not hasattr(m, "bias")
    assert getattr(m, "bias", 7) == 7


def test_what_the_class_deletes_by_itself() -> None:
    class Net(Module):
        fixed = 1

        @property
        def cache(self) -> int:
            return 1

        @cache.deleter
        def cache(self) -> None:
            deleted.append(self)

    deleted: list[Any] = []
    m = Net()
    del m.cache
    assert deleted == [m]
    with pytest.raises(AttributeError, match="fixed"):
        del m.fixed
    assert m.fixed == 1


def test_what_is_not_there_cannot_be_deleted_and_is_told_by_its_likes() -> None:
    m = Net()
    with pytest.raises(AttributeError, match="Did you mean 'gain'"):
        del m.gian


def test_a_line_of_its_own_beside_children_in_the_printed_form() -> None:
    class Both(Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Scale()

        def extra_repr(self) -> str:
            return "rate=3"

    assert repr(Both()).split("\n") == ["Both(", "  rate=3", f"  (inner): {Scale()!r}", ")"]


def test_a_state_taken_for_pickling_is_a_copy() -> None:
    m = Net()
    state = m.__getstate__()
    del state["_parameters"]
    state["training"] = "changed"
    assert m.training is True and m.gain is m._parameters["gain"]


def test_delattr() -> None:
    m = Net()
    m.register_buffer("b", ac.ones(1), persistent=False)
    del m.gain, m.conv1, m.b, m.depth
    assert [n for n, _ in m.named_parameters()] == ["conv2.weight"]
    assert m._non_persistent_buffers_set == set()
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'gain'"):
        del m.gain


def test_dir_lists_members_and_no_numbers() -> None:
    names = dir(Net())
    assert {"conv1", "gain", "depth", "forward"} <= set(names)
    assert "mean" in dir(Scale())
    assert "0" not in dir(Sequential(Same()))


def test_registration_hooks_may_replace() -> None:
    seen: list[tuple[str, str]] = []

    def note(module: Module, name: str, value: Any) -> None:
        seen.append((type(module).__name__, name))

    with (
        register_module_parameter_registration_hook(note),
        register_module_buffer_registration_hook(note),
        register_module_module_registration_hook(note),
    ):
        Sequential(Scale())
    assert seen == [("Scale", "weight"), ("Scale", "mean"), ("Sequential", "0")]
    with register_module_parameter_registration_hook(lambda m, n, p: Parameter(p.data * 3)):
        assert Scale().weight.tolist() == [3.0, 3.0]
    assert Scale().weight.tolist() == [1.0, 1.0]


# ------------------------------------------------------------------------------------------------- the tree
def test_shared_parts_are_met_once() -> None:
    m = Module()
    m.a = Scale()
    m.b = m.a
    m.c = Scale()
    m.c.weight = m.a.weight
    assert [n for n, _ in m.named_parameters()] == ["a.weight"]
    assert [n for n, _ in m.named_parameters(remove_duplicate=False)] == ["a.weight", "b.weight", "c.weight"]
    assert [n for n, _ in m.named_modules()] == ["", "a", "c"]
    assert [n for n, _ in m.named_modules(remove_duplicate=False)] == ["", "a", "b", "c"]
    assert len(list(m.children())) == 2
    assert len(list(m.modules())) == 3
    assert [n for n, _ in m.named_buffers()] == ["a.mean", "c.mean"]


def test_named_members_options() -> None:
    net = Net()
    assert [n for n, _ in net.named_parameters(prefix="net")] == ["net.gain", "net.conv1.weight", "net.conv2.weight"]
    assert [n for n, _ in net.named_parameters(recurse=False)] == ["gain"]
    assert [n for n, _ in net.named_buffers(prefix="x", recurse=False)] == []
    assert [n for n, _ in net.named_modules(prefix="x")] == ["x", "x.conv1", "x.conv2"]
    memo = {net.conv1}
    assert [n for n, _ in net.named_modules(memo)] == ["", "conv2"]


def test_get_by_path() -> None:
    net = Sequential(Net())
    assert net.get_submodule("") is net
    assert net.get_submodule("0.conv1") is net[0].conv1
    assert net.get_parameter("0.conv1.weight") is net[0].conv1.weight
    assert net.get_buffer("0.conv2.mean") is net[0].conv2.mean
    with pytest.raises(AttributeError, match=r"Net has no attribute `conv3`. Did you mean 'conv"):
        net.get_submodule("0.conv3")
    with pytest.raises(AttributeError, match=r"`gain` is not an nn.Module"):
        net.get_submodule("0.gain")
    with pytest.raises(AttributeError, match=r"`depth` is not an nn.Parameter"):
        net.get_parameter("0.depth")
    with pytest.raises(AttributeError, match="`gain` is not a buffer"):
        net.get_buffer("0.gain")


def test_set_submodule() -> None:
    net = Sequential(Net())
    same = Same()
    net.set_submodule("0.conv1", same)
    assert net[0].conv1 is same
    net.set_submodule("0.extra", same)
    assert net[0].extra is same
    with pytest.raises(AttributeError, match="Net has no attribute `other`"):
        net.set_submodule("0.other", same, strict=True)
    with pytest.raises(AttributeError, match=r"`gain` is not an nn.Module"):
        net.set_submodule("0.gain", same)
    with pytest.raises(ValueError, match="without a target name"):
        net.set_submodule("", same)
    with pytest.raises(ValueError, match=r"`module` is not an nn.Module, found"):
        net.set_submodule("0.conv1", 3)  # type: ignore[arg-type]  # on purpose
    assert net[0].gain is not None


def test_apply_goes_from_the_leaves_to_the_root() -> None:
    seen: list[str] = []
    net = Net()
    assert net.apply(lambda m: seen.append(type(m).__name__)) is net
    assert seen == ["Scale", "Scale", "Net"]


def test_train_and_eval() -> None:
    net = Net()
    assert net.training
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    net.train()
    assert all(m.training for m in net.modules())
    with pytest.raises(ValueError, match="training mode is expected to be boolean"):
        net.train("yes")  # type: ignore[arg-type]  # on purpose


def test_requires_grad() -> None:
    net = Net()
    assert net.requires_grad_(False) is net
    assert not any(p.requires_grad for p in net.parameters())
    assert not net(ac.ones(2)).requires_grad
    net.requires_grad_()
    assert all(p.requires_grad for p in net.parameters())


def test_zero_grad() -> None:
    net = Net()
    net(ac.ones(2)).sum().backward()
    kept = net.gain.grad
    net.zero_grad(set_to_none=False)
    assert net.gain.grad is kept
    assert net.gain.grad.tolist() == [0.0]
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_zero_grad_cuts_the_graph_of_a_gradient() -> None:
    net = Scale()
    (net(ac.ones(2)) ** 2).sum().backward(create_graph=True)
    assert net.weight.grad is not None
    assert net.weight.grad.requires_grad
    net.zero_grad(set_to_none=False)
    assert not net.weight.grad.requires_grad
    assert net.weight.grad.tolist() == [0.0, 0.0]


# ------------------------------------------------------------------------------------------------- the call
def test_missing_forward() -> None:
    class Empty(Module):
        pass

    with pytest.raises(NotImplementedError, match=r'Module \[Empty\] is missing the required "forward" function'):
        Empty()(1)


def test_call_passes_everything_on() -> None:
    class Echo(Module):
        def forward(self, *args: Any, **kwargs: Any) -> Any:
            return args, kwargs

    assert Echo()(1, 2, a=3) == ((1, 2), {"a": 3})
    assert Echo()._call_impl(1) == ((1,), {})


def test_call_keeps_the_module_scope_in_order_when_it_fails() -> None:
    from autograd_cnn.config import scope

    class Failing(Module):
        def forward(self) -> None:
            raise ValueError("no")

    before = scope()
    for module in (Failing(), Sequential(Failing())):
        with pytest.raises(ValueError, match="no"):
            module() if isinstance(module, Failing) else module[0]()
        assert scope() is before


def test_scopes_name_the_modules() -> None:
    y = Sequential(Net())(ac.ones(2))
    node = y.grad_fn
    assert node is not None
    assert [(s.name, s.kind) for s in node.scope.path()] == [("", "Sequential"), ("0", "Net")]
    assert node.inputs[0] is not None
    assert [s.name for s in node.inputs[0].scope.path()] == ["", "0", "conv2"]


def test_compile_is_harmless() -> None:
    net = Net()
    net.compile(mode="max-autotune")
    assert net(ac.ones(2)).tolist() == [1.0, 1.0]


# ------------------------------------------------------------------------------------------------- printing
def test_repr() -> None:
    class Shown(Module):
        def extra_repr(self) -> str:
            return "size=3"

    class Long(Module):
        def __init__(self) -> None:
            super().__init__()
            self.part = Shown()
            self.none: Module | None = Same()
            self.none = None

        def extra_repr(self) -> str:
            return "a=1\n\nb=2"

    assert repr(Shown()) == "Shown(size=3)"
    assert repr(Same()) == "Same()"
    assert repr(Long()) == "Long(\n  a=1\n  \n  b=2\n  (part): Shown(size=3)\n  (none): None\n)"
    assert repr(Sequential(Long())).split("\n")[2:4] == ["    a=1", ""]


def test_a_convolution_whose_weight_a_subclass_changes() -> None:
    class Tripled(nn.Conv2d):
        def _conv_forward(self, input, weight, bias):
            return super()._conv_forward(input, weight * 3, bias)

    conv = Tripled(1, 2, 3, bias=False)
    x = ac.ones(1, 1, 5, 5)
    assert ac.allclose(conv(x), nn.functional.conv2d(x, conv.weight * 3))


def test_a_batch_norm_that_stops_tracking_counts_no_more() -> None:
    norm = nn.BatchNorm1d(2, momentum=None)
    x = ac.tensor([[0.0, 2.0], [2.0, 4.0]])
    norm(x)
    norm.track_running_stats = False
    norm(x * 5)
    norm.track_running_stats = True
    norm(x * 3)  # the second that counts: the average of two
    assert norm.num_batches_tracked.item() == 2
    assert norm.running_mean.tolist() == [2.0, 6.0]


def test_a_gradient_whose_entries_lie_at_one_place() -> None:
    x = ac.ones(4, 3, requires_grad=True)
    x.grad = ac.ones(1, 3).expand(4, 3)
    with pytest.raises(RuntimeError, match="several of its entries lie at one place"):
        x.sum().backward()
