"""Batch normalisation under the place where PyTorch keeps it."""

from ..layers.lazy import LazyBatchNorm1d, LazyBatchNorm2d, LazyBatchNorm3d
from ..layers.norm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from ..layers.norm import _BatchNorm as _BatchNorm
from ..layers.sync_norm import SyncBatchNorm

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "SyncBatchNorm",
]
