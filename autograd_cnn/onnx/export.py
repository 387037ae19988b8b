"""`export`: a network as an ONNX file, from what it does with example arguments."""

from __future__ import annotations

import copy
import enum
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..config import Switch
from ..engine.variable import Variable
from ..errors import TraceWarning, expected
from ..graph.graph import Graph
from ..graph.step import Step, exchanged
from ..graph.trace import trace
from ..nn.module.module import Module
from ..random import get_rng_state, set_rng_state
from ..support.atomic import atomic_write
from ..tensors.tensor import wrap
from ..types.promotion import python_dtype
from .dims import Dim, OnnxError, merged, varying
from .emitter import Emitter
from .folding import folded, said
from .needs import package
from .selecting import Symbol

__all__ = ["TrainingMode", "export"]

OLDEST, DEFAULT = 13, 18


class TrainingMode(enum.Enum):
    """In which mode a network is written: as for use (EVAL), as it is (PRESERVE), as for training (TRAINING)."""

    EVAL = 0
    PRESERVE = 1
    TRAINING = 2


def model_of(
    graphs: Sequence[Graph],
    *,
    opset: int,
    named: Mapping[int, str],
    inputs: Sequence[str],
    outputs: Sequence[str],
    symbols: Mapping[str, Mapping[int, str]],
    params_held: bool = True,
    as_inputs: bool = False,
) -> Any:
    """The ONNX model of a computation that was traced once, or once for each of several sizes of the dims in `symbols`; with a name for each
    input and output."""
    return _Writer(graphs, opset, named).model(inputs, outputs, symbols, params_held, as_inputs)


class _Writer:
    def __init__(self, graphs: Sequence[Graph], opset: int, named: Mapping[int, str]) -> None:
        self.graphs, self.graph, self.named = graphs, graphs[0], named
        self.to = Emitter(opset)
        self.known: dict[int, Symbol | None] = {}
        self.params: list[str] = []
        self.used = _used(self.graph)
        self.fixed = folded(graphs, self.used, named)
        self._check()

    def _check(self) -> None:
        """What cannot be written is said at once, all of it."""
        missing = sorted({said(self.graph, s) for s in self.used if s.primitive.onnx_rule is None and s.index not in self.fixed})
        if missing:
            raise OnnxError(
                f"onnx.export: ONNX has no words here for {', '.join(missing)}. Expected operations with a rule (@primitive's `.onnx`): leave "
                "these out of what is exported (compute them before, and make what they give an input, or behind its outputs), or give them one."
            )
        for other in self.graphs[1:]:
            if [s.name for s in other] != [s.name for s in self.graph] or [s.inputs for s in other] != [s.inputs for s in self.graph]:
                raise OnnxError(
                    "onnx.export: the network does other operations for other sizes of the dynamic axes: expected the same ones for all "
                    "sizes. Leave that dim out of dynamic_axes."
                )

    def _shape(self, i: int) -> tuple[Any, ...]:
        shapes = [g.values[i].shape or () for g in self.graphs]
        if len({len(s) for s in shapes}) > 1:
            raise OnnxError("onnx.export: the number of dims of a value is another for other sizes of the dynamic axes.")
        return tuple(varying(d) for d in zip(*shapes, strict=True))

    def symbol(self, i: int) -> Symbol:
        """A value of the graph as one of the file."""
        if i not in self.known:
            self.known[i] = self._outside(i)
        found = self.known[i]
        if found is None:
            raise OnnxError(f"onnx.export: an output of {self._maker(i)} is wanted that ONNX does not give.")
        return found

    def _maker(self, i: int) -> str:
        return next((s.name for s in self.graph if i in s.outputs), "the graph")

    def _outside(self, i: int) -> Symbol:
        """A parameter, a buffer, or a constant."""
        v = self.graph.values[i]
        raw = v.data.value if isinstance(v.data, Variable) else v.data
        if v.shape is None and not hasattr(raw, "dtype"):
            data = merged([g.values[i].data for g in self.graphs], f"a number in {self.to.operation}")
            if isinstance(data, Dim):
                return Symbol(
                    self.to.cast(self.to.reshape(self.to.ints(data), ()), python_dtype(1)).name, (), python_dtype(1)
                )  # a size, as a number
            made = self.to.const(data, python_dtype(data))
            return Symbol(made.name, (), made.dtype, made.array, weak=True)
        shape, name = self._shape(i), v.name or self.named.get(id(raw))
        array = np.asarray(wrap(raw).numpy() if not isinstance(raw, np.ndarray) and not np.isscalar(raw) else raw)
        if any(isinstance(d, Dim) for d in shape):
            if array.size and (array == array.flat[0]).all():
                made = self.to.Expand(self.to.const(array.flat[0]), self.to.ints(*shape))
                return Symbol(made.name, shape, array.dtype)
            return self.to.refuse("takes a constant whose size is that of a dynamic axis. Leave that dim out of dynamic_axes.")
        if name is None:
            merged([np.asarray(g.values[i].data) for g in self.graphs], f"a constant in {self.to.operation}")
            made = self.to.const(array)
            return Symbol(made.name, shape, array.dtype, array)
        made_name = self.to.initializer(array, name)
        self.params.append(made_name)
        return Symbol(made_name, shape, array.dtype, array)

    def step(self, k: int) -> None:
        """One operation."""
        step, to = self.graph.steps[k], self.to
        if k in self.fixed:
            for o, y in zip(step.outputs, self.fixed[k], strict=True):
                made = to.const(y)
                self.known[o] = Symbol(made.name, np.shape(y), made.dtype, made.array)
            return
        to.scope = "".join(f"/{s.name}" for s in step.scope if s.name) + "/" if any(s.name for s in step.scope) else "/"
        to.operation = step.name
        given: list[Any] = [self.symbol(i) for i in step.inputs]
        to.near = [s for s in given if s.shape is not None]
        for at in step.absent:
            given.insert(at, None)
        found = []
        for g in self.graphs:
            here = g.steps[k]
            found.append({n: exchanged(p, here.linked, _Place) for n, p in here.params.items()})
        params = {n: _placed(merged([f[n] for f in found], f"{n} of {step.name}"), self.symbol) for n in found[0]}
        rule: Any = step.primitive.onnx_rule  # each has one: see _check
        shapes, dtypes = [self._shape(o) for o in step.outputs], [np.dtype(self.graph.values[o].dtype or np.float32) for o in step.outputs]
        to.dtype = dtypes[0]
        try:
            made = self._one(rule, given, params, dtypes[0]) if isinstance(rule, str) else rule(to, *given, **params)
        except OnnxError as error:
            raise OnnxError(str(error).replace("the computation depends", f"{step.name} depends")) from error
        results = made if isinstance(made, tuple) else (made,)
        if len(results) != len(step.outputs):
            raise OnnxError(f"onnx.export: the rule of {step.name} gives {len(results)} outputs: expected {len(step.outputs)}.")
        for o, y, shape, dtype in zip(step.outputs, results, shapes, dtypes, strict=True):
            self.known[o] = None if y is None else Symbol(y.name, shape, dtype, y.array)

    def _one(self, operator: str, given: list[Any], params: dict[str, Any], dtype: Any) -> Any:
        """An operator that does the same with the same inputs, which it wants in one dtype."""
        if params and any(p is not None for p in params.values()):
            return self.to.refuse(f"has parameters, which {operator} does not take")
        if operator == "Identity":
            return given[0]  # another name for it needs no node
        inputs = [self.to.cast(x, dtype) for x in given] if dtype.kind == "f" else self.to.alike(*given)
        return self.to.node(operator, inputs, dtype=dtype)

    def model(
        self, inputs: Sequence[str], outputs: Sequence[str], symbols: Mapping[str, Mapping[int, str]], params_held: bool, as_inputs: bool
    ) -> Any:
        to, h = self.to, self.to.helper
        axes: dict[tuple[int, ...], str] = {}
        taken, given = [], []
        to.taken.update(outputs)
        for i, name in zip(self.graph.inputs, inputs, strict=True):
            v, shape = self.graph.values[i], self._shape(i)
            for at, d in enumerate(shape):
                if isinstance(d, Dim):
                    axes.setdefault(d.samples, symbols.get(name, {}).get(at) or f"{name}_dim_{at}")
            self.known[i] = Symbol(to.fresh(name), shape, v.dtype)
            taken.append(self.known[i])
            given.append(h.make_tensor_value_info(name, h.np_dtype_to_tensor_dtype(np.dtype(str(v.dtype))), _shown(shape, axes)))
        to.sources = [s for s in taken if s is not None]
        for step in self.used:
            self.step(step.index)
        results = []
        to.scope, to.operation = "", "output"
        for i, name in zip(self.graph.outputs, outputs, strict=True):
            y = self.symbol(i)
            to.nodes.append(h.make_node("Identity", [y.name], [name], name=f"output.{name}"))
            for at, d in enumerate(y.shape or ()):
                if isinstance(d, Dim):
                    axes.setdefault(d.samples, symbols.get(name, {}).get(at) or f"{name}_dim_{at}")
            results.append(h.make_tensor_value_info(name, h.np_dtype_to_tensor_dtype(y.dtype), _shown(y.shape or (), axes)))
        held = to.initializers
        if as_inputs or not params_held:
            given += [h.make_tensor_value_info(t.name, t.data_type, list(t.dims)) for t in held if t.name in self.params]
        if not params_held:
            held = [t for t in held if t.name not in self.params]
        nodes = _needed(to.nodes, outputs)
        used = {i for n in nodes for i in n.input}
        kept = [t for t in held if t.name in used or t.name in self.params]
        made, opsets = h.make_graph(nodes, "main_graph", given, results, kept), [h.make_opsetid("", to.opset)]
        oldest = h.find_min_ir_version_for(opsets)  # so that also runtimes of that time read it
        return h.make_model(made, opset_imports=opsets, ir_version=oldest, producer_name="autograd_cnn")


@dataclass(frozen=True, slots=True)
class _Place:
    """A value of the graph among parameters."""

    at: int


def _placed(p: Any, by: Callable[[int], Any]) -> Any:
    if isinstance(p, _Place):
        return by(p.at)
    if isinstance(p, slice):
        return slice(*(_placed(q, by) for q in (p.start, p.stop, p.step)))
    return type(p)(_placed(q, by) for q in p) if type(p) in (tuple, list) else p


def _shown(shape: Sequence[Any], axes: Mapping[tuple[int, ...], str]) -> list[Any]:
    return [axes[d.samples] if isinstance(d, Dim) else int(d) for d in shape]


def _used(graph: Graph) -> list[Step]:
    """The steps on which the outputs depend."""
    wanted, found = set(graph.outputs), []
    for step in reversed(graph.steps):
        if wanted.intersection(step.outputs):
            wanted.update(step.inputs, step.linked.values())
            found.append(step)
    return found[::-1]


def _needed(nodes: Sequence[Any], outputs: Sequence[str]) -> list[Any]:
    """The nodes on which the outputs depend, without outputs at their ends that nobody wants."""
    wanted, kept = set(outputs), []
    for n in reversed(nodes):
        if wanted.intersection(n.output):
            wanted.update(n.input)
            kept.append(n)
            while n.output[-1] not in wanted and n.op_type in _OPTIONAL_OUTPUTS:
                del n.output[-1]
    return kept[::-1]


_OPTIONAL_OUTPUTS = frozenset({"MaxPool", "Dropout", "LayerNormalization"})


# ---------------------------------------------------------------------------------------------------------- the public call
@contextmanager
def _mode(model: Any, training: Any) -> Iterator[None]:
    """The network in the wanted mode; afterwards it is as before: mode, buffers, and the stream of random numbers."""
    if not isinstance(model, Module):
        yield
        return
    modes = [(m, m.training) for m in model.modules()]
    buffers = [(b, copy.deepcopy(b.value)) for b in model.buffers() if b is not None]
    state = get_rng_state()
    try:
        if training is TrainingMode.EVAL:
            model.eval()
        elif training is TrainingMode.TRAINING:
            model.train()
        yield
    finally:
        for m, was in modes:
            m.training = was
        if training is not TrainingMode.EVAL:
            with Switch(record=False):
                for b, was in buffers:
                    b.copy_(wrap(was))
        set_rng_state(state)


def _named(kind: str, given: Sequence[str] | None, count: int) -> list[str]:
    """A name for each of so many inputs (or outputs): those that were given, then numbers."""
    names = list(given or ())
    if len(names) > count:
        raise ValueError(f"onnx.export: expected at most {count} {kind}_names, got {len(names)}.")
    return names + [f"{kind}_{k}" if count > 1 else kind for k in range(len(names), count)]


def _axes_of(dynamic_axes: Any) -> dict[str, dict[int, str]]:
    return {
        name: {int(a): str(n) for a, n in axes.items()}
        if isinstance(axes, Mapping)
        else {int(a): f"{name}_dynamic_axes_{k + 1}" for k, a in enumerate(axes)}
        for name, axes in (dynamic_axes or {}).items()
    }


def _resized(x: Any, axes: Mapping[int, str], sizes: Mapping[str, Sequence[int]], k: int) -> Any:
    """x with other sizes of its dynamic dims, filled with its own entries."""
    if not isinstance(x, Variable):
        return x
    array = np.asarray(wrap(x.value).numpy())
    for axis, name in axes.items():
        if not -array.ndim <= axis < array.ndim or array.shape[axis] == 0:
            raise ValueError(f"onnx.export: dynamic_axes: expected axes of a tensor of shape {list(array.shape)}, none empty, got {axis}.")
        array = np.take(array, np.arange(sizes[name][k]) % array.shape[axis], axis=axis)
    return wrap(np.array(array, order="C"))


def _sizes(args: Sequence[Any], names: Sequence[str], axes: Mapping[str, Mapping[int, str]]) -> dict[str, tuple[int, ...]]:
    """For each dim that varies the sizes it is traced with: small batches; otherwise its own, and others that strides of 32 tell apart."""
    found: dict[str, tuple[int, ...]] = {}
    for x, name in zip(args, names, strict=False):
        for axis, symbol in axes.get(name, {}).items():
            k, n = len(found), x.shape[axis]
            if symbol not in found:
                found[symbol] = (2 + k, 3 + 2 * k, 7 + 3 * k) if axis == 0 else (n, n + 32 * (k + 1), n + 64 * (k + 1) + 32)
    return found


def _tell(graph: Graph, drawn: bool) -> None:
    """What the file cannot follow, though it can be written. `drawn`: random numbers were."""
    taken = None if graph.taken is None else f"the function takes numbers out of tensors ({graph.taken})."
    chance = "the function draws random numbers." if drawn and all(s.name != "dropout" for s in graph) else None
    for what in (graph.obstacle, taken, chance):
        if what is not None:
            warnings.warn(
                f"onnx.export: {what} The file has what this run with the example arguments gave, whatever its inputs will be.",
                TraceWarning,
                stacklevel=3,
            )


def export(
    model: Callable[..., Any],
    args: Any = (),
    f: Any = None,
    *,
    kwargs: Mapping[str, Any] | None = None,
    verbose: bool | None = None,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    opset_version: int | None = None,
    dynamo: bool = True,
    export_params: bool = True,
    keep_initializers_as_inputs: bool = False,
    dynamic_axes: Mapping[str, Mapping[int, str] | Sequence[int]] | None = None,
    training: Any = TrainingMode.EVAL,
    do_constant_folding: bool = True,
) -> Any:
    """Write a network, or a function of tensors, as an ONNX file: what it does with these arguments. Returns the model.

    Initialisers are called as in `state_dict`. Sizes are fixed but for `dynamic_axes`, for which the network runs with several sizes;
    where the sizes in the file could not follow, or an operation has no words in ONNX, that is said. Running it changes nothing of the
    network.

    Args:
        args: the example arguments, a tensor or a tuple.
        f: a path or a binary file; None only returns the model.
        input_names, output_names: in order; the others are numbered.
        dynamic_axes: for an input's (or output's) name its dims that vary, `{"input": {0: "batch"}}`, or a list of them.
        training: `TrainingMode.EVAL` writes the network as for use, whatever mode it is in.
        opset_version: from 13 (18).
        export_params: False leaves the parameters out of the file: they become inputs. keep_initializers_as_inputs: they are both.
        dynamo, do_constant_folding: for programs that name them; there is one exporter, and it writes what runs, constants folded.

    Raises:
        OnnxError: an operation that ONNX has no words for (all are named), or sizes that cannot vary.

    Example:
        >>> import autograd_cnn as ac
        >>> from autograd_cnn import nn
        >>> net = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
        >>> made = ac.onnx.export(net, ac.randn(1, 3, 2, 2), input_names=["x"], dynamic_axes={"x": {0: "batch"}})
        >>> [n.op_type for n in made.graph.node], [t.name for t in made.graph.initializer][:2]
        (['Reshape', 'Gemm', 'Identity'], ['/0/constant_0', '1.weight'])
    """
    if not callable(model):
        raise TypeError(expected("onnx.export", "a module or a function of tensors", type(model).__name__))
    defs = package("defs")
    newest, opset = defs.onnx_opset_version(), DEFAULT if opset_version is None else opset_version
    if not OLDEST <= opset <= newest:
        raise ValueError(f"onnx.export: expected opset_version from {OLDEST} to {newest}, got {opset}.")
    given = tuple(args) if isinstance(args, tuple | list) else (args,)
    if given and isinstance(given[-1], dict) and kwargs is None:
        *first, kwargs = given
        given = tuple(first)
    tensors = [a for a in given if isinstance(a, Variable)]
    if not tensors:
        raise TypeError(expected("onnx.export", "example arguments, a tensor or a tuple of them", repr(args)))
    names = _named("input", input_names, len(tensors))
    axes = _axes_of(dynamic_axes)
    sizes = _sizes(tensors, names, axes)
    runs = range(3) if sizes else (None,)
    fn = model if not kwargs else lambda *a: model(*a, **kwargs)
    graphs = []
    mode = training if isinstance(training, TrainingMode) else TrainingMode(getattr(training, "value", training))
    with _mode(model, mode), Switch(record=False):
        state = get_rng_state()
        for k in runs:
            order = iter(names)
            here = (
                given
                if k is None
                else tuple(_resized(a, axes.get(next(order), {}), sizes, k) if isinstance(a, Variable) else a for a in given)
            )
            graphs.append(trace(fn, *here))
        drawn = bool((get_rng_state() != state).any())
        outputs = _named("output", output_names, len(graphs[0].outputs))
        for name in axes:
            if name not in names and name not in outputs:
                raise ValueError(
                    expected("onnx.export: dynamic_axes", f"names of inputs or outputs ({', '.join([*names, *outputs])})", repr(name))
                )
        held = model.state_dict(keep_vars=True) if isinstance(model, Module) else {}
        named = {id(p.value): n for n, p in held.items() if isinstance(p, Variable)}
        made = model_of(
            graphs,
            opset=opset,
            named=named,
            inputs=names,
            outputs=outputs,
            symbols=axes,
            params_held=export_params,
            as_inputs=keep_initializers_as_inputs,
        )
    _tell(graphs[0], drawn)
    if made.ByteSize() >= 2**31 - 2**20:
        raise OnnxError(
            f"onnx.export: the model has {made.ByteSize():,} bytes: expected less than 2 GB, which is what an ONNX file can hold."
        )
    package("checker").check_model(made)
    if verbose:
        print(package("printer").to_text(made))
    if f is not None:
        data = made.SerializeToString()
        if hasattr(f, "write"):
            f.write(data)
        else:
            with atomic_write(f) as target:
                target.write(data)
    return made
