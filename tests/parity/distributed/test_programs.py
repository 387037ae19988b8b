"""The same programs on several processes, under PyTorch's gloo and here: the same numbers."""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path

import pytest

from autograd_cnn.utils.data.distributed import DistributedSampler
from tests.distributed.ranks import environment, needs_mpi, run_commands

torch = pytest.importorskip("torch")
HERE = Path(__file__).parent
OURS = [sys.executable, "-m", "autograd_cnn"]


def said(*argv: str) -> str:
    (ended,) = run_commands([([*argv], environment())], 150)
    assert ended.code == 0, ended.err
    return ended.out


@needs_mpi
@pytest.mark.slow
def test_collectives_bit_for_bit():
    program = str(HERE / "bits.py")
    theirs, ours = said(sys.executable, program), said(*OURS, "run", program)
    assert len(theirs) > 10_000
    assert theirs == ours


@needs_mpi
@pytest.mark.slow
def test_training_prints_the_same_losses():
    program = str(HERE / "digits.py")
    theirs = said(sys.executable, program)
    assert theirs.count("epoch") == 3
    assert said(*OURS, "run", program) == theirs
    for launch in (["launch", "--nproc", "2"], ["run", "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]):
        assert said(*OURS, *launch, program).replace("[0] ", "") == theirs


def test_sampler():
    from torch.utils.data.distributed import DistributedSampler as Theirs

    r = random.Random(0)
    for _ in range(200):
        n, size = r.randint(0, 30), r.randint(1, 6)
        how = {
            "num_replicas": size,
            "rank": r.randrange(size),
            "shuffle": r.random() < 0.7,
            "seed": r.randrange(2**32),
            "drop_last": r.random() < 0.5,
        }
        ours, theirs = DistributedSampler(range(n), **how), Theirs(range(n), **how)
        if n == 0:
            how["drop_last"] = False
            assert len(ours) == 0 and list(ours) == []
            continue
        for epoch in (0, 1, 7):
            ours.set_epoch(epoch)
            theirs.set_epoch(epoch)
            if len(theirs) >= 0 and not (how["drop_last"] and n < size):
                assert list(ours) == list(theirs), (n, how)
                assert len(ours) == len(theirs)


def test_a_rank_that_is_none():
    from torch.utils.data.distributed import DistributedSampler as Theirs

    said = []
    for cls in (Theirs, DistributedSampler):
        with pytest.raises(ValueError, match="Invalid rank 2") as caught:
            cls(range(3), num_replicas=2, rank=2)
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_same_names_and_parameters():
    import inspect

    import torch.distributed as theirs

    import autograd_cnn.distributed as ours

    for name in ours.__all__:
        if name in ("ProcessGroup", "Work", "Future", "Backend", "ReduceOp", "default_pg_timeout", "group", "GroupMember", "P2POp"):
            continue
        if getattr(ours, name).__module__.startswith("autograd_cnn.distributed.forecast"):  # PyTorch foretells nothing
            continue
        assert hasattr(theirs, name), name
        mine, them = getattr(ours, name), getattr(theirs, name)
        if inspect.isfunction(mine):
            assert list(inspect.signature(mine).parameters) == [n for n in inspect.signature(them).parameters if n[0] != "_"], name
    mine, them = (
        inspect.signature(c.__init__).parameters
        for c in (__import__("autograd_cnn").nn.parallel.DistributedDataParallel, torch.nn.parallel.DistributedDataParallel)
    )
    assert list(mine) == list(them)[: len(mine)]  # later ones are of devices and of how it copies
    for op in "SUM AVG PRODUCT MIN MAX BAND BOR BXOR".split():
        assert re.search(op, repr(ours.ReduceOp[op]))
