"""What goes wrong between processes, in torch.distributed's exception types."""

from __future__ import annotations

__all__ = ["DistBackendError", "DistError", "DistNetworkError", "DistStoreError"]


class DistError(RuntimeError):
    """Something between the processes went wrong."""


class DistBackendError(DistError):
    """The engine refused, or the processes disagree about what they do together."""


class DistNetworkError(DistError):
    """A process could not be reached."""


class DistStoreError(DistError):
    """The processes did not find one another in time."""
