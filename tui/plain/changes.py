"""A proposed change read out before it is written: files, hunks, lines, and what of it is chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from agent_core.changes.hunks import Hunk
from agent_core.changes.model import Chosen
from agent_core.events import ApprovalNeeded, Decision
from agent_core.plain import in_words
from agent_core.text import one_line, plural, printable
from agent_core.verify.saying import headline, place
from tui.asking_said import rules_of
from tui.plain.lines import Lines
from tui.widgets.diff.draft import FileDraft, chosen_of, drafts, lines_of, put, rewritten, toggled, wanted_of

_SIDES = {"-": "removed, line ", "+": "added, line "}
_FINDINGS = 10
_HOW = (
    "You can also say: list; show 1 or show 1.1 reads a file or a hunk again; skip 1.1 leaves it out,"
    " take 1.1 takes it after all; edit 1 opens the file in your editor."
)
_ANSWER = "Answer yes, always, or no. No is the default: "


class Review:
    """Reads a change out and asks what of it is wanted."""

    def __init__(
        self, lines: Lines, question: ApprovalNeeded, *, edit: Callable[[str, str], str | None]
    ) -> None:
        self._lines, self._question, self._edit = lines, question, edit
        self._files = drafts(question.files)

    def ask(self) -> tuple[Decision, Chosen]:
        """The decision and what is wanted; raises EOFError and KeyboardInterrupt."""
        self._introduce()
        while True:
            typed = self._lines.read(_ANSWER).strip()
            word, _, rest = typed.lower().partition(" ")
            match word:
                case "" | "n" | "no":
                    return "no", Chosen()
                case "y" | "yes" | "a" | "always" if not rest:
                    if wanted_of(self._files)[0]:
                        return "always" if word[0] == "a" else "once", chosen_of(self._files)
                    self._lines.say(["Everything is skipped: say no, or take something."])
                case "list":
                    self._lines.say(self._listed())
                case "show" | "skip" | "take" | "edit":
                    self._with(word, rest)
                case _:
                    self._lines.say(["That is none of the answers.", _HOW])

    def _introduce(self) -> None:
        question = self._question
        added, removed = lines_of(self._files)
        lines = [
            f"Question: change {plural(len(self._files), 'file')}?"
            f" {plural(added, 'line')} added, {removed:,} removed."
        ]
        if question.reason:
            lines += [f"  {line}" for line in in_words(printable(question.reason)).split("\n")]
        for report in question.reports:
            if not report.findings:
                continue  # how it ended is in the reason
            lines.append(f"Check: {in_words(headline(report))}.")
            lines += [f"  {place(each)}: {one_line(each.message)}" for each in report.findings[:_FINDINGS]]
        for number, file in enumerate(self._files, 1):
            lines += _file_in_words(number, file)
        if question.rule:
            lines += ["always would add:", *(f"  {rule}" for rule in rules_of(question.rule))]
        self._lines.say([*lines, _HOW])

    def _listed(self) -> list[str]:
        wanted, total = wanted_of(self._files)
        lines = [f"{wanted} of {plural(total, 'part')} wanted."]
        for number, file in enumerate(self._files, 1):
            state = {"all": "wanted", "part": "wanted in part", "none": "skipped"}[file.state]
            lines.append(f"{number}: {one_line(file.path)}, {state}")
            if file.slots > 1:
                lines += [
                    f"  {number}.{hunk.number + 1}: {'wanted' if file.wants(hunk.number) else 'skipped'}"
                    for hunk in file.hunks
                ]
        return lines

    def _with(self, word: str, rest: str) -> None:
        spot = self._spot(rest)
        if spot is None:
            self._lines.say([f"Type {word} and a file's number, or a hunk's such as 1.2; list says which."])
            return
        at, hunk = spot
        file = self._files[at]
        if word == "show":
            lines = _file_in_words(at + 1, file)
            self._lines.say(lines if hunk is None else _hunk_in_words(at + 1, file.hunks[hunk]))
        elif word == "edit":
            self._edited(at)
        else:
            self._choose(at, hunk, wanted=word == "take")
            self._lines.say(self._listed())

    def _spot(self, typed: str) -> tuple[int, int | None] | None:
        first, dot, second = typed.strip().partition(".")
        if not (first.isascii() and first.isdigit()) or not 1 <= int(first) <= len(self._files):
            return None
        at = int(first) - 1
        if not dot:
            return at, None
        fits = second.isascii() and second.isdigit() and 1 <= int(second) <= len(self._files[at].hunks)
        return (at, int(second) - 1) if fits else None

    def _choose(self, at: int, hunk: int | None, *, wanted: bool) -> None:
        file = self._files[at]
        if hunk is None or file.slots == 1:
            for each in (at, file.twin):
                if each >= 0:
                    self._files[each] = put(self._files[each], wanted)
        elif file.wants(hunk) != wanted:
            self._files = toggled(self._files, at, hunk)

    def _edited(self, at: int) -> None:
        file = self._files[at]
        if file.kind == "deleted" or file.whole:
            self._lines.say(["That file cannot be edited here."])
            return
        text = self._edit(file.path, file.text())
        if text is None or text == file.text():
            self._lines.say(["It stays as it was proposed."])
            return
        self._files[at] = replace(rewritten(file, text), twin=file.twin, twin_path=file.twin_path)
        self._lines.say(["As you edited it:", *_file_in_words(at + 1, self._files[at])])


def _file_in_words(number: int, file: FileDraft) -> list[str]:
    moved = f" from {one_line(file.twin_path)}" if file.kind == "renamed" and file.change.after else ""
    counts = f"{plural(file.added, 'line')} added, {file.removed:,} removed"
    lines = [f"File {number} of the change: {one_line(file.path)}, {file.kind}{moved}, {counts}."]
    if file.note:
        lines.append(f"  Note: {one_line(file.note)}")
    for hunk in file.hunks:
        lines += _hunk_in_words(number, hunk)
    return lines if file.hunks else [*lines, "  It has no lines that could be read out."]


def _hunk_in_words(number: int, hunk: Hunk) -> list[str]:
    """Lines that change together: each with its number and whether it goes or comes."""
    last = hunk.new_start + max(hunk.new_size, 1) - 1
    lines = [f"Hunk {number}.{hunk.number + 1}, lines {hunk.new_start} to {last}:"]
    for line in hunk.lines:
        text = printable(line.text.removesuffix("\r")).replace("\n", " ")
        lines.append(f"  {_SIDES.get(line.side, '')}{line.new or line.old}: {text}".rstrip())
    return lines
