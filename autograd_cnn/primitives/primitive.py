"""`@primitive`: an operation in one place: forward, pull-back rules, cases and drawing label stand together.

The rules' parameter names say what the tape keeps:

    g                the gradient that arrives (a tuple, with None where nothing arrived, if several outputs take gradients)
    y, or an output's name    the output
    an input's name           that input
    <input>_shape             only its shape
    a parameter's name        the parameter
    need             which of the rule's inputs want a gradient (a tuple of bools), for rules that share work
    donated          g itself where nobody else needs it, so that the rule may have its result written over it; else None

A name must mean one thing: an input called `g`, or one called as the output is, is refused where a rule asks for it.

Rules call operations, never bare NumPy. In a plain backward pass they receive raw arrays (floats for Scalars) and return raw
arrays, so nothing is recorded; in a recorded one (`create_graph=True`) they receive variables and record, so the backward graph
is an ordinary graph and higher derivatives are free. Operations take both. Methods are another matter: an array has NumPy's, a
tensor PyTorch's, and those of one name may differ (`std`, `repeat`, `transpose`): write `ac.sum(x, -1, keepdim=True)`, not
`x.sum(-1, keepdim=True)`, or begin with `x = ac.as_tensor(x)`.
"""

from __future__ import annotations

import inspect
import string
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, TypeVar, overload

from ..engine.variable import INSIDE, Variable
from ..errors import expected, nearest
from ..types.kinds import real_only
from .alias import Alias
from .cases import Bad, Case, Draw
from .rules import RESERVED, asked, check_donated, check_names, guarded, named

R = TypeVar("R", bound=Callable[..., Any])

REGISTRY: dict[str, Primitive] = {}
_PACKAGE = __name__.partition(".")[0]


class Keep:
    """One thing a node keeps: an input, an output, or an input's shape, and for which inputs' gradients it is wanted."""

    __slots__ = ("index", "kind", "name", "wanted_by")

    def __init__(self, name: str, kind: str, index: int, wanted_by: frozenset[int]) -> None:
        self.name = name
        self.kind = kind  # "input" | "output" | "shape"
        self.index = index
        self.wanted_by = wanted_by


class Primitive:
    """A differentiable operation over raw values. Calling it with variables records; with raw values it just computes."""

    def __init__(
        self,
        forward: Callable[..., Any],
        *,
        name: str | None = None,
        label: str | None = None,
        family: str = "",
        outputs: Sequence[str] = ("y",),
        several: bool = False,
        view: bool | Callable[..., Any] = False,
        entrywise: bool = False,
        steady: bool = False,
        real: bool = False,
        derivative: str = "",
        variables: Sequence[str] = (),
    ) -> None:
        self.forward = forward
        self.fast: Callable[..., Any] | None = None
        self.reuses = False  # does the faster kernel make use of an argument's memory that is lent to it?
        self.name = name or forward.__name__.strip("_")
        self.label = label or self.name
        self.family = family
        self.outputs = tuple(outputs)
        self.several = several
        self.view = view
        self.entrywise = entrywise
        self.steady = steady
        self.real = real
        self.derivative = derivative
        self.variables = frozenset(variables)
        self.__doc__ = forward.__doc__
        self.__name__ = self.name
        self.__module__ = forward.__module__
        self.__qualname__ = getattr(forward, "__qualname__", self.name)
        self.found_at = (self.__module__, self.__qualname__)  # where users find the public call: module and name
        self.ours = (forward.__module__ or "").partition(".")[0] == _PACKAGE  # its rules keep nothing of what they see or return
        self.inputs: tuple[str, ...] = ()
        self.optional: dict[str, Any] = {}  # inputs that may be left out, with their default
        self.params: tuple[str, ...] = ()
        self.defaults: dict[str, Any] = {}
        self.numbers: tuple[str, ...] = ()  # parameters that are declared to be floating-point numbers
        self.variadic = False
        self.positional = 0  # how many inputs only their place can give
        self._read_signature(forward)
        self.groups: list[tuple[tuple[int, ...], Callable[..., Any]]] = []  # rules with the inputs they serve
        self.once = False
        self.kernels: dict[type, Callable[..., Any]] = {}
        self.draw_case: Callable[[Draw], Case] | None = None
        self.bad: Callable[[], Iterable[Bad]] | None = None
        self.entry_rule: Callable[..., Any] | None = None
        self.onnx_rule: str | Callable[..., Any] | None = None
        self.source_rule: str | Callable[..., str | None] | None = None
        self.number_rule: str | Callable[..., str | None] | None = None
        self.advice: Callable[[Sequence[str], Sequence[Any]], str] | None = None
        self.by_value_type: dict[type, Callable[..., Any]] = {}  # the calls written so far
        self.aliases: list[Alias] = []
        self._register()

    def _register(self) -> None:
        """A definition that is run again takes the place of the one before, as a function's does; what was recorded with that one
        keeps it. Another operation of the same name is refused."""
        old = REGISTRY.get(self.name)
        if old is not None and (old.__module__, old.__qualname__) != (self.__module__, self.__qualname__):
            where = f"{old.__qualname__} in {old.__module__}"
            raise ValueError(
                f"a primitive named {self.name!r} exists already: {where}. Expected a name of its own for {self.__qualname__} in "
                f"{self.__module__}: rename the function, or give @primitive(name=…)."
            )
        REGISTRY[self.name] = self

    def _read_signature(self, forward: Callable[..., Any]) -> None:
        """Inputs stand before the `*`, parameters after it; one `*xs` makes any number of inputs."""
        inputs: list[str] = []
        params: list[str] = []
        for p in inspect.signature(forward).parameters.values():
            if p.name.startswith("__"):
                raise TypeError(
                    f"{self.name}: names with two leading underscores belong to the calls written for it: expected another name for the "
                    f"argument {p.name!r}, such as {p.name.strip('_') or 'x'!r}."
                )
            if p.kind is p.VAR_POSITIONAL and not inputs:
                self.variadic = True
                inputs.append(p.name)
            elif p.kind is p.KEYWORD_ONLY:
                params.append(p.name)
                if p.default is not p.empty:
                    self.defaults[p.name] = p.default
            elif p.kind in (p.POSITIONAL_OR_KEYWORD, p.POSITIONAL_ONLY):
                inputs.append(p.name)
                self.positional += p.kind is p.POSITIONAL_ONLY
                if p.default is not p.empty:
                    self.optional[p.name] = p.default
            else:
                raise TypeError(
                    f"{self.name}: a primitive's inputs are plain or one *xs, its parameters keyword-only; got {p}"
                    + (f" beside {', '.join(inputs)}" if inputs else "")
                )
        self.inputs, self.params = tuple(inputs), tuple(params)
        kinds = {n: getattr(kind, "__name__", kind) for n, kind in forward.__annotations__.items()}
        self.numbers = tuple(n for n in params if str(kinds.get(n)).split(" | ")[0] == "float")
        if len({*self.outputs}) < len(self.outputs) or not self.outputs:
            raise ValueError(f"{self.name}: expected a name of its own for each output, got outputs={self.outputs!r}.")

    # ------------------------------------------------------------------------------------------------ definition
    def vjp(self, *names: str, once: bool = False) -> Callable[[R], R]:
        """The pull-back rule for these inputs. A rule for several returns a tuple in their order. `once=True`: the rule
        does not call operations, so it cannot be differentiated again (a second derivative raises)."""
        for n in names:
            if n not in self.inputs:
                raise ValueError(f"{self.name}.vjp: no input named {n!r}; it has {', '.join(self.inputs)}.{nearest(n, self.inputs)}")

        def put(rule: R) -> R:
            check_names(self, rule)
            self._open_for_rules(names)
            group = tuple(self.inputs.index(n) for n in names), rule
            check_donated(self, [*self.groups, group])
            self.groups.append(group)
            self.once = self.once or once
            return rule

        return put

    def kernel(self, *raw_types: type) -> Callable[[R], R]:
        """A kernel that replaces `forward` when every input is of one of these raw types (`float`, for Scalar)."""

        def put(fn: R) -> R:
            for t in raw_types:
                self.kernels[t] = fn
            self._write_anew()
            return fn

        return put

    def entries(self, fn: R) -> R:
        """What the operation does to each entry, for the entry-by-entry drawings; only where the rule itself does not tell.

        A generator over arrays of symbols (`symbolic.algebra`), its parameters named as a rule's. It yields the stages on the way,
        `letter, array`, and gets each back as symbols of their own; the output is yielded with None for a letter. It may return
        `{"gradient": …}`, a function of the arriving ∂E/∂output that gives a shorter form by input name, and `{"inference": …}`,
        what the output is when nothing is trained. `<name>_values` are an array's numbers instead of its symbols.
        """
        self.entry_rule = fn
        return fn

    @overload
    def onnx(self, rule: str) -> str: ...
    @overload
    def onnx(self, rule: R) -> R: ...
    def onnx(self, rule: Any) -> Any:
        """How the operation is written in an ONNX file: a function of an `Emit` (`primitives/emit.py`), the inputs and all parameters by
        their names, which returns the output (a tuple of them, None for one that ONNX has not); or the name of the one operator that
        does the same with the same inputs."""
        self.onnx_rule = rule
        return rule

    @overload
    def source(self, rule: str | None = None, *, number: str | Callable[..., str | None] | None = None) -> Callable[[R], R]: ...
    @overload
    def source(self, rule: R, *, number: str | Callable[..., str | None] | None = None) -> R: ...
    def source(self, rule: Any = None, *, number: Any = None) -> Any:
        """How the operation is written in Python, on NumPy's arrays (`graph.source()`): an expression over the names of its inputs and
        parameters, behind any number of assignments to helpers; of several outputs a tuple. Or a function that returns such a text, or
        None where only the kernel does it, and asks for inputs (`primitives/written.py`: `Operand`), parameters and `y`, the output, by
        their names. `number`: the same on Python's floats, with `math`, where it is something else."""
        if number is not None:
            self.number_rule = number
        if rule is None:
            return self.source
        self.source_rule = rule
        return rule if callable(rule) else self.source

    def hints(self, fn: Callable[[Sequence[str], Sequence[Any]], str]) -> Callable[[Sequence[str], Sequence[Any]], str]:
        """What is rarely meant in a call, given as a `UsageHint` under `detect_anomaly`: a function of the names of the operations that
        made the inputs ("" for none) and of their raw values, which returns the sentence, or ""."""
        self.advice = fn
        return fn

    def accelerated(self, fn: R) -> R:
        """A faster kernel, asked first: it takes what `forward` takes, and returns NotImplemented for what is not its case.

        If it has a parameter `donated` besides, a rule that calls the operation with its own `donated` hands that on: an argument whose
        memory is lent for this one call, so that the result may be written over it. In all other calls it is None.
        """
        self.fast = fn
        self.reuses = not self.variadic and "donated" in named(fn) and "donated" not in (*self.inputs, *self.params)
        self._write_anew()
        return fn

    def alias(self, fn: Callable[..., Any]) -> Alias:
        """Another name (a decorator, `@abs.alias`): a definition that takes and returns what this operation does, and calls it."""
        self.aliases.append(Alias(self, fn))
        return self.aliases[-1]

    def cases(self, fn: Callable[[Draw], Case]) -> Callable[[Draw], Case]:
        """The examples: a function of a `Draw` that returns a `Case`."""
        self._distinct("cases", "Case", ("smooth", "tolerance"))
        self.draw_case = fn
        return fn

    def bad_cases(self, fn: Callable[[], Iterable[Bad]]) -> Callable[[], Iterable[Bad]]:
        """Calls that must fail, each with the expected message."""
        self._distinct("bad_cases", "Bad", ("error", "match"))
        self.bad = fn
        return fn

    def _distinct(self, what: str, kind: str, options: Sequence[str]) -> None:
        taken = [n for n in options if n in self.params]
        if taken:
            raise TypeError(
                f"{self.name}.{what}: a {kind} has an option {taken[0]!r} of its own: expected another name for that parameter."
            )

    def _open_for_rules(self, names: Sequence[str]) -> None:
        """A rule that came late would not fit what was recorded before it; a second one for an input would never run, or run beside
        the first."""
        again = f"Run the definition (@primitive and all that follows) of {self.name} again instead, which replaces it."
        for n in names:
            if any(self.inputs.index(n) in served for served, _ in self.groups):
                raise ValueError(f"{self.name}.vjp: input {n!r} has a rule already: expected one for each input. {again}")
        if self.groups and "keep" in self.__dict__:
            raise ValueError(
                f"{self.name}.vjp: expected all rules before the first recorded call, got one for {', '.join(names)} after it. {again}"
            )
        for derived in _DERIVED:
            self.__dict__.pop(derived, None)
        self._write_anew()

    def _write_anew(self) -> None:
        """Calls that were written before the definition was complete are written again at the next call."""
        self.__dict__.pop("call", None)
        self.by_value_type.clear()
        for alias in self.aliases:
            alias.write_anew()

    def show_at(self, module: str, name: str) -> None:
        """Users find the public call in that module under that name."""
        self.found_at = (module, name)
        self.__dict__.pop("call", None)

    @property
    def differentiable(self) -> bool:
        """Has it any pull-back rule?"""
        return bool(self.groups)

    def label_for(self, params: dict[str, Any]) -> str:
        """The label of a drawing, its `{parameter}`s filled in."""
        return _Label().vformat(self.label, (), params)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self.call(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<primitive {self.name}({', '.join((*self.inputs, *self.params))})>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _by_name, (self.name,)

    # ------------------------------------------------------------------------------------------------ compilation
    # What is written for a primitive is written when it is first wanted: importing two hundred of them costs nothing.
    @cached_property
    def keep(self) -> tuple[Keep, ...]:
        """What the rules want kept, read from the names of their parameters."""
        wanted: dict[str, set[int]] = {}
        for served, rule in self.groups:
            for p in asked(rule):
                if p not in RESERVED and p not in self.params:
                    wanted.setdefault(p, set()).update(served)
        return tuple(self._keep(n, frozenset(s)) for n, s in wanted.items())

    @cached_property
    def holds(self) -> bool:
        """Do its nodes hold values, or at most shapes? What holds no values need not be freed, and can be walked again."""
        return any(k.kind != "shape" for k in self.keep)

    @cached_property
    def reads(self) -> tuple[int, ...]:
        """The places of the parameters that its rules ask for."""
        wanted = {n for _, rule in self.groups for n in asked(rule)}
        return tuple(i for i, p in enumerate(self.params) if p in wanted)

    @cached_property
    def takes_donation(self) -> bool:
        """Does one of its rules make use of memory that is lent to it?"""
        return any("donated" in asked(rule) for _, rule in self.groups)

    @cached_property
    def pull(self) -> Callable[..., Any]:
        """The rules as one call: `pull(g, kept, params, input nodes, donated=None)` gives a gradient, or None, for each input."""
        from .codegen import write_pull

        return write_pull(self) if self.ours else guarded(self, write_pull(self))

    @cached_property
    def pull_all(self) -> Callable[..., Any]:
        """`pull` for nodes that keep (*outputs, *inputs)."""
        from .codegen import write_pull

        pull = write_pull(self, keeps_all=True)
        return pull if self.ours else guarded(self, pull)

    @cached_property
    def call(self) -> Callable[..., Any]:
        """The public call: for any kind of variable, or raw values."""
        from .codegen import write_dispatch

        return write_dispatch(self)

    def call_for(self, value_type: type[Variable]) -> Callable[..., Any]:
        """The call written for one kind of variable."""
        if value_type not in self.by_value_type:
            from .codegen import write_call

            self.by_value_type[value_type] = write_call(self, value_type)
        return self.by_value_type[value_type]

    def operator_for(self, value_type: type[Variable], reflected: bool = False) -> Callable[..., Any]:
        """The same for use as an operator: foreign operands give NotImplemented. `reflected`: with its operands the other way round."""
        from .codegen import write_call

        return write_call(self, value_type, operator=True, reflected=reflected)

    def kernel_for(self, value_type: type[Variable]) -> Callable[..., Any]:
        """The kernel that this kind of variable uses."""
        for raw, kernel in self.kernels.items():
            if raw in value_type.kernel_types:
                return kernel
        return value_type.lift(self.forward)

    def _keep(self, name: str, wanted_by: frozenset[int]) -> Keep:
        if name in self.inputs:
            return Keep(name, "input", self.inputs.index(name), wanted_by)
        if name in self.outputs:
            return Keep(name, "output", self.outputs.index(name), wanted_by)
        return Keep(name, "shape", self.inputs.index(name.removesuffix("_shape")), wanted_by)

    def raw(self, /, *values: Any, **params: Any) -> Any:
        """Compute on raw values: the float kernel where all inputs are Python numbers and there is one, else `forward`."""
        if self.kernels and all(v.__class__ in (float, int, bool) for v in values):
            kernel = self.kernels.get(float)
            if kernel is not None:
                return kernel(*values, **params)
        return self.compute(next((INSIDE[v.__class__] for v in values if v.__class__ in INSIDE), None), values, params)

    def compute(self, value_type: type[Variable] | None, values: Sequence[Any], params: dict[str, Any]) -> Any:
        """The result by the kernel that serves these raw values: the faster one, or the reference."""
        if self.real and value_type is not None and value_type.fits:
            real_only(self.name, *values)
        if self.fast is not None and (value_type is None or value_type.inside is not None):
            y = self.fast(*values, **params)
            if y is not NotImplemented:
                return y
        return self.refer(value_type, values, params)

    def refer(self, value_type: type[Variable] | None, values: Sequence[Any], params: dict[str, Any]) -> Any:
        """The result by the reference."""
        if value_type is not None and any(v.__class__ is value_type.inside for v in values):
            return value_type.outside(self, tuple(values), params)
        return (self.forward if value_type is None else self.kernel_for(value_type))(*values, **params)


_DERIVED = tuple(name for name, value in vars(Primitive).items() if isinstance(value, cached_property))  # of the rules read so far


class _Label(string.Formatter):
    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Any) -> Any:
        found = kwargs.get(key, "") if isinstance(key, str) else ""
        if found is None:  # an open end
            return {"min": "−∞", "max": "∞"}.get(str(key), "")
        return "×".join(map(str, found)) if key in ("kernel", "shape", "size") and isinstance(found, tuple) else found

    def format_field(self, value: Any, format_spec: str) -> str:
        return f"{value:g}" if isinstance(value, float) and not format_spec else str(format(value, format_spec))


def _by_name(name: str) -> Primitive:
    return REGISTRY[name]


@overload
def primitive(forward: Callable[..., Any], /) -> Primitive: ...
@overload
def primitive(
    *,
    name: str | None = None,
    label: str | None = None,
    family: str = "",
    outputs: Sequence[str] = ("y",),
    several: bool = False,
    view: bool | Callable[..., Any] = False,
    entrywise: bool = False,
    steady: bool = False,
    real: bool = False,
    derivative: str = "",
    variables: Sequence[str] = (),
) -> Callable[[Callable[..., Any]], Primitive]: ...
def primitive(
    forward: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    label: str | None = None,
    family: str = "",
    outputs: Sequence[str] = ("y",),
    several: bool = False,
    view: bool | Callable[..., Any] = False,
    entrywise: bool = False,
    steady: bool = False,
    real: bool = False,
    derivative: str = "",
    variables: Sequence[str] = (),
) -> Primitive | Callable[[Callable[..., Any]], Primitive]:
    """Make a primitive of a forward function over raw values: `@primitive`, or `@primitive(label=…)`.

    Run again (a cell of a notebook, a reloaded module), the definition replaces the one before; a name that another module or
    function has taken is refused.

    Args:
        name: its name in the registry, on drawings and in errors (the function's name, without underscores at the ends).
        label: what a drawing writes on it; `{parameter}` is filled in.
        family: groups it, and gives it its colour.
        outputs: names of the outputs when `forward` returns a tuple. Only the first takes a gradient, unless
        several: all of them do; the rules then get a tuple `g` with None where nothing arrived.
        entrywise: works entry by entry, so that the order of the entries in memory is all one to it.
        view: the result shares memory with the first input; writing to it is then differentiated through the base. Of `several`
            outputs a function `(number, *parameters)` says by which primitive and parameters each alone is a view.
        steady: its derivative at an output is that at the input it came from, so that in place the rule may read the one for the other.
        real: complex numbers are refused by name: they have no order, or the mathematics is written for real ones.
        derivative: the symbolic local derivative a drawing writes beneath (`"eˣ"`).
        variables: the inputs for which a plain number will not do, where PyTorch has it so.
    """

    def make(forward: Callable[..., Any]) -> Primitive:
        return Primitive(
            forward,
            name=name,
            label=label,
            family=family,
            outputs=outputs,
            several=several,
            view=view,
            entrywise=entrywise,
            steady=steady,
            real=real,
            derivative=derivative,
            variables=variables,
        )

    if forward is None:
        return make
    if not callable(forward):
        raise TypeError(expected("@primitive", "a function, or options by name", f"{forward!r}", "Write @primitive(name=…)."))
    return make(forward)
