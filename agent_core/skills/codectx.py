"""The skill that says in a few sentences what a part of a repository is, from facts that were found."""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

from typing import Any

import dspy


class Say(dspy.Signature):
    """You tell a developer what a part of a code repository is, from the facts that are shown here.

    Say in three to six sentences of Markdown what it is for, where to begin reading, and what needs care.
    Cite places as `path:line`, and only places that stand in the facts.
    Never invent files, names or behaviour; leave out what the facts do not say."""

    facts: str = dspy.InputField(desc="Facts:")
    answer: str = dspy.OutputField()


class Describe(dspy.Module):
    """Takes `facts`; its prediction has the description as one text."""

    def __init__(self) -> None:
        super().__init__()
        self.say = dspy.Predict(Say)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """One call of the model."""
        return await self.say.acall(**inputs)
