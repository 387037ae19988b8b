"""What is said when something that is no tensor stands in a tensor's place: which operation, which argument, what came, the fix."""

from __future__ import annotations

import sys
from typing import Any

from ..errors import DtypeError

_PACKAGE = __name__.split(".", 1)[0]


def as_number(operation: str, argument: str, x: Any) -> Any:
    """`x`, handed over as a number; TypeError for what takes a gradient, which nothing would give it there."""
    if getattr(x, "node", None) is not None:
        raise TypeError(
            f"{operation}(): argument '{argument}' must be a number, not a {type(x).__name__} that requires grad: no gradient would reach it. "
            f"Use .item() or .detach() if none should, or write {operation} out in operations."
        )
    return x


def no_tensor(x: Any, operation: str = "", argument: str = "", position: int = 0) -> TypeError:
    """The error for `x`. What is not given is found on the stack: the call at which the package was entered names both."""
    if not operation:
        operation, argument, position = _entered_with(x)
    where = f" '{argument}'" if argument else ""
    where += f" (position {position})" if position else ""
    return TypeError(f"{operation}(): argument{where} must be Tensor, not {type(x).__name__}{_fix(x)}")


def _fix(x: Any) -> str:
    if x is None:
        return ". Does the function that should have made it return it?"
    if isinstance(x, (str, bytes, dict)):
        return f": expected a Tensor, got {type(x).__name__}"
    return f": expected a Tensor, got {type(x).__name__}; use tensor(…)"


def _entered_with(x: Any) -> tuple[str, str, int]:
    """The outermost function of this package, of those entered last, that has `x` as an argument; that argument's name and place."""
    found = "", "", 0
    frame = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__", "").split(".", 1)[0] == _PACKAGE:
        code, held = frame.f_code, frame.f_locals
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        name = next((n for n in names if n in held and held[n] is x), None)
        if name is not None:
            place = names.index(name) + (names[0] != "self")
            found = _operation(frame), name, place if place <= code.co_argcount else 0
        if frame.f_back is None:
            break
        frame = frame.f_back
    return found


def _operation(frame: Any) -> str:
    if frame.f_code.co_name == "forward" and "self" in frame.f_locals:  # a layer
        return type(frame.f_locals["self"]).__name__
    written_for = frame.f_globals.get("__prim")  # the call written for a primitive
    return str(written_for.name if written_for is not None else frame.f_code.co_name.strip("_"))


def refuse_complex(dtype: Any, operation: str) -> None:
    """DtypeError for complex numbers, of which no conjugates are taken here: the rules of derivatives are those of real numbers."""
    if getattr(dtype, "kind", "f") == "c":
        raise DtypeError(
            f"{operation}: expected real numbers, got {dtype}, of which no conjugates, and so no gradients, are taken here. Compute with the "
            "real and the imaginary part as two tensors."
        )
