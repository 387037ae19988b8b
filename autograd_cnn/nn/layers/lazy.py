"""Layers that learn the size of their input from the first one they see, and then are ordinary layers."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ...config import Switch
from ...tensors import creation
from ...tensors.tensor import Parameter, Tensor
from ..module.module import Module
from .conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, Steps
from .linear import Linear
from .norm import BatchNorm1d, BatchNorm2d, BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d

__all__ = [
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
    "LazyLinear",
    "UninitializedBuffer",
    "UninitializedParameter",
]


class _Uninitialized(Tensor):
    """A tensor whose shape is not known yet."""

    __slots__ = ()

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Take a shape, and be an ordinary tensor of it from now on."""
        made = creation.empty(*shape, dtype=dtype or self.dtype, device=device)
        self.__class__ = Parameter if isinstance(self, Parameter) else Tensor  # type: ignore[assignment]
        self.data = made

    @property
    def shape(self) -> Any:
        """Not known yet: RuntimeError."""
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in `load_state_dict` when "
            "trying to load an uninitialized parameter into an initialized one. Call `forward` to initialize the parameters "
            "before accessing their attributes."
        )

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]  # mypy forgets the argument names of such methods
        return f"<{type(self).__name__}>"


class UninitializedParameter(_Uninitialized, Parameter):  # type: ignore[misc]  # the same
    """A parameter whose shape the first input decides (see `LazyLinear`).

    >>> import autograd_cnn as ac
    >>> p = ac.nn.UninitializedParameter()
    >>> p.materialize((2, 3))
    >>> p.shape
    torch.Size([2, 3])
    """

    __slots__ = ()

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> UninitializedParameter:
        return Parameter.__new__(cls, creation.empty(0, dtype=dtype, device=device), requires_grad)

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        """Everything was done in `__new__`."""


class UninitializedBuffer(_Uninitialized):
    """A buffer whose shape the first input decides (see `LazyBatchNorm2d`)."""

    __slots__ = ()

    def __init__(self, requires_grad: bool = False, device: Any = None, dtype: Any = None) -> None:
        super().__init__(np.zeros(0), dtype=dtype, device=device)


class _Lazy(Module):
    """What the lazy layers share: the first input gives the parameters their shapes, and the layer its ordinary class."""

    becomes: ClassVar[type[Module]]

    def _unknown(self) -> list[tuple[str, Any]]:
        own = (*self._parameters.items(), *self._buffers.items())
        return [(name, t) for name, t in own if isinstance(t, _Uninitialized)]

    def has_uninitialized_params(self) -> bool:
        """Was no input seen yet?"""
        return bool(self._unknown())

    def initialize_parameters(self, input: Tensor) -> None:
        """Give the parameters the shapes that suit this input, and draw their values."""
        raise NotImplementedError

    def reset_parameters(self) -> None:
        """Draw new initial values, once the shapes are known."""
        if not self.has_uninitialized_params() and self._width():
            super().reset_parameters()  # type: ignore[misc]  # the ordinary layer's

    def _width(self) -> int:
        raise NotImplementedError

    def forward(self, input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if not isinstance(input, Tensor):
            raise TypeError(f"{type(self).__name__}: expected a Tensor to learn the input's size from, got {type(input).__name__}.")
        with Switch(tracer=None):  # parameters that are there from now on are no part of what a traced function computes
            self.initialize_parameters(input)
        self.__class__ = self.becomes  # type: ignore[assignment]
        out: Tensor = self.forward(input, *args, **kwargs)
        return out

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any, *rest: Any) -> None:
        for name, tensor in self._unknown():
            given = state_dict.get(prefix + name)
            if given is not None and not isinstance(given, _Uninitialized):
                tensor.materialize(tuple(given.shape))
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class LazyLinear(_Lazy, Linear):
    """`Linear` whose in_features are the last size of the first input; then it is a `Linear`.   (…, I) → (…, out_features)

    >>> import autograd_cnn as ac
    >>> layer = ac.nn.LazyLinear(3)
    >>> layer
    LazyLinear(in_features=0, out_features=3, bias=True)
    >>> _ = layer(ac.ones(2, 5))
    >>> layer
    Linear(in_features=5, out_features=3, bias=True)
    """

    becomes = Linear

    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(0, 0, False)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_features = out_features
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def _width(self) -> int:
        return self.in_features

    def initialize_parameters(self, input: Tensor) -> None:
        """Take in_features from the input's last size, and draw the values."""
        fresh = self.has_uninitialized_params()
        self.in_features = input.shape[-1]
        if fresh:
            for p, shape in ((self.weight, (self.out_features, self.in_features)), (self.bias, (self.out_features,))):
                if isinstance(p, UninitializedParameter):
                    p.materialize(shape)
            self.reset_parameters()


class _LazyConv(_Lazy):
    """What the lazy convolutions share."""

    dims: ClassVar[int]
    transposed: ClassVar[bool]
    in_channels: int
    out_channels: int
    groups: int
    kernel_size: tuple[int, ...]
    weight: Any
    bias: Any

    def _empty(self, out_channels: int, bias: bool, device: Any, dtype: Any) -> None:
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_channels = out_channels
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def _width(self) -> int:
        return self.in_channels

    def initialize_parameters(self, input: Tensor) -> None:
        """Take in_channels from the input, and draw the values."""
        n = input.dim()
        if n not in (self.dims + 1, self.dims + 2):
            raise RuntimeError(
                f"Expected {self.dims + 1}D (unbatched) or {self.dims + 2}D (batched) input to {type(self).__name__}, but got input of "
                f"size: {list(input.shape)}"
            )
        fresh = self.has_uninitialized_params()
        channels = input.shape[0 if n == self.dims + 1 else 1]
        if channels % self.groups:
            raise ValueError(
                f"in_channels must be divisible by groups: got {channels} channels and {self.groups} groups in {type(self).__name__}"
            )
        self.in_channels = channels
        if fresh:
            ends = (self.out_channels, channels // self.groups)
            ends = (channels, self.out_channels // self.groups) if self.transposed else ends
            for p, shape in ((self.weight, (*ends, *self.kernel_size)), (self.bias, (self.out_channels,))):
                if isinstance(p, UninitializedParameter):
                    p.materialize(shape)
            self.reset_parameters()


class LazyConv1d(_LazyConv, Conv1d):
    """`Conv1d` whose in_channels are those of the first input; then it is a `Conv1d`.

    >>> import autograd_cnn as ac
    >>> layer = ac.nn.LazyConv1d(4, 3)
    >>> _ = layer(ac.ones(2, 3, 8))
    >>> type(layer).__name__, layer.in_channels
    ('Conv1d', 3)
    """

    becomes = Conv1d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Steps,
        stride: Steps = 1,
        padding: Any = 0,
        dilation: Steps = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode)
        self._empty(out_channels, bias, device, dtype)


class LazyConv2d(_LazyConv, Conv2d):
    """`Conv2d` whose in_channels are those of the first input; then it is a `Conv2d`.

    >>> import autograd_cnn as ac
    >>> layer = ac.nn.LazyConv2d(4, 3)
    >>> _ = layer(ac.ones(2, 3, 8, 8))
    >>> type(layer).__name__, layer.in_channels
    ('Conv2d', 3)
    """

    becomes = Conv2d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Steps,
        stride: Steps = 1,
        padding: Any = 0,
        dilation: Steps = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode)
        self._empty(out_channels, bias, device, dtype)


class LazyConv3d(_LazyConv, Conv3d):
    """`Conv3d` whose in_channels are those of the first input; then it is a `Conv3d`.

    >>> import autograd_cnn as ac
    >>> layer = ac.nn.LazyConv3d(4, 3)
    >>> _ = layer(ac.ones(2, 3, 8, 8, 8))
    >>> type(layer).__name__, layer.in_channels
    ('Conv3d', 3)
    """

    becomes = Conv3d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Steps,
        stride: Steps = 1,
        padding: Any = 0,
        dilation: Steps = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode)
        self._empty(out_channels, bias, device, dtype)


class LazyConvTranspose1d(_LazyConv, ConvTranspose1d):
    """`ConvTranspose1d` whose in_channels are those of the first input; then it is a `ConvTranspose1d`.

    >>> import autograd_cnn as ac
    >>> layer = ac.nn.LazyConvTranspose1d(4, 3)
    >>> _ = layer(ac.ones(2, 3, 8))
    >>> type(layer).__name__, layer.in_channels
    ('ConvTranspose1d', 3)
    """

    becomes = ConvTranspose1d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Steps,
        stride: Steps = 1,
        padding: Steps = 0,
        output_padding: Steps = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Steps = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation, padding_mode)
        self._empty(out_channels, bias, device, dtype)


class LazyConvTranspose2d(_LazyConv, ConvTranspose2d):
    """`ConvTranspose2d` whose in_channels are those of the first input; then it is a `ConvTranspose2d`.

    >>> import autograd_cnn as ac
    >>> layer = ac.nn.LazyConvTranspose2d(4, 3)
    >>> _ = layer(ac.ones(2, 3, 8, 8))
    >>> type(layer).__name__, layer.in_channels
    ('ConvTranspose2d', 3)
    """

    becomes = ConvTranspose2d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Steps,
        stride: Steps = 1,
        padding: Steps = 0,
        output_padding: Steps = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Steps = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation, padding_mode)
        self._empty(out_channels, bias, device, dtype)


class LazyConvTranspose3d(_LazyConv, ConvTranspose3d):
    """`ConvTranspose3d` whose in_channels are those of the first input; then it is a `ConvTranspose3d`.

    >>> import autograd_cnn as ac
    >>> layer = ac.nn.LazyConvTranspose3d(4, 3)
    >>> _ = layer(ac.ones(2, 3, 8, 8, 8))
    >>> type(layer).__name__, layer.in_channels
    ('ConvTranspose3d', 3)
    """

    becomes = ConvTranspose3d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Steps,
        stride: Steps = 1,
        padding: Steps = 0,
        output_padding: Steps = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Steps = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(0, 0, kernel_size, stride, padding, output_padding, groups, False, dilation, padding_mode)
        self._empty(out_channels, bias, device, dtype)


class _LazyNorm(_Lazy):
    """What the lazy batch and instance norms share."""

    num_features: int
    affine: bool
    track_running_stats: bool
    weight: Any
    bias: Any

    def _empty(self, affine: bool, track_running_stats: bool, bias: bool, device: Any, dtype: Any) -> None:
        self.affine, self.track_running_stats = affine, track_running_stats
        if affine:
            self.weight = UninitializedParameter(device=device, dtype=dtype)
            if bias:
                self.bias = UninitializedParameter(device=device, dtype=dtype)
        if track_running_stats:
            self.register_buffer("running_mean", UninitializedBuffer(device=device, dtype=dtype))
            self.register_buffer("running_var", UninitializedBuffer(device=device, dtype=dtype))
            self.register_buffer("num_batches_tracked", creation.tensor(0))

    def _width(self) -> int:
        return self.num_features

    def initialize_parameters(self, input: Tensor) -> None:
        """Take num_features from dim 1 of the input, and set the initial values."""
        fresh = self.has_uninitialized_params()
        self.num_features = input.shape[1]
        if fresh:
            for _, tensor in self._unknown():
                tensor.materialize((self.num_features,))
            self.reset_parameters()


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """`BatchNorm1d` whose num_features are those of the first input; then it is a `BatchNorm1d`.

    >>> import autograd_cnn as ac
    >>> layer = ac.nn.LazyBatchNorm1d()
    >>> _ = layer(ac.ones(2, 3, 4))
    >>> type(layer).__name__, layer.num_features
    ('BatchNorm1d', 3)
    """

    becomes = BatchNorm1d

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False)
        self._empty(affine, track_running_stats, bias, device, dtype)


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """`BatchNorm2d` whose num_features are those of the first input; then it is a `BatchNorm2d`.

    >>> import autograd_cnn as ac
    >>> layer = ac.nn.LazyBatchNorm2d()
    >>> _ = layer(ac.ones(2, 3, 4, 4))
    >>> type(layer).__name__, layer.num_features
    ('BatchNorm2d', 3)
    """

    becomes = BatchNorm2d

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False)
        self._empty(affine, track_running_stats, bias, device, dtype)


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """`BatchNorm3d` whose num_features are those of the first input; then it is a `BatchNorm3d`.

    >>> import autograd_cnn as ac
    >>> layer = ac.nn.LazyBatchNorm3d()
    >>> _ = layer(ac.ones(2, 3, 4, 4, 4))
    >>> type(layer).__name__, layer.num_features
    ('BatchNorm3d', 3)
    """

    becomes = BatchNorm3d

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False)
        self._empty(affine, track_running_stats, bias, device, dtype)


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    """`InstanceNorm1d` whose num_features are those of the first input; then it is an `InstanceNorm1d`.

    >>> import autograd_cnn as ac
    >>> layer = ac.nn.LazyInstanceNorm1d()
    >>> _ = layer(ac.ones(2, 3, 4))
    >>> type(layer).__name__, layer.num_features
    ('InstanceNorm1d', 3)
    """

    becomes = InstanceNorm1d

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False)
        self._empty(affine, track_running_stats, bias, device, dtype)


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d):
    """`InstanceNorm2d` whose num_features are those of the first input; then it is an `InstanceNorm2d`.

    >>> import autograd_cnn as ac
    >>> layer = ac.nn.LazyInstanceNorm2d()
    >>> _ = layer(ac.ones(2, 3, 4, 4))
    >>> type(layer).__name__, layer.num_features
    ('InstanceNorm2d', 3)
    """

    becomes = InstanceNorm2d

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False)
        self._empty(affine, track_running_stats, bias, device, dtype)


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d):
    """`InstanceNorm3d` whose num_features are those of the first input; then it is an `InstanceNorm3d`.

    >>> import autograd_cnn as ac
    >>> layer = ac.nn.LazyInstanceNorm3d()
    >>> _ = layer(ac.ones(2, 3, 4, 4, 4))
    >>> type(layer).__name__, layer.num_features
    ('InstanceNorm3d', 3)
    """

    becomes = InstanceNorm3d

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False)
        self._empty(affine, track_running_stats, bias, device, dtype)
