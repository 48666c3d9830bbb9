"""The table of keys."""

from __future__ import annotations

import pytest
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

from tui.keymap import UNBOUND, Keys
from tui.keynames import named, spell
from tui.keys import ANYWHERE, AUTH, CHAT, EDIT, FORM, PLACES, TABLE, bindings
from tui.keysets import SETS
from tui.widgets.transcript import Transcript
from tui.widgets.transcript.reader import Reader

DOUBLE = {AUTH: {"ctrl+s"}, FORM: {"ctrl+s"}, EDIT: {"ctrl+s"}}
"""Keys of dialogs for which the work screen has another use; beside Esc, which ends the nearest thing."""


def test_ids_are_unique_and_places_known() -> None:
    assert len({action.id for action in TABLE}) == len(TABLE)
    assert {action.where for action in TABLE} == set(PLACES)
    assert all(action.title and action.help and action.does for action in TABLE)


@pytest.mark.parametrize("key_set", SETS)
def test_no_set_has_a_conflict_of_its_own(key_set: str) -> None:
    """As if everything in it were the user's own: in each place, with what holds anywhere, and with lists."""
    as_it_is = Keys({}, key_set)
    assert Keys({action.id: as_it_is.key(action.id) for action in TABLE}, key_set).problems == []
    assert set(SETS[key_set]) <= {action.id for action in TABLE}


@pytest.mark.parametrize("key_set", SETS)
@pytest.mark.parametrize("place", PLACES)
def test_no_key_has_two_meanings_in_a_place(key_set: str, place: str) -> None:
    keys = Keys({}, key_set)
    here = [key for each in TABLE if each.where in (place, ANYWHERE) for key in keys.key(each.id).split(",")]
    shadowed = {key for key in here if here.count(key) > 1 and key not in keys.loose}
    assert shadowed <= DOUBLE.get(place, set()) | {"escape"}


def test_the_users_keys_lie_over_the_set_and_conflicts_name_both() -> None:
    keys = Keys({"transcript.prompt": "o", "files.refresh": "colon"}, "vim")
    assert keys.key("transcript.prompt") == "o" and keys.key("leader") == "ctrl+x,space"
    assert keys.problems == [] and keys.loose["space"].id == "leader"
    keys = Keys({"transcript.more": "a", "quit": "ctrl+x"}, "vim")
    assert keys.problems == [
        "keys: a of transcript.more already belongs to transcript.prompt by the key set vim",
        "keys: Ctrl+X of quit already belongs to leader",
    ]
    assert keys.key("transcript.more") == "m" and keys.key("quit") == "ctrl+q"
    assert Keys({"files.refresh": "j"}).problems == ["keys: j of files.refresh already belongs to list.down"]
    assert Keys({"logs.filter": "/"}).keymap == {}, "which is what it has"
    assert Keys({"logs.go": "/"}).problems == ["keys: / of logs.go already belongs to logs.filter"]


def test_a_letter_that_holds_anywhere_is_never_bound_where_it_would_be_typed() -> None:
    keys = Keys({"palette": "colon", "help": "f1,?"}, "vim")
    assert keys.bound["palette"] == UNBOUND and keys.bound["help"] == "f1"
    assert keys.bound["leader"] == "ctrl+x" and sorted(keys.loose) == ["colon", "question_mark", "space"]


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
        ({"help": "Shift+G"}, {"help": "G"}, ""),
        ({"palette": "shift+control+k, F13"}, {"palette": "ctrl+shift+k,f13"}, ""),
        ({"quit": "cmd+q"}, {}, "there is no key 'cmd+q' for quit"),
        ({"quit": "f12,ctrl+foo"}, {"quit": "f12"}, "there is no key 'ctrl+foo' for quit"),
        ({"quit": "shift+1"}, {}, "there is no key 'shift+1' for quit"),
        ({"help": "Alt+↑"}, {}, "Alt+↑ of help already belongs to taller"),
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


def test_keys_may_be_written_as_they_are_shown() -> None:
    """Who copies a key from the help means that key."""
    keys = {key for key_set in SETS for each in TABLE for key in Keys({}, key_set).key(each.id).split(",")}
    assert {key: named(spell(key)) for key in keys} == {key: named(key) for key in keys}
    assert {named(key) for key in keys} == {named(named(key)) for key in keys}
    assert "" not in map(named, keys)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("+", "plus"),
        ("ctrl++", "ctrl+plus"),
        ("Ctrl+/", "ctrl+slash"),
        ("ctrl+slash", "ctrl+slash"),
        ("question_mark", "question_mark"),
        ("PgDn", "pagedown"),
        ("ctrl+", ""),
        ("+f1", ""),
        ("\x1b", ""),
        ("hello", ""),
        ("f36", ""),
    ],
)
def test_names(written: str, name: str) -> None:
    assert named(written) == name
