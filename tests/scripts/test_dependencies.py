"""Licences and advisories of what we depend on: what is accepted, what is named, and what is skipped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from agent_core import install
from scripts import audit, licences
from stack.compose import images


def test_what_is_installed_is_accepted_and_in_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert licences.main() == 0, capsys.readouterr().out
    listed, _ = licences.found(licences.rules())
    names = {each.name: each for each in listed}
    assert names["textual"] == ("textual", "MIT", "") and names["pytest"].extra == "dev"


def test_a_page_that_is_stale_fails_where_all_is_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    one = licences.Found("rich", "MIT", "")
    page = tmp_path / "licences.md"
    monkeypatch.setattr(licences, "PAGE", page)
    monkeypatch.setattr(licences, "found", lambda _: ([one], []))
    assert licences.main("--write") == 0
    assert licences.main() == 0
    page.write_text(page.read_text().replace("| rich | MIT |", "| rich | ISC |"))
    assert licences.main() == 1 and "rich is not in docs/licences.md" in capsys.readouterr().out
    monkeypatch.setattr(licences, "found", lambda _: ([one], ["torch"]))
    assert licences.main() == 0, "in part of it nothing is known of the whole page"
    before = page.read_bytes()
    assert licences.main("--write") == 2 and "torch" in capsys.readouterr().out
    assert page.read_bytes() == before
    for told in (("--wirte",), ("--write", "x")):
        assert licences.main(*told) == 2
    assert audit.main("--requird") == 2 and "--requird" in capsys.readouterr().err


def test_what_commands_install_and_images_are_all_there() -> None:
    known = licences.rules()
    wanted = [Requirement(each).name for each in (install.PUFFERLIB, install.WEIGHTS, install.RUNTIME)]
    assert {*wanted, *install._BUILD_TOOLS.values()} == known.installed.keys()
    pulled = (images.KAFKA, images.SPARK, images.OLLAMA, images.PYTHON, images.PROMETHEUS, images.GRAFANA)
    assert {each.partition(":")[0] for each in pulled} == known.images.keys()
    assert [
        name for name, (licence, _) in known.images.items() if not licences.is_accepted(licence, known)
    ] == ["grafana/grafana"]
    assert all(licences.is_accepted(told[0], known) for told in known.installed.values())


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
    assert audit.main("--required") == 2, "before a release that is no answer"
