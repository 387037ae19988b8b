"""Modules beside torch's: the same class bodies over both libraries."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402
from autograd_cnn.nn import containers, parameter_containers, utils  # noqa: E402
from autograd_cnn.nn.module import hooks, module  # noqa: E402
from autograd_cnn.tensors.tensor import Parameter, Tensor  # noqa: E402

OURS = SimpleNamespace(
    lib=ac,
    nn=SimpleNamespace(
        Module=module.Module,
        Parameter=Parameter,
        **{n: getattr(containers, n) for n in ("Sequential", "ModuleList", "ModuleDict")},
        **{n: getattr(parameter_containers, n) for n in ("ParameterList", "ParameterDict")},
        utils=utils,
    ),
    hooks=hooks,
)
THEIRS = SimpleNamespace(lib=torch, nn=torch.nn, hooks=torch.nn.modules.module)


def plain(x: Any) -> Any:
    """Tensors as lists, so that both sides compare."""
    if isinstance(x, (Tensor, torch.Tensor)):
        return x.detach().tolist()
    if isinstance(x, (list, tuple)):
        return [plain(y) for y in x]
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    return x


def same(run: Callable[[Any], Any]) -> Any:
    """Run on both sides; results, or the types of what is raised, must be equal."""
    outcomes = []
    for side in (THEIRS, OURS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                outcomes.append(("result", plain(run(side))))
            except Exception as error:
                outcomes.append(("error", type(error)))
    (kind, theirs), (our_kind, ours) = outcomes
    if kind == our_kind == "error":
        assert issubclass(ours, theirs), f"torch raises {theirs}, ours {ours}"
        return theirs
    assert outcomes[0] == outcomes[1]
    return theirs


def build(side: Any) -> Any:
    """A net with nested, shared, None and odd parts."""
    nn, lib = side.nn, side.lib

    class Affine(nn.Module):  # type: ignore[name-defined, misc]  # the base comes from the side under test
        def __init__(self, n: int, bias: bool = True) -> None:
            super().__init__()
            self.n = n
            self.weight = nn.Parameter(lib.arange(1.0, n + 1))
            if bias:
                self.bias = nn.Parameter(lib.zeros(n))
            else:
                self.register_parameter("bias", None)
            self.register_buffer("count", lib.tensor(0))
            self.register_buffer("cache", lib.zeros(1), persistent=False)

        def forward(self, x: Any) -> Any:
            y = x * self.weight
            return y if self.bias is None else y + self.bias

        def extra_repr(self) -> str:
            return f"n={self.n}"

    class Block(nn.Module):  # type: ignore[name-defined, misc]  # as above
        def __init__(self) -> None:
            super().__init__()
            self.first = Affine(3)
            self.none = None
            self.second = Affine(3, bias=False)
            self.again = self.first
            self.gain = nn.Parameter(lib.tensor([2.0]))

        def forward(self, x: Any) -> Any:
            return self.second(self.first(x)) * self.gain

        def extra_repr(self) -> str:
            return "two\nlines"

    class Net(nn.Module):  # type: ignore[name-defined, misc]  # as above
        def __init__(self) -> None:
            super().__init__()
            self.block = Block()
            self.blocks = nn.ModuleList([Block(), Block(), Affine(3), Affine(3), Affine(2)])
            self.table = nn.ModuleDict({"b": Affine(1), "a": Affine(2)})
            self.seq = nn.Sequential(OrderedDict([("x", Affine(3)), ("y", nn.Sequential())]))
            self.plist = nn.ParameterList([lib.ones(2), lib.zeros(1)])
            self.pdict = nn.ParameterDict({"q": lib.ones(2), "p": lib.zeros(1)})
            self.seq.add_module("none", None)

        def forward(self, x: Any) -> Any:
            return self.seq.x(self.block(x)).sum() + self.pdict["q"].sum()

    return Net()


# ------------------------------------------------------------------------------------------------- reading
@pytest.mark.parametrize(
    "read",
    [
        lambda m: [n for n, _ in m.named_parameters()],
        lambda m: [n for n, _ in m.named_parameters(remove_duplicate=False)],
        lambda m: [n for n, _ in m.named_parameters("p", recurse=False)],
        lambda m: [n for n, _ in m.named_buffers()],
        lambda m: [n for n, _ in m.named_modules()],
        lambda m: [n for n, _ in m.named_modules(remove_duplicate=False)],
        lambda m: [n for n, _ in m.block.named_children()],
        lambda m: len(list(m.parameters())),
        lambda m: list(m.state_dict()),
        lambda m: {k: v for k, v in m.state_dict().items() if "blocks" not in k},
        lambda m: list(m.state_dict(prefix="net.")),
        lambda m: {k: dict(v) for k, v in m.state_dict()._metadata.items()},
        lambda m: list(m.state_dict()._metadata),
        lambda m: [type(x).__name__ for x in m.modules()],
        lambda m: [n for n in dir(m) if n in ("block", "table", "training", "forward", "0")],
        lambda m: list(m.pdict),
        lambda m: m.get_parameter("block.first.weight"),
        lambda m: type(m.get_submodule("table.a")).__name__,
    ],
)
def test_reading(read: Any) -> None:
    same(lambda side: read(build(side)))


def test_repr() -> None:
    assert repr(build(OURS)) == repr(build(THEIRS))
    assert repr(build(OURS).double()) == repr(build(THEIRS).double())


def test_gradients_and_zero_grad() -> None:
    def run(side: Any) -> Any:
        m = build(side)
        m(side.lib.tensor([1.0, 2.0, 3.0])).backward()
        grads = {n: p.grad for n, p in m.named_parameters()}
        m.zero_grad(set_to_none=False)
        zeros = {n: p.grad for n, p in m.named_parameters()}
        m.zero_grad()
        return grads, zeros, [p.grad for p in m.parameters()]

    same(run)


# ------------------------------------------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    "act",
    [
        lambda s, m: setattr(m.block, "gain", s.lib.ones(1)),
        lambda s, m: setattr(m, "block", 3),
        lambda s, m: setattr(m.block.first, "count", [1]),
        lambda s, m: m.register_buffer("a.b", None),
        lambda s, m: m.register_buffer("", None),
        lambda s, m: m.register_buffer("block", None),
        lambda s, m: m.register_buffer("x", 3),
        lambda s, m: m.register_buffer(3, None),
        lambda s, m: m.register_parameter("x", s.lib.ones(1)),
        lambda s, m: m.register_parameter("block", None),
        lambda s, m: m.register_parameter(3, None),
        lambda s, m: m.add_module("x", 3),
        lambda s, m: m.add_module("a.b", None),
        lambda s, m: m.add_module("forward", None),
        lambda s, m: m.nothing,
        lambda s, m: delattr(m, "nothing"),
        lambda s, m: m.get_submodule("block.nothing"),
        lambda s, m: m.get_submodule("block.gain"),
        lambda s, m: m.get_parameter("block.first.n"),
        lambda s, m: m.get_parameter("block.first.count"),
        lambda s, m: m.get_buffer("block.gain"),
        lambda s, m: m.set_submodule("", m.block),
        lambda s, m: m.set_submodule("block.q", 3),
        lambda s, m: m.set_submodule("block.q", m.table, strict=True),
        lambda s, m: m.set_submodule("block.gain", m.table),
        lambda s, m: m.train(3),
        lambda s, m: m.cuda(),
        lambda s, m: m.to("cuda"),
        lambda s, m: m.to("nope"),
        lambda s, m: m.to(s.lib.int32),
        lambda s, m: m.to(foo=1),
        lambda s, m: m.type(s.lib.int32),
        lambda s, m: m.load_state_dict([]),
        lambda s, m: m.load_state_dict({}),
        lambda s, m: m.load_state_dict({**m.state_dict(), "more": s.lib.ones(1)}),
        lambda s, m: m.load_state_dict({**m.state_dict(), "block.gain": s.lib.ones(2)}),
        lambda s, m: m.load_state_dict({**m.state_dict(), "block.gain": 3}),
        lambda s, m: m.blocks[9],
        lambda s, m: m.blocks(1),
        lambda s, m: m.table(1),
        lambda s, m: m.table["nothing"],
        lambda s, m: m.table.update(3),
        lambda s, m: m.table.update([1]),
        lambda s, m: m.table.update([(1, 2, 3)]),
        lambda s, m: m.table.__setitem__("keys", m.block),
        lambda s, m: m.seq[7],
        lambda s, m: m.seq + 3,
        lambda s, m: m.seq * 0,
        lambda s, m: m.seq * 1.5,
        lambda s, m: m.seq.insert(0, 3),
        lambda s, m: m.seq.insert(99, m.block),
        lambda s, m: m.blocks.extend(3),
        lambda s, m: m.plist[5],
        lambda s, m: m.plist.extend(s.lib.ones(2)),
        lambda s, m: m.plist(1),
        lambda s, m: m.pdict(1),
        lambda s, m: m.pdict.__setitem__(3, s.lib.ones(1)),
        lambda s, m: m.pdict.popitem() and m.pdict.popitem() and m.pdict.popitem(),
        lambda s, m: type(m)(1),
        lambda s, m: s.nn.Module(1),
        lambda s, m: s.nn.Module(a=1),
        lambda s, m: s.nn.Module()(1),
        lambda s, m: s.nn.Module.__new__(s.nn.Module).register_buffer("b", None),
        lambda s, m: setattr(s.nn.Module.__new__(s.nn.Module), "b", m),
        lambda s, m: setattr(s.nn.Module.__new__(s.nn.Module), "b", m.block.gain),
    ],
)
def test_errors_are_of_torch_s_type(act: Any) -> None:
    assert isinstance(same(lambda side: act(side, build(side))), type), "torch raises nothing here"


def test_load_error_text() -> None:
    def text(side: Any) -> str:
        m = build(side)
        state = {k: v for k, v in m.state_dict().items() if "blocks" not in k}
        state["more"] = side.lib.ones(1)
        state["table.a.weight"] = side.lib.ones(7)
        with pytest.raises(RuntimeError) as caught:
            m.load_state_dict(state)
        return str(caught.value)

    assert text(OURS) == text(THEIRS)


def test_not_strict_load() -> None:
    def run(side: Any) -> Any:
        m = build(side)
        state = m.state_dict()
        del state["block.gain"]
        state["more"] = side.lib.ones(1)
        state["block.first.weight"] = side.lib.zeros(3, dtype=side.lib.float64)
        result = m.load_state_dict(state, strict=False)
        return repr(result), result.missing_keys, result.unexpected_keys, m.block.first.weight

    same(run)


def test_setattr_sequences() -> None:
    def run(side: Any) -> Any:
        nn, lib = side.nn, side.lib
        m = nn.Module()
        log = []
        one, two, three = (nn.Parameter(lib.ones(n)) for n in (1, 2, 3))
        for value in (one, None, two, "del", nn.Module(), None, nn.Module(), three):
            if isinstance(value, str):
                del m.x
            else:
                m.x = value
            log.append((list(m._parameters), list(m._modules), list(m._buffers), "x" in m.__dict__))
        del m.x
        m.x = lib.ones(1)
        log.append((list(m._parameters), list(m._modules), list(m._buffers), "x" in m.__dict__))
        del m.x
        m.register_buffer("x", lib.ones(1), persistent=False)
        m.x = lib.zeros(1)
        m.x = None
        log.append((list(m._buffers), list(m._non_persistent_buffers_set)))
        m.register_buffer("x", lib.ones(1))
        log.append(list(m.state_dict()))
        return log

    same(run)


def test_containers() -> None:
    def run(side: Any) -> Any:
        nn, lib = side.nn, side.lib
        m = build(side)
        s = nn.Sequential(*[nn.Sequential() for _ in range(4)])
        del s[1]
        s.insert(1, m.block)
        s.append(m.table)
        s.pop(0)
        names = [list(s._modules), list((s * 2)._modules), list(s[1:]._modules), list(m.blocks[1:3]._modules)]
        m.blocks.insert(1, m.block)
        del m.blocks[2:4]
        m.plist.append(3)
        m.plist += [lib.ones(1)]
        m.pdict.update({"z": lib.ones(1), "b": 4})
        merged = m.pdict | nn.ParameterDict({"w": lib.ones(1)})
        return names, list(m.blocks._modules), [n for n, _ in m.plist.named_parameters()], list(m.pdict), list(merged)

    same(run)


# ------------------------------------------------------------------------------------------------- hooks
def test_forward_hook_order() -> None:
    def run(side: Any) -> Any:
        log: list[str] = []
        m = build(side).block.first

        def note(name: str) -> Any:
            return lambda *args: log.append(f"{name}{len(args)}")

        m.register_forward_pre_hook(note("a"))
        m.register_forward_pre_hook(note("b"), prepend=True)
        m.register_forward_pre_hook(note("c"), with_kwargs=True)
        m.register_forward_hook(note("d"))
        m.register_forward_hook(note("e"), prepend=True, with_kwargs=True)
        m.register_full_backward_pre_hook(note("f"))
        m.register_full_backward_hook(note("g"))
        m.register_full_backward_hook(note("h"), prepend=True)
        first = side.hooks.register_module_forward_pre_hook(note("i"))
        second = side.hooks.register_module_forward_hook(note("j"), always_call=True)
        try:
            x = side.lib.ones(3, requires_grad=True)
            m(x).sum().backward()
            try:
                m("text", 3)
            except TypeError:
                log.append("error")
        finally:
            first.remove()
            second.remove()
        m(x)
        return log

    same(run)


@pytest.mark.parametrize("needs", [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("use", [(True, True), (True, False), (False, True)])
def test_backward_hooks_of_a_module_with_two_inputs_and_outputs(needs: Any, use: Any) -> None:
    def run(side: Any) -> Any:
        class Two(side.nn.Module):  # type: ignore[name-defined, misc]  # the base comes from the side under test
            def forward(self, a: Any, k: int, b: Any) -> Any:
                return a * k, b * b

        m, log = Two(), []
        m.register_full_backward_pre_hook(lambda mod, go: log.append(plain(go)))
        m.register_full_backward_hook(lambda mod, gi, go: log.append((plain(gi), plain(go))))
        a = side.lib.tensor([1.0, 2.0], requires_grad=needs[0])
        b = side.lib.tensor([3.0], requires_grad=needs[1])
        y, z = m(a, 3, b)
        total = sum(t.sum() for t, used in zip((y, z), use, strict=True) if used and t.requires_grad)
        if isinstance(total, int):
            return None
        total.backward()
        return log, a.grad, b.grad

    same(run)


def test_backward_hooks_that_replace() -> None:
    def run(side: Any) -> Any:
        m = build(side)
        m.block.register_full_backward_hook(lambda mod, gi, go: (gi[0] * 2,))
        m.block.second.register_full_backward_pre_hook(lambda mod, go: (go[0] + 1,))
        x = side.lib.tensor([1.0, 2.0, 3.0], requires_grad=True)
        m(x).backward()
        return x.grad, {n: p.grad for n, p in m.named_parameters()}

    same(run)


def test_older_backward_hook_on_one_operation() -> None:
    def run(side: Any) -> Any:
        class Square(side.nn.Module):  # type: ignore[name-defined, misc]  # the base comes from the side under test
            def forward(self, x: Any) -> Any:
                return x.exp()

        m, log = Square(), []
        m.register_backward_hook(lambda mod, gi, go: log.append((plain(gi), plain(go))))
        m.register_backward_hook(lambda mod, gi, go: (gi[0] * 2,))
        x = side.lib.tensor([0.0, 0.0], requires_grad=True)
        m(x).sum().backward()
        return log, x.grad

    same(run)


def test_older_backward_hook_on_an_operation_of_several_outputs() -> None:
    def run(side: Any) -> Any:
        class Both(side.lib.autograd.Function):  # type: ignore[name-defined, misc]  # as above
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                return x * 2, x * 3

            @staticmethod
            def backward(ctx: Any, gy: Any, gz: Any) -> Any:
                return gy * 2 + gz * 3

        class Two(side.nn.Module):  # type: ignore[name-defined, misc]  # the base comes from the side under test
            def forward(self, x: Any) -> Any:
                return Both.apply(x)

        m, log = Two(), []
        m.register_backward_hook(lambda mod, gi, go: log.append((plain(gi), plain(go))))
        x = side.lib.tensor([1.0], requires_grad=True)
        m(x)[1].sum().backward()
        return log, x.grad

    same(run)


# ------------------------------------------------------------------------------------------------- nn.utils
@pytest.mark.parametrize("p", [1, 2, 3, 0.5, float("inf"), 0, -1])
@pytest.mark.parametrize("max_norm", [0.1, 1e9])
def test_clip_grad_norm(p: float, max_norm: float) -> None:
    rng = np.random.default_rng(0)
    grads = [rng.standard_normal(shape).astype(np.float32) for shape in [(120, 84), (84,), (6, 1, 5, 5)]]
    results = []
    for side in (THEIRS, OURS):
        params = [side.nn.Parameter(side.lib.zeros(*g.shape)) for g in grads]
        for param, g in zip(params, grads, strict=True):
            param.grad = side.lib.tensor(g)
        total = side.nn.utils.clip_grad_norm_(params, max_norm, norm_type=p)
        results.append([total.item(), *[param.grad.numpy() for param in params]])
    for theirs, ours in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-6 if p >= 1 else 1e-5)


def test_clip_grad_value_and_vectors() -> None:
    def run(side: Any) -> Any:
        a, b = side.nn.Parameter(side.lib.ones(2, 2)), side.nn.Parameter(side.lib.zeros(1))
        a.grad = side.lib.tensor([[-5.0, 0.5], [2.0, 1.0]])
        side.nn.utils.clip_grad_value_([a, b], 1)
        vector = side.nn.utils.parameters_to_vector([a, b])
        side.nn.utils.vector_to_parameters(vector * 3 + 1, [a, b])
        return a.grad, vector, a, b

    same(run)


@pytest.mark.parametrize("dim", [0, 1, 2, None, -1])
def test_weight_norm(dim: Any) -> None:
    values = np.random.default_rng(1).standard_normal((4, 3, 2))

    def run(side: Any) -> Any:
        class Layer(side.nn.Module):  # type: ignore[name-defined, misc]  # the base comes from the side under test
            def __init__(self) -> None:
                super().__init__()
                self.weight = side.nn.Parameter(side.lib.tensor(values))

            def forward(self, x: Any) -> Any:
                return (self.weight * x).sum()

        m = side.nn.utils.weight_norm(Layer(), dim=dim)
        (m(2.0) ** 2).backward()
        keys = list(m.state_dict())
        grads = [p.grad.numpy() for p in m.parameters()]
        side.nn.utils.remove_weight_norm(m)
        return keys, [n for n, _ in m.named_parameters()], grads, m.weight.detach().numpy()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = run(THEIRS)
    ours = run(OURS)
    assert ours[:2] == theirs[:2]
    for a, b in zip([*ours[2], ours[3]], [*theirs[2], theirs[3]], strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
