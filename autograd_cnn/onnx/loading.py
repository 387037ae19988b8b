"""`load`: an ONNX file as a module. A file is a stranger's: nothing in it is believed before it was looked at."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import expected
from .dims import OnnxError
from .module import OnnxModule
from .needs import decode_error, package

MOST_BYTES = 2**31 - 1  # of a protobuf message
_TYPED = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")


def load(f: Any) -> OnnxModule:
    """Read an ONNX file as a module: it computes, trains, draws, summarises, and can be exported again.

    Floating initialisers are its parameters, the statistics of batch norms and whole numbers its buffers, under their names in the file.
    A network is as it was written: one that was exported for use normalises by its statistics, and drops nothing, in either mode.

    Args:
        f: a path, or a binary file. External data is read from the folder of the file alone.

    Raises:
        OnnxError: what is no ONNX file, or one that contradicts itself: cut off, with cycles, with tensors of another size than their
            shapes say, with data outside of its folder.

    Example:
        >>> import io
        >>> import autograd_cnn as ac
        >>> from autograd_cnn import nn
        >>> file = io.BytesIO()
        >>> net = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
        >>> _ = ac.onnx.export(net, ac.randn(1, 3), file)
        >>> again = ac.onnx.load(io.BytesIO(file.getvalue()))
        >>> list(again.state_dict())
        ['0.weight', '0.bias']
        >>> bool((again(ac.ones(1, 3)) == net(ac.ones(1, 3))).all())
        True
    """
    onnx = package()
    if isinstance(f, onnx.ModelProto):
        model, folder = f, None
    else:
        data, folder = _read(f)
        model = onnx.ModelProto()
        try:
            model.ParseFromString(data)
        except decode_error() as error:
            raise OnnxError("onnx.load: expected an ONNX file, got one that is none, or is cut off.") from error
    _check(model, folder)
    return OnnxModule(model)


def _read(f: Any) -> tuple[bytes, Path | None]:
    if hasattr(f, "read"):
        data = f.read(MOST_BYTES + 1)
        folder = None
    elif isinstance(f, str | os.PathLike):
        path = Path(f)
        if path.is_file() and path.stat().st_size > MOST_BYTES:
            raise OnnxError(f"onnx.load: {path.name} has {path.stat().st_size:,} bytes: expected at most {MOST_BYTES:,}.")
        data, folder = path.read_bytes(), path.resolve().parent
    else:
        raise TypeError(expected("onnx.load", "a path or a binary file", type(f).__name__))
    if not isinstance(data, bytes) or len(data) > MOST_BYTES:
        raise OnnxError(f"onnx.load: expected at most {MOST_BYTES:,} bytes from a binary file.")
    return data, folder


def _check(model: Any, folder: Path | None) -> None:
    if not model.HasField("graph") or not (model.graph.node or model.graph.output):
        raise OnnxError("onnx.load: expected an ONNX model with a graph, got one without: the file is none, or is cut off.")
    newest = package("defs").onnx_opset_version()
    for o in model.opset_import:
        if o.domain in ("", "ai.onnx") and not 1 <= o.version <= newest:
            raise OnnxError(f"onnx.load: expected an opset from 1 to {newest}, got {o.version}. Update the package onnx.")
    _check_functions(model)
    _check_graph(model.graph, set(), folder)
    for function in model.functions:
        _check_order(function.node, set(function.input), f"function {function.name}", folder)


def _subgraphs(nodes: Any) -> Iterator[Any]:
    for node in nodes:
        for a in node.attribute:
            if a.HasField("g"):
                yield a.g
            yield from a.graphs


def _calls(nodes: Any) -> Iterator[tuple[str, str]]:
    for node in nodes:
        yield node.domain, node.op_type
    for g in _subgraphs(nodes):
        yield from _calls(g.node)


def _check_functions(model: Any) -> None:
    """No function may call itself, by way of others either."""
    calls = {(fn.domain, fn.name): set(_calls(fn.node)) for fn in model.functions}
    left: Mapping[tuple[str, str], set[tuple[str, str]]] = calls
    while left:
        free = {name for name, used in left.items() if not used & left.keys()}
        if not free:
            raise OnnxError(f"onnx.load: the functions {', '.join(sorted(n for _, n in left))} call one another in a circle.")
        left = {name: used for name, used in left.items() if name not in free}


def _check_graph(graph: Any, outside: set[str], folder: Path | None) -> None:
    for t in graph.initializer:
        _check_tensor(t, folder)
    for t in graph.sparse_initializer:
        _check_sparse(t, folder)
    known = (
        outside | {i.name for i in graph.input} | {t.name for t in graph.initializer} | {t.values.name for t in graph.sparse_initializer}
    )
    known = _check_order(graph.node, known, f"graph {graph.name}".strip(), folder)
    for o in graph.output:
        if o.name not in known:
            raise OnnxError(f"onnx.load: nothing in the {f'graph {graph.name}'.strip()} computes its output {o.name!r}.")


def _check_order(nodes: Any, known: set[str], where: str, folder: Path | None) -> set[str]:
    """Every value must be there before it is used: so there is no circle either."""
    made = {o for node in nodes for o in node.output if o}
    for node in nodes:
        for name in node.input:
            if name and name not in known:
                why = "uses it before it is computed: the graph has a circle, or is not in order" if name in made else "uses it"
                raise OnnxError(
                    f"onnx.load: in the {where} nothing gives {name!r}, but {node.op_type} {node.name or ''} {why}.".replace("  ", " ")
                )
        for a in node.attribute:
            if a.HasField("t"):
                _check_tensor(a.t, folder)
            if a.HasField("sparse_tensor"):
                _check_sparse(a.sparse_tensor, folder)
            for t in a.tensors:
                _check_tensor(t, folder)
        for g in _subgraphs([node]):
            _check_graph(g, set(known), folder)
        known.update(node.output)
    return known


def _check_sparse(t: Any, folder: Path | None) -> None:
    _check_tensor(t.values, folder)
    _check_tensor(t.indices, folder)


def _check_tensor(t: Any, folder: Path | None) -> None:
    """A tensor's data must be as long as its shape says."""
    onnx = package()
    name = repr(t.name) if t.name else "of an attribute"
    dims = list(t.dims)
    if any(d < 0 for d in dims):
        raise OnnxError(f"onnx.load: the tensor {name} has the shape {dims}: expected sizes from 0.")
    count = math.prod(dims)
    if t.data_location == onnx.TensorProto.EXTERNAL:
        _bring(t, name, folder)
    try:
        bits = _bits(t.data_type)
    except KeyError:
        raise OnnxError(
            f"onnx.load: the tensor {name} has a data type of number {t.data_type}, which this version of onnx does not know."
        ) from None
    if t.HasField("raw_data"):
        need, have, of = (count * bits + 7) // 8, len(t.raw_data), "bytes"
    else:
        have = next((len(getattr(t, field)) for field in _TYPED if len(getattr(t, field))), 0)
        per = 8 // bits if bits < 8 else 1
        need, of = -(-count // per) * (2 if t.data_type in _PAIRS else 1), "entries"
    if need != have:
        raise OnnxError(f"onnx.load: the tensor {name} of shape {dims} needs {need:,} {of}, but the file has {have:,}.")


_PAIRS = (14, 15)  # complex numbers are two entries each


def _bits(kind: int) -> int:
    """The bits of an entry."""
    kinds = package().TensorProto.DataType
    name = kinds.Name(kind) if kind in kinds.values() else "UNDEFINED"
    if name == "UNDEFINED":
        raise KeyError(kind)
    known = {"FLOAT": 32, "DOUBLE": 64, "BOOL": 8, "STRING": 8}
    found = re.match(r"[A-Z]+?(\d+)", name)
    return known[name] if name in known else int(found[1]) if found else 8


def _bring(t: Any, name: str, folder: Path | None) -> None:
    """External data, from a file beside the model."""
    entries = {e.key: e.value for e in t.external_data}
    location = entries.get("location", "")
    if folder is None:
        raise OnnxError(f"onnx.load: the data of {name} is in the file {location!r}: expected a path, not an open file, to find it.")
    path = folder / location
    inside = location and not Path(location).is_absolute() and "\\" not in location and "\0" not in location
    if not inside or not path.resolve().is_relative_to(folder) or ".." in Path(location).parts:
        raise OnnxError(f"onnx.load: the data of {name} is said to be in {location!r}: expected a file in the model's own folder.")
    if not path.is_file():
        raise OnnxError(f"onnx.load: the data of {name} is missing: there is no file {location!r} beside the model.")
    try:
        offset, length = int(entries.get("offset", 0)), int(entries["length"]) if "length" in entries else None
    except ValueError:
        raise OnnxError(f"onnx.load: the data of {name}: expected numbers for offset and length, got {entries!r}.") from None
    size = path.stat().st_size
    length = size - offset if length is None else length
    if offset < 0 or length < 0 or offset + length > size:
        raise OnnxError(
            f"onnx.load: the data of {name} is said to be bytes {offset:,} to {offset + length:,} of {location!r}, which has {size:,}."
        )
    need = (math.prod(t.dims) * _bits(t.data_type) + 7) // 8
    if need != length:
        raise OnnxError(f"onnx.load: the tensor {name} of shape {list(t.dims)} needs {need:,} bytes, but {length:,} are said to be its.")
    with path.open("rb") as file:
        file.seek(offset)
        t.raw_data = file.read(length)
    t.data_location = package().TensorProto.DEFAULT
    del t.external_data[:]
