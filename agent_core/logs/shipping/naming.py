"""Which service a log belongs to, where nobody says it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from agent_core.errors import UsageError
from agent_core.logs.sources.bus import SCHEME as BUS
from agent_core.logs.sources.find import Found
from agent_core.logs.sources.port import STDIN
from agent_core.text import one_line

ServiceOf = Callable[[str], str]
"""The service of a log by its name; "" where it is not to be shipped."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_ENDING = re.compile(r"\.(?:log|out|err|txt|jsonl|ndjson)$", re.IGNORECASE)


def has_lines(log: Found) -> bool:
    """Whether it is a log: what the bus tells of some are events, which were made of lines."""
    return log.name.partition(":")[0] != BUS


def named(service: str) -> ServiceOf:
    """All logs belong to this service; raises `UsageError` where it can be no topic's end."""
    if not _NAME.fullmatch(service):
        raise UsageError(
            f"{one_line(service)!r} is no name of a service", hint="Letters, digits, - _ and . are."
        )
    return lambda _: service


def by_name(log: str) -> str:
    """A container belongs to its service, a file to the program that is called as it is: `api` for
    `logs/api.log`, as for `compose:api#2`.

    Raises:
        UsageError: It is standard input, of which nothing can be told.
    """
    if log == STDIN:
        raise UsageError("Whose log is standard input?", hint="--service NAME says it.")
    scheme, colon, rest = log.partition(":")
    if colon and "/" not in scheme:
        name = rest.partition("#")[0] or scheme
    else:
        name = _ENDING.sub("", log.rpartition("/")[2])
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:100]
    return name or "log"


def share(service: str, others: Collection[str], *, rest: bool) -> ServiceOf:
    """What one of several programs ships of the same folder of logs: those that are called as its service, or
    lie in a folder that is; with `rest` also those that belong to none of the `others`."""

    def service_of(log: str) -> str:
        words = {*log.split("/")[:-1], by_name(log)}
        if service in words or (rest and not words & set(others)):
            return service
        return ""

    return service_of
