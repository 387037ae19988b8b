"""A process of its own for each try: a fork that ends with all it started, within its time, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MEMORY = 6 << 30
FILE = 16 << 30


class Child:
    """Runs `work(folder)` in a fork; its result (JSON) comes back, or None where it died or took longer than `seconds`."""

    def __init__(self, work: Callable[[Path], Any], seconds: float) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="mutant-"))
        self.deadline = time.monotonic() + seconds
        self.late = False
        self.output = ""  # the end of what it printed
        self.reading, writing = os.pipe()
        self._told = b""
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.reading)
            self._work(work, writing)
        os.close(writing)

    def _work(self, work: Callable[[Path], Any], writing: int) -> None:
        try:
            os.setsid()
            if sys.platform == "linux":
                ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: it ends with its parent
            signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits that it is ignored
            nothing = os.open(os.devnull, os.O_RDONLY)
            output = os.open(self.home / "output", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            for old, new in ((nothing, 0), (output, 1), (output, 2)):
                os.dup2(old, new)
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_FSIZE, (FILE, FILE))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            temporary = self.home / "tmp"
            temporary.mkdir()
            os.environ["TMPDIR"] = str(temporary)
            tempfile.tempdir = None
            told = json.dumps(work(self.home)).encode()
            while told:
                told = told[os.write(writing, told) :]
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)

    def poll(self, wait: float = 0.0) -> bool:
        """Is it over? Takes what it says."""
        while select.select([self.reading], [], [], wait)[0]:
            part = os.read(self.reading, 1 << 20)
            if not part:
                return True
            self._told += part
        self.late = time.monotonic() > self.deadline
        return self.late

    def result(self) -> Any:
        """What it said, when it is over."""
        while not self.poll(1.0):
            pass
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # it leads its own group: with it goes what it started
        os.waitpid(self.pid, 0)
        os.close(self.reading)
        with contextlib.suppress(OSError):
            self.output = (self.home / "output").read_text(encoding="utf-8", errors="replace")[-4000:]
        shutil.rmtree(self.home, ignore_errors=True)
        try:
            return json.loads(self._told)
        except ValueError:
            return None


def run_pytest(files: list[str], plugin: object, *options: str) -> int:
    """Its exit code. Hypothesis draws the same in every process, and nothing is kept of the run."""
    os.environ["CI"] = "1"
    quiet = [
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-W",
        "ignore::pytest.PytestAssertRewriteWarning",
    ]  # plugins are there already
    return int(pytest.main([*quiet, *options, *files], plugins=[plugin]))
