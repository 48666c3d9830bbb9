"""The skill that answers about a repository: three signatures, one module, saved and loaded as JSON.

The instructions are short because the default model has 1.7 billion parameters: it forgets the middle of long
ones. An optimiser may replace them; `load_ask` takes what it wrote.
"""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import dspy
import msgspec

from agent_core.files import load_state


class Act(dspy.Signature):
    """You answer questions about the code repository that the user has open.

    Look before you answer: call the tools (search with grep, then read the lines around with cat).
    Cite what you say as `path:line`, and only lines that you have seen here.
    If you did not find it, say so. Never invent files, names or behaviour.
    When you know enough, answer in a few sentences of Markdown, in the user's language."""

    places: str = dspy.InputField(
        desc="Places in the repository that may matter (path:first-last, numbered lines):"
    )
    files: str = dspy.InputField(desc="Files that the user put into the context:")
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

    places: str = dspy.InputField(
        desc="Places in the repository that may matter (path:first-last, numbered lines):"
    )
    files: str = dspy.InputField(desc="Files that the user put into the context:")
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


class _Signature(msgspec.Struct):
    instructions: str


class _Predictor(msgspec.Struct):
    signature: _Signature
    demos: list[dict[str, str]] = []


class _Saved(msgspec.Struct):
    """What is taken of a saved version: instructions and examples.

    DSPy's own loading would also take a language model from the file, with which a repository could send
    questions wherever it wanted.
    """

    act: _Predictor
    choose: _Predictor
    conclude: _Predictor


def load_ask(path: Path | None = None) -> tuple[Ask, str]:
    """The skill, as an optimiser saved it at `path` if there is such a file.

    Returns:
        The skill, and a warning, "" when all is well: a broken file is kept aside and named, and the built-in
        version takes its place.
    """
    ask = Ask()
    saved, warning = load_state(path, _Saved) if path else (None, "")
    for name in _Saved.__struct_fields__ if saved else ():
        predictor: _Predictor = getattr(saved, name)
        built_in: Any = getattr(ask, name)
        built_in.signature = built_in.signature.with_instructions(predictor.signature.instructions)
        built_in.demos = predictor.demos
    return ask, warning


def save_ask(ask: Ask, path: Path) -> None:
    """Write the skill's instructions and examples as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cast("Any", ask).save(str(path))
