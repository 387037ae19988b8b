"""How long a step of many machines takes that are not here: `scaling`, and the formulas below it."""

from .links import all_reduce_seconds
from .scaling import Forecast, Scaling, scaling
from .steps import Step, Travel
from .workload import Workload, workload

__all__ = ["Forecast", "Scaling", "Step", "Travel", "Workload", "all_reduce_seconds", "scaling", "workload"]
