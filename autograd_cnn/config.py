"""What is switched on here and now: recording, inference, tracing, anomaly detection, the module scope.

One mutable `Context` a thread, found through a ContextVar (11 ns, where `threading.local` takes 40): primitives read it at
every call, so reading must be cheap; switching is rare. A new thread begins with everything at its default, as in PyTorch.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Generator
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self, TypeVar, overload

F = TypeVar("F", bound=Callable[..., Any])


BACKENDS = ("auto", "numpy", "onednn")
_default_backend = os.environ.get("AUTOGRAD_CNN_BACKEND", "auto")
if _default_backend not in BACKENDS:
    raise ValueError(f"AUTOGRAD_CNN_BACKEND: expected one of {', '.join(map(repr, BACKENDS))}, got {_default_backend!r}")


class Context:
    """The switches of one thread. `special` sums up everything that sends a primitive off its fast path."""

    __slots__ = ("anomaly", "backend", "check_nan", "inference", "record", "scope", "special", "strict_windows", "tracer")

    def __init__(self) -> None:
        self.record = True
        self.inference = False
        self.tracer: Any = None
        self.anomaly = False
        self.backend = _default_backend
        self.check_nan = True
        self.strict_windows = False
        self.special = False
        self.scope: Any = None

    def settle(self) -> None:
        """Recompute `special` after a switch was thrown."""
        self.special = self.inference or self.anomaly or self.tracer is not None


_current: ContextVar[Context | None] = ContextVar("autograd_cnn", default=None)
peek = _current.get  # the fast read; None until the thread's first use of `current()`


def current() -> Context:
    """This thread's context, made at its first use."""
    context = _current.get()
    if context is None:
        context = Context()
        _current.set(context)
    return context


class Switch:
    """A context manager and decorator that sets fields of the thread's Context and puts them back.

    Entering nests (a stack of what was there); a decorated generator function has the switch thrown while it runs
    and put back while it is suspended.
    """

    def __init__(self, **fields: Any) -> None:
        self._fields = fields
        self._saved: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        context = current()
        self._saved.append({name: getattr(context, name) for name in self._fields})
        self._throw(self._fields)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._throw(self._saved.pop())

    def _throw(self, fields: dict[str, Any]) -> None:
        context = current()
        for name, value in fields.items():
            setattr(context, name, value)
        context.settle()

    def _fresh(self) -> Switch:
        return Switch(**self._fields)

    def __call__(self, fn: F) -> F:
        if inspect.isgeneratorfunction(fn):
            return _switch_generator(self._fresh, fn)

        @functools.wraps(fn)
        def switched(*args: Any, **kwargs: Any) -> Any:
            with self._fresh():
                return fn(*args, **kwargs)

        return switched  # type: ignore[return-value]  # same signature: functools.wraps


def _switch_generator(fresh: Callable[[], Switch], fn: F) -> F:
    @functools.wraps(fn)
    def switched(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with fresh():
            generator = fn(*args, **kwargs)
        send, value = generator.send, None
        while True:
            try:
                with fresh():
                    got = send(value)
            except StopIteration as stop:
                return stop.value
            try:
                send, value = generator.send, (yield got)
            except GeneratorExit:
                with fresh():
                    generator.close()
                raise
            except BaseException as error:  # thrown in by the consumer: hand it on to the generator
                send, value = generator.throw, error

    return switched  # type: ignore[return-value]  # same signature: functools.wraps


class no_grad(Switch):
    """Nothing is recorded inside: results do not require a gradient. Context manager or decorator, with or without `()`.

    >>> import autograd_cnn as ac
    >>> x = ac.ones(2, requires_grad=True)
    >>> with ac.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    @overload
    def __new__(cls) -> no_grad: ...
    @overload
    def __new__(cls, fn: F) -> F: ...  # type: ignore[misc]  # as a decorator it gives the function
    def __new__(cls, fn: Any = None) -> Any:
        made = super().__new__(cls)
        if fn is None:
            return made
        made.__init__()  # type: ignore[misc]  # `@no_grad` without (): __new__ returns the decorated function
        return made(fn)

    def __init__(self) -> None:
        super().__init__(record=False)


class enable_grad(Switch):
    """Records inside, also within `no_grad`. Context manager or decorator, with or without `()`."""

    @overload
    def __new__(cls) -> enable_grad: ...
    @overload
    def __new__(cls, fn: F) -> F: ...  # type: ignore[misc]  # as a decorator it gives the function
    def __new__(cls, fn: Any = None) -> Any:
        made = super().__new__(cls)
        if fn is None:
            return made
        made.__init__()  # type: ignore[misc]  # `@enable_grad` without (): __new__ returns the decorated function
        return made(fn)

    def __init__(self) -> None:
        super().__init__(record=True)


class set_grad_enabled(Switch):
    """Switch recording on or off at once (as a function), for a block (as a context manager) or a function (as a decorator)."""

    def __init__(self, mode: bool) -> None:
        super().__init__(record=bool(mode))
        self._before = current().record
        self._throw(self._fields)

    def __enter__(self) -> Self:
        self._saved.append({"record": self._before})
        self._throw(self._fields)
        return self

    def __call__(self, fn: F) -> F:
        self._throw({"record": self._before})  # as a decorator it acts only while the function runs
        return super().__call__(fn)


class inference_mode(Switch):
    """As `no_grad`, and the tensors made inside may never enter a graph later. `mode=False` does nothing."""

    @overload
    def __new__(cls, mode: bool = True) -> inference_mode: ...
    @overload
    def __new__(cls, mode: F) -> F: ...  # type: ignore[misc]  # as a decorator it gives the function
    def __new__(cls, mode: Any = True) -> Any:
        made = super().__new__(cls)
        if isinstance(mode, bool):
            return made
        made.__init__()  # type: ignore[misc]  # `@inference_mode` without (): __new__ returns the decorated function
        return made(mode)

    def __init__(self, mode: bool = True) -> None:
        super().__init__(**({"record": False, "inference": True} if mode else {}))


class detect_anomaly(Switch):
    """Find where a NaN comes from: each operation notes the source line that made it, and the backward pass stops at the
    first rule that returns a NaN with an error that names the operation and that line. Slow: for looking, not for training.

    `check_nan=False` only notes the lines (a failing backward then says where its forward was).
    """

    def __init__(self, check_nan: bool = True) -> None:
        super().__init__(anomaly=True, check_nan=bool(check_nan))


class set_detect_anomaly(Switch):
    """`detect_anomaly` as a function that acts at once, or as a context manager."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(anomaly=bool(mode), check_nan=bool(check_nan))
        self._before = {"anomaly": current().anomaly, "check_nan": current().check_nan}
        self._throw(self._fields)

    def __enter__(self) -> Self:
        self._saved.append(self._before)
        self._throw(self._fields)
        return self


class strict_windows(Switch):
    """Inside, a convolution or pooling window that does not fit its input without remainder is an error, as on the lecture's
    slide ("a 3x3 filter with stride 3 does not fit a 7x7 image"); outside, the rest is dropped (floor), as in PyTorch.

    >>> import autograd_cnn as ac
    >>> with ac.strict_windows():
    ...     ac.nn.functional.max_pool2d(ac.ones(1, 1, 7, 7), 3, stride=3)
    Traceback (most recent call last):
    ...
    autograd_cnn.errors.ShapeError: max_pool2d: a 3x3 filter with stride 3 does not fit a 7x7 image without padding; padding=1 gives 3x3
    """

    def __init__(self, mode: bool = True) -> None:
        super().__init__(strict_windows=bool(mode))


PRECISIONS = ("highest", "high", "medium")
_precision = "highest"


class use_backend(Switch):
    """Choose who computes: "numpy", the reference; "onednn", wherever it has a kernel; "auto" (the default), oneDNN where it is
    installed and the case is one that it does faster. Acts at once as a function, for a block as a context manager, for a function
    as a decorator; each thread has its own choice, which begins as the environment's AUTOGRAD_CNN_BACKEND. Where oneDNN is not
    installed, NumPy computes (`show_config()` says why).

    >>> import autograd_cnn as ac
    >>> with ac.use_backend("numpy"):
    ...     y = ac.nn.functional.conv2d(ac.ones(1, 1, 3, 3), ac.ones(1, 1, 3, 3))
    >>> y.item()
    9.0
    >>> ac.use_backend("cuda")
    Traceback (most recent call last):
    ...
    ValueError: use_backend: expected one of 'auto', 'numpy', 'onednn', got 'cuda'
    """

    def __init__(self, backend: str) -> None:
        if backend not in BACKENDS:
            raise ValueError(f"use_backend: expected one of {', '.join(map(repr, BACKENDS))}, got {backend!r}")
        super().__init__(backend=backend)
        self._before = current().backend
        self._throw(self._fields)

    def __enter__(self) -> Self:
        self._saved.append({"backend": self._before})
        self._throw(self._fields)
        return self

    def __call__(self, fn: F) -> F:
        self._throw({"backend": self._before})  # as a decorator it acts only while the function runs
        return super().__call__(fn)

    def _fresh(self) -> Switch:
        return Switch(**self._fields)


def set_float32_matmul_precision(precision: str) -> None:
    """What products and convolutions of float32 may compute in: "highest" and "high" float32; "medium" lets oneDNN round their factors
    to bfloat16 (8 bits of mantissa, sums in float32) where the processor has such arithmetic.

    "medium" has a relative error of at most 2⁻⁹ for each factor. On products and convolutions of normal numbers, and on their gradients,
    the root mean square of the error was 0.24 % of the result's, where float32 has 0.00004 %; they took some two thirds to a half of the
    time. Without such arithmetic, and in NumPy's kernels, it changes nothing.

    >>> import autograd_cnn as ac
    >>> ac.set_float32_matmul_precision("highest")
    >>> ac.set_float32_matmul_precision("low")
    Traceback (most recent call last):
    ...
    ValueError: set_float32_matmul_precision: expected one of 'highest', 'high', 'medium', got 'low'
    """
    global _precision
    if precision not in PRECISIONS:
        raise ValueError(f"set_float32_matmul_precision: expected one of {', '.join(map(repr, PRECISIONS))}, got {precision!r}")
    _precision = precision


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` has set; "highest" by default."""
    return _precision


def is_grad_enabled() -> bool:
    """True where operations on values that require a gradient are recorded."""
    return current().record


def is_inference_mode_enabled() -> bool:
    """True inside `inference_mode()`."""
    return current().inference


def is_anomaly_enabled() -> bool:
    """True inside `detect_anomaly()`."""
    return current().anomaly
