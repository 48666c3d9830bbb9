"""The generated files as they are; this test with `--snapshot-update` writes them again."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack.compose import dotenv, writing
from tests.conftest import ROOT
from tests.stack.options import options

GOLDEN = ROOT / "tests" / "stack" / "golden"
CASES = {
    "local": {},
    "wheels-gpu-s3": {"pip": True, "wheels": True, "gpu": True, "db": "s3://bucket/shop"},
    "none": {"pip": True, "db": "none"},
}


@pytest.mark.parametrize("case", CASES)
def test_golden(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    def password(_: int) -> str:
        return "chosen-at-random"

    monkeypatch.setattr(dotenv, "token_urlsafe", password)
    monkeypatch.setattr(dotenv, "processors", lambda: 8)
    monkeypatch.setattr(dotenv, "gigabytes", lambda: 32)
    (tmp_path / "wheels").mkdir()
    planned = writing.plan(options(tmp_path / "out", wheelhouse=tmp_path / "wheels", **CASES[case]))  # type: ignore[arg-type]
    # Without their dots, so that git does not take these for its own.
    made = {
        file.name.replace(".", "dot-", 1) if file.name[0] == "." else file.name: file.content
        for file in planned.files
    }
    if request.config.getoption("update_snapshots", False):
        for name, content in made.items():
            path = GOLDEN / case / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
    folder = GOLDEN / case
    kept = {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()
    }
    assert made == kept
