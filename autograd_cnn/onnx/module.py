"""`OnnxModule`: a graph from a file as a module."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from ..config import Switch, current
from ..errors import expected
from ..nn.module.module import Module
from ..nn.parameter import Parameter
from ..tensors.tensor import Tensor, wrap
from .dims import OnnxError
from .needs import package
from .operators import OPERATORS, Node
from .operators.formats import rounded, widened
from .operators.shape import dense
from .operators.table import FIXED, HELD, Unsupported


class OnnxModule(Module):
    """The computation of an ONNX file. Initialisers of floats are parameters, the others buffers, under their names in the file.

    An operator without operations of its own here is computed by its definition in ONNX; where that has none (coded pictures, regular
    expressions), by the reference of the package onnx, which has no gradient: asking for one through it raises.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        graph = model.graph
        self.opsets = {("" if o.domain == "ai.onnx" else o.domain): o.version for o in model.opset_import} or {"": 1}
        self.functions = {(f.domain, f.name): f for f in model.functions}
        self.held: dict[str, Any] = {}
        to_array = package("numpy_helper").to_array
        fixed = {name for n in graph.node for k, name in enumerate(n.input) if k in FIXED.get(n.op_type, ())}
        for t in graph.initializer:
            array = np.array(to_array(t))
            if array.dtype not in HELD or array.dtype.kind != "f" or array.ndim == 0:
                self._hold(t.name, array if array.dtype not in HELD or array.dtype.kind in "iub" else wrap(array))
            else:
                self._hold(t.name, wrap(array) if t.name in fixed else Parameter(wrap(array)))
        for t in graph.sparse_initializer:
            self.held[t.values.name] = dense(t)
        known = {t.name for t in graph.initializer}
        self.wanted = [i.name for i in graph.input if i.name not in known]
        self.optional = [i.name for i in graph.input if i.name in known]
        self.results = [o.name for o in graph.output]

    def _hold(self, name: str, value: Any) -> None:
        """A value under its name: dots in it are modules, as in a state dict."""
        if isinstance(value, np.ndarray):
            self.held[name] = value
            if value.dtype not in HELD:
                return
            value = wrap(value)
        *path, last = name.split(".")
        place: Module = self
        taken = False
        for part in path:
            inner = place._modules.get(part)
            if inner is None:
                taken = taken or not part or hasattr(place, part)
                if taken:
                    break
                inner = Module()
                place.add_module(part, inner)
            place = inner
        if taken or not last or hasattr(place, last):
            place, last = self, "initializer " + name.replace(".", "·")
        if isinstance(value, Parameter):
            place.register_parameter(last, value)
        else:
            place.register_buffer(last, value)
        if name not in self.held:
            self.held[name] = (place, last)

    def _value(self, name: str) -> Any:
        found = self.held[name]
        return getattr(*found) if isinstance(found, tuple) else found

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """The outputs for these inputs, in the order of the file or by name."""
        names = self.wanted if len(inputs) <= len(self.wanted) else [*self.wanted, *self.optional]
        given = dict(zip(names, inputs, strict=False)) | named
        missing = [w for w in self.wanted if w not in given]
        if missing or len(inputs) > len(names):
            raise TypeError(expected("the ONNX module", f"the inputs {', '.join(self.wanted)}", f"{len(inputs) + len(named)} of them"))
        values = {name: self._value(name) for name in self.held} | given
        found = self._run(self.model.graph, values, self.opsets)
        outputs = [_given(y) for y in found]
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def _run(self, graph: Any, values: dict[str, Any], opsets: Mapping[str, int], attributes: Mapping[str, Any] | None = None) -> list[Any]:
        """The outputs of a graph (or a function) for values by name."""
        if graph is not self.model.graph:
            values.update({t.name: np.array(package("numpy_helper").to_array(t)) for t in getattr(graph, "initializer", ())})
        self._follow(graph.node, values, opsets, attributes or {})
        return [values.get(o) if isinstance(o, str) else values[o.name] for o in graph.output]

    def _follow(self, nodes: Any, values: dict[str, Any], opsets: Mapping[str, int], attributes: Mapping[str, Any]) -> None:
        """Node after node, into the values by name."""
        for node in nodes:
            given = [values[name] if name else None for name in node.input]
            found = self._node(node, given, values, opsets, attributes)
            for name, y in zip(node.output, found, strict=False):
                if name:
                    values[name] = y

    def _again(self, wanted: str, bound: Mapping[str, Any]) -> Any:
        """A value of the file's graph, as it is for other ones."""
        values = {name: self._value(name) for name in self.held} | dict(bound)
        names, nodes = {wanted} - values.keys(), []
        for node in reversed(self.model.graph.node):
            if names.intersection(node.output):
                nodes.append(node)
                names = (names | set(node.input) | _free(node)) - set(node.output) - values.keys() - {""}
        if names:
            raise OnnxError(
                f"onnx: expected {wanted!r} to be computed from {', '.join(bound)} alone, but it needs {', '.join(sorted(names))}, too."
            )
        self._follow(nodes[::-1], values, self.opsets, {})
        return values[wanted]

    def _node(
        self, node: Any, given: list[Any], values: dict[str, Any], opsets: Mapping[str, int], attributes: Mapping[str, Any]
    ) -> Sequence[Any]:
        """The outputs of one node."""
        domain = "" if node.domain == "ai.onnx" else node.domain
        if any(_recorded(x) for x in given) or any(a.type == a.GRAPH for a in node.attribute):
            return self._compute(node, domain, given, values, opsets, attributes)
        with Switch(record=False, tracer=None):  # of numbers that are known: sizes, constants
            found = self._compute(node, domain, given, values, opsets, attributes)
        return [_known(y) for y in found]

    def _compute(
        self, node: Any, domain: str, given: list[Any], values: dict[str, Any], opsets: Mapping[str, int], attributes: Mapping[str, Any]
    ) -> Sequence[Any]:
        own = self.functions.get((node.domain, node.op_type))
        if own is not None:
            return self._body(own, node, given, attributes)
        opset = opsets.get(domain, 1)
        while given and given[-1] is None:
            given.pop()
        rules = OPERATORS.get(f"{domain}.{node.op_type}" if domain else node.op_type, ())
        for rule in rules:
            if rule.fits(given):
                made = {a.name: _attribute(a, attributes) for a in node.attribute}
                n = Node(
                    node.op_type,
                    node.name,
                    {k: v for k, v in made.items() if v is not None},
                    opset,
                    max((k + 1 for k, o in enumerate(node.output) if o), default=0),
                    lambda g, bound: self._run(g, values | bound, opsets, attributes),
                    self._again,
                )
                with suppress(Unsupported):
                    return rule(n, given)
        wide = widened(given) if rules else None
        if wide is not None:
            found = self._compute(node, domain, wide, values, opsets, attributes)
            return rounded(package("defs").get_schema(node.op_type, opset, domain), given, found)
        body = self._definition(node, domain, opset, given)
        if body is not None:
            return self._body(body, node, given, attributes, opset)
        return self._reference(node, domain, given, opsets, values, attributes)

    def _definition(self, node: Any, domain: str, opset: int, given: Sequence[Any]) -> Any:
        """The operator's meaning in other operators, if ONNX gives one."""
        defs, onnx = package("defs"), package()
        try:
            schema = defs.get_schema(node.op_type, opset, domain)
        except defs.SchemaError:
            return None
        if schema.has_function:
            return schema.function_body
        if schema.has_context_dependent_function:
            helper = onnx.helper
            kinds = [b"" if x is None else _type(helper, x).SerializeToString() for x in given]
            try:
                data = schema.get_context_dependent_function(node.SerializeToString(), kinds)
            except RuntimeError:  # it depends on more than the kinds of the inputs
                return None
            body = onnx.FunctionProto()
            body.ParseFromString(data)
            return body if body.node else None
        return None

    def _body(self, body: Any, node: Any, given: list[Any], outer: Mapping[str, Any], opset: int | None = None) -> Sequence[Any]:
        """A function's outputs."""
        bound = {a.name: a for a in body.attribute_proto} | {
            a.name: outer.get(a.ref_attr_name, a) if a.ref_attr_name else a for a in node.attribute
        }
        if opset is not None:
            defs = package("defs")
            schema = defs.get_schema(node.op_type, opset, node.domain)
            for name, a in schema.attributes.items():
                if a.default_value.name and name not in bound:
                    bound[name] = a.default_value
        values = dict.fromkeys(body.input)
        values.update(zip(body.input, given, strict=False))
        values[""] = None
        inner = {("" if o.domain == "ai.onnx" else o.domain): o.version for o in body.opset_import}
        return self._run(body, values, inner, bound)

    def _reference(
        self,
        node: Any,
        domain: str,
        given: Sequence[Any],
        opsets: Mapping[str, int],
        values: Mapping[str, Any],
        attributes: Mapping[str, Any],
    ) -> Sequence[Any]:
        """By ONNX's reference, in NumPy."""
        onnx = package()
        if current().tracer is not None and any(isinstance(x, Tensor) for x in given):
            raise OnnxError(f"onnx: {node.op_type} has no operation here: expected operations that a graph can hold.")
        if current().record and any(isinstance(x, Tensor) and x.requires_grad for x in given):
            raise OnnxError(f"onnx: {node.op_type} has no gradient here: expected to run it under no_grad, or on inputs that need none.")
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        del copy.attribute[:]
        for a in node.attribute:
            known = attributes.get(a.ref_attr_name) if a.ref_attr_name else a
            if known is not None:
                copy.attribute.append(known)
                copy.attribute[-1].name = a.name
        h = onnx.helper
        names = [f"in{k}" if x is not None else "" for k, x in enumerate(given)]
        del copy.input[:]
        copy.input.extend(names)
        free = _free(copy) if any(a.HasField("g") for a in copy.attribute) else set()
        outside = {name: values[name] for name in free if name in values}
        entries = [(name, x) for name, x in zip(names, given, strict=True) if name] + list(outside.items())
        empty = onnx.TypeProto()
        graph = h.make_graph(
            [copy], "node", [h.make_value_info(name, empty) for name, _ in entries], [h.make_value_info(o, empty) for o in node.output if o]
        )
        model = h.make_model(graph, opset_imports=[h.make_opsetid(d, v) for d, v in opsets.items()], functions=list(self.model.functions))
        evaluator = package("reference").ReferenceEvaluator
        try:
            runner = evaluator(model)
            found = iter(runner.run(None, {name: np.asarray(x.detach().numpy()) if isinstance(x, Tensor) else x for name, x in entries}))
        except Exception as error:  # it says of each operator in its own way what it does not know
            formats = ", ".join(dict.fromkeys(_format(x) for x in given if x is not None)) or "nothing"
            raise OnnxError(f"onnx: {node.op_type} of {formats} is not supported: {str(error).partition(chr(10))[0][:200]}") from error
        return [next(found) if o else None for o in node.output]

    def extra_repr(self) -> str:
        return f"{', '.join(self.wanted)} → {', '.join(self.results)}; {len(self.model.graph.node)} nodes"


def _recorded(x: Any) -> bool:
    return isinstance(x, Tensor) or (isinstance(x, list) and any(_recorded(v) for v in x))


def _known(y: Any) -> Any:
    """A value that no input changes."""
    if isinstance(y, list):
        return [_known(v) for v in y]
    return np.asarray(y.numpy()) if isinstance(y, Tensor) else y


def _given(y: Any) -> Any:
    """An output of the module."""
    if isinstance(y, list):
        return [_given(v) for v in y]
    return wrap(y) if isinstance(y, np.ndarray) and y.dtype in HELD else y


def _format(x: Any) -> str:
    """What the entries of a value are, in words."""
    return "sequences" if isinstance(x, list) else "strings" if np.dtype(x.dtype).kind == "O" else np.dtype(x.dtype).name


def _type(helper: Any, x: Any) -> Any:
    if isinstance(x, list):
        return helper.make_sequence_type_proto(_type(helper, x[0] if x else np.zeros(0, np.float32)))
    array = x if isinstance(x, Tensor) else np.asarray(x)
    return helper.make_tensor_type_proto(helper.np_dtype_to_tensor_dtype(np.dtype(array.dtype)), list(array.shape))


def _attribute(a: Any, outer: Mapping[str, Any]) -> Any:
    if a.ref_attr_name:
        found = outer.get(a.ref_attr_name)
        return None if found is None else _attribute(found, {})
    value = package("helper").get_attribute_value(a)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return [v.decode() for v in value] if isinstance(value, list) and value and isinstance(value[0], bytes) else value


def _free(node: Any) -> set[str]:
    """Names that the subgraphs of a node take from outside."""
    found: set[str] = set()
    for a in node.attribute:
        if a.HasField("g"):
            made = {i.name for i in a.g.input} | {t.name for t in a.g.initializer}
            for n in a.g.node:
                found |= {name for name in n.input if name and name not in made} | (_free(n) - made)
                made |= set(n.output)
            found |= {o.name for o in a.g.output} - made
    return found
