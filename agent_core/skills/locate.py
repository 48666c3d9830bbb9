"""The skill that names the files which a change is about, for models that do not look by themselves."""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dspy

MOST_FILES = 4


class Name(dspy.Signature):
    """You name the files that have to be changed for a task in a code repository.

    Reply with one JSON object: {"files": [paths]}, the most important first, four at most.
    Use only paths from the list."""

    candidates: str = dspy.InputField(desc="Files that may matter, with what they define:")
    question: str = dspy.InputField(desc="Task:")
    choice: str = dspy.OutputField()


class Locate(dspy.Module):
    """Takes candidates and a task; its prediction's `choice` is an object of `schema`."""

    def __init__(self) -> None:
        super().__init__()
        self.name = dspy.Predict(Name)


def schema(candidates: Iterable[str]) -> dict[str, Any]:
    """The JSON schema of a choice among the candidates."""
    paths = {"type": "array", "items": {"enum": list(candidates)}, "minItems": 1, "maxItems": MOST_FILES}
    return {
        "type": "object",
        "properties": {"files": paths},
        "required": ["files"],
        "additionalProperties": False,
    }
