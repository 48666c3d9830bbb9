"""The skill that edits: it looks with tools where it can, then writes search/replace blocks.

One form is taught, because a small model manages one; what other forms a reply is in, `agent_core/edits`
reads all the same.
"""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

from typing import Any

import dspy

_FORM = """For each change write the file's path, then a block in this form:
path/to/file.py
```
<<<<<<< SEARCH
lines as they stand in the file now
=======
lines as they shall be
>>>>>>> REPLACE
```
Copy the SEARCH lines exactly, a few lines that occur only once, without line numbers.
For a new file leave SEARCH empty."""


class Act(dspy.Signature):  # noqa: D101 - its docstring is the prompt
    __doc__ = f"""You change the code repository that the user has open.

Look first: call the tools until you have seen every line that you will change.
Then reply with one sentence on what you change and why, and the changes.
{_FORM}
Change only what the task needs. Never say that something was tested; that is checked for you."""

    rules: str = dspy.InputField(desc="The project's own instructions:")
    places: str = dspy.InputField(
        desc="Places in the repository that may matter (path:first-last, numbered lines):"
    )
    files: str = dspy.InputField(desc="Files that the user put into the context:")
    changes: str = dspy.InputField(desc="What was changed in this session so far:")
    question: str = dspy.InputField(desc="Task:")
    history: list[Any] = dspy.InputField()
    steps: list[Any] = dspy.InputField()
    tools: list[Any] = dspy.InputField()
    answer: str = dspy.OutputField()
    tool_calls: list[Any] = dspy.OutputField()


class Write(dspy.Signature):  # noqa: D101 - as above
    __doc__ = f"""You change the code repository that the user has open.

Reply with one sentence on what you change and why, and the changes.
{_FORM}
Change only what the task needs. Never say that something was tested; that is checked for you."""

    rules: str = dspy.InputField(desc="The project's own instructions:")
    places: str = dspy.InputField(desc="Places in the repository that may matter:")
    files: str = dspy.InputField(desc="Files as they stand now:")
    changes: str = dspy.InputField(desc="What was changed in this session so far:")
    question: str = dspy.InputField(desc="Task:")
    remark: str = dspy.InputField(desc="Your last reply, and what was wrong with it:")
    history: list[Any] = dspy.InputField()
    steps: list[Any] = dspy.InputField()
    answer: str = dspy.OutputField()


class Edit(dspy.Module):
    """`act` with native tools; `write` from the files that are shown, and again when something was wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.act = dspy.Predict(Act)
        self.write = dspy.Predict(Write)
