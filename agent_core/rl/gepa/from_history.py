"""Examples from the history: a commit says in its subject what its files are about."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent_core.code.roles import role
from agent_core.code.terms import analyse
from agent_core.rl.gepa.examples import Example, Place, Tells, common_side, id_of, number_of
from agent_core.rl.gepa.history import Commit, FileDiff, contents
from agent_core.rl.gepa.making import Material, asked, edited, located, reviewed
from agent_core.text import printable
from agent_core.workspace import Workspace

_MOST_FILES = 3
_LEAST_WORDS = 2
_LEAST_SHARED = 0.3
_MOST_EDITS = 48
_EARLIER = 3
_ROUTINE = re.compile(
    r"^(?:merge|revert|release|bump|version|update (?:dependenc|changelog|version)|v?\d+\.\d+|wip\b|\w+!)",
    re.IGNORECASE,
)


async def from_history(workspace: Workspace, history: Sequence[Commit], material: Material) -> list[Example]:
    """Examples of commits that are about one to three source files which are still there, all on one side."""
    told = [(commit, files) for commit in history if (files := _telling(commit, material))]
    found: list[Example] = []
    edits = 0
    for number, (commit, files) in enumerate(told):
        found += _about(commit, files, material)
        found += _message(commit, files, told, material)
        found += _review(number, told, material)
        if len(files) == 1 and edits < _MOST_EDITS:
            texts = await contents(workspace, commit.id, files[0].path)
            if texts is not None:
                found += edited(
                    material, commit.subject, files[0].path, *texts, key=commit.id, source="history"
                )
                edits += 1
    return found


def _telling(commit: Commit, material: Material) -> tuple[FileDiff, ...]:
    """The source files that a commit is about; none where it says nothing about them, or of too many."""
    if _ROUTINE.match(commit.subject) or len(analyse(commit.subject).stems) < _LEAST_WORDS:
        return ()
    sources = tuple(file for file in commit.files if role(file.path) == "source")
    are_there = all(file.path in material.code.files for file in sources)
    if not 1 <= len(sources) <= _MOST_FILES or not are_there:
        return ()
    return sources if common_side(file.path for file in sources) is not None else ()


def _places(files: Sequence[FileDiff], material: Material) -> list[Place]:
    """Where what a commit added stands now, the most of it first."""
    found: list[tuple[int, Place]] = []
    for file in files:
        now, came = material.code.files[file.path], set(file.came())
        for chunk in now.parsed.chunks:
            shared = sum(line.strip() in came for line in chunk.text.split("\n") if len(line.strip()) > 3)
            if shared and shared >= _LEAST_SHARED * len(came):
                found.append((shared, Place(file.path, chunk.start, chunk.end)))
    found.sort(key=lambda row: (-row[0], row[1].path, row[1].start))
    return [place for _, place in found[:4]]


def _about(commit: Commit, files: Sequence[FileDiff], material: Material) -> list[Example]:
    places = _places(files, material)
    if not places:
        return []
    paths = tuple(file.path for file in files)
    why = bool(commit.body) and number_of("why", commit.id) % 2 == 0
    ask = "Why, and where, is this done: {}?" if why else "Where is this done: {}?"
    question = ask.format(commit.subject.rstrip(".?"))
    names = _names(places[0], material)
    return [
        *asked(material, question, places, names=names, key=commit.id, source="history", beside=paths),
        *located(material, commit.subject, paths, places, key=commit.id, source="history"),
    ]


def _names(place: Place, material: Material) -> tuple[str, ...]:
    """What a place defines, by the names that can be looked for."""
    file = material.code.files[place.path]
    inside = (one for one in file.symbols if one.start <= place.end and one.end >= place.start)
    return tuple(dict.fromkeys(one.name.rpartition(".")[2] for one in inside))[:6]


def _diff(files: Sequence[FileDiff]) -> str:
    return "\n".join(file.text for file in files)


def _message(
    commit: Commit,
    files: Sequence[FileDiff],
    told: Sequence[tuple[Commit, tuple[FileDiff, ...]]],
    material: Material,
) -> list[Example]:
    """An example of writing the message, after those of other commits of the same side."""
    side = common_side(file.path for file in files)
    diff = material.mask(printable(_diff(files)))
    if side is None or len(diff) > material.room:
        return []
    fitting = [
        other.subject
        for other, touched in told
        if other.id != commit.id and common_side(file.path for file in touched) == side
    ]
    fitting.sort(key=lambda subject: number_of(commit.id, subject))
    earlier = "\n".join(map(material.said, fitting[:_EARLIER]))
    return [
        Example(
            id=id_of("message", commit.id),
            target="commit.message",
            source="history",
            side=side,
            fields={"earlier": earlier, "diff": diff},
            goal=Tells(material.said(commit.subject)),
        )
    ]


def _review(
    number: int, told: Sequence[tuple[Commit, tuple[FileDiff, ...]]], material: Material
) -> list[Example]:
    """The change as what its subject asks for, or every other time as what another one asks for."""
    commit, files = told[number]
    paths = [file.path for file in files]
    if number_of("review", commit.id) % 2:
        other = _another(number, told)
        if other is None:
            return []
        return reviewed(
            material, other.subject, _diff(files), paths, accepted=False, key=commit.id, source="history"
        )
    return reviewed(
        material, commit.subject, _diff(files), paths, accepted=True, key=commit.id, source="history"
    )


def _another(number: int, told: Sequence[tuple[Commit, tuple[FileDiff, ...]]]) -> Commit | None:
    """A commit of the same side that touches no file of this one, the same one always."""
    commit, files = told[number]
    touched, side = set(commit.touched), common_side(file.path for file in files)
    fitting = [
        other
        for other, others in told
        if not touched & set(other.touched) and common_side(file.path for file in others) == side
    ]
    return min(fitting, key=lambda other: number_of(commit.id, other.id), default=None)
