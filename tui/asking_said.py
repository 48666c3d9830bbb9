"""What is asked when something needs permission, and the rules that "always" would add, in words."""

from __future__ import annotations

import re

from agent_core.events import ApprovalNeeded
from agent_core.text import printable

_TITLES = {
    "read": "Read?", "heavy": "Do heavy work?", "write": "Change files?",
    "run": "Run this command?", "shell": "Run a shell command?",
    "network": "Reach another machine?",
}  # fmt: skip
_NEXT_RULE = re.compile(r", (?=(?:read|heavy|write|run|shell|network):)")


def title_of(question: ApprovalNeeded) -> str:
    """The question itself, in a few words."""
    if question.action == "run" and "\n" in question.command.strip() and question.rule:
        return "Run these commands?"
    return _TITLES.get(question.action if question.rule else "", "Allow it?")


def rules_of(rule: str) -> list[str]:
    """The rules that "always" would add, each for itself."""
    return [printable(one) for one in _NEXT_RULE.split(rule)]
