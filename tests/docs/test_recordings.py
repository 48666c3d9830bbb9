"""What the documents show of the program: the page of the tasks, the recordings, the pictures."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from scripts.record import page
from scripts.record.__main__ import ALL, PICTURES
from scripts.record.player import ends_with
from scripts.record.script import Picture
from scripts.record.tape import read
from scripts.record.tasks import TASKS, Recording

_MOST_BYTES, _MOST_KEYS = 150_000, 12
KEPT = [each for each in ALL.values() if each.cast]
NAMES = [step.name for each in ALL.values() for step in each.script.steps if isinstance(step, Picture)]


def test_the_page_of_the_tasks_is_what_the_recordings_tell() -> None:
    assert page.PAGE.read_text() == page.page(), "`python -m scripts.record page` writes it anew"
    readme = page.README.read_text()
    assert page.readme(readme) == readme and "| Find where something is done |" in readme


@pytest.mark.parametrize("task", TASKS, ids=lambda each: each.script.name)
def test_a_recording_took_the_keys_of_its_script(task: Recording) -> None:
    keys = page.keys_in(page.cast_of(task))
    assert keys == [press.spelt for press in task.script.presses] and len(keys) <= _MOST_KEYS


@pytest.mark.parametrize("recording", KEPT, ids=lambda each: each.script.name)
def test_a_recording_plays_to_its_end(recording: Recording) -> None:
    tape = read(page.cast_of(recording))
    assert ends_with(tape, recording.ending)
    assert (tape.columns, tape.rows) == recording.script.size
    told = "".join(each.text for each in tape.events)
    assert not re.search(r"/(tmp|root|home|Users|work)/\w", told)


def test_the_demo_takes_less_than_a_minute() -> None:
    assert 30 <= read(page.CASTS / "demo.cast").at <= 60


def test_every_recording_is_one_that_a_script_makes() -> None:
    assert {path.stem for path in page.CASTS.iterdir()} == {each.script.name for each in KEPT}
    assert {path.stem for path in PICTURES.iterdir()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_needs_nothing_from_elsewhere(name: str) -> None:
    path = Path(PICTURES / f"{name}.svg")
    assert path.stat().st_size < _MOST_BYTES
    tree = ElementTree.fromstring(path.read_text())
    kinds = {each.tag.rpartition("}")[2] for each in tree.iter()}
    assert kinds <= {"svg", "title", "style", "rect", "circle", "text", "g", "path"}
    assert not re.search(r"url\(|href|@import|<script", path.read_text())
