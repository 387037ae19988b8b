"""Tensor: a NumPy array with its place in the graph.

Operators and named methods are the operations themselves: each primitive writes its call for Tensor once, and that call is the
method (see `primitives/codegen.py` and `ops/registry/expose.py`). What stands here is what a value *is*: its array, its gradient, its
flags, in-place writes, and how it turns into other things.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..config import current, scope
from ..engine.complaints import no_tensor, refuse_complex
from ..engine.node import Leaf, Node, Retained
from ..engine.variable import Variable, register_value_type
from ..engine.versions import carry, clock, owner, version
from ..errors import DtypeError, NoSuchAttribute, ShapeError, expected, nearest
from ..kernels.errstate import enter_errstate, leave_errstate
from ..kernels.layouts import RAW, STORES, Codes, OwnOrder, run_reference, to_plain
from ..kernels.memory.allocator import donatable
from ..ops.elementwise.arithmetic import cast, sum_to
from ..ops.index.index import getitem
from ..ops.shape.shape import _data, _detach, apart
from ..primitives.primitive import REGISTRY
from ..support import display
from ..support.handles import RemovableHandle
from ..types.device import Size, as_device, check_cpu, device
from ..types.promotion import get_default_dtype
from . import gradients, inplace
from ._methods import TensorMethods
from .accumulate import accumulate, sum_gradients
from .copying import deep_copy
from .kernel_errors import explain
from .methods.attach import attach
from .printing import text

_NUMBERS: tuple[type, ...] = (int, float, bool, complex)
_RAW = (
    np.ndarray,
    np.bool_,
    np.float16,
    np.float32,
    np.float64,
    np.int8,
    np.int16,
    np.int32,
    np.int64,
    np.uint8,
    np.uint16,
    np.uint32,
    np.uint64,
    np.complex64,
    np.complex128,
)


class Tensor(TensorMethods, Variable):
    """A multi-dimensional array that remembers how it was computed. Make one with `tensor(data)`, `zeros(...)`, `randn(...)`.

    >>> import autograd_cnn as ac
    >>> x = ac.tensor([1., 2., 3.], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4., 6.])
    """

    __slots__ = ("__dict__", "__weakref__")
    __array_ufunc__ = None  # ndarray + Tensor asks us
    plain = frozenset((*_RAW, *_NUMBERS, Codes))
    arrays = frozenset((*_RAW, Codes))
    numbers = frozenset(_RAW[1:])  # np.float64(0.5) * x has the dtype of x, as 0.5 * x
    raw = frozenset((*_RAW, *RAW))
    remembers = "{node}.shape = {y}.shape; {node}.dtype = {y}.dtype"
    fits = True
    guard = walk_guard = (enter_errstate, leave_errstate)
    inside = OwnOrder
    outside = staticmethod(run_reference)
    donatable = staticmethod(donatable)
    _retained: Retained | None = None  # the gradient, while this is no leaf
    _inference = False
    _retired: Any = None  # the Leaf of a tensor whose requires_grad was switched off: it keeps the gradient
    name: str | None = None

    def __init__(self, data: Any = (), *sizes: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> None:
        """`Tensor(data)` copies into the default dtype; `Tensor(2, 3)` and `Tensor(size)` are of these sizes (and zero), as with
        `torch.Tensor`. Prefer `tensor(data)`, which keeps the data's dtype."""
        check_cpu(device, "Tensor")
        if sizes or isinstance(data, int | np.integer | Size):
            data = np.zeros((data, *sizes) if not isinstance(data, Size) else data)
        array = data.value if isinstance(data, Tensor) else data
        self.value = np.array(array, dtype=dtype or get_default_dtype())
        self.node = None
        if requires_grad:
            self.requires_grad_(True)

    # ------------------------------------------------------------------------------------------ what the engine asks
    @staticmethod
    def remember(node: Node, y: Any, values: tuple[Any, ...]) -> None:
        node.shape = y.shape
        node.dtype = y.dtype

    @staticmethod
    def fitted_gradient(g: Any, node: Node) -> Any:
        if g.shape != node.shape:
            try:
                g = sum_to(g, shape=node.shape)
            except ValueError:
                raise ShapeError(
                    expected(
                        f"backward of {node.name}",
                        f"a gradient of shape {list(node.shape)}",
                        f"{list(g.shape)}",
                        "The rule or hook that made it returns the wrong shape.",
                    )
                ) from None
        if g.dtype is node.dtype:
            return g
        refuse_complex(g.dtype, f"backward of {node.name}")
        refuse_complex(node.dtype, f"backward of {node.name}")
        return cast(g, dtype=node.dtype)

    @staticmethod
    def fitting(value: Any) -> bool:
        return isinstance(value, np.ndarray)

    @staticmethod
    def materialise(g: Any) -> Any:
        return to_plain(g)

    @staticmethod
    def sum_gradients(g: Any, other: Any, donated: bool) -> Any:
        return sum_gradients(g, other, donated)

    @staticmethod
    def accumulate(leaf: Leaf, g: Any, create_graph: bool, donated: bool) -> None:
        accumulate(Tensor, leaf, g, create_graph, donated)

    @staticmethod
    def replaced(hook: Callable[..., Any], new: Any, g: Variable) -> Any:
        name = getattr(hook, "__name__", type(hook).__name__)
        if not isinstance(new, Tensor):
            raise TypeError(f"expected Variable (a Tensor, or None), but hook {name!r} returned {type(new).__name__!r}")
        if new.value.shape != g.value.shape:
            raise ShapeError(
                f"hook {name!r} has changed the size of value: expected a gradient of shape {list(g.value.shape)}, "
                f"got {list(new.value.shape)}."
            )
        if new.value.dtype != g.value.dtype:
            raise DtypeError(
                f"hook {name!r} has changed the type of value (was {g.value.dtype} got {new.value.dtype}). Return "
                "grad.to(dtype) of the gradient's dtype."
            )
        return new

    @staticmethod
    def keepsake(g: Any) -> Any:
        return g if isinstance(g, Tensor) else wrap(np.array(to_plain(g)))

    @staticmethod
    def has_nan(g: Any) -> bool:
        return bool(np.isnan(g).any())

    @staticmethod
    def explain(prim: Any, error: Exception, values: tuple[Any, ...]) -> Exception:
        return explain(prim, error, values)

    @classmethod
    def coerce(cls, operation: str, position: int, x: Any) -> Any:
        if isinstance(x, Variable):
            raise TypeError(
                f"{operation}(): argument {position + 1} is a Scalar among Tensors. Expected all of one kind; "
                "use scalar.value, or tensor.item() with Scalars."
            )
        if isinstance(x, np.generic | np.ndarray):
            return np.asarray(x)
        names = getattr(REGISTRY.get(operation), "inputs", ())
        raise no_tensor(x, operation, names[position] if position < len(names) else "", position + 1)

    def storage(self) -> Any:
        """The array itself, as one that can be written to and shared (a 0-d result is a NumPy number until then)."""
        value = self.value
        if value.__class__ is not np.ndarray and (value.__class__ in STORES or not isinstance(value, np.ndarray)):
            memory = owner(value)
            self.value = value = STORES.get(value.__class__, np.array)(value)
            carry(memory, value)
            if isinstance(self.node, Leaf):
                self.node.value = value
        return value

    # ------------------------------------------------------------------------------------------ gradient and graph
    @property
    def requires_grad(self) -> bool:
        """Is this tensor part of the graph?"""
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, flag: bool) -> None:
        self.requires_grad_(flag)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Begin (or stop) to record what is done with this leaf."""
        if requires_grad:
            if self.node is None:
                if self.value.dtype.kind not in "fc":
                    raise DtypeError(
                        "only Tensors of floating point and complex dtype can require gradients: expected a float dtype, "
                        f"got {self.value.dtype}, in requires_grad_. Convert with .float() first."
                    )
                if self._inference and not current().inference:
                    raise RuntimeError(
                        "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed. Use x.clone()."
                    )
                leaf = self._retired or Leaf(self.value, clock(), self.name)
                leaf.value, leaf.shape, leaf.dtype, leaf.holder = self.value, self.value.shape, self.value.dtype, weakref.ref(self)
                if self._retained is not None:
                    leaf.grad, self._retained = self._retained.grad, None
                self.node = leaf
        elif self.node is not None:
            if not isinstance(self.node, Leaf):
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a "
                    "subgraph that doesn't require differentiation use var_no_grad = var.detach()."
                )
            self._retired, self.node = self.node, None
        return self

    @property
    def is_leaf(self) -> bool:
        """True for what the user made and for what does not require a gradient."""
        return self.node is None or isinstance(self.node, Leaf)

    @property
    def grad_fn(self) -> Node | None:
        """The node that made this value; None for a leaf."""
        node = self.node
        if node is None or isinstance(node, Leaf):
            return None
        return node.inputs[0] if node.prim.name == "pick" else node

    @property
    def grad(self) -> Tensor | None:
        """The gradient accumulated by `backward()`; of a leaf, or after `retain_grad()`."""
        node: Any = self.node or self._retired
        if isinstance(node, Leaf):
            return node.grad  # type: ignore[no-any-return]
        return None if self._retained is None else self._retained.grad

    @grad.setter
    def grad(self, g: Tensor | None) -> None:
        if g is not None:
            if not isinstance(g, Tensor):
                raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type {type(g).__name__}")
            if g.value.shape != self.value.shape:
                raise ShapeError(
                    f"assigned grad has data of a different size: expected {list(self.value.shape)}, got {list(g.value.shape)}."
                )
            if g.value.dtype != self.value.dtype:
                raise DtypeError(f"assigned grad has data of a different type: expected {self.value.dtype}, got {g.value.dtype}.")
        node: Any = self.node or self._retired
        if isinstance(node, Leaf):
            node.grad = g
        else:
            if self._retained is None:
                self._retained = Retained()
            self._retained.grad = g

    @grad.deleter
    def grad(self) -> None:
        self.grad = None

    def retain_grad(self) -> None:
        """Let `backward()` add the gradient of this intermediate value to its `.grad`, too; if it is overwritten in place, that of what
        it is then."""
        if self.node is None:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if not isinstance(self.node, Leaf):
            self.retain(self.node)

    @property
    def retains_grad(self) -> bool:
        """Was `retain_grad()` called on this intermediate value?"""
        return self.node is not None and self.node.extra is not None and self.node.extra.retained is not None

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Sequence[Tensor] | Tensor | None = None,
    ) -> None:
        """Accumulate into each leaf's `.grad` the derivative of this value, which must be a single number unless `gradient`
        (dE/d self, of the same shape) says what arrives here.

        Args:
            gradient: of this tensor's shape; 1 by default for a single number.
            retain_graph: keep the graph for another backward (default: the value of `create_graph`).
            create_graph: record the backward pass, for higher derivatives.
            inputs: accumulate only into these.

        >>> import autograd_cnn as ac
        >>> w = ac.tensor(3., requires_grad=True)
        >>> (w ** 2).backward()
        >>> w.grad
        tensor(6.)
        """
        gradients.backward(Tensor, self, gradient, retain_graph, create_graph, inputs)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Any:
        """Call `hook(grad)` whenever the gradient of this value was computed; what it returns replaces the gradient."""
        if self.node is None:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        self._hooked()
        return RemovableHandle.on(self.node.extended().hooks, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> Any:
        """Call `hook(self)` after a backward has added to this leaf's `.grad`."""
        if not isinstance(self.node, Leaf):
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        self._hooked()
        return RemovableHandle.on(self.node.extended().after, lambda _: hook(self))

    def _hooked(self) -> None:
        """A trace hears of a hook on what was there before: each replay's arguments are without it."""
        tracer = current().tracer
        if tracer is not None and self.is_leaf:
            tracer.refuse(
                "the function registers hooks on tensors that were there before, which a backward pass through its result would run."
            )

    def detach(self) -> Tensor:
        """The same values, sharing memory, cut off from the graph. Writes to it are counted as writes to this tensor."""
        out = wrap(self.storage())
        if self._inference:
            out._inference = True
        self._traced(out, _detach)
        return out

    def _traced(self, out: Tensor, way: Any) -> None:
        """A trace, which knows values by who carries them, hears that `out` is this tensor without its graph."""
        tracer = current().tracer
        if tracer is not None:
            inplace.hold_together(self if self._view is None else self._view.base, tracer)
            tracer.record(way, (self,), (), (out,), scope())

    def detach_(self) -> Self:
        """Cut this tensor off from the graph that made it."""
        if self._view is not None:
            raise RuntimeError("Can't detach views in-place: expected a base tensor in detach_. Use detach() instead.")
        if isinstance(self.node, Leaf):
            self._retired = self.node
        self.node = None
        return self

    @property
    def data(self) -> Tensor:
        """The same values, sharing memory, unknown to the graph. Assigning replaces the values."""
        out = wrap(apart(self.storage()))
        self._traced(out, _data)
        return out

    @data.setter
    def data(self, new: Tensor) -> None:
        if not isinstance(new, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(new).__name__}")
        if self.node is not None and new.value.dtype.kind not in "fc":
            raise DtypeError(
                f"data set to a tensor that requires gradients must be floating point or complex dtype, got {new.value.dtype}."
            )
        inplace.repoint(self, apart(new.storage()), new)

    @property
    def _version(self) -> int:
        return version(self.value)

    def _is_view(self) -> bool:
        return self._base is not None

    @property
    def _base(self) -> Tensor | None:
        return None if self._view is None else self._view.base

    def is_inference(self) -> bool:
        """Was this made inside `inference_mode()`?"""
        return self._inference

    def _write(self, result: Tensor, operation: str) -> Self:
        """Overwrite with a result computed from this tensor: an in-place operation's second half."""
        inplace.check_writable(self, operation)
        return inplace.write(self, result, operation)  # type: ignore[no-any-return]

    # ------------------------------------------------------------------------------------------ what it looks like
    @property
    def shape(self) -> Size:
        """The sizes of the dims."""
        return Size(self.value.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The element type, a NumPy dtype."""
        return self.value.dtype  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """The number of dims."""
        return self.value.ndim  # type: ignore[no-any-return]

    @property
    def device(self) -> device:
        """Always the CPU."""
        return as_device("cpu")

    if not TYPE_CHECKING:  # the checker would take every misspelt name

        def __getattr__(self, name: str) -> Any:
            """Only asked for what does not exist."""
            raise NoSuchAttribute(self, name, _near)

    def __len__(self) -> int:
        if not self.value.ndim:
            raise TypeError("len() of a 0-d tensor")
        return len(self.value)

    def __iter__(self) -> Iterator[Tensor]:
        if not self.value.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return (getitem(self, i) for i in range(len(self.value)))

    def __getitem__(self, at: Any) -> Tensor:
        return getitem(self, at)  # type: ignore[no-any-return]

    def __setitem__(self, at: Any, values: Any) -> None:
        inplace.setitem(self, at, values)

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return text(self)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if not self.value.ndim else object.__format__(self, spec)

    def _repr_svg_(self) -> str | None:
        """In a notebook: the picture of the graph that made this value."""
        if self.is_leaf:
            return None
        return display.svg(self)

    # ------------------------------------------------------------------------------------------ turning into others
    def _taken(self, how: str) -> None:
        """A trace hears that numbers leave the tensor: its replays do not see them again."""
        tracer = current().tracer
        if tracer is not None:
            tracer.taken(self, how)

    def item(self) -> Any:
        """The only entry, as a Python number."""
        self._taken("item()")
        if self.value.size != 1:
            raise RuntimeError(
                f"a Tensor with {self.value.size} elements cannot be converted to Scalar: item() expected one element, got shape "
                f"{list(self.value.shape)}. Use tolist(), or reduce it first."
            )
        return self.value.item()

    def tolist(self) -> Any:
        """The entries as (nested) Python numbers."""
        self._taken("tolist()")
        return self.value.tolist()

    def numpy(self, *, force: bool = False) -> Any:
        """The entries as an ndarray that shares memory. `force=True` also of a tensor that requires a gradient."""
        if self.node is not None and not force:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        self._taken("numpy()")
        return self.storage()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if self.node is not None:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        self._taken("an array of it")
        return np.array(self.storage(), dtype=dtype, copy=copy)

    def __dlpack__(self, **kwargs: Any) -> Any:
        if self.node is not None:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        self._taken("its memory")
        return self.storage().__dlpack__(**kwargs)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)

    def __bool__(self) -> bool:
        if self.value.size != 1:
            kind = "no values" if not self.value.size else "more than one value"
            raise RuntimeError(f"Boolean value of Tensor with {kind} is ambiguous. Use .any() or .all().")
        self._taken("its truth value")
        return bool(self.value)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self.value.size != 1 or self.value.dtype.kind not in "iub":
            raise TypeError(
                "only integer tensors of a single element can be converted to an index: expected one integer, got "
                f"{self.value.dtype} of shape {list(self.value.shape)}."
            )
        self._taken("an index")
        return int(self.value)

    def __contains__(self, x: Any) -> bool:
        self._taken("whether it contains a value")
        return bool((self.value == (x.value if isinstance(x, Tensor) else x)).any())

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        return deep_copy(self, memo, with_grad=True)  # type: ignore[no-any-return]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        if not self.is_leaf:
            raise RuntimeError("only leaf tensors can be pickled: expected one without a graph. Use x.detach() or x.clone().detach().")
        return _rebuild, (type(self), self.storage(), self.requires_grad)

    __array_priority__ = 1000


class Parameter(Tensor):
    """A tensor that a Module counts among its parameters when it is assigned to it. Requires a gradient by default.

    >>> import autograd_cnn as ac
    >>> ac.nn.Parameter(ac.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Self:
        made = object.__new__(cls)
        if data is not None and not isinstance(data, Tensor):
            raise TypeError(f"Parameter: expected a Tensor, got {type(data).__name__}. Use ac.tensor(data).")
        made.value = np.zeros(0, get_default_dtype()) if data is None else data.storage()
        made.node = None
        if requires_grad:
            made.requires_grad_(True)
        return made

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        """Everything was done in `__new__`, so that subclasses may take other arguments."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return deep_copy(self, memo, with_grad=False)  # type: ignore[no-any-return]  # as in PyTorch: the copy begins without

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]  # mypy forgets the argument names of such methods
        return "Parameter containing:\n" + super().__repr__()


def _near(tensor: Tensor, name: str) -> str:
    return f".{nearest(name, dir(type(tensor)))}"


def wrap(array: Any, requires_grad: bool = False) -> Tensor:
    """A tensor around an array, without copying or recording."""
    made = object.__new__(Tensor)
    made.value = array
    made.node = None
    if requires_grad:
        made.requires_grad_(True)
    return made


def _rebuild(cls: type[Tensor], array: Any, requires_grad: bool) -> Tensor:
    made = cls.__new__(cls)
    made.value = array
    made.node = None
    if requires_grad and made.node is None:
        made.requires_grad_(True)
    elif not requires_grad:
        made.node = None
    return made


register_value_type(Tensor, *_RAW)
attach(Tensor, TensorMethods)
