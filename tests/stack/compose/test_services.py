"""The services as data: what holds for all of them, whatever the options."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stack.compose.images import OUR_NAMES, SPARK_PACKAGES, USER
from stack.compose.model import Service, Stack, Variable
from stack.compose.services import project_name, stack_of
from stack.services.names import PROGRAMS
from tests.conftest import ROOT
from tests.stack.options import every_combination, options

ALL = [stack_of(each) for each in every_combination(Path("/srv/out"))]


def by_name(stack: Stack) -> dict[str, Service]:
    return {service.name: service for service in stack.services}


@pytest.mark.parametrize("stack", ALL, ids=str)
def test_every_service_is_shut_in(stack: Stack) -> None:
    for service in stack.services:
        assert service.read_only and service.limits.memory and service.limits.processes, service.name
        assert service.limits.cpus == "1" or isinstance(service.limits.cpus, Variable), service.name
        assert service.user and (service.user != "0:0" or service.name == "volumes"), service.name
        assert service.capabilities == (("CHOWN",) if service.name == "volumes" else ()), service.name
        assert (service.health is None) == service.once, service.name
        assert not any("docker.sock" in mount.source for mount in service.mounts), service.name
        assert not (service.ports and service.replicas > 1), service.name
        if service.image.split(":")[0] in OUR_NAMES.values() and service.name != "volumes":
            assert service.user == USER, service.name


@pytest.mark.parametrize("stack", ALL, ids=str)
def test_what_is_named_exists(stack: Stack) -> None:
    services = by_name(stack)
    assert len(services) == len(stack.services)
    for service in stack.services:
        for other in (*service.after, *service.optional_after):
            assert other in services, (service.name, other)
        for other in service.after:  # it is there whenever the service is
            assert not services[other].profiles or services[other].profiles == service.profiles
        for mount in service.mounts:
            assert "/" in mount.source or mount.source in stack.volumes, (service.name, mount)
    given = {mount.source for mount in services["volumes"].mounts}
    assert given == set(stack.volumes)
    assert set(PROGRAMS) <= set(services)


@pytest.mark.parametrize("stack", ALL, ids=str)
def test_each_image_of_ours_is_built_by_one_service_that_always_starts(stack: Stack) -> None:
    built = [service for service in stack.services if service.build]
    assert {service.image.split(":")[0] for service in built} == set(OUR_NAMES.values()) and len(built) == 2
    assert not any(service.profiles for service in built)


def test_images_are_pinned_and_ports_are_variables() -> None:
    for service in ALL[0].services:
        name, _, tag = service.image.rpartition(":")
        assert name and tag and tag != "latest", service.image
        for port in service.ports:
            assert isinstance(port.host, Variable) and port.host.default.isdigit()


def test_the_database_is_where_the_options_say() -> None:
    def agent(db: str) -> Service:
        return by_name(stack_of(options(Path("/srv/out"), db=db)))["dspy-agent"]

    assert agent("auto").environment["DSPY_TUI_DB_URI"] == "/index"
    assert any((mount.source, mount.target) == ("index", "/index") for mount in agent("auto").mounts)
    assert any((mount.source, mount.target) == ("/srv/index", "/index") for mount in agent("folder").mounts)
    assert agent("none").environment["DSPY_TUI_DB_URI"] == "/tmp/index"
    assert not any(mount.target == "/index" for mount in agent("none").mounts)
    uri = agent("s3://bucket/shop").environment["DSPY_TUI_DB_URI"]
    assert uri == Variable("DSPY_TUI_DB_URI", required=True)  # it may hold a key: it is in .env alone
    assert agent("s3://bucket/shop").environment["AWS_SECRET_ACCESS_KEY"] is None


def test_the_logs_cannot_be_written_and_kafka_has_a_listener_for_each_side() -> None:
    services = by_name(ALL[0])
    assert all(mount.read_only for mount in services["dspy-worker"].mounts if mount.target == "/logs")
    advertised = services["kafka"].environment["KAFKA_ADVERTISED_LISTENERS"]
    assert isinstance(advertised, tuple) and advertised[0] == "INTERNAL://kafka:29092,HOST://localhost:"


def test_two_folders_of_one_name_are_two_projects() -> None:
    one, other = project_name(Path("/a/My Shöp!")), project_name(Path("/b/My Shöp!"))
    assert one != other
    for name in (
        one,
        other,
        project_name(Path("/")),
        project_name(Path("/日本")),
        project_name(Path("/" + "x" * 300)),
    ):
        assert re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", name), name


def test_spark_brings_what_its_extra_names() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    extra = re.search(r"(?m)^spark = \[(.*)\]$", text)
    assert extra
    wanted = set(re.findall(r'"([^"]+)"', extra[1])) - {"pyspark>=4.2,<4.3"}  # Spark's own image has that
    assert wanted <= set(SPARK_PACKAGES)
    for package in SPARK_PACKAGES:
        assert f'"{package}"' in text, f"{package} is not what pyproject.toml says"
