"""Check of the versions of what is kept: what an older version wrote, and what a newer one did."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from agent_core.doctor.check import Check
from agent_core.files import read_bounded
from agent_core.folders import user_config_dir, user_state_dir
from agent_core.migrations import version_of
from agent_core.text import one_line, plural
from agent_core.workspace import Workspace

_MOST, _SHOWN = 500, 3
"""Files of a kind that are looked at, and how many are named."""
_HEAD = 64 * 1024
_BEGUN_ANEW = (
    "Each begins anew when it is next written, with what is there now kept aside; or mend it before."
)
_UPDATE = "Update dspy-tui: nothing is taken from these files, nor written in their place."


class _Kind(NamedTuple):
    """Files of one kind: where they are, which version is ours, and how a file says which one it is."""

    pattern: str
    version: int
    said: Callable[[bytes], int]


class _BrokenError(ValueError):
    """It is not of its kind."""


class _Packed(msgspec.Struct):
    version: int = 0
    schema: int = 1


async def check_versions(workspace: Workspace, env: Mapping[str, str]) -> Check:
    """What is kept here and in the user's folder is of this version, or is named."""
    return await asyncio.to_thread(_check, workspace, user_state_dir(env), user_config_dir(env))


def _check(workspace: Workspace, user: Path, configuration: Path) -> Check:
    own, kept = _kinds()
    older: list[str] = []
    newer: list[str] = []
    broken: list[str] = []
    count = 0
    places = (
        *((workspace.state_dir, kept), (workspace.root, _learnt())),
        *((user, own), (configuration, _configured())),
    )
    for folder, kinds in places:
        for kind in kinds:
            for path in islice(_files(folder, kind.pattern), _MOST):
                try:
                    version = kind.said(read_bounded(path, follow=False))
                except _BrokenError:
                    broken.append(one_line(path.name))
                    continue
                except (OSError, ValueError, RecursionError):
                    continue  # what is broken is told of by whoever needs it
                count += 1
                name = f"{one_line(path.name)} (schema {version})"
                if version != kind.version:
                    (newer if version > kind.version else older).append(name)
    if newer or broken:
        said = [f"of a newer version: {_few(newer)}"] if newer else []
        said += [f"broken: {_few(broken)}"] if broken else []
        return Check("formats", "warn", "; ".join(said), _UPDATE if newer else _BEGUN_ANEW)
    if older:
        said = f"of an older version: {_few(older)}; taken over, with a copy, when next written"
        return Check("formats", "ok", said)
    return Check("formats", "ok", f"{plural(count, 'file')} of state, all of this version")


def _few(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _files(folder: Path, pattern: str) -> Iterator[Path]:
    try:
        yield from folder.glob(pattern)
    except OSError:
        return


def _whole(kind: type[msgspec.Struct]) -> Callable[[bytes], int]:
    """Reads the version of a file that is one whole; what is broken is named, as nothing else does."""

    def said(content: bytes) -> int:
        version = version_of(content)
        try:
            msgspec.json.decode(content, type=kind if version == 1 else dict[str, object])
        except (ValueError, RecursionError):
            raise _BrokenError from None
        return version

    return said


def _first_line(content: bytes) -> int:
    return version_of(content[:_HEAD].partition(b"\n")[0])


def _packed(content: bytes) -> int:
    found = msgspec.msgpack.decode(content, type=_Packed)
    return found.version or found.schema


def _kinds() -> tuple[tuple[_Kind, ...], tuple[_Kind, ...]]:
    """Those of the user's folder, and of a workspace's. Nothing of it is imported before somebody asks."""
    from agent_core.agent.estimate import FORMAT
    from agent_core.checkpoints.records import SCHEMA as TURNS
    from agent_core.logs.events.baseline import VERSION as SEEN
    from agent_core.logs.mining.miner import VERSION as WORDINGS
    from agent_core.mcp.client_consent import Store
    from agent_core.session.saved.model import SCHEMA as SESSIONS
    from agent_core.skills.saved import SCHEMA as PROMPTS

    own = (
        _Kind("permissions.json", 1, version_of),
        _Kind("mcp.json", 1, _whole(Store)),
        _Kind("tokens.json", FORMAT.version, version_of),
        _Kind("tour.json", 1, version_of),
    )
    return own, (
        _Kind("cooldowns.json", 1, version_of),
        _Kind("panes.json", 1, version_of),
        _Kind("autoscale.json", 1, version_of),
        _Kind("skills/*.json", PROMPTS, version_of),
        _Kind("logs/shipped/*/*.json", 1, version_of),
        _Kind("logs/seen/*.seen", SEEN, _packed),
        _Kind("logs/seen/wordings", WORDINGS, _packed),
        _Kind("checkpoints/turns/[0-9]*", TURNS, _packed),
        _Kind("sessions/*.jsonl", SESSIONS, _first_line),
        *(_Kind(f"rl/{name}.json", 1, version_of) for name in ("begun", "ended", "report", "prompts")),
        _Kind("rl/policies/in-use.json", 1, version_of),
        _Kind("rl/policies/*/about.json", 1, version_of),
    )


def _configured() -> tuple[_Kind, ...]:
    from agent_core.credentials.known import Endpoints

    return (_Kind("keyring.json", 1, _whole(Endpoints)),)


def _learnt() -> tuple[_Kind, ...]:
    from agent_core.rl.records import SCHEMA

    return (
        _Kind(".dspy_rl_state.json", SCHEMA, version_of),
        _Kind(".dspy_rl_events*.jsonl", SCHEMA, _first_line),
    )
