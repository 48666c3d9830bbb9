"""Prompts that were optimised for a workspace: versions in one JSON file for each skill.

The file may have come with a repository that somebody else wrote. So nothing but instructions is taken from
it, each bounded and without anything that hides or draws, and only for the prompt that it was made for: where
the program, or a plugin, asks for something else by now, it is left out. dspy is not imported here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from agent_core.errors import ToolError
from agent_core.files import load_state, update_state
from agent_core.text import one_line, plural, printable

SCHEMA = 1
MOST_VERSIONS = 10
"""How many are kept, before the oldest go."""
LONGEST = 4000
"""Characters of instructions."""
_NAME = "^[A-Za-z_][A-Za-z0-9_.-]{0,79}$"
_FINGERPRINT = "^[0-9a-f]{16}$"
_Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class Prompt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Instructions of one predictor, and what they were measured to be worth.

    Args:
        made_for: The `fingerprint` of the prompt that they take the place of.
        instructions: The text.
        before: Mean score on the validation examples with the instructions that were used until then, 0..1.
        after: The same with these.
        examples: How many these were.
    """

    made_for: Annotated[str, msgspec.Meta(pattern=_FINGERPRINT)]
    instructions: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST)]
    before: _Share = 0.0
    after: _Share = 0.0
    examples: _Count = 0

    def __post_init__(self) -> None:
        if not self.instructions.strip() or printable(self.instructions) != self.instructions:
            raise ValueError("instructions hold characters that cannot be seen")


class Version(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All optimised prompts of a skill as they were used together.

    Args:
        number: Counts from 1.
        made: Seconds since the epoch.
        model: The model that they were measured with.
        prompts: By predictor; the others are the built-in ones.
    """

    number: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    made: Annotated[float, msgspec.Meta(ge=0.0, le=1e11)]
    model: Annotated[str, msgspec.Meta(max_length=200)]
    prompts: Annotated[
        dict[Annotated[str, msgspec.Meta(pattern=_NAME)], Prompt], msgspec.Meta(min_length=1, max_length=20)
    ]


class Saved(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a skill's file holds; `current` is the version in use by its number, 0 the built-in prompts."""

    schema: Annotated[int, msgspec.Meta(ge=SCHEMA, le=SCHEMA)]
    skill: Annotated[str, msgspec.Meta(pattern=_NAME)]
    current: Annotated[int, msgspec.Meta(ge=0)]
    versions: Annotated[tuple[Version, ...], msgspec.Meta(max_length=MOST_VERSIONS)]

    def __post_init__(self) -> None:
        numbers = [version.number for version in self.versions]
        if numbers != sorted(set(numbers)):
            raise ValueError("the versions are not in their order")
        if self.current and self.current not in numbers:
            raise ValueError("there is no version of the number that is said to be in use")

    @property
    def used(self) -> Version | None:
        """The version in use; None for the built-in prompts."""
        return next((version for version in self.versions if version.number == self.current), None)


def fingerprint(signature: Any) -> str:
    """Tells one prompt from another: its instructions and its fields with what is said of them."""
    known: dict[str, Any] = {**signature.input_fields, **signature.output_fields}
    fields = [(name, str(_extra(field).get("desc", ""))) for name, field in known.items()]
    return hashlib.sha256(repr((signature.instructions, fields)).encode()).hexdigest()[:16]


def _extra(field: Any) -> dict[str, Any]:
    return field.json_schema_extra or {}


def path_of(folder: Path, skill: str) -> Path:
    """Where the optimised prompts of a skill lie."""
    return folder / f"{skill}.json"


def read_saved(folder: Path, skill: str) -> tuple[Saved | None, str]:
    """What is saved of a skill, None for nothing; and a warning, "" when all is well.

    A file that is broken is kept aside and named; another skill's is named and left where it is.
    """
    path = path_of(folder, skill)
    saved, warning = load_state(path, Saved)
    if saved is not None and saved.skill != skill:
        return None, f"{path}: it is of the skill {one_line(saved.skill)}; it is left out"
    return saved, warning


def load_into(skill: Any, name: str, folder: Path) -> str:
    """Give a skill the prompts that are in use for this workspace.

    Args:
        skill: The skill as it was made, a `dspy.Module`.
        name: Its name.
        folder: Where optimised prompts lie.

    Returns:
        A warning, "" when all is well: what cannot be used is left out and named.
    """
    saved, warning = read_saved(folder, name)
    used = saved.used if saved is not None else None
    if used is None:
        return warning
    predictors: dict[str, Any] = dict(skill.named_predictors())
    stale: list[str] = []
    for predictor, prompt in used.prompts.items():
        built_in = predictors.get(predictor)
        if built_in is None or fingerprint(built_in.signature) != prompt.made_for:
            stale.append(predictor)
        else:
            built_in.signature = built_in.signature.with_instructions(prompt.instructions)
    if not stale:
        return ""
    return (
        f"Optimised prompts of {name} ({', '.join(stale)}) were made for another version of the skill and are"
        " left out"
    )


def add_version(
    folder: Path, skill: str, prompts: Mapping[str, Prompt], *, model: str, made: float
) -> Version:
    """Save prompts as the version that is used from now on; those of other predictors stay in use.

    Raises OSError and `BusyError`.
    """

    def change(before: Saved | None) -> Saved:
        if before is None or before.skill != skill:
            before = Saved(schema=SCHEMA, skill=skill, current=0, versions=())
        kept = before.used.prompts if before.used else {}
        number = max((version.number for version in before.versions), default=0) + 1
        version = Version(number=number, made=made, model=one_line(model)[:200], prompts={**kept, **prompts})
        versions = (*before.versions, version)[-MOST_VERSIONS:]
        return Saved(schema=SCHEMA, skill=skill, current=number, versions=versions)

    saved, _ = update_state(path_of(folder, skill), Saved, change)
    assert saved.used is not None
    return saved.used


def use_version(folder: Path, skill: str, number: int) -> Saved:
    """Use another version from now on, 0 for the built-in prompts; nothing is removed.

    Raises `ToolError` where there is no such version, OSError and `BusyError`.
    """
    _known(folder, skill)

    def change(before: Saved | None) -> Saved:
        numbers = [version.number for version in before.versions] if before is not None else []
        if before is None or number not in (0, *numbers):
            raise ToolError(
                f"There is no version {number} of {one_line(skill)}",
                hint=f"There are {', '.join(map(str, (0, *numbers)))}; 0 is the built-in one.",
            )
        return msgspec.structs.replace(before, current=number)

    return update_state(path_of(folder, skill), Saved, change)[0]


def forget(folder: Path, skill: str) -> int:
    """Remove every optimised prompt of a skill; returns how many versions there were.

    Raises `ToolError` where there is none, and OSError.
    """
    count = len(_known(folder, skill).versions)
    path_of(folder, skill).unlink(missing_ok=True)
    return count


def described(saved: Saved) -> str:
    """What is in use, in a line: the version, its model, and what it was measured to be worth."""
    used = saved.used
    if used is None:
        kept = plural(len(saved.versions), "optimised version")
        return f"built in; {kept} kept" if saved.versions else "built in"
    worth = ", ".join(
        f"{name} {prompt.before:.2f} → {prompt.after:.2f} on {plural(prompt.examples, 'example')}"
        for name, prompt in used.prompts.items()
    )
    return f"version {used.number}, measured with {one_line(used.model)}: {worth}"


def _known(folder: Path, skill: str) -> Saved:
    if re.fullmatch(_NAME, skill) is None:
        raise _nothing(skill)
    saved, warning = read_saved(folder, skill)
    if saved is None:
        raise ToolError(warning, hint="The built-in prompts are used.") if warning else _nothing(skill)
    return saved


def _nothing(skill: str) -> ToolError:
    return ToolError(
        f"There are no optimised prompts of {one_line(skill)!r} here",
        hint="`skills` lists what there is.",
    )
