"""The skill that says from a session's record what it came to and what to do next."""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

from typing import Any

import dspy

from agent_core.skills.sections import items_of, sections_of


class Recap(dspy.Signature):
    """You tell a developer what a working session came to, from its record that is shown here.

    Write in Markdown, in this form:
    **Summary:** one to three sentences: what was wanted, what was done, what is still open.
    **Next steps:** a list of one to four things to do.
    Call a change verified only where the record does. Cite code as `path:line`, and only what is shown.
    Never invent files, results or decisions."""

    record: str = dspy.InputField(desc="The session:")
    summary: str = dspy.OutputField()
    next_steps: list[str] = dspy.OutputField()


class SessionSummary(dspy.Module):
    """Takes `record` (a session as text); its prediction has `summary` and `next_steps`, and the whole `text`
    that they stand in."""

    def __init__(self) -> None:
        super().__init__()
        self.recap = dspy.Predict(Recap)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """One call of the model; the reply is one text, so that it can be shown as it comes."""
        said: Any = await self.recap.acall(**inputs)
        return dspy.Prediction(text=said.summary, **parts_of(said.summary))


def parts_of(text: str) -> dict[str, Any]:
    """The summary and the next steps in a reply, however it is laid out."""
    found = sections_of(text, ("summary", "next steps"))
    summary = found.get("summary") or found.get("", "")
    return {"summary": summary, "next_steps": items_of(found.get("next steps", ""))}
