"""A command of the stack as it was typed, checked before anything is asked of the engine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from agent_core.errors import UsageError
from agent_core.text import one_line
from stack.scaling import MOST_CONTAINERS, Bounds

Change = Literal["up", "down", "stop", "restart", "scale", "build", "pull", "clean"]
Look = Literal["ps", "logs", "topics", "tail", "doctor"]
What = Literal[Change, Look, "autoscale"]
CHANGES: tuple[What, ...] = get_args(Change)
_NAMED: Mapping[What, str] = {
    "up": "SERVICE", "stop": "SERVICE", "restart": "SERVICE", "build": "SERVICE", "pull": "SERVICE",
    "logs": "SERVICE", "scale": "SERVICE=N", "autoscale": "SERVICE", "topics": "PATTERN", "tail": "TOPIC",
}  # fmt: skip
"""What the words after a command are; the others take none."""
_NEEDED: tuple[What, ...] = ("scale", "tail")
_OF: Mapping[str, tuple[What, ...]] = {
    "--build": ("up",),
    "--profile": ("up",),
    "--volumes": ("down",),
    "--follow": ("logs", "tail"),
    "--lines": ("logs", "tail"),
    "--grep": ("logs", "tail"),
    "--since": ("logs", "tail"),
    **dict.fromkeys(
        ("--min", "--max", "--per-replica", "--cooldown", "--every", "--port", "--dry-run", "--once"),
        ("autoscale",),
    ),
}
_EVERY_S, _LEAST_S, _MOST_S = 10.0, 1.0, 86_400.0


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of the stack.

    `names` are services, `SERVICE=N`, topics or patterns of them, as the command has it. `lines` are the
    last ones of each container's log or of what is on a topic, None for all or for none said. Of `autoscale`
    the bounds are `Bounds`', None for none said; it looks `every` so many seconds, or `once`, and only looks
    where it is a `dry_run`; how it stands is told at the `port`.
    """

    what: What
    names: tuple[str, ...] = ()
    build: bool = False
    profiles: tuple[str, ...] = ()
    volumes: bool = False
    follow: bool = False
    lines: int | None = None
    grep: str = ""
    since: str = ""
    least: int | None = None
    most: int | None = None
    per_replica: int | None = None
    cooldown: float | None = None
    every: float | None = None
    port: int | None = None
    dry_run: bool = False
    once: bool = False

    @property
    def bounds(self) -> Bounds:
        """What a service may have."""
        usual = Bounds()
        least = usual.least if self.least is None else self.least
        return Bounds(
            least=least,
            most=max(usual.most, least) if self.most is None else self.most,
            per_replica=usual.per_replica if self.per_replica is None else self.per_replica,
            cooldown=usual.cooldown if self.cooldown is None else self.cooldown,
        )

    @property
    def pause(self) -> float:
        """Seconds between two rounds."""
        return _EVERY_S if self.every is None else self.every

    @property
    def changes(self) -> bool:
        """Whether it does something rather than look."""
        return self.what in CHANGES

    def check(self) -> None:
        """Raise `UsageError` where the words do not belong together."""
        named = _NAMED.get(self.what, "")
        if self.names and not named:
            raise UsageError(f"stack {self.what} takes no names", hint="It is about the whole stack.")
        if not self.names and self.what in _NEEDED:
            raise UsageError(f"stack {self.what} needs {named}", hint=_EXAMPLES[self.what])
        given = {
            "--build": self.build,
            "--profile": bool(self.profiles),
            "--volumes": self.volumes,
            "--follow": self.follow,
            "--lines": self.lines is not None,
            "--grep": bool(self.grep),
            "--since": bool(self.since),
            "--min": self.least is not None,
            "--max": self.most is not None,
            "--per-replica": self.per_replica is not None,
            "--cooldown": self.cooldown is not None,
            "--every": self.every is not None,
            "--port": self.port is not None,
            "--dry-run": self.dry_run,
            "--once": self.once,
        }
        for option, of in _OF.items():
            if given[option] and self.what not in of:
                raise UsageError(f"{option} belongs to stack {' and stack '.join(of)}")
        if self.lines is not None and self.lines < 1:
            raise UsageError(f"--lines is 1 or more, not {self.lines}")
        if self.what == "scale":
            self.replicas()
        if self.what == "autoscale":
            self.bounds.check()
            if not _LEAST_S <= self.pause <= _MOST_S:
                raise UsageError(f"--every is seconds, {_LEAST_S:g} to {_MOST_S:g}, not {self.pause:g}")
            if self.port is not None and (self.once or not 0 < self.port < 65536):
                said = f"--port is 1 to 65535, not {self.port}"
                raise UsageError("--once ends before anybody could ask at --port" if self.once else said)

    def replicas(self) -> dict[str, int]:
        """How many containers of each service are wanted; raises `UsageError`."""
        found: dict[str, int] = {}
        for text in self.names:
            match = re.fullmatch(r"([\w.-]+)=(\d{1,4})", text)
            if match is None:
                raise UsageError(
                    f"{one_line(text)!r} is not SERVICE=N", hint=_EXAMPLES["scale"]
                )  # fmt: skip
            if match[1] in found:
                raise UsageError(f"{match[1]} is given twice")
            if int(match[2]) > MOST_CONTAINERS:
                raise UsageError(f"{match[1]}: at most {MOST_CONTAINERS} containers, not {match[2]}")
            found[match[1]] = int(match[2])
        return found


_EXAMPLES: Mapping[What, str] = {
    "scale": "Such as: stack scale dspy-worker=3",
    "tail": "Such as: stack tail logs.ctx.app",
}
