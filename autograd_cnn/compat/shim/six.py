"""`torch._six` of old programs."""

from __future__ import annotations

import collections.abc as container_abcs
import math

string_classes = (str, bytes)
int_classes = int
inf, nan = math.inf, math.nan
PY3, PY37 = True, True

__all__ = ["PY3", "PY37", "container_abcs", "inf", "int_classes", "nan", "string_classes"]
