"""What goes wrong, in PyTorch's exception types, with the sentence a user needs.

Every message states four things: what was expected, what came, in which operation, and what would mend it.
`expected` builds that sentence, so that all of them read alike.
"""

from __future__ import annotations

import difflib
import functools
import operator
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

Make = TypeVar("Make", bound=Callable[..., Any])


class ShapeError(RuntimeError):
    """Sizes that do not fit together. PyTorch raises RuntimeError here, so this is one."""


class DtypeError(RuntimeError):
    """Element types that do not fit together, or a gradient wanted of integers."""


class GraphError(RuntimeError):
    """The recorded graph cannot give what was asked of it: freed, never recorded, or not connected."""


class InplaceError(RuntimeError):
    """A value that the backward pass needs was overwritten, or may not be."""


class UsageHint(UserWarning):
    """Not wrong, but rarely meant: a softmax before `cross_entropy`, say. Given under `detect_anomaly` and by the checks of
    `autograd_cnn.testing` only, once for each line of a program."""


class TraceWarning(UserWarning):
    """A replay goes on with a number that the function took out of a tensor when it was traced. PyTorch's name for it is TracerWarning."""


class RecomputeError(RuntimeError):
    """A checkpointed function did something else when it ran again. PyTorch's name for it is `utils.checkpoint.CheckpointError`."""


class NoSuchAttribute(AttributeError):
    """An attribute that is not there. What would help, `more(owner, name)`, is worked out when somebody reads it: `hasattr` never does."""

    def __init__(self, owner: Any, name: str, more: Callable[[Any, str], str]) -> None:
        # `name=` is left out: Python would add a suggestion of its own
        super().__init__(f"'{type(owner).__name__}' object has no attribute '{name}'", obj=owner)
        self.wanted, self.more = name, more

    def __str__(self) -> str:
        return str(self.args[0]) + self.more(self.obj, self.wanted)

    def __reduce__(self) -> tuple[type[AttributeError], tuple[str]]:
        return AttributeError, (str(self),)


# in a traceback it is what it is to the user: an AttributeError
NoSuchAttribute.__module__, NoSuchAttribute.__qualname__ = "builtins", "AttributeError"


def expected(operation: str, what: str, got: object, fix: str = "") -> str:
    """One sentence: `operation: expected WHAT, got GOT. FIX`

    >>> expected("conv2d", "an input of 4 dims (N, C, H, W)", "3 dims", "Add a batch dim with x.unsqueeze(0).")
    'conv2d: expected an input of 4 dims (N, C, H, W), got 3 dims. Add a batch dim with x.unsqueeze(0).'
    """
    return f"{operation}: expected {what}, got {got}." + (f" {fix}" if fix else "")


def allocating(make: Make) -> Make:
    """For functions that make arrays: what NumPy says of sizes beyond all memory, and of numbers beyond its integers, in PyTorch's
    exception type."""

    @functools.wraps(make)
    def made(*args: Any, **kwargs: Any) -> Any:
        try:
            return make(*args, **kwargs)
        except MemoryError as error:
            raise RuntimeError(f"{make.__name__}: can't allocate memory: {error or 'too many entries'}. Use smaller sizes.") from None
        except OverflowError as error:
            raise RuntimeError(f"{make.__name__}: {error}. Expected finite numbers that 64 bits can hold.") from None

    return made  # type: ignore[return-value]  # the same signature


def whole(value: Any, what: str) -> int:
    """An int, a NumPy integer or a 0-d tensor of integers, as an int.

    Raises:
        TypeError: it is none; it says `what` was expected.

    >>> whole(2.5, "conv2d: stride")
    Traceback (most recent call last):
    ...
    TypeError: conv2d: stride: expected an int, got 2.5.
    """
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{what}: expected an int, got {value!r}.") from None


def nearest(name: str, candidates: Iterable[str]) -> str:
    """The hint that closes a message about an unknown name, or nothing when no candidate is near.

    >>> nearest("lenet", ["lenet5", "mlp"])
    " Did you mean 'lenet5'?"
    >>> nearest("zzz", ["lenet5", "mlp"])
    ''
    """
    close = difflib.get_close_matches(name, list(candidates), n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""
