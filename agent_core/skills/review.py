"""The skill that verifies a patch: whether a diff does what was asked, and what is wrong with it."""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

from typing import Any

import dspy

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "problems": {"type": "array", "items": {"type": "string"}, "maxItems": 5},
        "verdict": {"enum": ["does it", "does part of it", "does not"]},
    },
    "required": ["problems", "verdict"],
    "additionalProperties": False,
}


class Judge(dspy.Signature):
    """You review a change of a code repository before it is made.

    Reply with one JSON object: {"problems": [sentences], "verdict": "does it", "does part of it" or
    "does not"}. A problem names a line of the change and what is wrong there: a bug, a name that does not
    exist, something asked for that is missing, something changed that was not asked for.
    Judge only what is shown. No problems is a good answer."""

    question: str = dspy.InputField(desc="What was asked for:")
    diff: str = dspy.InputField(desc="The change:")
    findings: str = dspy.InputField(desc="What the checks found:")
    choice: str = dspy.OutputField()


class Review(dspy.Module):
    """Takes a task, a diff and findings; its prediction's `choice` is an object of `SCHEMA`."""

    def __init__(self) -> None:
        super().__init__()
        self.judge = dspy.Predict(Judge)
