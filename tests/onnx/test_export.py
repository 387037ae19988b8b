"""`onnx.export`: networks as another runtime sees them."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn import nn
from autograd_cnn.errors import TraceWarning
from autograd_cnn.onnx import OnnxError, TrainingMode, export
from autograd_cnn.vision import models
from autograd_cnn.vision.transforms.functional import solarize

onnx = pytest.importorskip("onnx")


def run(model: Any, x: Any) -> list[Any]:
    pytest.importorskip("onnxruntime")
    from .runtime import run as run_onnx

    return run_onnx(model, [x.numpy()])


# What each network is tried on: small, where it takes small ones.
IMAGE = {
    "alexnet": 63,
    "inception_v3": 139,
    "zfnet": 224,
    "alexnet2012": 227,
    "deconvnet": 224,
    "style_transfer": 32,
    "lenet5": 32,
    "lenet5_modern": 32,
    "mlp": 32,
    "autoencoder": 28,
}
ONE_CHANNEL = {"lenet5", "lenet5_modern", "mlp", "autoencoder"}
QUICK = [
    "autoencoder",
    "cifar_resnet20",
    "lenet5",
    "lenet5_modern",
    "mlp",
    "mobilenet_v3_small",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
    "tcn",
    "text_cnn",
    "wavenet",
]
SLOW = [n for n in models.list_models() if n not in QUICK and n != "cifar_resnet1202"]  # that one is deeper, and nothing else


def sample(name: str) -> Any:
    if name == "tcn":
        return ac.randn(1, 1, 40)
    if name == "wavenet":
        return ac.randint(0, 256, (1, 40))
    if name == "text_cnn":
        return ac.randint(0, 50, (1, 20))
    if name == "dcgan_generator":
        return ac.randn(1, 100, 1, 1)
    if name == "dcgan_discriminator":
        return ac.randn(1, 3, 64, 64)
    size = IMAGE.get(name, 32 if name.startswith("cifar") else 64)
    return ac.randn(1, 1 if name in ONE_CHANNEL else 3, size, size)


def check(name: str) -> None:
    ac.manual_seed(0)
    net = models.get_model(name, **({"init_weights": False} if name in ("googlenet", "inception_v3") else {})).eval()
    x = sample(name)
    made = export(net, x, input_names=["x"], dynamic_axes={"x": {0: "batch"}})
    batch = ac.cat([x, ac.flip(x, (-1,)), x], 0)
    with ac.no_grad():
        expected = net(batch)
    for want, got in zip(expected if isinstance(expected, tuple) else (expected,), run(made, batch), strict=True):
        right = want.numpy()
        assert got.shape == right.shape
        assert np.abs(got - right).max() <= 1e-5 * max(1.0, np.abs(right).max())
    held = {t.name for t in made.graph.initializer}
    unused = ("aux", "units.29.residual")  # at the side in training, and behind the last skip
    assert {n for n, _ in net.named_parameters() if not any(u in n.lower() for u in unused)} <= held


@pytest.mark.parametrize("name", QUICK)
def test_networks_agree(name: str) -> None:
    check(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_all_networks_agree(name: str) -> None:
    check(name)


def small() -> Any:
    ac.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 5),
    )


def test_names_scopes_and_shapes_are_kept() -> None:
    made = export(
        small(),
        ac.randn(1, 3, 8, 8),
        input_names=["picture"],
        output_names=["scores"],
        dynamic_axes={"picture": {0: "n", 2: "h"}, "scores": [0]},
    )
    dims = [d.dim_param or d.dim_value for d in made.graph.input[0].type.tensor_type.shape.dim]
    assert (made.graph.input[0].name, dims) == ("picture", ["n", 3, "h", 8])
    assert [d.dim_param or d.dim_value for d in made.graph.output[0].type.tensor_type.shape.dim] == ["n", 5]
    assert {"0.weight", "0.bias", "1.running_mean", "6.weight"} <= {t.name for t in made.graph.initializer}
    assert any(n.name.startswith("/0/Conv") for n in made.graph.node)


@pytest.mark.parametrize("opset", [13, 17, 18, 20, 22])
def test_opsets(opset: int) -> None:
    net = nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.LayerNorm(8), nn.Softmax(-1)).eval()
    x = ac.randn(2, 6)
    made = export(net, x, opset_version=opset)
    assert made.opset_import[0].version == opset
    np.testing.assert_allclose(run(made, x)[0], net(x).detach().numpy(), atol=1e-6)


def test_an_operator_too_new_is_refused() -> None:
    with pytest.raises(OnnxError, match="Col2Im, which came with opset 18"):
        export(lambda x: nn.functional.fold(x, 4, 2, stride=2), ac.randn(1, 4, 4), opset_version=17)
    with pytest.raises(ValueError, match="opset_version from 13"):
        export(small(), ac.randn(1, 3, 8, 8), opset_version=9)


def test_the_network_is_as_before() -> None:
    net, x = small().train(), ac.randn(2, 3, 8, 8)
    before, state = {k: v.clone() for k, v in net.state_dict().items()}, ac.get_rng_state()
    for mode in TrainingMode:
        export(net, x, training=mode, dynamic_axes={"input": [0]})
        assert net.training and all(m.training for m in net.modules())
        assert all((v == before[k]).all() for k, v in net.state_dict().items())
        assert (ac.get_rng_state() == state).all()


def test_evaluation_is_the_default_and_training_drops() -> None:
    net, x = small().train(), ac.randn(2, 3, 8, 8)
    assert "Dropout" not in {n.op_type for n in export(net, x).graph.node}
    assert "Dropout" in {n.op_type for n in export(net, x, training=TrainingMode.TRAINING).graph.node}
    with ac.no_grad():
        np.testing.assert_allclose(run(export(net, x), x)[0], net.eval()(x).numpy(), atol=1e-6)


def test_all_operations_without_words_are_named() -> None:
    with pytest.raises(OnnxError, match=r"words here for cholesky, inv\. .*make what they give an input"):
        export(lambda x: ac.linalg.inv(x) + ac.linalg.cholesky(x), ac.eye(3))


def test_sizes_that_cannot_vary_are_refused() -> None:
    with pytest.raises(OnnxError, match="dynamic"):
        export(lambda x: x * (1 / x.shape[0]), ac.randn(4, 3), dynamic_axes={"input": [0]})
    with pytest.raises(OnnxError, match="other operations"):
        export(lambda x: x.relu() if x.shape[0] > 2 else x, ac.randn(4, 3), dynamic_axes={"input": [0]})
    with pytest.raises(ValueError, match="names of inputs"):
        export(lambda x: x * 2, ac.randn(4, 3), dynamic_axes={"batch": [0]})


@pytest.mark.parametrize(
    "fn",
    [
        lambda x: x.reshape(x.shape[0] * x.shape[1], -1),
        lambda x: x.reshape(-1, x.shape[1] * 2, x.shape[2] // 2),
        lambda x: x.flatten().reshape(x.shape),
        lambda x: x + ac.zeros(x.shape),
        lambda x: x[:, :, -1] * x.shape[0],
        lambda x: x.sum() / x.shape[0],
        lambda x: x.permute(1, 0, 2).expand(5, 3, -1, 4) if x.ndim == 4 else x.permute(2, 1, 0),
        lambda x: ac.cat([x, x.flip(0)], 0)[: x.shape[0]],
        lambda x: x.softmax(0).mean(dim=(0, 2)),
    ],
)
def test_sizes_follow_the_input(fn: Any) -> None:
    made = export(fn, ac.randn(2, 3, 4), dynamic_axes={"input": {0: "n"}})
    for n in (1, 4, 9):
        x = ac.randn(n, 3, 4)
        np.testing.assert_allclose(run(made, x)[0], fn(x).numpy(), atol=1e-5)


def test_parameters_may_be_left_out_or_be_inputs_too() -> None:
    net, x = nn.Linear(3, 2), ac.randn(1, 3)
    bare = export(net, x, export_params=False)
    assert [i.name for i in bare.graph.input] == ["input", "weight", "bias"] and not bare.graph.initializer
    both = export(net, x, keep_initializers_as_inputs=True)
    assert [i.name for i in both.graph.input] == ["input", "weight", "bias"] and len(both.graph.initializer) == 2


def test_written_to_paths_and_files(tmp_path: Any) -> None:
    file = io.BytesIO()
    made = export(nn.Linear(3, 2), ac.randn(1, 3), file)
    export(nn.Linear(3, 2), ac.randn(1, 3), tmp_path / "net.onnx")
    assert onnx.load_from_string(file.getvalue()) == made
    assert onnx.load(tmp_path / "net.onnx").producer_name == "autograd_cnn"


def test_dict_of_keywords_and_several_inputs() -> None:
    made = export(lambda x, y, scale: x * scale + y, (ac.ones(2), ac.ones(2), {"scale": 3.0}), input_names=["a"])
    assert [i.name for i in made.graph.input] == ["a", "input_1"]


def test_without_the_package_it_is_said_how_to_get_it(tmp_path: Any) -> None:
    (tmp_path / "onnx.py").write_text("raise ImportError('not here')\n")
    program = "import autograd_cnn as ac\nac.onnx.export(lambda x: x * 2, ac.ones(2))"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=100)
    assert 'pip install "autograd-cnn[onnx]"' in done.stderr


def test_what_a_file_cannot_follow_is_told() -> None:
    with pytest.warns(TraceWarning, match=r"takes numbers out of tensors \(item\(\) at .*The file has what this run"):
        export(lambda x: x * x.sum().item(), ac.ones(2))
    with pytest.warns(TraceWarning, match="solarize computes with values outside the graph.*The file has what this run"):
        export(lambda x: solarize(x, 0.5) * x, ac.rand(3, 4, 4))
    with pytest.warns(TraceWarning, match="draws random numbers.*The file has what this run"):
        export(lambda x: x + ac.rand_like(x), ac.ones(3))
