"""The skill that says in a few sentences what a part of a repository is, from facts that were found."""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

from pathlib import Path

import dspy

from agent_core.skills.saved import load_into


class Describe(dspy.Signature):
    """You tell a developer what a part of a code repository is, from the facts that are shown here.

    Say in three to six sentences of Markdown what it is for, where to begin reading, and what needs care.
    Cite places as `path:line`, and only places that stand in the facts.
    Never invent files, names or behaviour; leave out what the facts do not say."""

    facts: str = dspy.InputField(desc="Facts:")
    answer: str = dspy.OutputField()


def load_describe(path: Path | None = None) -> tuple[dspy.Predict, str]:
    """The skill, with what an optimiser saved at `path`, if anything; and the warning of `load_into`."""
    skill = dspy.Predict(Describe)
    return skill, load_into(skill, path)
