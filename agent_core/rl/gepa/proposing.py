"""Better instructions out of a model that may be small: a short question, read leniently and checked."""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dspy

from agent_core.agent.choose import without_thought
from agent_core.skills.saved import LONGEST
from agent_core.text import printable, shorten

_FENCED = re.compile(r"^\s*(`{3,}|~{3,})[a-z]*[ \t]*\n(.*?)\n\s*\1\s*$", re.DOTALL | re.MULTILINE)
_PREAMBLE = re.compile(r"^(?:here (?:are|is)|sure|certainly|new instructions)\b[^\n]*:\s*\n+", re.IGNORECASE)
_SHORTEST = 40
_MOST_TOKENS = 900
_SHARES = (0.4, 0.25, 0.35)
"""Of an example's room, for what was given, the reply, and what was wrong with it."""


class Rewrite(dspy.Signature):
    """You improve the instructions that a language model gets.

    You are shown its instructions now, then what it was given, what it replied, and what was wrong with that.
    Write instructions with which its replies would have been better. Keep what they say of the form of the
    reply. Be general: never name the files, names or answers of what is shown here. Be brief.
    Reply with the new instructions alone, between two lines of ```."""

    present: str = dspy.InputField(desc="Instructions now:")
    examples: str = dspy.InputField(desc="What came of them:")
    better: str = dspy.OutputField()


class Proposer:
    """Writes new instructions; it is what GEPA asks for them.

    Args:
        room: Characters that examples may take in a question.
        longest: Characters that instructions may have.
        mask: Hides secrets.
    """

    def __init__(self, *, room: int, longest: int, mask: Callable[[str], str]) -> None:
        self._room, self._longest, self._mask = room, longest, mask
        self._ask: Any = dspy.Predict(Rewrite)

    def __call__(
        self,
        candidate: Mapping[str, str],
        reflective_dataset: Mapping[str, Sequence[Mapping[str, Any]]],
        components_to_update: Sequence[str],
    ) -> dict[str, str]:
        """New instructions for what is to be updated; none where the model wrote nothing that can be used."""
        found: dict[str, str] = {}
        for name in components_to_update:
            rows = list(reflective_dataset.get(name, ()))
            if not rows:
                continue
            said = self._ask(
                present=candidate[name],
                examples=told(rows, self._room),
                config={"think": False, "temperature": 1.0, "max_tokens": _MOST_TOKENS},
            )
            better = instructions_in(self._mask(said.better or ""), self._longest)
            if better and better != candidate[name]:
                found[name] = better
        return found


def told(rows: Sequence[Mapping[str, Any]], room: int) -> str:
    """What came of the instructions: each example with its share of so many characters."""
    each = max(160, room // len(rows) - 60)
    return "\n\n".join(_told(number, row, each) for number, row in enumerate(rows, 1))


def _told(number: int, row: Mapping[str, Any], room: int) -> str:
    given, reply, wrong = (int(room * share) for share in _SHARES)
    inputs: Mapping[str, Any] = row.get("Inputs") or {}
    shown = "\n".join(str(value) for value in inputs.values() if value and value not in ("[]", "None"))
    outputs: Mapping[str, Any] | str = row.get("Generated Outputs") or ""
    said = outputs if isinstance(outputs, str) else next(map(str, outputs.values()), "")
    return (
        f"{number}. Given:\n{_end(shown, given)}\nReply:\n{shorten(said.strip(), reply) or '(nothing)'}\n"
        f"What was wrong: {shorten(str(row.get('Feedback') or ''), wrong)}"
    )


def _end(text: str, room: int) -> str:
    """The end of a text: what is asked stands last."""
    return text if len(text) <= room else f"…{text[len(text) - room + 1 :]}"


def instructions_in(reply: str, longest: int) -> str:
    """The instructions in a reply; "" where there are none that can be used."""
    text = printable(without_thought(reply)).strip()
    if fenced := _FENCED.search(text):
        text = fenced[2].strip()
    text = _PREAMBLE.sub("", text).strip().strip("`").strip()
    return text if _SHORTEST <= len(text) <= min(longest, LONGEST) else ""
