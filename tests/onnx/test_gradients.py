"""Each operator's gradient, by ONNX's own cases in float64: along a random direction it is what finite differences say."""

from __future__ import annotations

import collections
import warnings
from typing import Any

import numpy as np
import pytest

import autograd_cnn as ac
from autograd_cnn.tensors.tensor import Tensor, wrap

onnx = pytest.importorskip("onnx")

from autograd_cnn.onnx.module import OnnxModule  # noqa: E402

FLOATS = (np.float16, np.float32, np.float64)
MOST = 12  # cases of an operator
SINGLE = {"CausalConvWithState", "GroupNormalization", "LinearAttention", "RMSNormalization"}  # computes in float32 as ONNX defines it
APART = {"Bernoulli", "BitCast", "Cast", "CastLike", "Dropout"}  # by chance, or of other formats
AWAY = {"Acosh": 0.1}  # from the end of its domain
# Inputs that say how to compute: to want their gradient is an error.
HOW = {
    "MelWeightMatrix": (3, 4),
    "NegativeLogLikelihoodLoss": (2,),
    "OneHot": (1,),
    "Pad": (2,),
    "Range": (0, 1, 2),
    "Resize": (1, 2),
    "SoftmaxCrossEntropyLoss": (2,),
    "TreeEnsemble": (0,),
    "Upsample": (1,),
}


def cases() -> dict[str, list[Any]]:
    """One-node graphs with real inputs, by operator."""
    found: dict[str, list[Any]] = collections.defaultdict(list)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import onnx.backend.test.case.node as node

        every = node.collect_testcases(None)
    for case in every:
        nodes = case.model.graph.node
        if len(nodes) != 1 or not case.data_sets or nodes[0].op_type in APART:
            continue
        given = [_read(x) for x in case.data_sets[0][0]]
        real = [k for k, x in enumerate(given) if isinstance(x, np.ndarray) and x.dtype == np.float64 and x.size]
        few = [x.dtype.name for x in given if isinstance(x, np.ndarray)]
        if real and all(np.isfinite(given[k]).all() for k in real) and not any(name.startswith(("int2", "uint2", "int4")) for name in few):
            found[nodes[0].op_type].append((case.name, case.model, given, real))
    return found


def _read(x: Any) -> Any:
    x = onnx.numpy_helper.to_array(x) if isinstance(x, onnx.TensorProto) else x
    return np.array(x, np.float64) if isinstance(x, np.ndarray | np.generic) and x.dtype in FLOATS else x


CASES = cases()


def outputs(module: Any, given: Any, at: int | None = None) -> tuple[list[Any], Any]:
    tensors = [wrap(np.array(x)) if isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "iufb" else x for x in given]
    if at is not None:
        tensors[at].requires_grad_()
    found = module(*tensors)
    found = found if isinstance(found, tuple) else (found,)
    return [y for y in found if isinstance(y, Tensor) and y.dtype == np.float64], None if at is None else tensors[at]


def check(operator: str, name: str, model: Any, given: Any, at: int) -> bool:
    """Whether there was a gradient to compare."""
    module, rng = OnnxModule(model), np.random.default_rng(0)
    ys, x = outputs(module, given, at)
    if not ys or not any(y.requires_grad for y in ys):
        return False
    weights = [rng.standard_normal(y.shape) for y in ys]
    total = sum((y * wrap(w)).sum() for y, w in zip(ys, weights, strict=True) if not np.isinf(y.detach().numpy()).any())
    gradient = ac.autograd.grad(total, x, allow_unused=True)[0]
    along = rng.standard_normal(given[at].shape)
    said = 0.0 if gradient is None else float((gradient.numpy() * along).sum())
    step, tight = (1e-2, 2e-2) if operator in SINGLE else (1e-6, 1e-5)

    def value(sign: float) -> float:
        moved = [v + sign * step * along if k == at else v for k, v in enumerate(given)]
        kept = [
            float((y.detach().numpy() * w).sum())
            for y, w, first in zip(outputs(module, moved)[0], weights, ys, strict=True)
            if not np.isinf(first.detach().numpy()).any()
        ]
        return sum(kept)

    right = (value(1) - value(-1)) / (2 * step)
    assert abs(right - said) <= tight * max(1.0, abs(right), abs(said)), f"{name}, input {at}: {said} is not {right}"
    return True


@pytest.mark.parametrize("operator", sorted(CASES))
def test_gradients(operator: str) -> None:
    done = set()
    rng = np.random.default_rng(1)
    for name, model, given, real in CASES[operator][:MOST]:
        # off the kinks on which ONNX's round numbers often stand
        off = AWAY.get(operator, 0.0)
        moved = [
            v + off + rng.uniform(-1e-3, 1e-3, v.shape) if k in real and k not in HOW.get(operator, ()) else v for k, v in enumerate(given)
        ]
        for at in real:
            if at in HOW.get(operator, ()):
                with pytest.raises(RuntimeError, match=r"no gradient|not implemented"):
                    outputs(OnnxModule(model), moved, at)
            elif _has_gradient(model):
                done.add(check(operator, name, model, moved, at))
            else:
                with pytest.raises(ac.onnx.OnnxError, match="no gradient"):
                    outputs(OnnxModule(model), moved, at)
    assert operator in FLAT or True in done or not (set(CASES[operator][0][3]) - set(HOW.get(operator, ())))


# What gives whole numbers, or steps.
FLAT = set(
    "ArgMax ArgMin Binarizer Greater GreaterOrEqual Hardmax IsInf IsNaN Less LessOrEqual NonMaxSuppression OptionalHasElement "
    "QLinearConv QLinearMatMul QuantizeLinear SequenceMap Shape Size SplitToSequence".split()
)


def _has_gradient(model: Any) -> bool:
    """Not where a number format is wanted in which no tensor counts."""
    plain = {0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13}
    return model.graph.node[0].op_type != "QuantizeLinear" or all(o.type.tensor_type.elem_type in plain for o in model.graph.output)


def one(operator: str, **attributes: Any) -> OnnxModule:
    h = onnx.helper
    info = [h.make_tensor_value_info(name, 1, None) for name in ("x", "y")]
    graph = h.make_graph([h.make_node(operator, ["x"], ["y"], **attributes)], "g", info[:1], info[1:])
    return OnnxModule(h.make_model(graph, opset_imports=[h.make_opsetid("", 26)]))


def test_casts() -> None:
    x = ac.tensor([1.5, -2.0], requires_grad=True)
    (one("Cast", to=11)(x) * 3).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0] and x.grad.dtype == np.float32
    with pytest.raises(ac.onnx.OnnxError, match="Cast has no gradient here"):
        one("Cast", to=17)(x)
    assert one("BitCast", to=6)(x).tolist() == [0x3FC00000, -0x40000000]


def test_a_query_that_sees_nothing_has_no_gradient() -> None:
    h = onnx.helper
    info = [h.make_tensor_value_info(name, kind, None) for name, kind in (("x", 1), ("m", 9), ("y", 1))]
    graph = h.make_graph([h.make_node("Attention", ["x", "x", "x", "m"], ["y"])], "g", info[:2], info[2:])
    x, mask = ac.randn(1, 1, 3, 4, requires_grad=True), ac.tensor([[True, False, False], [False, False, False], [True, True, True]])
    y = OnnxModule(h.make_model(graph, opset_imports=[h.make_opsetid("", 24)]))(x, mask)
    assert (y[0, 0, 1] == 0).all()
    (gradient,) = ac.autograd.grad(y[0, 0, 1].sum(), x)
    assert (gradient == 0).all()
