"""`autograd-cnn launch`: one program in several processes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from autograd_cnn.cli.main import main
from tests.distributed.ranks import ROOT, environment, needs_mpi

LAUNCH = [sys.executable, "-m", "autograd_cnn", "launch"]


def launch(*argv, cwd=None, seconds=60):
    return subprocess.run([*LAUNCH, *argv], capture_output=True, text=True, timeout=seconds, env=environment(), cwd=cwd or ROOT)


def write(tmp_path, text):
    path = tmp_path / "program.py"
    path.write_text(text)
    return str(path)


TELL = "import os, sys\nprint(*[os.environ[n] for n in ('RANK', 'LOCAL_RANK', 'WORLD_SIZE', 'LOCAL_WORLD_SIZE', 'MASTER_ADDR')], *sys.argv[1:])"


def test_each_line_has_its_rank(tmp_path):
    done = launch("--nproc", "2", write(tmp_path, TELL), "--lr", "3")
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == ["[0] 0 0 2 2 127.0.0.1 --lr 3", "[1] 1 1 2 2 127.0.0.1 --lr 3"]


@pytest.mark.slow
def test_arguments_of_torchrun(tmp_path):
    program = write(tmp_path, TELL)
    for argv in (
        ["--nproc_per_node=2", "--nnodes=2", "--node_rank=1", "--master_addr=10.0.0.1", "--master_port=1234"],
        ["--nproc-per-node", "2", "--nnodes", "2", "--node-rank", "1", "--master-addr", "10.0.0.1", "--master-port", "1234"],
    ):
        assert sorted(launch(*argv, program).stdout.splitlines()) == ["[2] 2 0 4 2 10.0.0.1", "[3] 3 1 4 2 10.0.0.1"]
    assert launch("--nproc", "1", "-m", "program", cwd=tmp_path).stdout == "[0] 0 0 1 1 127.0.0.1\n"


@needs_mpi
@pytest.mark.slow
@pytest.mark.parametrize(
    ("end", "code", "words"),
    [
        ("raise ValueError('bad data')", 1, "rank 1 failed with exit code 1"),
        ("sys.exit(7)", 7, "rank 1 failed with exit code 7"),
        ("os.kill(os.getpid(), 9)", 137, "rank 1 was ended by signal SIGKILL"),
    ],
)
@pytest.mark.parametrize("then", ["dist.barrier()", "time.sleep(60)"])
def test_one_failing_rank_ends_all(tmp_path, end, code, words, then):
    program = write(
        tmp_path,
        "import os, sys, time, torch.distributed as dist\ndist.init_process_group('gloo')\ndist.barrier()\n"
        f"if dist.get_rank() == 1:\n    {end}\n{then}\n",
    )
    done = launch("--nproc", "3", program)
    assert done.returncode == code
    assert words in done.stderr
    if "raise" in end:
        assert done.stderr.rstrip().endswith("ValueError: bad data")
        assert "line 5" in done.stderr.partition(words)[2]


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_all(tmp_path, ctrl_c, sign):
    program = write(tmp_path, "import os, time\nprint('here', os.getpid(), flush=True)\ntime.sleep(60)\n")
    running = subprocess.Popen(
        [*LAUNCH, "--nproc", "2", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(), cwd=ROOT
    )
    pids = [int(running.stdout.readline().split()[-1]) for _ in range(2)]
    begun = time.monotonic()
    running.send_signal(sign)
    running.communicate(timeout=30)
    assert time.monotonic() - begun < 15
    assert running.returncode == (130 if sign == signal.SIGINT else 143)
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            __import__("os").kill(pid, 0)


@needs_mpi
@pytest.mark.slow
def test_by_mpiexec(tmp_path):
    program = write(
        tmp_path,
        "import os, torch.distributed as dist\ndist.init_process_group()\nprint(os.environ['RANK'], os.environ['LOCAL_RANK'], dist.get_world_size())",
    )
    done = launch("--nproc", "2", "--hosts", "localhost", program)
    assert done.returncode == 0, done.stderr
    assert sorted(line.split("] ")[-1] for line in done.stdout.splitlines()) == ["0 0 2", "1 1 2"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--nproc", "0", "x.py"], "expected a Python program"),
        (["--nproc", "0", __file__], "--nproc 0: expected a number of processes"),
        (["--nproc", "two", __file__], "--nproc two: expected"),
        (["--nnodes", "2", "--node-rank", "2", __file__], "--node-rank 2: expected 0 to 1"),
        (["--nnodes", "2", __file__], "expected --master-addr and --master-port"),
    ],
)
def test_wrong_arguments(argv, words, capsys):
    assert main(["launch", *argv]) == 2
    assert words in capsys.readouterr().err
