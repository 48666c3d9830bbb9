"""The skill that plans a change: steps, commands to run, risks and assumptions."""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

import re

import dspy

from agent_core.skills.sections import items_of, sections_of

SECTIONS = ("steps", "commands", "risks", "assumptions")
_COMMAND = re.compile(r"^`+([^`]+)`+")


class Draft(dspy.Signature):
    """You plan a change of the code repository that the user has open. You do not make it.

    Write in Markdown, in this form:
    **Steps:** a numbered list of two to seven steps; name the file of each as `path:line`.
    **Commands:** a list of the commands to run, each in backticks.
    **Risks:** a list of what may break.
    **Assumptions:** a list of what you could not see.
    Name only files and lines that are shown here. Never invent files, names or commands."""

    rules: str = dspy.InputField(desc="The project's own instructions:")
    places: str = dspy.InputField(
        desc="Places in the repository that may matter (path:first-last, numbered lines):"
    )
    files: str = dspy.InputField(desc="Files that the user put into the context:")
    checks: str = dspy.InputField(desc="The project's own checks:")
    changes: str = dspy.InputField(desc="What was changed in this session so far:")
    question: str = dspy.InputField(desc="Change:")
    answer: str = dspy.OutputField()


class Plan(dspy.Module):
    """Takes what is known of a task; its prediction has the plan as one text."""

    def __init__(self) -> None:
        super().__init__()
        self.draft = dspy.Predict(Draft)


def parts_of(text: str) -> dict[str, list[str]]:
    """Steps, commands, risks and assumptions in a plan, however it is laid out."""
    found = sections_of(text, SECTIONS)
    parts = {name: items_of(found.get(name, "")) for name in SECTIONS}
    if not any(parts.values()):
        parts["steps"] = items_of(text)
    parts["commands"] = [_bare(command) for command in parts["commands"]]
    return parts


def _bare(command: str) -> str:
    match = _COMMAND.match(command)
    return match[1].strip() if match else command
