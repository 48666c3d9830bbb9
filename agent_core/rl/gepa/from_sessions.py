"""Examples from saved sessions: what was accepted, what was refused, and what was undone."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any, cast

import msgspec

from agent_core.errors import AgentError
from agent_core.events import ApprovalGiven, ApprovalNeeded, ProposedFile, TurnFinished, TurnStarted
from agent_core.rl.gepa.examples import Example, Place
from agent_core.rl.gepa.making import Material, asked, edited, located, reviewed
from agent_core.session.saved.model import Record
from agent_core.session.saved.store import SavedSessions
from agent_core.workspace import Workspace

_MOST_SESSIONS = 60
_MOST_BYTES = 8 * 1024 * 1024
_MOST_FILES = 3


class Done(msgspec.Struct, kw_only=True):
    """A task of a session: what was asked, and what became of it.

    `accepted` is None where no change was proposed; `cited` are places that the answer cites.
    """

    id: str
    text: str
    files: tuple[ProposedFile, ...] = ()
    accepted: bool | None = None
    verified: bool = False
    cited: tuple[Place, ...] = ()
    changed: tuple[str, ...] = ()


def sessions_of(workspace: Workspace) -> Iterator[list[Done]]:
    """The tasks of each of the last sessions; reads files, so it belongs into a thread."""
    saved = SavedSessions(workspace)
    for row in saved.list()[:_MOST_SESSIONS]:
        if row.size <= _MOST_BYTES:
            try:
                loaded = saved.load(row.id)
            except AgentError:
                continue
            yield tasks_in(loaded.records)


def tasks_in(records: Iterable[Record]) -> list[Done]:
    """The tasks in the records of a session, in their order. What was undone right after was not accepted."""
    tasks: dict[str, Done] = {}
    asked_for: dict[str, tuple[str, tuple[ProposedFile, ...]]] = {}
    last = ""
    for record in records:
        match record.event:
            case TurnStarted(turn_id=turn, text=text, kind="task"):
                tasks[turn] = Done(id=turn, text=text)
                last = turn
            case TurnStarted(text=text, kind="command"):
                if text.strip().removeprefix("/").split(" ")[0] == "undo" and last in tasks:
                    tasks[last].accepted = False if tasks[last].accepted is not None else None
                last = ""
            case ApprovalNeeded(turn_id=turn, call_id=call, files=files) if files:
                asked_for[call] = (turn, files)
            case ApprovalGiven(turn_id=turn, call_id=call, decision=decision) if call in asked_for:
                if turn in tasks:
                    tasks[turn].files = asked_for[call][1]
                    tasks[turn].accepted = decision != "no"
            case TurnFinished(turn_id=turn, outcome=outcome, data=data) if turn in tasks:
                task = tasks[turn]
                task.verified = outcome == "verified"
                task.cited = tuple(_places(data.get("hits")))
                task.changed = tuple(path for path in _listed(data.get("changed")) if isinstance(path, str))
            case _:
                pass
    return list(tasks.values())


def _listed(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _places(hits: Any) -> Iterator[Place]:
    for hit in _listed(hits):
        try:
            yield msgspec.convert(hit, Place)
        except msgspec.ValidationError:
            continue


def from_sessions(sessions: Iterable[list[Done]], material: Material) -> list[Example]:
    """Examples of what people asked here, as far as it shows what a good answer has."""
    found: list[Example] = []
    for tasks in sessions:
        for number, task in enumerate(tasks):
            if task.accepted is not None:
                found += _proposed(task, material)
            elif task.cited:
                found += _answered(task, tasks[number + 1 :], material)
    return found


def _proposed(task: Done, material: Material) -> list[Example]:
    """A change that was decided about: what was asked for, its files, its text, and the decision."""
    files = [file for file in task.files if file.before is not None and file.after is not None]
    paths = tuple(file.path for file in files)
    if not 1 <= len(files) <= _MOST_FILES or len(files) != len(task.files):
        return []
    key = f"{task.id}:{'yes' if task.accepted else 'no'}"
    diff = "\n".join(map(_diff, files))
    found = reviewed(
        material, task.text, diff, paths, accepted=bool(task.accepted), key=key, source="sessions"
    )
    if not task.accepted:
        return found
    there = [path for path in paths if path in material.code.files]
    if len(there) == len(paths):
        places = [place for file in files if (place := _place(file, material)) is not None]
        found += located(material, task.text, paths, places, key=key, source="sessions")
    if len(files) == 1:
        before, after = files[0].before or "", files[0].after or ""
        found += edited(material, task.text, paths[0], before, after, key=key, source="sessions")
    return found


def _place(file: ProposedFile, material: Material) -> Place | None:
    """Where the change stands in the file as it is now."""
    now = material.code.files.get(file.path)
    before = set((file.before or "").splitlines())
    came = [line for line in (file.after or "").splitlines() if line.strip() and line not in before]
    if now is None:
        return None
    lines = now.lines
    at = next((number for number, line in enumerate(lines, 1) if line in came), 0)
    chunk = now.chunk_at(at, at) if at else None
    return Place(file.path, chunk.start, chunk.end) if chunk is not None else None


def _answered(task: Done, later: Iterable[Done], material: Material) -> list[Example]:
    """A question whose answer cited a file that was then changed, and the change verified or accepted."""
    changed = {
        path
        for other in later
        if other.accepted or (other.verified and other.changed)
        for path in other.changed
    }
    places: list[Place] = []
    for cited in task.cited:
        file = material.code.files.get(cited.path)
        chunk = file.chunk_at(cited.start, cited.end) if file and cited.path in changed else None
        if chunk is not None:
            places.append(Place(cited.path, chunk.start, chunk.end))
    if not places:
        return []
    home = places[0].path
    wanted = list(dict.fromkeys(place for place in places if place.path == home))
    return asked(material, task.text, wanted, key=task.id, source="sessions")


def _diff(file: ProposedFile) -> str:
    old, new = (file.before or "").splitlines(), (file.after or "").splitlines()
    name = (f"a/{file.path}", f"b/{file.path}")
    return "\n".join(difflib.unified_diff(old, new, *name, lineterm="", n=3))
