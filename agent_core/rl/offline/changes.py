"""What is seen of a change before anything is run: numbers, all named, all explained.

They lie within 0..1 and hang on the texts alone. Nothing here parses: a change may be in any language, and a
check that the parser could make is a verifier's.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

import msgspec

from agent_core.code.roles import role
from agent_core.rl.features import Feature
from agent_core.rl.offline.declared import declared

CHANGE_FEATURES = (
    Feature("files", "changed files: 20 and more are 1", "many files"),
    Feature("added", "lines that came: 200 and more are 1", "many new lines"),
    Feature("removed", "lines that went: 200 and more are 1", "many lines went"),
    Feature("code", "the share of code that is no test", "code of the program"),
    Feature("tests", "the share of tests", "tests"),
    Feature("python", "the share of Python", "Python"),
    Feature("imports", "1 when a line that imports differs", "imports differ"),
    Feature("definitions", "1 when the head of a function or class differs", "a definition differs"),
    Feature("control", "1 when a line of if, for, while, return or raise differs", "the flow differs"),
    Feature("names_new", "1 when there is a word that was not in the file before", "a new name"),
    Feature("attributes_new", "1 when such a word stands behind a dot", "a new attribute"),
    Feature("names_gone", "1 when a word is not in the file any more", "a name is gone"),
    Feature("attributes", "1 when a word after a dot differs", "an attribute differs"),
    Feature("numbers", "1 when a number or True, False, None differs", "a constant differs"),
    Feature("texts", "1 when a quoted text differs", "a text differs"),
    Feature("comparisons", "1 when a comparison or a word of logic differs", "a comparison differs"),
    Feature("arithmetic", "1 when an operator of arithmetic differs", "arithmetic differs"),
    Feature("brackets", "1 when brackets, commas or colons differ in number", "brackets or commas differ"),
    Feature("assignments", "1 when an equals sign differs in number", "an assignment differs"),
    Feature("shorter", "1 when there are fewer words than before", "fewer words"),
    Feature("longer", "1 when there are more words than before", "more words"),
    Feature("typed", "the share of edits in code whose types are declared", "code with types"),
    Feature("blank", "1 when nothing but white space or comments differs", "only comments or spaces differ"),
)
_MANY_FILES, _MANY_LINES = 20, 200
_MOST_PLACES = 100
"""Edits of a file around which it is looked whether types are declared."""
_LONGEST = 400_000
"""Characters of a file that are compared; beyond, it is a file with one line that differs."""
_TEXT = r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'"
_TOKEN = re.compile(
    rf"(?P<text>{_TEXT})|(?P<comment>(?:#|//).*)|(?P<number>\b\d[\w.]*|\b(?:True|False|None|true|false|null)\b)"
    r"|(?P<compare>[<>!=]=|<|>|\b(?:and|or|not|in|is)\b|&&|\|\|)|(?P<attribute>(?<=\.)[^\W\d]\w*)"
    r"|(?P<word>[^\W\d]\w*)|(?P<assign>[-+*/%]?=)|(?P<compute>[-+*/%])|(?P<bracket>[()\[\]{},:;])"
)
_IMPORT = re.compile(r"\s*(?:import|from|use|#include|require|export)\b")
_HEAD = re.compile(r"\s*(?:async\s+)?(?:def|class|function|fn|func|interface|struct|enum)\b")
_FLOW = re.compile(
    r"\s*\}?\s*(?:if|elif|else|for|while|return|raise|throw|switch|match|case|try|except|with)\b"
)


class Changed(msgspec.Struct, frozen=True):
    """A file of a change; `before` or `after` is None where there was or is none."""

    path: str
    before: str | None
    after: str | None


def change_features(change: Sequence[Changed]) -> dict[str, float]:
    """The numbers of a change, by name; all are 0 for one that changes nothing."""
    found = dict.fromkeys((feature.name for feature in CHANGE_FEATURES), 0.0)
    files = [each for each in change if each.before != each.after]
    if not files:
        return found
    added = removed = 0
    differs, typed = Counter[str](), list[bool]()
    for each in files:
        gone, come, places = _lines(each)
        removed, added = removed + len(gone), added + len(come)
        differs.update(_marks(each, gone, come))
        text = each.before if each.after is None else each.after
        typed += [declared(each.path, (text or "").splitlines(), place) for place in places]
    roles = Counter(role(each.path) for each in files)
    found |= {
        "files": _many(len(files), _MANY_FILES),
        "added": _many(added, _MANY_LINES),
        "removed": _many(removed, _MANY_LINES),
        "code": roles["source"] / len(files),
        "tests": roles["test"] / len(files),
        "typed": sum(typed) / max(1, len(typed)),
        "python": sum(each.path.endswith((".py", ".pyi")) for each in files) / len(files),
        **dict.fromkeys(differs, 1.0),
    }
    found["blank"] = float(differs.keys() <= {"blank"})
    return found


def _many(count: int, most: int) -> float:
    return min(1.0, math.log1p(count) / math.log1p(most))


def _lines(file: Changed) -> tuple[list[str], list[str], list[int]]:
    """The lines that went, those that came, and where each edit begins in what there is now."""
    before, after = ((text or "").splitlines() for text in (file.before, file.after))
    if max(len(file.before or ""), len(file.after or "")) > _LONGEST:
        return [""], [""], [0]
    begin = next((n for n, (one, two) in enumerate(zip(before, after, strict=False)) if one != two), None)
    if begin is None:
        begin = min(len(before), len(after))
    before, after = before[begin:], after[begin:]
    gone, come, places = list[str](), list[str](), list[int]()
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=True).get_opcodes():
        if tag != "equal":
            gone += before[a:b]
            come += after[c:d]
            places.append(begin + (a if file.after is None else c))
    return gone, come, places[:_MOST_PLACES]


def _marks(file: Changed, gone: list[str], come: list[str]) -> set[str]:
    """Which features say that something differs."""
    marks = {
        name
        for name, pattern in (("imports", _IMPORT), ("definitions", _HEAD), ("control", _FLOW))
        if any(pattern.match(line) for line in (*gone, *come))
    }
    before, after = _tokens(gone), _tokens(come)
    for name, kinds in _KINDS.items():
        if any(before[kind] != after[kind] for kind in kinds):
            marks.add(name)
    words, others = _words(file.before), _words(file.after)
    if any(word not in words for word in (*after["word"], *after["attribute"])):
        marks.add("names_new")
    if any(word not in others for word in (*before["word"], *before["attribute"])):
        marks.add("names_gone")
    if any(word not in words for word in after["attribute"]):
        marks.add("attributes_new")
    if (more := sum(map(_count, come)) - sum(map(_count, gone))) != 0:
        marks.add("longer" if more > 0 else "shorter")
    same = all(before[kind] == after[kind] for kind in before.keys() | after.keys() if kind != "comment")
    return {"blank"} if same else marks


_KINDS = {
    "attributes": ("attribute",),
    "numbers": ("number",),
    "texts": ("text",),
    "comparisons": ("compare",),
    "arithmetic": ("compute",),
    "brackets": ("bracket",),
    "assignments": ("assign",),
}


def _tokens(lines: list[str]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {kind: Counter() for kind in _TOKEN.groupindex}
    for line in lines:
        for match in _TOKEN.finditer(line):
            found[match.lastgroup or ""][match.group()] += 1
    return found


def _count(line: str) -> int:
    return len(re.findall(r"\w+", line))


def _words(text: str | None) -> set[str]:
    return set(re.findall(r"[^\W\d]\w*", (text or "")[:_LONGEST]))
