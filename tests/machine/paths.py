"""How often the programs take each fast path of the library: one table of names, and a count of calls that did not decline.

A path that is renamed or removed without a change here is an error.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import types
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from autograd_cnn.kernels.onednn.channels_last import ChannelsLast, is_last


class Path(NamedTuple):
    """A function of the package, and when a call counts: told by its arguments and by what it returned."""

    name: str
    function: str
    when: Callable[[dict[str, Any], Any], bool] = lambda v, result: True


def _over(v: dict[str, Any], result: Any) -> bool:
    """Was the result written over memory that was lent?"""
    first = result[0] if isinstance(result, tuple) else result
    return v.get("donated") is not None and first is v["donated"]


def _last(v: dict[str, Any], result: Any) -> bool:
    return result.__class__ is ChannelsLast


def _rows(v: dict[str, Any], result: Any) -> bool:
    return result.__class__ is not ChannelsLast


K = "kernels.onednn."
PATHS = [
    Path("relu, channels last", K + "eltwise:relu", _last),
    Path("relu, row by row", K + "eltwise:relu", _rows),
    Path("leaky relu", K + "eltwise:leaky_relu"),
    Path("sigmoid", K + "eltwise:sigmoid"),
    Path("tanh", K + "eltwise:tanh"),
    Path("an activation's adjoint", K + "eltwise:curve_adjoint"),
    Path("an activation's adjoint, written over a lent gradient", K + "eltwise:curve_adjoint", _over),
    Path(
        "an activation's adjoint, its gradient brought into the order of the result",
        K + "eltwise:curve_adjoint",
        lambda v, r: v["g"] is not v.get("donated") and r.__class__ is ChannelsLast,
    ),
    Path("leaky relu's adjoint", K + "eltwise:leaky_relu_adjoint"),
    Path("a sum of one shape", K + "binary:_binary", lambda v, r: not v["into"] and v["what"] == 0x1FFF0 and v["x"].shape == v["z"].shape),
    Path("a product of one shape", K + "binary:multiply", lambda v, r: v["x"].shape == v["z"].shape),
    Path("a product with a scale (dropout)", K + "binary:scaled_product"),
    Path("a sum written over a lent gradient", K + "binary:add_into"),
    Path("a number for each channel", K + "binary:_by_channel"),
    Path("a scale and a shift for each channel", K + "binary:scale_shift"),
    Path("a number for each column", K + "binary:_by_row"),
    Path("convolution", K + "conv:forward"),
    Path("convolution, few multiplications", K + "conv:forward", lambda v, r: r.size * v["w"][0].size < 100_000),
    Path("convolution, many multiplications", K + "conv:forward", lambda v, r: r.size * v["w"][0].size >= 100_000),
    Path("convolution, strided", K + "conv:forward", lambda v, r: max(v["stride"]) > 1),
    Path("convolution, grouped", K + "conv:forward", lambda v, r: v["groups"] > 1),
    Path("convolution with a bias", K + "conv:forward", lambda v, r: v["bias"] is not None),
    Path("convolution as a product of matrices", K + "conv:_as_product"),
    Path("convolution's adjoint by the input", K + "conv:input_adjoint"),
    Path("convolution's adjoint by the weights", K + "conv:weight_adjoint", lambda v, r: not v["bias"]),
    Path("convolution's adjoint by weights and bias", K + "conv:weight_adjoint", lambda v, r: bool(v["bias"])),
    Path("batch norm in training", K + "norm:batch_norm"),
    Path("batch norm without weights", K + "norm:batch_norm", lambda v, r: v["weight"] is None),
    Path("batch norm's adjoint", K + "norm:batch_norm_adjoint"),
    Path("batch norm's adjoint, written over a lent gradient", K + "norm:batch_norm_adjoint", _over),
    Path("batch norm in evaluation", K + "norm:batch_norm_eval"),
    Path("maximum pooling", K + "pool:max_pool"),
    Path("maximum pooling's adjoint", K + "pool:max_pool_adjoint"),
    Path("average pooling", K + "pool:average"),
    Path("average pooling without padding's zeros", K + "pool:average", lambda v, r: not v["include"]),
    Path("average pooling's adjoint", K + "pool:average_adjoint"),
    Path("average pooling's adjoint by copies", "kernels.onednn.channels_last_ops:spread_average"),
    Path("softmax", K + "softmax:softmax", lambda v, r: not v["log"]),
    Path("log softmax", K + "softmax:softmax", lambda v, r: v["log"]),
    Path("softmax's adjoint", K + "softmax:softmax_adjoint"),
    Path("softmax's adjoint, written over a lent gradient", K + "softmax:softmax_adjoint", _over),
    Path("layer norm", K + "softmax:normalize"),
    Path("layer norm's adjoint", K + "softmax:normalize_adjoint"),
    Path("product of matrices", K + "matmul:matmul", lambda v, r: v["a"].ndim == 2),
    Path("product of stacks of matrices", K + "matmul:matmul", lambda v, r: v["a"].ndim == 3),
    Path("linear layer with its bias", K + "matmul:linear"),
    Path("into channels last", K + "reorder:as_last", lambda v, r: r is not v["x"] and r.own and r.size > 4096),
    Path("out of channels last", K + "reorder:as_rows", lambda v, r: r.size > 4096 and is_last(v["x"])),
    Path("sums of channels", "kernels.onednn.channels_last_ops:channel_sums"),
    Path("part of a value that is channels last", "kernels.onednn.channels_last_ops:part"),
    Path("joined values that are channels last", "kernels.onednn.channels_last_ops:cat"),
    Path("padding that stays channels last", "kernels.onednn.channels_last_ops:pad"),
    Path(
        "NumPy on a value as it lies",
        "kernels.onednn.plain:run_reference",
        lambda v, r: v["prim"].entrywise and r.__class__ is ChannelsLast,
    ),
    Path("a channels-last value becomes a storage", "kernels.onednn.plain:to_storage"),
    Path("memory that is used again", "kernels.memory.allocator:borrow"),
    Path(
        "a leaf keeps a lent gradient",
        "tensors.accumulate:accumulate",
        lambda v, r: v["donated"] and v["had"] is None and not v["create_graph"],
    ),
    Path(
        "a leaf's gradient is added to in place",
        "tensors.accumulate:accumulate",
        lambda v, r: v["had"] is not None and not v["create_graph"],
    ),
    Path("a new value takes the place of one that is channels last", "tensors.inplace:_swap"),
]


class Watch:
    """Counts calls that did not decline. A function is watched by its code, so that whoever holds it is seen; and not by a profiler,
    whose look at local variables would count as references to gradients."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter({path.name: 0 for path in PATHS})
        self._watched: dict[str, list[Path]] = {}
        for path in PATHS:
            self._watched.setdefault(path.function, []).append(path)

    @contextmanager
    def watching(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for name, paths in self._watched.items():
                module, _, function = name.partition(":")
                stack.enter_context(self._one(getattr(importlib.import_module(f"autograd_cnn.{module}"), function), paths))
            yield

    @contextmanager
    def _one(self, fn: Any, paths: list[Path]) -> Iterator[None]:
        real = types.FunctionType(fn.__code__, fn.__globals__, fn.__name__, fn.__defaults__, fn.__closure__)
        real.__kwdefaults__ = fn.__kwdefaults__
        signature = inspect.signature(real)

        def call(args: Any, kwargs: Any) -> Any:
            given = signature.bind(*args, **kwargs)
            given.apply_defaults()
            had = getattr(given.arguments.get("leaf"), "grad", None)
            result = real(*args, **kwargs)
            if result is not NotImplemented:
                for path in paths:
                    self.counts[path.name] += bool(path.when({**given.arguments, "had": had}, result))
            return result

        own: dict[str, Any] = {}
        key = f"_watched_{fn.__name__}"
        exec(f"def stand_in(*args, **kwargs): return {key}(args, kwargs)", own)
        before = fn.__code__, fn.__defaults__, fn.__kwdefaults__
        fn.__globals__[key] = call
        fn.__defaults__ = fn.__kwdefaults__ = None
        fn.__code__ = own["stand_in"].__code__
        try:
            yield
        finally:
            fn.__code__, fn.__defaults__, fn.__kwdefaults__ = before
            del fn.__globals__[key]

    def table(self) -> str:
        return "\n".join(f"{count:8} {name}" for name, count in self.counts.items())
