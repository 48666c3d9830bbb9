"""Edits out of a model's reply, in whatever of the usual forms it writes them, also several in one reply."""

from __future__ import annotations

import re
from itertools import accumulate

import msgspec

from agent_core.edits import blocks, diffs, naming, objects, patches
from agent_core.edits.model import Edit, Fault, Parsed, Write

_FENCE = re.compile(r"^(\s*)(`{3,}|~{3,})\s*(.*?)\s*$")
_THINK = re.compile(r"^\s*<(think|thinking)>")
_ABOVE = 2
"""So many empty lines may stand between the name of a file and its fence."""
_INSIDE = 4
"""Within so many lines of a fence a block or a patch begins."""
_DIFF_INFO = {"diff", "patch", "udiff", "gitdiff"}
_NO_FILE_INFO = {
    "bash",
    "sh",
    "shell",
    "console",
    "zsh",
    "powershell",
    "terminal",
    "output",
    "text",
    "log",
    "plaintext",
}


class _Fence(msgspec.Struct):
    """An open fence whose lines are read like those outside of it."""

    marks: str
    path: str


def parse_edits(reply: str, *, known: naming.Known, default: str = "") -> Parsed:
    """What the reply asks for.

    Accepted, in any mixture: search/replace blocks, unified diffs, the `*** Begin Patch` form, JSON objects,
    and fences with a whole file. Reasoning between `<think>` tags and prose are passed over.

    Args:
        reply: The model's answer.
        known: Whether the workspace has a file of this path, as the model wrote it.
        default: The file that edits are meant for which name none.
    """
    return _Scan(reply, known, default).parsed()


class _Scan:
    def __init__(self, reply: str, known: naming.Known, default: str) -> None:
        text = reply.replace("\r\n", "\n").replace("\r", "\n")
        self._text = text
        self._lines = text.split("\n")
        self._offsets = [0, *accumulate(len(line) + 1 for line in self._lines)]
        self._known = known
        self._path = default
        """The file of the last edit: one that names none means it again."""
        self._edits: list[Edit] = []
        self._faults: list[Fault] = []
        self._fence: _Fence | None = None
        self._group = 0
        self._floor = 0
        """Lines above this one belong to an edit, and name no other."""

    def parsed(self) -> Parsed:
        """Read it all."""
        index = self._reasoned()
        while index < len(self._lines):
            after = self._step(index)
            if after > index + 1:
                self._floor = after
            index = after
        return Parsed(edits=tuple(self._edits), faults=tuple(self._faults))

    def _reasoned(self) -> int:
        """The line after reasoning that the reply begins with; its opening tag may be missing."""
        for index, line in enumerate(self._lines):
            if re.match(r"^\s*</think(?:ing)?>", line):
                return index + 1
            if _THINK.match(line) or blocks.opens(line) or _FENCE.match(line) or patches.starts(line):
                break
        return 0

    def _step(self, index: int) -> int:
        line = self._lines[index]
        if self._fence is None and (tag := _THINK.match(line)):
            return self._after_thinking(index, tag[1])
        if blocks.opens(line):
            return self._block(index)
        if patches.starts(line):
            return self._patch(index)
        if match := _FENCE.match(line):
            return self._at_fence(index, match)
        if self._fence is not None:
            if found := self._named(line):
                self._fence.path = found
            return index + 1
        if diffs.starts(self._lines, index):
            return self._diff(index, len(self._lines), fenced=False, cut=False, path="")
        if line[:1] in ("{", "["):
            return self._objects(index, "")
        return index + 1

    def _after_thinking(self, index: int, tag: str) -> int:
        for at in range(index, len(self._lines)):
            if f"</{tag}>" in self._lines[at]:
                return at + 1
        return len(self._lines)

    # -- what names a file

    def _named(self, line: str) -> str:
        return naming.path_of_comment(line, self._known) or naming.path_of(line, self._known)

    def _above(self, index: int) -> str:
        """The path in the line above, if that is all it says."""
        for at in range(index - 1, max(index - 2 - _ABOVE, self._floor - 1), -1):
            if self._lines[at].strip():
                return self._named(self._lines[at])
        return ""

    # -- the forms

    def _block(self, index: int) -> int:
        read = blocks.read_block(self._lines, index, fenced=self._fence is not None)
        path = read.path or self._above(index) or (self._fence.path if self._fence else "") or self._path
        if read.fault is not None:
            self._faults.append(msgspec.structs.replace(read.fault, path=path))
        elif read.edit is not None and not path:
            message = "The block names no file: its path has to stand on the line before it."
            self._faults.append(Fault(message=message, line=index + 1))
        elif read.edit is not None:
            self._edits.append(msgspec.structs.replace(read.edit, path=path))
        self._path = path
        return read.end

    def _patch(self, index: int) -> int:
        reader = patches.PatchReader(self._lines, fenced=self._fence is not None, group=self._group)
        after = reader.read(index)
        self._take(reader.edits, reader.faults, reader.group)
        return after

    def _diff(self, start: int, end: int, *, fenced: bool, cut: bool, path: str) -> int:
        lines = self._lines[start:end]
        reader = diffs.DiffReader(
            lines, at=start + 1, path=path, fenced=fenced, cut=cut, group=self._group + 1
        )
        after = reader.read()
        self._take(reader.edits, reader.faults, reader.group)
        return start + max(after, 1)

    def _objects(self, start: int, path: str) -> int:
        offset = self._offsets[start]
        offset += len(self._lines[start]) - len(self._lines[start].lstrip())
        edits, end = objects.edits_of(self._text, offset, line=start + 1, path=path)
        self._take(edits, [], self._group)
        return start + self._text.count("\n", offset, end) + 1

    def _take(self, edits: list[Edit], faults: list[Fault], group: int) -> None:
        self._edits += edits
        self._faults += faults
        self._group = group
        if edits:
            self._path = edits[-1].path

    # -- fences

    def _at_fence(self, index: int, match: re.Match[str]) -> int:
        marks, info = match[2], match[3]
        if self._fence is not None and not info and marks.startswith(self._fence.marks):
            self._fence = None
            return index + 1
        path = naming.path_of_info(info, self._known) or self._above(index)
        if self._edits_begin(index + 1):
            self._fence = _Fence(marks, path)
            return index + 1
        self._fence = None
        end, cut = self._closing(index, match[1], marks)
        self._fenced(index + 1, end, info=info.lower().split(" ")[0], path=path, cut=cut)
        return end + 1

    def _edits_begin(self, start: int) -> bool:
        seen = 0
        for line in self._lines[start : start + 2 * _INSIDE]:
            if blocks.opens(line) or patches.starts(line):
                return True
            if _FENCE.match(line):
                return False
            seen += bool(line.strip())
            if seen >= _INSIDE:
                return False
        return False

    def _closing(self, index: int, indent: str, marks: str) -> tuple[int, bool]:
        """The line that closes the fence, and whether the reply ends before it.

        Files that hold fences themselves are often sent in marks that are no longer than theirs: an inner
        fence that says what it is of is taken to be closed by the next bare one.
        """
        depth = 1
        first = -1
        for at in range(index + 1, len(self._lines)):
            match = _FENCE.match(self._lines[at])
            if match is None or match[2][0] != marks[0] or len(match[2]) < len(marks) or match[1] != indent:
                continue
            if match[3]:
                depth += 1
                continue
            first = at if first < 0 else first
            depth -= 1
            if depth == 0:
                return at, False
        return (first, False) if first >= 0 else (len(self._lines), True)

    def _fenced(self, start: int, end: int, *, info: str, path: str, cut: bool) -> None:
        lines = self._lines[start:end]
        if info in _DIFF_INFO or diffs.looks_like_one(lines):
            self._diff(start, end, fenced=True, cut=cut, path=path or self._path)
            return
        before = len(self._edits)
        if lines and lines[0].lstrip()[:1] in ("{", "["):
            self._objects(start, path or self._path)
        if len(self._edits) > before:
            return
        text = "\n".join(lines)
        if info in ("json", "") and not path and objects.means_edits(text):
            message = "The JSON of these edits cannot be read: it is not valid, or it names no file."
            self._faults.append(Fault(message=message, line=start))
            return
        if info not in _NO_FILE_INFO or naming.path_of_info(info, self._known):
            self._whole(start, lines, path=path, cut=cut)

    def _whole(self, start: int, lines: list[str], *, path: str, cut: bool) -> None:
        if not path and lines:
            path = naming.path_of_comment(lines[0], self._known)
        if not path:
            return
        if cut:
            message = "The reply ends inside this file. Send it whole, or only the lines that change."
            self._faults.append(Fault(message=message, path=path, line=start))
            return
        self._edits.append(Write(path=path, lines=tuple(lines), form="file", line=start))
        self._path = path
