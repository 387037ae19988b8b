"""Recording off the fast path: any number of inputs or outputs, tracing, anomaly detection, inference mode, views."""

from __future__ import annotations

import os
import sys
import warnings
import weakref
from collections.abc import Callable, Sequence
from threading import RLock
from types import FrameType
from typing import Any

from ..config import Context, scope
from ..errors import UsageHint, expected
from .complaints import no_tensor
from .node import Node
from .operation import Operation
from .variable import INSIDE, RAW, VALUE_TYPES, Variable
from .versions import clock, owner


def run(prim: Operation, value_type: type[Variable], args: Sequence[Any], params: tuple[Any, ...], c: Context) -> Any:
    """One call of a primitive, the general way."""
    values: list[Any] = []
    nodes: list[Node | None] = []
    for i, x in enumerate(args):
        if isinstance(x, value_type):
            values.append(x.storage() if prim.view else x.value)
            nodes.append(x.node)
        else:
            optional = x is None and not prim.variadic and prim.inputs[i] in prim.optional
            plain = value_type.arrays if value_type.arrays and not prim.variadic and prim.inputs[i] in prim.variables else value_type.plain
            value: Any = x if x.__class__ in plain or optional else value_type.coerce(prim.name, i, x)
            number = value.__class__ in value_type.numbers and not prim.variadic
            values.append(value.item() if number else value)
            nodes.append(None)
    token = value_type.guard[0]() if value_type.guard is not None else None
    try:
        y = prim.compute(value_type, values, dict(zip(prim.params, params, strict=True)))
    except Exception as error:
        raise value_type.explain(prim, error, tuple(values)) from None
    finally:
        if value_type.guard is not None:
            value_type.guard[1](token)
    many = prim.several or len(prim.outputs) > 1
    ys = outcome(prim, value_type, y)
    outs = tuple(_wrap(value_type, v) for v in ys)
    if c.recording and prim.differentiable and any(n is not None for n in nodes):
        node = record_node(prim, value_type, nodes, values, params, ys, c)
        if prim.several:
            for j, out in enumerate(outs):
                out.node = select_output(node, j, len(outs), value_type, out.value)
        else:
            outs[0].node = node
        if c.anomaly:
            node.extended().line = user_line()
    if c.anomaly and prim.advice is not None:
        text = prim.advice([_made_by(n) for n in nodes], values)
        if text:
            _hint(text)
    if prim.view:
        for j, out in enumerate(outs):
            link_view(out, args[0], *((prim, params) if prim.view is True else prim.view(j, *params)))
    elif not prim.ours:
        note_shared(prim.name, outs, args)
    if c.inference:
        for out in outs:
            out._inference = True
    if c.region is not None:
        c.region.called(nodes, values, params, ys)
    if c.tracer is not None:
        c.tracer.record(prim, args, params, outs, scope())
    return outs if many else outs[0]


def outcome(prim: Operation, value_type: type[Variable], y: Any) -> tuple[Any, ...]:
    """What a kernel returned, as one raw value for each declared output, or a TypeError that says what was declared."""
    count = len(prim.outputs)
    many = prim.several or count > 1
    ys: tuple[Any, ...] = (*y,) if many and isinstance(y, tuple | list) else (y,)
    as_many = isinstance(y, tuple | list) if prim.several and count == 1 else len(ys) == count  # split: as many as there are
    if as_many and all(v.__class__ in value_type.raw or value_type.fitting(v) for v in ys):
        return ys
    declared = (
        f"one array, its output {prim.outputs[0]!r}" if not many else f"a tuple of {count} arrays, {', '.join(map(repr, prim.outputs))}"
    )
    declared = "a tuple of arrays, one for each output" if prim.several and count == 1 else declared
    if value_type.kernel_types:
        declared = declared.replace("arrays", "numbers").replace("array", "number")
    fix = "A kernel takes arrays and returns arrays."
    if isinstance(y, tuple | list):
        came = f"{type(y).__name__} of {len(y)} ({', '.join(type(v).__name__ for v in y)})"
        names = ", ".join([*(f'"{n}"' for n in prim.outputs[: len(y)]), *(f'"y{j}"' for j in range(count, len(y)))])
        if len(y) != count and len(y) > 1 and not prim.several:
            fix = f"Declare what it returns, the first output being the one that takes a gradient: @primitive(outputs=({names}))."
    else:
        came = "None" if y is None else type(y).__name__
        fix = "Return them as a tuple, or leave outputs= out." if count > 1 else fix
    wrapped = next((v for v in (y, *ys) if isinstance(v, Variable)), None)
    if wrapped is not None:
        fix = f"A forward computes with arrays, as NumPy does; return the {type(wrapped).__name__}'s array, or write a function of operations instead."
    elif y is None:
        fix = "Does it lack a return?"
    raise TypeError(expected(f"{prim.name}: its forward", f"to return {declared}", came, fix))


def _wrap(value_type: type[Variable], value: Any) -> Any:
    made = value_type.__new__(value_type)
    made.value = value
    made.node = None
    return made


def record_node(
    prim: Any,
    value_type: type[Variable],
    nodes: Sequence[Node | None],
    values: Sequence[Any],
    params: tuple[Any, ...],
    ys: Sequence[Any],
    c: Context,
) -> Node:
    """The node of a call whose values are known. (The fast path writes the same inline.)"""
    node = Node()
    node.prim = prim
    node.inputs = tuple(nodes)
    node.params = params
    node.scope = scope()
    node.extra = None
    node.kept = (*ys[: len(prim.outputs)], *values) if value_type.keeps_all else keep(prim, nodes, values, ys)
    node.shape = node.dtype = None
    if not prim.several:
        value_type.remember(node, ys[0], tuple(values))
    node.serial = clock()
    if c.region is not None:
        c.region.recorded(node)
    return node


def keep(prim: Any, nodes: Sequence[Node | None], values: Sequence[Any], ys: Sequence[Any]) -> tuple[Any, ...]:
    """What the rules that will run want kept; None in the place of what only the others want."""
    if prim.variadic:
        make: dict[str, Callable[[], Any]] = {
            "input": lambda: tuple(values),
            "shape": lambda: tuple(getattr(v, "shape", ()) for v in values),
            "output": lambda: ys[0],
        }
        return tuple(make[k.kind]() for k in prim.keep)
    kept: list[Any] = []
    for k in prim.keep:
        if not any(nodes[i] is not None for i in k.wanted_by):
            kept.append(None)
        elif k.kind == "input":
            kept.append(values[k.index])
        elif k.kind == "shape":
            kept.append(getattr(values[k.index], "shape", ()))
        else:
            kept.append(ys[k.index])
    return tuple(kept)


def coerce_all(prim: Operation, args: Sequence[Any]) -> Callable[..., Any]:
    """No argument's class has a call yet: write it; or all is raw; or the user is told what is wrong."""
    for x in args:
        if isinstance(x, Variable):
            value_type = next(f for f in type(x).__mro__ if f in VALUE_TYPES)
            prim.by_value_type[type(x)] = prim.call_for(value_type)
            return prim.by_value_type[type(x)]
    for i, x in enumerate(args):
        name = prim.inputs[0 if prim.variadic else i]
        if x.__class__ not in RAW and x.__class__ not in INSIDE and not (x is None and name in prim.optional):
            raise no_tensor(x, prim.name, name, i + 1)
    return prim.raw


# ------------------------------------------------------------------------------------------------- several outputs
class OutputCotangents:
    """The gradient of a call with several outputs, as far as it arrived. Adding merges, so the walk needs no special case."""

    __slots__ = ("count", "found")
    shape = None
    dtype = None

    def __init__(self, count: int, found: dict[int, Any]) -> None:
        self.count = count
        self.found = found

    def __add__(self, other: OutputCotangents) -> OutputCotangents:
        merged = dict(self.found)
        for j, g in other.found.items():
            merged[j] = merged[j] + g if j in merged else g
        return OutputCotangents(self.count, merged)

    def map(self, fn: Callable[[Any], Any]) -> OutputCotangents:
        """The same with `fn` applied to each gradient."""
        return OutputCotangents(self.count, {j: fn(g) for j, g in self.found.items()})

    def listed(self) -> tuple[Any, ...]:
        """One gradient an output, None where nothing arrived."""
        return tuple(self.found.get(j) for j in range(self.count))


class PseudoPrimitive:
    """What a node has for a primitive where no operation was called: what the walk and the readers of a graph ask of any."""

    name = label = family = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    keep: tuple[Any, ...] = ()
    reads: tuple[int, ...] = ()
    several = variadic = once = view = holds = takes_donation = ours = False

    def pull(self, g: Any, k: Any, p: Any, i: Any) -> tuple[Any, ...]:
        """The gradients of the node's inputs."""
        raise NotImplementedError

    @property
    def pull_all(self) -> Callable[..., tuple[Any, ...]]:
        """The same for nodes of Scalars."""
        return self.pull


class _SelectOutput(PseudoPrimitive):
    """The pseudo-operation that stands between an output of a call with several and the call."""

    name = "pick"
    family = "index"
    inputs = ("parts",)
    outputs = ("y",)
    params = ("index", "count")

    def pull(self, g: Any, k: Any, p: Any, i: Any) -> tuple[Any, ...]:
        return (OutputCotangents(p[1], {p[0]: g}),)


SELECT_OUTPUT = _SelectOutput()


def select_output(node: Node, index: int, count: int, value_type: type[Variable], y: Any) -> Node | None:
    """The node of one output of a call with several; None for an output that takes no gradient (integers)."""
    if value_type.fits and getattr(y.dtype, "kind", "f") not in "fc":
        return None
    made = Node()
    made.prim = SELECT_OUTPUT
    made.inputs = (node,)
    made.params = (index, count)
    made.kept = ()
    made.scope = node.scope
    made.extra = None
    value_type.remember(made, y, ())
    made.serial = clock()
    return made


# ------------------------------------------------------------------------------------------------- views
class View:
    """Of which base something is a view, and by which operations; and by which function of the user's, which has a rule of its own: then
    it is `sealed`, for nobody may write past that rule."""

    __slots__ = ("base", "custom", "path", "sealed")

    def __init__(
        self, base: Any, path: tuple[tuple[Operation, tuple[Any, ...]], ...], custom: str | None = None, sealed: bool = False
    ) -> None:
        self.base = base
        self.path = path
        self.custom = custom
        self.sealed = sealed

    def of(self, base: Any, before: tuple[tuple[Operation, tuple[Any, ...]], ...] = ()) -> View:
        """The same view of another base, which leads here by some operations `before`."""
        return View(base, (*before, *self.path), self.custom, self.sealed)

    def again(self, x: Any) -> Any:
        """The same view of something else of the base's shape, recorded as usual."""
        for prim, params in self.path:
            x = prim(x, **dict(zip(prim.params, params, strict=True)))
        return x


def live_views(x: Any) -> list[Any]:
    """The views of a base that still exist."""
    return [v for ref in x.__dict__.get("_views", ()) if (v := ref()) is not None and v._view is not None and v._view.base is x]


_linking = RLock()  # of one base in several threads no view is lost while the dead ones are swept out


def _after_fork() -> None:
    global _linking
    _linking = RLock()  # another thread may have held it, which the forked process does not have


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def link_view(out: Any, x: Any, prim: Operation, params: tuple[Any, ...]) -> None:
    """Note that `out` is a view of `x`, so that a write to one is differentiated in the other. Bases know their views weakly."""
    if not isinstance(x, Variable) or owner(out.value) is not owner(x.value):
        return
    above = x._view
    base, path = (x, ()) if above is None else (above.base, above.path)
    out._view = View(base, (*path, (prim, params)), *((above.custom, above.sealed) if above is not None else ()))
    note_view(out, base)


def note_view(out: Any, base: Any) -> None:
    """Let `base` know its view `out`."""
    with _linking:
        views = base.__dict__.setdefault("_views", [])
        if len(views) >= 32 and not len(views) & (len(views) - 1):
            views[:] = [r for r in views if r() is not None]
        views.append(weakref.ref(out))


def note_shared(name: str, outs: Sequence[Any], args: Sequence[Any]) -> None:
    """Note which results of a user's operation or function lie in the memory of an argument, though nothing says how: such a view cannot be
    written to where that is differentiated, nor be differentiated once its base was."""
    bases = [x if x._view is None else x._view.base for x in args if isinstance(x, Variable)]
    for out in outs:
        if (
            not isinstance(out, Variable)
            or not hasattr(out.value, "strides")
            or (out._view is not None and any(out._view.base is b for b in bases))
        ):
            continue
        store = owner(out.value)
        base = next((b for b in bases if b is not out and owner(b.value) is store), None)
        if base is not None:
            out._view = View(base, (), name, sealed=True)  # type: ignore[misc]  # each variable has its own
            note_view(out, base)


# ------------------------------------------------------------------------------------------------- where in the source
_PACKAGE = __name__.partition(".")[0]


def _user_frame() -> FrameType:
    frame = sys._getframe(1)
    while frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE and frame.f_back is not None:
        frame = frame.f_back
    return frame


def asked_by_user(*modules: str) -> bool:
    """Is it code outside this package that called into these modules, in which the innermost frames are?"""
    frame = sys._getframe(1)
    while frame.f_globals.get("__name__") in modules and frame.f_back is not None:
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] != _PACKAGE


def user_line() -> str:
    """`file:line, in function`: the innermost frame outside this package."""
    frame = _user_frame()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}, in {frame.f_code.co_name}"


def _made_by(node: Node | None) -> str:
    """The operation that made a value, whatever it was reshaped to since; "" for none."""
    while node is not None and node.prim is not None and node.prim.family == "shape" and node.inputs:
        node = node.inputs[0]
    return node.prim.name if node is not None and node.prim is not None else ""


def _hint(text: str) -> None:
    """Warn at the user's line: Python shows it once for each."""
    frame = _user_frame()
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    module = frame.f_globals.get("__name__", "__main__")
    warnings.warn_explicit(text, UsageHint, frame.f_code.co_filename, frame.f_lineno, module, registry)
