"""`Module`: the base class of all layers and networks.

Its parts stand in files of their own, each a class that the next one extends: `members` (what it holds), `walk` (its
tree), `convert` (element types), `state` (saving and loading); `hooks` are functions hung on its call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...config import scope, set_scope
from ...engine.node import Scope
from ..arguments import FOREIGN, check_arguments
from .hooks import ANY_GLOBAL, HookedCall, Hooks
from .state_dict import StateDict


def _forward_unimplemented(self: Any, *input: Any) -> None:
    raise NotImplementedError(
        f'Module [{type(self).__name__}] is missing the required "forward" function. '
        "Expected `def forward(self, x): ...` in the class, indented as the other methods are."
    )


class Module(StateDict, Hooks):
    """The base class of all layers and networks.

    A subclass calls `super().__init__()` first, assigns parameters and layers to attributes, and computes in `forward`.
    Calling the module runs `forward` with the hooks around it.

    Attributes:
        training: True in training mode (`train()`), False in evaluation mode (`eval()`).

    >>> import autograd_cnn as ac
    >>> from autograd_cnn import nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.fc = nn.Linear(4, 2)
    ...         self.scale = nn.Parameter(ac.ones(1))
    ...     def forward(self, x):
    ...         return self.fc(x).relu() * self.scale
    >>> net = Net()
    >>> net
    Net(
      (fc): Linear(in_features=4, out_features=2, bias=True)
    )
    >>> [name for name, _ in net.named_parameters()]
    ['scale', 'fc.weight', 'fc.bias']
    >>> net(ac.ones(3, 4)).shape
    torch.Size([3, 2])
    """

    dump_patches: bool = False  # a switch of old PyTorch programs
    call_super_init: bool = False  # set True in a subclass with several bases: their __init__ is called as well

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init:
            if kwargs:
                raise TypeError(f"{type(self).__name__}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'")
            if args:
                raise TypeError(f"{type(self).__name__}.__init__() takes 1 positional argument but {len(args) + 1} were given")
        self.__dict__.update(
            training=True,
            _parameters={},
            _buffers={},
            _non_persistent_buffers_set=set(),
            _modules={},
            _hooked=False,
        )
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    # A value, not a method: a subclass may give `forward` any arguments without breaking a rule of typing.
    forward: Callable[..., Any] = _forward_unimplemented

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` in the scope of this module, with its hooks."""
        if self._hooked or ANY_GLOBAL:
            return HookedCall(self, args, kwargs).run()
        for x in (*args, *kwargs.values()) if kwargs else args:
            if x.__class__ in FOREIGN:
                check_arguments(self, args, kwargs)
        outer = scope()
        set_scope(Scope(self, outer))
        try:
            return self.forward(*args, **kwargs)
        except Exception:
            check_arguments(self, args, kwargs)  # it may come of what is no tensor
            raise
        finally:
            set_scope(outer)

    _call_impl = __call__

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Accepted for PyTorch's sake: there is no compiler, the module runs as it is."""

    # ------------------------------------------------------------------------------------------ printing
    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What stands in the parentheses of the printed form; override it in a layer."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [f"({name}): {indented(repr(module))}" for name, module in self._modules.items()]
        if len(lines) == 1 and not children:
            return f"{self._get_name()}({lines[0]})"
        return frame(self._get_name(), lines + children)

    # ------------------------------------------------------------------------------------------ copying and pickling
    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


def indented(text: str) -> str:
    """The text with all lines after the first indented by two; blank lines stay empty."""
    first, *rest = text.split("\n")
    return "\n".join([first, *("  " + line if line.strip() else "" for line in rest)])


def frame(name: str, lines: list[str]) -> str:
    """`name(...)` with each entry on a line of its own."""
    return f"{name}(\n  " + "\n  ".join(lines) + "\n)" if lines else f"{name}()"
