"""Arguments of primitives under any name: the written calls have no name that a user's could meet."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd_cnn as ac
from autograd_cnn.primitives import codegen
from autograd_cnn.primitives.primitive import REGISTRY, Primitive, primitive
from autograd_cnn.primitives.rules import RESERVED

# Every word of the file that writes the calls, without its underscores too, and what Python and people have names for.
WRITTEN = sorted({w for word in re.findall(r"[A-Za-z_]\w*", Path(codegen.__file__).read_text()) for w in (word, word.strip("_"))})
TAKEN = ["v0", "v1", "n0", "n1", "y0", "y1", "out1", "_default_x", "_found", "_absent", "self", "cls", "args", "kwargs", "label", "data"]
NAMES = [
    n
    for n in dict.fromkeys([*WRITTEN, *TAKEN, *dir(builtins), "x", "ä", "_", "_1"])
    if n.isidentifier() and not keyword.iskeyword(n) and not n.startswith("__") and n not in RESERVED and n not in ("res", "more")
]
MANY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    before = dict(REGISTRY)
    yield
    for name in set(REGISTRY) - set(before):
        del REGISTRY[name]


def made(source: str, name: str) -> Callable[..., Any]:
    space: dict[str, Any] = {}
    exec(source, space)
    found: Callable[..., Any] = space[name]
    found.__module__ = __name__
    return found


def fused(inputs: list[str], params: list[str], options: dict[str, Any]) -> tuple[Primitive, Callable[..., Any]]:
    """res = (Σ wᵢ xᵢ²) · scale with wᵢ = 1, 2, 3 and scale = Π (1 + param), in the form that `options` say; and the plain function."""
    optional = options["optional"] and len(inputs) > 1
    head = [n if i + 1 < len(inputs) or not optional else f"{n}=None" for i, n in enumerate(inputs)]
    if options["positional"]:
        head.insert(1, "/")
    tail = ["*", *(f"{p}=0.5" if options["defaults"] else p for p in params)] if params else []
    scale = "".join(f" * (1.0 + {p})" for p in params)
    terms = " + ".join(f"{i + 1}.0 * {n} * {n}" for i, n in enumerate(inputs[:-1] if optional else inputs))
    last = f"if {inputs[-1]} is not None: {'res'} = {'res'} + {len(inputs)}.0 * {inputs[-1]} * {inputs[-1]}\n    " if optional else ""
    several = ", res * 2.0" if options["several"] else ""
    body = f"    res = {terms}\n    {last}res = res{scale}\n    return res{several}\n"
    forward = made(f"def named({', '.join([*head, *tail])}):\n{body}", "named")
    outputs = ("res", "more") if several else ("res",)
    prim = primitive(outputs=outputs, several=bool(several))(forward)
    g = "(0.0 if g[0] is None else g[0]) + 2.0 * (0.0 if g[1] is None else g[1])" if several else "g"
    for i, n in enumerate(inputs):
        prim.vjp(n)(made(f"def rule({', '.join(['g', n, *params])}):\n    return ({g}) * ({2 * (i + 1)}.0 * {n}{scale})\n", "rule"))
    if options["fast"]:
        prim.accelerated(made(f"def fast({', '.join([*head, *tail])}):\n{body}", "fast"))
    return prim, forward


@MANY
@given(st.data())
def test_any_names_give_the_right_values_and_gradients(data: Any) -> None:
    count = data.draw(st.integers(1, 3))
    names = data.draw(st.lists(st.sampled_from(NAMES), min_size=count, max_size=count + 2, unique=True))
    inputs, params = names[:count], names[count:]
    options = {k: data.draw(st.booleans(), label=k) for k in ("optional", "several", "defaults", "positional", "fast")}
    prim, _ = fused(inputs, params, options)
    given_params = {p: float(i + 1) for i, p in enumerate(params)}
    if options["defaults"] and data.draw(st.booleans()):
        given_params = {}
    scale = float(np.prod([1.0 + given_params.get(p, 0.5) for p in params]))
    arrays = [np.array([2.0, 3.0]) + i for i in range(count)]
    left_out = options["optional"] and count > 1 and data.draw(st.booleans())
    arrays = arrays[:-1] if left_out else arrays
    want = sum((i + 1) * x * x for i, x in enumerate(arrays)) * scale
    slopes = [2 * (i + 1) * x * scale * (3.0 if options["several"] else 1.0) for i, x in enumerate(arrays)]

    def first(y: Any) -> Any:
        return y[0] if options["several"] else y

    def loss(y: Any) -> Any:
        return (y[0] + y[1]).sum() if options["several"] else y.sum()

    assert np.allclose(first(prim(*arrays, **given_params)), want)
    tensors = [ac.tensor(x, requires_grad=True) for x in arrays]
    y = prim(*tensors, **given_params)
    assert np.allclose(first(y).detach().numpy(), want)
    loss(y).backward()
    for x, slope in zip(tensors, slopes, strict=True):
        assert x.grad is not None
        assert np.allclose(x.grad.numpy(), slope)
    if not options["positional"]:
        by_name = prim(**dict(zip(inputs, tensors, strict=False)), **given_params)
        assert np.allclose(first(by_name).detach().numpy(), want)

    recorded = ac.autograd.grad(loss(prim(*tensors, **given_params)), tensors, create_graph=True)
    for x, g, slope in zip(tensors, recorded, slopes, strict=True):
        assert np.allclose(g.detach().numpy(), slope)
        (second,) = ac.autograd.grad(g.sum(), x, retain_graph=True)
        assert np.allclose(second.numpy(), slope / x.detach().numpy())

    graph = ac.trace(lambda *xs: prim(*xs, **given_params), *tensors)
    assert prim.name in str(graph)
    again = graph(*tensors)
    assert np.allclose(first(again).detach().numpy(), want)
    for g, slope in zip(ac.autograd.grad(loss(again), tensors), slopes, strict=True):
        assert np.allclose(g.numpy(), slope)
    with ac.use_backend("onednn"), ac.no_grad():
        assert np.allclose(first(prim(*tensors, **given_params)).numpy(), want)
    with ac.autograd.detect_anomaly():
        loss(prim(*tensors, **given_params)).backward()
    if not options["several"]:
        ac.draw(prim(*tensors, **given_params), backward=True)
        numbers = [ac.Scalar(float(x[0])) for x in arrays]
        z = prim(*numbers, **given_params)
        assert z.item() == pytest.approx(want[0])
        z.backward()
        for s, slope in zip(numbers, slopes, strict=True):
            assert s.grad == pytest.approx(slope[0])


@MANY
@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
def test_any_names_in_variadic_and_view_operations(names: list[str]) -> None:
    xs, *params = names
    scale = "".join(f" * (1.0 + {p})" for p in params)
    tail = [f"*, {', '.join(params)}"] if params else []
    joined = primitive(name="joined", outputs=("res",))(
        made(f"def joined(*{xs}{''.join(', ' + p for p in params)}):\n    return ({xs}[0] + {xs}[1]){scale}\n", "joined")
    )
    joined.vjp(xs)(made(f"def rule({', '.join(['g', 'need', xs, *params])}):\n    return (g{scale}, g{scale})\n", "rule"))
    given_params = {p: float(i + 1) for i, p in enumerate(params)}
    factor = float(np.prod([1.0 + v for v in given_params.values()]))
    a, b = ac.tensor([1.0, 2.0], requires_grad=True), ac.tensor([3.0, 5.0], requires_grad=True)
    y = joined(a, b, **given_params)
    assert y.tolist() == pytest.approx([4.0 * factor, 7.0 * factor])
    y.sum().backward()
    assert a.grad is not None
    assert b.grad is not None
    assert a.grad.tolist() == b.grad.tolist() == pytest.approx([factor, factor])
    assert ac.trace(lambda *t: joined(*t, **given_params), a, b)(a, b).tolist() == y.tolist()

    looked = primitive(name="looked", view=True, outputs=("res",))(
        made(f"def looked({', '.join([xs, *tail])}):\n    return {xs}[::2]\n", "looked")
    )
    looked.vjp(xs)(made(f"def rule(g, {xs}_shape, *, {xs}):\n    return {xs} * 0.0 + 1.0\n", "rule"))
    x = ac.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    looked(x, **given_params).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1.0] * 4
    base = x * 1.0
    part = looked(base, **given_params)
    part.mul_(10.0)
    assert base.tolist() == [10.0, 2.0, 30.0, 4.0]


def test_names_of_the_written_calls_are_refused() -> None:
    for source in ("def f(__v0): return __v0", "def f(x, *, __c): return x", "def f(*__out): return __out[0]"):
        with pytest.raises(TypeError, match=r"two leading underscores belong to the calls written for it.*such as '(v0|c|out)'"):
            primitive(made(source, "f"))


@pytest.mark.parametrize(
    ("source", "rule", "said"),
    [
        (
            "def f(x, g): return x",
            "lambda g: g",
            "'g', which is the gradient that arrives and an input of f. Call the input something else: 'g_in'.",
        ),
        (
            "def f(x, *, need=1): return x",
            "lambda g, need: g",
            "'need', which is .* and a parameter of f. Call the parameter .*: 'need_value'.",
        ),
        ("def f(x, donated): return x", "lambda g, donated: g", "'donated', which is .* and an input of f."),
        (
            "def f(x, y): return x",
            "lambda g, y: g",
            r"'y', which is an input of f and the output. .* or the output: @primitive\(outputs=\(\"out\",\)\)",
        ),
        ("def f(x, *, x_shape): return x", "lambda g, x_shape: g", "'x_shape', which is a parameter of f and the shape of 'x'."),
        ("def f(x, x_shape): return x", "lambda g, x_shape: g", "'x_shape', which is an input of f and the shape of 'x'."),
        ("def f(x): return x", "lambda g, z: g", "asks for 'z', which is none of g, need, donated, x, y, x_shape"),
        ("def f(x): return x", "lambda *rest: rest", r"expected them one by one, got \*rest"),
    ],
)
def test_a_name_of_two_meanings_is_refused_where_a_rule_asks_for_it(source: str, rule: str, said: str) -> None:
    op = primitive(made(source, "f"))
    with pytest.raises(TypeError, match=said):
        op.vjp("x")(eval(rule))


def test_a_name_of_two_meanings_is_fine_where_none_asks() -> None:
    @primitive
    def where_none_asks(x, y, *, need=2.0):  # type: ignore[no-untyped-def]
        return x * 3.0 + y * 0.0

    where_none_asks.vjp("x")(lambda g: g * 3.0)
    x = ac.ones(2, requires_grad=True)
    where_none_asks(x, ac.ones(2)).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3.0, 3.0]


def test_an_output_of_another_name_leaves_y_to_an_input() -> None:
    @primitive(outputs=("product",))
    def times_xy(x, y):  # type: ignore[no-untyped-def]
        return x * y

    times_xy.vjp("x")(lambda g, y: g * y)
    times_xy.vjp("y")(lambda g, product, y: g * product / y)
    x, y = ac.tensor([2.0, 3.0], requires_grad=True), ac.tensor([5.0, 7.0], requires_grad=True)
    times_xy(x, y).sum().backward()
    assert x.grad is not None
    assert y.grad is not None
    assert (x.grad.tolist(), y.grad.tolist()) == ([5.0, 7.0], [2.0, 3.0])


def test_signatures() -> None:
    """Defaults before required parameters, mutable defaults, keyword-only names in rules, decorated rules, inputs by place only."""

    @primitive
    def late(x, /, *, a=2.0, b, sizes=[1, 2]):  # type: ignore[no-untyped-def]  # noqa: B006
        return x * a * b * len(sizes)

    @late.vjp("x")
    def _(g, *, b, a, sizes):  # type: ignore[no-untyped-def]
        return g * (a * b * len(sizes))

    x = ac.ones(2, requires_grad=True)
    assert late(x, b=3.0).tolist() == [12.0, 12.0]
    assert late(x, 4.0, b=3.0, sizes=[1]).tolist() == [12.0, 12.0]
    late(x, b=3.0).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [12.0, 12.0]
    with pytest.raises(TypeError, match="positional-only"):
        late(x=x, b=3.0)
    with pytest.raises(TypeError, match=r"inputs are plain or one \*xs.*got \*rest beside x"):
        primitive(made("def f(x, *rest): return x", "f"))
    with pytest.raises(TypeError, match=r"got \*\*more"):
        primitive(made("def f(x, **more): return x", "f"))
    with pytest.raises(TypeError, match="a Case has an option 'smooth'"):
        primitive(made("def f(x, *, smooth): return x", "f")).cases(lambda draw: ac.testing.Case(draw.array(), smooth=1.0))
