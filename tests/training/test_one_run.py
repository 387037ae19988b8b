"""Two runs in one folder: the second is refused, with the first's process named; a lock never outlives its process."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from autograd_cnn.support.atomic import lock_file
from autograd_cnn.training.folder import LOCK, claimed

from .commands import finish, start

digits = pytest.mark.skipif(not __import__("importlib.util").util.find_spec("sklearn"), reason="the digits come with scikit-learn")


def locked(path: Path, seconds: float = 60.0) -> None:
    """Wait until a process has written its number."""
    end = time.monotonic() + seconds
    while not (path.exists() and path.read_text().strip()):
        assert time.monotonic() < end
        time.sleep(0.01)


def is_refused(second: Any, out: Path, first: Any) -> None:
    said = second.communicate(timeout=60)[1]
    assert second.returncode == 2
    assert said == (
        f"autograd-cnn train: {out}: process {first.pid} is training in this folder. Choose another one (--out), or let it end; "
        f"kill -INT {first.pid} stops it after its next batch with everything saved, and --resume goes on from there.\n"
    )


@digits
@pytest.mark.slow
@pytest.mark.usefixtures("ctrl_c")
def test_the_second_is_refused_and_what_it_is_told_to_do_works(tmp_path: Path) -> None:
    out = tmp_path / "run"
    first = start("train", "--out", out, "--epochs", "50", "--batch-size", "128", "--workers", "2")
    try:
        locked(out / LOCK)
        is_refused(start("train", "--out", out, "--seed", "2"), out, first)
        end = time.monotonic() + 60
        while not (out / "checkpoint").exists():
            assert time.monotonic() < end
            time.sleep(0.01)
        time.sleep(0.3)
        first.send_signal(signal.SIGINT)  # as the message says
        finish(first, code=130)
        assert not (out / LOCK).exists()
        again = start("train", "--out", out, "--resume")
        locked(out / LOCK)
        is_refused(start("train", "--out", out, "--resume"), out, again)
        assert again.poll() is None
        again.kill()
        again.communicate()
        assert (out / LOCK).exists()
        third = start("train", "--out", out, "--resume")  # at once: the killed one's workers may still live
        assert third.stdout is not None
        assert third.stdout.readline().startswith("Resuming in")
        third.kill()
        third.communicate()
    finally:
        first.kill()
        first.communicate()


@digits
def test_two_at_once(tmp_path: Path) -> None:
    both = [start("train", "--out", tmp_path / "run", "--epochs", "2", "--batch-size", "128", "--seed", str(k)) for k in (1, 2)]
    while all(p.poll() is None for p in both):
        time.sleep(0.01)
    second, first = sorted(both, key=lambda p: p.poll() is None)
    is_refused(second, tmp_path / "run", first)
    finish(first)
    assert (tmp_path / "run" / "model.safetensors").exists()
    assert not (tmp_path / "run" / LOCK).exists()


def test_a_folder_is_claimed_by_one_at_a_time(tmp_path: Path) -> None:
    inside = most = 0
    refusals, guard = [], threading.Lock()

    def run() -> None:
        nonlocal inside, most
        for _ in range(30):
            try:
                with claimed(tmp_path / "deep" / "run"):
                    with guard:
                        inside += 1
                        most = max(most, inside)
                    time.sleep(0.001)
                    with guard:
                        inside -= 1
            except RuntimeError as error:
                refusals.append(str(error))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert most == 1
    assert refusals


def test_a_folder_in_which_nothing_was_saved_goes_again(tmp_path: Path) -> None:
    with claimed(tmp_path / "run"):
        pass
    assert not (tmp_path / "run").exists()
    with claimed(tmp_path / "run"):
        (tmp_path / "run" / "checkpoint").touch()
    with claimed(tmp_path / "run"):
        pass
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["checkpoint"]


def test_where_the_file_system_knows_no_locks_nobody_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(path: str) -> int:
        raise OSError(errno.ENOLCK, "No locks available", path)

    monkeypatch.setattr("autograd_cnn.training.folder.lock_file", none)
    with claimed(tmp_path), claimed(tmp_path):
        pass
    monkeypatch.setattr("autograd_cnn.training.folder.lock_file", lock_file)
    (tmp_path / LOCK).symlink_to(tmp_path / "foreign")
    with pytest.raises(OSError, match="symbolic"), claimed(tmp_path):
        pass


def test_a_leftover_blocks_nobody(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text("1 elsewhere\n")
    with claimed(tmp_path):
        assert (tmp_path / LOCK).read_text().split()[0] == str(os.getpid())
        with pytest.raises(RuntimeError, match=f"process {os.getpid()} is training"), claimed(tmp_path):
            pass
        assert (tmp_path / LOCK).exists()
    assert not (tmp_path / LOCK).exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:This process")  # is multi-threaded, and forks
def test_a_forked_process_does_not_hold_the_lock(tmp_path: Path) -> None:
    """Workers may outlive their killed program by a moment."""
    code = f"""
import os, sys, time
from pathlib import Path
from autograd_cnn.training.folder import claimed
with claimed(Path({str(tmp_path)!r})):
    if os.fork() == 0:
        time.sleep(60)
    time.sleep(0.2)
    print("held", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "held\n"
        with pytest.raises(RuntimeError, match=f"process {program.pid} "), claimed(tmp_path):
            pass
        program.kill()
        program.wait()
        with claimed(tmp_path):  # the fork sleeps on
            pass
        os.killpg(program.pid, signal.SIGKILL)
