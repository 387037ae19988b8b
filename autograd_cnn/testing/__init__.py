"""Test gradients: your own operations, modules and functions, with the tools this library tests itself with.

`gradcheck` and `gradgradcheck` compare derivatives with finite differences and name the likely mistake.
"""

from .gradcheck import gradcheck, gradgradcheck
from .report import GradcheckError, GradcheckReport, InputReport
from ..engine.cases import Bad, Case
from .checks import CHECKS
from .draw import HypothesisDraw, RandomDraw
from .primitive import PrimitiveReport, check_case, check_primitive
from .setup import CheckFailure
