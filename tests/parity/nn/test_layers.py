"""Every layer against torch's: printed form, weights and their initial values, outputs, gradients, in training and evaluation mode."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import autograd_cnn as ac  # noqa: E402
from autograd_cnn.tensors.tensor import wrap  # noqa: E402

from .layer_table import TABLE, Ints, draw  # noqa: E402

IDS = [f"{row[0]} on {row[1] if isinstance(row[1], tuple) else getattr(row[1], 'shape', '')}" for row in TABLE]


def built(source: str) -> tuple[Any, Any]:
    """Both layers, made from the same text after the same seed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ac.manual_seed(3)
        mine = eval(f"nn.{source}", {"nn": ac.nn})
        torch.manual_seed(3)
        return mine, eval(f"nn.{source}", {"nn": torch.nn})


def arguments(specs: Any, dtype: Any) -> tuple[list[Any], list[Any]]:
    mine, theirs = [], []
    for k, spec in enumerate(specs):
        if spec is None or isinstance(spec, bool):
            mine.append(spec)
            theirs.append(spec)
            continue
        array, grad = (spec, False) if isinstance(spec, np.ndarray) else draw(spec, dtype, seed=5 + k)
        mine.append(wrap(array.copy(), requires_grad=grad))
        theirs.append(torch.from_numpy(np.array(array)).requires_grad_(grad))
    return mine, theirs


def flat(y: Any) -> list[Any]:
    return [v for part in y for v in flat(part)] if isinstance(y, tuple | list) else [] if y is None else [y]


def close(a: Any, b: Any, tolerance: float, what: str) -> None:
    x, y = np.asarray(a.detach().value), b.detach().numpy()
    assert x.shape == y.shape, f"{what}: {x.shape} against torch's {y.shape}"
    assert x.dtype == y.dtype, f"{what}: {x.dtype} against torch's {y.dtype}"
    scale = max(1.0, float(np.abs(y[np.isfinite(y)]).max(initial=0))) if y.dtype.kind == "f" else 1.0
    np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance * scale, err_msg=what)


@pytest.mark.parametrize("row", TABLE, ids=IDS)
def test_weights_and_form(row: Any) -> None:
    mine, other = built(row[0])
    assert repr(mine) == repr(other)
    a, b = mine.state_dict(), other.state_dict()
    assert list(a) == list(b)
    for name in a:
        assert a[name].dtype == b[name].numpy().dtype, name
        np.testing.assert_array_equal(a[name].value, b[name].numpy(), err_msg=name)
    assert [n for n, _ in mine.named_parameters()] == [n for n, _ in other.named_parameters()]
    assert [n for n, _ in mine.named_buffers()] == [n for n, _ in other.named_buffers()]


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("row", TABLE, ids=IDS)
def test_results_and_gradients(row: Any, dtype: Any, mode: str) -> None:
    tolerance = 1e-5 if dtype == np.float32 else 1e-10
    if row[0] == "Hardsigmoid()":
        tolerance = max(tolerance, 1e-8)  # torch's rule has 1/6 in single precision
    mine, other = built(row[0])
    mine, other = (m.double() if dtype == np.float64 else m for m in (mine, other))
    for turn in range(2):  # twice: running estimates move
        mine.train(mode == "train" or turn == 0)
        other.train(mode == "train" or turn == 0)
        xs, zs = arguments(row[1:], dtype)
        mine.zero_grad()
        other.zero_grad()
        ac.manual_seed(7)
        torch.manual_seed(7)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ys, ws = flat(mine(*xs)), flat(other(*zs))
        assert len(ys) == len(ws)
        for k, (y, w) in enumerate(zip(ys, ws, strict=True)):
            close(y, w, tolerance, f"output {k}")
            assert y.requires_grad == w.requires_grad
        weights = [draw(tuple(w.shape), dtype, seed=11 + k)[0] for k, w in enumerate(ws)]
        pairs = [(y, w, v) for y, w, v in zip(ys, ws, weights, strict=True) if w.requires_grad]
        if not pairs:
            continue
        sum((y * wrap(v)).sum() for y, _, v in pairs).backward()
        sum((w * torch.from_numpy(np.asarray(v))).sum() for _, w, v in pairs).backward()
        leaves = [(f"input {k}", x, z) for k, (x, z) in enumerate(zip(xs, zs, strict=True)) if isinstance(z, torch.Tensor)]
        leaves += [(n, p, q) for (n, p), (_, q) in zip(mine.named_parameters(), other.named_parameters(), strict=True)]
        for name, x, z in leaves:
            assert (x.grad is None) == (z.grad is None), name
            if z.grad is not None:
                close(x.grad, z.grad, tolerance * 4, f"gradient of {name}")
        for (name, p), (_, q) in zip(mine.state_dict().items(), other.state_dict().items(), strict=True):
            close(p, q, tolerance, name)


# ------------------------------------------------------------------------------------------------- what is refused
BAD_MAKING = [
    "Conv2d(4, 6, 3, groups=3)",
    "Conv2d(4, 6, 3, groups=0)",
    "Conv2d(4, 6, 3, padding='sam')",
    "Conv2d(4, 6, 3, stride=2, padding='same')",
    "Conv2d(4, 6, 3, padding_mode='mirror')",
    "ConvTranspose2d(4, 6, 3, padding_mode='circular')",
    "Dropout(1.5)",
    "GroupNorm(3, 4)",
    "Linear(3)",
    "MultiheadAttention(5, 2)",
    "MultiheadAttention(0, 2)",
    "Bilinear(0, 1, 1)",
    "RNN(3, 4, nonlinearity='gelu')",
    "LSTM(0, 4)",
    "LSTM(3, 4, dropout=2.0)",
    "LSTM(3, 4, proj_size=4)",
    "GRU(3, 4, num_layers=0)",
    "LSTM(3, 4, bias=1)",
    "Embedding(3, 4, padding_idx=3)",
    "LSTM(3.0, 4)",
    "Conv2d(4, 6, 3, nonsense=1)",
]


@pytest.mark.parametrize("source", BAD_MAKING)
def test_bad_arguments(source: str) -> None:
    with pytest.raises(Exception) as theirs:  # noqa: PT011  # whichever torch raises
        eval(f"nn.{source}", {"nn": torch.nn})
    with pytest.raises(theirs.type):
        eval(f"nn.{source}", {"nn": ac.nn})


BAD_INPUT = [
    ("Conv2d(4, 6, 3)", (2, 3, 7, 7)),
    ("Conv2d(4, 6, 3)", (2, 4, 7)),
    ("Conv2d(4, 6, 3)", (4, 2)),
    ("Conv2d(4, 6, 8)", (2, 4, 7, 7)),
    ("Conv1d(4, 6, 3)", (2, 4, 7, 7)),
    ("ConvTranspose2d(4, 6, 3)", (2, 3, 7, 7)),
    ("Linear(5, 3)", (2, 4)),
    ("Bilinear(3, 4, 5)", (2, 3), (2, 3)),
    ("MaxPool2d(3)", (4, 4)),
    ("MaxPool2d(3)", (1, 2, 2)),
    ("MaxPool2d(3, padding=2)", (1, 5, 5)),
    ("AvgPool2d(3, padding=2)", (1, 5, 5)),
    ("AvgPool2d(2, divisor_override=0)", (1, 5, 5)),
    ("AdaptiveAvgPool2d((2, 2, 2))", (1, 5, 5)),
    ("BatchNorm2d(4)", (2, 3, 5, 5)),
    ("BatchNorm2d(4)", (2, 4, 5)),
    ("BatchNorm1d(4)", (1, 4)),
    ("BatchNorm1d(4)", (2, 4, 5, 5)),
    ("InstanceNorm2d(4)", (2, 4)),
    ("InstanceNorm2d(4)", (2, 4, 1, 1)),
    ("InstanceNorm2d(3, affine=True)", (2, 4, 3, 3)),
    ("LayerNorm(5)", (2, 4)),
    ("GroupNorm(2, 4)", (2, 3)),
    ("LocalResponseNorm(2)", (2, 3)),
    ("Dropout2d()", (3,)),
    ("ReflectionPad2d(3)", (1, 1, 3, 3)),
    ("Unflatten(1, (2, 3))", (2, 4)),
    ("PixelShuffle(2)", (1, 3, 2, 2)),
    ("Upsample(scale_factor=2, mode='bilinear')", (1, 2, 3)),
    ("Fold(4, 2)", (1, 4, 8)),
    ("Unfold(5)", (1, 1, 4, 4)),
    ("LSTM(3, 4)", (5, 2, 2)),
    ("LSTM(3, 4)", (5, 2, 2, 3)),
    ("GRU(3, 4)", (5, 2, 3), (1, 2, 5)),
    ("GRU(3, 4)", (5, 2, 3), (1, 4)),
    ("GRUCell(3, 4)", (2, 2)),
    ("RNNCell(3, 4)", (2, 2, 3)),
    ("RNNCell(3, 4)", (2, 3), (2, 5)),
    ("Softmax2d()", (2, 3)),
    ("GLU()", (2, 3)),
    ("MSELoss()", (2, 3), (4, 3)),
    ("MultiheadAttention(4, 2)", (3, 2, 5), (3, 2, 4), (3, 2, 4)),
    ("NLLLoss()", (2, 3), Ints((4,), 3)),
    ("Flatten(2, 1)", (2, 3, 4)),
    ("CosineSimilarity()", (2, 3), (2, 4)),
]


@pytest.mark.parametrize("row", BAD_INPUT, ids=[f"{r[0]} on {r[1:]}" for r in BAD_INPUT])
def test_bad_inputs(row: Any) -> None:
    mine, other = built(row[0])
    xs, zs = arguments(row[1:], np.float32)
    before = {n: v.clone() for n, v in mine.state_dict().items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Exception) as theirs:  # noqa: PT011  # whichever torch raises
            other(*zs)
        with pytest.raises(theirs.type):
            mine(*xs)
    for name, v in mine.state_dict().items():
        assert np.array_equal(v.value, before[name].value) or name.endswith("num_batches_tracked"), f"{name} was changed before the error"


def test_wrong_dtypes() -> None:
    for source, shape in (("Conv2d(1, 1, 1)", (1, 1, 2, 2)), ("Linear(2, 1)", (1, 2)), ("LSTM(2, 1)", (1, 2))):
        mine, other = built(source)
        with pytest.raises(Exception) as theirs:  # noqa: PT011  # whichever torch raises
            other(torch.ones(shape, dtype=torch.float64))
        with pytest.raises(theirs.type, match=r"dtype|float64"):
            mine(ac.ones(shape, dtype=ac.float64))


# ------------------------------------------------------------------------------------------------- places and helpers
def test_where_pytorch_keeps_them() -> None:
    import importlib

    for place in (
        "conv",
        "batchnorm",
        "activation",
        "pixelshuffle",
        "pooling",
        "dropout",
        "rnn",
        "linear",
        "loss",
        "container",
        "module",
        "padding",
        "upsampling",
        "instancenorm",
        "normalization",
        "sparse",
        "flatten",
        "fold",
        "distance",
        "channelshuffle",
    ):
        theirs = importlib.import_module(f"torch.nn.modules.{place}")
        ours = importlib.import_module(f"autograd_cnn.nn.modules.{place}")
        for name in getattr(theirs, "__all__", ()):
            if hasattr(ac.nn, name):
                assert hasattr(ours, name), f"{place}.{name}"
    assert isinstance(ac.nn.BatchNorm2d(3), ac.nn.modules.batchnorm._BatchNorm)
    assert isinstance(ac.nn.Conv2d(1, 1, 1), ac.nn.modules.conv._ConvNd)
    for helper in ("_single", "_pair", "_triple", "_quadruple"):
        ours, theirs = getattr(ac.nn.modules.utils, helper), getattr(torch.nn.modules.utils, helper)
        assert ours(3) == theirs(3)
        assert ours((1, 2)) == theirs((1, 2))
    assert ac.nn.modules.utils._reverse_repeat_tuple((1, 2), 2) == torch.nn.modules.utils._reverse_repeat_tuple((1, 2), 2)
    assert ac.nn.parameter.Parameter is ac.nn.Parameter


def test_names_of_torch() -> None:
    """What is left out of torch.nn is known."""
    missing = {n for n in torch.nn.modules.__all__ if not hasattr(ac.nn, n)}
    assert not {n for n in missing if not n.startswith(("Lazy", "Transformer"))} - LEFT_OUT


LEFT_OUT = {
    "AdaptiveLogSoftmaxWithLoss",
    "CTCLoss",
    "Container",
    "CrossMapLRN2d",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
    "LinearCrossEntropyLoss",
    "LinearCrossEntropyOptions",
    "NLLLoss2d",
}
