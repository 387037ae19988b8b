"""What ONNX's operators mean, by operations of the package."""

from . import elementwise, nets, recurrent, shape
from .table import OPERATORS, Node

__all__ = ["OPERATORS", "Node", "elementwise", "nets", "recurrent", "shape"]
