"""`onnx.load`: files as modules, and files that lie."""

from __future__ import annotations

import contextlib
import io
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.onnx import OnnxError, OnnxModule, export, load
from autograd_cnn.vision import models

onnx = pytest.importorskip("onnx")
h = onnx.helper
FLOAT = 1


def model(nodes: Any, initializers: Any = (), inputs: Any = ("x",), outputs: Any = ("y",), opset: int = 18, functions: Any = ()) -> Any:
    info = [h.make_tensor_value_info(n, FLOAT, None) for n in inputs]
    outs = [h.make_tensor_value_info(n, FLOAT, None) for n in outputs]
    graph = h.make_graph(list(nodes), "g", info, outs, list(initializers))
    return h.make_model(graph, opset_imports=[h.make_opsetid("", opset), h.make_opsetid("own", 1)], functions=list(functions))


def tensor(name: str, value: Any) -> Any:
    return onnx.numpy_helper.from_array(np.asarray(value), name)


def read(made: Any) -> OnnxModule:
    return load(io.BytesIO(made.SerializeToString()))


# ------------------------------------------------------------------------------------------------ what a module is
def network() -> Any:
    ac.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 5)
    ).eval()


def test_round_trip_keeps_names_values_and_gradients() -> None:
    net, x = network(), ac.randn(2, 3, 8, 8)
    again = read(export(net, x, dynamic_axes={"input": [0]}))
    assert {n: tuple(p.shape) for n, p in again.named_parameters()} == {n: tuple(p.shape) for n, p in net.named_parameters()}
    assert {"1.running_mean", "1.running_var"} <= dict(again.named_buffers()).keys()
    for batch in (x, ac.randn(5, 3, 8, 8)):
        np.testing.assert_allclose(again(batch).detach().numpy(), net(batch).detach().numpy(), atol=1e-6)
    for m in (net, again):
        m(x).pow(2).sum().backward()
    theirs = dict(again.named_parameters())
    for name, p in net.named_parameters():
        np.testing.assert_allclose(theirs[name].grad.numpy(), p.grad.numpy(), rtol=1e-4, atol=1e-6)


def test_it_trains_saves_and_loads() -> None:
    net = read(export(network(), ac.randn(2, 3, 8, 8)))
    x, t = ac.randn(2, 3, 8, 8), ac.tensor([1, 4])
    optimizer = ac.optim.SGD(net.parameters(), lr=0.1)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), t)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    other = read(export(network(), x))
    other.load_state_dict(net.state_dict())
    assert (other(x) == net(x)).all()


def test_it_draws_summarises_and_is_exported_again() -> None:
    x = ac.randn(2, 3, 8, 8)
    net = read(export(network(), x, dynamic_axes={"input": [0]}))
    assert "Flatten" not in str(ac.draw(net(x)))
    assert str(sum(p.numel() for p in net.parameters())) in str(ac.summary(net, input_data=x)).replace(",", "")
    again = export(net, x, dynamic_axes={"input": {0: "n"}})
    assert [n.op_type for n in again.graph.node] == ["Conv", "BatchNormalization", "Relu", "MaxPool", "Reshape", "Gemm", "Identity"]
    three = ac.randn(3, 3, 8, 8)
    assert (read(again)(three) == net(three)).all()


@pytest.mark.parametrize("name", ["squeezenet1_1", "mobilenet_v3_small", "cifar_resnet20"])
def test_networks_come_back(name: str) -> None:
    ac.manual_seed(0)
    net, x = models.get_model(name).eval(), ac.randn(2, 3, 32, 32)
    with ac.no_grad():
        np.testing.assert_allclose(read(export(net, x))(x).numpy(), net(x).numpy(), atol=1e-5)


def test_several_outputs_and_inputs_by_name() -> None:
    net = read(model([h.make_node("Add", ["a", "b"], ["y"]), h.make_node("Mul", ["a", "b"], ["z"])], inputs=("a", "b"), outputs=("y", "z")))
    y, z = net(b=ac.tensor([3.0]), a=ac.tensor([2.0]))
    assert (y.item(), z.item()) == (5.0, 6.0)
    with pytest.raises(TypeError, match="inputs a, b"):
        net(ac.ones(1))


def test_opsets_mean_what_they_meant() -> None:
    x = ac.arange(24.0).reshape(2, 3, 4)
    old = read(model([h.make_node("Softmax", ["x"], ["y"])], opset=11))(x)
    assert float(old[0].sum()) == pytest.approx(1.0)  # of axes 1 and 2 together
    new = read(model([h.make_node("Softmax", ["x"], ["y"])], opset=13))(x)
    assert float(new[0].sum()) == pytest.approx(3.0)
    old = read(model([h.make_node("Squeeze", ["x"], ["y"], axes=[0])], opset=11))(x[:1])
    assert old.shape == (3, 4)
    old = read(model([h.make_node("Clip", ["x"], ["y"], min=3.0, max=5.0)], opset=6))(x)
    assert (old.min().item(), old.max().item()) == (3.0, 5.0)
    per_channel = read(model([h.make_node("Add", ["x", "b"], ["y"], broadcast=1, axis=1)], [tensor("b", np.float32([1, 2, 3]))], opset=6))(
        x
    )
    assert (per_channel == x + ac.tensor([1.0, 2.0, 3.0]).reshape(3, 1)).all()


def test_what_has_no_gradient_says_so() -> None:
    net = read(model([h.make_node("BlackmanWindow", ["n"], ["w"]), h.make_node("Mul", ["x", "w"], ["y"])], [tensor("n", np.int64(3))]))
    net(ac.ones(3, requires_grad=True)).sum().backward()  # of a known window
    bad = read(model([h.make_node("TfIdfVectorizer", ["x"], ["y"], mode="TF", min_gram_length=1, max_gram_length=1, max_skip_count=0,
                                  ngram_counts=[0], ngram_indexes=[0, 1], pool_int64s=[2, 1])]))  # fmt: skip
    assert bad(ac.tensor([2.0, 1.0, 2.0])).tolist() == [2.0, 1.0]
    with pytest.raises(OnnxError, match="TfIdfVectorizer has no gradient"):
        bad(ac.ones(3, requires_grad=True))


def test_random_numbers_are_of_the_streams_that_a_seed_sets() -> None:
    for operator, fields, mean, spread in (
        ("RandomUniform", {"low": 2.0, "high": 6.0}, 4, 4 / 12**0.5),
        ("RandomNormal", {"mean": 3.0, "scale": 0.5}, 3, 0.5),
    ):
        net = read(model([h.make_node(operator + "Like", ["x"], ["y"], **fields)]))
        ac.manual_seed(1)
        first, second = net(ac.ones(4000)), net(ac.ones(4000))
        ac.manual_seed(1)
        assert (net(ac.ones(4000)) == first).all() and (second != first).any()
        assert first.mean().item() == pytest.approx(mean, abs=0.1) and first.std().item() == pytest.approx(spread, abs=0.1)
        fixed = read(model([h.make_node(operator, [], ["y"], shape=[3], seed=4.0, dtype=11, **fields)], inputs=()))
        assert (fixed() == fixed()).all() and fixed().dtype == np.float64
    picks = read(model([h.make_node("Multinomial", ["x"], ["y"], sample_size=4000)]))(ac.tensor([[0.0, -np.inf, np.log(3.0)]]))
    assert picks.dtype == np.int32 and picks.shape == (1, 4000)
    assert np.bincount(picks.numpy()[0], minlength=3) / 4000 == pytest.approx([0.25, 0, 0.75], abs=0.05)
    with pytest.raises(OnnxError, match="the file asks for"):
        read(model([h.make_node("RandomNormal", [], ["y"], shape=[2**40])], inputs=()))()
    with pytest.raises(OnnxError, match="a floating-point data type"):
        read(model([h.make_node("RandomUniform", [], ["y"], shape=[2], dtype=7)], inputs=()))()


def test_different_values_keep_their_gradient() -> None:
    x = ac.tensor([2.0, 1.0, 2.0], requires_grad=True)
    y = read(model([h.make_node("Unique", ["x"], ["y"])]))(x)
    assert y.tolist() == [1.0, 2.0]
    (y * ac.tensor([3.0, 5.0])).sum().backward()
    assert x.grad.tolist() == [5.0, 3.0, 0.0]


def test_what_says_how_to_compute_is_no_parameter_and_wants_no_gradient() -> None:
    net = read(model([h.make_node("Resize", ["x", "", "s"], ["y"], mode="linear")], [tensor("s", np.float32([2.0]))]))
    assert not list(net.parameters()) and "s" in dict(net.named_buffers())
    assert net(ac.ones(2)).shape == (4,)
    given = read(model([h.make_node("Resize", ["x", "", "s"], ["y"])], inputs=("x", "s")))
    with pytest.raises(OnnxError, match="scales has no gradient here"):
        given(ac.ones(2), ac.tensor([2.0], requires_grad=True))


def test_statistics_that_are_computed_have_gradients() -> None:
    nodes = [
        h.make_node("ReduceMean", ["x"], ["m"], axes=[0, 2], keepdims=0),
        h.make_node("BatchNormalization", ["x", "s", "b", "m", "s"], ["y"]),
    ]
    net = read(model(nodes, inputs=("x", "s", "b"), opset=15))
    x, one = ac.randn(2, 3, 4, requires_grad=True), ac.ones(3)
    y = net(x, one, ac.zeros(3))
    weights = ac.randn(2, 3, 4)
    (gradient,) = ac.autograd.grad((y * weights).sum(), x)
    expected = (weights - weights.mean((0, 2), keepdim=True)) / (1 + 1e-5) ** 0.5  # of (x − mean) / √(1 + ε)
    np.testing.assert_allclose(gradient.numpy(), expected.numpy(), atol=1e-5)


def test_operators_by_their_definition_have_gradients() -> None:
    x = ac.randn(1, 2, 3, 4, requires_grad=True)
    net = read(model([h.make_node("Attention", ["x", "x", "x"], ["y"])], opset=23))
    expected = nn.functional.scaled_dot_product_attention(x, x, x)
    y = net(x)
    np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), atol=1e-6)
    np.testing.assert_allclose(ac.autograd.grad(y.sum(), x)[0].numpy(), ac.autograd.grad(expected.sum(), x)[0].numpy(), atol=1e-5)


def test_the_gradient_is_an_operator_too() -> None:
    nodes = [
        h.make_node("Mul", ["x", "x"], ["s"]),
        h.make_node("Mul", ["s", "z"], ["p"]),
        h.make_node("Gradient", ["x", "z"], ["g"], domain="ai.onnx.preview.training", xs=["x"], zs=["z"], y="p"),  # 2 x z
        h.make_node("Gradient", ["x", "z"], ["", "y"], domain="ai.onnx.preview.training", xs=["x", "z"], y="g"),  # ∂/∂z: 2 x
    ]
    made = model(nodes, inputs=("x", "z"), outputs=("g", "y"))
    made.opset_import.append(h.make_opsetid("ai.onnx.preview.training", 1))
    net = read(made)
    x = ac.tensor([1.0, 3.0], requires_grad=True)
    g, y = net(x, ac.tensor([2.0, 5.0]))
    assert (g.tolist(), y.tolist()) == ([4.0, 30.0], [2.0, 6.0])
    assert ac.autograd.grad(g.sum(), x)[0].tolist() == [4.0, 10.0]
    with ac.no_grad():
        assert not net(x, ac.tensor([2.0, 5.0]))[0].requires_grad
    next(a for a in made.graph.node[2].attribute if a.name == "zs").strings[0] = b"s"
    with pytest.raises(OnnxError, match="from x, s alone, but it needs z"):
        read(made)(x, ac.ones(2))


def test_loops_and_branches() -> None:
    body = h.make_graph(
        [h.make_node("Mul", ["v", "two"], ["w"]), h.make_node("Identity", ["go"], ["on"])],
        "body",
        [h.make_tensor_value_info("k", 7, []), h.make_tensor_value_info("go", 9, []), h.make_tensor_value_info("v", FLOAT, None)],
        [h.make_tensor_value_info("on", 9, []), h.make_tensor_value_info("w", FLOAT, None)],
    )
    net = read(model([h.make_node("Loop", ["n", "", "x"], ["y"], body=body)], [tensor("n", np.int64(3)), tensor("two", np.float32(2))]))
    x = ac.ones(2, requires_grad=True)
    net(x).sum().backward()
    assert x.grad.tolist() == [8.0, 8.0]


# ------------------------------------------------------------------------------------------------ files that lie
def bytes_of_a_net() -> bytes:
    return export(network(), ac.randn(1, 3, 8, 8)).SerializeToString()  # type: ignore[no-any-return]


def test_cut_off_anywhere() -> None:
    data = bytes_of_a_net()
    for cut in [0, 1, 7, 100, len(data) // 2, len(data) - 1]:
        with pytest.raises(OnnxError):
            load(io.BytesIO(data[:cut]))


def test_any_damage_is_an_error_or_a_module() -> None:
    data, rng = bytearray(bytes_of_a_net()), np.random.default_rng(0)
    x = ac.randn(1, 3, 8, 8)
    for _ in range(150):
        other = bytearray(data)
        for at in rng.integers(0, len(data), 4):
            other[at] = rng.integers(256)
        try:
            net = load(io.BytesIO(bytes(other)))
        except OnnxError:
            continue
        with contextlib.suppress(RuntimeError, ValueError, TypeError, IndexError, KeyError, ArithmeticError):  # said by what was damaged
            net(x)


def test_other_files() -> None:
    for data in (b"PK\x03\x04 not onnx", b"\x80\x02}q\x00.", b"hello"):
        with pytest.raises(OnnxError, match="expected an ONNX"):
            load(io.BytesIO(data))
    with pytest.raises(TypeError, match="a path or a binary file"):
        load(3)


def test_circles() -> None:
    with pytest.raises(OnnxError, match="circle"):
        read(model([h.make_node("Add", ["x", "b"], ["a"]), h.make_node("Relu", ["a"], ["b"]), h.make_node("Relu", ["b"], ["y"])]))
    with pytest.raises(OnnxError, match="nothing gives 'nowhere'"):
        read(model([h.make_node("Add", ["x", "nowhere"], ["y"])]))
    with pytest.raises(OnnxError, match="computes its output 'y'"):
        read(model([h.make_node("Relu", ["x"], ["z"])]))
    call = [
        h.make_function("own", name, ["v"], ["w"], [h.make_node(other, ["v"], ["w"], domain="own")], [h.make_opsetid("own", 1)])
        for name, other in (("F", "G"), ("G", "F"))
    ]
    with pytest.raises(OnnxError, match=r"functions F, G call one another"):
        read(model([h.make_node("F", ["x"], ["y"], domain="own")], functions=call))


def claim(**fields: Any) -> Any:
    t = onnx.TensorProto(name="w", data_type=FLOAT)
    for name, value in fields.items():
        getattr(t, name).extend(value) if isinstance(value, list) else setattr(t, name, value)
    return model([h.make_node("Add", ["x", "w"], ["y"])], [t])


def test_shapes_that_claim_what_is_not_there() -> None:
    tracemalloc.start()
    for made in (
        claim(dims=[2**40], raw_data=b"\0" * 8),
        claim(dims=[2**31, 2**31], float_data=[1.0]),
        claim(dims=[-1], raw_data=b""),
        claim(dims=[3], raw_data=b"\0" * 8),
        claim(dims=[2], data_type=99, raw_data=b"\0" * 8),
    ):
        with pytest.raises(OnnxError, match="the tensor 'w'"):
            read(made)
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("node", "shape"),
    [
        (lambda: h.make_node("ConstantOfShape", ["s"], ["y"]), [2**20, 2**20]),
        (lambda: h.make_node("Expand", ["x", "s"], ["y"]), [2**20, 2**20]),
        (lambda: h.make_node("Tile", ["x", "s"], ["y"]), [2**40]),
        (lambda: h.make_node("Pad", ["x", "s"], ["y"]), [2**40, 2**40]),
        (lambda: h.make_node("Resize", ["x", "", "", "s"], ["y"]), [2**40]),
    ],
)
def test_sizes_no_computer_has(node: Any, shape: Any) -> None:
    net = read(model([node()], [tensor("s", np.int64(shape))]))
    with pytest.raises(OnnxError, match="the file asks for"):
        net(ac.ones(1))


def external(folder: Path, **entries: Any) -> Path:
    made = claim(dims=[2])
    t = made.graph.initializer[0]
    t.data_location = onnx.TensorProto.EXTERNAL
    for key, value in entries.items():
        t.external_data.add(key=key, value=str(value))
    path = folder / "m" / "net.onnx"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(made.SerializeToString())
    (path.parent / "data").write_bytes(np.float32([0, 1, 2, 3]).tobytes())
    (folder / "secret").write_bytes(np.float32([6, 6]).tobytes())
    return path


def test_external_data(tmp_path: Path) -> None:
    assert load(external(tmp_path, location="data", offset=4, length=8))(ac.zeros(2)).tolist() == [1.0, 2.0]


def test_external_data_stays_in_the_folder(tmp_path: Path) -> None:
    path = external(tmp_path, location="../secret")
    (path.parent / "link").symlink_to(tmp_path / "secret")
    for location in ("../secret", str(tmp_path / "secret"), "link", "", "x/../../secret", "..\\secret"):
        with pytest.raises(OnnxError, match="own folder"):
            load(external(tmp_path, location=location))
    for entries, words in (
        ({"location": "none"}, "there is no file"),
        ({"location": "data", "offset": 12, "length": 8}, "which has 16"),
        ({"location": "data", "offset": -4, "length": 8}, "which has 16"),
        ({"location": "data", "length": 2**40}, "which has 16"),
        ({"location": "data"}, "needs 8 bytes"),
        ({"location": "data", "offset": "four"}, "expected numbers"),
    ):
        with pytest.raises(OnnxError, match=words):
            load(external(tmp_path, **entries))
    with pytest.raises(OnnxError, match="expected a path"):
        load(io.BytesIO(path.read_bytes()))


def test_opsets_of_the_future() -> None:
    with pytest.raises(OnnxError, match="expected an opset from 1"):
        read(model([h.make_node("Relu", ["x"], ["y"])], opset=999))
