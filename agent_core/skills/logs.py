"""The skill that says from a digest of logs what is likely wrong and what to do next, citing its events."""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

from typing import Any

import dspy

from agent_core.skills.sections import items_of, sections_of


class Explain(dspy.Signature):
    """You tell a developer what went wrong, from the key events of the logs that are shown here.

    Write in Markdown, in this form:
    **Likely cause:** one to three sentences.
    **Next steps:** a list of two to four things to do.
    Cite events by their numbers, such as [1], and code as `path:line`, and only those that are shown.
    Prefer what came first, and what the rest follows from. Never invent events, files or causes; if the
    events do not tell the cause, say so."""

    events: str = dspy.InputField(desc="Key events:")
    likely_cause: str = dspy.OutputField()
    next_steps: list[str] = dspy.OutputField()


class ExplainLogs(dspy.Module):
    """Takes `events` (a digest as text); its prediction has `likely_cause` and `next_steps`, and the whole
    `text` that they stand in."""

    def __init__(self) -> None:
        super().__init__()
        self.explain = dspy.Predict(Explain)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """One call of the model; the reply is one text, so that it can be shown as it comes."""
        said: Any = await self.explain.acall(**inputs)
        return dspy.Prediction(text=said.likely_cause, **parts_of(said.likely_cause))


def parts_of(text: str) -> dict[str, Any]:
    """The likely cause and the next steps in a reply, however it is laid out."""
    found = sections_of(text, ("likely cause", "next steps"))
    cause = found.get("likely cause") or found.get("", "")
    return {"likely_cause": cause, "next_steps": items_of(found.get("next steps", ""))}
