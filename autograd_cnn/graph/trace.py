"""`trace(fn, *args)`: everything a function does, as a Graph that can be printed, drawn and replayed."""

from __future__ import annotations

import copy
import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from ..config import Switch
from ..engine.node import BackwardScope, Node, Scope
from ..engine.variable import Variable
from ..engine.versions import owner
from ..errors import GraphError, expected
from .conditions import Conditions, contiguous, modes_and_places, shared
from .graph import Graph
from .held import Holdings
from .step import Step, Value, computed_again, kept_by
from .tape_reader import gradients_of
from .tracer import Call, Tracer, carried


def trace(fn: Callable[..., Any], *args: Any, note: Callable[[Any], Any] | None = None) -> Graph:
    """Run `fn(*args)` once and give back its graph: every operation in order, with shapes and module scopes.

    The graph holds for inputs of these shapes and dtypes; Python control flow, and what the function takes out of tensors (`item()`,
    `numpy()`), is what it was in this run, of which a replay warns (`errors.TraceWarning`). Gradients that it asks for are operations as any others; what
    `backward()` adds to the `.grad` of tensors from outside a replay leaves out. Dropout draws anew at each replay; tensors that the
    function makes, at random or not, are constants. What it writes into tensors that were there before (inputs, running statistics), a
    replay writes, too; where none could (an optimizer's step, hooks on what the result was computed from), it refuses. A traced graph does not hold
    what the operations gave; `note` says what to keep of it, as the `data` of each result: it is called with the raw result at
    once, before anything may overwrite it. Where values decide the shape of a result (a mask as an index), a replay has its own; numbers
    taken from shapes stay those of this run, of which a replay warns, too, where a result has another shape. What the library computes with
    arrays alone (transforms of pictures, say) is refused.

    Raises:
        TypeError: `fn` cannot be called.
        GraphError: nothing it returns was computed from tensors; or it asks for a gradient through an `autograd.Function` that
            saves tensors, which no replay could follow; or it splits by a tensor, or the like, so that the number or sizes of results
            would depend on values.

    >>> import autograd_cnn as ac
    >>> graph = ac.trace(lambda x: (x * 2).sum(), ac.ones(3))
    >>> print(graph)
    graph(x0: float32[3]):
      %2 = mul(x0, 2) : float32[3]
      %3 = sum(%2, keepdim=False) : float32[]
      return %3
    >>> graph(ac.tensor([1., 2., 3.]))
    tensor(12.)
    """
    if not callable(fn):
        raise TypeError(expected("trace", "a function or module, and its arguments", type(fn).__name__))
    tracer = Tracer(note)
    given = [(f"x{i}", a) for i, a in enumerate(args) if isinstance(a, Variable)]
    plain, together = tuple(contiguous(a) for _, a in given), shared([a for _, a in given])
    inputs, result = _run(tracer, fn, args, {}, given)
    graph = _finish(tracer, inputs, *_ends(tracer, result))
    modes, places = modes_and_places(call.scope for call in tracer.steps)
    return replace(
        graph,
        conditions=Conditions(modes, places, plain if _layouts_count(graph) else (), together if graph.writes else ()),
        called=_called(fn, args, tracer, inputs),
    )


def _called(fn: Callable[..., Any], args: Sequence[Any], tracer: Tracer, inputs: Sequence[int]) -> dict[int, str]:
    """What the function calls its arguments, and the tensors that it finds outside of itself."""
    given = [a for a in args if isinstance(a, Variable)]
    places = {
        **{id(v["of"]): i for i, v in enumerate(tracer.values) if v["of"] is not None},
        **dict(zip(map(id, given), inputs, strict=True)),
    }
    names: dict[int, str] = {}
    for name, x in (*named_arguments(fn, args, {}), *_found_outside(fn, set())):
        if id(x) in places:
            names.setdefault(places[id(x)], name)
    return names


def _found_outside(fn: Callable[..., Any], seen: set[int]) -> Iterator[tuple[str, Variable]]:
    """The variables that a function, and the functions that it calls by name, find where they were written, each with its name there."""
    if not inspect.isroutine(fn) or id(fn) in seen:
        return
    seen.add(id(fn))
    try:
        around = inspect.getclosurevars(fn)
    except (TypeError, ValueError):  # a cell that is empty, or no function of Python
        return
    for name, x in (*around.nonlocals.items(), *around.globals.items()):
        if inspect.isfunction(x):
            yield from _found_outside(x, seen)
        elif hasattr(x, "named_parameters") and not inspect.isclass(x):
            yield from ((f"{name}.{own}", v) for kind in ("parameters", "buffers") for own, v in getattr(x, f"named_{kind}")())
        else:
            yield from ((full.replace(".", "_"), v) for full, _, v in _variables(name, x))


def _layouts_count(graph: Graph) -> bool:
    """Does the graph write into inputs, or into what may share an input's memory or not, as its layout decides?"""
    maker = graph.producer()
    over = [maker[s.overwrites].primitive for s in graph.steps if s.overwrites in maker]
    return any(graph.values[w.target].kind == "input" for w in graph.writes) or any(p.family == "shape" and p.name != "clone" for p in over)


def onlooker(fn: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], gradients: bool = False) -> Graph:
    """The graph of one run as a drawing wants to see it: with the names that the function gives its arguments (and the keys of dicts
    among them), the nodes that were recorded, and the calls of library functions that the operations are part of. It is not replayed.
    `gradients`: those of what it returns and is a single number with a graph.

    Raises:
        GraphError: nothing it returns was computed from tensors; with `gradients`, nothing is a single number with a graph.
    """
    tracer = Tracer(_number, replays=False)
    inputs, result = _run(tracer, fn, args, kwargs, named_arguments(fn, args, kwargs))
    grads: dict[int, Any] = {}
    shares: dict[int, tuple[Any, ...]] = {}
    if gradients:
        if not any(True for _ in carried(result)):
            raise TypeError(expected("draw", "the function to return a tensor to walk back from", type(result).__name__))
        returned = [x for x in dict.fromkeys(carried(result)) if x.node is not None]
        losses = [x for x in returned if getattr(x.value, "size", 1) == 1]
        grads, shares = gradients_of(losses or returned[:1], "draw(backward=True)")
    return _finish(tracer, inputs, *_ends(tracer, result), grads, shares)


def _number(raw: Any) -> Any:
    """A single number as it is now; of larger results the graph keeps nothing."""
    return copy.copy(raw) if getattr(raw, "size", 1) == 1 else None


def _run(
    tracer: Tracer, fn: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], given: Sequence[tuple[str, Any]]
) -> tuple[tuple[int, ...], Any]:
    """The ids of the inputs, and what the function returns."""
    inputs = tuple(tracer.declare(x, "input", name) for name, x in given)
    with Switch(tracer=tracer):
        return inputs, fn(*args, **kwargs)


def _ends(tracer: Tracer, result: Any) -> tuple[tuple[int, ...], Any]:
    """The ids of the outputs, and how they are nested."""
    outputs: list[int] = []
    structure = _flatten(result, tracer, outputs)
    tracer.check_all_heard()
    tracer.check_left_behind(result)
    if not outputs:
        raise GraphError(expected("trace", "a function that returns tensors", type(result).__name__))
    return tuple(outputs), structure


def named_arguments(fn: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[tuple[str, Variable]]:
    """The variables among the arguments, also within dicts and lists, each under the name that the function or the dict gives it."""
    try:
        bound = inspect.signature(getattr(fn, "forward", fn)).bind(*args, **kwargs)
        given = dict(bound.arguments)
    except (TypeError, ValueError):  # no signature, or the call itself will say what is wrong
        given = {**{f"x{i}": a for i, a in enumerate(args)}, **kwargs}
    found = [pair for name, x in given.items() for pair in _variables(name, x)]
    count = Counter(short for _, short, _ in found)
    return [(short if count[short] == 1 else full, x) for full, short, x in found]


def _variables(name: str, x: Any, short: str | None = None) -> Iterator[tuple[str, str, Variable]]:
    """The full name of each variable (`batch.image`), its last name (`image`), and the variable."""
    if isinstance(x, Variable):
        yield name, short or name, x
    elif isinstance(x, Mapping):
        for key, part in x.items():
            yield from _variables(f"{name}.{key}", part, str(key))
    elif isinstance(x, tuple | list):
        for i, part in enumerate(x):
            own = x._fields[i] if hasattr(x, "_fields") else None
            yield from _variables(f"{name}.{own or i}", part, own)


@dataclass(slots=True)
class Run:
    """One observed call: the graph of all that was done, as far as it came; and what a graph does not say.

    Attributes:
        graph: every operation in order. Of a call that failed, its outputs are the results that nothing took any more.
        result: what the call gave; None if it failed.
        error: what it raised.
        nodes: for each value that was recorded its node on the tape.
        scopes: for each step the call of the module that it stands in.
        ids: the values by the identity of the variables that carried them.
    """

    graph: Graph
    result: Any
    error: Exception | None
    nodes: dict[int, Node]
    scopes: list[Any]
    ids: dict[int, int]


def observe(fn: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], note: Callable[[Any], Any]) -> Run:
    """Run `fn(*args, **kwargs)` once and tell all of it, also where it fails. `note` is that of `trace`."""
    tracer = Tracer(note, replays=False)
    result, error = None, None
    try:
        _, result = _run(tracer, fn, args, kwargs, named_arguments(fn, args, kwargs))
    except Exception as raised:
        error = raised
    inputs = tuple(i for i, v in enumerate(tracer.values) if v["kind"] == "input")
    if error is None:
        outputs, structure = _ends(tracer, result)
    else:
        taken = {at for call in tracer.steps for at in call.given}
        outputs = tuple(at for call in tracer.steps for at in call.outputs[:1] if not taken.intersection(call.outputs))
        structure = ("constant", None)
    graph = _finish(tracer, inputs, outputs, structure)
    return Run(graph, result, error, tracer.nodes, [call.scope for call in _leading_to(outputs, tracer.steps)], tracer.ids)


def _flatten(result: Any, tracer: Tracer, outputs: list[int]) -> Any:
    """The nesting of the result, with each variable replaced by its place among the outputs."""
    if isinstance(result, Variable):
        outputs.append(tracer.argument(result))
        return len(outputs) - 1
    if isinstance(result, dict):
        return {k: _flatten(v, tracer, outputs) for k, v in result.items()}
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        return type(result)(*(_flatten(v, tracer, outputs) for v in result))
    if isinstance(result, tuple | list):
        return tuple(_flatten(v, tracer, outputs) for v in result)
    return ("constant", result)


def _present(call: Call) -> list[tuple[int, int | None]]:
    """The arguments that were not left out: the value, and that of the variable that carried it, if one did."""
    return [(at, of) for at, of in zip(call.given, call.carried, strict=True) if at is not None]


def _leading_to(outputs: Sequence[int], calls: Sequence[Call]) -> list[Call]:
    """The calls that the outputs depend on: what a function computes besides and leaves alone is no part of the picture."""
    wanted, found = set(outputs), []
    for call in reversed(calls):
        if wanted.intersection(call.outputs):
            wanted.update(at for at in call.given if at is not None)
            wanted.update(call.linked.values())
            found.append(call)
    return found[::-1]


def _finish(
    tracer: Tracer,
    inputs: tuple[int, ...],
    outputs: tuple[int, ...],
    structure: Any,
    grads: Mapping[int, Any] = MappingProxyType({}),
    shares: Mapping[int, tuple[Any, ...]] = MappingProxyType({}),
) -> Graph:
    """The graph; `grads` and `shares` are gradients by the serial numbers of nodes."""
    holdings = Holdings(call.scope for call in tracer.steps)
    values = []
    for i, v in enumerate(tracer.values):
        held, name = holdings.of(v["data"] if v["node"] is None else v["node"])
        serial = -1 if v["node"] is None else v["node"].serial
        values.append(
            Value(
                id=i,
                **{**v, "name": v["name"] or name},
                held=held,
                grad=grads.get(serial),
                shares=shares.get(serial, ()),
                gradient_of=tracer.gradients.get(i),
            )
        )
    steps = []
    made = {call.node: i for i, call in enumerate(tracer.steps) if call.node is not None}
    modules: dict[int, dict[int, str]] = {}  # names within modules, for the scopes' paths
    counted: set[int] = {id(owner(v["data"])) for v in tracer.values if v["kind"] == "parameter"}
    for i, call in enumerate(tracer.steps if tracer.replays else _leading_to(outputs, tracer.steps)):
        scope = call.scope
        keeps, size = kept_by(call.node, counted)
        steps.append(
            Step(
                index=i,
                primitive=call.prim,
                inputs=tuple(at for at in call.given if at is not None),
                outputs=call.outputs,
                params=call.params,
                linked=call.linked,
                bare=tuple(i for i, (at, of) in enumerate(_present(call)) if of is None and tracer.values[at]["kind"] != "constant"),
                scope=scope.path(modules) if isinstance(scope, Scope) else (),
                keeps=keeps,
                kept_bytes=size,
                serial=i if tracer.replays or call.node is None else call.node.serial,
                call=call.call,
                again=computed_again(call.node),
                overwrites=next((tracer.written[o] for o in call.outputs if o in tracer.written), None),
                origin=scope.of.serial if isinstance(scope, BackwardScope) else None,
                rule=made.get(scope.of) if isinstance(scope, BackwardScope) else None,
                absent=tuple(place for place, at in enumerate(call.given) if at is None),
                recorded=call.recorded,
            )
        )
    return Graph(
        tuple(values),
        tuple(steps),
        inputs,
        outputs,
        replayable=tracer.replays,
        structure=structure,
        writes=tuple(tracer.writes),
        obstacle=tracer.obstacle,
        taken=tracer.taken_at,
        held=holdings.count,
    )
