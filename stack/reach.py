"""What the services of a compose file get of this machine beyond a container of their own, in words.

A compose file can ask for all of the machine, and one that came with a repository is somebody else's: whoever
starts it is to know that first. Nothing is judged here; a folder of the workspace is no more than expected.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from agent_core.text import one_line, shorten

_SHARED = {
    "network_mode": "the network",
    "pid": "the processes",
    "ipc": "the memory",
    "uts": "the name",
    "userns_mode": "the users",
    "cgroup": "the control groups",
}
"""Settings of a service that can be `host`, and what it then shares with the machine."""
_USUAL = frozenset(
    ("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
     "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT")
)  # fmt: skip
"""The capabilities that every container has unless they are dropped."""
_SOCKETS = ("docker.sock", "podman.sock", "containerd.sock", "crio.sock")
_ENGINE = "may use the container engine, and so do anything on this machine"
_LONGEST = 160


def reaches(config: Mapping[str, Any], *, inside: Sequence[Path]) -> dict[str, tuple[str, ...]]:
    """What each service gets when it is started, worst first; services that get nothing are left out.

    Args:
        config: The answer of `compose config --format json`.
        inside: Folders that a service may have of course, that of the compose file last. Links
            are followed, so this looks at the disk.
    """
    roots = [os.path.realpath(folder) for folder in inside]
    found = {
        name: tuple(dict.fromkeys((*_rights(service), *_places(service, config, roots))))
        for name, service in _mapping(config.get("services")).items()
    }
    return {name: told for name, told in found.items() if told}


def builds(config: Mapping[str, Any], *, inside: Sequence[Path]) -> dict[str, tuple[str, ...]]:
    """The same of what happens when their images are built."""
    roots = [os.path.realpath(folder) for folder in inside]
    found = {
        name: tuple(dict.fromkeys(_building(_mapping(_mapping(service).get("build")), roots)))
        for name, service in _mapping(config.get("services")).items()
    }
    return {name: told for name, told in found.items() if told}


def _rights(service: Mapping[str, Any]) -> Iterable[str]:
    provider = _mapping(service.get("provider")).get("type")
    if provider:
        yield f"may run the program {_said(provider)} on this machine"
    hooks = (*_list(service.get("post_start")), *_list(service.get("pre_stop")))
    if service.get("privileged") or any(_mapping(hook).get("privileged") for hook in hooks):
        yield "may do anything on this machine (privileged)"
    if service.get("use_api_socket"):
        yield _ENGINE
    for setting, what in _SHARED.items():
        if service.get(setting) == "host":
            yield f"may use {what} of this machine"
    for capability in _list(service.get("cap_add")):
        if (name := str(capability).upper().removeprefix("CAP_")) not in _USUAL:
            yield f"may use the capability {_said(name)}"
    for option in _list(service.get("security_opt")):
        if str(option).endswith(("unconfined", "disable", ":false", "=false")):
            yield f"may do what others are kept from ({_said(option)})"
    for device in _list(service.get("devices")):
        yield f"may use the device {_said(_mapping(device).get('source') or device)}"
    if service.get("device_cgroup_rules"):
        yield "may use devices of this machine"


def _places(service: Mapping[str, Any], config: Mapping[str, Any], roots: Sequence[str]) -> Iterable[str]:
    volumes = _mapping(config.get("volumes"))
    for mount in map(_mapping, _list(service.get("volumes"))):
        source = str(mount.get("source") or "")
        if mount.get("type") == "volume":
            options = _mapping(_mapping(volumes.get(source)).get("driver_opts"))
            source = str(options.get("device") or "")
        elif mount.get("type") != "bind":
            continue
        if source.endswith(_SOCKETS):
            yield _ENGINE
        elif source and not _within(source, roots):
            yield f"may {'read' if mount.get('read_only') else 'write'} {_said(source)}"
    for kind in ("secrets", "configs"):
        files = _mapping(config.get(kind))
        for used in _list(service.get(kind)):
            name = str(_mapping(used).get("source") or used)
            file = str(_mapping(files.get(name)).get("file") or "")
            if file and not _within(file, roots):
                yield f"may read {_said(file)}"


def _building(build: Mapping[str, Any], roots: Sequence[str]) -> Iterable[str]:
    context = str(build.get("context") or "")
    for place in (context, *map(str, _mapping(build.get("additional_contexts")).values())):
        if place and not place.startswith(("service:", "docker-image:")) and not _within(place, roots):
            yield f"may read {_said(place)} when built"
    if build.get("ssh"):
        yield "may use your SSH keys when built"
    if build.get("privileged") or build.get("entitlements"):
        yield "may do more than others when built"
    if build.get("network") == "host":
        yield "may use the network of this machine when built"


def _within(place: str, roots: Sequence[str]) -> bool:
    """Whether a place is in one of the folders, wherever links lead; an address is in none."""
    if ":" in place or place.startswith("github.com/"):
        return False
    real = Path(os.path.realpath(Path(roots[-1], place))) if roots else None
    return real is not None and any(real.is_relative_to(root) for root in roots)


def _said(value: object) -> str:
    return shorten(one_line(str(value)), _LONGEST)


def _mapping(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
