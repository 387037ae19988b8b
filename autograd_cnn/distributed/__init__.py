"""Several processes, on one machine or many: collectives, groups, messages, named as torch.distributed names them, on MPI.

`init_process_group()` joins the processes that `autograd-cnn launch --nproc N script.py` (or mpiexec, or the program itself) started.
Needs `pip install "autograd-cnn[distributed]"`.
"""

from .collectives import *
from .errors import DistBackendError, DistError, DistNetworkError, DistStoreError
from .groups import *
from .messages import *
from .mpi import is_available
from .objects import *
from .reduce_op import *
from .work import Future, Work
