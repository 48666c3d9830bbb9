"""What may be typed after `stack`."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from agent_core.errors import UsageError
from stack.commands.asked import Asked, What

_OF_INIT = ("workspace", "logs", "install_source", "pip_spec", "db", "wheelhouse", "gpu")
_FIRST_LINES = 100


class StackArgs(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of `stack`: what it does, what that is about, then the options of one or the other."""

    what: Annotated[
        Literal["init", What],
        msgspec.Meta(
            description="Write the files of the services (init), start, stop and scale them, see how they"
            " stand, what they wrote and what goes over the bus, free space, or check what they need."
        ),
    ]
    names: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            description="Services (all by default); SERVICE=N for scale; topics or patterns for topics, tail."
        ),
    ] = ()
    build: Annotated[bool, msgspec.Meta(description="Build our images before up.")] = False
    profile: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            description="A profile that up starts, too, such as monitoring.",
            extra={"flag": "--profile", "metavar": "NAME"},
        ),
    ] = ()
    volumes: Annotated[bool, msgspec.Meta(description="Let down remove the volumes with their data.")] = False
    lines: Annotated[
        int | None,
        msgspec.Meta(
            description="The last lines of each container for logs (100), the last messages for tail (10).",
            extra={"flag": "-n", "metavar": "N"},
        ),
    ] = None
    grep: Annotated[
        str,
        msgspec.Meta(
            description="Of logs and tail only what matches.", extra={"flag": "--grep", "metavar": "REGEX"}
        ),
    ] = ""
    since: Annotated[
        str,
        msgspec.Meta(
            description="Of logs and tail only what is newer: a span such as 10m, or a time.",
            extra={"flag": "--since", "metavar": "TIME"},
        ),
    ] = ""
    follow: Annotated[
        bool,
        msgspec.Meta(
            description="Let logs and tail go on with what comes, until it is stopped.",
            extra={"flag": "--follow"},
        ),
    ] = False
    least: Annotated[
        int | None,
        msgspec.Meta(
            description="Containers that autoscale leaves each service at least (1).",
            extra={"flag": "--min", "metavar": "N"},
        ),
    ] = None
    most: Annotated[
        int | None,
        msgspec.Meta(
            description="Containers that autoscale gives each service at most (4).",
            extra={"flag": "--max", "metavar": "N"},
        ),
    ] = None
    per_replica: Annotated[
        int | None,
        msgspec.Meta(
            description="Tasks, waiting and in work, that are one container's share (10).",
            extra={"flag": "--per-replica", "metavar": "LAG"},
        ),
    ] = None
    cooldown: Annotated[
        float | None,
        msgspec.Meta(
            description="Seconds between two changes of a service by autoscale (60).",
            extra={"flag": "--cooldown", "metavar": "S"},
        ),
    ] = None
    dry_run: Annotated[
        bool,
        msgspec.Meta(description="Let autoscale only say what it would do.", extra={"flag": "--dry-run"}),
    ] = False
    workspace: Annotated[
        str,
        msgspec.Meta(
            description="The folder that init's containers work on; this one by default.",
            extra={"flag": "--workspace", "metavar": "DIR"},
        ),
    ] = ""
    logs: Annotated[
        str,
        msgspec.Meta(
            description="The folder of logs; logs in the workspace by default.",
            extra={"flag": "--logs", "metavar": "DIR"},
        ),
    ] = ""
    out_dir: Annotated[
        str,
        msgspec.Meta(
            description="Where the stack's files are; the setting stack_dir by default.",
            extra={"flag": "--out-dir", "metavar": "DIR"},
        ),
    ] = ""
    install_source: Annotated[
        Literal["pip", "local"] | None,
        msgspec.Meta(
            description="Install a released package, or a copy of this checkout (the default in one).",
            extra={"flag": "--install-source", "metavar": "pip|local"},
        ),
    ] = None
    pip_spec: Annotated[
        str,
        msgspec.Meta(
            description="What pip installs; dspy-code by default.",
            extra={"flag": "--pip-spec", "metavar": "SPEC"},
        ),
    ] = ""
    db: Annotated[
        str,
        msgspec.Meta(
            description="Where the index is: auto (DSPY_TUI_DB_URI, else a volume), none, a URI or a folder.",
            extra={"flag": "--db", "metavar": "URI"},
        ),
    ] = ""
    wheelhouse: Annotated[
        str,
        msgspec.Meta(
            description="A folder of wheels to build from, without a network.",
            extra={"flag": "--wheelhouse", "metavar": "DIR"},
        ),
    ] = ""
    gpu: Annotated[bool, msgspec.Meta(description="Give Ollama the GPUs of this machine.")] = False

    def asked(self) -> Asked:
        """The same as a command of a stack that is there; raises `UsageError` where the words are off."""
        assert self.what != "init"
        for name in _OF_INIT:
            if getattr(self, name):
                raise UsageError(f"--{name.replace('_', '-')} belongs to stack init")
        found = Asked(
            what=self.what,
            names=self.names,
            build=self.build,
            profiles=self.profile,
            volumes=self.volumes,
            follow=self.follow,
            lines=self.lines,
            grep=self.grep,
            since=self.since,
            least=self.least,
            most=self.most,
            per_replica=self.per_replica,
            cooldown=self.cooldown,
            dry_run=self.dry_run,
            once=self.what == "autoscale",
        )
        found.check()
        if found.what == "logs" and found.lines is None:
            return msgspec.structs.replace(found, lines=_FIRST_LINES)
        return found

    def check_init(self) -> None:
        """Raise `UsageError` where something belongs to another command than `init`."""
        if self.names:
            raise UsageError("stack init takes no names", hint="The folder is --workspace DIR.")
        given = {
            "--build": self.build,
            "--profile": self.profile,
            "--volumes": self.volumes,
            "--follow": self.follow,
            "--lines": self.lines,
            "--grep": self.grep,
            "--since": self.since,
            "--min": self.least is not None,
            "--max": self.most is not None,
            "--per-replica": self.per_replica is not None,
            "--cooldown": self.cooldown is not None,
            "--dry-run": self.dry_run,
        }
        for option, value in given.items():
            if value:
                raise UsageError(f"{option} does not belong to stack init")
