"""Methods of Tensor that overwrite it, or make new ones like it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..engine.complaints import no_tensor
from ..engine.versions import wrote
from ..errors import allocating
from ..kernels.reference.counted import full_array
from ..ops.index.index import copied, filled
from ..ops.registry.derived import derived
from ..ops.registry.dims import sizes_by_name
from ..ops.registry.expose import expose
from ..ops.shape.shape import given_sizes
from ..random import Generator, default_generator
from . import inplace, sampling
from .creation import array_of, as_dtype, finish
from .tensor import Tensor, wrap


@expose("method")
def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """Overwrite each entry with what a Python function makes of it (slow: a loop over all entries).

    Raises:
        RuntimeError: the tensor requires a gradient.

    >>> import autograd_cnn as ac
    >>> ac.tensor([1., 2.]).apply_(lambda v: v * 10)
    tensor([10., 20.])
    """
    if self.requires_grad:
        raise RuntimeError("Can't call apply_() on Variable that requires grad: expected a tensor without. Use var.detach().apply_().")
    return copy_(self, wrap(derived(partial(_mapped, callable), self)))


def _mapped(fn: Callable[..., Any], *arrays: Any) -> Any:
    rows = (np.broadcast_to(a, arrays[0].shape).reshape(-1).tolist() for a in arrays)
    return np.array([fn(*entries) for entries in zip(*rows, strict=True)], arrays[0].dtype).reshape(arrays[0].shape)


@expose("method")
def map_(self: Tensor, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """Overwrite each entry a with `callable(a, b)`, b from the other tensor (a loop over all entries).

    Raises:
        RuntimeError: the tensor requires a gradient.

    >>> import autograd_cnn as ac
    >>> ac.tensor([1., 2.]).map_(ac.tensor([10., 20.]), lambda a, b: a + b)
    tensor([11., 22.])
    """
    if self.requires_grad:
        raise RuntimeError("Can't call map_() on Variable that requires grad: expected a tensor without. Use var.detach().map_().")
    return copy_(self, wrap(derived(partial(_mapped, callable), self, tensor)))


# ------------------------------------------------------------------------------------------------- overwriting
@expose("method")
def copy_(self: Tensor, src: Tensor, non_blocking: bool = False) -> Tensor:
    """Overwrite with the values of `src`, broadcast and cast; the gradient flows to `src`.

    >>> import autograd_cnn as ac
    >>> ac.zeros(2, 2).copy_(ac.tensor([1., 2.]))
    tensor([[1., 2.],
            [1., 2.]])
    """
    if not isinstance(src, Tensor):
        raise no_tensor(src, "copy_", "other", 1)
    inplace.check_writable(self, "copy_")
    return inplace.write(self, copied(self, src), "copy_")  # type: ignore[no-any-return]


@expose("method")
def zero_(self: Tensor) -> Tensor:
    """Overwrite with zeros.

    >>> import autograd_cnn as ac
    >>> ac.ones(2).zero_()
    tensor([0., 0.])
    """
    return self.fill_(0)


@expose("method")
def set_(self: Tensor, source: Tensor) -> Tensor:
    """Look at the memory of `source` from now on."""
    inplace.repoint(self, source.storage(), source)
    return self


@expose("method")
@allocating
@sizes_by_name("size")
def resize_(self: Tensor, *sizes: Any) -> Tensor:
    """Another shape, for a tensor whose values do not matter any more (PyTorch's old idiom for buffers).

    >>> import autograd_cnn as ac
    >>> ac.zeros(4).resize_(2, 3).shape
    torch.Size([2, 3])
    """
    if self.requires_grad:
        raise RuntimeError("cannot resize variables that require grad: expected a tensor without requires_grad in resize_")
    self.storage()
    inplace.repoint(self, derived(partial(_resized, given_sizes(sizes)), self))
    return self


def _resized(shape: tuple[int, ...], have: Any) -> Any:
    size = math.prod(shape)
    fits = size <= have.size and have.flags.c_contiguous  # then the memory stays
    return have.reshape(-1)[:size].reshape(shape) if fits else np.resize(have, shape)


@expose("method")
def resize_as_(self: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """`self.resize_(the_template.size())`.

    >>> import autograd_cnn as ac
    >>> ac.zeros(4).resize_as_(ac.ones(2, 2)).shape
    torch.Size([2, 2])
    """
    return resize_(self, the_template.shape)


def _filled(name: str, self: Tensor, draw: Callable[..., Any], generator: Generator | None, *how: Any) -> Tensor:
    """Overwrite by `draw(generator, array, *how)`; what the tensor was takes no gradient any more."""
    inplace.check_writable(self, name)
    array = self.storage()
    draw(generator or default_generator, array, *how)
    wrote(array)
    drawn = wrap(array)
    drawn.node = filled(self, value=0.0).node if self.node is not None else None
    inplace.rebase(self, drawn)
    return self


def _from(name: str, given: Any, named: dict[str, Any]) -> Any:
    """The argument `from`, whose name is a word of Python's own."""
    low = named.pop("from", given)
    if named:
        raise TypeError(f"{name}() got an unexpected keyword argument {next(iter(named))!r}")
    return low


@expose("method")
def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Overwrite with normal draws.

    The stream is PyTorch's: the same seed, the same numbers. Raises InplaceError for a leaf that requires a gradient (outside `no_grad`).

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> ac.zeros(2).normal_()
    tensor([ 1.5410, -0.2934])
    """
    return _filled("normal_", self, Generator.fill_normal_, generator, float(mean), float(std))


@expose("method")
def uniform_(self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Generator | None = None, **named: Any) -> Tensor:
    """Overwrite with uniform draws from [from, to).

    The stream is PyTorch's: the same seed, the same numbers. Raises InplaceError for a leaf that requires a gradient (outside `no_grad`).

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> ac.zeros(2).uniform_(0, 10)
    tensor([4.9626, 7.6822])
    """
    low = _from("uniform_", from_, named)
    return _filled("uniform_", self, Generator.fill_uniform_, generator, float(low), float(to))


@expose("method")
def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Overwrite with 0 and 1; 1 with probability p (a number or a tensor of them).

    The stream is PyTorch's: the same seed, the same numbers. Raises InplaceError for a leaf that requires a gradient (outside `no_grad`).

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> ac.zeros(2).bernoulli_(0.5)
    tensor([0., 0.])
    """
    if not isinstance(p, Tensor):
        return _filled("bernoulli_", self, Generator.fill_bernoulli_, generator, p)
    return copy_(self, wrap(derived(partial(_drawn, generator or default_generator, self.value.shape, self.value.dtype), p)))


def _drawn(g: Generator, shape: tuple[int, ...], dtype: Any, p: Any) -> Any:
    array = np.empty(shape, dtype)
    g.fill_bernoulli_(array, p)
    return array


@expose("method")
def random_(self: Tensor, from_: int | None = None, to: int | None = None, *, generator: Generator | None = None, **named: Any) -> Tensor:
    """Overwrite with whole numbers from [from, to), or over the dtype's range.

    The stream is PyTorch's: the same seed, the same numbers. Raises InplaceError for a leaf that requires a gradient (outside `no_grad`).

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> ac.zeros(2).random_(10)
    tensor([4., 9.])
    """
    low = _from("random_", from_, named)
    if low is not None and to is None:
        low, to = 0, low
    return _filled("random_", self, Generator.fill_random_, generator, low, to)


@expose("method")
def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Overwrite with exponential draws of rate lambd.

    The stream is PyTorch's: the same seed, the same numbers. Raises InplaceError for a leaf that requires a gradient (outside `no_grad`).

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> ac.zeros(2).exponential_()
    tensor([3.5083, 1.2304])
    """
    return _filled("exponential_", self, Generator.fill_exponential_, generator, float(lambd))


@expose("method")
def cauchy_(self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Overwrite with Cauchy draws.

    The stream is PyTorch's: the same seed, the same numbers. Raises InplaceError for a leaf that requires a gradient (outside `no_grad`).

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> ac.zeros(2).cauchy_()
    tensor([10.5977,  0.7648])
    """
    return _filled("cauchy_", self, Generator.fill_cauchy_, generator, float(median), float(sigma))


@expose("method")
def log_normal_(self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None) -> Tensor:
    """Overwrite with exp of normal draws.

    The stream is PyTorch's: the same seed, the same numbers. Raises InplaceError for a leaf that requires a gradient (outside `no_grad`).

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> ac.zeros(2).log_normal_()
    tensor([59.2634,  1.5116])
    """
    return _filled("log_normal_", self, Generator.fill_log_normal_, generator, float(mean), float(std))


@expose("method")
def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Overwrite with geometric draws: trials until the first success of probability p.

    The stream is PyTorch's: the same seed, the same numbers. Raises InplaceError for a leaf that requires a gradient (outside `no_grad`).

    >>> import autograd_cnn as ac
    >>> _ = ac.manual_seed(0)
    >>> ac.zeros(2).geometric_(0.5)
    tensor([1., 1.])
    """
    return _filled("geometric_", self, Generator.fill_geometric_, generator, float(p))


# ------------------------------------------------------------------------------------------------- new ones like it
@expose("method")
def new_tensor(self: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor with a copy of `data` in this one's dtype.

    >>> import autograd_cnn as ac
    >>> ac.zeros(1, dtype=ac.float64).new_tensor([1, 2])
    tensor([1., 2.], dtype=torch.float64)
    """
    return finish(
        array_of(data, as_dtype(dtype, "new_tensor") or self.value.dtype, "new_tensor"),
        requires_grad,
        device,
        "new_tensor",
    )


@expose("method")
def new(self: Tensor, *args: Any) -> Tensor:
    """A tensor of this one's dtype: from data, or of sizes (zeros). The oldest form; prefer `new_tensor` and `new_zeros`.

    >>> import autograd_cnn as ac
    >>> ac.zeros(1).new([1, 2]), ac.zeros(1).new(2)
    (tensor([1., 2.]), tensor([0., 0.]))
    """
    if len(args) == 1 and not isinstance(args[0], int):
        return new_tensor(self, args[0]) if not hasattr(args[0], "numel") or isinstance(args[0], Tensor) else new_full(self, args[0], 0)
    return new_full(self, args or (0,), 0)


@expose("method")
@allocating
def new_full(self: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """One value, in this one's dtype.

    >>> import autograd_cnn as ac
    >>> ac.zeros(1, dtype=ac.int64).new_full((2,), 7)
    tensor([7, 7])
    """
    kind = as_dtype(dtype, "new_full") or self.value.dtype
    return finish(derived(partial(full_array, tuple(size), kind, "new_full"), fill_value), requires_grad, device, "new_full")


@expose("method")
def new_zeros(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros of the given sizes, in this one's dtype.

    >>> import autograd_cnn as ac
    >>> ac.zeros(1, dtype=ac.int64).new_zeros(2)
    tensor([0, 0])
    """
    return new_full(self, given_sizes(size), 0, dtype=dtype, device=device, requires_grad=requires_grad)


@expose("method")
def new_ones(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones of the given sizes, in this one's dtype.

    >>> import autograd_cnn as ac
    >>> ac.zeros(1, dtype=ac.int64).new_ones(2)
    tensor([1, 1])
    """
    return new_full(self, given_sizes(size), 1, dtype=dtype, device=device, requires_grad=requires_grad)


@expose("method")
def new_empty(self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of the given sizes and this one's dtype whose values do not matter (zeros here).

    >>> import autograd_cnn as ac
    >>> ac.zeros(1, dtype=ac.int64).new_empty(2)
    tensor([0, 0])
    """
    return new_full(self, given_sizes(size), 0, dtype=dtype, device=device, requires_grad=requires_grad)


expose("method")(sampling.bernoulli)
expose("method")(sampling.multinomial)
