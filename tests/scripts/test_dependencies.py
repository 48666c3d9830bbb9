"""Licences and advisories of what we depend on: what is accepted, what is named, and what is skipped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scripts import audit, licences


def test_what_is_installed_is_accepted_and_in_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert licences.main() == 0, capsys.readouterr().out
    listed, _ = licences.found(licences.rules())
    names = {each.name: each for each in listed}
    assert names["textual"] == ("textual", "MIT", "") and names["pytest"].extra == "dev"


@pytest.mark.parametrize(
    ("licence", "accepted"),
    [
        ("MIT", True), ("GPL-3.0-only", False), ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("Apache-2.0 AND MIT", True), (licences.UNKNOWN, False), ("", False),
    ],
)  # fmt: skip
def test_all_of_a_sum_and_one_of_alternatives_have_to_be_accepted(licence: str, accepted: bool) -> None:
    assert licences.is_accepted(licence, licences.rules()) is accepted


def test_a_licence_that_is_not_accepted_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = licences.rules()
    monkeypatch.setattr(licences, "rules", lambda: known._replace(packages={}))
    assert licences.main() == 1
    assert "pyte: LGPL-3.0-only is not accepted" in capsys.readouterr().out


def test_findings_count_unless_they_are_accepted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    finding = {"id": "PYSEC-1", "aliases": ["GHSA-1"], "fix_versions": ["2"]}

    def audited(requirements: list[str], **_: float) -> Any:
        return {
            line.partition("==")[0]: [finding]
            for line in requirements
            if line.startswith(("jinja2", "rich="))
        }

    monkeypatch.setattr(audit, "audited", audited)
    monkeypatch.setattr(audit, "ROOT", tmp_path)
    (tmp_path / "scripts").mkdir()
    advisories = tmp_path / "scripts" / "advisories.toml"
    advisories.write_text("[accepted]\n")
    assert audit.main() == 1
    assert "rich: PYSEC-1, fixed in 2: NOT ACCEPTED" in capsys.readouterr().out
    advisories.write_text('[accepted]\n"GHSA-1" = "its server is not used"\n"GHSA-2" = "gone"\n')
    assert audit.main() == 0
    said = capsys.readouterr().out
    assert "accepted, its server is not used" in said and "GHSA-2 is accepted and no longer found" in said


@pytest.mark.parametrize("answer", ["it took longer than 45 s", {}, {"jinja2": []}])
def test_without_a_database_it_is_skipped_and_says_so(
    answer: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audit, "audited", lambda *_, **__: answer)
    assert audit.main() == 0
    assert capsys.readouterr().out.startswith("skipped: no database")
