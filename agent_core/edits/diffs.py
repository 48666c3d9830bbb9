"""Unified diffs, from git or not, as models write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent_core.edits.model import Delete, Edit, Fault, Move, Replace, Write

_HUNK = re.compile(r"^@@+\s*-(\d+)(?:,(\d+))?\s+\+(\d+)(?:,(\d+))?\s*@@+ ?(.*)$")
_LOOSE = re.compile(r"^@@(.*?)(?:@@.*)?$")
_HEADS = (
    "index ", "old mode ", "new mode ", "similarity index", "dissimilarity index", "copy from ", "copy to ",
    "Binary files ", "GIT binary patch",
)  # fmt: skip
_NOWHERE = "/dev/null"
_STAMP = re.compile(r"\t.*$|\s+\d{4}-\d\d-\d\d[ T]\d\d:\d\d.*$")
_GIT = re.compile(r'^diff --git "?a/(.+?)"? "?b/(.+?)"?$')


def starts(lines: Sequence[str], index: int) -> bool:
    """Whether a diff begins at this line (from 0)."""
    line = lines[index]
    return line.startswith("diff --git ") or _header(lines, index)


def looks_like_one(lines: Sequence[str]) -> bool:
    """Whether the lines of a fence are a diff."""
    first = next((index for index, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return False
    return starts(lines, first) or (_HUNK.match(lines[first]) is not None)


def _header(lines: Sequence[str], index: int) -> bool:
    return (
        lines[index].startswith("--- ")
        and index + 1 < len(lines)
        and lines[index + 1].startswith("+++ ")
        and len(lines[index]) > len("--- ")
    )


class DiffReader:
    """Reads one diff of any number of files.

    `path` is the file of hunks that name none. `fenced`: the lines are all the diff's, so that one without a
    mark is context; otherwise such a line ends it. `cut`: the reply broke off at the last line. `groups`
    numbers files, so that hunks of one are known to be in order.
    """

    def __init__(
        self, lines: Sequence[str], *, at: int, path: str, fenced: bool, cut: bool, group: int
    ) -> None:
        self._lines, self._at, self._path = lines, at, path
        self._fenced, self._cut, self.group = fenced, cut, group
        self.edits: list[Edit] = []
        self.faults: list[Fault] = []
        self._old = self._new = path
        self._executable = False

    def read(self, start: int = 0) -> int:
        """Read from line `start`; the line after the diff."""
        index = start
        while index < len(self._lines):
            line = self._lines[index]
            if line.startswith("diff --git "):
                index = self._git_header(index)
            elif _header(self._lines, index):
                index = self._names(index)
            elif line.startswith("@@") or (line[:1] in "+- " and line.strip() and self._path):
                index = self._hunk(index)
            elif not line.strip() or line.startswith(_HEADS) or self._fenced:
                index += 1
            else:
                break
        return index

    def _git_header(self, index: int) -> int:
        match = _GIT.match(self._lines[index])
        self._old, self._new = (match[1], match[2]) if match else ("", "")
        self._path, self._executable = self._new, False
        self.group += 1
        began = index
        deleted = created = False
        moved_from = moved_to = ""
        index += 1
        while index < len(self._lines):
            line = self._lines[index]
            if line.startswith("new file mode "):
                created, self._executable = True, line.rstrip().endswith("755")
            elif line.startswith("deleted file mode "):
                deleted = True
            elif line.startswith("rename from "):
                moved_from = line.removeprefix("rename from ").strip()
            elif line.startswith("rename to "):
                moved_to = line.removeprefix("rename to ").strip()
            elif line.startswith(("Binary files ", "GIT binary patch")):
                self.faults.append(
                    Fault(message="A binary patch cannot be applied.", path=self._path, line=self._at + index)
                )
            elif not line.startswith(_HEADS):
                break
            index += 1
        line_of = self._at + began
        if moved_from and moved_to:
            self.edits.append(Move(path=moved_from, to=moved_to, form="diff", line=line_of))
            self._path = moved_to
        bare = index >= len(self._lines) or not _header(self._lines, index)
        if bare and deleted:
            self.edits.append(Delete(path=self._old, form="diff", line=line_of))
        elif bare and created:
            self.edits.append(
                Write(
                    path=self._new,
                    lines=(),
                    form="diff",
                    line=line_of,
                    fresh=True,
                    executable=self._executable,
                )
            )
        return index

    def _names(self, index: int) -> int:
        old = _name(self._lines[index][4:])
        new = _name(self._lines[index + 1][4:])
        if old.startswith("a/") and new.startswith("b/"):
            old, new = old[2:], new[2:]
        elif old == _NOWHERE and new.startswith("b/"):
            new = new[2:]
        elif new == _NOWHERE and old.startswith("a/"):
            old = old[2:]
        if self._path != new or not self.edits or not isinstance(self.edits[-1], Move):
            self.group += 1
        self._old, self._new = old, new
        self._path = old if new == _NOWHERE else new
        return index + 2

    def _hunk(self, index: int) -> int:
        began = index
        header = self._lines[index] if self._lines[index].startswith("@@") else ""
        near, within, counts = _place(header)
        index += 1 if header else 0
        body = _Body()
        while index < len(self._lines) and not self._ends(index, body, counts):
            body.take(self._lines[index])
            index += 1
        at_end = index >= len(self._lines)
        body.trim()
        if not self._path:
            self._fault(
                began, "The hunk names no file: `--- a/PATH` and `+++ b/PATH` have to stand before it."
            )
        elif self._cut and at_end:
            self._fault(began, "The reply ends inside this hunk. Send the whole hunk.")
        elif self._old == _NOWHERE:
            self._create(began, body)
        elif self._new == _NOWHERE and self._path == self._old:
            if not any(isinstance(edit, Delete) and edit.path == self._path for edit in self.edits):
                self.edits.append(Delete(path=self._path, form="diff", line=self._at + began))
        elif body.changes:
            self._replace(began, body, near, within)
        return index

    def _ends(self, index: int, body: _Body, counts: tuple[int, int] | None) -> bool:
        line = self._lines[index]
        if line.startswith(("@@", "diff --git ")) or _header(self._lines, index):
            return True
        if self._fenced or line[:1] in ("+", "-", " ", "\\"):
            return False
        if line.strip():
            return True
        if counts and body.old >= counts[0] and body.new >= counts[1]:
            return True
        following = next((text for text in self._lines[index:] if text.strip()), "")
        return following[:1] not in ("+", "-", " ", "@")

    def _create(self, began: int, body: _Body) -> None:
        self.edits.append(
            Write(
                path=self._new,
                lines=tuple(body.replace),
                form="diff",
                line=self._at + began,
                fresh=True,
                executable=self._executable,
                final=body.final is not False,
            )
        )

    def _replace(self, began: int, body: _Body, near: int, within: tuple[str, ...]) -> None:
        self.edits.append(
            Replace(
                path=self._path,
                search=tuple(body.search),
                replace=tuple(body.replace),
                form="diff",
                line=self._at + began,
                near=near,
                within=within,
                group=self.group,
                final=body.final,
            )
        )

    def _fault(self, began: int, message: str) -> None:
        self.faults.append(Fault(message=message, path=self._path, line=self._at + began))


class _Body:
    """The lines of one hunk, sorted into what it searches and what it makes of that."""

    def __init__(self) -> None:
        self.search: list[str] = []
        self.replace: list[str] = []
        self.old = self.new = 0
        self.changes = False
        self._last = " "
        self._unmarked = 0
        self._no_end: set[str] = set()

    @property
    def final(self) -> bool | None:
        """What the hunk says of the last line end; None when it changes nothing of it."""
        if self._no_end == {"-"}:
            return True
        return False if self._no_end == {"+"} else None

    def take(self, line: str) -> None:
        """Sort in a line."""
        mark = line[:1]
        if mark == "\\":
            self._no_end.update({" ": "-+"}.get(self._last, self._last))
            return
        self._unmarked = self._unmarked + 1 if not mark else 0
        text = line[1:] if mark in ("+", "-", " ") else line
        if mark != "+":
            self.search.append(text)
            self.old += 1
        if mark != "-":
            self.replace.append(text)
            self.new += 1
        self.changes = self.changes or mark in ("+", "-")
        self._last = mark if mark in ("+", "-") else " "

    def trim(self) -> None:
        """Drop the empty lines at the end that bear no mark: they stand between the diff and what follows."""
        if self._unmarked:
            del self.search[-self._unmarked :]
            del self.replace[-self._unmarked :]
            self._unmarked = 0


def _name(text: str) -> str:
    return _STAMP.sub("", text.rstrip()).strip().strip('"')


def _place(header: str) -> tuple[int, tuple[str, ...], tuple[int, int] | None]:
    """The old line number, the headings and the two counts that a hunk's header gives."""
    match = _HUNK.match(header)
    if match:
        counts = (int(match[2] or 1), int(match[4] or 1))
        heading = match[5].strip()
        return int(match[1]), (heading,) if heading else (), counts
    loose = _LOOSE.match(header)
    heading = loose[1].strip() if loose else ""
    after = header.rpartition("@@")[2].strip() if header.count("@@") > 1 else ""
    heading = after or heading
    if not heading or set(heading) <= set(".…-+, 0123456789"):
        return 0, (), None
    return 0, (heading,), None
