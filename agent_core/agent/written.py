"""Where in a reply a tool call begins that a model wrote into its text."""

from __future__ import annotations

import re
from typing import Literal

from agent_core.agent.choose import CODE_CALL, without_thought
from agent_core.agent.objects import whole_object

Verdict = Literal["call", "maybe", "no"]

_TAGS = ("[TOOL_CALLS]", "<tool_call", "<function", "<|tool", "</think")
_THOUGHTS = frozenset({"thought", "thoughts", "thinking", "reasoning", "plan", "reflection"})
_FENCE = re.compile(r"`{3,}\w*[ \t]*(\n|$)")
_OBJECT = re.compile(
    r"(?:\[\s*)?\{\s*[\"']?(?:action|tool|name|function|tool_name|function_name|type|arguments)[\"']?\s*:"
    r"(?:\s*[\"'{\w])"
)
_OBJECT_PART = re.compile(r"(?:\[\s*)?(?:\{\s*(?:[\"']?\w*(?:[\"']?\s*(?::\s*)?)?)?)?")
_CODE_PART = re.compile(r"[A-Za-z_][\w.]*(?:\(.*)?")


class Scanner:
    """Looks through a reply as it comes; the end of a thought that was never begun counts as a call, too.

    A call as code has them counts where a paragraph or a fence begins.
    """

    def __init__(self) -> None:
        self._begins = self._is_first = True
        self._in_fence = False

    def scan(self, text: str, *, final: bool = False) -> tuple[int, bool]:
        """How much of the text is certainly no call, and whether one begins there.

        Args:
            text: What came since the place where the last scan stopped.
            final: Whether nothing more will come.
        """
        at = 0
        while at < len(text):
            end = text.find("\n", at) + 1
            line = text[at : end or len(text)]
            offset, verdict = self._line(text[at:], line)
            if verdict == "call":
                return at + offset, True
            if verdict == "maybe" and not final:
                self._begins, self._is_first = self._begins and not offset, self._is_first and not offset
                return at + offset, False
            if not end and not final:  # the rest of the line may still hold one
                self._begins = self._is_first = False
                return len(text), False
            self._passed(line)
            at = end or len(text)
        return len(text), False

    def _passed(self, line: str) -> None:
        stripped = line.strip()
        if stripped.startswith("```"):
            self._in_fence = not self._in_fence
        self._begins = not stripped
        self._is_first = self._is_first and not stripped

    def _line(self, rest: str, line: str) -> tuple[int, Verdict]:
        """Where in the line a call begins or may begin, and which."""
        verdict = self._verdict(rest)
        if verdict != "no":
            return 0, verdict
        for match in re.finditer(r"[{<\[]", line):
            inside = rest[match.start() :]
            if _OBJECT.match(inside) or inside.startswith(_TAGS):
                return match.start(), "call"
            if _OBJECT_PART.fullmatch(inside) or any(tag.startswith(inside) for tag in _TAGS):
                return match.start(), "maybe"
        return 0, "no"

    def _verdict(self, rest: str) -> Verdict:
        start = rest.lstrip()
        if not start:
            return "maybe" if self._is_first else "no"
        if self._is_first and start.startswith(("{", "[{")):
            return "call"
        if start.startswith(_TAGS) or _OBJECT.match(start):
            return "call"
        if any(tag.startswith(start) for tag in _TAGS) or _OBJECT_PART.fullmatch(start):
            return "maybe"
        if start.startswith("`"):
            return self._fence(start)
        return self._code(start) if self._begins and not self._in_fence else "no"

    def _fence(self, start: str) -> Verdict:
        """A fence is held with what is in it."""
        fence = _FENCE.match(start)
        if fence is None:
            return "maybe" if re.fullmatch(r"`{1,2}|`{3,}\w*", start) else "no"
        if self._in_fence:
            return "no"
        inside = start[fence.end() :].lstrip()
        if not inside:
            return "maybe"
        if _OBJECT.match(inside):
            return "call"
        return "maybe" if _OBJECT_PART.fullmatch(inside) else self._code(inside)

    def _code(self, start: str) -> Verdict:
        line, ended, _ = start.partition("\n")
        if CODE_CALL.fullmatch(line.rstrip("` \t")):
            return "call" if ended else "maybe"
        return "maybe" if not ended and _CODE_PART.fullmatch(line) else "no"


def call_in_text(text: str) -> str | None:
    """The part of a reply from where it looks like a tool call written as text; None when nothing does."""
    at, found = Scanner().scan(text if text.endswith("\n") else text + "\n", final=True)
    return text[at:] if found else None


def says_nothing(text: str) -> bool:
    """Whether a reply is empty, or an object that holds nothing but a thought."""
    rest = without_thought(text).strip()
    if rest in ("", "null", "{}", "[]"):
        return True
    value = whole_object(rest) if rest.startswith("{") and rest.endswith("}") else None
    return value is not None and set(value) <= _THOUGHTS
