"""Recurrent layers: RNN, LSTM, GRU over sequences, and their single steps (cells)."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ...engine.complaints import no_tensor
from ...engine.variable import unbox
from ...errors import expected
from ...ops.index.index_select import index_select
from ...ops.shape.join import cat, stack
from ...tensors.tensor import Parameter, Tensor
from .. import functional as F
from .. import init
from ..module.module import Module
from ..utils.rnn import PackedSequence
from .linear import made
from .recurrence import GATES, STEPS, StateDict, Weights, run_layer

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]


def _checked(name: str, num_layers: int, dropout: float, hidden_size: int, input_size: int, proj_size: int, flags: dict[str, Any]) -> None:
    if isinstance(dropout, bool) or not isinstance(dropout, int | float) or not 0 <= dropout <= 1:
        raise ValueError(
            f"dropout should be a number in range [0, 1] representing the probability of an element being zeroed, got {dropout!r}"
        )
    for what, v in flags.items():
        if not isinstance(v, bool):
            raise TypeError(f"{what} should be of type bool, got: {type(v).__name__}")
    for what, v in (("input_size", input_size), ("hidden_size", hidden_size)):
        if not isinstance(v, int):
            raise TypeError(f"{what} should be of type int, got: {type(v).__name__}")
        if v <= 0:
            raise ValueError(f"{what} must be greater than zero, got {v}")
    if num_layers <= 0:
        raise ValueError(f"num_layers must be greater than zero, got {num_layers}")
    if proj_size < 0:
        raise ValueError(f"proj_size should be a positive integer or zero to disable projections, got {proj_size}")
    if proj_size and name != "LSTM":
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
    if proj_size >= hidden_size:
        raise ValueError(f"proj_size has to be smaller than hidden_size, got {proj_size} and {hidden_size}")
    if dropout > 0 and num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers greater than 1, but "
            f"got dropout={dropout} and num_layers={num_layers}",
            stacklevel=4,
        )


class RNNBase(Module):
    """What RNN, LSTM and GRU share: weights, their names and initial values, stacking, directions, packed sequences.

    The weights of layer k are `weight_ih_l{k}` (gates · H, in), `weight_hh_l{k}` (gates · H, H), `bias_ih_l{k}`, `bias_hh_l{k}`, those of
    the other direction end in `_reverse`; all are uniform in ±1/√H.
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if mode not in STEPS:
            raise ValueError(f"Unrecognized RNN mode: {mode}. Expected one of {', '.join(STEPS)}.")
        _checked(
            mode,
            num_layers,
            dropout,
            hidden_size,
            input_size,
            proj_size,
            {"bias": bias, "batch_first": batch_first, "bidirectional": bidirectional},
        )
        self.mode, self.input_size, self.hidden_size, self.num_layers = mode, input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout, self.bidirectional, self.proj_size = (
            bias,
            batch_first,
            float(dropout),
            bidirectional,
            proj_size,
        )
        self._all_weights: list[list[str]] = []
        rows, width = GATES[mode] * hidden_size, proj_size or hidden_size
        for layer in range(num_layers):
            for suffix in self._suffixes():
                columns = input_size if layer == 0 else width * len(self._suffixes())
                shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, columns), "weight_hh": (rows, width)}
                if bias:
                    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                self._all_weights.append([f"{name}_l{layer}{suffix}" for name in shapes])
                for name, shape in zip(self._all_weights[-1], shapes.values(), strict=True):
                    setattr(self, name, made(shape, dtype, device))
        self.reset_parameters()

    def _suffixes(self) -> tuple[str, ...]:
        return ("", "_reverse") if self.bidirectional else ("",)

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The weights of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def flatten_parameters(self) -> None:
        """Nothing: it brings weights together in an accelerator's memory."""

    def reset_parameters(self) -> None:
        """Draw new initial values, as PyTorch does: uniform in ±1/√hidden_size."""
        bound = 1 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def _weights(self, k: int) -> Weights:
        return Weights(**{n[: n.index("_l")].replace("weight", "w").replace("bias", "b"): getattr(self, n) for n in self._all_weights[k]})

    # -------------------------------------------------------------------------------------------- calls
    def forward(self, input: Any, hx: Any = None) -> Any:
        """The outputs of the last layer at every step, and the last state of every layer and direction."""
        if isinstance(input, PackedSequence):
            x, sizes = input.data, [int(n) for n in unbox(input.batch_sizes)]
            self._check_input(x, 2)
            start = self._state(hx, x, sizes[0], 3)
            if input.sorted_indices is not None and hx is not None:
                start = tuple(index_select(s, 1, input.sorted_indices) for s in start)
            y, end = self._stacked(x, sizes, start)
            back = input.unsorted_indices
            if back is not None:
                end = tuple(index_select(s, 1, back) for s in end)
            return PackedSequence(y, input.batch_sizes, input.sorted_indices, back), self._shown(end)
        if not isinstance(input, Tensor):
            raise no_tensor(input, type(self).__name__, "input", 1)
        if input.dim() not in (2, 3):
            raise ValueError(f"{type(self).__name__}: Expected input to be 2D or 3D, got {input.dim()}D tensor instead")
        single = input.dim() == 2
        x = input.unsqueeze(1) if single else input.transpose(0, 1) if self.batch_first else input
        self._check_input(x, 3)
        y, end = self._stacked(x, None, self._state(hx, x, x.shape[1], 2 if single else 3))
        if single:
            return y.squeeze(1), self._shown(tuple(s.squeeze(1) for s in end))
        return (y.transpose(0, 1) if self.batch_first else y), self._shown(end)

    def _shown(self, state: StateDict) -> Any:
        return state[0]

    def _parts(self) -> tuple[int, ...]:
        """The width of each part of the state."""
        return (self.hidden_size,)

    def _given(self, hx: Any) -> StateDict:
        return (hx,)

    def _check_input(self, x: Tensor, dims: int) -> None:
        weight = getattr(self, self._all_weights[0][0])
        if x.dtype != weight.dtype:
            raise ValueError(
                f"RNN input dtype ({x.dtype}) does not match weight dtype ({weight.dtype}). Convert input: input.to({weight.dtype}), or "
                f"convert model: model.to({x.dtype})"
            )
        if x.dim() != dims:
            raise RuntimeError(f"input must have {dims} dimensions, got {x.dim()} in {type(self).__name__}")
        if x.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {x.shape[-1]} in {type(self).__name__}"
            )

    def _state(self, hx: Any, x: Tensor, batch: int, dims: int) -> StateDict:
        """The initial state, checked, with a batch dim: zeros unless given."""
        rows = self.num_layers * len(self._suffixes())
        if hx is None:
            return tuple(x.new_zeros(rows, batch, width) for width in self._parts())
        state = self._given(hx)
        name = type(self).__name__
        if any(s.dim() != dims for s in state):
            raise RuntimeError(
                f"For {'un' if dims == 2 else ''}batched {dims}-D input, hx should also be {dims}-D but got {state[0].dim()}-D tensor "
                f"(in {name})"
            )
        state = tuple(s.unsqueeze(1) for s in state) if dims == 2 else state
        for what, s, width in zip(("hidden[0]", "hidden[1]") if len(state) > 1 else ("hidden",), state, self._parts(), strict=True):
            if tuple(s.shape) != (rows, batch, width):
                raise RuntimeError(f"Expected {what} size {(rows, batch, width)}, got {list(s.shape)} in {name}")
        return state

    def _stacked(self, x: Tensor, sizes: list[int] | None, start: StateDict) -> tuple[Tensor, StateDict]:
        """All layers, one on the other, with dropout between them."""
        directions = len(self._suffixes())
        ends: list[StateDict] = []
        for layer in range(self.num_layers):
            ys = []
            for d in range(directions):
                k = layer * directions + d
                y, end = run_layer(self.mode, x, sizes, tuple(s[k] for s in start), self._weights(k), reverse=d == 1)
                ys.append(y)
                ends.append(end)
            x = ys[0] if directions == 1 else cat(ys, -1)
            if self.dropout and self.training and layer < self.num_layers - 1:
                x = F.dropout(x, self.dropout)
        return x, tuple(stack([e[part] for e in ends]) for part in range(len(start)))

    def extra_repr(self) -> str:
        parts = [f"{self.input_size}, {self.hidden_size}"]
        if self.proj_size:
            parts.append(f"proj_size={self.proj_size}")
        for name, usual in (("num_layers", 1), ("bias", True), ("batch_first", False), ("dropout", 0), ("bidirectional", False)):
            if getattr(self, name) != usual:
                parts.append(f"{name}={getattr(self, name)}")
        return ", ".join(parts)


class RNN(RNNBase):
    """Elman's recurrent network: h_t = tanh(W x_t + b + U h_{t−1} + d), or relu with `nonlinearity="relu"`.

    (T, B, input_size) or (B, T, input_size) with `batch_first`, or (T, input_size), or a `PackedSequence` → the outputs (T, B, H · directions),
    and the last states (num_layers · directions, B, H).

    >>> import autograd_cnn as ac
    >>> y, h = ac.nn.RNN(4, 3, num_layers=2)(ac.ones(5, 1, 4))
    >>> y.shape, h.shape
    (torch.Size([5, 1, 3]), torch.Size([2, 1, 3]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(
            f"RNN_{nonlinearity.upper()}",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            device=device,
            dtype=dtype,
        )
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """Long short-term memory: a cell state c that gates write, keep and read.   c' = σ(f) · c + σ(i) · tanh(g), h' = σ(o) · tanh(c')

    (T, B, input_size) or (B, T, input_size) with `batch_first`, or (T, input_size), or a `PackedSequence` → the outputs (T, B, H · directions),
    and the last (h, c), each (num_layers · directions, B, H). With `proj_size` the h are projected to that size.

    >>> import autograd_cnn as ac
    >>> y, (h, c) = ac.nn.LSTM(4, 3, batch_first=True)(ac.ones(2, 5, 4))
    >>> y.shape, c.shape
    (torch.Size([2, 5, 3]), torch.Size([1, 2, 3]))

    Source: Hochreiter and Schmidhuber, "Long short-term memory", 1997.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__("LSTM", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size, device, dtype)

    def _shown(self, state: StateDict) -> Any:
        return state

    def _parts(self) -> tuple[int, ...]:
        return (self.proj_size or self.hidden_size, self.hidden_size)

    def _given(self, hx: Any) -> StateDict:
        if not isinstance(hx, tuple | list) or len(hx) != 2:
            raise TypeError(expected("LSTM", "the state as a tuple (h, c)", type(hx).__name__))
        return tuple(hx)


class GRU(RNNBase):
    """Gated recurrent unit: h' = (1 − z) · n + z · h with a candidate n and gates z (update) and r (reset).

    (T, B, input_size) or (B, T, input_size) with `batch_first`, or (T, input_size), or a `PackedSequence` → the outputs (T, B, H · directions),
    and the last states (num_layers · directions, B, H).

    >>> import autograd_cnn as ac
    >>> y, h = ac.nn.GRU(4, 3, bidirectional=True)(ac.ones(5, 2, 4))
    >>> y.shape, h.shape
    (torch.Size([5, 2, 6]), torch.Size([2, 2, 3]))

    Source: Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__("GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device=device, dtype=dtype)


# ------------------------------------------------------------------------------------------------- single steps
class RNNCellBase(Module):
    """What the cells share: `weight_ih`, `weight_hh`, `bias_ih`, `bias_hh`, uniform in ±1/√hidden_size."""

    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows = num_chunks * hidden_size
        self.weight_ih, self.weight_hh = made((rows, input_size), dtype, device), made((rows, hidden_size), dtype, device)
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, made((rows,), dtype, device) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values, as PyTorch does: uniform in ±1/√hidden_size."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        parts = [f"{self.input_size}, {self.hidden_size}"] + ([] if self.bias else ["bias=False"])
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            parts.append(f"nonlinearity={self.nonlinearity}")
        return ", ".join(parts)

    def _step(self, kind: str, input: Tensor, state: StateDict | None, count: int = 1) -> StateDict:
        """One step; a vector stands for a batch of one."""
        name = type(self).__name__
        if input.dim() not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        if input.shape[-1] != self.input_size:
            raise RuntimeError(f"input has inconsistent input_size: got {input.shape[-1]} expected {self.input_size} in {name}")
        single = input.dim() == 1
        x = input.unsqueeze(0) if single else input
        if state is None:
            state = tuple(x.new_zeros(x.shape[0], self.hidden_size) for _ in range(count))
        else:
            for k, s in enumerate(state):
                if s.dim() not in (1, 2):
                    raise ValueError(f"{name}: Expected {'hidden' if count == 1 else f'hx[{k}]'} to be 1D or 2D, got {s.dim()}D instead")
            state = tuple(s.unsqueeze(0) if single else s for s in state)
            for s in state:
                if tuple(s.shape) != (x.shape[0], self.hidden_size):
                    raise RuntimeError(expected(name, f"a hidden state of shape {[x.shape[0], self.hidden_size]}", f"{list(s.shape)}"))
        weights = Weights(self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        new = STEPS[kind](F.linear(x, self.weight_ih, self.bias_ih), state, weights)
        return tuple(s.squeeze(0) for s in new) if single else new


class RNNCell(RNNCellBase):
    """One step of `RNN`: h' = tanh(W x + b + U h + d).   (B, input_size), (B, H) → (B, H)

    >>> import autograd_cnn as ac
    >>> ac.nn.RNNCell(4, 3)(ac.ones(2, 4)).shape
    torch.Size([2, 3])
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}. Select from 'tanh' or 'relu'.")
        return self._step(f"RNN_{self.nonlinearity.upper()}", input, None if hx is None else (hx,))[0]


class LSTMCell(RNNCellBase):
    """One step of `LSTM`.   (B, input_size), ((B, H), (B, H)) → ((B, H), (B, H))

    >>> import autograd_cnn as ac
    >>> h, c = ac.nn.LSTMCell(4, 3)(ac.ones(2, 4))
    >>> h.shape
    torch.Size([2, 3])
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        h, c = self._step("LSTM", input, hx, count=2)
        return h, c


class GRUCell(RNNCellBase):
    """One step of `GRU`.   (B, input_size), (B, H) → (B, H)

    >>> import autograd_cnn as ac
    >>> ac.nn.GRUCell(4, 3)(ac.ones(2, 4)).shape
    torch.Size([2, 3])
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._step("GRU", input, None if hx is None else (hx,))[0]
