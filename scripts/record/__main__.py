"""Make recordings, pictures and the page of the tasks.

    python -m scripts.record NAME …    those, or all: docs/recordings/*.cast, docs/pictures/*.svg
    python -m scripts.record page      docs/tasks.md alone, from the recordings that there are
    python -m scripts.record list      the names

It needs the source of httpx: in $RECORD_SOURCE, or in encode__httpx of $DSPY_TUI_CORPORA. What needs a
container engine with the broker's image is left as it is where there is none, and that is said. No network is
needed.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path

from scripts.record import page
from scripts.record.model import scripted
from scripts.record.places import ROOT, place
from scripts.record.player import Played, ends_with, play
from scripts.record.shows import SHOWS
from scripts.record.stack import beside, there_is, written
from scripts.record.tape import read
from scripts.record.tasks import EDIT, TASKS, Recording

PICTURES = ROOT / "docs" / "pictures"
ALL = {each.script.name: each for each in (*TASKS, *SHOWS)}


def run(recording: Recording, source: Path, *, patience: float = 120) -> Played:
    """Play a script where it belongs: with the model or the stack that it needs."""
    with ExitStack() as around:
        at = around.enter_context(place(source))
        before: tuple[str, ...] = ()
        if recording.needs == "model":
            at = at.with_env(**around.enter_context(scripted(EDIT)))
        elif recording.needs == "engine":
            at, before = around.enter_context(written(at)), beside()
        return play(recording.script, at, before=before, patience=patience)


def record(recording: Recording, source: Path) -> str:
    """Make a recording and its pictures; what to say of it."""
    played = run(recording, source)
    cast = page.cast_of(recording)
    if recording.cast:
        played.tape.write(cast)
        if not ends_with(read(cast), recording.ending):
            raise AssertionError(f"{cast.name} does not end on a screen with {recording.ending!r}")
    PICTURES.mkdir(exist_ok=True)
    for name, svg in played.pictures.items():
        (PICTURES / f"{name}.svg").write_text(svg, encoding="utf-8")
    shown = f", pictures: {', '.join(played.pictures)}" if played.pictures else ""
    return f"{recording.script.name}: {len(played.keys)} keys, {played.tape.at:.0f} s{shown}"


def source() -> Path | None:
    """Where httpx's source lies."""
    corpora = os.environ.get("DSPY_TUI_CORPORA", "")
    given = os.environ.get("RECORD_SOURCE") or (f"{corpora}/encode__httpx" if corpora else "")
    return Path(given) if given and (Path(given) / "httpx" / "_client.py").exists() else None


def main(*names: str) -> int:
    """Do what the words say; returns the exit code."""
    if names == ("list",):
        print("\n".join(f"{name:10} {each.script.title}" for name, each in ALL.items()))
        return 0
    if unknown := set(names) - {*ALL, "page"}:
        print(f"there is no {', '.join(sorted(unknown))}: {', '.join(ALL)}, page, list", file=sys.stderr)
        return 2
    found = source()
    wanted = [ALL[name] for name in names or ALL if name != "page"]
    if wanted and found is None:
        print("set RECORD_SOURCE to the unpacked source of httpx", file=sys.stderr)
        return 2
    for each in wanted:
        if each.needs == "engine" and not there_is():
            print(f"{each.script.name}: left as it is: no container engine with the broker's image answers")
        elif found is not None:
            print(record(each, found), flush=True)
    page.PAGE.write_text(page.page(), encoding="utf-8")
    page.README.write_text(page.readme(page.README.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
