"""What a program says and does not say: names, constants, dead and common lines, values that decide, refusals, no traces left behind."""

from __future__ import annotations

import ast
import pickle
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.errors import GraphError


def run(text: Any, **changed: Any) -> Any:
    """What the module's forward gives."""
    module: dict[str, Any] = {}
    exec(text, module)
    return module["forward"](**{**text.arguments, **changed})


def code(text: str) -> list[str]:
    """The statements, without comments."""
    return [line.partition("#")[0].strip() for line in text.splitlines() if line.startswith("    ") and line.partition("#")[0].strip()]


# ------------------------------------------------------------------------------------------------- names
def names_of(text: str) -> set[str]:
    return {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)} | {
        a.arg for a in ast.walk(ast.parse(text)) if isinstance(a, ast.arg)
    }


def test_hostile_names_are_valid_and_distinct() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name in ("lambda", "np", "g_x", "größe", "kernels", "backward", "saved", "sum", "ﬁ", "a-b", "__x", "2nd", "match"):
                self.add_module(name, nn.Linear(2, 2))

        def forward(self, x: Any) -> Any:
            for child in self.children():
                x = child(x)
            return x

    text = ac.trace(Net(), ac.randn(3, 2).requires_grad_()).source(backward=True)
    assert len(text.arguments) == 1 + 2 * 13
    assert {"größe_weight", "g_x_weight", "fi_weight", "a_b_weight", "lambda_weight"} <= set(text.arguments)
    assert {"lambda_", "np_", "g_x", "g_x_2", "backward_", "saved_", "sum_", "kernels_"} <= names_of(text)
    found, saved = run(text)
    assert found.shape == (3, 2)
    assert saved


def test_names_are_the_functions_own() -> None:
    weights = {"first": ac.randn(2, 2).requires_grad_(), "second": ac.randn(2).requires_grad_()}
    bias = ac.randn(2).requires_grad_()

    def layer(picture: Any, np: Any) -> Any:
        return picture @ weights["first"] * weights["second"] + bias + np

    text = ac.trace(layer, ac.randn(1, 2), ac.randn(2)).source()
    assert set(text.arguments) == {"picture", "np_", "weights_first", "weights_second", "bias"}


def test_numbers_of_layers_go_by_their_class() -> None:
    text = ac.trace(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()), ac.randn(1, 1, 4, 4)).source()
    assert code(text) == ["conv0 = kernels.conv(x, conv0_weight, conv0_bias)", "relu1 = np.maximum(conv0, 0)", "return relu1"]


def test_a_module_called_twice_has_two_names() -> None:
    fc = nn.Linear(2, 2)
    text = ac.trace(lambda x: fc(fc(x).relu()), ac.randn(1, 2)).source()
    assert code(text)[-2:] == ["y = h @ weight.T + bias", "return y"]


# ------------------------------------------------------------------------------------------------- shorter
def test_constants_are_folded() -> None:
    text = ac.trace(lambda x: x * (ac.tensor(2.0) * 3 + 1) + ac.zeros(2), ac.randn(2)).source()
    assert code(text) == ["y = 7.0 * x + np.zeros((2,), dtype=np.float32)", "return y"] or code(text)[0].startswith(
        ("m = x * 7.0", "y = x * 7.0")
    )


def test_dead_lines_are_gone_and_common_ones_stand_once() -> None:
    def fn(x: Any) -> Any:
        x.exp().sum()
        return x.sin() * x.sin().cos() + x.sin().cos()

    lines = code(ac.trace(fn, ac.randn(2)).source())
    assert not [line for line in lines if "exp" in line]
    assert sum("np.sin" in line for line in lines) == sum("np.cos" in line for line in lines) == 1


def test_what_does_nothing_is_no_line() -> None:
    text = ac.trace(lambda x: (x.clone().detach().reshape(2, 3).permute(0, 1) * 1.0).view(2, 3).exp(), ac.randn(2, 3)).source()
    assert code(text) == ["y = np.exp(x)", "return y"]


def test_large_constants_are_arguments() -> None:
    table = ac.randn(5, 7)
    made = ac.trace(lambda x: x @ table + ac.arange(7), ac.randn(2, 5)).source()
    assert set(made.arguments) == {"x", "table"}
    assert "np.arange(7)" in made
    drawn = ac.trace(lambda x: x + ac.randn(40), ac.randn(40)).source()
    assert len(drawn.arguments) == 2


def test_numbers_are_said_as_fractions_where_they_are_some() -> None:
    assert "2 / 15" in ac.trace(lambda x: ((x - 1) ** 2).mean(), ac.randn(15).requires_grad_()).source(backward=True).replace(
        "* d / 15", "2 / 15"
    )
    assert "0.7071067811865476" in ac.trace(lambda x: x * 2**-0.5, ac.randn(2)).source()


# ------------------------------------------------------------------------------------------------- dtypes and sizes
@pytest.mark.parametrize("dtype", [ac.float16, ac.float32, ac.float64])
def test_dtypes_are_kept(dtype: Any) -> None:
    x, w = ac.ones(2, 3, dtype=dtype), ac.ones(3, 2, dtype=dtype, requires_grad=True)
    text = ac.trace(lambda x: ((x @ w).softmax(-1) * 0.3).mean(), x).source(backward=True)
    y, saved = run(text)
    module: dict[str, Any] = {}
    exec(text, module)
    assert y.dtype == module["backward"](saved).dtype == np.dtype(dtype)


@pytest.mark.parametrize(
    ("fn", "args"),
    [
        (lambda x, y: x + y, (ac.ones(3), ac.tensor(2.0, dtype=ac.float64))),
        (lambda x, y: x * y, (ac.tensor([1, 2]), ac.tensor([0.5, 1.5]))),
        (lambda x: x * 0.5 + 1, (ac.tensor([1, 2]),)),
        (lambda x: x / 2, (ac.tensor([1, 2]),)),
        (lambda x: x.exp(), (ac.tensor([1, 2]),)),
        (lambda x: x - 3, (ac.tensor([1, 2], dtype=ac.uint8),)),
        (lambda x, y: ac.where(x > 1, x, y), (ac.tensor([1, 2]), ac.tensor([0.5, 1.5]))),
        (lambda x: x > 16777216.5, (ac.tensor([16777217, 3]),)),
        (lambda x: x // 2, (ac.tensor([-3, 3]),)),
        (lambda x: x.sum(), (ac.tensor([True, False]),)),
        (lambda x: x.sum(0), (ac.tensor([[1, 2]], dtype=ac.uint8),)),
        (lambda x: x.cumsum(0), (ac.tensor([1, 2], dtype=ac.int32),)),
    ],
)
def test_dtypes_meet_as_the_engines_do(fn: Any, args: Any) -> None:
    found, wanted = run(ac.trace(fn, *args).source()), fn(*args).numpy()
    assert np.asarray(found).dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("shape", [(0, 3), (2, 0)])
def test_nothing_at_all(shape: tuple[int, ...]) -> None:
    def fn(x: Any) -> Any:
        return (x.softmax(0).exp() * 2).sum(0), x.reshape(-1).relu()

    x = ac.ones(*shape, requires_grad=True)
    text = ac.trace(fn, x).source(backward=True)
    (a, b), saved = run(text)
    assert (a.shape, b.shape) == (shape[1:], (0,))
    module: dict[str, Any] = {}
    exec(text, module)
    assert module["backward"](saved, np.ones(shape[1:], np.float32), np.ones(0, np.float32)).shape == shape


# ------------------------------------------------------------------------------------------------- what comes out
def test_results_keep_their_nesting() -> None:
    text = ac.trace(lambda x: {"double": x * 2, "pair": (x + 1, [x - 1]), "name": "it"}, ac.ones(2)).source()
    found = run(text)
    assert set(found) == {"double", "pair", "name"}
    assert found["name"] == "it"
    np.testing.assert_array_equal(found["pair"][1][0], [0.0, 0.0])


def test_an_output_that_nothing_leads_to_has_no_gradient() -> None:
    a, b = ac.ones(2).requires_grad_(), ac.ones(2).requires_grad_()
    text = ac.trace(lambda a, b: a.sum() + b.detach().sum(), a, b).source(backward=True)
    module: dict[str, Any] = {}
    exec(text, module)
    _, saved = module["forward"](**text.arguments)
    ga, gb = module["backward"](saved)
    assert gb is None
    np.testing.assert_array_equal(ga, [1.0, 1.0])


def test_other_arguments_can_be_handed_in() -> None:
    text = ac.trace(lambda x, w: (x * w).sum(), ac.ones(2), ac.ones(2)).source()
    assert run(text, w=np.array([2.0, 3.0], np.float32)) == 5.0


# ------------------------------------------------------------------------------------------------- writes and random numbers
def test_what_is_written_into_arguments_is_written_in_the_end() -> None:
    seen = ac.zeros(2)

    def fn(x: Any) -> Any:
        seen.add_(x)
        return seen * 2

    text = ac.trace(fn, ac.ones(2)).source()
    kept = np.array([1.0, 2.0], np.float32)
    np.testing.assert_array_equal(run(text, seen=kept), [4.0, 6.0])
    np.testing.assert_array_equal(kept, [2.0, 3.0])


def _twice(x: Any) -> Any:
    old = x * 3
    x.mul_(2)
    y = x + old
    x.add_(1)
    return y, x


def _in_part(x: Any) -> Any:
    x.mul_(2)
    x[1] = 9.0
    return x + 1, x.t()


def _through_a_view(x: Any) -> Any:
    v = x[:2]
    v.add_(1)
    return x * 2, v


def _its_own(x: Any) -> Any:
    y = x + 1
    v = y[0]
    y.mul_(2)
    return v + 0, y


def _copied_before(x: Any) -> Any:
    before = x.clone()
    x.mul_(2)
    return before, before + x


def _through_memory(x: Any) -> Any:
    y = x.clone()
    seen = y.numpy()
    y.mul_(2)
    return ac.from_numpy(seen) + 1


def _detached(x: Any) -> Any:
    d = x.detach()
    x.mul_(2)
    return d + 1


def _detached_of_its_own(x: Any) -> Any:
    y = x * 1.0 + 0.5
    d = y.detach()
    y.mul_(2)
    return d + 1


def _data(x: Any) -> Any:
    x.data.mul_(3)
    return x + 1


def _through_an_earlier_view(x: Any) -> Any:
    y = x.reshape(3, 1)
    x.fill_(7.0)
    return y


@pytest.mark.parametrize("fn", [_twice, _in_part, _copied_before, _through_a_view, _its_own, _through_memory, _through_an_earlier_view])
def test_a_program_writes_as_the_function_does(fn: Any) -> None:
    x = ac.tensor([1.0, 2.0, 3.0])
    text = ac.trace(fn, x.clone()).source()
    mine, theirs = np.array([1.0, 2.0, 3.0], np.float32), x.clone()
    found, wanted = run(text, x=mine), fn(theirs)
    for a, b in zip(found if isinstance(found, tuple) else (found,), wanted if isinstance(wanted, tuple) else (wanted,), strict=True):
        np.testing.assert_array_equal(a, b.numpy())
    np.testing.assert_array_equal(mine, theirs.numpy())


@pytest.mark.parametrize("fn", [_detached, _detached_of_its_own, _data])
def test_memory_that_is_read_by_another_way_is_refused(fn: Any) -> None:
    with pytest.raises(GraphError, match=r"source: the function writes into .*expected"):
        ac.trace(fn, ac.tensor([1.0, 2.0, 3.0])).source()


def test_running_statistics_move() -> None:
    bn = nn.BatchNorm1d(2)
    x = ac.randn(5, 2)
    text = ac.trace(bn, x).source()
    module: dict[str, Any] = {}
    exec(text, module)
    arguments = {k: np.array(v) for k, v in text.arguments.items()}
    before = arguments["running_mean"].copy()
    module["forward"](**arguments)
    np.testing.assert_allclose(arguments["running_mean"], 0.9 * before + 0.1 * x.numpy().mean(0), rtol=1e-5, atol=1e-6)
    assert arguments["num_batches_tracked"] == text.arguments["num_batches_tracked"] + 1


def test_writing_a_source_changes_nothing() -> None:
    bn, w = nn.BatchNorm1d(2), ac.randn(2, 2).requires_grad_()
    graph = ac.trace(lambda x: ac.nn.functional.dropout(bn(x @ w), 0.5), ac.randn(5, 2))
    before = {k: v.clone() for k, v in bn.state_dict().items()}
    state = ac.get_rng_state().clone()
    first, second = graph.source(backward=True), graph.source(backward=True)
    assert first == second
    assert w.grad is None
    assert all((v == before[k]).all() for k, v in bn.state_dict().items())
    assert (ac.get_rng_state() == state).all()


def test_noise_that_an_operation_draws_by_itself_is_an_argument() -> None:
    graph = ac.trace(lambda x: ac.nn.functional.rrelu(x, training=True), -ac.ones(4))
    state = ac.get_rng_state().clone()
    text = graph.source()
    assert len(text.arguments) == 2
    assert (ac.get_rng_state() == state).all()
    assert run(text).shape == (4,)


def test_masks_and_noise_are_arguments() -> None:
    text = ac.trace(lambda x: ac.nn.functional.dropout(x, 0.5) + ac.bernoulli(x), ac.full((40,), 0.5)).source()
    assert len(text.arguments) == 3
    mask = next(v for v in text.arguments.values() if v.dtype == bool)
    assert mask.shape == (40,)
    name = next(k for k, v in text.arguments.items() if v is mask)
    np.testing.assert_array_equal(run(text, **{name: np.ones(40, bool)}) >= 1.0, True)


# ------------------------------------------------------------------------------------------------- what decides, and refusals
def test_a_way_that_values_chose_is_told() -> None:
    def fn(x: Any) -> Any:
        return x * 2 if x.sum().item() > 0 else x

    text = ac.trace(fn, ac.ones(2)).source()
    assert "# The function takes numbers out of tensors (" in text
    assert "test_source.py:" in text
    assert "/" not in text.split("(", 1)[1].split(")")[0]  # no path of a machine


def test_masks_as_indices_take_what_they_take() -> None:
    text = ac.trace(lambda x: x[x > 0] * 2, ac.tensor([1.0, -1.0, 2.0])).source()
    np.testing.assert_array_equal(run(text, x=np.array([-1.0, 3.0, -1.0], np.float32)), [6.0])


def test_a_tape_is_refused() -> None:
    loss = (ac.ones(2).requires_grad_() * 2).sum()
    with pytest.raises(GraphError, match=r"expected one made by trace\(fn, \*args\)"):
        ac.Graph.of(loss).source()


def test_what_no_replay_could_do_is_refused() -> None:
    w = ac.ones(2).requires_grad_()
    optimizer = ac.optim.SGD([w], lr=0.1)

    def step(x: Any) -> Any:
        loss = (w * x).sum()
        loss.backward()
        optimizer.step()
        return (w * x).sum()

    graph = ac.trace(step, ac.ones(2))
    with pytest.raises(GraphError, match="would not do what the function does"):
        graph.source()


def test_nothing_to_differentiate_is_refused() -> None:
    with pytest.raises(GraphError, match="expected parameters, or floating-point inputs"):
        ac.trace(lambda x: x + 1, ac.tensor([1, 2])).source(backward=True)
    with pytest.raises(GraphError, match="nothing that the function returns depends on"):
        ac.trace(lambda x: x > 0, ac.ones(2)).source(backward=True)


def test_a_users_function_of_values_is_refused() -> None:
    graph = ac.trace(lambda x: x.clone().apply_(lambda v: v + 1), ac.ones(2))
    with pytest.raises(GraphError, match="hand its result over as an argument"):
        graph.source()


def test_a_result_that_no_text_can_name_is_refused() -> None:
    layer = nn.Linear(1, 1)
    with pytest.raises(GraphError, match="the function returns a Linear beside its tensors"):
        ac.trace(lambda x: (x * 2, layer), ac.ones(2)).source()


def test_a_graph_from_a_pickle_is_written_too() -> None:
    graph = ac.trace(ac.nn.functional.relu, ac.randn(3))
    assert code(pickle.loads(pickle.dumps(graph)).source()) == code(graph.source())


# ------------------------------------------------------------------------------------------------- an operation of one's own
def test_ones_own_operation_says_how_it_is_written() -> None:
    from autograd_cnn.extend import primitive

    @primitive
    def cubed_here(x):  # type: ignore[no-untyped-def]
        return x**3

    @cubed_here.vjp("x")
    def _(g, x):  # type: ignore[no-untyped-def]
        return 3 * g * x**2

    x = ac.tensor([1.0, 2.0]).requires_grad_()
    text = ac.trace(lambda x: cubed_here(x), x).source(backward=True)
    assert "y = kernels.cubed_here(x)" in text
    cubed_here.source("x ** 3")
    text = ac.trace(lambda x: cubed_here(x), x).source(backward=True)
    assert "y = x ** 3" in text
    assert "kernels" not in text
