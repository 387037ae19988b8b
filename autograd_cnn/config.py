"""What is switched on here and now: recording, inference, tracing, anomaly detection, backend, precision; and the module scope.

The switches are one immutable `Context` value, found through a ContextVar (18 ns, where `threading.local` takes 40): primitives read
it at every call, so reading must be cheap; switching makes a new value. So nothing is shared that could change:

- A new thread begins with everything at its default, as in PyTorch. One that is started with a copied context (`asyncio.to_thread`, web
  servers' worker threads, `copy_context().run`), and each task of asyncio, begins with the values of where it was started; what it
  switches reaches nobody else.
- A block that ends takes away what it switched, and nothing else: whichever block ends first, and whoever else entered the
  same object, the others stay as they are.
- Backend and precision have a default of the process beside the choice made here (`set_backend`, `set_float32_matmul_precision`).
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping
from contextvars import ContextVar
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar, overload

F = TypeVar("F", bound=Callable[..., Any])


BACKENDS = ("auto", "numpy", "onednn")
PRECISIONS = ("highest", "high", "medium")


def _one_of(operation: str, choices: tuple[str, ...], given: str) -> str:
    if given not in choices:
        raise ValueError(f"{operation}: expected one of {', '.join(map(repr, choices))}, got {given!r}")
    return given


class _Process:
    """What all threads of the process go by where they have not chosen otherwise."""

    backend = _one_of("AUTOGRAD_CNN_BACKEND", BACKENDS, os.environ.get("AUTOGRAD_CNN_BACKEND", "auto"))
    precision = "highest"


class _Draft:
    """A Context while its fields are written; then its class becomes `Context`, and it never changes again."""

    __slots__ = (
        "anomaly",
        "beneath",
        "check_nan",
        "chosen_backend",
        "chosen_precision",
        "fields",
        "inference",
        "owner",
        "record",
        "recording",
        "region",
        "special",
        "strict_windows",
        "tracer",
    )

    record: bool  # the grad mode
    inference: bool
    tracer: Any
    region: Any  # who notes what a checkpointed function records
    anomaly: bool
    check_nan: bool
    strict_windows: bool
    chosen_backend: str | None  # None: the process's
    chosen_precision: str | None
    recording: bool  # do operations enter the graph? Not in inference mode, whatever the grad mode is
    special: bool  # sums up everything that sends a primitive off its fast path
    owner: Switch | None  # the innermost block that is open here, what it switched, and what was there before it
    fields: Mapping[str, Any]
    beneath: Context | None


class Context(_Draft):
    """The switches as they are somewhere: a value, which does not change."""

    __slots__ = ()

    @property
    def backend(self) -> str:
        """Who computes: the choice made here, or the process's."""
        return self.chosen_backend or _Process.backend

    @property
    def precision(self) -> str:
        """What products of float32 may compute in: the choice made here, or the process's."""
        return self.chosen_precision or _Process.precision

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(
            f"Context.{name}: a Context is a value that others may hold, too. Switch with a Switch: it puts another in its place."
        )

    def __delattr__(self, name: str) -> NoReturn:
        self.__setattr__(name, None)


def _derive(c: Context, fields: Mapping[str, Any], owner: Switch | None, noted: Mapping[str, Any], beneath: Context | None) -> Context:
    """`c` with other values in some fields, as the innermost block `owner` has it, who switched all that is `noted`."""
    new: Any = object.__new__(_Draft)
    new.record, new.inference, new.tracer, new.anomaly, new.check_nan = c.record, c.inference, c.tracer, c.anomaly, c.check_nan
    new.strict_windows, new.chosen_backend, new.chosen_precision, new.region = (
        c.strict_windows,
        c.chosen_backend,
        c.chosen_precision,
        c.region,
    )
    for name, value in fields.items():
        setattr(new, name, value)
    new.recording = new.record and not new.inference
    new.special = new.inference or new.anomaly or new.tracer is not None or new.region is not None
    new.owner, new.fields, new.beneath = owner, noted, beneath
    new.__class__ = Context
    return new  # type: ignore[no-any-return]


def _default() -> Context:
    new: Any = object.__new__(_Draft)
    new.record = new.recording = new.check_nan = True
    new.inference = new.anomaly = new.strict_windows = new.special = False
    new.tracer = new.region = new.chosen_backend = new.chosen_precision = new.owner = new.beneath = None
    new.fields = {}
    new.__class__ = Context
    return new  # type: ignore[no-any-return]


_DEFAULT = _default()
_current: ContextVar[Context | None] = ContextVar("autograd_cnn", default=None)
peek = _current.get  # the fast read; None until the thread's first use of `current()`

_scope: ContextVar[Any] = ContextVar("autograd_cnn.scope", default=None)
scope = _scope.get  # the module call under way (or, in a recorded backward pass, the forward node)
set_scope = _scope.set  # changes with each module's call, too often for a field of Context; whoever sets it puts back what was there


def current() -> Context:
    """What is switched on here."""
    c = _current.get()
    if c is None:
        c = _DEFAULT
        _current.set(c)
        _scope.set(_scope.get())  # what is set is found faster
    return c


def throw(**fields: Any) -> None:
    """Set fields from now on, as a function does: to the end of the innermost block that is open, or for good."""
    c = current()
    _current.set(_derive(c, fields, c.owner, {**c.fields, **fields}, c.beneath))


def _without(c: Context, owner: Switch) -> Context:
    """`c` as it would be if the newest open block of `owner` had never been entered."""
    above = []
    at: Context | None = c
    while at is not None and at.owner is not owner:
        above.append(at)
        at = at.beneath
    if at is None:
        return c  # entered somewhere else: nothing of it is here
    made: Context = at.beneath  # type: ignore[assignment]  # a block was entered on top of something
    for layer in reversed(above):
        made = _derive(made, layer.fields, layer.owner, layer.fields, made)
    return made


class Switch:
    """A context manager and decorator that sets fields of the Context and puts them back.

    It holds no state of where it was entered: one object may be entered again inside itself, and by several threads or tasks. A
    decorated generator or coroutine function has the switch thrown while it runs; a generator has it put back while it is suspended.
    """

    def __init__(self, **fields: Any) -> None:
        self._fields = fields

    def __enter__(self) -> Self:
        c = current()
        _current.set(_derive(c, self._fields, self, self._fields, c))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        c = current()
        _current.set(c.beneath if c.owner is self else _without(c, self))

    def _fresh(self) -> Switch:
        return Switch(**self._fields)

    def __call__(self, fn: F) -> F:
        if inspect.isgeneratorfunction(fn):
            return _switch_generator(self._fresh, fn)
        if inspect.isasyncgenfunction(fn):
            return _switch_async_generator(self._fresh, fn)
        if inspect.iscoroutinefunction(fn):
            return _switch_coroutine(self._fresh, fn)

        @functools.wraps(fn)
        def switched(*args: Any, **kwargs: Any) -> Any:
            with self._fresh():
                return fn(*args, **kwargs)

        return switched  # type: ignore[return-value]  # same signature: functools.wraps


class _AtOnce(Switch):
    """A Switch that acts when it is made, as a function; as a context manager or decorator it puts back what was there then."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        c = current()
        self._before = {name: getattr(c, name) for name in fields}
        throw(**fields)

    def __enter__(self) -> Self:
        throw(**self._before)
        return super().__enter__()

    def __call__(self, fn: F) -> F:
        throw(**self._before)  # as a decorator it acts only while the function runs
        return super().__call__(fn)


def _switch_coroutine(fresh: Callable[[], Switch], fn: F) -> F:
    @functools.wraps(fn)
    async def switched(*args: Any, **kwargs: Any) -> Any:
        with fresh():
            return await fn(*args, **kwargs)

    return switched  # type: ignore[return-value]  # same signature: functools.wraps


def _switch_async_generator(fresh: Callable[[], Switch], fn: F) -> F:
    @functools.wraps(fn)
    async def switched(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        generator = fn(*args, **kwargs)
        send: Callable[[Any], Coroutine[Any, Any, Any]] = generator.asend
        value: Any = None
        while True:
            try:
                with fresh():
                    got = await send(value)
            except StopAsyncIteration:
                return
            try:
                send, value = generator.asend, (yield got)
            except BaseException as error:  # thrown in by the consumer, or GeneratorExit: hand it on to the generator
                send, value = generator.athrow, error

    return switched  # type: ignore[return-value]  # same signature: functools.wraps


def _switch_generator(fresh: Callable[[], Switch], fn: F) -> F:
    @functools.wraps(fn)
    def switched(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        generator = fn(*args, **kwargs)  # nothing of it runs yet
        send, value = generator.send, None
        while True:
            try:
                with fresh():
                    got = send(value)
            except StopIteration as stop:
                return stop.value
            try:
                send, value = generator.send, (yield got)
            except BaseException as error:  # thrown in by the consumer, or GeneratorExit: hand it on to the generator
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


class set_grad_enabled(_AtOnce):
    """Switch recording on or off at once (as a function), for a block (as a context manager) or a function (as a decorator)."""

    def __init__(self, mode: bool) -> None:
        super().__init__(record=bool(mode))


class inference_mode(Switch):
    """As `no_grad`, and the tensors made inside may never enter a graph later. Inside, `enable_grad` does not record either.
    `mode=False` leaves an inference mode around it, and records, also within `no_grad`, as in PyTorch."""

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
        super().__init__(record=not mode, inference=bool(mode))


class detect_anomaly(Switch):
    """Find where a NaN comes from: each operation notes the source line that made it, and the backward pass stops at the
    first rule that returns a NaN with an error that names the operation and that line. What is rarely meant (a softmax before
    `cross_entropy`, probabilities in `nll_loss`) gets a `UsageHint` warning. Slow: for looking, not for training.

    `check_nan=False` only notes the lines (a failing backward then says where its forward was). It acts where it was entered: not in
    other threads, as PyTorch's does, unless they are started inside with a copied context.
    """

    def __init__(self, check_nan: bool = True) -> None:
        super().__init__(anomaly=True, check_nan=bool(check_nan))


class set_detect_anomaly(_AtOnce):
    """`detect_anomaly` as a function that acts at once, or as a context manager."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(anomaly=bool(mode), check_nan=bool(check_nan))


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


class use_backend(_AtOnce):
    """Choose who computes: "numpy", the reference; "onednn", wherever it has a kernel; "auto" (the default), oneDNN where it is
    installed and the case is one that it does faster. Acts at once as a function, for a block as a context manager, for a function
    as a decorator; here, as `no_grad` does: other threads have their own choice, or the process's (`set_backend`). Where oneDNN is
    not installed, NumPy computes (`show_config()` says why).

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
        super().__init__(chosen_backend=_one_of("use_backend", BACKENDS, backend))


def set_backend(backend: str) -> None:
    """Who computes in the whole process, in all threads, where `use_backend` has not chosen otherwise. It begins as the environment's
    AUTOGRAD_CNN_BACKEND, or "auto".

    >>> import autograd_cnn as ac
    >>> ac.set_backend("auto")
    >>> ac.get_backend()
    'auto'
    """
    _Process.backend = _one_of("set_backend", BACKENDS, backend)


def get_backend() -> str:
    """Who computes here: what `use_backend` has chosen, or `set_backend` for the process."""
    return current().backend


class use_float32_matmul_precision(_AtOnce):
    """As `set_float32_matmul_precision`, but here alone, as `no_grad`: at once as a function, for a block as a context manager, for a
    function as a decorator.

    >>> import autograd_cnn as ac
    >>> with ac.use_float32_matmul_precision("medium"):
    ...     ac.get_float32_matmul_precision()
    'medium'
    >>> ac.get_float32_matmul_precision()
    'highest'
    """

    def __init__(self, precision: str) -> None:
        super().__init__(chosen_precision=_one_of("use_float32_matmul_precision", PRECISIONS, precision))


def set_float32_matmul_precision(precision: str) -> None:
    """What products and convolutions of float32 may compute in: "highest" and "high" float32; "medium" lets oneDNN round their factors
    to bfloat16 (8 bits of mantissa, sums in float32) where the processor has such arithmetic. It holds for the whole process, in all
    threads, as in PyTorch, where `use_float32_matmul_precision` has not chosen otherwise.

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
    _Process.precision = _one_of("set_float32_matmul_precision", PRECISIONS, precision)


def get_float32_matmul_precision() -> str:
    """What products of float32 may compute in here: what was set for the process, or chosen by `use_float32_matmul_precision`;
    "highest" by default."""
    return current().precision


def is_grad_enabled() -> bool:
    """True where operations on values that require a gradient are recorded."""
    return current().record


def is_inference_mode_enabled() -> bool:
    """True inside `inference_mode()`."""
    return current().inference


def is_anomaly_enabled() -> bool:
    """True inside `detect_anomaly()`."""
    return current().anomaly
