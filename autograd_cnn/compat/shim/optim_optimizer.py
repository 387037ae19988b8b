"""`torch.optim.optimizer`."""

from ...optim import Optimizer

__all__ = ["Optimizer", "required"]


class _Required:
    """Says in an optimizer's defaults that an argument has none."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()
