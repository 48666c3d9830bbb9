"""Which file a line of prose, a fence or a comment names."""

from __future__ import annotations

import re
from collections.abc import Callable

Known = Callable[[str], bool]
"""Whether the workspace has a file of this path."""

_LEAD = re.compile(r"^(?:#{1,6}\s+|[-*+]\s+|\d{1,3}[.)]\s+|>\s+)+")
_WORDS = re.compile(
    r"^(?:(?:the|new|updated?|modif(?:y|ied)|edit(?:ed)?|creat(?:e|ed|ing)|chang(?:e|es|ed)|in|to|for|of|full"
    r"|complete|file ?(?:name|path)?|path|source|at|here is|replace|rewrite|add)[\s:]+)+",
    re.IGNORECASE,
)
_AFTER = re.compile(r"\s*\((?:[^()]{1,40})\)\s*$")
_WRAP = "`*\"'“”‘’"
_SAFE = re.compile(r"^[^\x00-\x1f<>|?*\"`:;,=]+$")
_NAME = re.compile(r"^[^/\\]*\.[A-Za-z][A-Za-z0-9_+-]{0,11}$|^\.[A-Za-z][\w.-]+$")
_BARE = re.compile(
    r"^(?:(?:GNU)?[Mm]akefile|Dockerfile|Containerfile|[Jj]ustfile|Procfile|Jenkinsfile|Vagrantfile|Gemfile"
    r"|Rakefile|Brewfile|Pipfile|Taskfile|Tiltfile|LICEN[CS]E|COPYING|NOTICE|CODEOWNERS|AUTHORS)$"
)
"""Names of files that have no ending and are nothing else."""
_COMMENTS = (
    re.compile(r"^\s*(?:#|//|--|;|%|\*)+!?\s*(\S.*?)\s*$"),
    re.compile(r"^\s*(?:/\*+|<!--|\{#|\(\*)\s*(\S.*?)\s*(?:\*+/|-->|#\}|\*\))\s*$"),
)
_INFO = re.compile(r"(?:title|file(?:name)?|path)\s*[=:]\s*[\"']?([^\"'\s}]+)", re.IGNORECASE)
_DRIVE = re.compile(r"^[A-Za-z]:[\\/]")


def path_of(text: str, known: Known) -> str:
    """The path that the text consists of, "" when it is something else.

    Decoration is taken off: headings, list marks, back-ticks, bold, quotes, a colon at the end, `File:`
    before it, a remark in brackets behind it.
    """
    text = _LEAD.sub("", text.strip())
    whole = text
    for _ in range(3):
        text = text.strip().strip(_WRAP).strip().removesuffix(":").strip()
    if _path_like(text, known):
        return text
    text = _AFTER.sub("", whole.strip().removesuffix(":")).strip()
    text = _WORDS.sub("", text.strip(_WRAP + " "))
    for _ in range(3):
        text = text.strip().strip(_WRAP).strip().removesuffix(":").strip()
    return text if _path_like(text, known) else ""


def _path_like(text: str, known: Known) -> bool:
    if not text or len(text) > 300 or "://" in text:
        return False
    if known(text):
        return True
    plain = text[2:] if _DRIVE.match(text) else text
    if " " in plain or not _SAFE.match(plain) or plain.endswith(("/", "\\", ".")):
        return False
    name = re.split(r"[/\\]", plain)[-1]
    if _BARE.match(name):
        return True
    if "/" in plain or "\\" in plain:
        return bool(_NAME.match(name)) or (
            name.isidentifier() and name[:1].isupper() and plain.count("/") >= 1
        )
    return bool(_NAME.match(name))


def path_of_info(info: str, known: Known) -> str:
    """The path in the words after a fence's marks: `python src/a.py`, `src/a.py`, `py:src/a.py`,
    `title="src/a.py"`.
    """
    info = info.strip()
    if not info:
        return ""
    named = _INFO.search(info)
    if named and path_of(named[1], known):
        return path_of(named[1], known)
    for word in reversed(info.strip("{}").split()):
        for part in (word, word.partition(":")[2]):
            found = path_of(part, known) if part else ""
            if found:
                return found
    return ""


def path_of_comment(line: str, known: Known) -> str:
    """The path that is all that a comment says."""
    for form in _COMMENTS:
        match = form.match(line)
        if match and (found := path_of(match[1], known)):
            return found
    return ""
