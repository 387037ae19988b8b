"""Test gradients: your own operations, modules and functions, with the tools this library tests itself with.

- `gradcheck`, `gradgradcheck`: derivatives against finite differences, with a report that names the likely mistake.
- `check_primitive`, `check_case`, `check_module`: everything that must hold of an operation or a layer.
- `check_gradients`, `gradient_test`, `primitive_test`: the same as a pytest test of one line.
- `strategies`: hypothesis strategies for tensors and for problems that fit together.

hypothesis is needed by strategies and the tests made of them only: `pip install "autograd-cnn[test]"`.
"""

from ..errors import UsageHint
from ..primitives.cases import Bad, Case, Draw
from ..support.listing import listed
from . import strategies
from .case_draws import HypothesisDraw, RandomDraw
from .checks import CHECKS
from .decorators import check_gradients, gradient_test, primitive_test
from .gradcheck import gradcheck, gradgradcheck
from .module import check_module
from .primitive import PrimitiveReport, check_case, check_primitive
from .report import GradcheckError, GradcheckReport, GradcheckWarning, InputReport
from .setup import CheckFailure

__all__ = [
    "CHECKS",
    "Bad",
    "Case",
    "CheckFailure",
    "Draw",
    "GradcheckError",
    "GradcheckReport",
    "GradcheckWarning",
    "HypothesisDraw",
    "InputReport",
    "PrimitiveReport",
    "RandomDraw",
    "UsageHint",
    "check_case",
    "check_gradients",
    "check_module",
    "check_primitive",
    "gradcheck",
    "gradgradcheck",
    "gradient_test",
    "primitive_test",
    "strategies",
]


def __dir__() -> list[str]:
    return listed(globals())
