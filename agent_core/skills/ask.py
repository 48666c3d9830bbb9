"""The skill that answers about a repository: three signatures, one module, saved and loaded as JSON.

The instructions are short because the default model has 1.7 billion parameters: it forgets the middle of long
ones. An optimiser may replace them, see `skills/registry.py`.
"""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

from typing import Any

import dspy


class Act(dspy.Signature):
    """You answer questions about the code repository that the user has open.

    Look before you answer: call the tools (search with grep, then read the lines around with cat).
    Cite what you say as `path:line`, and only lines that you have seen here.
    If you did not find it, say so. Never invent files, names or behaviour.
    When you know enough, answer in a few sentences of Markdown, in the user's language."""

    rules: str = dspy.InputField(desc="The project's own instructions:")
    places: str = dspy.InputField(
        desc="Places in the repository that may matter (path:first-last, numbered lines):"
    )
    files: str = dspy.InputField(desc="Files that the user put into the context:")
    changes: str = dspy.InputField(desc="What was changed in this session so far:")
    question: str = dspy.InputField(desc="Question:")
    history: list[Any] = dspy.InputField()
    steps: list[Any] = dspy.InputField()
    tools: list[Any] = dspy.InputField()
    answer: str = dspy.OutputField()
    tool_calls: list[Any] = dspy.OutputField()


class Choose(dspy.Signature):
    """You decide what to look at next to answer a question about a code repository.

    Reply with one JSON object: {"action": name of a tool, and its arguments}.
    Use {"action": "answer"} as soon as what is shown is enough. Never repeat a call that is shown."""

    actions: str = dspy.InputField(desc="Tools:")
    places: str = dspy.InputField(
        desc="Places in the repository that may matter (path:first-last, numbered lines):"
    )
    files: str = dspy.InputField(desc="Files that the user put into the context:")
    question: str = dspy.InputField(desc="Question:")
    remark: str = dspy.InputField(desc="Note:")
    history: list[Any] = dspy.InputField()
    steps: list[Any] = dspy.InputField()
    choice: str = dspy.OutputField()


class Conclude(dspy.Signature):
    """You answer questions about the code repository that the user has open, from what is shown here.

    Cite what you say as `path:line`, and only lines that are shown.
    If it is not shown, say so. Never invent files, names or behaviour.
    Answer in a few sentences of Markdown, in the user's language."""

    rules: str = dspy.InputField(desc="The project's own instructions:")
    places: str = dspy.InputField(
        desc="Places in the repository that may matter (path:first-last, numbered lines):"
    )
    files: str = dspy.InputField(desc="Files that the user put into the context:")
    changes: str = dspy.InputField(desc="What was changed in this session so far:")
    question: str = dspy.InputField(desc="Question:")
    history: list[Any] = dspy.InputField()
    steps: list[Any] = dspy.InputField()
    answer: str = dspy.OutputField()


class Ask(dspy.Module):
    """What the agent's loop calls: `act` with native tools, `choose` without them, `conclude` at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.act = dspy.Predict(Act)
        self.choose = dspy.Predict(Choose)
        self.conclude = dspy.Predict(Conclude)
