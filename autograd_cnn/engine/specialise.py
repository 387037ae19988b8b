"""Writes a primitive's calls as source, the way `dataclasses` writes `__init__`.

Everything that can be decided when a primitive is defined is decided then: arity, what is kept for whom, defaults. At call
time there is no loop, no signature work and no dictionary. That is worth a factor of two on small operations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..config import current, peek, scope
from .graph import Node
from .record import adopt_all, link_view, run
from .variable import ARRAYS, INSIDE, RAW, Variable
from .versions import clock

if TYPE_CHECKING:
    from .primitive import Keep, Primitive


def _make(name: str, lines: list[str], namespace: dict[str, Any], prim: Primitive) -> Callable[..., Any]:
    namespace["__name__"] = __name__  # the written call belongs to this package: `user_line` passes over it
    exec(compile("\n".join(lines), f"<{prim.name}: {name}>", "exec"), namespace)
    made: Callable[..., Any] = namespace[name]
    made.__name__ = made.__qualname__ = prim.name
    made.__doc__ = prim.__doc__
    made.__module__ = prim.__module__
    made.primitive = prim  # type: ignore[attr-defined]  # a function may carry attributes
    return made


def _signature(prim: Primitive, namespace: dict[str, Any]) -> str:
    """Inputs and parameters under their own names; the parameters may be given by position, as PyTorch's may."""
    parts = []
    for n in prim.inputs:
        if n in prim.optional:
            namespace[f"_default_{n}"] = prim.optional[n]
            parts.append(f"{n}=_default_{n}")
        else:
            parts.append(f"*{n}" if prim.variadic else n)
    if any(p not in prim.defaults for p in prim.params) and (prim.optional and not prim.variadic):
        parts.append("*")
    for p in prim.params:
        if p in prim.defaults:
            namespace[f"_default_{p}"] = prim.defaults[p]
            parts.append(f"{p}=_default_{p}")
        else:
            parts.append(p)
    return ", ".join(parts)


def _tuple(items: list[str]) -> str:
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def write_pull(prim: Primitive, keeps_all: bool = False) -> Callable[..., Any]:
    """`pull(g, kept, params, inputs, spare=None) -> one gradient (or None) per input`: each rule runs only if an input of it wants one.
    `keeps_all`: what is kept is (output, *inputs)."""
    namespace: dict[str, Any] = {}
    place = {k.name: i for i, k in enumerate(prim.keep)}
    if keeps_all:
        place = {k.name: 0 if k.kind == "output" else 1 + k.index for k in prim.keep if k.kind != "shape"}
    lines = ["def pull(g, k, p, i, spare=None):"]
    result = ["None"] * len(prim.inputs)
    shared = any(len(served) > 1 for served, _ in prim.groups)
    for number, (served, rule) in enumerate(prim.groups):
        namespace[f"rule{number}"] = rule
        names = rule.__code__.co_varnames[: rule.__code__.co_argcount]
        args = []
        for n in names:
            if n == "spare":
                args.append("spare")
            elif n == "g":
                args.append("g.listed()" if prim.several else "g")
            elif n == "need":
                args.append("need" if prim.variadic else _tuple([f"i[{s}] is not None" for s in served]))
            elif n in place:
                args.append(f"k[{place[n]}]")
            elif n not in prim.params:
                args.append("()")  # the shape of a number
            else:
                args.append(f"p[{prim.params.index(n)}]")
        call = f"rule{number}({', '.join(args)})"
        if prim.variadic:
            lines += ["    need = tuple(n is not None for n in i)", f"    return {call}"]
            return _make("pull", lines, namespace, prim)
        if len(served) == 1:
            alone = f"{call} if i[{served[0]}] is not None else None" if len(prim.inputs) > 1 else call
            if shared:  # rules run in the order in which they stand
                lines.append(f"    r{number} = {alone}")
            result[served[0]] = f"r{number}" if shared else alone
        else:
            wanted = " or ".join(f"i[{s}] is not None" for s in served)
            lines.append(f"    r{number} = {call} if {wanted} else {_tuple(['None'] * len(served))}")
            for at, s in enumerate(served):
                result[s] = f"r{number}[{at}]"
    return _make("pull", [*lines, f"    return {_tuple(result)}"], namespace, prim)


def _kept(k: Keep, prim: Primitive) -> str:
    """The expression of one kept thing, None where the rule that wants it will not run."""
    what = {"input": f"v{k.index}", "output": f"y{k.index}", "shape": f"v{k.index}.shape"}[k.kind]
    differentiable = {s for served, _ in prim.groups for s in served}
    if k.wanted_by >= differentiable:
        return (
            what
            if k.kind != "shape" or prim.inputs[k.index] not in prim.optional
            else f"getattr(v{k.index}, 'shape', None)"
        )
    wanted = " or ".join(f"n{i} is not None" for i in sorted(k.wanted_by))
    if k.kind == "shape":
        what = f"getattr(v{k.index}, 'shape', ())"
    return f"({what} if {wanted} else None)"


def write_call(prim: Primitive, front: type[Variable], operator: bool = False) -> Callable[..., Any]:
    """The call for one kind of variable. `operator`: foreign operands give NotImplemented, so that Python asks the other side."""
    namespace: dict[str, Any] = {
        "Front": front, "plain": front.plain, "adopt": front.adopt, "peek": peek, "current": current, "scope": scope, "Node": Node,
        "new": object.__new__, "clock": clock, "prim": prim, "run": run, "link_view": link_view,
        "forward": prim.kernel_for(front), "numbers": front.numbers, "arrays": front.arrays or front.plain,
        "fast": prim.fast, "Inside": front.inside, "outside": front.outside,
    }  # fmt: skip
    if prim.variadic:
        lines = [f"def call({_signature(prim, namespace)}):", "    c = peek() or current()"]
        lines.append(f"    return run(prim, Front, {prim.inputs[0]}, {_tuple(list(prim.params))}, c)")
        return _make("call", lines, namespace, prim)
    lines = [f"def call({_signature(prim, namespace)}):"]
    for i, n in enumerate(prim.inputs):
        value = "storage()" if prim.view and i == 0 else "value"  # a view needs an array to share
        lines += [f"    if isinstance({n}, Front):", f"        v{i} = {n}.{value}; n{i} = {n}.node"]
        alone = len(prim.inputs) == 1 or not front.numbers  # then no other operand's dtype is to be decided
        if operator:
            lines += [
                f"    elif {n}.__class__ in plain:",
                f"        v{i} = {n}{'' if alone else f' if {n}.__class__ not in numbers else {n}.item()'}; n{i} = None",
                "    else:",
                "        return NotImplemented",
            ]
        else:
            none = f" or {n} is None" if prim.optional.get(n, 0) is None else ""
            lines += [
                "    else:",
                f"        v{i} = {n} if {n}.__class__ in {'arrays' if n in prim.variables else 'plain'}{none} else adopt({prim.name!r}, {i}, {n}); "
                f"n{i} = None",
                *([] if alone else [f"        if v{i}.__class__ in numbers: v{i} = v{i}.item()"]),
            ]
    inputs, params = list(prim.inputs), list(prim.params)
    lines += [
        "    c = peek() or current()",
        f"    if c.special: return run(prim, Front, {_tuple(inputs)}, {_tuple(params)}, c)",
    ]
    if prim.several:
        lines[-1:] = [f"    return run(prim, Front, {_tuple(inputs)}, {_tuple(params)}, c)"]
        return _make("call", lines, namespace, prim)
    values = ", ".join([f"v{i}" for i in range(len(inputs))] + [f"{p}={p}" for p in params])
    ys = [f"y{j}" for j in range(len(prim.outputs))]
    hush, unhush = ("t = hush(); ", "unhush(t)") if front.guard is not None else ("", "pass")
    if front.guard is not None:
        namespace["hush"], namespace["unhush"] = front.guard
    lines += [
        f"    {hush}",
        "    try:",
        *_compute(prim, front, ", ".join(ys), values),
        "    except Exception as error:",
        f"        raise Front.explain(prim, error, {_tuple([f'v{i}' for i in range(len(inputs))])}) from None",
        "    finally:",
        f"        {unhush}",
    ]
    lines.append("    out = new(Front); out.value = y0")
    if prim.differentiable:
        nodes = " or ".join(f"n{i} is not None" for i in range(len(inputs)))
        kept = (
            ["y0", *(f"v{i}" for i in range(len(inputs)))] if front.keeps_all else [_kept(k, prim) for k in prim.keep]
        )
        lines += [
            f"    if ({nodes}) and c.record:",
            f"        node = new(Node); node.prim = prim; node.inputs = {_tuple([f'n{i}' for i in range(len(inputs))])}",
            f"        node.kept = {_tuple(kept)}; node.params = {_tuple(params)}; node.scope = scope()",
            f"        node.extra = None; node.serial = clock(); {front.remembers}",
            "        out.node = node",
            "    else:",
            "        out.node = None",
        ]
    else:
        lines.append("    out.node = None")
    if prim.view:
        lines.append(f"    if isinstance({inputs[0]}, Front): link_view(out, {inputs[0]}, prim, {_tuple(params)})")
    if len(ys) == 1:
        lines.append("    return out")
    else:
        for j in range(1, len(ys)):
            lines.append(f"    out{j} = new(Front); out{j}.value = y{j}; out{j}.node = None")
        lines.append(f"    return {_tuple(['out', *(f'out{j}' for j in range(1, len(ys)))])}")
    return _make("call", lines, namespace, prim)


def _compute(prim: Primitive, front: type[Variable], ys: str, values: str) -> list[str]:
    """The faster kernel first, if there is one; the reference on plain values, which is nearly always what they are."""
    if front.inside is None:
        return [f"        {ys} = forward({values})"]
    names = [f"v{i}" for i in range(len(prim.inputs))]
    inside = " or ".join(f"{v}.__class__ is Inside" for v in names[1 if prim.view else 0 :])
    params = "{" + ", ".join(f"{p!r}: {p}" for p in prim.params) + "}"
    plain = f"forward({values})"
    if inside:
        plain = f"outside(prim, {_tuple(names)}, {params}) if {inside} else {plain}"
    if prim.fast is None:
        return [f"        {ys} = {plain}"]
    return [f"        _found = fast({values})", f"        if _found is NotImplemented: _found = {plain}", f"        {ys} = _found"]


def write_dispatch(prim: Primitive) -> Callable[..., Any]:
    """The public call: finds the kind of variable among the arguments; all raw computes raw."""
    namespace: dict[str, Any] = {
        "get": prim.by_front.get, "adopt_all": adopt_all, "prim": prim, "forward": prim.forward, "ARRAYS": ARRAYS, "RAW": RAW,
        "INSIDE": INSIDE, "fast": prim.fast,
    }  # fmt: skip
    lines = [f"def call({_signature(prim, namespace)}):"]
    given = [f"{p}={p}" for p in prim.params]
    if prim.variadic:
        n = prim.inputs[0]
        lines.append(f"    f = get({n}[0].__class__) if {n} else None")
        lines.append(f"    return (f or adopt_all(prim, {n}))({', '.join([f'*{n}', *given])})")
        return _make("call", lines, namespace, prim)
    inputs = list(prim.inputs)
    lines.append(f"    f = {' or '.join(f'get({n}.__class__)' for n in inputs)}")
    first, *rest = inputs
    raw = " and ".join([f"{first}.__class__ in ARRAYS", *(f"({n}.__class__ in RAW or {n} is None)" for n in rest)])
    call = ", ".join([*inputs, *given])
    quick = [f"    if {raw}:", f"        _found = fast({call})", f"        return forward({call}) if _found is NotImplemented else _found"]
    lines += [
        f"    if f is not None: return f({call})",
        *(quick if prim.fast is not None else [f"    if {raw}: return forward({call})"]),  # what rules do in a plain backward pass
        f"    if {' or '.join(f'{n}.__class__ in INSIDE' for n in inputs)}: return prim.raw({call})",
        f"    return adopt_all(prim, {_tuple(inputs)})({call})",
    ]
    return _make("call", lines, namespace, prim)
