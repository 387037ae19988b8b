"""Linear algebra under the names of `torch.linalg`. Everything works on the last two dims; those before them are batches."""

from __future__ import annotations

from ..ops.linalg.decompositions import eigh, pinv
from ..ops.linalg.decompositions import linalg_svd as svd
from ..ops.linalg.matrix_products import matmul
from ..ops.linalg.solve import LinAlgError, cholesky, det, inv, matrix_power, slogdet, solve, solve_triangular
from ..support.listing import listed
from .decompositions import eigvalsh, matrix_rank, qr, svdvals
from .norms import matrix_norm, norm, vector_norm
from .products import cross, diagonal, multi_dot, vander, vecdot

__all__ = [
    "LinAlgError",
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
    "svdvals",
    "vander",
    "vecdot",
    "vector_norm",
]


def __dir__() -> list[str]:
    return listed(globals())
