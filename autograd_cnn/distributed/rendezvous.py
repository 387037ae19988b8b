"""How processes that no MPI launcher started find one another: an address, from the environment, an URL or a file that all see."""

from __future__ import annotations

import atexit
import os
import select
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

from . import process_manager
from .ends import FOLLOWS
from .errors import DistError, DistNetworkError, DistStoreError
from .mpi import load

_managers: list[subprocess.Popen[bytes]] = []
_ending = threading.Event()  # this process is on its way out
atexit.register(_ending.set)


def meeting(init_method: str | None, rank: int, world_size: int, seconds: float) -> tuple[int, int, str, int]:
    """Rank, number of processes and the address of rank 0, as torch.distributed reads them.

    Raises:
        ValueError: something is not said, or the way is none that is known.
        DistStoreError: rank 0 did not write its address in time (`file://`).
    """
    url = urlparse(init_method or "env://")
    asked = {k: v[0] for k, v in parse_qs(url.query).items()}
    rank = _number("rank", "RANK", rank, asked.get("rank"), url.scheme)
    world_size = _number("world_size", "WORLD_SIZE", world_size, asked.get("world_size"), url.scheme)
    if not 0 <= rank < world_size:
        raise ValueError(f"init_process_group: rank {rank} in a world of {world_size} processes; expected 0 <= rank < world_size.")
    if url.scheme == "env":
        return rank, world_size, _of_environment("MASTER_ADDR"), _port(_of_environment("MASTER_PORT"))
    if url.scheme == "tcp":
        if url.hostname is None or url.port is None:
            raise ValueError(f"init_process_group: {init_method!r} names no address; expected tcp://HOST:PORT.")
        return rank, world_size, url.hostname, url.port
    if url.scheme == "file":
        path = Path(url.netloc + url.path)
        return rank, world_size, *_through_file(path, rank, seconds)
    raise ValueError(f"init_process_group: no way to meet is called {init_method!r}; expected env://, tcp://HOST:PORT or file:///PATH.")


def _number(name: str, variable: str, given: int, asked: str | None, scheme: str) -> int:
    if given >= 0:
        return given
    text = asked if asked is not None else os.environ.get(variable) if scheme == "env" else None
    if text is None:
        if scheme == "env":
            _of_environment(variable)
        raise ValueError(f"init_process_group: {name}= is not given; with {scheme}:// every process says its own.")
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"init_process_group: {variable} is {text!r}; expected a whole number.") from None


def _of_environment(variable: str) -> str:
    value = os.environ.get(variable)
    if value is None:
        raise ValueError(
            f"Error initializing torch.distributed using env:// rendezvous: environment variable {variable} expected, but not set. "
            "Start the program by `autograd-cnn launch --nproc N script.py`, by mpiexec, or set RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT."
        )
    return value


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise ValueError(f"init_process_group: MASTER_PORT is {text!r}; expected a port, 1 to 65535.")
    return int(text)


def _through_file(path: Path, rank: int, seconds: float) -> tuple[str, int]:
    if rank == 0:
        with socket.create_server(("", 0)) as free:
            port = free.getsockname()[1]
        mine = f"{socket.gethostname() if _resolves(socket.gethostname()) else '127.0.0.1'} {port}\n"
        new = path.with_name(f"{path.name}.{os.getpid()}")
        new.write_text(mine)
        os.replace(new, path)
    end = time.monotonic() + seconds
    while True:
        words = path.read_text().split() if path.exists() else []
        if len(words) == 2:
            return words[0], int(words[1])
        if time.monotonic() > end:
            raise DistStoreError(f"init_process_group: rank 0 did not write its address to {path} within {seconds:g} s.")
        time.sleep(0.02)


def _resolves(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        return False
    return True


def join(rank: int, size: int, host: str, port: int, seconds: float) -> Any:
    """MPI of a job whose ranks meet at `host:port`, where rank 0 serves as process manager.

    Raises:
        DistNetworkError: the port is taken, or nobody answers there in time.
        DistStoreError: a rank did not come in time, or two say they are the same.
    """
    if rank == 0:
        _serve(size, port, seconds)
    connection = _connect(host, port, seconds)
    connection.settimeout(seconds + 10)
    connection.sendall(f"rank {rank} {size} {os.environ.get('AUTOGRAD_CNN_HOST') or socket.gethostname()}\n".encode())
    try:
        heard = _line(connection)
    except TimeoutError:
        heard = ""
    if heard != "go":
        raise DistStoreError(f"init_process_group: {heard.removeprefix('no ') or f'rank 0 at {host}:{port} went away'}.")
    connection.settimeout(None)
    fd = connection.detach()  # MPI closes it, after Python's own objects are gone
    os.environ.update(PMI_FD=str(fd), PMI_RANK=str(rank), PMI_SIZE=str(size))
    try:
        mpi = load()
    finally:
        for name in ("PMI_FD", "PMI_RANK", "PMI_SIZE"):  # programs that this one starts are no ranks
            os.environ.pop(name, None)
    if mpi.COMM_WORLD.size != size:
        raise DistError(
            f"init_process_group: {mpi.Get_library_version().split(chr(10))[0].strip()} did not take the process manager of env://. "
            'Start the program by its own mpiexec, or install the MPI that does: pip install "autograd-cnn[distributed]".'
        )
    threading.Thread(target=_watch, args=(mpi, fd, rank), daemon=True, name="watches the other ranks").start()
    return mpi


def _line(connection: socket.socket) -> str:
    said = b""
    while not said.endswith(b"\n"):
        part = connection.recv(1)
        if not part:
            break
        said += part
    return said.decode().strip()


def _serve(size: int, port: int, seconds: float) -> None:
    try:
        server = socket.create_server(("", port))
    except OSError as e:
        raise DistNetworkError(
            f"init_process_group: port {port} on this machine cannot be served ({e.strerror}). Another job may have it; choose another MASTER_PORT."
        ) from e
    with server:
        os.set_inheritable(server.fileno(), True)
        process = subprocess.Popen(
            [sys.executable, "-I", process_manager.__file__, str(server.fileno()), str(size), str(seconds)],
            pass_fds=[server.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C ends the ranks, and their end ends it
        )
        _managers.append(process)  # it outlives this call


def _connect(host: str, port: int, seconds: float) -> socket.socket:
    end = time.monotonic() + seconds
    while True:
        try:
            return socket.create_connection((host, port), timeout=max(1.0, min(seconds, 30.0)))
        except OSError as e:
            if time.monotonic() > end:
                raise DistNetworkError(
                    f"init_process_group: no answer at {host}:{port} within {seconds:g} s ({e.strerror or e}). "
                    "Is rank 0 running there, with the same MASTER_ADDR and MASTER_PORT?"
                ) from e
            time.sleep(0.02)


def _watch(mpi: Any, fd: int, rank: int) -> None:
    """A rank that dies closes its socket, the manager then everybody's: nobody waits for the dead."""
    poll = select.poll()
    poll.register(fd, select.POLLRDHUP | select.POLLHUP)
    poll.poll()
    if _ending.is_set():  # the manager ends when all have finalised; who is still at it is given time
        time.sleep(5)
    if not mpi.Is_finalized():
        said = dict(word.split("=", 1) for word in _left(fd).split() if "=" in word)
        who = f"rank {said['rank']}" if "rank" in said else "another rank"
        os.write(2, f"rank {rank}: {who} is gone, so this one ends, too\n".encode())
        os._exit(FOLLOWS)


def _left(fd: int) -> str:
    """What was written into the socket before it closed."""
    try:
        return os.read(fd, 1000).decode("ascii", "replace")
    except OSError:
        return ""
