"""Several devices: there is one, so these pass everything through, as PyTorch does without accelerators."""

from __future__ import annotations

from typing import Any

from ..module.module import Module

__all__ = ["DataParallel", "data_parallel"]


class DataParallel(Module):
    """Runs the module as it is: batches are split over accelerators, and there are none. The weights stand under `module.`, as in files
    that PyTorch programs save.

    >>> import autograd_cnn as ac
    >>> list(ac.nn.DataParallel(ac.nn.Linear(2, 1)).state_dict())
    ['module.weight', 'module.bias']
    """

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0) -> None:
        super().__init__()
        self.module = module
        self.dim = dim
        self.device_ids: list[Any] = []
        self.output_device = output_device

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)


def data_parallel(
    module: Module,
    inputs: Any,
    device_ids: Any = None,
    output_device: Any = None,
    dim: int = 0,
    module_kwargs: dict[str, Any] | None = None,
) -> Any:
    """`module(*inputs, **module_kwargs)`.

    >>> import autograd_cnn as ac
    >>> from autograd_cnn.nn.parallel import data_parallel
    >>> data_parallel(ac.nn.Identity(), ac.ones(2))
    tensor([1., 1.])
    """
    given = inputs if isinstance(inputs, tuple) else () if inputs is None else (inputs,)
    return module(*given, **(module_kwargs or {}))
