"""Checks of room: on the engine's disk, and in its memory."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any, cast

import msgspec

from agent_core.doctor.check import Check
from agent_core.errors import StackFault
from agent_core.text import human_size, one_line
from stack.doctor.seen import Seen
from stack.engine.reading import objects, size_of

_FULL, _TIGHT = 1 << 30, 5 << 30
"""Bytes left on the disk: too few to start anything, and to build the images."""
_CLEAN = "`stack clean` frees what nothing uses; volumes stay."


async def check_disk(seen: Seen) -> Check:
    """There is room on the engine's disk; says what it is used for."""
    try:
        said, told = await asyncio.gather(
            seen.docker.ask("system", "df", "--format", "{{json .}}"),
            seen.docker.ask("info", "--format", "{{json .}}"),
        )
    except StackFault as fault:
        return Check("disk", "warn", fault.message, fault.hint)
    used = [
        f"{one_line(str(one.get('Type', ''))).lower()} {human_size(size_of(str(one.get('Size', ''))))}"
        for one in objects(said)
    ]
    free = await asyncio.to_thread(_free, _root(told))
    detail = ", ".join(used)
    if free is None:  # it lies on another machine, or in a virtual one
        return Check("disk", "ok", detail)
    detail = f"{human_size(free)} free; {detail}"
    if free < _TIGHT:
        return Check("disk", "fail" if free < _FULL else "warn", detail, _CLEAN)
    return Check("disk", "ok", detail)


async def check_memory(seen: Seen) -> Check:
    """The limits of the active services together are no more than the machine has."""
    try:
        total = _memory(await seen.docker.ask("info", "--format", "{{json .}}"))
    except StackFault as fault:
        return Check("memory", "warn", fault.message, fault.hint)
    limits: dict[str, int] = {}
    for name, service in seen.of_file():
        deploy = cast("dict[str, Any]", service.get("deploy") or {})
        resources = cast("dict[str, Any]", deploy.get("resources") or {})
        limit = cast("dict[str, Any]", resources.get("limits") or {}).get("memory") or 0
        limits[name] = size_of(str(limit)) * int(deploy.get("replicas") or 1)
    together = sum(limits.values())
    if not together:
        return Check("memory", "ok", f"no service has a limit; the machine has {human_size(total)}")
    detail = f"at most {human_size(together)} of {human_size(total)}"
    if total and together > total:
        largest = max(limits, key=lambda name: limits[name])
        return Check(
            "memory", "warn", f"the limits allow {human_size(together)}, the machine has {human_size(total)}",
            f"Lower them in docker-compose.override.yml, {one_line(largest)} first"
            f" ({human_size(limits[largest])}).",
        )  # fmt: skip
    return Check("memory", "ok", detail)


def _info(said: str) -> dict[str, Any]:
    try:
        found: Any = msgspec.json.decode(said)
    except msgspec.DecodeError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _root(said: str) -> str:
    """Where the engine keeps its data: Docker's word for it, or podman's."""
    info = _info(said)
    store = cast("dict[str, Any]", info.get("store") or {})
    return str(info.get("DockerRootDir") or store.get("graphRoot") or "")


def _memory(said: str) -> int:
    info = _info(said)
    host = cast("dict[str, Any]", info.get("host") or {})
    return int(info.get("MemTotal") or host.get("memTotal") or 0)


def _free(root: str) -> int | None:
    """Bytes left where the engine keeps its data; None where that is not on this machine."""
    if not root or not Path(root).is_dir():
        return None
    try:
        return shutil.disk_usage(root).free
    except OSError:
        return None
