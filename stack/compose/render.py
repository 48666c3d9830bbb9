"""A `Stack` as the text of a compose file."""

from __future__ import annotations

from typing import Any

import msgspec

from stack.compose.model import LOOPBACK, Build, Health, Limits, Mount, Service, Stack, Value, Variable

_HEADER = """\
# Made by `dspy-tui stack init`, which shows what it would change before it writes this file again.
# What is yours goes into docker-compose.override.yml; ports, profiles and secrets are in .env.
"""
_LOGGING = {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}
_NETWORK = "stack"


def compose_file(stack: Stack) -> str:
    """The compose file, each service under a comment that says what it is for."""
    parts = [_HEADER, _yaml({"name": stack.name}), "\nservices:\n"]
    built = {service.image for service in stack.services if service.build}
    for service in stack.services:
        lines = _yaml({service.name: _service(service, built)}).rstrip("\n").split("\n")
        parts.append("\n".join((f"  # {service.summary}", *(f"  {line}" for line in lines))) + "\n\n")
    parts.append(_yaml({"networks": {_NETWORK: {"driver": "bridge"}}}) + "\n")
    parts.append(_yaml({"volumes": {name: {} for name in stack.volumes}}))
    return "".join(parts)


def text_of(value: Value) -> str:
    """The value as compose reads it back: a `$` of a text is doubled, a variable is `${NAME…}`."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, tuple):
        return "".join(map(text_of, value))
    return _variable(value)


def _variable(variable: Variable) -> str:
    if variable.required:
        return f"${{{variable.name}:?is missing in .env; dspy-tui stack init adds it}}"
    return f"${{{variable.name}:-{variable.default}}}"


def _yaml(document: dict[str, Any]) -> str:
    import yaml

    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=1_000_000)


def _service(service: Service, built: set[str]) -> dict[str, Any]:
    """The mapping of one service; what is empty is left out. `built`: the images that are made here."""
    found: dict[str, Any] = {
        "image": service.image,
        "build": _build(service.build),
        "pull_policy": "never" if service.image in built and not service.build else None,
        "profiles": list(service.profiles),
        "user": service.user,
        "init": True,
        "command": [text_of(word) for word in service.command],
        "environment": {
            name: None if value is None else text_of(value) for name, value in service.environment.items()
        },
        "ports": [f"{LOOPBACK}:{text_of(port.host)}:{port.container}" for port in service.ports],
        "expose": [str(port) for port in service.expose],
        "volumes": [_mount(mount) for mount in service.mounts],
        "tmpfs": list(service.temporary),
        "depends_on": _after(service),
        "healthcheck": _health(service.health),
        "restart": "no" if service.once else "unless-stopped",
        "stop_grace_period": f"{service.grace}s",
        "read_only": service.read_only,
        "cap_drop": ["ALL"],
        "cap_add": list(service.capabilities),
        "security_opt": ["no-new-privileges:true"],
        "deploy": {"replicas": service.replicas, "resources": _resources(service.limits, gpus=service.gpus)},
        "logging": msgspec.to_builtins(_LOGGING),
    }
    if service.network:
        found["networks"] = {_NETWORK: {"aliases": list(service.aliases)} if service.aliases else None}
    else:
        found["network_mode"] = "none"
    return {key: value for key, value in found.items() if value not in (None, "", [], {})}


def _build(build: Build | None) -> dict[str, Any] | None:
    if build is None:
        return None
    arguments = {name: text_of(value) for name, value in build.arguments.items()}
    return {"context": ".", "target": build.target, **({"args": arguments} if arguments else {})}


def _mount(mount: Mount) -> dict[str, Any]:
    bound = "/" in mount.source
    found: dict[str, Any] = {
        "type": "bind" if bound else "volume",
        "source": text_of(mount.source),
        "target": mount.target,
    }
    if mount.read_only:
        found["read_only"] = True
    if bound:
        found["bind"] = {"create_host_path": False}
    return found


def _after(service: Service) -> dict[str, Any]:
    needed = {name: {"condition": condition} for name, condition in service.after.items()}
    return needed | {
        name: {"condition": condition, "required": False}
        for name, condition in service.optional_after.items()
    }


def _health(health: Health | None) -> dict[str, Any] | None:
    if health is None:
        return None
    return {
        "test": ["CMD", *(text_of(word) for word in health.command)],
        "interval": f"{health.interval}s",
        "timeout": f"{health.timeout}s",
        "retries": health.retries,
        "start_period": f"{health.start_period}s",
    }


def _resources(limits: Limits, *, gpus: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "limits": {
            "cpus": text_of(limits.cpus),
            "memory": text_of(limits.memory),
            "pids": limits.processes,
        }
    }
    if gpus:
        device = {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}
        found["reservations"] = {"devices": [device]}
    return found
