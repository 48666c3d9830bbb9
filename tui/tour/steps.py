"""What the tour says: data. A word in square brackets is an action, and shows as the person's key."""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """One card.

    Args:
        id: What is done to have done it.
        title: What it is about.
        at: The part of the screen that it points at; "" for none.
        says: What there is to know.
        do: What there is to try.
        needs: What has to be there for that; where it is not, `without` is said.
        without: The same for who has none of it.
    """

    id: str
    title: str
    at: str
    says: str
    do: str
    needs: str = ""
    without: str = ""


OFFER = Step("offer", "New here?", "prompt", "See how it works in eight short steps.", "")
STEPS = (
    Step(
        "ask", "Ask", "prompt",
        "Type a question about this folder, or a task, and press [prompt.send]. An @ names a file.",
        "Ask something",
        "model",
        "Type a question about this folder and press [prompt.send]. An @ names a file. No model answers yet: "
        "you get the places that fit best.",
    ),
    Step(
        "files", "Files", "files",
        "[files] goes to the files, and back. [list.choose] opens one; [files.mention] there asks about it.",
        "Press [files]",
        "files",
        "[files] goes to the files, and back. This folder has none yet; new ones show by themselves.",
    ),
    Step(
        "logs", "Logs", "logs",
        "What your logs say, the grave first. [logs] goes there, and [list.choose] shows all of an event.",
        "Press [logs]",
        "logs",
        "[logs] goes to the logs. There are none yet; what your programs write to *.log shows by itself.",
    ),
    Step(
        "suggestions", "Suggestions", "suggestions",
        "What is worth doing next, the best first. [accept] runs it. What you use comes sooner next time.",
        "Press [accept]",
        "suggestions",
        "What is worth doing next, the best first; [accept] runs that one. Nothing is suggested just now.",
    ),
    Step(
        "undo", "Undo", "",
        "[undo] takes back what the last turn changed, whatever it was. If nothing was, it says so.",
        "Press [undo]",
    ),
    Step(
        "palette", "Everything", "",
        "[palette] finds every action, file, model and setting by a few letters of its name.",
        "Press [palette]",
    ),
    Step(
        "stack", "Stack", "status",
        "Kafka, Spark and workers for live logs, if you ever want them. [stack] shows how they stand.",
        "Press [stack]",
    ),
    Step(
        "help", "Help", "",
        "[help] lists every key and command. /tour brings these cards back.",
        "Press [help]",
    ),
)  # fmt: skip
