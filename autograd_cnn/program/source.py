"""`graph.source()`: a graph as a Python module that anybody can read and run."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph.graph import Graph
from .planning import plan
from .shorten import shorten
from .writer import Writer


class Source(str):
    """The text of a module. `arguments` are what its `forward` was traced with, by name: arrays (numbers, of Scalars)."""

    __slots__ = ("arguments",)
    arguments: dict[str, Any]

    def __repr__(self) -> str:
        return str(self)  # at a prompt it is there to be read


def source(graph: Graph, backward: bool = False) -> Source:
    """The graph as a module in NumPy: a function `forward`, one line an operation, with the shapes as comments.

    With `backward=True` there is a second one. `forward` then returns what it gives and what `backward` needs of it, and `backward` returns
    the gradients of all parameters and of the inputs that require one (of all floating-point inputs, where nothing does), in the order of
    the arguments. Of a single number the gradient to begin with is 1; else `backward` takes those of the outputs as well.

    The module imports NumPy, and `autograd_cnn.kernels` where a line needs a kernel (a convolution); that of a graph of Scalars imports
    `math` at most. Constants are folded, what nothing depends on is left out, what stands there twice is computed once. Each line was tried
    on the values of the traced run: it gave the engine's. Parameters, buffers and large constants are arguments of `forward`, and so are the
    masks of dropout and other random numbers; `source.arguments` has them all as arrays.

    >>> import autograd_cnn as ac
    >>> w = ac.tensor([[1., 2.], [3., 4.]], requires_grad=True)
    >>> text = ac.trace(lambda x: ((x @ w).tanh() ** 2).sum(), ac.ones(1, 2)).source(backward=True)
    >>> print(text[text.index("def backward"):].rstrip())
    def backward(saved):
        x, h = saved
        g_h = 2 * h               # (1, 2)
        g_z = g_h * (1 - h ** 2)  # (1, 2)
        g_w = x.T @ g_z           # (2, 2)
        return g_w
    >>> module = {}
    >>> exec(text, module)
    >>> loss, saved = module["forward"](**text.arguments)
    >>> round(float(loss), 4), module["backward"](saved).shape
    (1.9986, (2, 2))

    Raises:
        GraphError: a graph that cannot be replayed, with the reason; or a computation with what no text can name, such as a function of the
            user's applied to values.
    """
    writer = Writer(shorten(plan(graph, backward)), _title(graph))
    made = Source(writer.text())
    made.arguments = {writer.names.of[i]: _own(writer.plan.quantities[i].data) for i in writer.plan.arguments}
    return made


def _own(data: Any) -> Any:
    return np.array(data) if isinstance(data, np.ndarray) else data


def _title(graph: Graph) -> str:
    """The class of the outermost module, if one call makes it all."""
    outer = {s.scope[0].kind for s in graph.steps if s.scope}
    return outer.pop() if len(outer) == 1 else "A computation"
