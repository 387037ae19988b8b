"""Walking the tree of modules: iteration over what it holds, access by dotted path, and what is done to all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Self, cast

from ...errors import nearest
from ...tensors.tensor import Parameter, Tensor
from .attributes import Attributes

if TYPE_CHECKING:
    from .module import Module


class Traversal(Attributes):
    """The part of a Module that walks its tree. Each tensor and each module is met once, however often it is shared."""

    # ------------------------------------------------------------------------------------------ iteration
    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """All modules of the tree, this one first (under the name `prefix`), with their dotted paths.

        >>> from autograd_cnn import nn
        >>> [name for name, _ in nn.Sequential(nn.Identity(), nn.Sequential(nn.Identity())).named_modules()]
        ['', '0', '1', '1.0']
        """
        memo = set() if memo is None else memo
        me = cast("Module", self)
        if me in memo:
            return
        if remove_duplicate:
            memo.add(me)
        yield prefix, me
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, _join(prefix, name), remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """All modules of the tree, this one first."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The immediate children with their names."""
        seen: set[Module] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The immediate children."""
        for _, module in self.named_children():
            yield module

    def named_parameters(self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True) -> Iterator[tuple[str, Parameter]]:
        """The parameters with their dotted paths: this module's first, then its children's in order of registration.

        `recurse=False`: this module's only. A shared parameter comes once, under its first name, unless
        `remove_duplicate=False`.
        """
        yield from self._named_members(lambda module: module._parameters.items(), prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, as optimizers take them.

        >>> from autograd_cnn import nn
        >>> sum(p.numel() for p in nn.Linear(3, 2).parameters())
        8
        """
        for _, param in self.named_parameters(recurse=recurse):
            yield param

    def named_buffers(self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True) -> Iterator[tuple[str, Tensor]]:
        """The buffers with their dotted paths."""
        yield from self._named_members(lambda module: module._buffers.items(), prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def _named_members(
        self,
        members_of: Callable[[Module], Iterable[tuple[str, Any]]],
        prefix: str,
        recurse: bool,
        remove_duplicate: bool,
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()  # by identity: `==` of tensors compares elements
        here = [(prefix, cast("Module", self))]
        tree = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else here
        for path, module in tree:
            for name, member in members_of(module):
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield _join(path, name), member

    # ------------------------------------------------------------------------------------------ access by path
    def get_submodule(self, target: str) -> Module:
        """The module at a dotted path; `""` is this one.

        Raises:
            AttributeError: there is nothing of that name, or it is no Module.

        >>> from autograd_cnn import nn
        >>> net = nn.Sequential(nn.Sequential(nn.Identity()))
        >>> net.get_submodule("0.0")
        Identity()
        """
        module = cast("Module", self)
        for step in target.split(".") if target else ():
            found = module._member_named(step)
            if not isinstance(found, Traversal):
                raise AttributeError(f"`{step}` is not an nn.Module")
            module = cast("Module", found)
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put `module` at a dotted path, in the place of the module there. `strict`: there must be one.

        Raises:
            ValueError: the path is empty, or `module` is no Module.
            AttributeError: the parent is not there, or the name is taken by something else.

        >>> from autograd_cnn import nn
        >>> net = nn.Sequential(nn.Sequential(nn.Identity()))
        >>> net.set_submodule("0.0", nn.Flatten())
        >>> net[0][0]
        Flatten(start_dim=1, end_dim=-1)
        """
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Traversal):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if (strict or hasattr(parent, name)) and not isinstance(parent._member_named(name), Traversal):
            raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a dotted path.

        Raises:
            AttributeError: there is nothing of that name, or it is no Parameter.
        """
        path, _, name = target.rpartition(".")
        found = self.get_submodule(path)._member_named(name)
        if not isinstance(found, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return found

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a dotted path.

        Raises:
            AttributeError: there is nothing of that name, or it is no buffer.
        """
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        found = module._member_named(name)
        if name not in module._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return cast(Tensor, found)

    def _member_named(self, name: str) -> Any:
        try:
            return getattr(self, name)
        except AttributeError:
            near = nearest(name, [*self._modules, *self._parameters, *self._buffers])
            raise AttributeError(f"{type(self).__name__} has no attribute `{name}`.{near}") from None

    # ------------------------------------------------------------------------------------------ done to all
    def apply(self, fn: Callable[[Module], object]) -> Self:
        """Call `fn` with every module of the tree, children before their parent. The usual place for initialisation.

        >>> from autograd_cnn import nn
        >>> _ = nn.Sequential(nn.Identity()).apply(lambda m: print(type(m).__name__))
        Identity
        Sequential
        """
        for module in self.children():
            module.apply(fn)
        fn(cast("Module", self))
        return self

    def train(self, mode: bool = True) -> Self:
        """Set training mode (or, with False, evaluation mode) throughout the tree; dropout and batch norm heed it."""
        if not isinstance(mode, bool):
            raise ValueError(f"training mode is expected to be boolean, got {mode!r}")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """Set evaluation mode: the same as `train(False)`."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Let all parameters take a gradient, or none: `requires_grad_(False)` freezes a part of a model."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters; `set_to_none=False` fills them with zeros in place."""
        for param in self.parameters():
            clear_grad(param, set_to_none)


def clear_grad(param: Tensor, set_to_none: bool) -> None:
    """Forget the gradient of one tensor, or fill it with zeros in place, cut off from any graph."""
    grad = param.grad
    if grad is None:
        return
    if set_to_none:
        param.grad = None
        return
    if grad.grad_fn is not None:
        grad.detach_()
    else:
        grad.requires_grad_(False)
    grad.zero_()


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name
