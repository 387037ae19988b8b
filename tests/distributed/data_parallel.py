"""What ranks do in test_data_parallel.py."""

from __future__ import annotations

import warnings
from typing import Any

import autograd_cnn as ac
from autograd_cnn import distributed as dist
from autograd_cnn import nn
from autograd_cnn.nn import functional as F
from autograd_cnn.nn.parallel import DistributedDataParallel as DDP


def join() -> tuple[int, int]:
    dist.init_process_group()
    return dist.get_rank(), dist.get_world_size()


def dense() -> nn.Module:
    ac.manual_seed(1)
    return nn.Sequential(nn.Linear(8, 300), nn.Tanh(), nn.Linear(300, 300), nn.ReLU(), nn.Linear(300, 3))


def normed() -> nn.Module:
    ac.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Conv2d(4, 4, 3),
        nn.BatchNorm2d(4, affine=False),
        nn.Flatten(),
        nn.Linear(64, 3),
    )


def data(images: bool = False, n: int = 24) -> tuple[Any, Any]:
    ac.manual_seed(0)
    return (ac.randn(n, 1, 8, 8) if images else ac.randn(n, 8)), ac.randint(0, 3, (n,))


def train(model: nn.Module, x: Any, y: Any, steps: int = 8) -> list[float]:
    optimizer = ac.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def distance(a: nn.Module, b: nn.Module) -> float:
    both = zip((*a.parameters(), *a.buffers()), (*b.parameters(), *b.buffers()), strict=True)
    return max((p.detach().double() - q.detach().double()).abs().max().item() for p, q in both)


def same_everywhere(model: nn.Module) -> None:
    flat = ac.cat([t.detach().double().flatten() for t in (*model.parameters(), *model.buffers())])
    every = [ac.zeros_like(flat) for _ in range(dist.get_world_size())]
    dist.all_gather(every, flat)
    assert all((t == every[0]).all().item() for t in every), "the ranks have different parameters"


WAYS: list[dict[str, Any]] = [
    {},
    {"gradient_as_bucket_view": True},
    {"find_unused_parameters": True},
    {"static_graph": True},
    {"bucket_cap_mb": 0.001},
]


def equals_one_process(steps: int, ways: int) -> None:
    rank, size = join()
    x, y = data()
    one = dense()
    train(one, x, y, steps)
    for how in WAYS[:ways]:
        model = dense()
        if rank:
            for p in model.parameters():
                p.data.add_(1)  # rank 0's count
        ddp = DDP(model, **how)
        train(ddp, x[rank::size], y[rank::size], steps)
        same_everywhere(model)
        assert distance(one, model) < 1e-6 * steps, (how, distance(one, model))
        assert next(iter(ddp.state_dict())) == "module.0.weight"


def of_every_dtype() -> None:
    rank, size = join()
    for dtype in (ac.float64, ac.float16):
        ac.manual_seed(0)
        model = nn.Linear(3, 2).to(dtype)
        ddp = DDP(model, gradient_as_bucket_view=dtype is ac.float64)
        (ddp(ac.ones(1, 3, dtype=dtype)) * (rank + 1) / 3).sum().backward()
        want = (size + 1) / 2 / 3
        assert model.weight.grad.dtype is dtype
        assert (model.weight.grad.double() - want).abs().max().item() < (1e-15 if dtype is ac.float64 else 1e-3)


def normalisation() -> None:
    """DDP with SyncBatchNorm is one process with the whole batch, also with parts of different sizes; running estimates too."""
    rank, size = join()
    x, y = data(images=True)
    one = normed()
    losses = train(one, x, y, 10)
    model = nn.SyncBatchNorm.convert_sync_batchnorm(normed())
    mine = train(DDP(model), x[rank::size], y[rank::size], 10)
    same_everywhere(model)
    assert distance(one, model) < 2e-5, distance(one, model)
    total = ac.tensor(mine, dtype=ac.float64)
    dist.all_reduce(total)
    assert max(abs(a - b / size) for a, b in zip(losses, total.tolist(), strict=True)) < 1e-5
    one.eval(), model.eval()
    assert (one(x) - model(x)).abs().max().item() < 1e-4
    layer = nn.SyncBatchNorm(4, momentum=None).double()
    whole = nn.BatchNorm2d(4, momentum=None).double()
    ac.manual_seed(3)
    z = ac.randn(7, 4, 2, 3, dtype=ac.float64)
    w = ac.randn(7, 4, 2, 3, dtype=ac.float64)
    part = slice(0, 2) if rank == 0 else slice(2, 7) if rank == 1 else slice(7, 7)
    a, b = z.clone().requires_grad_(), z[part].clone().requires_grad_()
    (whole(a) * w).sum().backward()
    out = layer(b)
    (out * w[part]).sum().backward()
    assert rank > 1 or (a.grad[part] - b.grad).abs().max().item() < 1e-12
    assert distance(whole, layer) < 1e-12


def accumulates() -> None:
    rank, size = join()
    x, y = data()
    half = len(x) // 2
    model = dense()
    ddp = DDP(model)
    with ddp.no_sync():
        F.cross_entropy(ddp(x[:half][rank::size]), y[:half][rank::size]).backward()
    F.cross_entropy(ddp(x[half:][rank::size]), y[half:][rank::size]).backward()
    one = dense()
    (F.cross_entropy(one(x[:half]), y[:half]) + F.cross_entropy(one(x[half:]), y[half:])).backward()
    assert max((p.grad - q.grad).abs().max().item() for p, q in zip(one.parameters(), model.parameters(), strict=True)) < 1e-6


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2)

    def forward(self, x: Any, which: int) -> dict[str, Any]:
        return {"y": (self.a if which == 0 else self.b)(x)}


def unused() -> None:
    rank, size = join()
    ddp = DDP(Two(), find_unused_parameters=True)
    for _ in range(3):
        ddp.zero_grad()
        ddp(ac.ones(1, 2), min(rank, 1))["y"].sum().backward()
        assert ddp.module.a.weight.grad.tolist() == [[1 / size] * 2] * 2 or (ddp.module.a.weight.grad - 1 / size).abs().max().item() < 1e-6
        assert (ddp.module.b.weight.grad - (size - 1) / size).abs().max().item() < 1e-6
        assert ddp.module.c.weight.grad is None
    ddp = DDP(Two())
    ddp(ac.ones(1, 2), 0)["y"].sum().backward()
    try:
        ddp(ac.ones(1, 2), 0)
    except RuntimeError as e:
        assert "Expected to have finished reduction in the prior iteration" in str(e) and "b.weight" in str(e) and "a.weight" not in str(e)
    else:
        raise AssertionError("b got no gradient")


def buffers() -> None:
    rank, _ = join()
    model = nn.BatchNorm1d(2)
    ddp = DDP(model)
    ddp(ac.randn(4, 2) + rank)
    before = model.running_mean.clone()
    dist.broadcast(before, 0)
    ddp(ac.randn(4, 2))
    own = nn.BatchNorm1d(2)
    own.load_state_dict({**model.state_dict()})
    ddp.eval()
    ddp(ac.ones(4, 2))
    ddp = DDP(nn.BatchNorm1d(2), broadcast_buffers=False)
    ddp(ac.full((4, 2), float(rank)))
    assert (ddp.module.running_mean - 0.1 * rank).abs().max().item() < 1e-6


def wrong_models() -> None:
    rank, _ = join()
    for make, words in (
        (lambda: DDP(nn.Linear(2 + rank, 1)), "a parameter is weight"),
        (lambda: DDP(nn.Sequential(*[nn.Linear(2, 1)] + [nn.Linear(1, 1)] * rank)), "Build the same model everywhere"),
    ):
        try:
            make()
        except dist.DistBackendError as e:
            assert words in str(e), e
        else:
            raise AssertionError(words)
    try:
        DDP(nn.ReLU())
    except RuntimeError as e:
        assert "any parameter that requires a gradient" in str(e)
    import copy
    import pickle

    for call in (pickle.dumps, copy.deepcopy):
        try:
            call(DDP(nn.Linear(1, 1)))
        except TypeError as e:
            assert "not pickled" in str(e)


def hooks() -> None:
    """What hooks do with gradients that are exact in their formats is what no hook does."""
    from autograd_cnn.distributed.algorithms.ddp_comm_hooks import default_hooks, powerSGD_hook

    rank, size = join()
    x, y = data()
    plain = DDP(dense())
    F.cross_entropy(plain(x[rank::size]), y[rank::size]).backward()
    for hook, state, tolerance in (
        (default_hooks.allreduce_hook, None, 1e-7),
        (default_hooks.fp16_compress_hook, None, 1e-3),
        (default_hooks.bf16_compress_hook, None, 8e-3),
        (default_hooks.fp16_compress_wrapper(default_hooks.allreduce_hook), None, 1e-3),
        (powerSGD_hook.powerSGD_hook, powerSGD_hook.PowerSGDState(None, start_powerSGD_iter=2, matrix_approximation_rank=2), 1e-7),
    ):
        ddp = DDP(dense())
        ddp.register_comm_hook(state, hook)
        F.cross_entropy(ddp(x[rank::size]), y[rank::size]).backward()
        for p, q in zip(plain.parameters(), ddp.parameters(), strict=True):
            scale = p.grad.abs().max().item() + 1e-8
            assert (p.grad - q.grad).abs().max().item() <= tolerance * scale, (hook, (p.grad - q.grad).abs().max().item() / scale)
    one = dense()
    ways = {"plain": None, "power": powerSGD_hook.PowerSGDState(None, start_powerSGD_iter=2, matrix_approximation_rank=2)}
    last = {}
    for name, state in ways.items():
        ddp = DDP(dense())
        if state is not None:
            ddp.register_comm_hook(state, powerSGD_hook.powerSGD_hook)
        last[name] = train(ddp, x[rank::size], y[rank::size], 30)[-1]
        same_everywhere(ddp.module)
    assert last["power"] < 0.3 * F.cross_entropy(one(x), y).item(), last
    ddp = DDP(nn.Linear(1, 1))
    ddp.register_comm_hook(None, default_hooks.allreduce_hook)
    for call, kind in (
        (lambda: ddp.register_comm_hook(None, default_hooks.allreduce_hook), RuntimeError),
        (lambda: DDP(nn.Linear(1, 1)).register_comm_hook(None, 3), TypeError),
    ):
        try:
            call()
        except kind:
            pass
        else:
            raise AssertionError(kind)


def sharded() -> None:
    """Every rank keeps a part of Adam's state, and steps as one process does; a consolidated state goes on elsewhere."""
    rank, size = join()
    x, y = data()
    one, model = DDP(dense()), dense()
    whole = ac.optim.Adam(one.parameters(), lr=0.01)
    ddp = DDP(model)
    zero = ac.optim.ZeroRedundancyOptimizer(ddp.parameters(), ac.optim.Adam, lr=0.01)
    for _ in range(5):
        for m, o in ((one, whole), (ddp, zero)):
            o.zero_grad()
            F.cross_entropy(m(x[rank::size]), y[rank::size]).backward()
            o.step()
    same_everywhere(model)
    assert distance(one, model) == 0, "not what the undivided optimizer does"
    kept = sum(t.numel() for s in zero.optim.state.values() for t in s.values() if hasattr(t, "numel"))
    every = ac.tensor([float(kept)], dtype=ac.float64)
    dist.all_reduce(every)
    full = sum(t.numel() for s in whole.state.values() for t in s.values() if hasattr(t, "numel"))
    assert every.item() == full and (size == 1 or kept < full)
    zero.consolidate_state_dict(to=0)
    if rank == 0:
        state = zero.state_dict()
        assert [s.keys() for s in state["state"].values()] == [s.keys() for s in whole.state_dict()["state"].values()]
        again = ac.optim.Adam(model.parameters(), lr=0.5)
        again.load_state_dict(state)
        assert again.param_groups[0]["lr"] == 0.01
    states = [zero.state_dict() if rank == 0 else None]
    dist.broadcast_object_list(states)
    other = ac.optim.ZeroRedundancyOptimizer(ddp.parameters(), ac.optim.Adam, lr=0.5)
    other.load_state_dict(states[0])
    before = [p.detach().clone() for p in model.parameters()]
    zero.step()
    after = [p.detach().clone() for p in model.parameters()]
    for p, b in zip(model.parameters(), before, strict=True):
        p.data.copy_(b)
    other.step()
    assert all((p == a).all().item() for p, a in zip(model.parameters(), after, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        zero.param_groups[0]["lr"] = 0.0
        zero.step()
