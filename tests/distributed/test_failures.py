"""A rank that raises, dies, hangs, or never comes: all end within seconds, with the right words."""

from __future__ import annotations

import socket

import pytest

import autograd_cnn as ac
from autograd_cnn import distributed as dist
from autograd_cnn.distributed import process_manager

from .ranks import command, environment, free_port, needs_mpi, run_commands, run_ranks

pytestmark = [needs_mpi]
SOON = 25  # seconds, on a machine under load; nothing here waits that long by itself


@pytest.mark.parametrize("size", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_one_raises(size):
    ended = run_ranks("failures.raises", size, seconds=SOON, fails=True)
    assert [e.code for e in ended] == [70, 1, 70][:size]
    assert "ValueError: the data are bad" in ended[1].err
    assert "rank 0: rank 1 is gone, so this one ends, too" in ended[0].err


@pytest.mark.slow
@pytest.mark.parametrize("while_", ["collective", "receive", "computing", "leaving"])
@pytest.mark.parametrize("size", [2, 3])
def test_one_is_killed(size, while_):
    ended = run_ranks("failures.killed", size, while_, seconds=SOON, fails=True)
    assert ended[1].code == -9
    assert all(e.code != 0 for e in ended)
    if while_ != "leaving":
        assert "rank 1 is gone" in ended[0].err


@pytest.mark.slow
@pytest.mark.parametrize("code", [0, 3])
def test_one_leaves_while_others_wait(code):
    ended = run_ranks("failures.leaves_early", 2, code, seconds=SOON, fails=True)
    assert ended[0].code == 1 and "rank 1 has come to the end of its program" in ended[0].err
    assert ended[1].code == 70 and "rank 0 is gone" in ended[1].err


@pytest.mark.slow
@pytest.mark.parametrize("how", ["collective", "monitored", "asynchronous", "new_group", "late"])
@pytest.mark.parametrize("size", [2, 3])
def test_one_hangs(size, how):
    ended = run_ranks("failures.hangs", size, how, seconds=SOON, fails=True)
    waited = [end for rank, end in enumerate(ended) if rank != 1]
    first = [end for end in waited if end.out.strip()]
    assert first
    for end in first:
        assert "waited 1 s for the others in operation 2 of default_pg: rank 1 is not there" in end.said
        assert "is of no use any more" in end.said
        assert end.code == 1
    for end in waited:  # who waits a moment longer hears that the first is gone
        assert end in first or (end.code == 70 and "is gone" in end.err)


@pytest.mark.slow
def test_one_never_comes():
    method = f"tcp://127.0.0.1:{free_port()}"
    commands = [(command("failures.meets", method, r, 3, 2.0), environment()) for r in (0, 2)]
    for end in run_commands(commands, SOON):
        assert end.code == 1
        assert "rank 1 did not come within 2 s" in end.err


@pytest.mark.slow
def test_rank_0_never_comes():
    method = f"tcp://127.0.0.1:{free_port()}"
    (end,) = run_commands([(command("failures.meets", method, 1, 2, 1.0), environment())], SOON)
    assert "DistNetworkError" in end.err and "Is rank 0 running there" in end.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("told", "words"),
    [([(0, 2), (1, 3)], "was told a world of 3 processes"), ([(0, 3), (1, 3), (1, 3)], "two processes say that they are rank 1")],
)
def test_told_differently(told, words):
    method = f"tcp://127.0.0.1:{free_port()}"
    for end in run_commands([(command("failures.meets", method, r, n, 20.0), environment()) for r, n in told], SOON):
        assert end.code == 1 and words in end.err, end.err


@pytest.mark.slow
@pytest.mark.parametrize("way", ["tcp", "file", "query"])
def test_ways_to_meet(way, tmp_path):
    method = {
        "tcp": f"tcp://127.0.0.1:{free_port()}",
        "file": f"file://{tmp_path}/here",
        "query": f"tcp://127.0.0.1:{free_port()}?world_size=2",
    }[way]
    size = -1 if way == "query" else 2
    for end in run_commands([(command("failures.meets", method, r, size, 20.0), environment()) for r in range(2)], SOON):
        assert end.code == 0, end.err
        assert end.said == 2


@pytest.mark.slow
def test_a_port_that_is_taken():
    import socket

    with socket.create_server(("", 0)) as server:
        method = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        (end,) = run_commands([(command("failures.meets", method, 0, 2, 5.0), environment())], SOON)
    assert "DistNetworkError" in end.err and "choose another MASTER_PORT" in end.err


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({}, "environment variable RANK expected, but not set"),
        ({"rank": 0}, "environment variable WORLD_SIZE expected"),
        ({"rank": 0, "world_size": 1}, "environment variable MASTER_ADDR expected"),
        ({"rank": 2, "world_size": 2}, "rank 2 in a world of 2"),
        ({"init_method": "http://x", "rank": 0, "world_size": 1}, "expected env://, tcp://HOST:PORT or file:///PATH"),
        ({"init_method": "tcp://x", "rank": 0, "world_size": 1}, "expected tcp://HOST:PORT"),
        ({"init_method": "tcp://x:1"}, "rank= is not given"),
        ({"backend": "smoke"}, "no backend is called 'smoke'"),
        ({"store": 3}, "store= is not taken"),
    ],
)
def test_wrong_ways(how, words, monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        dist.init_process_group(**how)


def test_a_port_that_is_none(monkeypatch):
    monkeypatch.setenv("MASTER_ADDR", "localhost")
    monkeypatch.setenv("MASTER_PORT", "http")
    with pytest.raises(ValueError, match="MASTER_PORT is 'http'; expected a port"):
        dist.init_process_group(rank=0, world_size=1)


def test_a_time_out_of_another_type():
    with pytest.raises(TypeError, match=r"datetime\.timedelta, got int"):
        dist.init_process_group(timeout=3)


def test_nothing_installed(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PMI_RANK", "0")
    assert not dist.is_available()
    with pytest.raises(dist.DistError, match=r'pip install "autograd-cnn\[distributed\]"'):
        ac.distributed.init_process_group()


def test_who_ends_before_all_have_come_ends_the_waiting(monkeypatch):
    """Nobody serves on for half an hour what cannot come about."""
    monkeypatch.setattr(process_manager, "_LATE_COMERS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        at = server.getsockname()
        with socket.create_connection(at) as stays:
            stays.sendall(b"rank 1 3 here\n")
            with socket.create_connection(at) as ends:
                ends.sendall(b"rank 0 3 here\n")
            with pytest.raises(SystemExit):
                process_manager.gather(server, 3, 60.0)
            assert stays.recv(100) == b"no rank 0 ended before all had come\n"
