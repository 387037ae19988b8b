"""What ONNX's operators mean, by operations of the package."""

from . import (
    attention,
    chance,
    control,
    elementwise,
    formats,
    nets,
    quantised,
    recurrent,
    resizing,
    sampling,
    selecting,
    sequences,
    shape,
    signal,
    text,
    training,
    trees,
)
from .table import OPERATORS, Node

__all__ = [
    "OPERATORS",
    "Node",
    "attention",
    "chance",
    "control",
    "elementwise",
    "formats",
    "nets",
    "quantised",
    "recurrent",
    "resizing",
    "sampling",
    "selecting",
    "sequences",
    "shape",
    "signal",
    "text",
    "training",
    "trees",
]
