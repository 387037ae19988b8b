"""Networks that travel: `onnx.export` writes one as an ONNX file, `onnx.load` reads one as a module.

Needs the package `onnx`: `pip install "autograd-cnn[onnx]"`.
"""

from ..support.listing import listed
from .dims import OnnxError
from .export import TrainingMode, export
from .loading import load
from .module import OnnxModule

__all__ = ["OnnxError", "OnnxModule", "TrainingMode", "export", "load"]


def __dir__() -> list[str]:
    return listed(globals())
