"""What a service is: plain values, from which `render.py` makes the compose file."""

from __future__ import annotations

from typing import Literal

import msgspec

LOOPBACK = "127.0.0.1"


class Variable(msgspec.Struct, frozen=True):
    """A value that compose takes from `.env` (or the shell): `default` where it is not set.

    One that is `required` stops compose with a message where it is missing or empty.
    """

    name: str
    default: str = ""
    required: bool = False


Value = str | Variable | tuple[str | Variable, ...]
"""A text as it is, a variable, or several of both in a row."""


class Port(msgspec.Struct, frozen=True):
    """A port of a container on the host's loopback."""

    host: Variable
    container: int


class Mount(msgspec.Struct, frozen=True):
    """A named volume, or a folder or file of the host (a path with a slash), at a place in the container."""

    source: str
    target: str
    read_only: bool = False


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How to tell that a service works: a command in the container, and its timing in seconds.

    Failures within `start_period` do not count.
    """

    command: tuple[str, ...]
    interval: int = 10
    timeout: int = 5
    retries: int = 6
    start_period: int = 20


class Limits(msgspec.Struct, frozen=True):
    """The most that a container may use: processors, memory (such as 512m), processes.

    Docker refuses more processors than the machine has, so more than one is a variable of `.env`.
    """

    cpus: Value
    memory: Value
    processes: int = 256


class Build(msgspec.Struct, frozen=True):
    """How an image of ours is made: a stage of our Dockerfile, and values of its arguments."""

    target: str
    arguments: dict[str, Value] = {}


Condition = Literal["service_healthy", "service_completed_successfully"]


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One service of the stack.

    Args:
        name: As compose and the network know it.
        summary: What it is for, in a few words; a comment in the file.
        image: With a version; of ours, the name under which it is built.
        user: UID:GID; "" for the one that the image is made for.
        build: How it is built; None for somebody else's image.
        command: What runs; () for what the image runs.
        environment: Variables; None passes one on from `.env` or the shell where it is set there. A secret
            is never a value.
        ports: On loopback.
        expose: Ports that only other containers reach.
        mounts: Volumes and folders.
        temporary: Folders in memory, which a read-only root needs.
        health: None for what ends by itself.
        limits: The most it may use.
        after: Services that must be there before, and how far.
        optional_after: The same, where the service may be left out by profiles.
        profiles: It only starts with one of these; always without any.
        read_only: Whether its root file system is.
        capabilities: Linux capabilities that it keeps; all others are dropped.
        aliases: Further names in the network.
        gpus: Whether it gets the host's GPUs.
        once: Whether it does its work and ends.
        replicas: How many there are at first; more than one only where no port is bound.
        network: Whether it is in the stack's network; without, it reaches nothing.
        grace: Seconds between the request to stop and the end by force.
    """

    name: str
    summary: str
    image: str
    limits: Limits
    user: str = ""
    build: Build | None = None
    command: tuple[str, ...] = ()
    environment: dict[str, Value | None] = {}
    ports: tuple[Port, ...] = ()
    expose: tuple[int, ...] = ()
    mounts: tuple[Mount, ...] = ()
    temporary: tuple[str, ...] = ()
    health: Health | None = None
    after: dict[str, Condition] = {}
    optional_after: dict[str, Condition] = {}
    profiles: tuple[str, ...] = ()
    read_only: bool = True
    capabilities: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    gpus: bool = False
    once: bool = False
    replicas: int = 1
    network: bool = True
    grace: int = 10


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """All services, and the volumes that they share."""

    name: str
    services: tuple[Service, ...]
    volumes: tuple[str, ...]
