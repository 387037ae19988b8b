"""Pull-back rules: what each asks for, and, of users' own, whether they keep to what a rule is: a clear word where they do not."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from types import FunctionType, TracebackType
from typing import TYPE_CHECKING, Any

from ..engine.variable import Variable
from ..errors import expected, nearest

if TYPE_CHECKING:
    from .primitive import Primitive

# Names with a meaning of their own in a rule. (`donated` is the walk's: memory of g that nobody else needs.)
RESERVED = {
    "g": "the gradient that arrives",
    "need": "which inputs want a gradient",
    "donated": "memory that the result may be written over",
}
_PACKAGE = __name__.partition(".")[0]


def asked(rule: Callable[..., Any]) -> dict[str, bool]:
    """The names of a rule's parameters, each with whether it can be given by name only."""
    if rule.__class__ is FunctionType and not hasattr(rule, "__wrapped__"):  # as nearly all are; thirty times as fast
        code = rule.__code__
        if not code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            return {n: i >= code.co_argcount for i, n in enumerate(names)}
    found = {}
    for p in inspect.signature(rule).parameters.values():
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            raise TypeError(f"vjp: the names of a rule's parameters say what the tape keeps for it: expected them one by one, got {p}.")
        found[p.name] = p.kind is p.KEYWORD_ONLY
    return found


def named(fn: Callable[..., Any]) -> tuple[str, ...]:
    """The names of the arguments that a function takes one by one; of what is written in another language none is known."""
    code = getattr(fn, "__code__", None)
    return () if code is None else code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def check_donated(prim: Primitive, groups: Sequence[tuple[tuple[int, ...], Callable[..., Any]]]) -> None:
    """A rule that may write over g must be the only one that sees g: the next would find its result there."""
    seeing = [(served, asked(rule)) for served, rule in groups if not {"g", "donated"}.isdisjoint(asked(rule))]
    if len(seeing) > 1 and any("donated" in names for _, names in seeing):
        inputs = " and ".join(repr(prim.inputs[i]) for served, _ in seeing for i in served)
        raise TypeError(
            expected(
                f"{prim.name}.vjp",
                "the only rule that asks for g, where one asks for 'donated' and so may write over it",
                f"rules for {inputs} that all ask for g",
                "Write one rule for these inputs, which returns a tuple.",
            )
        )


def meanings(prim: Primitive, name: str) -> list[str]:
    """All that a rule of `prim` could mean by `name`."""
    found = [RESERVED[name]] if name in RESERVED else []
    found += [f"an input of {prim.name}"] if name in prim.inputs else []
    found += [f"a parameter of {prim.name}"] if name in prim.params else []
    found += ["the output" if len(prim.outputs) == 1 else "an output"] if name in prim.outputs else []
    found += [f"the shape of {name[:-6]!r}"] if name.endswith("_shape") and name[:-6] in prim.inputs else []
    return found


def check_names(prim: Primitive, rule: Callable[..., Any]) -> None:
    """Each name that the rule asks for must mean one thing."""
    for name in asked(rule):
        found = meanings(prim, name)
        if len(found) == 1:
            continue
        if not found:
            known = [*RESERVED, *prim.inputs, *prim.outputs, *prim.params, *(f"{n}_shape" for n in prim.inputs)]
            raise TypeError(f"{prim.name}.vjp: the rule asks for {name!r}, which is none of {', '.join(known)}.{nearest(name, known)}")
        role = "input" if name in prim.inputs else "parameter" if name in prim.params else "output"
        other = {"input": f"{name}_in", "parameter": f"{name}_value", "output": f"{name}_out"}[role]
        fix = f"Call the {role} something else: {other!r}"
        if role != "output" and name in prim.outputs:
            outputs = ", ".join(f'"{"out" if n == name else n}"' for n in prim.outputs) + ("," if len(prim.outputs) == 1 else "")
            fix += f", or the output: @primitive(outputs=({outputs}))"
        raise TypeError(expected(f"{prim.name}.vjp", "names that mean one thing", f"{name!r}, which is {' and '.join(found)}", fix + "."))


# ------------------------------------------------------------------------------------------------- users' own rules
def gradients(operation: str, names: Sequence[str], count: int, result: Any) -> Any:
    """What a rule that serves several inputs returned, if it is one gradient for each."""
    if isinstance(result, tuple | list) and len(result) == count:
        return result
    came = type(result).__name__ + (f" of {len(result)}" if isinstance(result, tuple | list) else "")
    raise TypeError(
        expected(
            f"{operation}: its rule for {' and '.join(map(repr, names))}",
            f"to return a tuple of {count} gradients, one for each input in this order (None for none)",
            came,
        )
    )


def guarded(prim: Primitive, pull: Callable[..., Any]) -> Callable[..., Any]:
    """`pull` of a user's operation, with what goes wrong in its rules explained."""

    def guard(g: Any, *rest: Any) -> Any:
        recorded = _is_variable(g)
        try:
            grads = pull(g, *rest)
        except (AttributeError, TypeError) as error:
            text = _explained(prim, error, recorded)
            if text is None:
                raise
            raise (AttributeError if isinstance(error, AttributeError) else TypeError)(text) from error
        return tuple(_fitting(prim, i, d, n, recorded) for i, (d, n) in enumerate(zip(grads, rest[2], strict=True)))

    return guard


def _is_variable(g: Any) -> bool:
    if isinstance(g, Variable):
        return True
    found = getattr(g, "found", None)  # of several outputs' gradients those that arrived
    return isinstance(found, dict) and any(isinstance(d, Variable) for d in found.values())


def _fitting(prim: Primitive, i: int, d: Any, node: Any, recorded: bool) -> Any:
    """One gradient that a rule returned."""
    if d is None or node is None:
        return d
    if isinstance(d, Variable):
        return d if recorded else d.value
    about = f"{prim.name}: its rule for {prim.inputs[0 if prim.variadic else i]!r}"
    if getattr(node, "shape", None) is not None and not hasattr(d, "shape"):  # a Scalar's node knows none
        fix = "A rule for one input returns its gradient alone." if isinstance(d, tuple | list) else "None stands for a gradient of zero."
        raise TypeError(expected(about, f"to return a gradient of shape {list(node.shape)}", type(d).__name__, fix))
    if recorded:
        raise TypeError(
            expected(
                about,
                "to return a tensor when the backward pass is recorded (create_graph=True)",
                f"{type(d).__name__}, which is cut off from the graph",
                "Write the rule with operations instead of NumPy, or mark it once=True: not to be differentiated again.",
            )
        )
    return d


def _explained(prim: Primitive, error: Exception, recorded: bool) -> str | None:
    """What to say of an error that a rule's own lines raised; None for one that says for itself what is wrong, as an operation's."""
    rules = {getattr(rule, "__code__", None): served for served, rule in prim.groups}
    served: tuple[int, ...] | None = None
    step: TracebackType | None = error.__traceback__
    last = None
    while step is not None:
        code = step.tb_frame.f_code
        served = rules.get(code, served)
        if code.co_name != "__getattr__":
            last = step.tb_frame
        step = step.tb_next
    if served is None or last is None or last.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        return None
    names = " and ".join(repr(prim.inputs[s]) for s in served)
    method = getattr(error, "name", None) if isinstance(error, AttributeError) else None
    called = re.search(r"(\w+)\(\) got an unexpected keyword|attribute '(\w+)'", str(error))
    method = method or (next(filter(None, called.groups())).strip("_") if called else None)
    if recorded:
        received = "tensors, because this backward pass is recorded (create_graph=True)"
        fix = "Write it with operations, which take tensors and arrays alike, instead of NumPy's functions; or mark the rule once=True."
    else:
        received = "arrays (numbers for Scalars), as in every plain backward pass; in a recorded one it gets tensors"
        write = (
            f"ac.{method}(x, …) instead of x.{method}(…)" if method else "ac.sum(x, -1, keepdim=True) instead of x.sum(-1, keepdim=True)"
        )
        fix = f"Write it with operations, which take both: {write}; or begin with x = ac.as_tensor(x)."
    return f"{prim.name}: its rule for {names} failed: {str(error).rstrip('.')}. It received {received}. {fix}"
