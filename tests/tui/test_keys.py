"""The table of keys."""

from __future__ import annotations

import pytest
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

from tui.keymap import Keys, spell
from tui.keys import CHAT, PLACES, TABLE, bindings
from tui.widgets.transcript import Transcript
from tui.widgets.transcript.reader import Reader


def test_ids_are_unique_and_places_known() -> None:
    assert len({action.id for action in TABLE}) == len(TABLE)
    assert {action.where for action in TABLE} == set(PLACES)
    assert all(action.title and action.help and action.does for action in TABLE)


def test_the_table_has_no_conflict_of_its_own() -> None:
    assert Keys({action.id: action.key for action in TABLE}).problems == []


def test_terminals_send_each_key_as_itself() -> None:
    """Alt and a letter comes as escape and the letter, which is another key for some (word to the left)."""
    letters = [key.removeprefix("alt+") for each in TABLE for key in each.key.split(",") if key[:4] == "alt+"]
    assert letters
    assert not [letter for letter in letters if f"\x1b{letter}" in ANSI_SEQUENCES_KEYS]


def test_the_conversation_has_the_keys_of_the_table() -> None:
    own = {binding.id: (binding.key, binding.action) for binding in Reader.BINDINGS}  # pyright: ignore
    table = {binding.id: (binding.key, binding.action) for binding in bindings(CHAT)}
    assert own == table
    assert issubclass(Transcript, Reader)


@pytest.mark.parametrize(
    ("own", "kept", "said"),
    [
        ({"help": "f12"}, {"help": "f12"}, ""),
        ({"help": "f2"}, {}, "F2 of help already belongs to files"),
        ({"help": "f2", "files": "f1"}, {"help": "f2", "files": "f1"}, ""),
        ({"nothing": "f1"}, {}, "there is no action 'nothing'"),
        ({"quit": " "}, {}, "quit has no key"),
        ({"prompt.send": "ctrl+p"}, {}, "Ctrl+P of prompt.send already belongs to palette"),
        ({"files.refresh": "y"}, {"files.refresh": "y"}, ""),
    ],
)
def test_own_keys(own: dict[str, str], kept: dict[str, str], said: str) -> None:
    keys = Keys(own)
    assert keys.keymap == kept
    assert said in " ".join(keys.problems)
    assert bool(keys.problems) == bool(said)


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("ctrl+p", "Ctrl+P"),
        ("f1", "F1"),
        ("escape", "Esc"),
        ("shift+down", "Shift+↓"),
        ("n", "n"),
        ("f", "f"),
    ],
)
def test_spelling(key: str, shown: str) -> None:
    assert spell(key) == shown
