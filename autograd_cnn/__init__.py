"""autograd_cnn: reverse-mode automatic differentiation with a graph you can see.

Write models as in PyTorch, draw their forward and backward passes, test gradients against finite differences.

>>> import autograd_cnn as ac
>>> x = ac.tensor([1., 2.], requires_grad=True)
>>> (x ** 2).sum().backward()
>>> x.grad
tensor([2., 4.])
"""

from __future__ import annotations

import importlib
from math import e, inf, nan, pi
from typing import TYPE_CHECKING, Any

from . import ops as _ops  # noqa: F401  # registers the operations
from .config import (
    enable_grad,
    get_backend,
    get_float32_matmul_precision,
    inference_mode,
    is_anomaly_enabled,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_backend,
    set_float32_matmul_precision,
    set_grad_enabled,
    strict_windows,
    use_backend,
    use_float32_matmul_precision,
)
from .errors import nearest as _nearest
from .graph.graph import Graph
from .kernels.environment import show_config
from .kernels.memory.threads import get_num_threads, set_num_threads
from .ops.registry.expose import FUNCTIONS as _FUNCTIONS
from .ops.registry.expose import watch as _watch
from .ops.shape.diagonals import trace as _trace_of_matrix
from .random import Generator, default_generator
from .support.display import set_renderer as _set_renderer
from .support.display import set_writer as _set_writer
from .support.listing import listed as _listed
from .support.moved import install as _install_old_names
from .tensors import casts as _casts  # noqa: F401  # brings methods
from .tensors import filling as _overwriting  # noqa: F401  # brings methods
from .tensors import properties as _basics  # noqa: F401  # brings methods
from .tensors import sharing as _sharing  # noqa: F401  # brings methods
from .tensors.creation import (
    arange,
    as_tensor,
    empty,
    empty_like,
    eye,
    from_dlpack,
    from_numpy,
    full,
    full_like,
    linspace,
    logspace,
    ones,
    ones_like,
    tensor,
    tril_indices,
    triu_indices,
    zeros,
    zeros_like,
)
from .tensors.methods import forms as _forms  # noqa: F401  # brings methods
from .tensors.printing import set_printoptions
from .tensors.sampling import (
    bernoulli,
    get_rng_state,
    initial_seed,
    manual_seed,
    multinomial,
    normal,
    rand,
    rand_like,
    randint,
    randint_like,
    randn,
    randn_like,
    randperm,
    seed,
    set_rng_state,
)
from .tensors.scalar import Scalar
from .tensors.tensor import Tensor
from .types import dtypes as _dtypes
from .types.device import Size, device
from .types.promotion import can_cast, get_default_dtype, promote_types, result_type, set_default_dtype

if TYPE_CHECKING:
    from . import autograd, distributed, distributions, extend, linalg, nn, onnx, optim, serialization, testing, utils, vision
    from .drawing import draw
    from .ops.registry import return_types
    from .serialization import hub, load, save
    from .summaries import summary
    from .tensors._functions import *  # what `__getattr__` finds in the operations' tables

__version__ = "0.1.0"
__all__ = [
    "Generator",
    "Graph",
    "Scalar",
    "Size",
    "Tensor",
    "arange",
    "as_tensor",
    "autograd",
    "bernoulli",
    "can_cast",
    "default_generator",
    "device",
    "distributed",
    "distributions",
    "draw",
    "e",
    "empty",
    "empty_like",
    "enable_grad",
    "extend",
    "eye",
    "from_dlpack",
    "from_numpy",
    "full",
    "full_like",
    "get_backend",
    "get_default_dtype",
    "get_float32_matmul_precision",
    "get_num_threads",
    "get_rng_state",
    "hub",
    "inf",
    "inference_mode",
    "initial_seed",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "linalg",
    "linspace",
    "load",
    "logspace",
    "manual_seed",
    "multinomial",
    "nan",
    "newaxis",
    "nn",
    "no_grad",
    "normal",
    "ones",
    "ones_like",
    "onnx",
    "optim",
    "pi",
    "promote_types",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
    "result_type",
    "return_types",
    "save",
    "seed",
    "serialization",
    "set_backend",
    "set_default_dtype",
    "set_float32_matmul_precision",
    "set_grad_enabled",
    "set_num_threads",
    "set_printoptions",
    "set_rng_state",
    "show_config",
    "strict_windows",
    "summary",
    "tensor",
    "testing",
    "trace",
    "tril_indices",
    "triu_indices",
    "use_backend",
    "use_float32_matmul_precision",
    "utils",
    "vision",
    "zeros",
    "zeros_like",
]

newaxis = None
_set_renderer(lambda: importlib.import_module(f"{__name__}.drawing").draw)
_set_writer(lambda: importlib.import_module(f"{__name__}.program.source").source)
_install_old_names()

globals().update({_n: getattr(_dtypes, _n) for _n in _dtypes.NAMES})

_MODULES = {
    n: n
    for n in (
        "autograd",
        "distributed",
        "distributions",
        "extend",
        "linalg",
        "nn",
        "onnx",
        "optim",
        "serialization",
        "testing",
        "utils",
        "vision",
    )
}
_MODULES["hub"] = "serialization.hub"
_ELSEWHERE = {"draw": "drawing", "summary": "summaries", "save": "serialization", "load": "serialization", "return_types": "ops.registry"}


def trace(input: Any, *args: Any) -> Any:
    """`trace(fn, *args)`: the graph of what a function does (see `engine.trace.trace`). Of a matrix: the sum of its diagonal,
    as `torch.trace`.

    >>> import autograd_cnn as ac
    >>> len(ac.trace(lambda x: (x * x).sum(), ac.ones(2)))
    2
    """
    if isinstance(input, Tensor) and not args:
        return _trace_of_matrix(input)
    from .graph.trace import trace as record

    return record(input, *args)


if not TYPE_CHECKING:  # the checker reads the stubs, and so finds a misspelt name

    def __getattr__(name: str) -> Any:
        """Operations have their calls written, and rooms their modules loaded, when they are first asked for."""
        if name in _FUNCTIONS:
            op = _FUNCTIONS[name]
            found = getattr(op, "call", op)
        elif name in _MODULES:
            found = importlib.import_module(f"{__name__}.{_MODULES[name]}")
        elif name in _ELSEWHERE:
            found = getattr(importlib.import_module(f"{__name__}.{_ELSEWHERE[name]}"), name)
        elif name.startswith("_"):  # nobody's mistake: Python, pytest and others ask modules for such names
            raise AttributeError(f"module 'autograd_cnn' has no attribute {name!r}.")
        else:
            hint = importlib.import_module(f"{__name__}.compat.absent").hint(name)
            raise AttributeError(f"module 'autograd_cnn' has no attribute {name!r}.{hint or _nearest(name, __dir__())}")
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return _listed({**globals(), "__all__": [*__all__, *_dtypes.NAMES, *_FUNCTIONS, *_MODULES, *_ELSEWHERE]})


def _refuse(name: str) -> None:
    if name not in _FUNCTIONS and (name in globals() or name in __dir__()):
        raise ValueError(f"@expose: autograd_cnn.{name} exists already: expected another name for the function.")


_watch("function", lambda name, op: globals().pop(name, None), _refuse)  # a user's takes the place of its former definition
