"""Gradients that travel as products of two thin matrices; what is left out is added to the next step's."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....tensors.creation import from_numpy
from ...agreement import together
from ...collectives import raw
from ...groups import of
from ...work import Future
from .default_hooks import allreduce_hook

__all__ = ["PowerSGDState", "powerSGD_hook"]

Array = np.ndarray[Any, Any]


class PowerSGDState:
    """What `powerSGD_hook` is told, and remembers.

    Args:
        matrix_approximation_rank: how thin the matrices are.
        start_powerSGD_iter: so many steps travel whole before; at least 2 with error feedback or a warm start.
        min_compression_rate: a gradient that would not become so many times smaller travels whole.
        use_error_feedback: what an approximation leaves out is added to the next gradient.
        warm_start: each step begins with the last one's matrix.
        orthogonalization_epsilon: added to norms by which columns are divided.
        random_seed: of the first matrices, the same in all processes.

    Raises:
        ValueError: too early a start.

    Source: Vogels et al., "PowerSGD: Practical Low-Rank Gradient Compression for Distributed Optimization", NeurIPS 2019.
    """

    def __init__(
        self,
        process_group: Any,
        matrix_approximation_rank: int = 1,
        start_powerSGD_iter: int = 1000,
        min_compression_rate: float = 2,
        use_error_feedback: bool = True,
        warm_start: bool = True,
        orthogonalization_epsilon: float = 0,
        random_seed: int = 0,
    ) -> None:
        if (use_error_feedback or warm_start) and start_powerSGD_iter <= 1:
            raise ValueError("Expect `start_powerSGD_iter` > 1 if `use_error_feedback` or `warm_start` is enabled.")
        self.process_group = process_group
        self.matrix_approximation_rank, self.start_powerSGD_iter = matrix_approximation_rank, start_powerSGD_iter
        self.min_compression_rate, self.use_error_feedback, self.warm_start = min_compression_rate, use_error_feedback, warm_start
        self.orthogonalization_epsilon = orthogonalization_epsilon
        self.iter = 0
        self.rng = np.random.RandomState(random_seed)
        self.errors: dict[int, Array] = {}
        self.right: dict[tuple[int, int], Array] = {}  # bucket, place in it: the matrix of the last step


def powerSGD_hook(state: PowerSGDState, bucket: Any) -> Future:
    """The mean of the gradients, those of matrices approximated by products of two thin ones.

    Source: torch.distributed.algorithms.ddp_comm_hooks.powerSGD_hook.powerSGD_hook.
    """
    step = state.iter
    state.iter += bool(bucket.is_last())
    if step < state.start_powerSGD_iter:
        return allreduce_hook(state.process_group, bucket)
    g = of(state.process_group, "powerSGD_hook")
    index, size = bucket.index(), g.size()
    flat = raw("powerSGD_hook", "buffer", bucket.buffer()).copy()
    if state.use_error_feedback and index in state.errors:
        flat += state.errors[index]
    result = np.empty_like(flat)
    matrices: list[tuple[tuple[int, int], Array, Array]] = []  # which, a gradient as a matrix, where its approximation goes
    whole: list[slice] = []
    at = 0
    for i, p in enumerate(bucket.parameters()):
        part = slice(at, at + p.numel())
        at = part.stop
        shape = (p.shape[0], p.numel() // p.shape[0]) if len(p.shape) > 1 and p.numel() else (0, 0)
        rank = min(state.matrix_approximation_rank, *shape)
        if rank and sum(shape) * rank * state.min_compression_rate < p.numel():
            matrices.append(((index, i), flat[part].reshape(shape), result[part].reshape(shape)))
            if not state.warm_start or (index, i) not in state.right:
                state.right[index, i] = state.rng.standard_normal((shape[1], rank)).astype(flat.dtype)
        else:
            whole.append(part)

    def mean(parts: list[Array]) -> list[Array]:
        if not parts:
            return []
        packed = np.concatenate([a.reshape(-1) for a in parts])
        g.comm.Allreduce(g.mpi.IN_PLACE, packed)
        packed /= size
        cut = np.cumsum([a.size for a in parts])[:-1]
        return [b.reshape(a.shape) for a, b in zip(parts, np.split(packed, cut), strict=True)]

    def call() -> None:
        for part, value in zip(whole, mean([flat[part] for part in whole]), strict=True):
            result[part] = value
        left = mean([m @ _orthogonal(state.right[k], state.orthogonalization_epsilon) for k, m, _ in matrices])
        left = [_orthogonal(p, state.orthogonalization_epsilon) for p in left]
        right = mean([m.T @ p for (_, m, _), p in zip(matrices, left, strict=True)])
        for (k, _, out), p, q in zip(matrices, left, right, strict=True):
            state.right[k] = q
            np.matmul(p, q.T, out=out)
        if state.use_error_feedback:
            error = flat - result
            for part in whole:
                error[part] = 0
            state.errors[index] = error

    work = together(g, "powerSGD_hook", f"powerSGD_hook({flat.dtype} [{flat.size}], bucket {index})", call, None, True)
    if work is None:
        raise RuntimeError("powerSGD_hook: an asynchronous operation gave no handle.")
    return work.get_future().then(lambda done: (done.value(), from_numpy(result))[1])


def _orthogonal(matrix: Array, epsilon: float) -> Array:
    """Columns of length 1 that are orthogonal to one another."""
    if not epsilon:
        return np.linalg.qr(matrix)[0].astype(matrix.dtype, copy=False)
    out = matrix.copy()
    for j in range(out.shape[1]):
        out[:, j] /= np.linalg.norm(out[:, j]) + epsilon
        out[:, j + 1 :] -= np.outer(out[:, j], out[:, j] @ out[:, j + 1 :])
    return out
