"""`torch.autograd.variable`."""

from .autograd import Variable

__all__ = ["Variable"]
