"""`state_dict` and `load_state_dict`: a module's parameters and buffers under dotted names, out and in."""

from __future__ import annotations

import functools
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ...config import no_grad
from ...support.handles import RemovableHandle
from ...tensors.tensor import Parameter, Tensor
from .conversion import Conversion
from .hooks import Hook, HookDict, register

if TYPE_CHECKING:
    from .module import Module

EXTRA_STATE = "_extra_state"
PLAN = "planned_writes"  # the entry of `local_metadata` under which `load_state_dict` hands its plan down


class _IncompatibleKeys(NamedTuple):
    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class StateDict(Conversion):
    """The part of a Module that saves and loads its state."""

    _version: int = 1  # raised by a subclass whose state changes its form; `_load_from_state_dict` may read the old one
    _state_dict_hooks: HookDict
    _state_dict_pre_hooks: HookDict
    _load_state_dict_pre_hooks: HookDict
    _load_state_dict_post_hooks: HookDict

    # ------------------------------------------------------------------------------------------ saving
    def state_dict(
        self, *args: Any, destination: dict[str, Any] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """The parameters and persistent buffers of the tree under their dotted names, in order of registration.

        The tensors share memory with the module's and are detached, unless `keep_vars`. The attribute `_metadata` of
        the dictionary holds the version of each module.

        >>> from autograd_cnn import nn
        >>> list(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1, bias=False)).state_dict())
        ['0.weight', '0.bias', '1.weight']
        """
        if args:  # the older, positional form
            given = dict(zip(("destination", "prefix", "keep_vars"), args, strict=False))
            destination = given.get("destination", destination)
            prefix = given.get("prefix", prefix)
            keep_vars = given.get("keep_vars", keep_vars)
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()  # type: ignore[attr-defined]  # PyTorch keeps the versions there
        local_metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = local_metadata
        for hook in self._hooks_for("_state_dict_pre_hooks"):
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in self._hooks_for("_state_dict_hooks"):
            result = hook(self, destination, prefix, local_metadata)
            if result is not None:
                destination = result
        return destination

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        """Put this module's own tensors into `destination`; a subclass with a form of its own overrides this."""
        buffers = {k: b for k, b in self._buffers.items() if k not in self._non_persistent_buffers_set}
        for name, tensor in [*self._parameters.items(), *buffers.items()]:
            if tensor is not None:
                destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if type(self).get_extra_state is not StateDict.get_extra_state:
            destination[prefix + EXTRA_STATE] = self.get_extra_state()

    def get_extra_state(self) -> Any:
        """Override this (and `set_extra_state`) to keep more than tensors in `state_dict`, under `_extra_state`."""
        raise RuntimeError(f"{type(self).__name__} has no extra state: it does not override get_extra_state()")

    def set_extra_state(self, state: Any) -> None:
        """Override this to take back what `get_extra_state` gave."""
        raise RuntimeError(f"{type(self).__name__} has no extra state: it does not override set_extra_state()")

    # ------------------------------------------------------------------------------------------ loading
    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> _IncompatibleKeys:
        """Copy the values of `state_dict` into the tensors of this tree.

        Everything is checked before anything is written, and one error names all that does not fit. (Where a hook of
        `register_load_state_dict_post_hook` may still excuse missing keys, the values are written before it is asked.)

        Args:
            strict: missing or unexpected keys are an error; otherwise they are only reported.
            assign: take the tensors of `state_dict` themselves (with their dtype) in place of copying their values.

        Returns:
            A named tuple `(missing_keys, unexpected_keys)`.

        Raises:
            TypeError: `state_dict` is no mapping. RuntimeError: sizes, or with `strict` keys, do not match.

        >>> from autograd_cnn import nn
        >>> a, b = nn.Linear(2, 1), nn.Linear(2, 1)
        >>> b.load_state_dict(a.state_dict())
        <All keys matched successfully>
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        loading = Loading(cast("Module", self), state_dict, assign)
        loading.check(strict)
        loading.write(strict)
        return loading.keys

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Load this module's own tensors (not its children's); a subclass whose state had another form overrides this.

        What does not fit is added to the three lists. Under `load_state_dict` the writes are only planned here.
        """
        for hook in self._hooks_for("_load_state_dict_pre_hooks"):
            hook(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        plan: list[Write] | None = local_metadata.get(PLAN)
        writes: list[Write] = [] if plan is None else plan
        buffers = {k: b for k, b in self._buffers.items() if k not in self._non_persistent_buffers_set}
        own = {k: t for k, t in [*self._parameters.items(), *buffers.items()] if t is not None}
        assign = bool(local_metadata.get("assign_to_params_buffers", False))
        for name, tensor in own.items():
            key = prefix + name
            if key not in state_dict:
                if strict:
                    missing_keys.append(key)
                continue
            value, problem = _fitting(key, tensor, state_dict[key])
            if problem:
                error_msgs.append(problem)
            else:
                writes.append(Write(key, functools.partial(_put, self, name, tensor, value, assign)))
        self._plan_extra_state(state_dict, prefix, strict, missing_keys, unexpected_keys, writes)
        if strict:
            unexpected_keys.extend(self._unknown_keys(state_dict, prefix, own))
        if plan is None:
            carry_out(writes, error_msgs)

    def _plan_extra_state(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        writes: list[Write],
    ) -> None:
        key = prefix + EXTRA_STATE
        if type(self).set_extra_state is not StateDict.set_extra_state:
            if key in state_dict:
                writes.append(Write(key, functools.partial(self.set_extra_state, state_dict[key])))
            elif strict:
                missing_keys.append(key)
        elif strict and key in state_dict:
            unexpected_keys.append(key)

    def _unknown_keys(self, state_dict: dict[str, Any], prefix: str, own: dict[str, Any]) -> list[str]:
        """The keys that belong neither to a tensor of this module nor to a child."""
        unknown = []
        for key in state_dict:
            if not key.startswith(prefix) or key == prefix + EXTRA_STATE:
                continue
            name, dot, _ = key[len(prefix) :].partition(".")
            if name not in (self._modules if dot else own):
                unknown.append(key)
        return unknown

    # ------------------------------------------------------------------------------------------ hooks
    def _hooks_for(self, kind: str) -> list[Hook]:
        """The hooks of one kind; a dictionary that nobody touched does not exist."""
        return list(self.__dict__.get(kind, {}).values())

    def register_state_dict_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(module, prefix, keep_vars)` before this module's part of a state dict is made."""
        return register(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, local_metadata)` after it is made; it may change it in place."""
        return register(self._state_dict_hooks, InPlaceHook(hook))

    def _register_state_dict_hook(self, hook: Hook) -> RemovableHandle:
        """As `register_state_dict_post_hook`; what the hook returns (if not None) replaces the whole dictionary."""
        return register(self._state_dict_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call the hook before this module loads: the place to rename the keys of an older checkpoint.

        `hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)`
        """
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(self, hook: Hook, with_module: bool = False) -> RemovableHandle:
        return register(self._load_state_dict_pre_hooks, BoundHook(hook, self) if with_module else hook)

    def register_load_state_dict_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook(module, incompatible_keys)` after this module and its children are loaded. It may change the lists
        `missing_keys` and `unexpected_keys` in place; those that it empties are no error."""
        return register(self._load_state_dict_post_hooks, hook)


class InPlaceHook:
    """A state dict hook that may return nothing."""

    def __init__(self, hook: Hook) -> None:
        self.hook = hook

    def __call__(self, *args: Any) -> None:
        if self.hook(*args) is not None:
            raise RuntimeError("state_dict post-hook must return None")


class BoundHook:
    """A hook that is called with its module first, and keeps no strong reference to it."""

    def __init__(self, hook: Hook, module: Any) -> None:
        self.hook = hook
        self.module = weakref.ref(module)

    def __call__(self, *args: Any) -> Any:
        module = self.module()
        if module is None:
            raise RuntimeError("You are trying to call the hook of a dead Module!")
        return self.hook(module, *args)

    def __getstate__(self) -> dict[str, Any]:
        return {"hook": self.hook, "module": self.module()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if state["module"] is None:
            raise RuntimeError("You are trying to revive the hook of a dead Module!")
        self.hook = state["hook"]
        self.module = weakref.ref(state["module"])


# ------------------------------------------------------------------------------------------------- one loading
class Write(NamedTuple):
    """One planned change: the key it comes from and what to do."""

    key: str
    do: Callable[[], object]


class Loading:
    """One `load_state_dict`: first all modules say what they would write and what does not fit, then it is written."""

    def __init__(self, root: Module, state_dict: Mapping[str, Any], assign: bool) -> None:
        self.root = root
        self.assign = assign
        self.metadata: Mapping[str, Any] = getattr(state_dict, "_metadata", None) or {}
        self.state: dict[str, Any] = OrderedDict(state_dict)  # a copy, which the hooks may change
        if hasattr(state_dict, "_metadata"):
            self.state._metadata = state_dict._metadata  # type: ignore[attr-defined]
        self.keys = _IncompatibleKeys([], [])
        self.errors: list[str] = []
        self.writes: list[Write] = []
        self.after: list[tuple[Module, Hook]] = []

    def check(self, strict: bool) -> None:
        """Collect what is to be written; raise if it is certain already that something does not fit."""
        self._visit(self.root, self.state, "")
        if self.errors or not self.after:
            self._raise_if_wrong(strict)

    def write(self, strict: bool) -> None:
        """Write, then ask the hooks that come after, which may change what counts as missing."""
        carry_out(self.writes, self.errors)
        for module, hook in self.after:
            if hook(module, self.keys) is not None:
                raise AssertionError(
                    "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to return new "
                    "values, if incompatible_keys need to be modified, it should be done inplace."
                )
        self._raise_if_wrong(strict)

    def _visit(self, module: Module, state: dict[str, Any], prefix: str) -> None:
        local_metadata = {**self.metadata.get(prefix[:-1], {}), PLAN: self.writes}
        if self.assign:
            local_metadata["assign_to_params_buffers"] = True
        module._load_from_state_dict(state, prefix, local_metadata, True, self.keys.missing_keys, self.keys.unexpected_keys, self.errors)
        for name, child in module._modules.items():
            if child is not None:
                below = f"{prefix}{name}."
                self._visit(child, {k: v for k, v in state.items() if k.startswith(below)}, below)
        self.after += [(module, hook) for hook in module._hooks_for("_load_state_dict_post_hooks")]

    def _raise_if_wrong(self, strict: bool) -> None:
        missing, unexpected = self.keys if strict else ([], [])
        problems = [
            f"{what} key(s) in state_dict: {_quoted(keys)}. " for what, keys in (("Missing", missing), ("Unexpected", unexpected)) if keys
        ]
        problems += [*self.errors, *_common_prefix(missing, unexpected)]
        if problems:
            lines = "\n\t".join(problems)
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self.root).__name__}:\n\t{lines}")


def carry_out(writes: list[Write], errors: list[str]) -> None:
    """Do what was planned; what fails is added to `errors`."""
    with no_grad():
        for write in writes:
            try:
                write.do()
            except Exception as error:
                errors.append(f'While copying the parameter named "{write.key}", an exception occurred : {error.args}.')


def _fitting(key: str, tensor: Tensor, value: Any) -> tuple[Any, str]:
    """The value in the form in which it can be copied into `tensor`, or what is wrong with it."""
    if not isinstance(value, Tensor):
        return None, (f'While copying the parameter named "{key}", expected a Tensor from the checkpoint but received {type(value)}')
    if tensor.ndim == 0 and tuple(value.shape) == (1,):
        value = value[0]  # checkpoints from before there were tensors of 0 dims
    if tuple(value.shape) != tuple(tensor.shape):
        return None, (
            f"size mismatch for {key}: copying a param with shape {value.shape} from checkpoint, "
            f"the shape in current model is {tensor.shape}."
        )
    return value, ""


def _put(module: Any, name: str, tensor: Tensor, value: Tensor, assign: bool) -> None:
    """Write one value: into the tensor's memory, or (`assign`) by putting the value in the tensor's place."""
    if not assign:
        tensor.copy_(value)
        return
    if isinstance(tensor, Parameter):
        if isinstance(value, Parameter):
            value.requires_grad_(tensor.requires_grad)
        else:
            value = Parameter(value, requires_grad=tensor.requires_grad)
    setattr(module, name, value)


def _quoted(keys: list[str]) -> str:
    return ", ".join(f'"{key}"' for key in keys)


def _common_prefix(missing: list[str], unexpected: list[str]) -> list[str]:
    """A hint for the commonest mistake: all names are right but for a prefix, such as the `module.` of DataParallel."""
    if not missing or not unexpected:
        return []
    for longer, shorter, advice in (
        (unexpected, missing, "{{k.removeprefix({0!r}): v for k, v in state_dict.items()}}"),
        (missing, unexpected, "{{{0!r} + k: v for k, v in state_dict.items()}}"),
    ):
        prefix = longer[0][: -len(shorter[0])] if longer[0].endswith(shorter[0]) else ""
        if prefix and {prefix + key for key in shorter} == set(longer):
            whose = "state_dict" if longer is unexpected else "model"
            return [f"The names differ only by the prefix {prefix!r} of the {whose}; load {advice.format(prefix)}"]
    return []
