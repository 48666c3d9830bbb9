"""What a program that failed complained of, of all that it said on standard error."""

from __future__ import annotations

import re

from agent_core.text import one_line, shorten

_LOOKED_AT = 40
"""Lines, the last ones."""
_NPM = re.compile(r"npm (?:error|ERR!)(?: |$)")
_NPM_DETAIL = re.compile(r"(?:code|errno|syscall|path|dest|command|signal|A complete log) ")
"""What npm says beside the reason."""
_FIRST = re.compile(r"(?:error: |× )")
"""How a reason begins whose lines belong together, as uv writes it."""
_AFTER = re.compile(r"\s*(?:hint: |$)")


def complaint_of(said: str, limit: int) -> str:
    """The reason in one line of at most so many characters, "" for nothing.

    Of launchers (npx, uvx) what went wrong, rather than where they log it; else the last line that speaks of
    an error; else the last one.
    """
    lines = said.splitlines()[-_LOOKED_AT:]
    return shorten(one_line(_of_npm(lines) or _together(lines) or _last(lines)), limit)


def _of_npm(lines: list[str]) -> str:
    told = [_NPM.sub("", line).strip() for line in lines if _NPM.match(line)]
    return next((line for line in told if line and not _NPM_DETAIL.match(line)), "")


def _together(lines: list[str]) -> str:
    begins = [number for number, line in enumerate(lines) if _FIRST.match(line.strip())]
    if not begins:
        return ""
    reason: list[str] = []
    for line in lines[begins[-1] :]:
        if _AFTER.match(line):
            break
        reason.append(line.strip())
    return " ".join(reason)


def _last(lines: list[str]) -> str:
    told = [line for line in lines if line.strip() and not _NPM.match(line)] or lines
    return ([line for line in told if "rror" in line] or told or [""])[-1]
