"""The subcommand `autograd-cnn launch`: one program in several processes."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import IO, Any

_GRACE = 3.0  # seconds in which the others may end by themselves


def add_parser(commands: Any) -> None:
    """Add `launch` to the command line's subcommands."""
    parser = commands.add_parser(
        "launch",
        help="run a program in several processes",
        description="Run a program (written for autograd_cnn, or for torch as in `autograd-cnn run`) in several processes, which find one "
        "another by init_process_group(). Each line they print is marked with the rank. If one fails, all end.",
    )
    _arguments(parser)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--nproc", "--nproc-per-node", "--nproc_per_node", default="1", help="processes, or auto: one a processor (default: 1)"
    )
    parser.add_argument("--hosts", help="machines, as a,b:4: mpiexec starts --nproc processes there, in all")
    parser.add_argument(
        "--nnodes", type=int, default=1, help="machines on which this command is given, each with its --node-rank (default: 1)"
    )
    parser.add_argument("--node-rank", "--node_rank", type=int, default=0, help="the number of this machine (default: 0)")
    parser.add_argument("--master-addr", "--master_addr", help="the address of machine 0 (default: this one)")
    parser.add_argument("--master-port", "--master_port", type=int, help="a port there (default: a free one)")
    parser.add_argument("--standalone", action="store_true", help="this machine alone, by a free port: as without it")
    parser.add_argument("-m", "--module", dest="module", action="store_true", help="SCRIPT is the name of a module, as in python -m")
    parser.add_argument("script", metavar="SCRIPT", help="the program")
    parser.add_argument("arguments", metavar="ARGS", nargs=argparse.REMAINDER, help="its arguments")
    parser.set_defaults(run=run)


def launch(argv: list[str]) -> int:
    """What `python -m torch.distributed.run` does with these arguments; gives the exit code."""
    parser = argparse.ArgumentParser(prog="torch.distributed.run")
    _arguments(parser)
    return run(parser.parse_args(argv))


def run(args: argparse.Namespace) -> int:
    """Carry out the command; gives the exit code."""
    program = [sys.executable, "-m", "autograd_cnn", "run", *(["-m"] if args.module else []), args.script, *args.arguments]
    if not args.module and not Path(args.script).exists():
        raise FileNotFoundError(f"{args.script}: expected a Python program, there is no such file.")
    count = processes(args.nproc)
    if args.hosts:
        return subprocess.run([_mpiexec(), "-prepend-rank", "-hosts", args.hosts, "-n", str(count), *program], check=False).returncode
    if not 0 <= args.node_rank < args.nnodes:
        raise ValueError(f"--node-rank {args.node_rank}: expected 0 to {args.nnodes - 1}, with --nnodes {args.nnodes}.")
    if args.nnodes > 1 and (args.master_addr is None or args.master_port is None):
        raise ValueError("--nnodes: with several machines, expected --master-addr and --master-port, the same on each.")
    return Job(program, environments(count, args.nnodes, args.node_rank, args.master_addr, args.master_port)).run()


def environments(count: int, nodes: int = 1, node: int = 0, address: str | None = None, port: int | None = None) -> list[dict[str, str]]:
    """What each of the `count` processes on this machine is told, as torchrun tells it."""
    port = port or _free_port()
    return [
        {
            **os.environ,
            "RANK": str(node * count + local),
            "WORLD_SIZE": str(nodes * count),
            "LOCAL_RANK": str(local),
            "LOCAL_WORLD_SIZE": str(count),
            "GROUP_RANK": str(node),
            "MASTER_ADDR": address or "127.0.0.1",
            "MASTER_PORT": str(port),
            "PYTHONUNBUFFERED": "1",
        }
        for local in range(count)
    ]


def processes(text: str) -> int:
    """How many, of what --nproc says.

    Raises:
        ValueError: that is no number of processes.
    """
    count = os.cpu_count() if text in ("auto", "cpu") else int(text) if text.isdigit() else None
    if not count:
        raise ValueError(f"--nproc {text}: expected a number of processes, at least 1, or auto.")
    return count


def _free_port() -> int:
    with socket.create_server(("", 0)) as free:
        return int(free.getsockname()[1])


def _mpiexec() -> str:
    found = shutil.which("mpiexec", path=os.path.dirname(sys.executable)) or shutil.which("mpiexec")
    if found is None:
        raise FileNotFoundError('--hosts: mpiexec is not installed. Install it with: pip install "autograd-cnn[distributed]".')
    return found


class Job:
    """Processes of one program, their output, and their end.

    `marked`: each line has its rank, and Ctrl-C ends all within seconds. Otherwise they write where this process writes, and end when they
    are done with what Ctrl-C makes them do.
    """

    def __init__(self, program: list[str], environments: list[dict[str, str]], marked: bool = True) -> None:
        self.program, self.environments, self.marked = program, environments, marked
        self.ranks = [e["RANK"] for e in environments]
        self.processes: list[subprocess.Popen[str]] = []
        self.last: list[deque[str]] = [deque(maxlen=60) for _ in environments]  # of stderr
        self.readers: list[threading.Thread] = []
        self.printing = threading.Lock()

    def run(self) -> int:
        """Start all, wait; 0, or the exit code of the rank that failed first."""
        handlers: dict[signal.Signals, Any] = {signal.SIGTERM: lambda *_: sys.exit(143)}
        if not self.marked:
            handlers[signal.SIGINT] = lambda *_: self._tell(signal.SIGINT)
        main = threading.current_thread() is threading.main_thread()
        before = {each: signal.signal(each, handler) for each, handler in handlers.items()} if main else {}
        try:
            self._start()
            failed = self._wait()
        except KeyboardInterrupt:
            self._end(signal.SIGINT)
            print("\nStopped.", file=sys.stderr)
            return 130
        finally:
            self._end(signal.SIGTERM)
            for reader in self.readers:
                reader.join(1.0)
            for each, handler in before.items():
                signal.signal(each, handler)
        if failed is None:
            return 0
        code = self.processes[failed].returncode
        if not self.marked and code in (2, 130):  # it has said why
            return int(code)
        return self._report(failed)

    def _start(self) -> None:
        if not self.marked:  # in a session of their own: Ctrl-C at the terminal reaches them through this process, once
            self.processes = [subprocess.Popen(self.program, env=e, text=True, start_new_session=True) for e in self.environments]
            return
        for i, environment in enumerate(self.environments):
            process = subprocess.Popen(
                self.program, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", bufsize=1
            )
            self.processes.append(process)
            for stream, out in ((process.stdout, sys.stdout), (process.stderr, sys.stderr)):
                reader = threading.Thread(target=self._read, args=(i, stream, out), daemon=True)
                reader.start()
                self.readers.append(reader)

    def _read(self, i: int, stream: IO[str], out: IO[str]) -> None:
        for line in stream:
            if out is sys.stderr:
                self.last[i].append(line)
            with self.printing, contextlib.suppress(BrokenPipeError):
                print(f"[{self.ranks[i]}] {line.rstrip()}", file=out, flush=True)

    def _wait(self) -> int | None:
        """The place of the process that failed first; None when all have ended well."""
        from ..distributed.ends import FOLLOWS

        while True:
            codes = [p.poll() for p in self.processes]
            if any(codes):
                break
            if all(code == 0 for code in codes):
                return None
            time.sleep(0.02)
        first_seen: int | None = None
        end = time.monotonic() + _GRACE
        while time.monotonic() < end and first_seen is None and None in (codes := [p.poll() for p in self.processes]):
            first_seen = next((i for i, code in enumerate(codes) if code not in (None, 0, FOLLOWS)), None)
            time.sleep(0.02)
        causes = [i for i, p in enumerate(self.processes) if p.poll() not in (None, 0, FOLLOWS)]
        return first_seen if first_seen is not None else causes[0] if causes else next(i for i, p in enumerate(self.processes) if p.poll())

    def _tell(self, sign: signal.Signals) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(sign)

    def _end(self, sign: signal.Signals) -> None:
        self._tell(sign)
        end = time.monotonic() + _GRACE
        for process in self.processes:
            try:
                process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _report(self, i: int) -> int:
        code = self.processes[i].returncode
        how = f"was ended by signal {signal.Signals(-code).name}" if code < 0 else f"failed with exit code {code}"
        print(f"\nautograd-cnn launch: rank {self.ranks[i]} {how}; the others were ended.", file=sys.stderr)
        said = "".join(self.last[i])
        at = said.rfind("Traceback (most recent call last)")
        if at >= 0:
            print(said[at:].rstrip(), file=sys.stderr)
        return 128 - code if code < 0 else code
