"""Check of the ports: free, ours already, or taken, and by whom if that can be told."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
from collections.abc import Iterator
from pathlib import Path

from agent_core.doctor.check import Check
from agent_core.errors import StackFault
from agent_core.text import one_line, shorten
from stack.doctor.seen import Seen

_LISTENS = "0A"
_PUBLISHED = re.compile(r":(\d+)(?:-(\d+))?->")
_MOST_WORDS = 60


async def check_ports(seen: Seen) -> Check:
    """Each port of the active services can be had, or is had by the service that wants it."""
    wanted = {port: info.name for info in seen.active for port in info.host_ports}
    if not wanted:
        return Check("ports", "ok", "none is wanted")
    own = {
        (port.host, each.service)
        for each in seen.containers
        if each.state == "running"
        for port in each.ports
    }
    others = [port for port, name in wanted.items() if (port, name) not in own]
    taken = [port for port in others if await asyncio.to_thread(_is_taken, port)]
    if not taken:
        shown = ", ".join(f"{port} {one_line(name)}" for port, name in wanted.items())
        return Check("ports", "ok", shown)
    containers = await _containers(seen) if seen.answers else {}
    programs = await asyncio.to_thread(_programs, set(taken) - set(containers))
    said: list[str] = []
    for port in taken:
        who = containers.get(port) or programs.get(port) or "another program"
        said.append(f"{port} ({one_line(wanted[port])}) is taken by {who}")
    return Check("ports", "fail", "; ".join(said), "Stop it, or set another port in .env.")


def _is_taken(port: int) -> bool:
    """Whether something listens there. A port that we may not have for want of rights is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


async def _containers(seen: Seen) -> dict[int, str]:
    """Which container of another stack has which port."""
    try:
        said = await seen.docker.ask("ps", "--format", "{{.Names}}\t{{.Ports}}")
    except StackFault:
        return {}
    found: dict[int, str] = {}
    for line in said.splitlines():
        name, _, ports = line.partition("\t")
        for match in _PUBLISHED.finditer(ports):
            for port in range(int(match[1]), int(match[2] or match[1]) + 1):
                found[port] = f"the container {one_line(name)}"
    return found


def _programs(ports: set[int]) -> dict[int, str]:
    """Which program listens on which port, as far as this user may know it (on Linux, of its own ones)."""
    inodes = dict(_listening(ports)) if ports else {}
    found: dict[int, str] = {}
    for pid in (name for name in _names(Path("/proc")) if name.isdigit() and inodes):
        for handle in _names(Path(f"/proc/{pid}/fd")):
            try:
                target = str(Path(f"/proc/{pid}/fd/{handle}").readlink())
            except OSError:
                continue
            if port := inodes.get(target):
                found[port] = f"{_called(pid)} (process {pid})"
    return found


def _listening(ports: set[int]) -> Iterator[tuple[str, int]]:
    """The sockets, as links name them, that listen on these ports."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            columns = row.split()
            port = int(columns[1].rpartition(":")[2], 16)
            if columns[3] == _LISTENS and port in ports:
                yield f"socket:[{columns[9]}]", port


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []  # another user's, or it ended meanwhile


def _called(pid: str) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        words = ""
    return shorten(one_line(words), _MOST_WORDS) or "another program"
