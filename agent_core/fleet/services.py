"""The services that work on tasks: what each is for, where its workers look first, what they are told."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from agent_core.errors import ConfigError
from agent_core.text import one_line, shorten

VARIABLE = "DSPY_TUI_SERVICES"
"""JSON: services by name, each a `Specialty`; one of a name that is built in takes its place."""
GENERAL = "app"
PARTITIONS = 8
"""Of each queue of tasks: as many workers of a service can work at once."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}")
_PROGRAM = "dspy-worker"


class Specialty(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the workers of a service are for. One that names nothing takes anything.

    `words` are what their tasks speak of, `folders` where they look first, `endings` those of their files
    (with the dot), `instructions` what their model is told.
    """

    words: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    instructions: str = ""

    @property
    def told(self) -> str:
        """The instructions, with where to look first."""
        looks = f"Look first in these folders, where they exist: {', '.join(self.folders)}."
        return " ".join(filter(None, (self.instructions, looks if self.folders else "")))


BUILT_IN: Mapping[str, Specialty] = {
    GENERAL: Specialty(),
    "backend": Specialty(
        words=(
            *("api", "server", "back end", "database", "sql", "query", "migration", "endpoint", "schema"),
            *("transaction", "queue", "worker", "cache", "authentication", "orm", "service"),
        ),
        folders=("backend", "server", "api", "services", "db", "migrations"),
        endings=(".py", ".go", ".java", ".kt", ".rb", ".rs", ".sql", ".php", ".cs"),
        instructions="You work on the back end: servers, interfaces, data and its storage.",
    ),
    "frontend": Specialty(
        words=(
            *("ui", "css", "html", "front end", "browser", "component", "button", "layout", "style"),
            *("form", "page", "react", "vue", "svelte", "angular", "accessibility", "responsive"),
        ),
        folders=("frontend", "web", "client", "ui", "static", "templates", "public", "components"),
        endings=(".js", ".jsx", ".ts", ".tsx", ".css", ".scss", ".html", ".vue", ".svelte"),
        instructions="You work on the front end: what people see and use, in browsers and elsewhere.",
    ),
}


def specialties(env: Mapping[str, str]) -> dict[str, Specialty]:
    """The services by name, those of the environment laid over those that are built in.

    Raises:
        ConfigError: `DSPY_TUI_SERVICES` is not what it should be.
    """
    given = env.get(VARIABLE, "").strip()
    try:
        own = msgspec.json.decode(given, type=dict[str, Specialty]) if given else {}
    except msgspec.DecodeError as error:
        raise ConfigError(
            f"{VARIABLE}: {shorten(one_line(str(error)), 120)}",
            hint='It is JSON such as {"payments": {"words": ["invoice"], "folders": ["billing"]}}.',
        ) from None
    for name in own:
        if not is_service(name):
            raise ConfigError(
                f"{VARIABLE}: {shorten(one_line(name), 60)!r} can be no service",
                hint="Names have small letters, digits, - and _.",
            )
    return {**BUILT_IN, **own}


def is_service(name: str) -> bool:
    """Whether a service can be called so."""
    return _NAME.fullmatch(name) is not None


def program_of(service: str) -> str:
    """What the program is called that works for a service."""
    return _PROGRAM if service == GENERAL else f"{_PROGRAM}-{service}"


def service_of(program: str) -> str:
    """The service that a program works for; "" where it is no worker."""
    if program == _PROGRAM:
        return GENERAL
    name = program.removeprefix(f"{_PROGRAM}-")
    return name if name != program and is_service(name) else ""
