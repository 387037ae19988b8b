"""How long a step of many machines takes that are not here: `scaling`, and the formulas below it."""

from .links import ALGORITHMS, all_reduce_seconds
from .scaling import Forecast, Scaling, scaling
from .steps import Step, Travel
from .work import Work, work_of

__all__ = ["ALGORITHMS", "Forecast", "Scaling", "Step", "Travel", "Work", "all_reduce_seconds", "scaling", "work_of"]
