"""One model on several devices (there is one) or in several processes."""

from .data import DataParallel, data_parallel
from .distributed import DistributedDataParallel, GradBucket

__all__ = ["DataParallel", "DistributedDataParallel", "GradBucket", "data_parallel"]
