"""The skill that writes the message of a commit."""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

import re

import dspy

_SUBJECT = 72
_NOISE = re.compile(r"^(?:`{3,}.*|(?:here(?:'s| is)|sure|commit message)\b.*:)\s*$", re.I)


class Message(dspy.Signature):
    """You write the message of a git commit.

    First line: what the change does, in the imperative, at most 60 characters, no full stop.
    Then, only if it helps, an empty line and one to three short lines on why.
    Follow the style of the earlier messages. Reply with the message alone."""

    earlier: str = dspy.InputField(desc="Earlier messages:")
    asked: str = dspy.InputField(desc="What was asked for:")
    diff: str = dspy.InputField(desc="The change:")
    answer: str = dspy.OutputField()


class CommitMessage(dspy.Module):
    """Takes a diff; its prediction has the message as one text."""

    def __init__(self) -> None:
        super().__init__()
        self.message = dspy.Predict(Message)


def cleaned(reply: str) -> str:
    """The message in a reply: no fences, no preamble, a subject of one line that is not too long."""
    lines = [line.rstrip() for line in reply.strip().splitlines() if not _NOISE.match(line.strip())]
    while lines and not lines[0].strip():
        lines.pop(0)
    if not lines:
        return ""
    subject = lines[0].strip().strip("`\"'*#").strip().removesuffix(".")
    body = "\n".join(lines[1:]).strip()
    if len(subject) > _SUBJECT:
        cut = subject.rfind(" ", 0, _SUBJECT)
        rest = subject[cut:].strip() if cut > 0 else subject[_SUBJECT:]
        subject = subject[:cut] if cut > 0 else subject[:_SUBJECT]
        body = f"… {rest}\n{body}".strip()
    return f"{subject}\n\n{body}" if body else subject
