"""Results as sentences; what quotes files stays as the files have it."""

from __future__ import annotations

from typing import Any

import pytest

from agent_core.events import ToolFinished
from agent_core.plain import in_words, is_wanted, unmarked
from tests.plain.conftest import SYMBOLS
from tui.plain.results import result_in_words, rows_in_words, service_in_words

TREE = ".\n├── src/\n│   ├── app/\n│   │   └── main.py  2.7 KB  [M]\n│   └── … 3 more\n└── README.md  81 B"


def finished(name: str, text: str, data: dict[str, Any] | None = None) -> ToolFinished:
    return ToolFinished(
        turn_id="1", call_id="c", name=name, summary="", text=text, data=data or {}, seconds=0.1
    )


def test_a_tree_has_indentation_and_words() -> None:
    assert result_in_words(finished("tree", TREE), "tree").split("\n") == [
        ".",
        "src/",
        "  app/",
        "    main.py, 2.7 KB, [M]",
        "  3 more",
        "README.md, 81 B",
    ]


def test_text_of_files_and_programs_stays_as_it_is() -> None:
    text = "1  │ ├── a → b … “c” ×2 ●"
    for name in ("cat", "grep", "shell", "diff", "server__tool"):
        assert result_in_words(finished(name, text)) == text


def test_what_is_missing_of_a_file_is_told_without_marks() -> None:
    assert result_in_words(finished("cat", "1  a\n… 30 lines more")) == "1  a\n30 lines more"


def test_control_characters_of_a_file_are_pictured() -> None:
    assert result_in_words(finished("cat", "1  \x1b[2Ja\x07\u202eb")) == "1  a␇⟨U+202E⟩b"


def test_events_of_logs_have_words_in_their_headings_alone() -> None:
    text = (
        "2 key events\n\n[1] ERROR ×12 · a.log:3 · words of a cause\n    it → fell · down\n    → src/a.py:3"
    )
    assert result_in_words(finished("ctx", text)).split("\n") == [
        "2 key events",
        "",
        "[1] ERROR 12 times, a.log:3, words of a cause",
        "    it → fell · down",
        "    at src/a.py:3",
    ]


def test_columns_become_sentences() -> None:
    rows = ["policy     thompson, learning", "", "  auth    keep a key", "* main  in use"]
    assert rows_in_words(rows) == [
        "policy: thompson, learning",
        "",
        "  auth: keep a key",
        "current, main: in use",
    ]


def test_rows_below_a_heading_name_their_columns() -> None:
    rows = [
        "tool     first  observed  reward",
        "ctx          2         1  +0.100",
        "grep         0         3  -",
    ]
    assert rows_in_words(rows) == ["ctx: first 2, observed 1, reward +0.100", "grep: observed 3"]


def test_rows_without_a_heading_are_sentences() -> None:
    rows = [
        "python      pyright-langserver --stdio  installed, starts when it is needed",
        "typescript  typescript-language-server  not installed",
        "go          gopls  not installed",
        "rust        rust-analyzer  ready (process 12, no sandbox)",
    ]
    assert rows_in_words(rows) == [
        "python: pyright-langserver --stdio, installed, starts when it is needed",
        "typescript: typescript-language-server, not installed",
        "go: gopls, not installed",
        "rust: rust-analyzer, ready (process 12, no sandbox)",
    ]


def test_a_service_is_a_sentence() -> None:
    service = {
        "name": "kafka", "standing": "healthy", "running": 1, "containers": [{}], "cpu": 0.034,
        "memory": 210 * 1024 * 1024, "trouble": "", "hint": "",
        "ports": [{"address": "127.0.0.1", "host": 9092, "container": 29092, "protocol": "tcp"}],
    }  # fmt: skip
    assert service_in_words(service) == [
        "Service kafka: healthy, 1 of 1 running, port 9092, processor 3%, memory 210 MB"
    ]
    bad = service | {
        "standing": "exited",
        "running": 0,
        "trouble": "it ended with 1",
        "hint": "See its logs.",
    }
    assert service_in_words(bad)[1] == "  Trouble: it ended with 1. See its logs."


def test_the_stack_is_told_from_its_values() -> None:
    data = {"services": [{"name": "x", "standing": "absent", "running": 0, "containers": [], "ports": []}]}
    assert result_in_words(finished("stack", "service  state", data), "stack ps") == "Service x: off"


def test_settings_that_somebody_set_come_first() -> None:
    data = {
        "settings": [
            {"name": "theme", "value": "dspy-dark", "origin": "default", "detail": ""},
            {"name": "allow", "value": ["write"], "origin": "user file", "detail": "/home/x/config.toml"},
            {
                "name": "openai_api_key",
                "value": "••••••",
                "origin": "environment",
                "detail": "OPENAI_API_KEY",
            },
        ]
    }
    assert result_in_words(finished("config", "columns", data), "config").split("\n") == [
        "2 settings set by somebody:",
        'allow: ["write"], from user file /home/x/config.toml',
        "openai_api_key: (hidden), from environment OPENAI_API_KEY",
        "All others, by default:",
        "theme: dspy-dark",
    ]


@pytest.mark.parametrize(
    "text",
    ["a · b → c ×3 … “d”", "    1,948  ███▊              24 %  tools", "● up ◌ off ✓ done ⎇ main ± a – b"],
)
def test_no_symbol_is_left_in_texts_of_ours(text: str) -> None:
    assert not SYMBOLS.search(in_words(text))


def test_plain_text_is_left_alone() -> None:
    assert unmarked("a -> b") == "a -> b"
    assert in_words("use `undo` now") == "use undo now"


@pytest.mark.parametrize(("value", "wanted"), [("true", True), ("1", True), ("", False), ("false", False)])
def test_the_variable(value: str, wanted: bool) -> None:
    assert is_wanted({"DSPY_TUI_PLAIN": value}) is wanted
