"""The twin's tensors: names for values of the tape, with views, writes, hooks and gradients, as programs use them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import tape
from .tape import RECORD, Var, const

_largest = [0.0]  # norm of a gradient since the program began: what is far below it is noise


class Tensor:
    """A name for a value: its own, or a part of another's (`base`), or another's without its history (`owner`)."""

    __array_ufunc__ = None

    def __init__(self, var: Var | None, base: Tensor | None = None, get: Any = None, put: Any = None, owner: Tensor | None = None) -> None:
        self._var, self.base, self._get, self._put, self.owner = var, base, get, put, owner
        self._of: Any = None
        self._recorded = RECORD.get()  # a view made under no_grad has no history
        self.grad: Tensor | None = None
        self._hooks: dict[int, Any] = {}
        self._after: list[Any] = []
        self._retains = False
        self.name: str | None = None

    # -------------------------------------------------------------------------------- the value now
    @property
    def var(self) -> Var:
        if self.owner is not None:
            return const(self.owner.var.value)
        if self.base is None:
            return self._var  # type: ignore[return-value]
        of = self.base.var
        if self._of is not of:
            with tape.recording(self._recorded):
                old, self._var, self._of = self._var, self._get(of), of
            if self._retains and old is not None:
                old.retainers.remove(self)
                self._var.retainers.append(self)
        return self._var  # type: ignore[return-value]

    def _become(self, new: Var) -> Tensor:
        """An in-place operation made `new` of this."""
        if self.owner is not None or not RECORD.get():
            return self._data(new.value)
        before = self.var
        if before.needs and not new.needs:  # what was recorded stays so, though nothing goes back
            new = Var(new.value, (before,), lambda g: (tape.scale(g, 0.0),))
        if self.base is not None:
            self.base._become(self._put(self.base.var, new))
            self._of, old, self._var = self.base.var, self._var, new
        else:
            if self._var is not None and self._var.leaf is not None:
                raise RuntimeError("a leaf that requires a gradient is written to in place")
            old, self._var = self._var, new
        if self._retains and old is not None and self in old.retainers:
            old.retainers.remove(self)
            new.retainers.append(self)
        return self

    def _data(self, value: Any) -> Tensor:
        """Other entries, the same history."""
        if self.owner is not None:
            self.owner._data(value)
            return self
        if self.base is not None:
            of = self.base
            with tape.recording(False):
                of._data(self._put(const(of.var.value), const(np.broadcast_to(value, self.shape))).value)
            return self
        old, value = self._var, np.array(np.broadcast_to(value, self.shape), np.float64)
        assert old is not None
        if old.leaf is not None:
            self._var = Var(value, leaf=self)
        else:
            with tape.recording(True):
                self._var = Var(value, (old,), lambda g: (g,))
                if self._retains and self in old.retainers:
                    old.retainers.remove(self)
                    self._var.retainers.append(self)
        return self

    # -------------------------------------------------------------------------------- looking
    @property
    def shape(self) -> tuple[int, ...]:
        return self.var.value.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def requires_grad(self) -> bool:
        return self.var.needs

    @property
    def is_leaf(self) -> bool:
        return self.var.pull is None

    @property
    def data(self) -> Tensor:
        return self.detach()

    def size(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]

    def numel(self) -> int:
        return self.var.value.size

    def numpy(self) -> Any:
        return self.owner.var.value if self.owner is not None else self.var.value

    def tolist(self) -> Any:
        return self.numpy().tolist()

    def item(self) -> float:
        return float(self.numpy())

    __float__ = item

    def __len__(self) -> int:
        return self.shape[0]

    def is_contiguous(self) -> bool:
        return True

    def detach(self) -> Tensor:
        return Tensor(None, owner=self)

    def requires_grad_(self, on: bool = True) -> Tensor:
        value = self.numpy()
        self._var, self.owner, self.base = (Var(value, leaf=self) if on else const(value)), None, None
        self._frozen = not on
        return self

    def __deepcopy__(self, memo: Any) -> Tensor:
        made = type(self)(const(self.var.value.copy()))
        memo[id(self)] = made
        return made.requires_grad_(self.var.leaf is not None)  # a frozen parameter's copy is frozen

    # -------------------------------------------------------------------------------- gradients
    def register_hook(self, hook: Any) -> Any:
        hooks = self._hooks if self.var.leaf is not None else None
        if hooks is None:
            var = self.var
            var.hooks.append(hook)
            return _Removable(lambda: var.hooks.remove(hook))
        key = len(hooks) + 1000 * len(self._hooks)
        hooks[key] = hook
        return _Removable(lambda: hooks.pop(key, None))

    def register_post_accumulate_grad_hook(self, hook: Any) -> Any:
        self._after.append(hook)
        return _Removable(lambda: self._after.remove(hook))

    def retain_grad(self) -> None:
        if self.var.leaf is None and not self._retains:
            self._retains = True
            self.var.retainers.append(self)

    def backward(self, gradient: Any = None, retain_graph: Any = None, create_graph: bool = False, inputs: Any = None) -> None:
        run([self], [gradient], None if inputs is None else _listed(inputs), True, create_graph)


class _Removable:
    def __init__(self, remove: Any) -> None:
        self.remove = remove


def _listed(x: Any) -> list[Any]:
    return [x] if isinstance(x, Tensor) else list(x)


def run(outputs: Sequence[Tensor], seeds: Sequence[Any], inputs: Any, accumulate: bool, create_graph: bool) -> list[Any]:
    """The walk, with hooks, retained gradients and leaves; the gradients of `inputs`, None where nothing arrives."""
    found: dict[Any, Var] = {}
    wanted = None if inputs is None else {_key(x): x for x in inputs}

    def arrive(v: Var, g: Var) -> Var:
        hooks = list(v.leaf._hooks.values()) if v.leaf is not None else list(v.hooks)
        if hooks:
            shown = Tensor(g)
            for hook in hooks:
                new = hook(shown)
                shown = shown if new is None else new
            g = shown.var
        for handle in v.retainers:
            handle.grad = Tensor(g) if handle.grad is None else Tensor(tape.add(handle.grad.var, g))
        key = v.leaf if v.leaf is not None else v.serial
        if wanted is not None and key in wanted:
            found[key] = tape.add(found[key], g) if key in found else g
        if v.leaf is not None and accumulate and (wanted is None or key in wanted) and not getattr(v.leaf, "_frozen", False):
            _accumulate(v.leaf, g, create_graph)
            for hook in v.leaf._after:
                hook(v.leaf)
        return g

    roots = [(y.var, const(np.ones(y.shape)) if s is None else s.var) for y, s in zip(outputs, seeds, strict=True)]
    useful = None if wanted is None else _leading([v for v, _ in roots], set(wanted))
    _largest[0] = max(_largest[0], tape.walk(roots, arrive, create_graph, lambda v: useful is None or v.serial in useful))
    return [] if wanted is None else [Tensor(found[_key(x)]) if _key(x) in found else None for x in inputs]


def _key(x: Tensor) -> Any:
    return x if x.var.leaf is not None else x.var.serial


def _leading(roots: list[Var], wanted: set[Any]) -> set[int]:
    """The values from which a wanted one is reached."""
    seen: dict[int, Var] = {}
    todo = list(roots)
    while todo:
        v = todo.pop()
        if v.serial not in seen:
            seen[v.serial] = v
            todo += v.parents
    useful: set[int] = set()
    for serial in sorted(seen):
        v = seen[serial]
        if (v.leaf if v.leaf is not None else serial) in wanted or any(p.serial in useful for p in v.parents):
            useful.add(serial)
    return useful


def _accumulate(leaf: Tensor, g: Var, create_graph: bool) -> None:
    if create_graph:
        leaf.grad = Tensor(g if leaf.grad is None else tape.add(leaf.grad.var, g))
    elif leaf.grad is None:
        leaf.grad = Tensor(const(g.value.copy()))
    else:
        leaf.grad = Tensor(const(leaf.grad.var.value + g.value))


# ------------------------------------------------------------------------------------------------- operations
def lift(x: Any) -> Var:
    return x.var if isinstance(x, Tensor) else const(x)


def op(fn: Any, *args: Any, **more: Any) -> Tensor:
    return Tensor(fn(*(a.var if isinstance(a, Tensor) else a for a in args), **more))


def _binary(fn: Any) -> Any:
    return lambda self, other: Tensor(fn(self.var, lift(other)))


def _sub(a: Var, b: Var) -> Var:
    return tape.add(a, tape.scale(b, -1))


def _div(a: Var, b: Var) -> Var:
    return tape.mul(a, tape.power(b, -1))


def _shape(args: Any, size: int) -> tuple[int, ...]:
    shape = tuple(args[0]) if len(args) == 1 and isinstance(args[0], tuple | list) else tuple(args)
    known = -int(np.prod(shape))
    return tuple(size // max(known, 1) if s == -1 else s for s in shape)


def _axes(dim: Any) -> Any:
    return None if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)


def _reduced(fn: Any) -> Any:
    return lambda self, dim=None, keepdim=False: Tensor(fn(self.var, _axes(dim), keepdim))


Tensor.__add__ = Tensor.__radd__ = Tensor.add = _binary(tape.add)  # type: ignore[attr-defined]
Tensor.__mul__ = Tensor.__rmul__ = Tensor.mul = _binary(tape.mul)  # type: ignore[attr-defined]
Tensor.__sub__ = Tensor.sub = _binary(_sub)  # type: ignore[attr-defined]
Tensor.__rsub__ = _binary(lambda a, b: _sub(b, a))  # type: ignore[attr-defined]
Tensor.__truediv__ = _binary(_div)  # type: ignore[attr-defined]
Tensor.__matmul__ = Tensor.matmul = Tensor.bmm = _binary(tape.matmul)  # type: ignore[attr-defined]
Tensor.__neg__ = lambda self: op(tape.scale, self, -1.0)  # type: ignore[attr-defined]
Tensor.__pow__ = Tensor.pow = lambda self, p: op(tape.power, self, p)  # type: ignore[attr-defined]
Tensor.sum, Tensor.mean = _reduced(tape.total), _reduced(tape.average)  # type: ignore[attr-defined]
CURVES = {"relu": tape.relu, "tanh": tape.tanh, "sigmoid": tape.sigmoid, "sin": tape.sin, "exp": tape.exp, "log": tape.log}
for _name, _fn in CURVES.items():
    setattr(Tensor, _name, lambda self, _fn=_fn: op(_fn, self))
Tensor.clamp = lambda self, min=-np.inf, max=np.inf: op(tape.clamp, self, min, max)  # type: ignore[attr-defined]
Tensor.clone = lambda self: op(tape.scale, self, 1.0)  # type: ignore[attr-defined]
Tensor.contiguous = Tensor.clone  # type: ignore[attr-defined]


def _inplace(name: str) -> Any:
    return lambda self, *args, **kw: self._become(getattr(self, name)(*args, **kw).var)


for _name in ("add", "sub", "mul", "relu", "tanh", "sigmoid", "clamp"):
    setattr(Tensor, f"{_name}_", _inplace(_name))
Tensor.__iadd__ = Tensor.add_  # type: ignore[attr-defined]
Tensor.__imul__ = Tensor.mul_  # type: ignore[attr-defined]
Tensor.zero_ = lambda self: self._become(const(np.zeros(self.shape)))  # type: ignore[attr-defined]
Tensor.fill_ = lambda self, v: self._become(const(np.full(self.shape, float(v))))  # type: ignore[attr-defined]
Tensor.copy_ = lambda self, o: self._become(tape.scale(tape.spread(lift(o), self.shape), 1.0))  # type: ignore[attr-defined]


# ------------------------------------------------------------------------------------------------- views
def view_of(x: Tensor, get: Any, put: Any) -> Tensor:
    """A view; of a detached tensor, too."""
    if x.owner is not None:
        return Tensor(None, owner=view_of(x.owner, get, put))
    return Tensor(None, x, get, put)


def _reshaped(x: Tensor, *shape: Any) -> Tensor:
    old, new = x.shape, _shape(shape, x.numel())
    return view_of(x, lambda b: tape.reshape(b, new), lambda b, v: tape.reshape(v, old))


def _permuted(x: Tensor, *order: Any) -> Tensor:
    order = tuple(i % x.ndim for i in (order[0] if isinstance(order[0], tuple | list) else order))
    back = tuple(int(i) for i in np.argsort(order))
    return view_of(x, lambda b: tape.permute(b, order), lambda b, v: tape.permute(v, back))


def _transposed(x: Tensor, a: int = 0, b: int = 1) -> Tensor:
    order = list(range(x.ndim))
    order[a], order[b] = order[b], order[a]
    return _permuted(x, *order)


def _part(x: Tensor, at: Any) -> Tensor:
    at = at if isinstance(at, tuple) else (at,)

    def put(b: Var, v: Var) -> Var:
        hole = np.ones(b.value.shape)
        hole[at] = 0.0
        return tape.add(tape.mul(b, const(hole)), tape.place(v, at, b.value.shape))

    return view_of(x, lambda b: tape.take(b, at), put)


def _along(x: Tensor, dim: int, start: int, length: int) -> Tensor:
    return _part(x, (*(slice(None),) * (dim % x.ndim), slice(start, start + length)))


def split(x: Tensor, size: Any, dim: int = 0) -> tuple[Tensor, ...]:
    n = x.shape[dim]
    sizes = [min(size, n - i) for i in range(0, n, size)] if isinstance(size, int) else list(size)
    starts = np.cumsum([0, *sizes])
    return tuple(_along(x, dim, int(a), s) for a, s in zip(starts, sizes, strict=False))


def chunk(x: Tensor, parts: int, dim: int = 0) -> tuple[Tensor, ...]:
    return split(x, -(-x.shape[dim] // parts), dim)


Tensor.view = Tensor.reshape = _reshaped  # type: ignore[attr-defined]
Tensor.permute, Tensor.transpose = _permuted, _transposed  # type: ignore[attr-defined]
Tensor.t = _transposed  # type: ignore[attr-defined]
Tensor.__getitem__ = _part  # type: ignore[attr-defined]
Tensor.narrow, Tensor.split, Tensor.chunk = _along, split, chunk  # type: ignore[attr-defined]
Tensor.unsqueeze = lambda x, d: _reshaped(x, (*x.shape[:d], 1, *x.shape[d:]))  # type: ignore[attr-defined]
Tensor.squeeze = lambda x, d: _reshaped(x, (*x.shape[:d], *x.shape[d + 1 :]))  # type: ignore[attr-defined]
Tensor.flatten = lambda x, d=0: _reshaped(x, (*x.shape[:d], -1))  # type: ignore[attr-defined]
Tensor.__setitem__ = lambda x, at, v: _part(x, at).copy_(v) and None  # type: ignore[attr-defined]


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    d = dim % tensors[0].ndim
    shape = list(tensors[0].shape)
    shape[d] = sum(t.shape[d] for t in tensors)
    made, start = None, 0
    for t in tensors:
        part = tape.place(t.var, (*(slice(None),) * d, slice(start, start + t.shape[d])), tuple(shape))
        made = part if made is None else tape.add(made, part)
        start += t.shape[d]
    assert made is not None
    return Tensor(made)


# ------------------------------------------------------------------------------------------------- switches
class _Mode:
    """no_grad and enable_grad: a value of the context, so that each thread and each task has its own."""

    record = False

    def __new__(cls, fn: Any = None) -> Any:
        made = super().__new__(cls)
        made.tokens = []
        return made if fn is None else made(fn)

    def __enter__(self) -> Any:
        self.tokens.append(RECORD.set(self.record))
        return self

    def __exit__(self, *_: Any) -> None:
        RECORD.reset(self.tokens.pop())

    def __call__(self, fn: Any) -> Any:
        if inspect.isgeneratorfunction(fn):

            @functools.wraps(fn)
            def generate(*args: Any, **kw: Any) -> Any:
                made = fn(*args, **kw)
                while True:
                    with type(self)():
                        try:
                            got = next(made)
                        except StopIteration:
                            return
                    yield got

            return generate

        @functools.wraps(fn)
        def switched(*args: Any, **kw: Any) -> Any:
            with type(self)():
                return fn(*args, **kw)

        return switched


class no_grad(_Mode):
    record = False


class enable_grad(_Mode):
    record = True


# ------------------------------------------------------------------------------------------------- Function
class Context:
    saved_tensors: tuple[Any, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        self.saved_tensors = tensors


class Function:
    @classmethod
    def apply(cls, *args: Any) -> Any:
        ctx: Any = Context()
        with tape.recording(False):
            made = cls.forward(ctx, *args)  # type: ignore[attr-defined]
        given = [a.var if isinstance(a, Tensor) else const(0.0) for a in args]

        def pull(g: Var) -> list[Any]:
            got = cls.backward(ctx, Tensor(g))  # type: ignore[attr-defined]
            got = got if isinstance(got, tuple) else (got,)
            return [None if d is None else d.var for d in got]

        value = made.var.value
        return Tensor(Var(value.copy(), given, pull))


def grad(
    outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: Any = None, create_graph: bool = False, allow_unused: bool = False
) -> tuple[Any, ...]:
    outs = _listed(outputs)
    seeds = [None] * len(outs) if grad_outputs is None else _listed(grad_outputs)
    return tuple(run(outs, seeds, _listed(inputs), False, create_graph))
