"""Examples of questions about the code, as skills get them: with places that a search might have found."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from agent_core.agent.choose import choice_schema, describe
from agent_core.agent.markdown import fenced
from agent_core.llm.port import ToolSpec
from agent_core.rl.gepa.code import Code
from agent_core.rl.gepa.examples import (
    Cites,
    Edits,
    Example,
    Judges,
    Looks,
    Names,
    Place,
    Plans,
    Side,
    Source,
    common_side,
    id_of,
    number_of,
)
from agent_core.rl.gepa.lines import changed_lines
from agent_core.text import one_line, printable, shorten

_OTHERS = 2
_CANDIDATES = 6
_LONGEST_QUESTION = 300
_MOST_CHANGED = 40
_AROUND = (40, 20, 8, 3)
"""Lines around a change that are shown of its file, the most that fits."""


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """What examples are made of.

    Args:
        code: The code as it is now.
        mask: Hides secrets.
        room: Characters that the inputs of one call may take.
        tools: The tools that are offered.
        native: Whether the model calls them natively.
    """

    code: Code
    mask: Callable[[str], str]
    room: int
    tools: tuple[ToolSpec, ...] = ()
    native: bool = False

    def said(self, text: str) -> str:
        """What a person wrote, as a question."""
        return shorten(one_line(self.mask(text)), _LONGEST_QUESTION)


def asked(
    material: Material,
    question: str,
    places: Sequence[Place],
    *,
    names: Sequence[str] = (),
    key: str,
    source: Source,
    beside: Sequence[str] = (),
) -> list[Example]:
    """Examples of answering a question, and of looking for its answer.

    Args:
        material: What they are made of.
        question: The question.
        places: Where its answer stands, the best first.
        names: Names by which that can be found.
        key: What it is made of; the same key gives the same examples.
        source: Where it is from.
        beside: Other files that it is about.
    """
    side = common_side((*(place.path for place in places), *beside))
    if side is None or not places:
        return []
    shown = _shown(material, places, key=key, side=side)
    if shown is None:
        return []
    text, seen, goals = shown
    fields = {"places": text, "question": material.said(question)}
    found = [
        Example(
            id=id_of("conclude", key),
            target="ask.conclude",
            source=source,
            side=side,
            fields=fields,
            goal=Cites(goals, seen),
        )
    ]
    return [*found, *_looked(material, fields, places[0], names, key=key, source=source, side=side)]


def _shown(
    material: Material, places: Sequence[Place], *, key: str, side: Side
) -> tuple[str, tuple[Place, ...], tuple[Place, ...]] | None:
    """Places as text, those that are shown, and those of them that answer; in an order that says nothing."""
    code = material.code
    first = code.shown(places[0], int(material.room * 0.5))
    if first is None:
        return None
    about = frozenset(place.path for place in places)
    others = code.others(side, without=about, key=key, count=_OTHERS)
    rest = (material.room - len(first[0])) // max(1, len(others)) - 8
    beside = [made for place in others if (made := code.shown(place, min(rest, material.room // 4)))]
    rows = sorted([first, *beside], key=lambda row: number_of(key, row[1].path))
    goals = (first[1], *(place for place in places[1:] if place.path in about))
    return "\n\n".join(text for text, _ in rows), tuple(place for _, place in rows), goals


def _looked(
    material: Material,
    fields: dict[str, str],
    place: Place,
    names: Sequence[str],
    *,
    key: str,
    source: Source,
    side: Side,
) -> list[Example]:
    """An example of choosing what to look at next: every other time where the answer is shown already."""
    file = material.code.files.get(place.path)
    if not material.tools or file is None:
        return []
    text = file.cut(place.start, place.end)
    shown = number_of("shown", key) % 2 == 0
    goal = Looks(place.path, tuple(names), text, shown, material.native)
    fields = fields if shown else {**fields, "places": ""}
    if material.native:
        return [
            Example(
                id=id_of("act", key), target="ask.act", source=source, side=side, fields=fields, goal=goal
            )
        ]
    return [
        Example(
            id=id_of("choose", key),
            target="ask.choose",
            source=source,
            side=side,
            fields={**fields, "actions": describe(material.tools)},
            goal=goal,
            schema=choice_schema(material.tools),
        )
    ]


def located(
    material: Material, task: str, files: Sequence[str], places: Sequence[Place], *, key: str, source: Source
) -> list[Example]:
    """Examples of naming the files of a task, and of planning it."""
    from agent_core.skills.locate import schema

    side = common_side(files)
    if side is None:
        return []
    others = material.code.others(side, without=frozenset(files), key=key, count=_CANDIDATES - len(files))
    candidates = tuple(
        sorted((*files, *(place.path for place in others)), key=lambda path: number_of(key, "listed", path))
    )
    question = material.said(task)
    found: list[Example] = []
    listed = material.code.listed(candidates)
    if len(candidates) > len(files) and len(listed) <= material.room:
        found.append(
            Example(
                id=id_of("locate", key),
                target="locate.name",
                source=source,
                side=side,
                fields={"candidates": listed, "question": question},
                goal=Names(tuple(files), candidates),
                schema=schema(candidates),
            )
        )
    shown = _shown(material, places, key=key, side=side) if places else None
    if shown is not None:
        seen = tuple(dict.fromkeys(place.path for place in shown[1]))
        found.append(
            Example(
                id=id_of("plan", key),
                target="plan.draft",
                source=source,
                side=side,
                fields={"places": shown[0], "question": question},
                goal=Plans((places[0].path,), seen),
            )
        )
    return found


def edited(
    material: Material, task: str, path: str, before: str, after: str, *, key: str, source: Source
) -> list[Example]:
    """An example of changing a file: as much of it is shown as fits, around what was changed."""
    side = common_side((path,))
    changed = changed_lines(before, after)
    shown = _around(before, after, material.room - 200)
    if side is None or not 1 <= len(changed) <= _MOST_CHANGED or not shown:
        return []
    text = material.mask(shown)
    if text != shown or printable(before) != before:
        return []  # an edit could not be written against what is hidden
    return [
        Example(
            id=id_of("edit", key),
            target="edit.write",
            source=source,
            side=side,
            fields={"files": f"{path}\n{fenced(text)}", "question": material.said(task)},
            goal=Edits(path, before, after),
        )
    ]


def _around(before: str, after: str, room: int) -> str:
    """The file as it was, or the lines around its change, in at most so many characters; "" for none."""
    if len(before) <= room:
        return before
    old, new = before.splitlines(), after.splitlines()
    first = next(
        (n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
    )
    tail = next(
        (n for n, (a, b) in enumerate(zip(reversed(old), reversed(new), strict=False)) if a != b),
        min(len(old), len(new)),
    )
    last = max(first, len(old) - tail)
    for around in _AROUND:
        start, end = max(0, first - around), min(len(old), last + around)
        parts = [
            *([f"[{start} lines not shown]"] if start else []),
            *old[start:end],
            *([f"[{len(old) - end} lines not shown]"] if end < len(old) else []),
        ]
        if len(text := "\n".join(parts)) <= room:
            return text
    return ""


def reviewed(
    material: Material,
    task: str,
    diff: str,
    files: Sequence[str],
    *,
    accepted: bool,
    key: str,
    source: Source,
) -> list[Example]:
    """An example of judging a change."""
    from agent_core.skills.review import SCHEMA

    side = common_side(files)
    if side is None or not diff.strip() or len(diff) > material.room:
        return []
    return [
        Example(
            id=id_of("review", key),
            target="review.judge",
            source=source,
            side=side,
            fields={"question": material.said(task), "diff": material.mask(printable(diff))},
            goal=Judges(accepted),
            schema=SCHEMA,
        )
    ]
