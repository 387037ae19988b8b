"""Functions that users hang on modules, and the call that runs them.

A module creates its dictionaries of hooks when they are first touched and raises its flag `_hooked` with them; so a
module that has none pays for one look at a flag. Backward hooks sit in two identity operations around the call
(`BackwardHooks`).
"""

from __future__ import annotations

import warnings
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ...config import current, scope, set_scope
from ...engine.node import Scope
from ...support.handles import RemovableHandle
from ..arguments import check_arguments
from .backward_hooks import BackwardHooks, hook_last_operation

if TYPE_CHECKING:
    from .module import Module

Hook = Callable[..., Any]
HookDict = OrderedDict[int, Any]

# A module's dictionaries of hooks: those that concern its call, and those that concern its state dict.
CALL_HOOKS = frozenset(
    {
        "_forward_hooks",
        "_forward_hooks_always_called",
        "_forward_hooks_with_kwargs",
        "_forward_pre_hooks",
        "_forward_pre_hooks_with_kwargs",
        "_backward_hooks",
        "_backward_pre_hooks",
    }
)
STATE_HOOKS = frozenset(
    {
        "_state_dict_hooks",
        "_state_dict_pre_hooks",
        "_load_state_dict_pre_hooks",
        "_load_state_dict_post_hooks",
    }
)


class Handle(RemovableHandle):
    """What registering a hook returns: `remove()` takes the hook off; as a context manager it does so at the end.

    >>> from autograd_cnn import nn
    >>> layer = nn.Identity()
    >>> with layer.register_forward_hook(lambda module, args, output: print("called")):
    ...     _ = layer(1)
    called
    >>> _ = layer(1)
    """

    __slots__ = ("_marks",)

    def __init__(self, hooks: HookDict, marks: Iterable[HookDict] = ()) -> None:
        super().__init__(hooks)
        while self.id in hooks:  # an unpickled module brings hooks with the numbers of another process
            super().__init__(hooks)
        self._marks = tuple(weakref.ref(mark) for mark in marks)  # weak: a handle keeps no module alive

    def remove(self) -> None:
        """Take the hook off; harmless when it is off already, or its module is gone."""
        super().remove()
        for ref in self._marks:
            mark = ref()
            if mark is not None:
                mark.pop(self.id, None)

    def __getstate__(self) -> dict[str, Any]:
        return {"id": self.id, "hooks": self._hooks(), "marks": [ref() for ref in self._marks]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        hooks = state["hooks"]
        super().__init__(OrderedDict() if hooks is None else hooks)
        self.id = state["id"]
        self._marks = tuple(weakref.ref(mark) for mark in state["marks"] if mark is not None)


def register(hooks: HookDict, hook: Hook, *, prepend: bool = False, marks: Iterable[HookDict] = ()) -> RemovableHandle:
    """Enter `hook` and return its handle; `marks` are the dictionaries that note a property of it under the same id."""
    if not callable(hook):
        raise TypeError(f"a hook must be callable, got {type(hook).__name__}: {hook!r}")
    marks = tuple(marks)
    handle = Handle(hooks, marks)
    hooks[handle.id] = hook
    for mark in marks:
        mark[handle.id] = True
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


# ------------------------------------------------------------------------------------------------- hooks of all modules
class _Global:
    """Hooks that every module's call runs."""

    def __init__(self) -> None:
        self.forward_pre: HookDict = OrderedDict()
        self.forward: HookDict = OrderedDict()
        self.with_kwargs: HookDict = OrderedDict()
        self.always_called: HookDict = OrderedDict()
        self.backward_pre: HookDict = OrderedDict()
        self.backward: HookDict = OrderedDict()
        self.full: bool | None = None  # whether `backward` holds full hooks; None while nobody registered one


GLOBAL = _Global()
ANY_GLOBAL: HookDict = OrderedDict()  # the ids of all of them: what `Module.__call__` looks at

buffer_registration: HookDict = OrderedDict()
module_registration: HookDict = OrderedDict()
parameter_registration: HookDict = OrderedDict()


def registered(hooks: HookDict, module: Any, name: str, value: Any) -> Any:
    """Show what is about to be registered to the registration hooks; each may put something else in its place."""
    for hook in list(hooks.values()):
        other = hook(module, name, value)
        if other is not None:
            value = other
    return value


def register_module_forward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, args)` before the forward of every module; it may return new arguments."""
    return register(GLOBAL.forward_pre, hook, marks=[ANY_GLOBAL])


def register_module_forward_hook(hook: Hook, *, with_kwargs: bool = False, always_call: bool = False) -> RemovableHandle:
    """Call `hook(module, args, output)` after the forward of every module; it may return another output.

    >>> from autograd_cnn import nn
    >>> from autograd_cnn.nn.module.hooks import register_module_forward_hook
    >>> with register_module_forward_hook(lambda m, args, out: print(type(m).__name__)):
    ...     _ = nn.Sequential(nn.Identity())(1)
    Identity
    Sequential
    """
    marks = [ANY_GLOBAL]
    if with_kwargs:
        marks.append(GLOBAL.with_kwargs)
    if always_call:
        marks.append(GLOBAL.always_called)
    return register(GLOBAL.forward, hook, marks=marks)


def register_module_full_backward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, grad_output)` when the gradients of any module's outputs are known; it may return others."""
    return register(GLOBAL.backward_pre, hook, marks=[ANY_GLOBAL])


def register_module_full_backward_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, grad_input, grad_output)` when the gradients of any module's inputs are known.

    What it returns replaces `grad_input`.
    """
    return _register_global_backward(hook, full=True)


def register_module_backward_hook(hook: Hook) -> RemovableHandle:
    """The older form: `grad_input` are the gradients of the module's last operation only. Prefer the full hook."""
    return _register_global_backward(hook, full=False)


def _register_global_backward(hook: Hook, *, full: bool) -> RemovableHandle:
    if GLOBAL.full is (not full):
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module hook. Please use only one of them."
        )
    handle = register(GLOBAL.backward, hook, marks=[ANY_GLOBAL])
    GLOBAL.full = full
    return handle


def register_module_buffer_registration_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, name, buffer)` whenever a buffer is registered; it may return another buffer."""
    return register(buffer_registration, hook)


def register_module_module_registration_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, name, submodule)` whenever a submodule is registered; it may return another submodule."""
    return register(module_registration, hook)


def register_module_parameter_registration_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, name, parameter)` whenever a parameter is registered; it may return another parameter."""
    return register(parameter_registration, hook)


# ------------------------------------------------------------------------------------------------- hooks of one module
class Hooks:
    """The part of a Module that registers hooks."""

    _hooked: bool
    _is_full_backward_hook: bool | None = None
    _forward_hooks: HookDict
    _forward_hooks_always_called: HookDict
    _forward_hooks_with_kwargs: HookDict
    _forward_pre_hooks: HookDict
    _forward_pre_hooks_with_kwargs: HookDict
    _backward_hooks: HookDict
    _backward_pre_hooks: HookDict

    def register_forward_pre_hook(self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False) -> RemovableHandle:
        """Call `hook(module, args)` before `forward`; what it returns (if not None) replaces the positional arguments.

        `with_kwargs`: the hook is called as `hook(module, args, kwargs)` and returns None or a pair `(args, kwargs)`.
        `prepend`: before the hooks registered so far (global hooks always come first).

        >>> from autograd_cnn import nn
        >>> layer = nn.Identity()
        >>> handle = layer.register_forward_pre_hook(lambda module, args: (args[0] + 1,))
        >>> layer(1)
        2
        """
        marks = [self._forward_pre_hooks_with_kwargs] if with_kwargs else []
        return register(self._forward_pre_hooks, hook, prepend=prepend, marks=marks)

    def register_forward_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args, output)` after `forward`; what it returns (if not None) replaces the output.

        `with_kwargs`: the hook is called as `hook(module, args, kwargs, output)`. `always_call`: also when `forward` or
        another hook raised (the output is None if there is none yet). `prepend`: before the hooks registered so far.
        """
        marks = [self._forward_hooks_with_kwargs] if with_kwargs else []
        if always_call:
            marks.append(self._forward_hooks_always_called)
        return register(self._forward_hooks, hook, prepend=prepend, marks=marks)

    def register_full_backward_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_output)` in the backward pass, once the gradients of the module's outputs are known.

        `grad_output` is a tuple with None where an output takes no gradient. A tuple returned replaces it.
        """
        return register(self._backward_pre_hooks, hook, prepend=prepend)

    def register_full_backward_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` in the backward pass, once the inputs' gradients are known.

        Both are tuples, one entry for each positional argument (output), None where that is no tensor. A tuple returned
        replaces `grad_input`. Gradients of keyword arguments are not seen.

        >>> import autograd_cnn as ac
        >>> layer = ac.nn.Identity()
        >>> handle = layer.register_full_backward_hook(lambda module, grad_input, grad_output: (grad_input[0] * 10,))
        >>> x = ac.ones(2, requires_grad=True)
        >>> layer(x).sum().backward()
        >>> x.grad
        tensor([10., 10.])
        """
        self._claim_backward_hooks(full=True)
        return register(self._backward_hooks, hook, prepend=prepend)

    def register_backward_hook(self, hook: Hook) -> RemovableHandle:
        """The older form of `register_full_backward_hook`, which is to be preferred.

        Here `grad_input` are the gradients of the inputs of the module's *last operation* (for a convolution: input,
        weight, bias), not of the module's inputs.
        """
        self._claim_backward_hooks(full=False)
        return register(self._backward_hooks, hook)

    def _claim_backward_hooks(self, *, full: bool) -> None:
        if self._is_full_backward_hook is (not full):
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single Module. Please use only one of them."
            )
        self._is_full_backward_hook = full


# ------------------------------------------------------------------------------------------------- the call
class HookedCall:
    """One call of a module with its hooks: global ones first, then its own, each in the order of registration."""

    __slots__ = ("args", "called", "kwargs", "module", "result")

    def __init__(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.module = module
        self.args = args
        self.kwargs = kwargs
        self.result: Any = None
        self.called: set[int] = set()  # the hooks of kind `always_call` that ran

    def run(self) -> Any:
        """Pre-hooks, forward, hooks, between the boundaries of the backward hooks."""
        module = self.module
        outer = scope()
        set_scope(Scope(module, outer))
        try:
            if GLOBAL.forward_pre or module._forward_pre_hooks:
                self._before()
            boundary = self._boundary()
            if boundary is not None:
                self.args = boundary.around_inputs(self.args)
            check_arguments(module, self.args, self.kwargs)
            self.result = module.forward(*self.args, **self.kwargs)
            if GLOBAL.forward or module._forward_hooks:
                self._after()
            if boundary is not None:
                self.result = boundary.around_outputs(self.result)
            if GLOBAL.backward or module._backward_hooks:
                self._hook_last_operation()
            return self.result
        except Exception:
            self._after_failure()
            raise
        finally:
            set_scope(outer)

    def _before(self) -> None:
        with_kwargs = self.module._forward_pre_hooks_with_kwargs
        for key, hook in [*GLOBAL.forward_pre.items(), *self.module._forward_pre_hooks.items()]:
            if key not in with_kwargs:
                args = hook(self.module, self.args)
                if args is not None:
                    self.args = args if isinstance(args, tuple) else (args,)
                continue
            both = hook(self.module, self.args, self.kwargs)
            if both is None:
                continue
            if not (isinstance(both, tuple) and len(both) == 2):
                raise RuntimeError(f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {both}.")
            self.args, self.kwargs = both

    def _after(self) -> None:
        own = self.module._forward_hooks_always_called
        for key, hook in [*GLOBAL.forward.items(), *self.module._forward_hooks.items()]:
            if key in own or key in GLOBAL.always_called:
                self.called.add(key)
            self._run_forward_hook(key, hook)

    def _run_forward_hook(self, key: int, hook: Hook) -> None:
        if key in self.module._forward_hooks_with_kwargs or key in GLOBAL.with_kwargs:
            result = hook(self.module, self.args, self.kwargs, self.result)
        else:
            result = hook(self.module, self.args, self.result)
        if result is not None:
            self.result = result

    def _after_failure(self) -> None:
        """Something raised: hooks of kind `always_call` that have not run yet still do, and may not hide the error."""
        own = self.module._forward_hooks_always_called
        for key, hook in [*GLOBAL.forward.items(), *self.module._forward_hooks.items()]:
            if key in self.called or not (key in own or key in GLOBAL.always_called):
                continue
            try:
                self._run_forward_hook(key, hook)
            except Exception as error:
                warnings.warn(
                    "module forward hook with ``always_call=True`` raised an exception "
                    f"that was silenced as another error was raised in forward: {error}",
                    stacklevel=4,
                )

    def _boundary(self) -> BackwardHooks | None:
        module = self.module
        if not (GLOBAL.backward or module._backward_hooks or GLOBAL.backward_pre or module._backward_pre_hooks):
            return None
        before = [*GLOBAL.backward_pre.values(), *module._backward_pre_hooks.values()]
        after = self._backward_hooks(full=True)
        tracer = current().tracer
        if tracer is not None and tracer.replays:
            tracer.refuse(f"{type(module).__name__} has backward hooks, which belong to its own calls.")
        return BackwardHooks(module, after, before) if before or after else None

    def _backward_hooks(self, *, full: bool) -> list[Hook]:
        hooks: list[Hook] = []
        if GLOBAL.full is full:
            hooks += GLOBAL.backward.values()
        if self.module._is_full_backward_hook is full:
            hooks += self.module._backward_hooks.values()
        return hooks

    def _hook_last_operation(self) -> None:
        for hook in self._backward_hooks(full=False):
            hook_last_operation(self.module, hook, self.result)
