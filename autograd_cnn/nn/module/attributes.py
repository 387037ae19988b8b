"""What a module holds: parameters, buffers and child modules, and how attribute access reaches them."""

from __future__ import annotations

from collections import OrderedDict
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from ...errors import NoSuchAttribute, nearest
from ...tensors.tensor import Parameter, Tensor
from .buffer import Buffer
from .hooks import CALL_HOOKS, STATE_HOOKS, buffer_registration, module_registration, parameter_registration, registered

if TYPE_CHECKING:
    from .module import Module

LISTED = 20  # so many names of each kind an error message lists; it says how many more there are


def _what_there_is(owner: Any, name: str) -> str:
    """The part of the message that helps: the nearest name, and the names there are."""
    if "_modules" not in vars(owner):
        return f": Module.__init__() has not run yet. Call super().__init__() first in {type(owner).__name__}.__init__."
    if hasattr(type(owner), name):
        return f": '{name}' is a property of {type(owner).__name__}, and an AttributeError was raised inside it."
    kinds = {
        "modules": list(owner._modules),
        "parameters": list(owner._parameters),
        "buffers": list(owner._buffers),
        "attributes": [key for key in vars(owner) if not key.startswith("_") and key != "training"],
    }
    known = [key for keys in kinds.values() for key in keys]
    methods = [key for key in dir(type(owner)) if not key.startswith("_")]
    near = nearest(name, known) or nearest(name, get_close_matches(name, methods, n=1, cutoff=0.8))
    listed = "; ".join(f"{kind} {_some(keys)}" for kind, keys in kinds.items() if keys)
    return "." + (near[:-1] + "?" if near else "") + (f" It has: {listed}." if listed else "")


def _some(names: list[str]) -> str:
    more = len(names) - LISTED
    return ", ".join(names[:LISTED]) + (f" and {more} more" if more > 0 else "")


class Attributes:
    """The attribute protocol of a Module.

    A Parameter, Module or Buffer assigned to an attribute is registered under that name, in `_parameters`, `_modules`
    or `_buffers`; a name lives in one place only. None may be registered as well: the name is there and holds nothing.
    """

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _non_persistent_buffers_set: set[str]
    _modules: dict[str, Module | None]

    # ------------------------------------------------------------------------------------------ registration
    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under a name. None reserves the name: it reads as None and is left out of `state_dict`.

        Raises:
            KeyError: the name is empty, contains a dot, or is taken by another attribute.
            TypeError: `param` is no Parameter. ValueError: it is the result of an operation, not a leaf.

        >>> import autograd_cnn as ac
        >>> m = ac.nn.Module()
        >>> m.register_parameter("weight", ac.nn.Parameter(ac.ones(2)))
        >>> [name for name, _ in m.named_parameters()]
        ['weight']
        """
        self._check_name("parameter", name, "_parameters")
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{_kind(param)}' object to parameter '{name}' (nn.Parameter or None required). "
                    "Wrap it: nn.Parameter(value)."
                )
            if param.grad_fn is not None:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created "
                    f"explicitly. To express '{name}' as a function of another Tensor, compute the value in the "
                    "forward() method."
                )
            param = registered(parameter_registration, self, name, param)
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the module's state and takes no gradient, such as running statistics.

        `persistent=False` leaves it out of `state_dict`.

        Raises:
            KeyError: the name is empty, contains a dot, or is taken by another attribute. TypeError: it is no Tensor.

        >>> import autograd_cnn as ac
        >>> m = ac.nn.Module()
        >>> m.register_buffer("running_mean", ac.zeros(2))
        >>> list(m.state_dict())
        ['running_mean']
        """
        self._check_name("buffer", name, "_buffers")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{_kind(tensor)}' object to buffer '{name}' (Tensor or None required). "
                "Make a tensor of it first: autograd_cnn.tensor(value)."
            )
        self._buffers[name] = registered(buffer_registration, self, name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child module under a name.

        Raises:
            KeyError: the name is empty, contains a dot, or is taken by another attribute. TypeError: it is no Module.

        >>> from autograd_cnn import nn
        >>> m = nn.Module()
        >>> m.add_module("same", nn.Identity())
        >>> m.same
        Identity()
        """
        if not isinstance(module, Attributes) and module is not None:
            raise TypeError(f"{_kind(module)} is not a Module subclass")
        self._check_name("module", name, "_modules")
        self._modules[name] = registered(module_registration, self, name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """The same as `add_module`."""
        self.add_module(name, module)

    def _check_name(self, kind: str, name: str, place: str) -> None:
        """May this name be given to something of this kind?"""
        held = self.__dict__.get(place)
        if held is None:
            raise AttributeError(f"cannot assign {kind} before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {_kind(name)}")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain ".", got: {name}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if name not in held and hasattr(self, name):
            raise KeyError(f"attribute '{name}' already exists")

    # ------------------------------------------------------------------------------------------ attribute access
    def __getattr__(self, name: str) -> Any:
        held = self.__dict__
        if "_modules" in held:
            # written out: every `self.conv1` comes through here
            if name in (some := held["_modules"]):
                return some[name]
            if name in (some := held["_parameters"]):
                return some[name]
            if name in (some := held["_buffers"]):
                return some[name]
            if name in CALL_HOOKS or name in STATE_HOOKS:
                return self._new_hook_dict(name)
        raise NoSuchAttribute(self, name, _what_there_is)

    def _new_hook_dict(self, name: str) -> OrderedDict[int, Any]:
        """A dictionary of hooks, made when it is first touched; from then on `__call__` looks for hooks."""
        made: OrderedDict[int, Any] = OrderedDict()
        self.__dict__[name] = made
        if name in CALL_HOOKS:
            self.__dict__["_hooked"] = True
        return made

    def __setattr__(self, name: str, value: Any) -> None:
        held = self.__dict__
        if "_modules" not in held:
            self._set_before_init(name, value)
        elif isinstance(value, Parameter):
            self._clear(name, but="_parameters")
            self.register_parameter(name, value)
        elif name in held["_parameters"]:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{_kind(value)}' as parameter '{name}' (nn.Parameter or None expected). To write "
                    f"new values into it: with no_grad(): module.{name}.copy_(value)."
                )
            self.register_parameter(name, None)
        elif isinstance(value, Attributes):
            self._clear(name, but="_modules")
            held["_modules"][name] = registered(module_registration, self, name, value)
        elif name in held["_modules"]:
            if value is not None:
                raise TypeError(f"cannot assign '{_kind(value)}' as child module '{name}' (nn.Module or None expected)")
            held["_modules"][name] = registered(module_registration, self, name, value)
        elif isinstance(value, Buffer) or name in held["_buffers"]:
            self._set_buffer(name, value)
        else:
            object.__setattr__(self, name, value)

    def _set_buffer(self, name: str, value: Any) -> None:
        if value is not None and not isinstance(value, Tensor):
            raise TypeError(
                f"cannot assign '{_kind(value)}' as buffer '{name}' (nn.Buffer, Tensor or None expected). "
                "Make a tensor of it first: autograd_cnn.tensor(value)."
            )
        if name not in self._buffers:
            self.__dict__.pop(name, None)
        persistent = value.persistent if isinstance(value, Buffer) else name not in self._non_persistent_buffers_set
        self.register_buffer(name, value, persistent)

    def _set_before_init(self, name: str, value: Any) -> None:
        kinds = {"parameters": Parameter, "module": Attributes, "buffer": Buffer}
        for kind, cls in kinds.items():
            if isinstance(value, cls):
                raise AttributeError(
                    f"cannot assign {kind} before Module.__init__() call: super().__init__() must come first in "
                    f"{type(self).__name__}.__init__"
                )
        object.__setattr__(self, name, value)

    def _clear(self, name: str, but: str) -> None:
        """Forget the name wherever else it lives."""
        held = self.__dict__
        if but != "_modules":
            held["_modules"].pop(name, None)
        if but != "_parameters":
            held["_parameters"].pop(name, None)
        held["_buffers"].pop(name, None)
        held["_non_persistent_buffers_set"].discard(name)
        held.pop(name, None)

    def __delattr__(self, name: str) -> None:
        for place in ("_parameters", "_buffers", "_modules"):
            if name in self.__dict__.get(place, ()):
                del self.__dict__[place][name]
                self._non_persistent_buffers_set.discard(name)
                return
        if name not in self.__dict__ and not hasattr(type(self), name):
            raise NoSuchAttribute(self, name, _what_there_is)
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        names = [*dir(type(self)), *self.__dict__, *self._parameters, *self._modules, *self._buffers]
        return sorted(name for name in names if not name[:1].isdigit())


def _kind(value: Any) -> str:
    return type(value).__name__
