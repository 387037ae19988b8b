"""Programs that start processes by `torch.multiprocessing`, and train one network in all of them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.distributed.ranks import ROOT, environment

HOGWILD = """
import torch
import torch.multiprocessing as mp
from torch import nn, optim

def train(rank, model, queue):
    torch.manual_seed(rank)
    opt = optim.SGD(model.parameters(), lr=0.05)
    for _ in range(200):
        opt.zero_grad()
        ((model(torch.ones(1, 2)) - 3) ** 2).sum().backward()
        opt.step()
    queue.put(torch.full((2,), float(rank)))
    queue.join()

if __name__ == "__main__":
    context = mp.get_context("START")
    queue = context.JoinableQueue()
    model = nn.Linear(2, 1)
    model.share_memory()
    workers = [context.Process(target=train, args=(i, model, queue)) for i in range(2)]
    for w in workers:
        w.start()
    found = sorted(queue.get().sum().item() for _ in workers)
    for _ in workers:
        queue.task_done()
    for w in workers:
        w.join()
    print(found, [w.exitcode for w in workers], f"{model(torch.ones(1, 2)).item():.3f}")
"""


@pytest.mark.slow
@pytest.mark.parametrize("start", ["spawn", "fork", "forkserver"])
def test_all_train_one_network(start: str, tmp_path) -> None:
    program = tmp_path / "hogwild.py"
    program.write_text(HOGWILD.replace("START", start))
    done = subprocess.run(
        [sys.executable, "-m", "autograd_cnn", "run", str(program)],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(),
        cwd=ROOT,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("[0.0, 2.0] [0, 0] 3.000\n", 0), done.stderr


def test_the_way_processes_are_prepared_is_put_back() -> None:
    from multiprocessing import spawn

    from autograd_cnn.compat.finder import standing

    before = spawn.get_preparation_data
    with standing():
        assert spawn.get_preparation_data is not before
        assert str(spawn.get_preparation_data("name")["name"]) == "name"
    assert spawn.get_preparation_data is before
