"""The package `onnx`, imported when it is wanted: it is in the extra `onnx`."""

from __future__ import annotations

import importlib
from typing import Any


def package(part: str = "") -> Any:
    """The package onnx, or a module of it; or an ImportError that says how to get it."""
    try:
        importlib.import_module("onnx")
        return importlib.import_module(f"onnx.{part}" if part else "onnx")
    except ImportError as error:
        raise ImportError(
            'autograd_cnn.onnx needs the package onnx: expected it to be installed. Run: pip install "autograd-cnn[onnx]"'
        ) from error


def decode_error() -> type[Exception]:
    """What protobuf, on which the package onnx stands, raises for bytes that are no message."""
    found: type[Exception] = importlib.import_module("google.protobuf.message").DecodeError
    return found
