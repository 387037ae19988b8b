"""`autograd.Function`: the user's own forward and backward, as in PyTorch."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..config import Switch, current, scope
from ..engine.node import BackwardScope, Leaf, Node
from ..engine.record import View, note_shared, note_view, select_output, user_line
from ..engine.versions import clock, written_since, wrote
from ..errors import InplaceError
from ..primitives.primitive import Keep
from ..tensors.inplace import check_writable, move
from ..tensors.tensor import Tensor, wrap


class FunctionCtx:
    """What `forward` leaves for `backward`: saved tensors, flags, and any attribute."""

    def __init__(self, needs: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs
        self._to_save: tuple[Tensor | None, ...] = ()
        self._saved: list[tuple[Any, Node | None, int | None]] | None = []
        self._stamp = 0
        self._dirty: tuple[Tensor, ...] = ()
        self._constant: tuple[Tensor, ...] = ()
        self._materialize = True
        self._name = ""

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs, outputs or intermediate tensors for `backward`, which finds them in `ctx.saved_tensors`."""
        for t in tensors:
            if t is not None and not isinstance(t, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument is of type {type(t).__name__}: keep other "
                    "things as attributes of ctx."
                )
        self._to_save = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say which inputs `forward` has modified in place; they must be returned."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say which outputs take no gradient."""
        self._constant = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """False: `backward` gets None, not zeros, for outputs nobody used."""
        self._materialize = bool(value)

    @property
    def kept(self) -> tuple[Any, ...]:
        """The raw values that wait for `backward`: for the memory report and the drawings."""
        return tuple(raw for raw, _, _ in self._saved or () if raw is not None)

    @property
    def holds(self) -> bool:
        """Does it hold tensors or arrays, saved or as attributes?"""
        return bool(self.kept) or any(isinstance(v, Tensor | np.ndarray) for n, v in vars(self).items() if not n.startswith("_"))

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `save_for_backward` kept."""
        found: list[Any] = []
        for raw, node, output in self._saved or ():
            if raw is None:
                found.append(None)
                continue
            if written_since(raw, self._stamp):
                raise InplaceError(
                    "one of the variables needed for gradient computation has been modified by an inplace operation: a tensor of shape "
                    f"{list(raw.shape)} saved by {self._name}. Expected it unchanged since forward; use the out-of-place operation."
                )
            made = wrap(raw)
            under = scope()
            if output is not None and isinstance(under, BackwardScope):  # a recorded backward: the output is its own node's
                made.node = select_output(under.of, output, under.of.prim.count, Tensor, raw) if under.of.prim.several else under.of
            else:
                made.node = node
            found.append(made)
        return tuple(found)

    def emptied(self) -> FunctionCtx:
        """This context without the saved values: they will be computed again."""
        self._saved = [(None, node, output) for _, node, output in self._saved or ()]
        return self

    def refilled(self, other: FunctionCtx) -> FunctionCtx:
        """A copy with the values that `other`, of the same call run again, has saved; they have the places in the graph that they had."""
        made = copy.copy(self)
        made._saved = [(raw, node, output) for (raw, _, _), (_, node, output) in zip(other._saved or (), self._saved or (), strict=True)]
        made._stamp = other._stamp
        return made

    def _freeze(self, outputs: tuple[Any, ...]) -> None:
        """Turn what was to be saved into raw values and nodes: a reference to an output would close a circle."""
        place = {id(o): i for i, o in enumerate(outputs) if isinstance(o, Tensor)}
        self._saved = [(None, None, None) if t is None else (t.value, t.node, place.get(id(t))) for t in self._to_save]
        self._to_save = ()
        self._dirty = self._constant = ()
        self._stamp = clock()


class _FunctionPrimitive:
    """A user's Function as the engine sees it: an operation with one joint rule."""

    label = ""
    family = "custom"
    params = ()
    keep = (Keep("ctx", "context", 0, frozenset()),)
    outputs = ("y",)
    variadic = view = takes_donation = ours = False
    reads = ()
    differentiable = True
    holds = True

    def __init__(self, cls: type[Function], count: int, several: bool) -> None:
        self.cls = cls
        self.name = cls.__name__
        self.label = cls.__name__
        self.count = count
        self.several = several
        self.inputs: tuple[str, ...] = ()
        self.tensors: tuple[bool, ...] = ()  # which arguments are tensors
        self.once = getattr(cls.backward, "once_differentiable", False)

    def label_for(self, params: dict[str, Any]) -> str:
        return self.label

    def __call__(self, *args: Any) -> Any:
        return self.cls.apply(*args)

    def pull(self, g: Any, k: Any, p: Any, i: tuple[Node | None, ...]) -> tuple[Any, ...]:
        ctx = k[0]
        shapes = ctx._output_like
        arrived = g.listed() if self.several else (g,)
        raw = not any(isinstance(a, Tensor) for a in arrived)
        grads = [_arrived(a, like, ctx._materialize) for a, like in zip(arrived, shapes, strict=True)]
        returned = self.cls.backward(ctx, *grads)
        found = list(returned) if isinstance(returned, tuple | list) else [returned]
        if len(found) > len(i) and all(f is None for f in found[len(i) :]):
            found = found[: len(i)]
        if len(found) != len(i):
            raise RuntimeError(
                f"function {self.name}Backward returned an incorrect number of gradients (expected {len(i)}, got {len(found)}): "
                "backward must return one for each argument of forward, None for those that are no tensors."
            )
        for at, (f, node) in enumerate(zip(found, i, strict=True)):
            if f is not None and not self.tensors[at]:
                raise RuntimeError(
                    f"function {self.name}Backward returned a gradient different than None at position {at + 1}, but the corresponding "
                    "forward input was not a Variable: return None for arguments that are no tensors."
                )
            self._check(at, f, node)
        return tuple(f.value if raw and isinstance(f, Tensor) else f for f in found)

    def _check(self, at: int, f: Any, node: Node | None) -> None:
        if f is None or node is None:
            return
        if not isinstance(f, Tensor):
            raise RuntimeError(f"{self.name}.backward: expected Variable (Tensor or None) for argument {at}, got {type(f).__name__}")
        try:
            fits = np.broadcast_shapes(f.value.shape, node.shape) == f.value.shape
        except ValueError:
            fits = False
        if not fits:
            raise RuntimeError(
                f"Function {self.name}Backward returned an invalid gradient at index {at} - got {list(f.value.shape)} but expected "
                f"shape compatible with {list(node.shape)}"
            )


def _as_is(x: Tensor) -> Any:
    """An input handed back as it is: a view of it."""
    made: Any = wrap(x.storage())
    base, path = (x, ()) if x._view is None else (x._view.base, x._view.path)
    made._view = View(base, path)
    note_view(made, base)
    return made


def _arrived(a: Any, like: tuple[Any, Any], materialize: bool) -> Tensor | None:
    if a is None:
        return wrap(np.zeros(like[0], like[1])) if materialize else None
    return a if isinstance(a, Tensor) else wrap(a)


class Function:
    """Subclass it with static methods `forward(ctx, *args)` and `backward(ctx, *grad_outputs)`; call it with `.apply(*args)`.

    The newer form, `forward(*args)` with `setup_context(ctx, inputs, output)`, works too.

    >>> import autograd_cnn as ac
    >>> class Square(ac.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         x, = ctx.saved_tensors
    ...         return 2 * x * g
    >>> x = ac.tensor(3., requires_grad=True)
    >>> Square.apply(x).backward()
    >>> x.grad
    tensor(6.)
    """

    _new_style: ClassVar[bool] = False
    _seals: ClassVar[bool] = True  # may nobody write to a result that is a view of an argument? (The library's own are identities.)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd function with static "
            f"forward method: {type(self).__name__}.apply(...)."
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the outputs from the inputs; to be overridden."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Save what backward needs, when `forward` takes no `ctx`; to be overridden."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """From the gradients of the outputs those of the inputs; to be overridden. `vjp` is another name for it."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with backward mode AD."
        )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._new_style = cls.setup_context is not Function.setup_context
        vjp = cls.__dict__.get("vjp")
        if vjp is not None and "backward" not in cls.__dict__:
            cls.backward = vjp  # type: ignore[method-assign]  # the other name of the same

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` without recording what it does, and record the whole as one operation."""
        c = current()
        nodes = tuple(a.node if isinstance(a, Tensor) else None for a in args)
        recording = c.recording and any(n is not None for n in nodes)
        ctx = FunctionCtx(tuple(n is not None for n in nodes) if c.record else (False,) * len(nodes))
        ctx._name = cls.__name__
        with Switch(record=False, tracer=None):
            if cls._new_style:
                result = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, result)
            else:
                result = cls.forward(ctx, *args, **kwargs)
        several = isinstance(result, tuple | list)
        outputs = tuple(result) if several else (result,)
        dirty = {id(t) for t in ctx._dirty}
        constant = {id(t) for t in ctx._constant}
        given = {id(a) for a in args if isinstance(a, Tensor)}
        if dirty - {id(o) for o in outputs}:
            raise RuntimeError(
                "Some elements marked as dirty during the forward method were not returned as output. The inputs that are modified inplace "
                f"must all be outputs of the Function ({cls.__name__}): return them."
            )
        for t in ctx._dirty:
            if recording:
                check_writable(t, cls.__name__)
            wrote(t.storage())
        # an input handed back unchanged becomes a tensor of its own that shares its memory
        handed = tuple(_as_is(o) if isinstance(o, Tensor) and id(o) in given and id(o) not in dirty else o for o in outputs)
        for o, h in zip(outputs, handed, strict=True):
            if id(o) in constant:
                constant.add(id(h))
        ctx._freeze(handed)
        note_shared(cls.__name__, [h for h in handed if id(h) not in dirty], args)
        if recording:
            for h in handed:
                if isinstance(h, Tensor) and h._view is not None and id(h) not in dirty:
                    h._view.custom, h._view.sealed = cls.__name__, cls._seals
            prim = _FunctionPrimitive(cls, len(handed), several)
            prim.tensors = tuple(isinstance(a, Tensor) for a in args)
            cls._record(prim, ctx, nodes, handed, constant, dirty, c)
        if c.region is not None:
            raws = [a.value if isinstance(a, Tensor) else None for a in (*args, *handed)]
            c.region.called(nodes, raws[: len(args)], (), raws[len(args) :])
        if c.tracer is not None:
            prim = _FunctionPrimitive(cls, len(handed), several)
            prim.inputs = tuple(f"arg{i}" for i in range(len(args)))
            c.tracer.record(prim, args, (), tuple(h for h in handed if isinstance(h, Tensor)), scope())
        return handed if several else handed[0]

    @classmethod
    def _record(
        cls,
        prim: _FunctionPrimitive,
        ctx: Any,
        nodes: tuple[Node | None, ...],
        outputs: tuple[Any, ...],
        constant: set[int],
        dirty: set[int],
        c: Any,
    ) -> None:
        tensors, several = [o for o in outputs if isinstance(o, Tensor)], prim.several
        prim.holds = bool(ctx._saved)
        prim.inputs = tuple(f"arg{i}" for i in range(len(nodes)))
        ctx._output_like = tuple((o.value.shape, o.value.dtype) if isinstance(o, Tensor) else ((), np.float32) for o in outputs)
        node = Node()
        node.prim, node.inputs, node.params, node.scope = prim, nodes, (), scope()
        node.kept = (ctx,)
        node.extra = None
        node.shape = node.dtype = None
        if not several and tensors:
            Tensor.remember(node, tensors[0].value, ())
        node.serial = clock()
        if c.anomaly:
            node.extended().line = user_line()
        if c.region is not None:
            c.region.recorded(node)
        for i, out in enumerate(outputs):
            if not isinstance(out, Tensor) or id(out) in constant or out.value.dtype.kind not in "fc":
                continue
            made = select_output(node, i, len(outputs), Tensor, out.value) if several else node
            if id(out) in dirty and not isinstance(out.node, Leaf):
                move(out, made)
            else:
                out.hang(made)


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a `backward` that works on values only: a second derivative through it raises instead of being wrong."""

    @functools.wraps(fn)
    def backward(ctx: Any, *grads: Any) -> Any:
        with Switch(record=False):
            return fn(ctx, *grads)

    backward.once_differentiable = True  # type: ignore[attr-defined]  # a function may carry attributes
    return backward
