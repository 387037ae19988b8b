"""Lets MPI start without mpiexec: a process manager for one job, as MPICH asks for it (PMI-1, lines of text over a socket).

Runs by itself as `python process_manager.py PORT SIZE SECONDS` and needs the standard library only. Every rank connects to PORT and says
its rank and host; when all are there each hears `go`, and its MPI asks the rest over the same socket. A rank whose socket closes before
it finalised is gone: then all sockets are closed, by which the others learn of it. Ends with the job.

Source: the PMI-1 wire protocol as MPICH's `src/pmi` speaks it.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import sys
import time
from typing import Any, NoReturn

_LATE_COMERS = 3.0  # seconds


def gather(server: socket.socket, size: int, seconds: float) -> dict[int, tuple[socket.socket, str]]:
    """Every rank's connection and host. A connection that says no rank (a port scanner's, say) is closed."""
    end = time.monotonic() + seconds
    ranks: dict[int, tuple[socket.socket, str]] = {}
    watched = selectors.DefaultSelector()
    watched.register(server, selectors.EVENT_READ)
    while len(ranks) < size:
        server.settimeout(max(0.01, end - time.monotonic()))
        try:
            lost = [key.data for key, _ in watched.select(server.gettimeout()) if key.data is not None]
            if lost:  # before the word that all are there a rank says nothing more: its socket has closed
                refuse(server, [c for c, _ in ranks.values()], f"rank {lost[0]} ended before all had come")
            connection, _ = server.accept()
            words = said_by(connection)
            if len(words) != 4 or words[0] != "rank" or not words[1].isdigit() or not words[2].isdigit():
                connection.close()
                continue
            rank, told, host = int(words[1]), int(words[2]), words[3]
            wrong = None
            if told != size:
                wrong = f"rank {rank} was told a world of {told} processes, rank 0 one of {size}"
            elif not 0 <= rank < size:
                wrong = f"rank {rank} in a world of {size} processes"
            elif rank in ranks:
                wrong = f"two processes say that they are rank {rank}"
            if wrong:
                refuse(server, [*(c for c, _ in ranks.values()), connection], wrong)
            ranks[rank] = connection, host
            watched.register(connection, selectors.EVENT_READ, rank)
        except TimeoutError:
            if time.monotonic() < end:
                continue
            missing = sorted(set(range(size)) - set(ranks))
            refuse(server, [c for c, _ in ranks.values()], f"rank {', '.join(map(str, missing))} did not come within {seconds:g} s")
        except OSError:
            continue
    watched.close()
    return ranks


def said_by(connection: socket.socket) -> list[str]:
    """The words of a connection's first line."""
    connection.settimeout(10)
    return connection.makefile("rb", buffering=0).readline(300).decode("ascii", "replace").split()


def refuse(server: socket.socket, connections: list[socket.socket], why: str) -> NoReturn:
    """There will be no job: who is here hears why, and who comes in the next seconds, rank 0 perhaps, too."""
    end = time.monotonic() + _LATE_COMERS
    while True:
        for connection in connections:
            with contextlib.suppress(OSError), connection:
                connection.sendall(f"no {why}\n".encode())
        left = end - time.monotonic()
        if left <= 0:
            sys.exit(1)
        connections = []
        with contextlib.suppress(OSError):  # nobody came, or who did went away
            server.settimeout(left)
            connections = [server.accept()[0]]
            said_by(connections[0])


def process_mapping(hosts: list[str]) -> str:
    """Which ranks share a machine, as MPICH writes it: blocks of (first node, nodes, processes on each)."""
    names = list(dict.fromkeys(hosts))
    blocks: list[list[int]] = []
    for node in map(names.index, hosts):
        if blocks and blocks[-1][0] == node:
            blocks[-1][1] += 1
        else:
            blocks.append([node, 1])
    return "(vector," + ",".join(f"({node},1,{count})" for node, count in blocks) + ")"


def gone(rank: int, ranks: dict[int, tuple[socket.socket, str]]) -> None:
    """A rank is lost: the others are told which, and their sockets close with this process."""
    for other, (connection, _) in ranks.items():
        if other != rank:
            with contextlib.suppress(OSError):
                connection.sendall(f"cmd=gone rank={rank}\n".encode())
    sys.exit(1)


def serve(ranks: dict[int, tuple[socket.socket, str]]) -> None:
    """Answer until every rank has finalised."""
    size = len(ranks)
    job = f"autograd_cnn_{os.getpid()}_{time.time_ns()}"  # MPICH names its shared memory by it: never the same twice
    known = {"PMI_process_mapping": process_mapping([ranks[r][1] for r in range(size)])}
    select = selectors.DefaultSelector()
    for rank in range(size):
        connection = ranks[rank][0]
        connection.sendall(b"go\n")
        connection.settimeout(None)
        select.register(connection.makefile("rwb", buffering=0), selectors.EVENT_READ, rank)
    waiting: list[Any] = []
    done = 0
    while done < size:
        for key, _ in select.select():
            stream: Any = key.fileobj
            try:
                line = stream.readline().decode("ascii", "replace")
            except OSError:  # reset
                line = ""
            if not line:
                gone(key.data, ranks)
            said = dict(word.split("=", 1) for word in line.split() if "=" in word)
            command = said.get("cmd")
            answer: str | None
            if command == "init":
                answer = "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0"
            elif command == "get_maxes":
                answer = "cmd=maxes rc=0 kvsname_max=256 keylen_max=64 vallen_max=1024"
            elif command == "get_appnum":
                answer = "cmd=appnum rc=0 appnum=0"
            elif command == "get_my_kvsname":
                answer = f"cmd=my_kvsname rc=0 kvsname={job}"
            elif command == "get_universe_size":
                answer = f"cmd=universe_size rc=0 size={size}"
            elif command == "put":
                known[said["key"]] = said["value"]
                answer = "cmd=put_result rc=0 msg=success"
            elif command == "get":
                value = known.get(said["key"])
                answer = "cmd=get_result rc=-1 msg=key_not_found" if value is None else f"cmd=get_result rc=0 msg=success value={value}"
            elif command == "barrier_in":
                answer = None
                waiting.append(stream)
                if len(waiting) == size:
                    for each in waiting:
                        with contextlib.suppress(OSError):  # it is gone: the next look says so
                            each.write(b"cmd=barrier_out rc=0 msg=success\n")
                    waiting.clear()
            elif command == "finalize":
                answer = "cmd=finalize_ack rc=0"
                done += 1
                select.unregister(stream)
            elif command == "abort":
                gone(key.data, ranks)
            else:
                answer = f"cmd={command} rc=-1 msg=unknown"
            if answer is not None:
                with contextlib.suppress(OSError):
                    stream.write((answer + "\n").encode())


def main(fd: int, size: int, seconds: float) -> None:
    """Wait for the ranks on the listening socket `fd`, then serve them."""
    with socket.socket(fileno=fd) as server:
        ranks = gather(server, size, seconds)
    serve(ranks)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
