"""What the engine knows of a value: the raw value it wraps and the node that made it. Tensor and Scalar are its two kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .complaints import no_tensor
from .node import Leaf, Node, Retained


class Variable:
    """A raw value with its place in the graph. `node` is None where no gradient flows.

    A kind of variable (a *value type*) tells the engine, through the class attributes and methods below, what it may need of
    its raw values; so the engine itself stays value-blind.
    """

    __slots__ = ("node", "value")

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self)} - _ENGINES)

    value: Any
    node: Node | None

    plain: ClassVar[frozenset[type]] = frozenset()  # raw types an operation takes as they are
    arrays: ClassVar[frozenset[type]] = frozenset()  # those of them that stand for a whole variable, if only some do
    numbers: ClassVar[frozenset[type]] = frozenset()  # those of them that count as Python numbers beside a variable (by `.item()`)
    kernel_types: ClassVar[tuple[type, ...]] = ()  # kernels of these raw types are used where there are any
    raw: ClassVar[frozenset[type]] = frozenset()  # what a kernel may return; anything else is looked at closely
    remembers: ClassVar[str] = ""  # source: what a node notes of its output, `{node}` and `{y}` (the fast path's `remember`)
    keeps_all: ClassVar[bool] = False  # nodes keep (*outputs, *inputs), whatever the rules want: cheap for numbers, and drawn
    fits: ClassVar[bool] = False  # do gradients have a shape and dtype that must fit the node's?
    guard: ClassVar[tuple[Callable[[], Any], Callable[[Any], None]] | None] = None  # around kernels: enter, leave(token)
    walk_guard: ClassVar[tuple[Callable[[], Any], Callable[[Any], None]] | None] = None  # the same around a whole gradient walk
    inside: ClassVar[type | None] = None  # the raw type of values that a backend keeps in an order of its own
    _view: ClassVar[Any] = None  # of a view: its base and the operations that lead there

    @classmethod
    def coerce(cls, operation: str, position: int, x: Any) -> Any:
        """The raw value of an argument that is neither of this kind nor of a plain type, or a TypeError."""
        kind = type(x).__name__
        raise TypeError(f"{operation}(): argument {position + 1} must be a {cls.__name__}, not {kind}")

    @staticmethod
    def lift(forward: Callable[..., Any]) -> Callable[..., Any]:
        """Make a reference kernel fit for this kind's raw values."""
        return forward

    @staticmethod
    def outside(prim: Any, values: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """`prim`'s reference kernel on values of which some are of the `inside` type."""
        raise NotImplementedError

    @staticmethod
    def fitting(value: Any) -> bool:
        """Is this, which is none of the `raw` types, nevertheless something that a variable of this kind can wrap?"""
        return False

    @staticmethod
    def materialise(g: Any) -> Any:
        """A raw gradient that somebody keeps and looks at."""
        return g

    @staticmethod
    def donatable(g: Any) -> bool:
        """May a result be written over this raw gradient, if nobody else needs it?"""
        return False

    @staticmethod
    def sum_gradients(g: Any, other: Any, donated: bool) -> Any:
        """The sum of two gradients that arrived at one value; `donated`: it may be written over `g`."""
        return g + other

    @staticmethod
    def explain(prim: Any, error: Exception, values: tuple[Any, ...]) -> Exception:
        """The exception a user should see for one that a kernel raised."""
        return error

    @staticmethod
    def remember(node: Node, y: Any, values: tuple[Any, ...]) -> None:
        """Note on the node what backward and the drawings must know of the output."""

    @staticmethod
    def fitted_gradient(g: Any, node: Node) -> Any:
        """The gradient `g` in the node's shape and dtype: broadcasting undone, the one place that does it."""
        return g

    @staticmethod
    def accumulate(leaf: Leaf, g: Any, create_graph: bool, donated: bool) -> None:
        """Add `g` to the leaf's gradient; `donated`: its memory may become the gradient's."""
        raise NotImplementedError

    @staticmethod
    def replaced(hook: Callable[..., Any], new: Any, g: Variable) -> Any:
        """What a hook returned in the place of the gradient `g`, or an error if it cannot stand there."""
        return new

    @staticmethod
    def at_pole(pull: Callable[..., Any], g: Any, kept: Any, params: Any, inputs: Any) -> Any:
        """`pull(g, kept, params, inputs)` where plain numbers raise an ArithmeticError, and arrays have infinities and NaN."""
        return pull(g, kept, params, inputs)

    @staticmethod
    def keepsake(g: Any) -> Any:
        """The gradient `g` as `retain_grad` keeps it: nobody writes to it later."""
        return g

    def hang(self, node: Node | None) -> None:
        """Let this variable, which an operation has overwritten, have been made by `node`: a retained gradient is its gradient from now on."""
        old, self.node = self.node, node
        x: Any = self  # each kind has a `_retained`
        if x._retained is not None and old is not None and old.extra is not None and old.extra.retained is x._retained:
            old.extra.retained = None
            if node is not None:
                node.extended().retained = x._retained

    def retain(self, node: Node) -> None:
        """Keep the gradient of this value, which `node` made, too."""
        x: Any = self
        if x._retained is None:
            x._retained = Retained()
        node.extended().retained = x._retained

    @staticmethod
    def has_nan(g: Any) -> bool:
        """Is there a NaN in this raw gradient?"""
        return bool(g != g)

    def storage(self) -> Any:
        """The raw value, made writable and shareable if it was not yet."""
        return self.value


VALUE_TYPE_OF: dict[type, type[Variable]] = {}  # raw type -> the kind of variable that wraps it
_ENGINES = {name for name in vars(Variable) if not name.startswith("_")} - {"value"}  # what a prompt need not offer
VALUE_TYPES: set[type] = set()  # the kinds of variable
RAW: set[type] = set()  # all raw types an operation takes as they are
ARRAYS: set[type] = set()  # those of them for which `forward` itself is the kernel
INSIDE: dict[type, type[Variable]] = {}  # raw types in a backend's own order -> their kind of variable


def register_value_type(value_type: type[Variable], *raw_types: type) -> None:
    """Let results of these raw types be wrapped by `value_type`."""
    VALUE_TYPES.add(value_type)
    RAW.update(value_type.plain)
    if not value_type.kernel_types:
        ARRAYS.update(raw_types)
    for raw in raw_types:
        VALUE_TYPE_OF[raw] = value_type
    if value_type.inside is not None:
        VALUE_TYPE_OF[value_type.inside] = INSIDE[value_type.inside] = value_type


def box(value: Any, node: Node | None) -> Any:
    """Wrap a raw value, with its place in the graph, without recording anything."""
    cls = VALUE_TYPE_OF[value.__class__]
    made = cls.__new__(cls)
    made.value = value
    made.node = node
    return made


def unbox(x: Any) -> Any:
    """The raw value of a variable; anything else as it is."""
    return x.value if isinstance(x, Variable) else x


def array_of(x: Any) -> Any:
    """The raw value of a variable or a raw array; TypeError for what is neither, a number included, as below."""
    raw = x.value if isinstance(x, Variable) else x
    if not hasattr(raw, "dtype"):
        raise no_tensor(x)
    return raw


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of a variable or raw value; TypeError for what has none, as below."""
    try:
        return (x.value if isinstance(x, Variable) else x).shape  # type: ignore[no-any-return]
    except AttributeError:
        raise no_tensor(x) from None


def ndim_of(x: Any) -> int:
    """The number of its dims."""
    try:
        return int((x.value if isinstance(x, Variable) else x).ndim)
    except AttributeError:
        raise no_tensor(x) from None


def dtype_of(x: Any) -> Any:
    """Its dtype."""
    try:
        return (x.value if isinstance(x, Variable) else x).dtype
    except AttributeError:
        raise no_tensor(x) from None


def size_of(x: Any) -> int:
    """The number of its entries."""
    try:
        return int((x.value if isinstance(x, Variable) else x).size)
    except AttributeError:
        raise no_tensor(x) from None
