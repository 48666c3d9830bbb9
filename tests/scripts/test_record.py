"""The recorder: what it keeps of a program in a pseudo-terminal, and what it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from scripts.record import boxes, keys, player
from scripts.record.emulator import Emulator
from scripts.record.picture import picture
from scripts.record.places import LOG, Place, log
from scripts.record.script import act, by_help
from scripts.record.tape import MARK, OUTPUT, PAUSE_S, BadTape, Event, Tape, marks, read, replayed
from scripts.record.terminal import NeverCame, Terminal
from tui.keys import TABLE

ECHO = """\
import os, sys, tty
tty.setraw(0)
os.write(1, b"\\x1b[2J\\x1b[Hready\\r\\n")
while (key := os.read(0, 64)) != b"q":
    os.write(1, repr(key).encode() + b"\\r\\n")
"""


@pytest.fixture
def echo(tmp_path: Path) -> Terminal:
    env = {"TERM": "xterm-256color", "PATH": "/usr/bin:/bin"}
    return Terminal((sys.executable, "-c", ECHO), env=env, cwd=tmp_path, size=(40, 10), patience=20)


def test_what_is_pressed_and_typed_comes_to_the_program(echo: Terminal) -> None:
    with echo:
        echo.see("ready")
        for key in ("ctrl+g", "alt+k", "f5", "escape", "slash"):
            echo.press(key)
            echo.pump(0.1)
        echo.type("hé")
        echo.see(r"b'h'")
        assert [line for line in echo.text.split("\n") if line[:2] == "b'"][:5] == [
            r"b'\x07'", r"b'\x1bk'", r"b'\x1b[15~'", r"b'\x1b'", r"b'/'",
        ]  # fmt: skip
        assert echo.leave("q") == 0


def test_what_never_comes_is_told_with_the_screen(echo: Terminal) -> None:
    with echo:
        echo.see("ready")
        echo._patience = 0.3
        with pytest.raises(NeverCame, match=r"(?s)'roses' never came.*ready"):
            echo.see("roses")
        echo._patience = 20
        echo.press("q")
        with pytest.raises(NeverCame, match="roses"):
            echo.see("roses")


def test_the_key_of_every_action_can_be_pressed() -> None:
    assert all(keys.sent(keys.key_of(action.id)) for action in TABLE)
    assert (keys.sent("right_square_bracket"), keys.sent("at")) == (b"]", b"@")
    assert (keys.sent("alt+enter"), keys.sent("ctrl+backslash")) == (b"\x1b\r", b"\x1c")
    with pytest.raises(ValueError, match="hyper"):
        keys.sent("hyper+x")


def test_pauses_are_cut_and_waits_are_squeezed(tmp_path: Path) -> None:
    tape = Tape(20, 2, "a title")
    tape.add("one", 100.0)
    tape.add("two", 100.01)
    tape.mark("F1: Help")
    first, begun = len(tape.events), tape.at
    for step in range(10):
        tape.add(str(step), 105.0 + step)
    tape.squeeze(first, begun, 1.0)
    tape.hold(2.0)
    tape.end()
    assert tape.events[0] == Event(0.0, OUTPUT, "onetwo")
    times = [each.at for each in tape.events]
    assert times == sorted(times) and begun + 1.0 <= tape.at - 2.0 < begun + 1.0 + PAUSE_S
    tape.write(tmp_path / "a.cast")
    again = read(tmp_path / "a.cast")
    assert [(each.kind, each.text) for each in again.events] == [(e.kind, e.text) for e in tape.events]
    assert replayed(again).lines[0] == "onetwo0123456789"
    assert [each.text for each in marks(again)] == ["F1: Help"]


@pytest.mark.parametrize(
    "lines",
    [
        [{"version": 1, "width": 20, "height": 2}, [0.1, OUTPUT, "a"]],
        [{"version": 2, "width": 0, "height": 2}, [0.1, OUTPUT, "a"]],
        [{"version": 2, "width": 20, "height": 2}, [0.2, OUTPUT, "a"], [0.1, OUTPUT, "b"]],
        [{"version": 2, "width": 20, "height": 2}, [0.1, "x", "a"]],
        [{"version": 2, "width": 20, "height": 2}, [1e6, MARK, "a"]],
        [{"version": 2, "width": 20, "height": 2}],
    ],
)
def test_a_file_that_is_no_recording_is_refused(lines: list[object], tmp_path: Path) -> None:
    (tmp_path / "a.cast").write_text("\n".join(json.dumps(line) for line in lines))
    with pytest.raises(BadTape):
        read(tmp_path / "a.cast")


def test_output_that_is_cut_anywhere_shows_the_same() -> None:
    said = "\x1b[>1u\x1b[2;3H\x1b[38;2;1;2;3mé日本\x1b[0m \x1b]0;title\x07\x1b[<u.\x1b[?2026$p\x1b[1;1Hx"
    data = said.encode()
    whole, cut = Emulator(20, 4), Emulator(20, 4)
    whole.feed(data)
    for number in range(len(data)):
        cut.feed(data[number : number + 1])
    assert whole.lines == cut.lines == ["x", "  é日本 .", "", ""]


def test_who_plays_a_recording_is_left_with_a_terminal_as_it_was() -> None:
    tape = Tape(20, 4)
    tape.add(
        "\x1b[?1049h\x1b[?1003h\x1b[?25l\x1b[>1u\x1b[?u\x1b[c\x1b[?2026$p\x1b[6n\x1b]22;default\x07a", 1.0
    )
    tape.add("\x1b[<u\x1b]52;c;aGk=\x07\x1b[?2004h\x1b[1;31mb", 2.0)
    tape.begin()
    tape.end()
    told = "".join(each.text for each in tape.events)
    assert told == "\x1b[2J\x1b[H\x1b[?25la\x1b[1;31mb\x1b[0m\x1b[?7h\x1b[?25h\x1b[5;1H"


def test_a_picture_keeps_columns_colours_and_styles() -> None:
    terminal = Emulator(12, 3)
    terminal.feed(
        "\x1b[38;2;255;0;0mred\x1b[0m 日本 ab\r\n\x1b[1;4m<b>\x1b[0m \x1b[7mback\x1b[0m\r\n╭──╮│█▌".encode()
    )
    svg = picture(terminal, title="a & b")
    tree = ElementTree.fromstring(svg)
    texts = {each.text: each for each in tree.iter() if each.tag.endswith("text")}
    assert float(texts["ab"].get("x", "")) == pytest.approx(9 * 8.4, abs=0.1)
    assert float(texts["日"].get("textLength", "")) == pytest.approx(2 * 8.4, abs=0.1)
    assert "fill:#ff0000" in svg and "font-weight:bold" in svg and "underline" in svg
    assert "<b>" in texts and "a & b" in texts
    assert not {"╭", "─", "│", "█"} & set("".join(text or "" for text in texts)), "they are drawn"
    assert sum(each.tag.endswith("path") for each in tree.iter()) == 6


def test_lines_and_blocks_fill_their_cells() -> None:
    assert boxes.path("█", 0, 0, 8, 16, 3) == "M0 0h24v16h-24z"
    assert boxes.path("▄", 8, 0, 8, 16, 1) == "M8 8h8v8h-8z"
    for sign in boxes.SHAPES:
        assert boxes.path(sign, 0, 0, 8, 16, 2).startswith("M"), sign


def test_the_log_leads_to_lines_of_the_source() -> None:
    source = Path(__file__).parent.parent / "fixtures" / "redirects" / "httpx" / "_client.py"
    lines, said = source.read_text().splitlines(), log(source).splitlines()
    frames = [line for line in said if line.startswith('  File "httpx/')]
    assert len(frames) == 4 and LOG.endswith(".log")
    for frame, code in zip(frames, said[said.index(frames[0]) + 1 :: 2], strict=False):
        assert lines[int(frame.split(", ")[1].removeprefix("line ")) - 1].strip() == code.strip()


def test_a_key_that_no_screen_named_is_not_pressed(echo: Terminal) -> None:
    played = player.Played(echo.tape)
    with echo:
        echo.see("ready")
        with pytest.raises(NeverCame, match="nobody could know F5"):
            player._press(act("suggestions", "{key} Suggestions"), echo, played, told=True)
        played.seen.append("  F5   Suggestions  go there")
        player._press(act("suggestions", "{key} Suggestions"), echo, played, told=True)
        echo.press("q")
    assert played.keys == ["F5"] and [each.text for each in marks(echo.tape)] == ["F5: Suggestions"]


def test_what_names_this_machine_is_refused(tmp_path: Path) -> None:
    played = player.Played(Tape(20, 2), text="all is well")
    at = Place(tmp_path, tmp_path, {}, ("hostname-of-here",))
    player._holds_nothing_private(played, at)
    played.tape.add("said by hostname-of-here", 1.0)
    with pytest.raises(BadTape, match="hostname-of-here"):
        player._holds_nothing_private(played, at)


def test_looking_a_key_up_is_counted() -> None:
    pressed = [step.key for step in by_help("logs") if hasattr(step, "key")]
    assert pressed == [keys.key_of("help"), "escape", keys.key_of("logs")]
