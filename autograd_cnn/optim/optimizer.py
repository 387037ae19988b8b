"""The base of all optimizers: parameter groups, state, hooks, and the state dict in PyTorch's layout."""

from __future__ import annotations

import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import numpy as np

from ..engine import versions
from ..errors import expected
from ..support.handles import RemovableHandle
from ..tensors.tensor import Tensor, wrap
from .hooks import (
    Hook,
    HookTable,
    register,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
    with_hooks,
)
from .state_dict import load_groups, load_state, pack_groups, pack_state

__all__ = [
    "Optimizer",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
    "required",
]

Closure = Callable[[], Any]
ParamsT = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]


class _Required:
    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()
"""As a value in `defaults`: each parameter group must set this option itself."""


def _table(optimizer: Optimizer) -> HookTable:
    """Made when first asked for: a class around another optimizer need not call `super().__init__`."""
    return OrderedDict()


class Optimizer:
    """Base class of all optimizers, PyTorch's `torch.optim.Optimizer`.

    Args:
        params: the tensors to optimize, in an order that is the same in every run: an iterable of tensors, of pairs
            (name, tensor) as `Module.named_parameters()` gives them, or of dicts, one a parameter group, with the key
            `"params"` and the options in which the group differs.
        defaults: the options and their values where a group sets none.

    Attributes:
        param_groups: a list of dicts, each with `"params"` and the options of the group; change them at any time.
        state: what the optimizer remembers, a dict for each parameter.

    A subclass implements `step`:

    >>> import autograd_cnn as ac
    >>> class SignDescent(ac.optim.Optimizer):
    ...     def __init__(self, params, lr=0.1):
    ...         super().__init__(params, {"lr": lr})
    ...     @ac.no_grad()
    ...     def step(self, closure=None):
    ...         for group in self.param_groups:
    ...             for p in group["params"]:
    ...                 p -= group["lr"] * p.grad.sign()
    >>> w = ac.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = SignDescent([w])
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.tolist()
    [0.8999999761581421, -1.899999976158142]
    """

    _optimizer_step_pre_hooks = cached_property(_table)
    _optimizer_step_post_hooks = cached_property(_table)
    _optimizer_state_dict_pre_hooks = cached_property(_table)
    _optimizer_state_dict_post_hooks = cached_property(_table)
    _optimizer_load_state_dict_pre_hooks = cached_property(_table)
    _optimizer_load_state_dict_post_hooks = cached_property(_table)
    _stepping = False  # inside step(): a base class's step then runs without the hooks

    defaults: dict[str, Any]
    state: defaultdict[Any, Any]
    param_groups: list[dict[str, Any]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = with_hooks(cls.step)  # type: ignore[method-assign]  # same signature, hooks around it

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state = defaultdict(dict)
        self.param_groups = []
        for group in _as_groups(params):
            self.add_param_group(group)

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.defaults.setdefault("differentiable", False)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines += [f"Parameter Group {i}"] if i == 0 else ["", f"Parameter Group {i}"]
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if _worth_showing(key, group[key])]
        return "\n".join([*lines, ")"])

    def step(self, closure: Closure | None = None) -> Any:
        """Update the parameters once from their gradients. A parameter whose gradient is None stays as it is.

        `closure`, where given, computes the loss and its gradients anew; its loss is returned.
        """
        raise NotImplementedError(f"{type(self).__name__}: an Optimizer's subclass must implement step()")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters: set them to None, or with `set_to_none=False` to zeros, in place."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                else:
                    _zero(p)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with options of their own: `{"params": layer.parameters(), "lr": 1e-4}`.

        Raises:
            TypeError: what is no dict or holds no tensors.
            ValueError: a parameter that is no leaf, that is already in a group, or has a name where the others have none.
                Nothing is added then.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params, names = _split_names(_params_of(param_group))
        for p in params:
            self._check_param(p)
        for option, default in self.defaults.items():
            if default is required and option not in param_group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {option}")
        named = bool(names) or "param_names" in param_group
        self._check_against_others(params, named)
        if len({id(p) for p in params}) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; each is updated as often as it occurs",
                stacklevel=3,
            )
        param_group["params"] = params
        if names:
            param_group["param_names"] = names
        for option, default in self.defaults.items():
            param_group.setdefault(option, default)
        self.param_groups.append(param_group)

    def _check_param(self, p: Any) -> None:
        if not isinstance(p, Tensor):
            fix = ". Pass model.parameters()." if hasattr(p, "parameters") else ""  # a Sequential iterates over its layers
            raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {_type_name(p)}{fix}")
        if not (self.defaults.get("differentiable") or p.is_leaf or p.retains_grad):
            raise ValueError(
                "can't optimize a non-leaf Tensor: this one was computed from others. Pass the leaves it came from, "
                "or make it one with t.detach().requires_grad_()."
            )

    def _check_against_others(self, params: list[Tensor], named: bool) -> None:
        taken: set[int] = set()
        for group in self.param_groups:
            taken.update(id(p) for p in group["params"])
            if named != ("param_names" in group):
                raise ValueError(
                    "all optimizer param groups should be with/without names. "
                    f"cannot add param group {'with' if named else 'without'} names to the optimizer"
                )
        if any(id(p) in taken for p in params):
            raise ValueError("some parameters appear in more than one parameter group")

    def state_dict(self) -> dict[str, Any]:
        """The optimizer's state in PyTorch's layout, to be saved or given to `load_state_dict`.

        `{"state": {0: {…}, 1: {…}}, "param_groups": [{"lr": …, "params": [0, 1]}]}`: parameters are numbered in the
        order of the groups; the tensors in it are the optimizer's own, not copies.
        """
        for hook in list(self._optimizer_state_dict_pre_hooks.values()):
            hook(self)
        numbers, groups = pack_groups(self.param_groups)
        packed: dict[str, Any] = {"state": pack_state(self.state, numbers), "param_groups": groups}
        for hook in list(self._optimizer_state_dict_post_hooks.values()):
            packed = _or(hook(self, packed), packed)
        return packed

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the state and the options of a `state_dict()`, this package's or PyTorch's.

        Parameters are matched by their order. Values are copied and cast to the dtype of their parameter (`step` is
        not). An option the dict lacks (PyTorch's have no `l1`) keeps its value. If it raises, nothing was changed.

        Raises:
            ValueError: another number of groups or of parameters in a group.
            KeyError: a missing entry.
        """
        if not isinstance(state_dict, dict):
            raise TypeError(expected("load_state_dict", "an optimizer's state dict", _type_name(state_dict)))
        state_dict = state_dict.copy()
        for hook in list(self._optimizer_load_state_dict_pre_hooks.values()):
            state_dict = _or(hook(self, state_dict), state_dict)
        groups, match = load_groups(self.param_groups, state_dict, self.defaults)
        state = load_state(state_dict["state"], match, self._check_state)
        self.__setstate__({"state": state, "param_groups": groups})
        for hook in list(self._optimizer_load_state_dict_post_hooks.values()):
            hook(self)

    def _check_state(self, index: Any, p: Tensor, state: dict[Any, Any]) -> None:
        """A subclass may refuse a loaded state that does not fit its parameter."""

    def register_step_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` before each `step`; a pair it returns replaces (args, kwargs)."""
        return register(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` after each `step`."""
        return register(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer)` before `state_dict()` gathers anything."""
        return register(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` with the result of `state_dict()`; a dict it returns replaces it."""
        return register(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` before loading, with a shallow copy; a dict it returns is loaded."""
        return register(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer)` after `load_state_dict` is done."""
        return register(self._optimizer_load_state_dict_post_hooks, hook, prepend)


def _or(result: Any, otherwise: Any) -> Any:
    return otherwise if result is None else result


def _worth_showing(key: str, value: Any) -> bool:
    # l1 is not PyTorch's: it shows where it is used, so that the text is PyTorch's where it is not
    return key != "params" and not (key == "l1" and isinstance(value, (int, float)) and value == 0)


def _type_name(x: object) -> str:
    kind = type(x)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _as_groups(params: Any) -> list[dict[str, Any]]:
    if isinstance(params, Tensor):
        raise TypeError(
            "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
            f"{_type_name(params)}. Put it into a list: [tensor]."
        )
    try:
        items = list(params)
    except TypeError as error:
        fix = " Pass its .parameters()." if hasattr(params, "parameters") else ""
        raise TypeError(
            f"params argument given to the optimizer should be an iterable of Tensors or dicts, but got {_type_name(params)}.{fix}"
        ) from error
    if not items:
        raise ValueError("optimizer got an empty parameter list")
    return items if isinstance(items[0], dict) else [{"params": items}]


def _params_of(group: dict[str, Any]) -> list[Any]:
    if "params" not in group:
        raise KeyError(expected("add_param_group", "the key 'params'", f"the keys {sorted(map(str, group))}"))
    params = group["params"]
    if isinstance(params, Tensor):
        return [params]
    if isinstance(params, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
            "will change between runs. Please use a list instead."
        )
    return list(params)


def _split_names(params: list[Any]) -> tuple[list[Any], list[str]]:
    names = [p[0] for p in params if isinstance(p, tuple)]
    if names and len(names) != len(params):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    return [p[1] if isinstance(p, tuple) else p for p in params], names


def _zero(p: Tensor) -> None:
    """Zeros into the gradient's memory; into new memory where the gradient is part of a graph or repeats itself."""
    grad = p.grad
    if grad is None:
        return
    raw = grad.storage()
    if grad.requires_grad or not raw.flags.writeable or 0 in raw.strides:
        p.grad = wrap(np.zeros(raw.shape, raw.dtype))
        return
    raw.fill(0)
    versions.wrote(raw)
