"""Sequences of different lengths: padded to one tensor, or packed without padding for the recurrent layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...ops.index.index_select import index_select
from ...ops.registry.derived import outside, settled
from ...ops.shape.join import cat, stack
from ...support.listing import listed
from ...tensors.tensor import Tensor, wrap

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class _Fields(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Fields):
    """Sequences of different lengths without padding: all first entries, then all second entries, and so on, longest first.

    Attributes:
        data: the entries, (Σ lengths, *).
        batch_sizes: how many sequences reach each step.
        sorted_indices, unsorted_indices: the order of the sequences here, and back to the user's (None: the user's own).

    Made by `pack_padded_sequence` and `pack_sequence`.
    """

    def __new__(
        cls, data: Tensor, batch_sizes: Tensor, sorted_indices: Tensor | None = None, unsorted_indices: Tensor | None = None
    ) -> PackedSequence:
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same with its data converted."""
        return PackedSequence(self.data.to(*args, **kwargs), self.batch_sizes, self.sorted_indices, self.unsorted_indices)

    def double(self) -> PackedSequence:
        """The same with its data in float64."""
        return self.to(np.dtype(np.float64))

    def float(self) -> PackedSequence:
        """The same with its data in float32."""
        return self.to(np.dtype(np.float32))

    def cpu(self) -> PackedSequence:
        """Itself: it is on the CPU."""
        return self

    @property
    def is_cuda(self) -> bool:
        """Never."""
        return False


_LENGTHS = "Trace it with lengths that are a list of ints, or that no input decides, and once for each."


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes it.

    >>> import autograd_cnn as ac
    >>> invert_permutation(ac.tensor([2, 0, 1]))
    tensor([1, 2, 0])
    """
    return None if permutation is None else wrap(np.argsort(outside("invert_permutation", permutation), kind="stable"))


def pack_padded_sequence(input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True) -> PackedSequence:
    """Pack a padded batch (T, B, *), or (B, T, *) with `batch_first`, of sequences of the given lengths.

    Args:
        enforce_sorted: the lengths must fall; with False the sequences are sorted here, and sorted back where they are padded again.

    Raises:
        RuntimeError: lengths that rise (while `enforce_sorted`), are not positive, or do not fit the batch.

    >>> import autograd_cnn as ac
    >>> packed = pack_padded_sequence(ac.tensor([[1, 2], [3, 0]]), [2, 1], batch_first=True)
    >>> packed.data, packed.batch_sizes
    (tensor([1, 3, 2]), tensor([2, 1]))
    """
    sizes = np.asarray(settled("pack_padded_sequence", lengths, _LENGTHS) if isinstance(lengths, Tensor) else list(lengths), np.int64)
    order: Tensor | None = None
    x = input.transpose(0, 1) if batch_first else input
    if not sizes.size or not x.numel():
        raise RuntimeError(f"Cannot pack empty tensors: pack_padded_sequence got shape {list(input.shape)} and {sizes.size} lengths.")
    if sizes.shape != (x.shape[1],):
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {sizes.size} (batch_size={x.shape[1]}) in pack_padded_sequence"
        )
    if not enforce_sorted:
        order = wrap(np.argsort(-sizes, kind="stable"))
        x, sizes = index_select(x, 1, order), sizes[order.value]
    if int(sizes.min()) <= 0:
        raise RuntimeError(
            f"Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0: {int(sizes.min())} "
            "in pack_padded_sequence"
        )
    if (np.diff(sizes) > 0).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence to sidestep this requirement."
        )
    if int(sizes.max()) > x.shape[0]:
        raise RuntimeError(f"pack_padded_sequence: expected lengths of at most {x.shape[0]}, the padded size, got {int(sizes.max())}")
    steps = (np.arange(int(sizes[0]))[:, None] < sizes[None, :]).sum(1)
    data = cat([x[t, :n] for t, n in enumerate(steps.tolist())])
    return PackedSequence(data, wrap(steps.astype(np.int64)), order, None)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """`pack_padded_sequence` undone: the padded batch, and the lengths.

    >>> import autograd_cnn as ac
    >>> packed = pack_sequence([ac.tensor([1, 2]), ac.tensor([3])])
    >>> pad_packed_sequence(packed, batch_first=True)
    (tensor([[1, 2],
            [3, 0]]), tensor([2, 1]))
    """
    steps = settled("pad_packed_sequence", sequence.batch_sizes, _LENGTHS)
    if total_length is not None and total_length < len(steps):
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got total_length="
            f"{total_length} and max sequence length being {len(steps)} (in pad_packed_sequence)"
        )
    lengths = (np.arange(int(steps[0]))[None, :] < steps[:, None]).sum(0)
    ends = np.cumsum(steps)
    # where each entry of the padded batch stands in the data, and −1 for padding
    count = total_length or len(steps)
    at = np.full((count, int(steps[0])), -1)
    for t, (n, end) in enumerate(zip(steps.tolist(), ends.tolist(), strict=True)):
        at[t, :n] = np.arange(end - n, end)
    order = sequence.unsorted_indices
    if order is not None:
        at, lengths = at[:, order.value], lengths[order.value]
    at = at.T if batch_first else at
    rows = index_select(sequence.data, 0, wrap(np.maximum(at, 0).ravel())).reshape(*at.shape, *sequence.data.shape[1:])
    mask = wrap((at < 0).reshape(*at.shape, *(1,) * (rows.dim() - 2)))
    return rows.masked_fill(mask, padding_value), wrap(lengths.astype(np.int64))


def pad_sequence(
    sequences: Tensor | Sequence[Tensor] | Iterable[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Sequences (L_i, *) as one padded tensor (T, B, *), or (B, T, *) with `batch_first`.

    >>> import autograd_cnn as ac
    >>> pad_sequence([ac.tensor([1, 2]), ac.tensor([3])], batch_first=True)
    tensor([[1, 2],
            [3, 0]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}")
    parts = list(sequences.unbind(0) if isinstance(sequences, Tensor) else sequences)
    if not parts:
        raise RuntimeError("received an empty list of sequences (in pad_sequence)")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"pad_sequence: padding_side should be one of 'left' or 'right', but got {padding_side!r}")
    longest = max(p.shape[0] for p in parts)
    full = []
    for p in parts:
        missing = p.new_full((longest - p.shape[0], *p.shape[1:]), padding_value)
        full.append(cat([missing, p] if padding_side == "left" else [p, missing]) if missing.numel() or p.dim() > 1 else p)
    y: Tensor = stack(full, 0 if batch_first else 1)
    return y


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """`pad_sequence` undone: the list of sequences.

    >>> import autograd_cnn as ac
    >>> unpad_sequence(ac.tensor([[1, 2], [3, 0]]), ac.tensor([2, 1]), batch_first=True)
    [tensor([1, 2]), tensor([3])]
    """
    x = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [x[i, :n] for i, n in enumerate(settled("unpad_sequence", lengths, _LENGTHS).tolist())]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack a list of sequences (L_i, *).

    >>> import autograd_cnn as ac
    >>> pack_sequence([ac.tensor([1, 2]), ac.tensor([3])]).data
    tensor([1, 3, 2])
    """
    lengths = [len(s) for s in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """`pack_sequence` undone: the list of sequences.

    >>> import autograd_cnn as ac
    >>> unpack_sequence(pack_sequence([ac.tensor([1, 2]), ac.tensor([3])]))
    [tensor([1, 2]), tensor([3])]
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)


def __dir__() -> list[str]:
    return listed(globals())
