"""What ranks do in test_collectives.py. Each function runs in every process, and raises where something is not right."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np

import autograd_cnn as ac
from autograd_cnn import distributed as dist
from autograd_cnn.distributed import ReduceOp

DTYPES = "float16 float32 float64 complex64 complex128 uint8 int8 int16 int32 int64 bool".split()
OPS = {
    "SUM": lambda a: a.any(0) if a.dtype == bool else a.sum(0, dtype=np.float32 if a.dtype == np.float16 else a.dtype).astype(a.dtype),
    "PRODUCT": lambda a: a.all(0) if a.dtype == bool else a.prod(0, dtype=np.float32 if a.dtype == np.float16 else a.dtype).astype(a.dtype),
    "MIN": lambda a: a.min(0),
    "MAX": lambda a: a.max(0),
    "AVG": lambda a: (a.sum(0, dtype=np.float32 if a.dtype == np.float16 else a.dtype) / a.dtype.type(len(a))).astype(a.dtype),
    "BAND": np.bitwise_and.reduce,
    "BOR": np.bitwise_or.reduce,
    "BXOR": np.bitwise_xor.reduce,
}


def join() -> tuple[int, int]:
    dist.init_process_group()
    return dist.get_rank(), dist.get_world_size()


def numbers(rank: int, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Whole numbers, of which sums of a few are exact in every dtype, and products round (or wrap around) alike in every order."""
    r = np.random.default_rng([rank, *shape])
    if dtype == "bool":
        return r.integers(0, 2, shape).astype(bool)
    a = r.integers(1, 4, shape)
    if dtype in ("int64", "float64"):
        a = a * (2**31 + 1)  # what float32 does not hold
    return (a + 1j * r.integers(0, 3, shape)).astype(dtype) if dtype.startswith("complex") else a.astype(dtype)


LAYOUTS = {
    "contiguous": ((4, 3), lambda t: t),
    "transposed": ((3, 4), lambda t: t.t()),
    "every other": ((4, 6), lambda t: t[:, ::2]),
    "of no entry": ((0, 3), lambda t: t),
    "of one number": ((), lambda t: t),
}


def tensors(rank: int, size: int, dtype: str) -> Iterator[tuple[str, ac.Tensor, np.ndarray]]:
    """In every layout: the tensor of this rank, and the arrays of all ranks stacked."""
    for name, (shape, layout) in LAYOUTS.items():
        every = [np.asarray(layout(ac.tensor(numbers(k, dtype, shape))).numpy()) for k in range(size)]
        mine = layout(ac.tensor(numbers(rank, dtype, shape)))
        yield name, mine, np.stack(every)


def same(t: ac.Tensor, want: np.ndarray, *where: object) -> None:
    got = t.numpy()
    assert got.dtype == want.dtype and got.shape == want.shape and got.tobytes() == np.ascontiguousarray(want).tobytes(), (where, got, want)


def allowed(op: str, dtype: str) -> bool:
    kind = np.dtype(dtype).kind
    if op.startswith("B"):
        return kind in "iub"
    if op in ("MIN", "MAX"):
        return kind != "c"
    return op != "AVG" or kind in "fc"


def everything(quick: bool) -> int:
    rank, size = join()
    count = 0
    for dtype in ("float32", "int64") if quick else DTYPES:
        for name, mine, every in tensors(rank, size, dtype):
            where = (rank, dtype, name)
            for op, of_all in OPS.items():
                if not allowed(op, dtype):
                    try:
                        dist.all_reduce(mine.clone(), ReduceOp[op])
                    except dist.DistBackendError as e:
                        assert f"ReduceOp.{op} of {dtype} is not defined" in str(e)
                    else:
                        raise AssertionError((op, where))
                    continue
                base = ac.zeros(*mine.shape[:-1], 2 * mine.shape[-1], dtype=mine.dtype) if mine.ndim else ac.zeros(1, dtype=mine.dtype)
                t = base[..., ::2] if mine.ndim else base[0]  # the others' memory stays
                t.copy_(mine)
                dist.all_reduce(t, ReduceOp[op])
                same(t, of_all(every), "all_reduce", op, where)
                assert not (base[..., 1::2] != 0).any()
                t = mine.clone()
                dist.reduce(t, size - 1, ReduceOp[op])
                same(t, of_all(every) if rank == size - 1 else every[rank], "reduce", op, where)
                parts = [mine.clone() for _ in range(size)]
                for k, part in enumerate(parts):
                    part.copy_(ac.tensor(every[(k + rank) % size]))
                rolled = np.stack([every[(rank + k) % size] for k in range(size)])
                t = ac.zeros_like(mine)
                dist.reduce_scatter(t, parts, ReduceOp[op])
                same(t, of_all(rolled), "reduce_scatter", op, where)
                t = ac.zeros_like(mine)
                dist.reduce_scatter_tensor(t, ac.stack(parts), ReduceOp[op])
                same(t, of_all(rolled), "reduce_scatter_tensor", op, where)
                count += 4
            for root in range(size):
                t = mine.clone()
                dist.broadcast(t, root)
                same(t, every[root], "broadcast", where)
                got = [ac.zeros_like(mine) for _ in range(size)] if rank == root else None
                dist.gather(mine, got, root)
                for k in range(size if got else 0):
                    same(got[k], every[k], "gather", where)
                t = ac.zeros_like(mine)
                dist.scatter(t, [ac.tensor(e) for e in every] if rank == root else None, root)
                same(t, every[rank], "scatter", where)
            got = [ac.zeros_like(mine) for _ in range(size)]
            dist.all_gather(got, mine)
            for k in range(size):
                same(got[k], every[k], "all_gather", where)
            t = ac.zeros(size, *mine.shape, dtype=mine.dtype)
            dist.all_gather_into_tensor(t, mine)
            same(t, every, "all_gather_into_tensor", where)
            got = [ac.zeros_like(mine) for _ in range(size)]
            dist.all_to_all(got, [mine.clone() for _ in range(size)])
            for k in range(size):
                same(got[k], every[k], "all_to_all", where)
            t = ac.zeros(size, *mine.shape, dtype=mine.dtype)
            dist.all_to_all_single(t, ac.stack([mine] * size))
            same(t, every, "all_to_all_single", where)
            to, source = (rank + 1) % size, (rank - 1) % size
            if size == 1:
                continue  # nobody writes to itself
            t = ac.zeros_like(mine)
            sent = dist.isend(mine, to)
            assert dist.recv(t, source) == source
            sent.wait()
            same(t, every[source], "send", where)
    uneven = [k + 1 for k in range(size)]  # k + 1 rows to rank k
    out = ac.zeros((rank + 1) * size, 2)
    dist.all_to_all_single(out, ac.full((sum(uneven), 2), float(rank)), [rank + 1] * size, uneven)
    assert out[:, 0].tolist() == [float(k) for k in range(size) for _ in range(rank + 1)]
    return count


def flattened() -> None:
    """An output of another shape than the stacked one, as all_gather_into_tensor may have it; autograd and versions see the writes."""
    rank, size = join()
    out = ac.zeros(2 * size)
    dist.all_gather_into_tensor(out, ac.full((2,), float(rank)))
    assert out.tolist() == [float(k) for k in range(size) for _ in range(2)]
    x = ac.ones(2, requires_grad=True)
    y = x * 1
    z = (y * y).sum()
    dist.all_reduce(y)
    try:
        z.backward()
    except RuntimeError as e:
        assert "modified by an inplace operation" in str(e) or "in place" in str(e), e
    else:
        raise AssertionError("what the graph keeps was overwritten")


def asynchronous() -> None:
    rank, size = join()
    works, got = [], []
    for k in range(40):
        got.append(ac.full((1000 * (k % 3) + 1,), float(rank + k)))
        works.append(dist.all_reduce(got[-1], async_op=True))
    dist.all_reduce(last := ac.ones(3))  # behind them, in the same order everywhere
    assert last.tolist() == [float(size)] * 3
    for k, (work, t) in enumerate(zip(works, got, strict=True)):
        assert work.is_completed() and work.is_success() and work.wait() is True
        assert t[0].item() == size * k + size * (size - 1) / 2
        assert work.result()[0] is t and work.get_future().value()[0] is t
    work = dist.all_reduce(t := ac.ones(2), async_op=True)
    assert work.get_future().then(lambda f: f.value()[0].sum().item()).wait() == 2.0 * size
    dist.barrier(async_op=True).wait()
    try:
        dist.all_reduce(ac.ones(2 + rank), async_op=True).wait()
    except dist.DistBackendError as e:
        assert "[2]" in str(e) and "[3]" in str(e)
    else:
        raise AssertionError("shapes differ")


def groups() -> None:
    rank, size = join()
    first = dist.new_group([0, 1])
    rest = dist.new_group(list(range(1, size)))
    for g, ranks in ((first, [0, 1]), (rest, list(range(1, size)))):
        inside = rank in ranks
        assert (g is dist.GroupMember.NON_GROUP_MEMBER) is not inside
        assert dist.get_rank(g) == (ranks.index(rank) if inside else -1) and dist.get_world_size(g) == (len(ranks) if inside else -1)
        if inside:
            t = ac.tensor([float(rank)])
            dist.all_reduce(t, group=g)
            assert t.item() == sum(ranks)
            dist.broadcast(t, src=ranks[-1], group=g)
            dist.broadcast(t, group_src=0, group=g)
            assert (
                dist.get_process_group_ranks(g) == ranks
                and dist.get_global_rank(g, 0) == ranks[0]
                and dist.get_group_rank(g, ranks[-1]) == len(ranks) - 1
            )
    turned = dist.new_group(list(range(size))[::-1], sort_ranks=False)
    assert dist.get_rank(turned) == size - 1 - rank and dist.get_process_group_ranks(turned) == list(range(size))[::-1]
    dist.broadcast(t := ac.tensor([float(rank)]), group_src=0, group=turned)
    assert t.item() == size - 1
    work = dist.all_reduce(t := ac.ones(100_000), async_op=True)
    both = dist.new_group()  # while something of the world is under way
    work.wait()
    assert t[0] == size and both.ranks == tuple(range(size))
    try:
        dist.new_group([0] if rank == 0 else [1])
    except dist.DistBackendError as e:
        assert "new_group([0])" in str(e) and "new_group([1])" in str(e)
    else:
        raise AssertionError("named differently")
    if rank < 2:
        dist.destroy_process_group(first)
        try:
            dist.barrier(first)
        except ValueError as e:
            assert "destroyed" in str(e)
    dist.barrier()


def objects() -> None:
    rank, size = join()
    got: list[object] = [None] * size
    dist.all_gather_object(got, {"rank": rank, "t": ac.full((rank,), 1.0)})
    assert [g["rank"] for g in got] == list(range(size)) and got[1]["t"].tolist() == [1.0]
    got = [None] * size if rank == 1 else None
    dist.gather_object("x" * rank, got, dst=1)
    assert rank != 1 or got == ["x" * k for k in range(size)]
    here = ["a", {2}, None] if rank == 0 else [0, 0, 0]
    dist.broadcast_object_list(here)
    assert here == ["a", {2}, None]
    out = [None]
    dist.scatter_object_list(out, [k * k for k in range(size)] if rank == 0 else None)
    assert out == [rank * rank]


def messages() -> None:
    rank, size = join()
    to, source = (rank + 1) % size, (rank - 1) % size
    t = ac.zeros(3)
    works = dist.batch_isend_irecv([dist.P2POp(dist.irecv, t, source), dist.P2POp(dist.isend, ac.full((3,), float(rank)), to)])
    for work in works:
        work.wait()
        assert work.is_completed()
    assert t.tolist() == [float(source)] * 3
    for tag in (1, 2):
        dist.isend(ac.full((2,), float(tag)), to, tag=tag)  # the handle may be forgotten
    for tag in (2, 1):  # the other order
        dist.recv(t[:2], source, tag=tag)
        assert t[:2].tolist() == [float(tag)] * 2
    if rank == 0:
        for _ in range(size - 1):
            source = dist.recv(t[:1])  # from whoever sends
            assert t[0].item() == 10 + source
    else:
        dist.send(ac.full((1,), 10.0 + rank), 0)
    dist.barrier()
    for theirs, mine, words in (
        (ac.zeros(4), ac.zeros(3), "float32 [4]"),
        (ac.zeros(3, dtype=ac.int32), ac.zeros(3), "int32 [3]"),
        (ac.zeros(400), ac.zeros(1), ""),
    ):
        if rank == 0:
            dist.send(theirs, 1)
        elif rank == 1:
            try:
                dist.recv(mine, 0)
            except dist.DistBackendError as e:
                assert words in str(e) or "larger" in str(e), e
            else:
                raise AssertionError("it does not fit")
    dist.barrier()
    work = dist.irecv(ac.zeros(1), (rank + 1) % size, tag=77)
    assert not work.is_completed()
    from datetime import timedelta

    try:
        work.wait(timedelta(seconds=0.2))
    except dist.DistBackendError as e:
        assert "not done within 0.2 s" in str(e)
    else:
        raise AssertionError("nobody sends")
    dist.barrier()
    dist.send(ac.ones(1), (rank - 1) % size, tag=77)
    work.wait()
    for call, words in (
        (lambda: dist.send(t, rank), "Invalid destination rank"),
        (lambda: dist.recv(t, rank), "Invalid source rank"),
        (lambda: dist.send(t, 99), "99"),
    ):
        try:
            call()
        except ValueError as e:
            assert words in str(e)
        else:
            raise AssertionError(words)


def polled() -> None:
    """Asked again and again instead of waited for, a message tells the same: who sent it, and what is wrong with it."""
    rank, size = join()
    last = size - 1
    deep = (1,) * 32  # dims
    if rank == last:
        for tensor, tag in ((ac.full((2,), 7.0), 1), (ac.zeros(50), 2), (ac.ones(3, dtype=ac.int32), 3), (ac.full(deep, 5.0), 4)):
            dist.send(tensor, 0, tag=tag)
    if rank == 0:
        for tensor, tag, wrong in (
            (ac.zeros(2), 1, None),
            (ac.zeros(2), 2, "larger than the tensor"),
            (ac.zeros(3), 3, f"rank {last} sent int32"),
            (ac.zeros(deep), 4, None),
        ):
            work = dist.irecv(tensor, tag=tag)
            while not work.is_completed():
                pass
            if wrong is None:
                assert work.is_success() and work.source() == last and tensor.max().item() in (5.0, 7.0)
            else:
                assert not work.is_success()
                try:
                    work.wait()
                except dist.DistBackendError as e:
                    assert wrong in str(e), e
                else:
                    raise AssertionError(wrong)
    dist.barrier()


def mismatches() -> list[str]:
    """What is said where ranks differ; and the group is of use afterwards."""
    rank, size = join()
    said = []
    for name, call in {
        "shape": lambda: dist.all_reduce(ac.ones(2 + (rank == 1))),
        "same bytes": lambda: dist.all_reduce(ac.ones(2, 3) if rank else ac.ones(3, 2)),
        "dtype": lambda: dist.all_reduce(ac.ones(2, dtype=ac.float64 if rank == 1 else ac.float32)),
        "operation": lambda: dist.all_reduce(ac.ones(2)) if rank else dist.broadcast(ac.ones(2), 0),
        "op": lambda: dist.all_reduce(ac.ones(2), ReduceOp.MAX if rank == 0 else ReduceOp.MIN),
        "root": lambda: dist.broadcast(ac.ones(2), 0 if rank else 1),
        "splits": lambda: (
            dist.all_to_all_single(ac.ones(size), ac.ones(size + 1), None, [2, *[1] * (size - 1)])
            if rank == 0
            else dist.all_to_all_single(ac.ones(size), ac.ones(size))
        ),
        "objects": lambda: dist.all_gather_object([None] * size, 1) if rank else dist.barrier(),
    }.items():
        try:
            call()
        except dist.DistBackendError as e:
            said.append(f"{name}: {e}")
        else:
            raise AssertionError(name)
        dist.all_reduce(t := ac.ones(1))
        assert t.item() == size, name
    return said


def wrong() -> None:
    """What one process alone can know to be wrong raises before anything is asked of the others."""
    rank, size = join()
    t = ac.ones(2)
    for kind, words, call in (
        (TypeError, "expected a Tensor, got ndarray", lambda: dist.all_reduce(np.ones(2))),
        (TypeError, "expected a list of Tensors", lambda: dist.all_gather(t, t)),
        (ValueError, "has 1 tensors; expected one for each", lambda: dist.all_gather([t], t)),
        (ValueError, "expected float32 [2]", lambda: dist.all_gather([ac.ones(3)] * size, t)),
        (ValueError, "times its size", lambda: dist.all_gather_into_tensor(ac.ones(2), t)),
        (ValueError, "times the output's size", lambda: dist.reduce_scatter_tensor(t, ac.ones(3))),
        (ValueError, "gather_list must be given", lambda: dist.gather(t, None, rank)),
        (ValueError, "must NOT be given", lambda: dist.gather(t, [t] * size, (rank + 1) % size)),
        (ValueError, "scatter_list must be given", lambda: dist.scatter(t, None, rank)),
        (ValueError, "src=None is not a rank", lambda: dist.broadcast(t)),
        (ValueError, "src=7 is not a rank", lambda: dist.broadcast(t, 7)),
        (ValueError, "both given", lambda: dist.broadcast(t, 0, group_src=0)),
        (ValueError, "does not divide into", lambda: dist.all_to_all_single(ac.ones(size + 1), ac.ones(size + 1))),
        (TypeError, "expected a ReduceOp", lambda: dist.all_reduce(t, "sum")),
        (TypeError, "expected a ProcessGroup", lambda: dist.all_reduce(t, group=3)),
        (ValueError, "a place for each of the", lambda: dist.all_gather_object([None], 1)),
        (ValueError, "twice", lambda: dist.init_process_group()),
        (ValueError, "each once", lambda: dist.new_group([0, 0])),
    ):
        try:
            call()
        except kind as e:
            assert words in str(e), (words, str(e))
        except RuntimeError as e:
            assert kind is ValueError and words in str(e), (words, str(e))
        else:
            raise AssertionError(words)
    dist.barrier()


def again() -> None:
    """A world is made again after it was destroyed; other names of the engine mean it, and are said once."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        dist.init_process_group("gloo")
    rank, size = dist.get_rank(), dist.get_world_size()
    assert ["the engine is MPI" in str(w.message) for w in told] == [True] * (rank == 0), told
    assert dist.get_backend() == "gloo" and dist.is_initialized() and dist.group.WORLD is not None
    for _ in range(3):
        dist.barrier()
        dist.all_reduce(t := ac.ones(2), async_op=True).wait()
        assert t[0] == size
        dist.destroy_process_group()
        assert not dist.is_initialized() and dist.group.WORLD is None
        dist.init_process_group("mpi")
    assert dist.get_rank() == rank


def outsiders() -> None:
    """A program calls everything everywhere: who is not of the group is told, and does nothing."""
    rank, _ = join()
    g = dist.new_group([0])
    t, one, objects = ac.ones(2), ac.ones(2), [None]
    calls = {
        "all_reduce": lambda: dist.all_reduce(t, group=g, async_op=True),
        "reduce": lambda: dist.reduce(t, 0, group=g),
        "broadcast": lambda: dist.broadcast(t, 0, g),
        "all_gather": lambda: dist.all_gather([t], t, g),
        "all_gather_into_tensor": lambda: dist.all_gather_into_tensor(one, t, group=g),
        "gather": lambda: dist.gather(t, [one], group=g),
        "scatter": lambda: dist.scatter(t, [one], group=g),
        "reduce_scatter": lambda: dist.reduce_scatter(t, [one], group=g),
        "reduce_scatter_tensor": lambda: dist.reduce_scatter_tensor(t, one, group=g),
        "all_to_all": lambda: dist.all_to_all([t], [one], g),
        "all_to_all_single": lambda: dist.all_to_all_single(t, one, group=g),
        "barrier": lambda: dist.barrier(g),
        "monitored_barrier": lambda: dist.monitored_barrier(g),
        "all_gather_object": lambda: dist.all_gather_object(objects, 1, g),
        "gather_object": lambda: dist.gather_object(1, objects, 0, g),
        "broadcast_object_list": lambda: dist.broadcast_object_list(objects, 0, g),
        "scatter_object_list": lambda: dist.scatter_object_list(objects, [1], 0, g),
    }
    for name, call in calls.items():
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            given = call()
        if rank == 0:
            assert not told and (name != "all_reduce" or given.wait()), (name, told)
        else:
            said = [str(w.message) for w in told]
            assert said == [f"Running {name} on global rank {rank} which does not belong to the given group."], said
            assert told[0].filename == __file__ and given is None
    if rank:
        assert objects == [None] and (t == 1).all().item() and (one == 1).all().item()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert dist.isend(t, 0, g) is None and dist.irecv(t, 0, g) is None and dist.recv(t, 0, g) == -1
            dist.send(t, 0, g)
            assert dist.batch_isend_irecv([dist.P2POp(dist.isend, t, 0, g)]) == []
        for asked in (dist.get_backend, dist.get_process_group_ranks):
            try:
                asked(g)
            except ValueError as e:
                assert "this process is not of the group" in str(e)
            else:
                raise AssertionError(asked)
    dist.all_reduce(t)
