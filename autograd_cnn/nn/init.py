"""Initial values of parameters. Every function fills its tensor in place, unrecorded, and returns it.

The draws are PyTorch's, bit for bit (`orthogonal_` to the last digits), from the default generator or `generator=`.
Fans: a weight of shape (out, in, *kernel) has fan_in = in · |kernel| and fan_out = out · |kernel|.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from .. import random
from ..config import no_grad
from ..engine.versions import wrote
from ..errors import nearest
from ..random import Generator
from ..support.listing import listed
from ..tensors.inplace import check_writable
from ..tensors.tensor import Tensor

P = ParamSpec("P")
R = TypeVar("R")

_LINEAR = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
_GAINS = {**dict.fromkeys((*_LINEAR, "sigmoid"), 1), "tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 3.0 / 4}


# ------------------------------------------------------------------------------------------------- gains and fans
def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which a standard deviation must grow so that the nonlinearity keeps the variance.

    linear, conv*, sigmoid: 1 · tanh: 5/3 · relu: √2 · leaky_relu: √(2 / (1 + a²)), a = `param` (0.01) · selu: 3/4.

    Raises:
        ValueError: an unknown nonlinearity, or a slope that is no number.

    >>> calculate_gain("leaky_relu", 0.2)
    1.3867504905630728
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        known = [*_GAINS, "leaky_relu"]
        hint = nearest(str(nonlinearity), known) or f" Known are {', '.join(known)}."
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}.{hint}")
    return _GAINS[nonlinearity]


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    shape = tuple(tensor.shape)
    if len(shape) < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions: "
            f"expected (out, in, ...), got {list(shape)}. A bias is commonly set with zeros_ or uniform_."
        )
    area = math.prod(shape[2:])
    return shape[1] * area, shape[0] * area


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    mode = mode.lower()
    modes = ["fan_in", "fan_out"]
    if mode not in modes:
        raise ValueError(f"Mode {mode} not supported, please use one of {modes}")
    return _calculate_fan_in_and_fan_out(tensor)[modes.index(mode)]


# ------------------------------------------------------------------------------------------------- constants
def constant_(tensor: Tensor, val: float) -> Tensor:
    """x_i = val.

    >>> import autograd_cnn as ac
    >>> constant_(ac.empty(3), 0.3)
    tensor([0.3000, 0.3000, 0.3000])
    """
    return _write("constant_", tensor, val)


def ones_(tensor: Tensor) -> Tensor:
    """x_i = 1.

    >>> import autograd_cnn as ac
    >>> ones_(ac.empty(3))
    tensor([1., 1., 1.])
    """
    return _write("ones_", tensor, 1)


def zeros_(tensor: Tensor) -> Tensor:
    """x_i = 0.

    >>> import autograd_cnn as ac
    >>> zeros_(ac.empty(3))
    tensor([0., 0., 0.])
    """
    return _write("zeros_", tensor, 0)


def eye_(tensor: Tensor) -> Tensor:
    """The identity matrix (n, m): x_ij = 1 where i = j, else 0. A linear layer passes on as many inputs as it can.

    Raises:
        ValueError: the tensor has not two dims.

    >>> import autograd_cnn as ac
    >>> eye_(ac.empty(2, 3))
    tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    _need_matrix(tensor)
    return _write("eye_", tensor, np.eye(*tensor.shape))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """A convolution weight (out, in, *kernel) that passes on as many channels as it can.

    1 in the middle of kernel (d, d) of each group, else 0.

    Raises:
        ValueError: the tensor has not 3, 4 or 5 dims, or `groups` does not divide the number of output channels.

    >>> import autograd_cnn as ac
    >>> dirac_(ac.empty(2, 2, 3))
    tensor([[[0., 1., 0.],
             [0., 0., 0.]],
    <BLANKLINE>
            [[0., 0., 0.],
             [0., 1., 0.]]])
    """
    shape = tuple(tensor.shape)
    if len(shape) not in (3, 4, 5):
        raise ValueError(f"Only tensors with 3, 4, or 5 dimensions are supported, got {list(shape)}")
    if groups < 1 or shape[0] % groups != 0:
        raise ValueError(f"dim 0 must be divisible by groups: {shape[0]} channels, {groups} groups")
    per_group = shape[0] // groups
    middle = tuple(size // 2 for size in shape[2:])
    values = np.zeros(shape)
    for group in range(groups):
        for d in range(min(per_group, shape[1])):
            values[(group * per_group + d, d, *middle)] = 1
    return _write("dirac_", tensor, values)


# ------------------------------------------------------------------------------------------------- draws
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """x_i drawn from U(a, b).

    Raises:
        RuntimeError: a > b, or an integer tensor.

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> uniform_(ac.empty(3))
    tensor([0.4963, 0.7682, 0.0885])
    """
    array = _writable("uniform_", tensor)
    _source(generator).fill_uniform_(array, a, b)
    wrote(array)
    return tensor


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """x_i drawn from N(mean, std²).

    Raises:
        RuntimeError: std < 0, or an integer tensor.

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> normal_(ac.empty(3), mean=5.0)
    tensor([6.5410, 4.7066, 2.8212])
    """
    array = _writable("normal_", tensor)
    _source(generator).fill_normal_(array, mean, std)
    wrote(array)
    return tensor


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """x_i drawn from U(-a, a), a = gain √(6 / (fan_in + fan_out)); for a weight of two dims or more.

    Raises:
        ValueError: the tensor has fewer than two dims.

    >>> import autograd_cnn as ac
    >>> w = xavier_uniform_(ac.empty(30, 20), gain=calculate_gain("tanh"))
    >>> bool(w.abs().max() <= 5 / 3 * (6 / 50) ** 0.5)
    True

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
    """
    bound = math.sqrt(3.0) * _xavier_std(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """x_i drawn from N(0, std²), std = gain √(2 / (fan_in + fan_out)); for a weight of two dims or more.

    Raises:
        ValueError: the tensor has fewer than two dims.

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> w = xavier_normal_(ac.empty(300, 200))
    >>> round(float(w.numpy().std()), 3), round((2 / 500) ** 0.5, 3)
    (0.063, 0.063)

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
    """
    return normal_(tensor, 0.0, _xavier_std(tensor, gain), generator)


def _xavier_std(tensor: Tensor, gain: float) -> float:
    fans = sum(_calculate_fan_in_and_fan_out(tensor))
    if fans == 0:
        raise ZeroDivisionError(f"xavier: a weight of shape {list(tensor.shape)} has no fan to divide by")
    return gain * math.sqrt(2.0 / float(fans))


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """x_i drawn from U(-bound, bound), bound = gain √(3 / fan).

    Args:
        a: the negative slope of the leaky relu that follows (used with `nonlinearity="leaky_relu"` only).
        mode: "fan_in" keeps the variance in the forward pass, "fan_out" in the backward pass.
        nonlinearity: the function that follows, see `calculate_gain`.

    Raises:
        ValueError: the tensor has fewer than two dims, or an unknown mode or nonlinearity.

    >>> import autograd_cnn as ac
    >>> w = kaiming_uniform_(ac.empty(8, 3, 5, 5), nonlinearity="relu")
    >>> bool(w.abs().max() <= (6 / 75) ** 0.5)
    True

    Source: He et al., "Delving deep into rectifiers", 2015.
    """
    if _is_empty(tensor):
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """x_i drawn from N(0, std²), std = gain / √fan; the arguments are those of `kaiming_uniform_`.

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> w = kaiming_normal_(ac.empty(64, 16, 3, 3), mode="fan_out", nonlinearity="relu")
    >>> round(float(w.numpy().std()), 3), round((2 / 576) ** 0.5, 3)
    (0.059, 0.059)

    Source: He et al., "Delving deep into rectifiers", 2015.
    """
    if _is_empty(tensor):
        return tensor
    return normal_(tensor, 0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    fan = _calculate_correct_fan(tensor, mode)
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def _is_empty(tensor: Tensor) -> bool:
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return True
    return False


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """x_i drawn from N(mean, std²) restricted to [a, b]. It warns if the mean lies more than 2 std outside.

    Raises:
        RuntimeError: a > b, or an integer tensor.

    >>> import autograd_cnn as ac
    >>> w = trunc_normal_(ac.empty(100), std=0.02, a=-0.04, b=0.04)
    >>> bool(w.abs().max() <= 0.04)
    True
    """
    array = _writable("trunc_normal_", tensor)
    with np.errstate(over="ignore"):  # a mean beyond the dtype ends at a bound
        _source(generator).fill_trunc_normal_(array, mean, std, a, b)
    wrote(array)
    return tensor


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """A (semi-)orthogonal matrix times `gain`.

    The Q of the QR decomposition of a normal (n, m) matrix, m the product of all dims but the first, with the signs
    that make it uniformly distributed.

    Raises:
        ValueError: the tensor has fewer than two dims.

    >>> import autograd_cnn as ac
    >>> q = orthogonal_(ac.empty(3, 5))
    >>> bool(((q @ q.T) - ac.eye(3)).abs().max() < 1e-5)
    True

    Source: Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks", 2013.
    """
    if tensor.ndim < 2:
        raise ValueError(f"Only tensors with 2 or more dimensions are supported, got {list(tensor.shape)}")
    array = _writable("orthogonal_", tensor)
    if array.size == 0:
        return tensor
    rows = array.shape[0]
    drawn = np.empty((rows, array.size // rows), array.dtype)
    _source(generator).fill_normal_(drawn, 0.0, 1.0)
    q, r = np.linalg.qr(drawn.T if drawn.shape[0] < drawn.shape[1] else drawn)
    q *= np.sign(np.diag(r))  # (n, m) with n >= m: column signs
    if drawn.shape[0] < drawn.shape[1]:
        q = q.T
    q = q * array.dtype.type(gain)
    return _write("orthogonal_", tensor, q.reshape(array.shape))


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """x_ij drawn from N(0, std²), and in each column a random fraction `sparsity` of the rows set to 0.

    The rows are chosen by the default generator, also when `generator` is given (as in PyTorch).

    Raises:
        ValueError: the tensor has not two dims.

    >>> import autograd_cnn as ac
    >>> sparse_(ac.empty(4, 3), sparsity=0.5).eq(0).sum(dim=0)
    tensor([2, 2, 2])

    Source: Martens, "Deep learning via Hessian-free optimization", 2010.
    """
    _need_matrix(tensor)
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    normal_(tensor, 0.0, std, generator)
    array = tensor.storage()
    for column in range(columns):
        array[random.default_generator.permutation(rows)[:zeros], column] = 0
    wrote(array)
    return tensor


# ------------------------------------------------------------------------------------------------- the tensor's array
def _write(operation: str, tensor: Tensor, values: Any) -> Tensor:
    array = _writable(operation, tensor)
    array[...] = values
    wrote(array)
    return tensor


def _writable(operation: str, tensor: Any) -> NDArray[Any]:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"nn.init.{operation}: expected a Tensor, got {type(tensor).__name__}.")
    with no_grad():  # a leaf that requires a gradient may be initialised
        check_writable(tensor, operation)
    return tensor.storage()  # type: ignore[no-any-return]  # the engine knows nothing of raw values


def _need_matrix(tensor: Tensor) -> None:
    if tensor.ndim != 2:
        raise ValueError(f"Only tensors with 2 dimensions are supported, got {list(tensor.shape)}")


def _source(generator: Generator | None) -> Generator:
    return random.default_generator if generator is None else generator


# ------------------------------------------------------------------------------------------------- older spellings
def _older(new: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What `new` does, with a warning to whoever calls the name without the underscore, which older programs use."""
    name = new.__name__
    warnings.warn(f"`nn.init.{name[:-1]}` is now deprecated in favor of `nn.init.{name}`.", FutureWarning, stacklevel=3)
    return new(*args, **kwargs)


def uniform(*args: Any, **kwargs: Any) -> Tensor:
    """The older name of `uniform_`."""
    return _older(uniform_, *args, **kwargs)


def normal(*args: Any, **kwargs: Any) -> Tensor:
    """The older name of `normal_`."""
    return _older(normal_, *args, **kwargs)


def constant(*args: Any, **kwargs: Any) -> Tensor:
    """The older name of `constant_`."""
    return _older(constant_, *args, **kwargs)


def eye(*args: Any, **kwargs: Any) -> Tensor:
    """The older name of `eye_`."""
    return _older(eye_, *args, **kwargs)


def dirac(*args: Any, **kwargs: Any) -> Tensor:
    """The older name of `dirac_`."""
    return _older(dirac_, *args, **kwargs)


def xavier_uniform(*args: Any, **kwargs: Any) -> Tensor:
    """The older name of `xavier_uniform_`."""
    return _older(xavier_uniform_, *args, **kwargs)


def xavier_normal(*args: Any, **kwargs: Any) -> Tensor:
    """The older name of `xavier_normal_`."""
    return _older(xavier_normal_, *args, **kwargs)


def kaiming_uniform(*args: Any, **kwargs: Any) -> Tensor:
    """The older name of `kaiming_uniform_`."""
    return _older(kaiming_uniform_, *args, **kwargs)


def kaiming_normal(*args: Any, **kwargs: Any) -> Tensor:
    """The older name of `kaiming_normal_`."""
    return _older(kaiming_normal_, *args, **kwargs)


def orthogonal(*args: Any, **kwargs: Any) -> Tensor:
    """The older name of `orthogonal_`."""
    return _older(orthogonal_, *args, **kwargs)


def sparse(*args: Any, **kwargs: Any) -> Tensor:
    """The older name of `sparse_`."""
    return _older(sparse_, *args, **kwargs)


__all__ = [
    "calculate_gain",
    "constant",
    "constant_",
    "dirac",
    "dirac_",
    "eye",
    "eye_",
    "kaiming_normal",
    "kaiming_normal_",
    "kaiming_uniform",
    "kaiming_uniform_",
    "normal",
    "normal_",
    "ones_",
    "orthogonal",
    "orthogonal_",
    "sparse",
    "sparse_",
    "trunc_normal_",
    "uniform",
    "uniform_",
    "xavier_normal",
    "xavier_normal_",
    "xavier_uniform",
    "xavier_uniform_",
    "zeros_",
]


def __dir__() -> list[str]:
    return listed(globals())
