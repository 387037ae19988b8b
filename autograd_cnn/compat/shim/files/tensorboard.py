"""`torch.utils.tensorboard` through tensorboardX, where that is installed."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    if name != "SummaryWriter":
        raise AttributeError(name)
    try:
        import tensorboardX
    except ImportError:
        raise ImportError(
            "torch.utils.tensorboard: expected tensorboardX, which writes the files. Install it: pip install tensorboardX"
        ) from None
    return tensorboardX.SummaryWriter


__all__ = ["SummaryWriter"]  # noqa: F822  # by __getattr__
