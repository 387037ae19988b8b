"""Links of a rate that is wanted, between ranks on this machine: each rank in a network namespace of its own, which hangs at a switch by a
cable that token buckets slow down in both directions. Needs Linux, `ip`, `tc`, and the right to make namespaces."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

CABLE = "cable"  # what it is called at each node
OVER_CABLES = {"UCX_TLS": "tcp,self", "UCX_NET_DEVICES": CABLE}  # MPICH finds ways around them else
_TOOLS = ("ip", "tc", "unshare", "nsenter")


class NoLinks(Exception):
    """The machine does not let us."""


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoLinks(f"{' '.join(command)}: {done.stderr.strip()}")


@contextmanager
def links(nodes: int, bits: float) -> Iterator[list[list[str]]]:
    """For each node the beginning of a command that runs there; node k has the address 10.9.0.{k + 1}. All is gone afterwards."""
    if missing := [tool for tool in _TOOLS if shutil.which(tool) is None]:
        raise NoLinks(f"not installed: {', '.join(missing)}")
    sleepers: list[subprocess.Popen[bytes]] = []

    def namespace(*inside: str) -> list[str]:
        """A new one, which lives as long as a process in it; how to run something there."""
        process = subprocess.Popen([*inside, "unshare", "--net", "--mount", "sleep", "600"], stderr=subprocess.DEVNULL)
        sleepers.append(process)
        time.sleep(0.3)
        if process.poll() is not None:
            raise NoLinks("unshare: no network namespace can be made")
        there = ["nsenter", "--target", str(process.pid), "--net", "--mount"]
        _run(*there, "mount", "-t", "sysfs", "sysfs", "/sys")  # UCX looks there for what cables it has
        return there

    try:
        hub = namespace()
        _run(*hub, "ip", "link", "add", "switch", "type", "bridge")
        _run(*hub, "ip", "link", "set", "switch", "up")
        places = []
        for k in range(nodes):
            place = namespace()
            slow = ("root", "tbf", "rate", f"{bits:.0f}bit", "burst", "256kb", "limit", "64mb")  # so much room that nothing is dropped
            _run(*hub, "ip", "link", "add", f"to{k}", "type", "veth", "peer", "name", CABLE, "netns", place[2])
            _run(*hub, "ip", "link", "set", f"to{k}", "master", "switch", "up")
            _run(*hub, "tc", "qdisc", "add", "dev", f"to{k}", *slow)
            _run(*place, "ip", "link", "set", "lo", "up")
            _run(*place, "ip", "address", "add", f"10.9.0.{k + 1}/24", "dev", CABLE)
            _run(*place, "ip", "link", "set", CABLE, "up")
            _run(*place, "tc", "qdisc", "add", "dev", CABLE, *slow)
            places.append(place)
        yield places
    finally:
        for process in sleepers:
            process.kill()
            process.wait()
