"""Several processes, on one machine or many: collectives, groups, messages, named as torch.distributed names them, on MPI.

`init_process_group()` joins the processes that `autograd-cnn launch --nproc N script.py` (or mpiexec, or the program itself) started.
Needs `pip install "autograd-cnn[distributed]"`.
"""

from ..support.listing import defined_in, listed
from .collectives import *
from .errors import *
from .forecast import *
from .groups import *
from .groups import default_pg_timeout
from .messages import *
from .mpi import *
from .objects import *
from .reduce_op import *
from .subgroups import *
from .work import *

__all__ = ["default_pg_timeout", *defined_in(__name__, globals())]


def __dir__() -> list[str]:
    return listed(globals())
