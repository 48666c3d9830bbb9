"""Questions in words: nothing but an answer is one, and no is what is meant by nothing."""

from __future__ import annotations

from typing import Any

import pytest

from agent_core.changes.model import Chosen
from agent_core.events import ApprovalNeeded, ProposedFile
from agent_core.forms import Field, Filled, Form
from tests.plain.conftest import SYMBOLS, Typist
from tui.plain.asking import Asking

BEFORE = "".join(f"line {number}\n" for number in range(1, 31))
AFTER = BEFORE.replace("line 3\n", "third\n").replace("line 25\n", "twenty-fifth\nand more\n")


class Session:
    """Takes the answers."""

    def __init__(self) -> None:
        self.answers: list[Any] = []

    def answer(self, call_id: str, decision: str, chosen: Any = None) -> bool:
        self.answers.append((decision, chosen))
        return True

    def fill(self, call_id: str, filled: Filled) -> bool:
        self.answers.append(filled)
        return True


def ask(question: ApprovalNeeded, *answers: str, edits: Any = None) -> tuple[list[Any], Typist]:
    typist, session = Typist(*answers), Session()
    asking = Asking(lines=typist, answers=session, edit=edits or (lambda path, text: None))  # type: ignore[arg-type]
    asking.ask(question)
    return session.answers, typist


def shell(**more: Any) -> ApprovalNeeded:
    values: dict[str, Any] = {
        "turn_id": "1", "call_id": "q", "action": "shell", "command": "!rm -r build\x1b[2J\u202e",
        "reason": "It runs a shell command.", "rule": "shell:rm -r build",
    }  # fmt: skip
    return ApprovalNeeded(**values | more)


def change(*files: ProposedFile) -> ApprovalNeeded:
    shown = files or (ProposedFile(path="a.txt", before=BEFORE, after=AFTER),)
    return shell(action="write", rule="write:a.txt", files=shown, reason="")


@pytest.mark.parametrize(
    ("typed", "decision"),
    [("yes", "once"), ("Y", "once"), ("always", "always"), ("no", "no"), ("", "no"), ("  ", "no")],
)
def test_permission(typed: str, decision: str) -> None:
    answers, typist = ask(shell(), typed)
    assert answers == [(decision, None)]
    assert typist.told == [
        "Question: Run a shell command?",
        "  !rm -r build⟨U+202E⟩",
        "  It runs a shell command.",
        "always would add the rule:",
        "  shell:rm -r build",
    ]


def test_anything_else_is_asked_again_and_the_end_of_input_is_a_no() -> None:
    answers, typist = ask(shell(), "where is the parser?", "sure")
    assert answers == [("no", None)]
    assert typist.told.count("That is none of the answers.") == 2
    assert "No answer is a no." in typist.told


def test_where_no_rule_can_be_added_always_is_no_answer() -> None:
    answers, typist = ask(shell(rule="", action="run"), "always", "yes")
    assert answers == [("once", None)]
    assert typist.told[0] == "Question: Allow it?"


def test_a_change_is_read_out_line_by_line() -> None:
    _, typist = ask(change(), "no")
    assert typist.told[:12] == [
        "Question: change 1 file? 3 lines added, 2 removed.",
        "File 1 of the change: a.txt, changed, 3 lines added, 2 removed.",
        "Hunk 1.1, lines 1 to 6:",
        "  1: line 1",
        "  2: line 2",
        "  removed, line 3: line 3",
        "  added, line 3: third",
        "  4: line 4",
        "  5: line 5",
        "  6: line 6",
        "Hunk 1.2, lines 22 to 29:",
        "  22: line 22",
    ]
    assert not any(SYMBOLS.search(line) for line in typist.told)


def test_hunks_are_chosen() -> None:
    answers, typist = ask(change(), "skip 1.2", "yes")
    assert answers == [("once", Chosen(rejected={"a.txt": (1,)}))]
    assert "  1.2: skipped" in typist.told


def test_files_are_chosen() -> None:
    files = (
        ProposedFile(path="a.txt", before=BEFORE, after=AFTER),
        ProposedFile(path="b.txt", before=None, after="new\n"),
    )
    answers, _ = ask(change(*files), "skip 2", "take 2", "skip 1", "always")
    assert answers == [("always", Chosen(left_out=("a.txt",)))]


def test_nothing_chosen_is_no_yes() -> None:
    answers, typist = ask(change(), "skip 1", "yes", "no")
    assert answers == [("no", Chosen())]
    assert "Everything is skipped: say no, or take something." in typist.told


@pytest.mark.parametrize("typed", ["skip", "skip 9", "show 1.9", "take x", "skip 0", "edit ٣"])
def test_what_is_not_there_is_said(typed: str) -> None:
    _, typist = ask(change(), typed, "no")
    assert any("list says which" in line for line in typist.told)


def test_a_file_is_edited_before_it_is_written() -> None:
    answers, typist = ask(change(), "edit 1", "yes", edits=lambda path, text: text.replace("third", "3rd"))
    decision, chosen = answers[0]
    assert decision == "once"
    assert "3rd" in chosen.edited["a.txt"]
    assert "  added, line 3: 3rd" in typist.told


def test_a_hostile_file_draws_nothing() -> None:
    file = ProposedFile(path="x\x1b[2J.py", before=None, after="a\x1b]0;owned\x07b\u202ec\r\n")
    _, typist = ask(change(file), "no")
    assert not any(SYMBOLS.search(line) for line in typist.told)
    assert any("ab⟨U+202E⟩c" in line for line in typist.told)


FORM = Form(
    asker="deploy",
    message="Where to?",
    warning="It asks for a secret.",
    fields=(
        Field(title="name", kind="text", required=True),
        Field(title="password", kind="text", required=True, secret=True),
        Field(title="region", kind="choice", options=("eu", "us"), chosen=(0,)),
        Field(title="count", kind="int", least=1, most=5, default="2"),
    ),
)


def form(*answers: str) -> tuple[list[Any], Typist]:
    return ask(shell(form=FORM), *answers)


def test_a_form_is_asked_field_by_field_and_secrets_are_not_shown() -> None:
    answers, typist = form("", "me", "hunter2", "1 2", "2", "9", "3", "yes")
    assert answers == [Filled(action="accept", values=("me", "hunter2", (1,), "3"))]
    assert len(typist.hid) == 1
    assert "hunter2" not in "\n".join(typist.told)
    assert "password: typed, not shown" in typist.told
    assert "An answer is wanted." in typist.told
    assert typist.told.count("Type one number.") == 2, "asked, and said once more to two of them"
    assert "It has to be 1 to 5." in typist.told


@pytest.mark.parametrize(
    ("typed", "action"),
    [
        (("/decline",), "decline"),
        (("/close",), "cancel"),
        (("me", "x", "", "", "no"), "decline"),
        ((), "cancel"),
    ],
)
def test_a_form_is_sent_on_a_yes_alone(typed: tuple[str, ...], action: str) -> None:
    answers, _ = form(*typed)
    assert answers == [Filled(action=action)]  # type: ignore[arg-type]
