"""ONNX Runtime, or ONNX's own reference where that lacks an operator or dtype."""

from __future__ import annotations

from typing import Any

import numpy as np


def run(model: Any, inputs: Any) -> list[Any]:
    """The outputs of a model."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    fed = {i.name: np.ascontiguousarray(x).reshape(np.shape(x)) for i, x in zip(model.graph.input, inputs, strict=True)}
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented:
        from onnx.reference import ReferenceEvaluator

        with np.errstate(all="ignore"):
            return [np.asarray(y) for y in ReferenceEvaluator(model).run(None, fed)]
    return [np.asarray(y) for y in session.run(None, fed)]
