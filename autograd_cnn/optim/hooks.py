"""Step hooks: functions that run before and after `step()` of one optimizer, or of all of them."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING, Any

from ..support.handles import RemovableHandle

if TYPE_CHECKING:
    from .optimizer import Optimizer

Hook = Callable[..., Any]
HookTable = OrderedDict[int, Hook]

_global_pre: HookTable = OrderedDict()
_global_post: HookTable = OrderedDict()


def register(table: HookTable, hook: Hook, prepend: bool = False) -> RemovableHandle:
    """Put `hook` at the end of the table, or with `prepend` at its front."""
    handle = RemovableHandle.on(table, hook)
    if prepend:
        table.move_to_end(handle.id, last=False)
    return handle


def register_optimizer_step_pre_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(optimizer, args, kwargs)` before every `step()` of every optimizer.

    It may return None, or a pair (new_args, new_kwargs) to call `step` with; `args[0]` is the optimizer.
    """
    return register(_global_pre, hook)


def register_optimizer_step_post_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(optimizer, args, kwargs)` after every `step()` of every optimizer."""
    return register(_global_post, hook)


def with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """`step` with the hooks around it. A step that calls its base class's step runs them once, around the outer one."""

    @functools.wraps(step)
    def hooked(*args: Any, **kwargs: Any) -> Any:
        optimizer: Optimizer = args[0]
        if optimizer._stepping:
            return step(*args, **kwargs)
        optimizer._stepping = True
        try:
            args, kwargs = _before(step, optimizer, args, kwargs)
            result = step(*args, **kwargs)
            for hook in chain(list(optimizer._optimizer_step_post_hooks.values()), list(_global_post.values())):
                hook(optimizer, args, kwargs)
            return result
        finally:
            optimizer._stepping = False

    return hooked


def _before(
    step: Callable[..., Any], optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    for hook in chain(list(_global_pre.values()), list(optimizer._optimizer_step_pre_hooks.values())):
        new = hook(optimizer, args, kwargs)
        if new is None:
            continue
        if not (isinstance(new, tuple) and len(new) == 2):
            raise RuntimeError(f"{step} must return None or a tuple of (new_args, new_kwargs), but got {new}.")
        args, kwargs = new
    return args, kwargs
