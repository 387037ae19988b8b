"""`pullback`: the only gradient walk in the project.

Newest node first (descending serial number is reverse topological order, the same in every run), each node's rule once, each leaf
as soon as its gradient is whole, no recursion. Plain gradients are raw, so nothing is recorded and it runs at NumPy's speed; with `create_graph` they are
variables, so the walk itself is recorded; under a trace, too, which hears each operation of it. Gradients that wait belong to the walk,
and nothing on the nodes does: walks may run inside each other and beside each other, in several threads, over the same graph.

The walk owns a pending gradient if one of the library's own rules, or a sum of the walk, made it here, and no user code has
seen it since. What it owns and nothing else refers to, it lends: to the rule that takes it (its `donated`), to the sum that adds to
it, to the leaf that keeps it. A loan is an argument of that one call; hooks, seeds and what users' own rules return are never lent.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from sys import getrefcount
from typing import Any

from ..config import Switch, current, set_scope
from ..errors import GraphError
from .node import BackwardScope, Node, backward_order, outside_modules
from .record import OutputCotangents, PseudoPrimitive, select_output
from .region import Again, held
from .variable import VALUE_TYPE_OF, Variable, box, unbox
from .versions import _made_at, check_versions, clock, newest_write


def _references() -> int:
    value: list[None] = []
    return getrefcount(value)


_ALONE = _references()  # to a value that only one local variable holds
_adding = threading.RLock()  # a leaf may be of the graphs of several threads: it takes one gradient at a time


def _after_fork() -> None:
    global _adding
    _adding = threading.RLock()  # another thread may have held it, which the forked process does not have


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def pullback(
    roots: Sequence[Node],
    seeds: Sequence[Any],
    value_type: type[Variable],
    *,
    inputs: Sequence[Node] | None = None,
    accumulate: bool = True,
    retain_graph: bool,
    create_graph: bool = False,
    capture: dict[int, Any] | None = None,
) -> list[Any] | None:
    """Pull the gradients `seeds` of `roots` back through the graph.

    Args:
        roots, seeds: where to start, and with which gradients (raw, or variables).
        value_type: the kind of variable the graph is of.
        inputs: if given, only these nodes' gradients are wanted: their gradients are returned in order (None where no path
            leads there) and, with `accumulate`, only leaves among them accumulate.
        accumulate: add gradients to the leaves' `.grad`.
        retain_graph: keep what the rules needed, for another backward.
        create_graph: record the walk.
        capture: filled with every node's gradient, by serial number; then none is retained for `retain_grad`.
    """
    order = backward_order(roots)
    wanted = set(inputs) if inputs is not None else None
    useful = None
    if wanted is not None:
        order, useful = _leading_to(order, wanted)
    _check_alive(order, value_type.fits)
    found: dict[Node, Any] = {}
    token = value_type.walk_guard[0]() if value_type.walk_guard is not None else None
    tracer = current().tracer if create_graph or capture is None else None  # what an onlooker asks is no part of the function
    try:
        with outside_modules(), Switch(record=create_graph, tracer=tracer):
            waiting: dict[Node, Any] = {}
            for root, seed in zip(roots, seeds, strict=True):
                g = _seed(seed, create_graph, tracer)
                waiting[root] = value_type.sum_gradients(waiting[root], g, False) if root in waiting else g
            _walk(order, waiting, value_type, wanted, useful, found, accumulate, retain_graph, create_graph, capture)
    finally:
        if value_type.walk_guard is not None:
            value_type.walk_guard[1](token)
    return None if inputs is None else [found.get(n) for n in inputs]


def _seed(seed: Any, create_graph: bool, tracer: Any) -> Any:
    """The gradient to start with as the walk wants it: raw, or a variable, which has a graph only if the walk is recorded."""
    if not isinstance(seed, Variable):
        if tracer is None and not create_graph:
            return seed
        made = box(seed, None)
        if tracer is not None:
            tracer.constant(made)
        return made
    if create_graph:
        return seed
    if tracer is None:
        return seed.value
    alone = box(seed.value, None)
    tracer.rebind(alone, seed)
    return alone


def _walk(
    order: list[Node],
    waiting: dict[Node, Any],
    value_type: type[Variable],
    wanted: set[Node] | None,
    useful: set[Node] | None,
    found: dict[Node, Any],
    accumulate: bool,
    retain: bool,
    create_graph: bool,
    capture: dict[int, Any] | None,
) -> None:
    context = current()
    fits, anomaly, keeps_all, sum_gradients = value_type.fits, context.anomaly, value_type.keeps_all, value_type.sum_gradients
    tracer = context.tracer
    boxed = create_graph or tracer is not None  # are the gradients variables?
    owned: set[Node] = set()  # the nodes whose pending gradient is the walk's own
    lends = fits and capture is None  # recorded gradients are variables, which nobody writes over
    take = waiting.pop
    for node in order:
        g = take(node, None)
        if g is None:
            continue
        if node.extra is not None:
            owned.discard(node)
            g = _visit(node, g, value_type, boxed, capture is None)
        if tracer is not None:
            tracer.arrived(node, g)
        if capture is not None:
            capture[node.serial] = value_type.materialise(unbox(g))
        if wanted is not None and node in wanted:
            found[node] = g
        prim = node.prim
        if prim is None:
            if accumulate:  # of the leaves only the wanted ones are in the order, if any are
                if not node.frozen:  # type: ignore[attr-defined]  # a node without primitive is a Leaf
                    donated = node in owned and getrefcount(g) <= _ALONE
                    with _adding:
                        if boxed and not create_graph:
                            _accumulate_traced(node, g, value_type, tracer)
                        else:
                            value_type.accumulate(node, g, create_graph, donated)  # type: ignore[arg-type]
                if node.extra is not None:
                    for hook in list(node.extra.after.values()):
                        hook(node)
                    for behind in list(node.extra.behind.values()):
                        behind((), (_shown(g),))
            continue
        kept = node.kept if node.kept.__class__ is not Again else held(node)
        if kept is None:
            raise _freed(node)  # by the walk of another thread, or of a hook, since this one began
        if fits and newest_write() > node.serial:
            check_versions(node)
        if boxed:
            set_scope(BackwardScope(node))
            if tracer is not None:
                tracer.check(node, kept)
            pull = prim.pull_all if keeps_all else prim.pull
            if prim.once:
                grads = _pull_once(node, pull, g, kept)
            else:
                known = _boxed(node, kept, value_type)
                grads = pull(g, known if tracer is None else tracer.recalled(node, known, value_type), node.params, node.inputs)
        elif keeps_all:
            try:
                grads = prim.pull_all(g, kept, node.params, node.inputs)
            except ArithmeticError:
                grads = value_type.at_pole(prim.pull_all, g, kept, node.params, node.inputs)
        elif prim.takes_donation and node in owned and getrefcount(g) <= _ALONE and value_type.donatable(g):
            grads = prim.pull(g, kept, node.params, node.inputs, g)
        else:
            grads = prim.pull(g, kept, node.params, node.inputs)
        ours = prim.ours
        if node.extra is not None and node.extra.behind:
            grads, ours = _behind(node, g, grads, value_type, boxed), False  # a hook saw them
        if anomaly:
            _check_nan(node, grads, value_type)
        if not retain and prim.holds:
            node.kept = None
        del g, kept  # an array is freed as soon as nobody needs it
        for n, d in zip(node.inputs, grads, strict=True):
            if n is None or d is None or (useful is not None and n not in useful):
                continue
            if fits and (d.shape != n.shape or d.dtype is not n.dtype):
                d = value_type.fitted_gradient(d, n)
            have = take(n, None)  # so that only `have` holds it, and it may be added to in place
            if have is None:
                waiting[n] = d
                if lends and ours:
                    owned.add(n)
            else:
                if boxed:
                    set_scope(BackwardScope(n))  # a sum belongs to the node whose gradient it is
                donated = n in owned and getrefcount(have) <= _ALONE and value_type.donatable(have)  # before the call's own reference to it
                waiting[n] = sum_gradients(have, d, donated)
                if lends:
                    owned.add(n)  # a sum is new, or was the walk's before
                del have
        del grads
        d = None  # no name of this loop holds what waits: so it may be lent


def _accumulate_traced(leaf: Any, g: Any, value_type: type[Variable], tracer: Any) -> None:
    """As without a trace, which hears what the leaf's gradient is now."""
    total = g if leaf.grad is None else leaf.grad + g
    value_type.accumulate(leaf, unbox(g), False, False)
    if not isinstance(leaf.grad, Variable):
        leaf.grad = leaf.grad * 1.0  # a number by itself, for numbers, too, are known by their identity
    tracer.rebind(leaf.grad, total)


def _leading_to(order: list[Node], wanted: set[Node]) -> tuple[list[Node], set[Node]]:
    """Only the nodes from which a wanted one can be reached."""
    useful = set()
    for node in reversed(order):
        if node in wanted or any(n in useful for n in node.inputs):
            useful.add(node)
    return [n for n in order if n in useful], useful


def _check_alive(order: list[Node], arrays: bool) -> None:
    """Before anything is changed: is everything still there, and unwritten?"""
    newest = newest_write()
    for node in order:
        kept = node.kept
        if kept is None:
            raise _freed(node)
        if arrays and (kept or node.params) and node.serial < newest:
            check_versions(node)


def _freed(node: Node) -> GraphError:
    return GraphError(
        f"Trying to backward through the graph a second time: what {node.name} kept was freed by the first backward "
        "pass. Expected a graph that is still whole; call the first backward() or autograd.grad() with "
        "retain_graph=True if you need to go back through it again."
    )


def _visit(node: Node, g: Any, value_type: type[Variable], boxed: bool, retain: bool) -> Any:
    """Hooks, and the gradient retained for `retain_grad` (not for an onlooker, who changes nothing)."""
    extra = node.extended()
    if extra.hooks:
        shown = _shown(g)
        for hook in list(extra.hooks.values()):
            new = hook(shown)
            if new is not None:
                shown = value_type.replaced(hook, new, shown)
        g = shown if boxed else unbox(shown)
    if extra.retained is not None and retain:
        kept, seen = extra.retained, value_type.keepsake(g)
        kept.grad = seen if kept.grad is None else kept.grad + seen
    if extra.before:
        arrived = _arrived(g)
        for before in list(extra.before.values()):
            arrived = _exchanged(before(arrived), arrived, "grad_output")
        raws = [d if boxed else unbox(d) for d in arrived]
        g = OutputCotangents(g.count, {j: d for j, d in enumerate(raws) if d is not None}) if isinstance(g, OutputCotangents) else raws[0]
    return g


def _shown(g: Any) -> Any:
    return g if isinstance(g, Variable) or g is None else box(g, None)


def _arrived(g: Any) -> tuple[Any, ...]:
    """The gradients of a node's outputs, as hooks see them."""
    return tuple(_shown(d) for d in (g.listed() if isinstance(g, OutputCotangents) else (g,)))


def _exchanged(new: Any, shown: tuple[Any, ...], what: str) -> tuple[Any, ...]:
    """What a node's hook makes of the gradients: None leaves them, a tuple (or the only one) replaces them."""
    if new is None:
        return shown
    after: tuple[Any, ...] = (*new,) if isinstance(new, tuple | list) else (new,)
    if len(after) != len(shown):
        raise RuntimeError(f"Backward hook returned an invalid number of {what}, got {len(after)}, but expected {len(shown)}")
    return after


def _behind(node: Node, g: Any, grads: Sequence[Any], value_type: type[Variable], boxed: bool) -> tuple[Any, ...]:
    """The node's own hooks, on gradients that fit its inputs (broadcasting undone)."""
    fitted = [None if d is None or n is None else value_type.fitted_gradient(d, n) for d, n in zip(grads, node.inputs, strict=True)]
    shown, arrived = tuple(_shown(d) for d in fitted), _arrived(g)
    for hook in list(node.extended().behind.values()):
        shown = _exchanged(hook(shown, arrived), shown, "grad_input")
    return tuple(d if boxed else unbox(d) for d in shown)


def _boxed(node: Node, raws: tuple[Any, ...], value_type: type[Variable]) -> tuple[Any, ...]:
    """What was kept raw gets its node back, so that the rules record."""
    prim = node.prim
    kept: list[Any] = []
    if value_type.keeps_all and raws:
        count = len(prim.outputs)
        outputs = [_output(node, j, y, value_type) for j, y in enumerate(raws[:count])]
        return (*outputs, *(_reboxed(v, n) for v, n in zip(raws[count:], node.inputs, strict=True)))
    for k, raw in zip(prim.keep, raws, strict=True):
        if k.kind == "output" and raw is not None:
            kept.append(_output(node, k.index, raw, value_type))
        elif k.kind == "input" and prim.variadic:
            kept.append(tuple(_reboxed(v, n) for v, n in zip(raw, node.inputs, strict=True)))
        else:
            kept.append(_reboxed(raw, node.inputs[k.index]))
    return tuple(kept)


def _output(node: Node, index: int, raw: Any, value_type: type[Variable]) -> Any:
    """One of the node's own outputs, as its rule wants it: of those that are no `several` only the first takes a gradient."""
    if node.prim.several:
        return box(raw, select_output(node, index, len(node.prim.outputs), value_type, raw))
    return box(raw, node) if index == 0 else raw


def _reboxed(raw: Any, node: Node | None) -> Any:
    """With its node, what is a raw value; a shape, a context and what nobody wanted stay what they are."""
    return box(raw, node) if raw.__class__ in VALUE_TYPE_OF and (node is not None or hasattr(raw, "dtype")) else raw


class _Undifferentiable(PseudoPrimitive):
    """What stands behind the result of a rule that may be differentiated only once: a second derivative says so."""

    def __init__(self, of: str) -> None:
        self.name = f"{of}_backward"

    def pull(self, g: Any, k: Any, p: Any, i: Any) -> Any:
        raise GraphError(
            f"{self.name}: trying to differentiate twice a function that was marked with @once_differentiable. Its rule "
            "works on plain arrays; write it with tensor operations and drop the mark to have second derivatives."
        )


def _pull_once(node: Node, pull: Callable[..., Any], g: Any, kept: Any) -> tuple[Any, ...]:
    """Run an only-once rule on raw values; if its results are differentiated again, that raises: both with respect to what the node was
    made of and to what the gradient was."""
    raw = g.map(unbox) if isinstance(g, OutputCotangents) else unbox(g)
    behind = (node, *(d.node for d in (g.found.values() if isinstance(g, OutputCotangents) else (g,))))
    grads = pull(raw, kept, node.params, node.inputs)
    return tuple(None if d is None or n is None else _stopped(node, d, behind) for d, n in zip(grads, node.inputs, strict=True))


def _stopped(node: Node, d: Any, behind: tuple[Node | None, ...]) -> Any:
    made = box(d, None)
    made.node = stop = Node()
    stop.prim = _Undifferentiable(node.prim.name)
    stop.inputs = behind
    stop.kept, stop.params, stop.scope = (), (), None
    stop.extra = None
    type(made).remember(stop, d, ())
    stop.serial = clock()
    return made


def _check_nan(node: Node, grads: Sequence[Any], value_type: type[Variable]) -> None:
    if not current().check_nan:
        return
    for i, d in enumerate(grads):
        if d is not None and node.inputs[i] is not None and not isinstance(d, OutputCotangents) and value_type.has_nan(unbox(d)):
            raise RuntimeError(
                f"Function '{node.name}' returned nan values in its {i}th output (the gradient of "
                f"{(node.prim.inputs or ('input',))[0 if node.prim.variadic else i]!r} of {node.prim.name})." + _made_at(node)
            )
