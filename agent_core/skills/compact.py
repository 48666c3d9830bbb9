"""The skill that sums up a conversation, so that a model can go on in it with a small window."""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

from typing import Any

import dspy


class Shorten(dspy.Signature):
    """You sum up a conversation between a developer and an assistant, for the assistant to go on with.

    Say in at most ten short lines of Markdown: what is wanted, what was found (with `path:line`), what was
    decided and changed, and what is still open.
    Keep names, paths and numbers exactly. Never invent anything; leave out what is done with."""

    conversation: str = dspy.InputField(desc="The conversation, the newest first:")
    answer: str = dspy.OutputField()


class Compact(dspy.Module):
    """Takes `conversation`; its prediction has the summary as one text."""

    def __init__(self) -> None:
        super().__init__()
        self.shorten = dspy.Predict(Shorten)

    async def aforward(self, **inputs: Any) -> dspy.Prediction:
        """One call of the model."""
        return await self.shorten.acall(**inputs)
