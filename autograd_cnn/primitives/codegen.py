"""Writes a primitive's calls as source, the way `dataclasses` writes `__init__`.

Everything that can be decided when a primitive is defined is decided then: arity, what is kept for whom, defaults. At call
time there is no loop, no signature work and no dictionary. That is worth a factor of two on small operations.

The arguments stand in a written call under the user's names. Every other name in it, builtins included, begins with two
underscores, and `Primitive` refuses arguments that do: so no name of a user can mean anything but the user's argument.
"""

from __future__ import annotations

import linecache
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..config import current, peek, scope
from ..engine.complaints import as_number
from ..engine.node import Node
from ..engine.record import coerce_all, link_view, note_shared, outcome, run
from ..engine.variable import ARRAYS, INSIDE, RAW, Variable
from ..engine.versions import clock
from ..types.kinds import COMPLEX, real_only
from .rules import asked, gradients

if TYPE_CHECKING:
    from .alias import Alias
    from .primitive import Keep, Primitive

_PACKAGE = __name__.partition(".")[0]

KERNELS = ("__fast", "__forward", "__outside")  # the names under which a written call finds what computes
WRITTEN: weakref.WeakSet[Callable[..., Any]] = weakref.WeakSet()  # the calls written so far, for those who time them


def _make(
    kind: str, lines: list[str], namespace: dict[str, Any], prim: Primitive, named: Primitive | Alias | None = None
) -> Callable[..., Any]:
    """The function that these lines define, which is called `call` or `pull` in them, under the name of `named`."""
    named, source = named or prim, "\n".join(lines) + "\n"
    namespace["__name__"] = __name__  # the written call belongs to this package: `user_line` passes over it
    filename = _file(named.name, kind)
    exec(compile(source, filename, "exec"), namespace)
    made: Callable[..., Any] = namespace["pull" if "pull" in kind else "call"]
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)  # for tracebacks and debuggers
    weakref.finalize(made, linecache.cache.pop, filename, None).atexit = False
    made.__name__ = made.__qualname__ = named.name
    made.__doc__ = named.__doc__
    made.__module__ = named.__module__
    made.primitive = prim  # type: ignore[attr-defined]  # a function may carry attributes
    if "pull" not in kind:
        WRITTEN.add(made)
    return made


def _file(name: str, kind: str) -> str:
    """`<autograd_cnn: relu>` is the public call; those for one kind of variable, operators and rules say so. A definition that is run
    again has a number, while calls of the one before are alive."""
    number, filename = 1, f"<{_PACKAGE}: {name}{kind}>"
    while filename in linecache.cache:
        number += 1
        filename = f"<{_PACKAGE}: {name}{kind} ({number})>"
    return filename


def _signature(prim: Primitive, namespace: dict[str, Any]) -> str:
    """Inputs and parameters under their own names; the parameters may be given by position, as PyTorch's may, as far as Python's
    order of defaults lets them."""
    parts = []
    for at, n in enumerate(prim.inputs):
        if n in prim.optional:
            namespace[f"__default_{n}"] = prim.optional[n]
            parts.append(f"{n}=__default_{n}")
        else:
            parts.append(f"*{n}" if prim.variadic else n)
        if at + 1 == prim.positional:
            parts.append("/")
    star = _first_by_name(prim)
    for at, p in enumerate(prim.params):
        if at == star:
            parts.append("*")
        if p in prim.defaults:
            namespace[f"__default_{p}"] = prim.defaults[p]
            parts.append(f"{p}=__default_{p}")
        else:
            parts.append(p)
    return ", ".join(parts)


def _first_by_name(prim: Primitive) -> int | None:
    """Where the parameters begin that only a name can give: what has no default may not stand after what has one."""
    required = [at for at, p in enumerate(prim.params) if p not in prim.defaults]
    if prim.variadic or not required:
        return None
    if prim.optional:
        return 0
    return next((at for at in required if any(p in prim.defaults for p in prim.params[:at])), None)


def _refuses_complex(prim: Primitive, values: Sequence[str], namespace: dict[str, Any]) -> list[str]:
    """The line that refuses complex numbers, where the operation is of real ones."""
    if not prim.real:
        return []
    namespace.update(__getattr=getattr, __COMPLEX=COMPLEX, __real_only=real_only)
    found = " or ".join(f"__getattr({v}, 'dtype', {v}.__class__) in __COMPLEX" for v in values)
    return [f"    if {found}: __real_only({prim.name!r}, {', '.join(values)})"]


def _tuple(items: list[str]) -> str:
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def write_pull(prim: Primitive, keeps_all: bool = False) -> Callable[..., Any]:
    """`pull(g, kept, params, inputs, donated=None) -> one gradient (or None) per input`: each rule runs only if an input of it wants one.
    `keeps_all`: what is kept is (*outputs, *inputs)."""
    namespace: dict[str, Any] = {}
    place = {k.name: i for i, k in enumerate(prim.keep)}
    if keeps_all:
        count = len(prim.outputs)
        place = {k.name: k.index if k.kind == "output" else count + k.index for k in prim.keep if k.kind != "shape"}
    lines = ["def pull(g, k, p, i, donated=None):"]
    result = ["None"] * len(prim.inputs)
    shared = any(len(served) > 1 for served, _ in prim.groups)
    for number, (served, rule) in enumerate(prim.groups):
        namespace[f"rule{number}"] = rule
        names = asked(rule)
        args = []
        for n in names:
            if n == "donated":
                args.append("donated")
            elif n == "g":
                args.append("g.listed()" if prim.several else "g")
            elif n == "need":
                args.append("need" if prim.variadic else _tuple([f"i[{s}] is not None" for s in served]))
            elif n in place:
                args.append(f"k[{place[n]}{':' if keeps_all and prim.variadic and n in prim.inputs else ''}]")
            elif n not in prim.params:
                args.append("()")  # the shape of a number
            else:
                args.append(f"p[{prim.params.index(n)}]")
        args = [f"{n}={a}" if by_name else a for (n, by_name), a in zip(names.items(), args, strict=True)]
        call = f"rule{number}({', '.join(args)})"
        if not prim.ours and (prim.variadic or len(served) > 1):  # the library's own rules are held to it by its tests
            namespace["gradients"], namespace[f"names{number}"] = gradients, [prim.inputs[s] for s in served]
            call = f"gradients({prim.name!r}, names{number}, {'len(i)' if prim.variadic else len(served)}, {call})"
        if prim.variadic:
            lines += ["    need = tuple(n is not None for n in i)", f"    return {call}"]
            return _make(" pull", lines, namespace, prim)
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
    return _make(" pull", [*lines, f"    return {_tuple(result)}"], namespace, prim)


def _kept(k: Keep, prim: Primitive) -> str:
    """The expression of one kept thing, None where the rule that wants it will not run."""
    what = {"input": f"__v{k.index}", "output": f"__y{k.index}", "shape": f"__v{k.index}.shape"}[k.kind]
    differentiable = {s for served, _ in prim.groups for s in served}
    if k.wanted_by >= differentiable:
        return what if k.kind != "shape" or prim.inputs[k.index] not in prim.optional else f"__getattr(__v{k.index}, 'shape', None)"
    wanted = " or ".join(f"__n{i} is not None" for i in sorted(k.wanted_by))
    if k.kind == "shape":
        what = f"__getattr(__v{k.index}, 'shape', ())"
    return f"({what} if {wanted} else None)"


def write_call(
    prim: Primitive, value_type: type[Variable], operator: bool = False, reflected: bool = False, named: Alias | None = None
) -> Callable[..., Any]:
    """The call for one kind of variable. `operator`: foreign operands give NotImplemented, so that Python asks the other side.
    `reflected`: an operator's two operands come the other way round. `named`: it goes by this other name."""
    kind = f" of {value_type.__name__}" + (", reflected" if reflected else ", operator" if operator else "")
    namespace: dict[str, Any] = {
        "__ValueType": value_type,
        "__plain": value_type.plain,
        "__coerce": value_type.coerce,
        "__peek": peek,
        "__current": current,
        "__scope": scope,
        "__Node": Node,
        "__new": object.__new__,
        "__clock": clock,
        "__prim": prim,
        "__run": run,
        "__link_view": link_view,
        "__note_shared": note_shared,
        "__forward": prim.kernel_for(value_type),
        "__numbers": value_type.numbers,
        "__arrays": value_type.arrays or value_type.plain,
        "__fast": prim.fast,
        "__Inside": value_type.inside,
        "__outside": value_type.outside,
        "__raw": value_type.raw,
        "__outcome": outcome,
        "__isinstance": isinstance,
        "__getattr": getattr,
        "__float": float,
        "__number": as_number,
        "__Exception": Exception,
        "__NotImplemented": NotImplemented,
    }
    if prim.variadic:
        lines = [f"def call({_signature(prim, namespace)}):", "    __c = __peek() or __current()"]
        lines.append(f"    return __run(__prim, __ValueType, {prim.inputs[0]}, {_tuple(list(prim.params))}, __c)")
        return _make(kind, lines, namespace, prim, named)
    lines = [f"def call({', '.join(reversed(prim.inputs)) if reflected else _signature(prim, namespace)}):"]
    for i, n in enumerate(prim.inputs):
        value = "storage()" if prim.view and i == 0 else "value"  # a view needs an array to share
        lines += [f"    if __isinstance({n}, __ValueType):", f"        __v{i} = {n}.{value}; __n{i} = {n}.node"]
        alone = len(prim.inputs) == 1 or not value_type.numbers  # then no other operand's dtype is to be decided
        if operator:
            number = "" if alone else f" if {n}.__class__ not in __numbers else {n}.item()"
            lines += [
                f"    elif {n}.__class__ in __plain:",
                f"        __v{i} = {n}{number}; __n{i} = None",
                "    else:",
                "        return __NotImplemented",
            ]
        else:
            kinds = "__arrays" if n in prim.variables else "__plain"
            none = f" or {n} is None" if prim.optional.get(n, 0) is None else ""
            lines += [
                "    else:",
                f"        __v{i} = {n} if {n}.__class__ in {kinds}{none} else __coerce({prim.name!r}, {i}, {n}); __n{i} = None",
                *([] if alone else [f"        if __v{i}.__class__ in __numbers: __v{i} = __v{i}.item()"]),
            ]
    inputs, params = list(prim.inputs), list(prim.params)
    general = f"return __run(__prim, __ValueType, {_tuple(inputs)}, {_tuple(params)}, __c)"
    for n in prim.numbers:
        lines.append(f"    if {n}.__class__ is not __float: __number({prim.name!r}, {n!r}, {n})")
    lines += ["    __c = __peek() or __current()", f"    if __c.special: {general}"]
    if prim.several:
        lines[-1:] = [f"    {general}"]
        return _make(kind, lines, namespace, prim, named)
    vs = [f"__v{i}" for i in range(len(inputs))]
    if value_type.fits:  # numbers are real
        lines += _refuses_complex(prim, vs, namespace)
    ys = [f"__y{j}" for j in range(len(prim.outputs))]
    enter_errstate, leave_errstate = ("__t = __enter()", "__leave(__t)") if value_type.guard is not None else ("pass", "pass")
    if value_type.guard is not None:
        namespace["__enter"], namespace["__leave"] = value_type.guard
    lines += [
        f"    {enter_errstate}",
        "    try:",
        *_compute(prim, value_type, ", ".join(ys), ", ".join([*vs, *(f"{p}={p}" for p in params)])),
        "    except __Exception as __error:",
        f"        raise __ValueType.explain(__prim, __error, {_tuple(vs)}) from None",
        "    finally:",
        f"        {leave_errstate}",
    ]
    lines += _checked(prim, ys)
    lines.append("    __out = __new(__ValueType); __out.value = __y0")
    if prim.differentiable:
        nodes = " or ".join(f"__n{i} is not None" for i in range(len(inputs)))
        kept = [*ys, *vs] if value_type.keeps_all else [_kept(k, prim) for k in prim.keep]
        lines += [
            f"    if ({nodes}) and __c.record:",
            f"        __node = __new(__Node); __node.prim = __prim; __node.inputs = {_tuple([f'__n{i}' for i in range(len(inputs))])}",
            f"        __node.kept = {_tuple(kept)}; __node.params = {_tuple(params)}; __node.scope = __scope()",
            "        __node.extra = None; __node.serial = __clock(); " + value_type.remembers.format(node="__node", y="__y0"),
            "        __out.node = __node",
            "    else:",
            "        __out.node = None",
        ]
    else:
        lines.append("    __out.node = None")
    outs = ["__out", *(f"__out{j}" for j in range(1, len(ys)))]
    if prim.view:
        lines.append(f"    if __isinstance({inputs[0]}, __ValueType): __link_view(__out, {inputs[0]}, __prim, {_tuple(params)})")
    for j in range(1, len(ys)):
        lines.append(f"    __out{j} = __new(__ValueType); __out{j}.value = __y{j}; __out{j}.node = None")
    if not prim.ours and not prim.view and value_type.fits:  # numbers share nothing
        lines.append(f"    __note_shared({prim.name!r}, {_tuple(outs)}, {_tuple(inputs)})")
    lines.append(f"    return {'__out' if len(ys) == 1 else _tuple(outs)}")
    return _make(kind, lines, namespace, prim, named)


def _compute(prim: Primitive, value_type: type[Variable], ys: str, values: str) -> list[str]:
    """The faster kernel first, if there is one; the reference on plain values, which is nearly always what they are."""
    if not prim.ours and len(prim.outputs) > 1:  # not yet known to be a tuple of as many
        ys = "__y"
    if value_type.inside is None:
        return [f"        {ys} = __forward({values})"]
    names = [f"__v{i}" for i in range(len(prim.inputs))]
    inside = " or ".join(f"{v}.__class__ is __Inside" for v in names[1 if prim.view else 0 :])
    params = "{" + ", ".join(f"{p!r}: {p}" for p in prim.params) + "}"
    plain = f"__forward({values})"
    if inside:
        plain = f"__outside(__prim, {_tuple(names)}, {params}) if {inside} else {plain}"
    if prim.fast is None or prim.view:  # a view is of a storage, which no backend keeps in an order of its own
        return [f"        {ys} = {plain}"]
    return [f"        __found = __fast({values})", f"        if __found is __NotImplemented: __found = {plain}", f"        {ys} = __found"]


def _checked(prim: Primitive, ys: list[str]) -> list[str]:
    """Did a user's forward return what was declared? (The library's own are held to it by its tests.)"""
    if prim.ours:
        return []
    if len(ys) > 1:
        return [f"    {', '.join(ys)} = __outcome(__prim, __ValueType, __y)"]
    return ["    if __y0.__class__ not in __raw: (__y0,) = __outcome(__prim, __ValueType, __y0)"]


def write_dispatch(prim: Primitive, named: Alias | None = None) -> Callable[..., Any]:
    """The public call: finds the kind of variable among the arguments; all raw computes raw. `named`: it goes by this other name."""
    namespace: dict[str, Any] = {
        "__get": prim.by_value_type.get,
        "__coerce_all": coerce_all,
        "__prim": prim,
        "__forward": prim.forward,
        "__ARRAYS": ARRAYS,
        "__RAW": RAW,
        "__INSIDE": INSIDE,
        "__fast": prim.fast,
        "__NotImplemented": NotImplemented,
    }
    lines = [f"def call({_signature(prim, namespace)}{', donated=None' if prim.reuses else ''}):"]
    given = [f"{p}={p}" for p in prim.params]
    if prim.variadic:
        n = prim.inputs[0]
        lines.append(f"    __f = __get({n}[0].__class__) if {n} else None")
        lines.append(f"    return (__f or __coerce_all(__prim, {n}))({', '.join([f'*{n}', *given])})")
        return _public(_make("", lines, namespace, prim, named), named or prim)
    inputs = list(prim.inputs)
    value_type = [f"    __f = {' or '.join(f'__get({n}.__class__)' for n in inputs)}"]
    first, *rest = inputs
    raw = " and ".join(
        [
            f"{first}.__class__ in __ARRAYS",
            *(f"({n}.__class__ in __RAW{' or ' + n + ' is None' if n in prim.optional else ''})" for n in rest),
        ]
    )
    call = ", ".join([*inputs, *given])
    value_type.append(f"    if __f is not None: return __f({call})")
    kinds = " or ".join(f"__INSIDE.get({n}.__class__)" for n in inputs)
    params = "{" + ", ".join(f"{p!r}: {p}" for p in prim.params) + "}"
    faster = [
        f"        __found = __fast({call}{', donated=donated' if prim.reuses else ''})",
        "        if __found is not __NotImplemented: return __found",
    ]
    plain = [f"    if {raw}:"]  # in a plain backward pass
    plain += [f"    {line}" for line in _refuses_complex(prim, inputs, namespace)]
    plain += [*(faster if prim.fast is not None else []), f"        return __forward({call})"]
    if float in prim.kernels:  # so do those of numbers
        namespace["__number"], namespace["__NUMBERS"] = prim.kernels[float], frozenset((float, int, bool))
        plain.append(f"    if {' and '.join(f'{n}.__class__ in __NUMBERS' for n in inputs)}: return __number({call})")
    lines += [*plain, *value_type] if prim.reuses else [*value_type, *plain]  # what lends memory is called by rules alone
    lines += [
        f"    __f = {kinds}",
        "    if __f is not None:",
        *(faster if prim.fast is not None else []),
        f"        return __prim.refer(__f, {_tuple(inputs)}, {params})",
    ]
    lines.append(f"    return __coerce_all(__prim, {_tuple(inputs)})({call})")
    return _public(_make("", lines, namespace, prim, named), named or prim)


def _public(call: Callable[..., Any], named: Primitive | Alias) -> Callable[..., Any]:
    """The public call belongs to the module in which users find it, so that it can be pickled."""
    call.__module__, call.__qualname__ = named.found_at
    return call
