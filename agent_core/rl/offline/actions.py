"""What the actions run: the checks of the workspace, as training is configured."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from agent_core.config import Settings
from agent_core.errors import LearningFault
from agent_core.rl.offline.config import TrainingConfig
from agent_core.verify.api import Kind, Verifier
from agent_core.verify.detect import chosen, detect
from agent_core.workspace import Workspace

_KINDS: Mapping[str, Kind] = {"run_tests": "run_tests", "lint": "lint", "build": "build"}
_COMMANDS: Mapping[str, str] = {"run_tests": "test_cmd", "lint": "lint_cmd", "build": "build_cmd"}
_TYPES = frozenset(("mypy", "pyright", "tsc"))
_REPAIRS: Mapping[str, tuple[str, ...]] = {"ruff": ("--fix",), "eslint": ("--fix",)}
"""What a linter takes to repair what it can."""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What choosing it runs, one after the other."""

    name: str
    verifiers: tuple[Verifier, ...]


def actions_of(
    workspace: Workspace, settings: Settings, config: TrainingConfig
) -> tuple[tuple[Action, ...], tuple[str, ...]]:
    """The actions that can be taken here, in the order of the configuration, and why others cannot.

    Commands of the training's configuration come before those of the settings, and these before what is
    detected. A type checker stands for the build where there is no other: it tells what a compiler would.

    Raises:
        LearningFault: None can be.
    """
    given = {name: getattr(config, name) for name in _COMMANDS.values() if getattr(config, name)}
    verifiers = detect(workspace, msgspec.structs.replace(settings, **given))
    found_by = by_action(tuple(each for each in chosen(verifiers) if each.found))
    actions: list[Action] = []
    without: list[str] = []
    for name in config.actions:
        if found := found_by.get(name):
            actions.append(Action(name=name, verifiers=found))
        else:
            without.append(_why_not(name))
    if not actions:
        raise LearningFault(
            f"Nothing can be run here to learn from: {'; '.join(without)}",
            hint="Install what the project is tested with, or name commands in .dspy_rl.json.",
        )
    return tuple(actions), tuple(without)


def by_action(verifiers: tuple[Verifier, ...]) -> dict[str, tuple[Verifier, ...]]:
    """What each action runs of these checks."""
    found = {name: tuple(each for each in verifiers if each.kind == kind) for name, kind in _KINDS.items()}
    types = tuple(each for each in found["lint"] if each.name in _TYPES)
    others = tuple(each for each in found["lint"] if each not in types)
    if not found["build"] and types and others:
        found |= {"build": types, "lint": others}
    repairing = tuple(_repairing(each) for each in found["lint"] if each.tool in _REPAIRS)
    return {**found, "patch": repairing}


def _repairing(verifier: Verifier) -> Verifier:
    argv = (*verifier.argv, *_REPAIRS[verifier.tool])
    return msgspec.structs.replace(verifier, name=f"{verifier.name}-fix", argv=argv)


def _why_not(name: str) -> str:
    if name == "patch":
        return "patch: no linter is known here that repairs what it finds"
    return f"{name}: no command is known here; {_COMMANDS[name]} names one"
