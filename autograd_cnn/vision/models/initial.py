"""Initial values, also for layers that have no bias or no scale."""

from __future__ import annotations

from ...nn import Parameter
from ...nn.init import constant_


def constant(param: Parameter | None, value: float) -> None:
    """Fill a parameter, if there is one."""
    if param is not None:
        constant_(param, value)
