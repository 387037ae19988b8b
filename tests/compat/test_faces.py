"""Names of PyTorch that exist only under `run`: results written into a given tensor, storages, pickles, sparse tensors, older layers."""

from __future__ import annotations

import pickle

import pytest

from autograd_cnn.compat.finder import standing
from autograd_cnn.compat.shim_module import MISSED


@pytest.fixture
def torch():
    with standing():
        import torch

        yield torch
    MISSED.clear()


def test_out_is_written_and_returned(torch):
    z = torch.zeros(3)
    assert torch.mul(torch.ones(3), 2, out=z) is z
    assert z.tolist() == [2, 2, 2]
    values, indices = torch.empty(0), torch.LongTensor()
    found = torch.max(torch.eye(2), 1, out=(values, indices))
    assert values.tolist() == [1, 1]
    assert indices.tolist() == [0, 1]
    assert found.values is values
    assert torch.eye(2, out=torch.empty(1)).tolist() == [[1, 0], [0, 1]]
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        torch.mul(torch.ones(3, requires_grad=True), 2, out=z)
    assert z.tolist() == [2, 2, 2]


def test_a_function_of_torch_can_be_pickled(torch):
    assert pickle.loads(pickle.dumps(torch.relu)) is torch.relu


def test_a_storage(torch):
    s = torch.FloatStorage([1, 2, 3])
    s[0] = 5
    assert (len(s), s[0], s[1:].tolist(), list(s), s.nbytes(), s.size()) == (3, 5.0, [2.0, 3.0], [5.0, 2.0, 3.0], 12, 3)
    assert torch.LongStorage.from_buffer(b"\0" * 7 + b"\1", "big").tolist() == [1]
    assert torch.ByteStorage(2).tolist() == [0, 0]


def test_tensors_come_back_from_a_plain_pickle(torch):
    # What Python's pickle makes of {"view": torch.arange(6.).reshape(2, 3)[:, 1:]} under PyTorch 2.13.
    from torch._utils import _rebuild_parameter, _rebuild_tensor, _rebuild_tensor_v2

    storage = torch.FloatStorage([0, 1, 2, 3, 4, 5])
    assert _rebuild_tensor(storage, 1, (2, 2), (3, 1)).tolist() == [[1, 2], [4, 5]]
    x = _rebuild_tensor_v2(storage, 0, (2,), (2,), True, {})
    assert x.requires_grad
    assert x.tolist() == [0, 2]
    assert isinstance(_rebuild_parameter(x.detach(), True, {}), torch.nn.Parameter)
    with pytest.raises(ValueError, match="inside its storage of 6"):
        _rebuild_tensor(storage, 5, (2,), (1,))
    with pytest.raises(ValueError, match="inside its storage"):
        _rebuild_tensor(storage, 0, (2,), (-1,))


SAVED = bytes.fromhex(  # torch.storage._load_from_bytes's argument in the pickle of torch.arange(3.)
    "80028a0a6cfc9c46f9206aa850192e8002"
    "4de9032e80027d710028581000000070726f746f636f6c5f76657273696f6e71014de903580d0000006c6974746c655f656e"
    "6469616e710288580a000000747970655f73697a657371037d71042858050000007368"
    "6f727471054b025803000000696e7471064b0458040000006c6f6e6771074b0475752e"
    "80022858070000007374 6f726167657100 63746f7263680a466c6f617453746f726167650a7101 580100000039 7102 5803000000637075 7103 4b03 4e 74 7104 51 2e"
    "80025d7100580100000039710161 2e 0300000000000000 00000000 0000803f 00000040".replace(" ", "")
)


def test_a_storage_comes_back_from_its_bytes(torch):
    from torch.storage import _load_from_bytes

    assert _load_from_bytes(SAVED).tolist() == [0, 1, 2]
    with pytest.raises(pickle.UnpicklingError, match="damaged"):
        _load_from_bytes(SAVED.replace((3).to_bytes(8, "little"), (4).to_bytes(8, "little")))
    with pytest.raises(pickle.UnpicklingError, match="expected the name of one, got builtins"):
        _load_from_bytes(pickle.dumps(print))


def test_sparse_tensors_are_dense(torch):
    at, values = torch.tensor([[0, 1, 1], [2, 0, 0]]), torch.tensor([3.0, 4.0, 5.0], requires_grad=True)
    x = torch.sparse_coo_tensor(at, values, (2, 3))
    assert x.tolist() == [[0, 0, 3], [9, 0, 0]]
    torch.spmm(x, torch.ones(3, 1)).sum().backward()
    assert values.grad.tolist() == [1, 1, 1]
    assert torch.sparse.FloatTensor(at, values.detach(), torch.Size([2, 3])).to_dense().tolist() == x.tolist()
    with pytest.raises(IndexError, match=r"inside a tensor of shape \[1, 3\]"):
        torch.sparse_coo_tensor(at, values, (1, 3))


def test_older_layers(torch):
    nn = torch.nn
    assert nn.NLLLoss2d is nn.NLLLoss
    net = nn.SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)))
    assert type(net[1]).__name__ == "SyncBatchNorm"
    assert net.eval()(torch.ones(1, 1, 3, 3)).shape == (1, 2, 1, 1)
    assert net.train()(torch.ones(2, 1, 3, 3)).abs().max() < 1e-3  # alone it is BatchNorm


def test_names_without_a_use_here(torch):
    assert repr(torch.bfloat16) == "torch.bfloat16"
    with pytest.raises(TypeError, match=r"must be a dtype such as .* not torch\.bfloat16"):
        torch.zeros(1, dtype=torch.bfloat16)
    assert issubclass(torch.cuda.OutOfMemoryError, RuntimeError)
    assert torch.can_cast(torch.int, torch.float)
    assert not torch.can_cast(torch.float, torch.int)
    assert torch.range(1, 3).tolist() == [1, 2, 3]


def test_a_whole_network_is_loaded_where_the_program_trusts_the_file(torch, tmp_path):
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU()).eval()
    torch.save(net, tmp_path / "net.pt")
    x = torch.randn(1, 1, 4, 4)
    assert torch.equal(torch.load(tmp_path / "net.pt", weights_only=False)(x), net(x))
    with (tmp_path / "net.pt").open("rb") as file:
        assert torch.equal(torch.load(file, weights_only=False)(x), net(x))
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        torch.load(tmp_path / "net.pt")


class Evil:
    def __reduce__(self):
        return exec, ("raise SystemExit('executed')",)


def test_trusting_a_file_runs_nothing_in_it(torch, tmp_path):
    (tmp_path / "evil.pt").write_bytes(pickle.dumps(Evil()))
    with pytest.raises((pickle.UnpicklingError, RuntimeError)):
        torch.load(tmp_path / "evil.pt", weights_only=False)


SPAWNING = """
import sys, time
import torch
import torch.multiprocessing as mp

def work(i, what):
    if what == "well":
        print("worker", i, torch.ones(1).item(), flush=True)
    elif i == 1:
        if what == "raises":
            raise ValueError("bad data")
        sys.exit(5)
    else:
        time.sleep(60)

if __name__ == "__main__":
    try:
        mp.spawn(work, args=(sys.argv[1],), nprocs=2)
    except mp.ProcessRaisedException as e:
        print("raised", e.error_index, str(e).strip().splitlines()[0], str(e).strip().splitlines()[-1])
    except mp.ProcessExitedException as e:
        print("exited", e.error_index, e.exit_code)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("well", ["worker 0 1.0", "worker 1 1.0"]),
        ("raises", ["raised 1 -- Process 1 terminated with the following error: ValueError: bad data"]),
        ("exits", ["exited 1 5"]),
    ],
)
def test_spawned_processes_stand_too(what, said, tmp_path):
    import subprocess
    import sys

    program = tmp_path / "spawning.py"
    program.write_text(SPAWNING)
    done = subprocess.run([sys.executable, "-m", "autograd_cnn", "run", str(program), what], capture_output=True, text=True, timeout=50)
    assert sorted(done.stdout.splitlines()) == said, done.stderr
