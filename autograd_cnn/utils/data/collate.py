"""Collating: a list of samples becomes a batch. Tensors are stacked, structures are kept, strings stay strings."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from autograd_cnn.errors import ShapeError, expected
from autograd_cnn.ops.shape.join import stack
from autograd_cnn.tensors.tensor import Tensor, wrap
from autograd_cnn.types.promotion import promote_types, python_dtype

Array = np.ndarray[Any, np.dtype[Any]]
CollateFn = Callable[..., Any]
CollateMap = Mapping[Any, CollateFn]

_WHAT = "batch must contain tensors, numpy arrays, numbers, dicts or lists"
_MEND = "Return such values from the dataset, or pass collate_fn= to the DataLoader."

NewArray = Callable[[tuple[int, ...], np.dtype[Any]], Array]
new_array: NewArray = np.empty  # where batches are built


def build_batches_in(allocator: NewArray) -> None:
    """Build batches in arrays from `allocator(shape, dtype)`: in a worker, memory shared with the loader's process."""
    global new_array
    new_array = allocator


def default_collate(batch: Any) -> Any:
    """A batch from a list of samples, with a new first dim where they are tensors: (*) B times → (B, *).

    Tensors and NumPy arrays are stacked; Python floats give float64, ints int64, bools bool, NumPy scalars their own
    dtype. `str` and `bytes` stay as they are. Mappings, named tuples and sequences are collated field by field into the
    same kind of structure; a plain tuple gives a list, as in PyTorch. Unequal dtypes are promoted.

    Example:
        >>> default_collate([(0, "a"), (1, "b")])
        [tensor([0, 1]), ('a', 'b')]
        >>> default_collate([{"x": 1.5}, {"x": 2.5}])
        {'x': tensor([1.5000, 2.5000], dtype=torch.float64)}

    Raises:
        TypeError: values it does not know.
        RuntimeError: samples of unequal shape or length.
        KeyError: a sample that lacks a key of the first.
        IndexError: no samples.

    Source: torch.utils.data.default_collate.
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


def collate(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """Collate with own functions for some types: `{type: function(batch, *, collate_fn_map)}`, asked before structures.

    A type that is not a key itself is served by the first key that it is a subclass of.

    Example:
        >>> collate([1, 2], collate_fn_map={int: lambda batch, *, collate_fn_map: sum(batch)})
        3

    Source: torch.utils.data._utils.collate.collate.
    """
    first = batch[0]
    kind = type(first)
    if collate_fn_map is not None:
        function = collate_fn_map.get(kind)
        if function is None:
            function = next((f for known, f in collate_fn_map.items() if isinstance(first, known)), None)
        if function is not None:
            return function(batch, collate_fn_map=collate_fn_map)
    if isinstance(first, Mapping):
        return _collate_mapping(first, batch, collate_fn_map)
    if isinstance(first, Sequence):
        return _collate_sequence(first, batch, collate_fn_map)
    raise TypeError(_unknown(kind))


def _unknown(kind: object) -> str:
    return f"default_collate: {_WHAT}; found {kind}. {_MEND}"


def _note_field(error: Exception, name: object) -> None:
    error.add_note(f"It happened in field {name!r} of the samples.")


# ------------------------------------------------------------------------------------------------- structures
def _collate_mapping(first: Mapping[Any, Any], batch: Sequence[Any], functions: CollateMap | None) -> Any:
    fields = {}
    for key in first:
        try:
            fields[key] = collate([_value(sample, key, i) for i, sample in enumerate(batch)], collate_fn_map=functions)
        except Exception as error:
            _note_field(error, key)
            raise
    return _like_mapping(first, fields)


def _value(sample: Mapping[Any, Any], key: Any, position: int) -> Any:
    try:
        return sample[key]
    except KeyError as error:
        error.add_note(f"The first sample of the batch has this key, the one at entry {position} has not.")
        raise


def _collate_sequence(first: Sequence[Any], batch: Sequence[Any], functions: CollateMap | None) -> Any:
    if hasattr(first, "_fields") and isinstance(first, tuple):
        return type(first)(*_collate_columns(zip(*batch, strict=False), functions))
    for position, sample in enumerate(batch):
        if len(sample) != len(first):
            raise RuntimeError(
                "each element in list of batch should be of equal size, but got "
                f"{len(first)} values at entry 0 and {len(sample)} at entry {position}. "
                "Pad the samples in the dataset, or pass a collate_fn that pads."
            )
    columns = _collate_columns(zip(*batch, strict=True), functions)
    return columns if isinstance(first, tuple) else _like_sequence(first, columns)


def _collate_columns(columns: Iterator[tuple[Any, ...]], functions: CollateMap | None) -> list[Any]:
    collated = []
    for position, column in enumerate(columns):
        try:
            collated.append(collate(column, collate_fn_map=functions))
        except Exception as error:
            _note_field(error, position)
            raise
    return collated


def _like_mapping(model: Mapping[Any, Any], fields: dict[Any, Any]) -> Any:
    """`fields` in a mapping of the model's type, which may carry more than its items; else in a dict."""
    if type(model) is dict:
        return fields
    try:
        if not isinstance(model, MutableMapping):
            return type(model)(fields)  # type: ignore[call-arg]
        clone = copy.copy(model)
        clone.update(fields)
        return clone
    except TypeError:
        return fields


def _like_sequence(model: Sequence[Any], values: list[Any]) -> Any:
    """`values` in a sequence of the model's type, which may carry more than its items; else in a list."""
    if type(model) is list:
        return values
    try:
        if not isinstance(model, MutableSequence):
            return type(model)(values)  # type: ignore[call-arg]
        clone = copy.copy(model)
        for position, value in enumerate(values):
            clone[position] = value
        return clone
    except TypeError:  # no copy, no assignment, or no room for tensors (range, bytearray)
        return values


# ------------------------------------------------------------------------------------------------- leaves
def collate_tensor_fn(batch: Sequence[Tensor], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    """Tensors (*) → one (B, *)."""
    values = []
    for position, sample in enumerate(batch):
        if not isinstance(sample, Tensor):
            raise TypeError(
                f"expected Tensor as element {position} in argument 0, but got {type(sample).__name__}. "
                "default_collate: all samples must hold the same kind of value in the same place."
            )
        if sample.requires_grad:
            stacked: Tensor = stack(list(batch), 0)
            return stacked
        values.append(np.asarray(sample.value))
    return wrap(_stacked(values))


def collate_numpy_array_fn(batch: Sequence[Array], *, collate_fn_map: CollateMap | None = None) -> Any:
    """NumPy arrays (*) → one Tensor (B, *)."""
    for position, sample in enumerate(batch):
        if not isinstance(sample, np.ndarray):
            kind = f"{type(sample).__name__} at entry {position}"
            raise TypeError(expected("default_collate", "NumPy arrays in every sample of the batch", kind))
        if sample.dtype.kind not in "biufc":
            raise TypeError(_unknown(sample.dtype))
    return wrap(_stacked(batch))


def _stacked(arrays: Sequence[Array]) -> Array:
    """Arrays (*) → (B, *), in the dtype where they meet."""
    shape, dtype = arrays[0].shape, arrays[0].dtype
    for position, array in enumerate(arrays):
        if array.shape != shape:
            raise ShapeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 and {list(array.shape)} "
                f"at entry {position}. default_collate: resize or pad the samples in the dataset, or pass a collate_fn."
            )
        if array.dtype is not dtype:
            dtype = promote_types(dtype, array.dtype)
    out = new_array((len(arrays), *shape), dtype.newbyteorder("="))
    if shape:  # (n, *) joined along the first dim lie as (B, n, *) do: no view of each array is needed, as np.stack makes
        np.concatenate(arrays, out=out.reshape(len(arrays) * shape[0], *shape[1:]), casting="unsafe")
    else:
        out[...] = arrays
    return out


def collate_numpy_scalar_fn(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    """NumPy scalars → a Tensor (B,) of their dtype."""
    return _numbers(batch)


def collate_float_fn(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    """Python floats → a Tensor (B,), float64."""
    try:
        array = np.array(batch)
        if array.dtype == np.float64:
            return wrap(array)
    except ValueError:  # a sequence among the numbers
        pass
    return wrap(np.array([float(number) for number in map(_real, batch)], np.float64))


def collate_int_fn(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    """Python ints → a Tensor (B,), int64; bools → bool; mixed with floats → the default dtype."""
    try:
        array = np.array(batch)
    except ValueError:  # a sequence among the numbers
        return _numbers(batch)
    return wrap(array) if array.dtype == np.int64 or array.dtype == np.bool_ else _numbers(batch)


def collate_str_fn(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    """Strings and bytes: the batch as it is."""
    return batch


def _real(number: Any) -> Any:
    if isinstance(number, (str, bytes, complex)) or not hasattr(number, "__float__"):
        raise TypeError(f"default_collate: must be real number, not {type(number).__name__}. {_MEND}")
    return number


def _numbers(batch: Sequence[Any]) -> Tensor:
    """Numbers of any kinds in the dtype where they meet, as PyTorch makes a tensor of a list."""
    dtype: np.dtype[Any] | None = None
    for position, number in enumerate(batch):
        if number is None:
            raise RuntimeError(f"default_collate: Could not infer dtype of NoneType at entry {position}. {_MEND}")
        own = getattr(number, "dtype", None)
        if own is None and isinstance(number, (int, float, complex)):
            own = python_dtype(number)
        if own is None or np.ndim(number) or own.kind not in "biufc":
            kind = f"{type(number).__name__} at entry {position}"
            raise TypeError(expected("default_collate", "a number in every sample of the batch", kind, _MEND))
        dtype = own if dtype is None else promote_types(dtype, own)
    try:
        return wrap(np.array(batch, dtype))
    except OverflowError:
        raise ValueError(
            f"default_collate: Overflow: an int of the batch does not fit into {dtype}. Return it as a float, or as str, from the dataset."
        ) from None


default_collate_fn_map: dict[Any, CollateFn] = {
    Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,  # np.float64 is a float too, and meant to land here
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}


# ------------------------------------------------------------------------------------------------- single samples
def default_convert(data: Any) -> Any:
    """NumPy arrays and scalars inside `data` as Tensors (sharing memory), everything else as it is; tuples as lists.

    What a DataLoader with `batch_size=None` does to each sample.

    Example:
        >>> import numpy as np
        >>> default_convert({"x": np.array([1, 2]), "name": "a"})
        {'x': tensor([1, 2]), 'name': 'a'}

    Raises:
        TypeError: NumPy dtypes that no tensor has (dates).

    Source: torch.utils.data.default_convert.
    """
    if isinstance(data, (Tensor, str, bytes)):
        return data
    if isinstance(data, (np.ndarray, np.generic)):
        return _converted(data)
    if isinstance(data, Mapping):
        return _like_mapping(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*map(default_convert, data))
    if isinstance(data, Sequence):
        values = [default_convert(value) for value in data]
        return values if isinstance(data, tuple) else _like_sequence(data, values)
    return data


def _converted(data: Any) -> Any:
    if isinstance(data, np.ndarray) and data.dtype.kind in "SUO":
        return data
    if data.dtype.kind not in "biufc":
        what = "a NumPy array or scalar of bools, integers, floats or complex numbers"
        raise TypeError(expected("default_convert", what, f"dtype {data.dtype}", "Convert it in the dataset."))
    return wrap(data if data.dtype.isnative else data.astype(data.dtype.newbyteorder("=")))
