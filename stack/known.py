"""What the files of a stack say about its services, as compose understands them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from agent_core.text import one_line
from stack.reach import builds, reaches
from stack.services.names import SERVICE_VARIABLE


class ServiceInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One service of the compose file.

    Args:
        name: As compose names it.
        profiles: Those that it belongs to; none for a service that is always there.
        active: Whether a plain `up` starts it.
        once: Whether it does one task and ends, as others wait for.
        image: What its containers are made from.
        built: Whether that image is built here.
        host_ports: Ports of this machine that it takes; with one of them there can be only one container.
        replicas: How many containers `up` makes where there are none.
        reaches: What its containers get of this machine beyond their own, in words.
        building: The same while its image is built.
        works_for: The service whose tasks its containers work on, as `agent.tasks.<service>` has it; "" for
            one that is no worker.
    """

    name: str
    profiles: tuple[str, ...] = ()
    active: bool = True
    once: bool = False
    image: str = ""
    built: bool = False
    host_ports: tuple[int, ...] = ()
    replicas: int = 1
    reaches: tuple[str, ...] = ()
    building: tuple[str, ...] = ()
    works_for: str = ""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The services of all profiles, in the file's order, and the name of the project."""

    project: str
    services: tuple[ServiceInfo, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of all services."""
        return tuple(info.name for info in self.services)

    @property
    def profiles(self) -> tuple[str, ...]:
        """All that there are, sorted."""
        return tuple(sorted({profile for info in self.services for profile in info.profiles}))

    def profiles_for(self, services: Sequence[str] = (), profiles: Sequence[str] = ()) -> tuple[str, ...]:
        """The profiles to name to compose so that these services and profiles take part beside all that is
        active; none where nothing has to be named.

        Once one is named, compose forgets those of `.env`: each whose services are all active is named, too.
        """
        infos = [info for name in services if (info := self.info(name)) is not None]
        asked = {*profiles, *(profile for info in infos if not info.active for profile in info.profiles[:1])}
        if not asked:
            return ()
        asleep = {profile for info in self.services if not info.active for profile in info.profiles}
        return tuple(sorted(asked | (set(self.profiles) - asleep)))

    def reaching(
        self, services: Sequence[str] = (), profiles: Sequence[str] = (), *, building: bool = False
    ) -> tuple[str, ...]:
        """What is got of this machine, a line each, by the services that take part when these are started, or
        only while they are built."""
        found: dict[str, list[str]] = {}
        for info in self.services:
            if info.active or info.name in services or {*profiles} & {*info.profiles, "*"}:
                for told in (*(() if building else info.reaches), *info.building):
                    found.setdefault(told, []).append(one_line(info.name))
        return tuple(f"{', '.join(names)} {told}" for told, names in found.items())

    def info(self, name: str) -> ServiceInfo | None:
        """A service by its name."""
        return next((info for info in self.services if info.name == name), None)


def known(config: Mapping[str, Any], active: Sequence[str], *, inside: Sequence[Path] = ()) -> Known:
    """Read `compose --profile '*' config --format json`; looks at the disk where paths lead.

    Args:
        config: The answer.
        active: The services of the active profiles.
        inside: Folders that a service may have of course.
    """
    services = cast("dict[str, dict[str, Any]]", config.get("services") or {})
    once = {
        name
        for service in services.values()
        for name, needs in _mapping(service.get("depends_on")).items()
        if _mapping(needs).get("condition") == "service_completed_successfully"
    }
    started, built = reaches(config, inside=inside), builds(config, inside=inside)
    return Known(
        project=str(config.get("name", "")),
        services=tuple(
            msgspec.structs.replace(
                _info(name, services[name], name in active, name in once),
                reaches=started.get(name, ()),
                building=built.get(name, ()),
            )
            for name in services
        ),
    )


def _info(name: str, service: Mapping[str, Any], active: bool, once: bool) -> ServiceInfo:
    ports: Sequence[Any] = service.get("ports") or ()
    published = (str(_mapping(port).get("published") or "") for port in ports)
    return ServiceInfo(
        name=name,
        profiles=tuple(map(str, service.get("profiles") or ())),
        active=active,
        once=once,
        image=str(service.get("image", "")),
        built=bool(service.get("build")),
        host_ports=tuple(int(port) for port in published if port.isdigit()),
        replicas=_replicas(service),
        works_for=str(_mapping(service.get("environment")).get(SERVICE_VARIABLE) or ""),
    )


def _replicas(service: Mapping[str, Any]) -> int:
    found = service.get("scale", _mapping(service.get("deploy")).get("replicas", 1))
    return found if isinstance(found, int) else 1


def _mapping(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
