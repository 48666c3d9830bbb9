"""Messages of commits as Conventional Commits: in place of the built-in skill `commit`."""

from __future__ import annotations

import dspy


class Message(dspy.Signature):
    """You write the message of a git commit as a Conventional Commit.

    First line: `type(scope): what it does`, where type is one of feat, fix, docs, refactor, test, build,
    chore; the scope is the folder or module that changed; imperative, at most 60 characters, no full stop.
    Then, only if it helps, an empty line and one to three short lines on why.
    Reply with the message alone."""

    earlier: str = dspy.InputField(desc="Earlier messages:")
    asked: str = dspy.InputField(desc="What was asked for:")
    diff: str = dspy.InputField(desc="The change:")
    answer: str = dspy.OutputField()


class ConventionalCommit(dspy.Module):
    """Has the predictor that the built-in skill has: `message`."""

    port_version = 1
    summary = "messages of commits as Conventional Commits"

    def __init__(self) -> None:
        super().__init__()
        self.message = dspy.Predict(Message)
