"""What `DistributedDataParallel.register_comm_hook` takes: how a bucket's gradients come together."""

from . import default_hooks, powerSGD_hook

__all__ = ["default_hooks", "powerSGD_hook"]
