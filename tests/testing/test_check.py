"""check_primitive, check_module, the one-line tests, the strategies and the command."""

from __future__ import annotations

import builtins
import contextlib
import io
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

import autograd_cnn as ac
from autograd_cnn import config, nn
from autograd_cnn.cli.check import add_parser, check, primitives_named
from autograd_cnn.primitives.primitive import REGISTRY, primitive
from autograd_cnn.testing import (
    CHECKS,
    Bad,
    Case,
    CheckFailure,
    HypothesisDraw,
    RandomDraw,
    check_case,
    check_gradients,
    check_module,
    check_primitive,
    gradient_test,
    primitive_test,
)
from autograd_cnn.testing import strategies as acst

FEW = settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    """Operations made in a test are gone after it."""
    before = dict(REGISTRY)
    yield
    for name in set(REGISTRY) - set(before):
        del REGISTRY[name]


def swish(rule: Any) -> Any:
    @primitive(name="my_swish", family="mine")
    def my_swish(x: Any, *, beta: float = 1.0) -> Any:
        """y = x · σ(βx)"""
        return x / (1 + np.exp(-beta * x))

    my_swish.vjp("x")(rule)

    @my_swish.cases
    def _(draw: Any) -> Case:
        return Case(draw.array(), beta=draw.real(0.5, 2.0))

    return my_swish


def right(g: Any, x: Any, beta: float) -> Any:
    s = ac.sigmoid(beta * x)
    return g * (s + beta * x * s * (1 - s))


def lost_term(g: Any, x: Any, beta: float) -> Any:
    return g * ac.sigmoid(beta * x)


def test_a_right_operation_passes() -> None:
    report = check_primitive(swish(right))
    assert report
    assert report.examples == 20
    assert set(CHECKS) - set(report.checked) == {"each input alone", "float kernel agrees", "linear and adjoint"}
    assert report.error < 0.1


def test_a_wrong_one_fails_shrinks_and_can_be_pasted() -> None:
    with pytest.raises(CheckFailure, match=r"first derivative|my_swish") as caught:
        check_primitive(swish(lost_term))
    code = caught.value.reproduction
    assert "check_case('my_swish'" in code
    assert "only='first derivative'" in code
    with pytest.raises(CheckFailure):
        exec(code.replace(f"import {__name__}\n", ""), {})
    assert caught.value.case is not None
    assert caught.value.case.inputs[0].size == 1


def test_it_shrinks_without_hypothesis_too(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    assert real
    with pytest.raises(CheckFailure) as caught:
        check_primitive(swish(lost_term), only="first derivative")
    assert caught.value.case is not None
    assert caught.value.case.inputs[0].size <= 2
    with pytest.raises(ImportError, match=r"autograd-cnn\[test\]"):
        acst.shapes()


def broken(**changes: Any) -> Any:
    """An operation y = 3x with one thing wrong."""

    @primitive(name="broken", family="mine", view=changes.get("view", False))
    def op(x: Any) -> Any:
        """y = 3x"""
        return changes.get("forward", lambda x: np.multiply(x, 3.0))(x)

    op.vjp("x", once=changes.get("once", False))(changes.get("rule", lambda g: g * 3.0))
    op.cases(changes.get("cases", lambda draw: Case(draw.array((2, 2)))))
    if "bad" in changes:
        op.bad_cases(changes["bad"])
    return op


def overwrites(x: Any) -> Any:
    x += 0.0
    x *= 1.0
    x[...] = x + 1e-30
    y = x * 3.0
    x[...] = 0.0
    return y


def spoils_g(g: Any) -> Any:
    out = g * 3.0
    if isinstance(g, np.ndarray):
        g[...] = 0.0
    return out


HELD: list[Any] = []


@pytest.mark.parametrize(
    ("wrong", "check_name"),
    [
        ({"rule": lambda g: g * 2.0}, "first derivative"),
        ({"forward": lambda x: np.multiply(x, 3.0).astype(np.float32)}, "dtype and shape"),
        ({"forward": overwrites}, "nothing overwritten"),
        ({"rule": spoils_g}, "nothing overwritten"),
        ({"forward": lambda x: x, "rule": lambda g: g}, "no shared memory"),
        ({"forward": lambda x: (HELD.append(x), x * 3.0)[1]}, "graph released"),
        ({"forward": lambda x: x.reshape(-1, order="K").reshape(x.shape) * 3.0}, "memory layouts"),
        ({"forward": lambda x: x * 3.0 if isinstance(x, np.ndarray) and x.dtype == np.float64 else x * 3.1}, "float32 agrees"),
        ({"rule": lambda g: g * 3.0 if isinstance(g, np.ndarray | np.generic) else g * 3.5}, "recorded backward"),
        ({"bad": lambda: iter([Bad(np.ones(2), error=ValueError, match="never")])}, "bad cases"),
    ],
)
def test_each_check_finds_what_it_is_for(wrong: dict[str, Any], check_name: str) -> None:
    report = check_primitive(broken(**wrong), raise_exception=False, examples=3, shrink=False)
    assert check_name in {f.check for f in report.failures}, str(report)


def test_another_backend_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = ["numpy"]

    @contextlib.contextmanager
    def use(backend: str) -> Iterator[None]:
        before, chosen[0] = chosen[0], backend
        yield
        chosen[0] = before

    monkeypatch.setattr(config, "BACKENDS", ("auto", "numpy", "other"))
    monkeypatch.setattr(config, "use_backend", use)
    wrong = broken(forward=lambda x: x * (3.0 if chosen[0] == "numpy" else 3.01))
    with pytest.raises(CheckFailure, match="other gives another result than NumPy"):
        check_primitive(wrong, only="backends agree")
    del REGISTRY["broken"]
    assert check_primitive(broken(), only="backends agree").checked == ("backends agree",)


def test_an_oracle_judges() -> None:
    assert check_primitive(broken(), oracle=lambda x: x + x + x)
    with pytest.raises(CheckFailure, match="oracle"):
        check_primitive("mul", oracle=lambda a, b: a + b)


def test_bad_calls_of_the_checker() -> None:
    with pytest.raises(ValueError, match="Did you mean 'tanh'"):
        check_primitive("tahnh")
    with pytest.raises(TypeError, match="Use gradcheck"):
        check_primitive(len)
    with pytest.raises(ValueError, match=r"There are: .*first derivative"):
        check_primitive("tanh", only="nonsense")

    @primitive(name="without_cases")
    def op(x: Any) -> Any:
        return x

    with pytest.raises(ValueError, match=r"has no cases|has none"):
        check_primitive(op)


def test_a_case_by_hand() -> None:
    check_case("tanh", Case(np.array([0.1, -2.0])))
    with pytest.raises(CheckFailure, match=r"kink|KINK"):
        check_case("relu", Case(np.array([0.0])), only="first derivative")


# ------------------------------------------------------------------------------------------------- modules
@pytest.mark.parametrize(
    "factory",
    [
        lambda: nn.Linear(3, 2),
        lambda: nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)),
        lambda: nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5)),
        lambda: nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)),
    ],
)
def test_layers_pass(factory: Any) -> None:
    assert check_module(factory, (4, 3), examples=2)


def test_convolution_layers_pass() -> None:
    assert check_module(lambda: nn.Conv2d(2, 3, 3, padding=1, stride=2), (2, 2, 5, 4), examples=1)
    assert check_module(lambda: nn.ConvTranspose2d(2, 1, 2, stride=2), (1, 2, 2, 3), examples=1)


def test_a_wrong_layer_is_found() -> None:
    class Detached(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(ac.ones(3))
            self.idle = nn.Parameter(ac.ones(1))

        def forward(self, x: Any) -> Any:
            return x.detach() * self.weight

    report = check_module(Detached, (2, 3), examples=1, raise_exception=False)
    found = {f.check for f in report.failures}
    assert "gradients" in found
    assert "every parameter gets a gradient" in found
    with pytest.raises(CheckFailure, match="ZERO"):
        check_module(Detached, (2, 3), examples=1)


def test_check_module_draws_the_same_module_from_the_same_seed() -> None:
    made = []

    def factory():
        made.append(nn.Linear(3, 2))
        return made[-1]

    def first(seed):
        made.clear()
        assert check_module(factory, (4, 3), examples=1, seed=seed)
        return made[0].weight.detach().numpy().tolist()

    before = ac.get_rng_state()
    assert first(0) == first(0) != first(1)
    assert ac.equal(ac.get_rng_state(), before)


def test_check_module_finds_what_the_state_does_not_hold() -> None:
    class Mask(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(3, 2)
            self.mask = ac.rand(3, dtype=ac.float64)  # no buffer: another mask in another module

        def forward(self, x):
            return self.linear(x * self.mask.to(x.dtype))

    report = check_module(Mask, (2, 3), examples=1, raise_exception=False)
    assert "state" in [f.check for f in report.failures]


# ------------------------------------------------------------------------------------------------- tests of one line
test_sine_times_x = gradient_test(lambda x: x.sin() * x, acst.tensors(), examples=10)
test_tanh_primitive = primitive_test("tanh", examples=3)


@check_gradients(acst.tensors(shape=(2, 3)), acst.tensors(shape=(3, 2)), examples=5)
def test_matrix_product(a: Any, b: Any) -> Any:
    return a @ b


def test_a_failing_one_line_test_prints_code() -> None:
    class Bad(ac.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * ctx.saved_tensors[0]

    with pytest.raises(ac.testing.GradcheckError) as caught:
        gradient_test(Bad.apply, acst.tensors())()
    note = "\n".join(caught.value.__notes__)
    assert "gradcheck(fn, (x0,), atol=1e-06, rtol=1e-06)" in note  # a class in a function has no name outside
    assert "requires_grad=True" in note


# ------------------------------------------------------------------------------------------------- strategies
@FEW
@given(st.data())
def test_tensors_are_as_asked(data: Any) -> None:
    layout = data.draw(st.sampled_from([*acst.LAYOUTS, "any"]))
    x = data.draw(
        acst.tensors(shape=acst.shapes(min_side=0), dtype=st.sampled_from([ac.float32, ac.float64, ac.int64]), layout=layout, avoid=[0.0])
    )
    assert x.ndim <= 4
    if x.dtype.kind == "f" and layout != "broadcast":
        assert not (x == 0).any()
    if layout == "negative" and x.ndim and x.value.size > 1 and x.value.flags.c_contiguous:
        assert max(x.shape) == 1


@FEW
@given(acst.broadcastable_shapes(3))
def test_broadcastable_shapes_broadcast(shapes: Any) -> None:
    np.broadcast_shapes(*shapes)


@FEW
@given(st.data())
def test_dims_and_indices_fit(data: Any) -> None:
    shape = data.draw(acst.shapes(1, 3))
    dims = data.draw(acst.dim_tuples(len(shape)))
    assert len({d % len(shape) for d in dims}) == len(dims)
    assert -len(shape) <= data.draw(acst.dims(len(shape))) < len(shape)
    x = ac.zeros(*shape)
    at = data.draw(acst.indices(shape))
    raw = (
        tuple(p.numpy() if isinstance(p, ac.Tensor) else p for p in at)
        if isinstance(at, tuple)
        else at.numpy()
        if isinstance(at, ac.Tensor)
        else at
    )
    assert x[at].shape == x.numpy()[raw].shape


@FEW
@given(acst.conv_problems())
def test_convolution_problems_fit(p: Any) -> None:
    fn = [None, nn.functional.conv1d, nn.functional.conv2d][len(p.input_shape) - 2]
    assert fn is not None
    y = fn(ac.zeros(*p.input_shape), ac.zeros(*p.weight_shape), ac.zeros(*p.bias_shape), **p.params)
    assert tuple(y.shape) == p.out_shape


@FEW
@given(acst.pool_problems())
def test_pooling_problems_fit(p: Any) -> None:
    fn = [None, nn.functional.max_pool1d, nn.functional.max_pool2d][len(p.input_shape) - 2]
    assert fn is not None
    assert tuple(fn(ac.zeros(*p.input_shape), **p.params).shape) == p.out_shape


@FEW
@given(acst.class_targets(4, 3, ignore_index=-100), acst.probability_vectors(2, 4))
def test_targets_and_probabilities(t: Any, p: Any) -> None:
    assert t.shape == (4,)
    assert all(v in (-100, 0, 1, 2) for v in t.tolist())
    assert np.allclose(p.numpy().sum(1), 1)


def test_special_values_are_drawn() -> None:
    assert find(acst.tensors(special=["nan"]), lambda x: bool(x.isnan().any())).shape == ()
    with pytest.raises(ValueError, match="'huge'"):
        acst.elements(special=["odd"])


@FEW
@given(st.data())
def test_hypothesis_draws_for_every_primitive(data: Any) -> None:
    prim = data.draw(st.sampled_from([p for _, p in sorted(REGISTRY.items()) if p.ours]))
    assert prim.draw_case is not None
    assert isinstance(prim.draw_case(HypothesisDraw(data.draw)), Case)


def test_distinct_and_avoiding_draws() -> None:
    for seed in range(20):
        x = RandomDraw(seed).array((30,), avoid=[0.0, 1.0], distinct=True)
        assert len(set(x.tolist())) == 30
        assert np.abs(x).min() > 0.01
        assert np.abs(x - 1).min() > 0.01


# ------------------------------------------------------------------------------------------------- the command
def test_the_table_and_the_exit_code(tmp_path: Path) -> None:
    out = io.StringIO()
    target = tmp_path / "result.json"
    assert check(["tanh", "conv"], json=target, examples=2, quiet=True, out=out) == 0
    text = out.getvalue()
    assert text.splitlines()[0].split() == ["operation", "family", "examples", "worst", "error", "seconds", "verdict"]
    assert "2 of 2 operations right, 4 examples" in text
    data = json.loads(target.read_text())
    assert data["passed"]
    assert [o["name"] for o in data["operations"]] == ["tanh", "conv"]


def test_a_wrong_operation_gives_one() -> None:
    broken(rule=lambda g: g * 2.0)
    out = io.StringIO()
    assert check(["broken"], examples=2, quiet=True, out=out) == 1
    assert "first derivative" in out.getvalue()
    assert "check_case('broken'" in out.getvalue()


def test_names_are_operations_families_functions_or_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [p.name for p in primitives_named(["relu"])] == ["relu"]
    assert [p.name for p in primitives_named(["mul"])] == ["mul"]
    assert len(primitives_named(["activation"])) > 3
    assert len(primitives_named([])) > 100
    (tmp_path / "my_own_ops.py").write_text(
        "import numpy as np\nfrom autograd_cnn.primitives.cases import Case\nfrom autograd_cnn.primitives.primitive import primitive\n"
        "@primitive()\ndef tripled(x):\n    'y = 3x'\n    return x * 3.0\n"
        "@tripled.vjp('x')\ndef _(g):\n    return g * 3.0\n@tripled.cases\ndef _(draw):\n    return Case(draw.array())\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert [p.name for p in primitives_named(["my_own_ops"])] == ["tripled"]
    assert check(["my_own_ops"], examples=3, quiet=True, out=io.StringIO()) == 0
    with pytest.raises(ValueError, match="Did you mean 'tanh'"):
        primitives_named(["tahnh"])
    with pytest.raises(ValueError, match="has none"):
        primitives_named(["json"])
    with pytest.raises(ValueError, match="at least one example"):
        check(["tanh"], examples=0)


def test_modules_lie_in_the_folder_of_the_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "ops.py").write_text(
        "from autograd_cnn.primitives.cases import Case\nfrom autograd_cnn.primitives.primitive import primitive\n"
        "@primitive()\ndef quadrupled(x):\n    'y = 4x'\n    return x * 4.0\n"
        "@quadrupled.vjp('x')\ndef _(g):\n    return g * 4.0\n@quadrupled.cases\ndef _(draw):\n    return Case(draw.array())\n"
    )
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p not in ("", str(Path.cwd()))])
    monkeypatch.chdir(tmp_path)
    assert [p.name for p in primitives_named(["my_package.ops"])] == ["quadrupled"]
    with pytest.raises(ValueError, match=r"no such module in .* or installed"):
        primitives_named(["my_package.nothing"])


def test_results_that_could_not_be_written_are_refused_before_the_work() -> None:
    with pytest.raises(ValueError, match="a folder that exists"):
        check(["tanh"], json="no_such_folder/result.json", examples=10**9)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_leaves_the_table_so_far(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from autograd_cnn.cli import check as command

    real = command.check_primitive
    monkeypatch.setattr(command, "check_primitive", lambda p, **k: real(p, **k) if p.name == "tanh" else signal.raise_signal(signal.SIGINT))
    assert check(["tanh", "exp", "log"], examples=1, quiet=True) == 130
    said = capsys.readouterr()
    assert "1 of 1 operations right" in said.out
    assert "Stopped: 1 of 3 operations checked" in said.err
    out = io.StringIO()
    assert check(["tanh", "exp"], json="-", examples=1, quiet=True, out=out) == 130
    assert json.loads(out.getvalue())["stopped"] is True


def test_the_parser() -> None:
    import argparse

    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers(dest="command"))
    args = parser.parse_args(["check", "tanh", "--examples", "2", "--seed", "3", "--quiet"])
    assert args.run(args) == 0


def test_a_module_may_be_called_by_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "room").mkdir()
    text = (
        "from autograd_cnn.extend import Case, primitive\n@primitive(name='by its file')\ndef op(x):\n    return x * 1\n"
        "op.vjp('x')(lambda g: g)\nop.cases(lambda draw: Case(draw.array()))\n"
    )
    (tmp_path / "room" / "in_a_file.py").write_text(text)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p not in ("", str(Path.cwd()))])
    monkeypatch.chdir(tmp_path)
    assert [p.name for p in primitives_named(["room/in_a_file.py"])] == ["by its file"]
    with pytest.raises(ValueError, match=r"got 'no_such.py'"):
        primitives_named(["no_such.py"])
