"""What putting files back consists of: one step for each path, their order, and what stands in their way."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from agent_core.checkpoints.places import Stamp, look, way_is_free
from agent_core.checkpoints.states import ROOT, State, is_folder, kind_of


class Step(msgspec.Struct, frozen=True, array_like=True):
    """One path: what lies there `now`, and what shall lie there `then`; None is nothing."""

    path: bytes
    now: State | None
    then: State | None

    @property
    def name(self) -> str:
        """The path as Python has it."""
        return os.fsdecode(self.path)

    @property
    def back(self) -> Step:
        """The step that takes this one back."""
        return Step(self.path, self.then, self.now)


class Obstacle(msgspec.Struct, frozen=True):
    """A path that is not as expected, and what is the matter with it."""

    path: str
    what: str


class Blocked(Exception):
    """Some paths are not as expected; nothing was done."""

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        super().__init__(f"{len(obstacles)} paths are not as expected")
        self.obstacles = tuple(obstacles)


def obstacles(root: Path, steps: Sequence[Step]) -> tuple[list[Obstacle], dict[bytes, Stamp | None]]:
    """What stands in the way of the steps, and the stamps of their paths."""
    goes = {step.name for step in steps if not is_folder(step.now)}
    comes = {step.name for step in steps if is_folder(step.then)}
    opening = {step.name for step in steps if is_folder(step.now)}
    stamps: dict[bytes, Stamp | None] = {}
    found: list[Obstacle] = []
    for step in steps:
        try:
            here = look(root, step.name)
        except OSError as error:
            found.append(Obstacle(step.name, f"cannot be read ({error.strerror or error})"))
            continue
        stamps[step.path] = here.stamp
        what = _difference(step, here.state)
        if not what and step.then is not None:
            what = way_is_free(root, step.name, goes, comes)
        if not what and is_folder(step.now) and step.then is not None and not is_folder(step.then):
            what = _strangers(root, step.name, steps)
        if not what:
            what = _shut(root, step.name, opening)
        if what:
            found.append(Obstacle(step.name, what))
    return found, stamps


def _difference(step: Step, here: State | None) -> str:
    expected = step.now
    if expected == here or (is_folder(expected) and here is None):
        return ""  # a folder that is gone already is no loss
    if here is None:
        return "has been deleted since"
    if expected is None:
        return "" if is_folder(here) and is_folder(step.then) else "has been created since"
    if kind_of(expected) != kind_of(here):
        return f"is a {kind_of(here)} since"
    if expected.id == here.id:
        return "has other permissions since"
    return "has been changed since"


def _strangers(root: Path, folder: str, steps: Sequence[Step]) -> str:
    """A folder that has to make room for a file must hold nothing but what goes too."""
    going = {step.name for step in steps if step.then is None}
    with suppress(OSError):
        for name in os.listdir(root / folder):  # noqa: PTH208 - names are all that is needed
            if f"{folder}/{name}" not in going:
                return "has other files in it since"
    return ""


def _shut(root: Path, path: str, opening: set[str]) -> str:
    """Why nothing can be done in the folder of a path; "" where it can, if need be once it is opened."""
    folder = os.path.dirname(path)  # noqa: PTH120 - a text
    parent = root / folder
    if not parent.is_dir() or os.access(parent, os.W_OK):
        return ""
    if (folder or ROOT) in opening and parent.stat().st_uid == os.geteuid():
        return ""
    return f"lies in {folder or 'a folder'}, which is read-only"


def ordered(steps: Sequence[Step]) -> list[Step]:
    """What goes, deepest first; then what comes, folders before what lies in them."""
    going = [
        step for step in steps if step.then is None or (is_folder(step.then) and not is_folder(step.now))
    ]
    leaving = [step for step in going if step.then is None]
    rooms = [step for step in going if step.then is not None]
    coming = [step for step in steps if step.then is not None and not is_folder(step.then)]
    leaving.sort(key=lambda step: (is_folder(step.now), -depth(step), step.path))
    rooms.sort(key=lambda step: (depth(step), step.path))
    coming.sort(key=lambda step: step.path)
    return [*leaving, *rooms, *coming]


def depth(step: Step) -> int:
    """How deep its path lies; the root is above all."""
    return -1 if step.name == ROOT else step.path.count(b"/")


def opened(mode: int) -> int:
    """A folder's mode with what its owner needs to change what lies in it."""
    return mode | 0o700
