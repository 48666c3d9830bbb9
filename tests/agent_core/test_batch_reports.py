"""What checks found as JUnit and SARIF: read by other programs, beside what other programs write."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from junitparser import Error, Failure, JUnitXml

from agent_core.batch_formats import BatchResult
from agent_core.batch_reports import Checked, ReportFormat, ReportsFront, junit, prefix_in_repository, sarif
from agent_core.errors import ErrorInfo
from agent_core.events import ChecksFinished, Event, ToolFinished, TurnStarted
from agent_core.output import Writer
from agent_core.verify.api import Finding, Report, State
from tests.tui.conftest import HOSTILE

FOUND = (
    Finding(path="src/a b.py", line=3, column=5, message="`os` imported but unused", code="F401"),
    Finding(path="src/c.py", line=9, message="also unused", code="F401", severity="warning"),
    Finding(path="", line=0, message=HOSTILE),
)
LINT = Report(
    verifier="ruff", kind="lint", command="ruff check", state="failed", findings=FOUND, exit=1, seconds=0.25
)
PASSED = Report(verifier="pytest", kind="run_tests", command="pytest", state="passed", passed=41, exit=0)
HUNG = Report(verifier="mypy", kind="lint", command="mypy", state="timed-out", tail="still \x00 at it")
MISSING = ErrorInfo("tool", "No linter was detected", "Set it in .dspy_tui/config.toml")


def read(document: bytes) -> Any:
    found: Any = JUnitXml.fromstring(document)
    return found


def test_a_suite_for_each_check_and_a_case_for_each_finding() -> None:
    found = read(junit([Checked("lint", (LINT, HUNG), None), Checked("run_tests", (PASSED,), None)]))
    suites = {suite.name: suite for suite in found}
    assert (found.tests, found.failures, found.errors) == (5, 3, 1)
    assert all(suite.tests == len(list(suite)) for suite in found), "what is counted is there"
    ruff = list(suites["ruff"])
    assert [(case.classname, case.name) for case in ruff[:2]] == [
        ("src/a b.py", "F401"),
        ("src/c.py", "F401"),
    ]
    assert all(isinstance(case.result[0], Failure) for case in ruff)
    assert ruff[0].result[0].message == "`os` imported but unused"
    (case,) = suites["pytest"]
    assert case.is_passed and suites["pytest"].tests == 1
    assert [(each.name, each.value) for each in suites["pytest"].properties()] == [("passed", "41")]
    (case,) = suites["mypy"]
    assert isinstance(case.result[0], Error) and "still" in case.result[0].text


def test_a_command_that_found_no_check_is_an_error() -> None:
    found = read(junit([Checked("lint", (), MISSING)]))
    assert found.errors == 1 and "No linter was detected" in next(iter(next(iter(found)))).result[0].message
    (run,) = json.loads(sarif([Checked("lint", (), MISSING)]))["runs"]
    (invocation,) = run["invocations"]
    assert not invocation["executionSuccessful"] and run["results"] == []


def test_nothing_is_a_document_too() -> None:
    assert read(junit([])).tests == 0
    assert json.loads(sarif([]))["runs"] == []


def test_no_two_runs_have_one_id() -> None:
    """GitHub refuses the whole document where two runs have the same tool and category."""
    done = [
        *(Checked("run_tests", (), MISSING), Checked("build", (), MISSING), Checked("build x", (), MISSING)),
        *(Checked("lint", (LINT, HUNG), None), Checked("lint src", (LINT,), None), Checked("", (), MISSING)),
    ]
    runs = json.loads(sarif(done))["runs"]
    ids = [run["automationDetails"]["id"] for run in runs]
    assert ids == [
        *("lint/ruff/", "lint/mypy/", "lint/ruff/2/"),
        *("run_tests/", "build/", "build/2/", "dspy-tui/"),
    ]


def test_results_have_rules_places_and_levels() -> None:
    ruff, mypy = json.loads(sarif([Checked("lint", (LINT, HUNG), None)]))["runs"]
    assert ruff["tool"]["driver"] == {"name": "ruff", "rules": [{"id": "F401"}]}
    first, second, third = ruff["results"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "src/a%20b.py", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 3, "startColumn": 5}
    assert (first["ruleId"], first["ruleIndex"], first["level"]) == ("F401", 0, "error")
    assert second["level"] == "warning"
    assert second["locations"][0]["physicalLocation"]["region"] == {"startLine": 9}
    (place,) = third["locations"]  # GitHub refuses the whole document where a result has none
    assert place["physicalLocation"]["artifactLocation"]["uri"] == ".dspy_tui/config.toml"
    assert place["physicalLocation"]["region"] == {"startLine": 1} and "ruleId" not in third
    assert not mypy["invocations"][0]["executionSuccessful"]
    assert "toolExecutionNotifications" in mypy["invocations"][0]


@pytest.mark.parametrize("state", ["missing", "broken", "timed-out"])
def test_a_check_that_did_not_run_is_no_run_of_its_tool(state: State) -> None:
    """A run of mypy without results closes all that it ever found."""
    report = Report(verifier="mypy", kind="lint", command="mypy", state=state, exit=2, tail="bad option")
    (run,) = json.loads(sarif([Checked("lint", (report,), None)]))["runs"]
    assert run["tool"]["driver"]["name"] == "dspy-tui"
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    assert told["level"] == "error" and told["message"]["text"].startswith(f"mypy {state}")
    assert told["message"]["text"].endswith("bad option")
    assert not run["invocations"][0]["executionSuccessful"] and not run["results"]
    suites = read(junit([Checked("lint", (report,), None)]))
    assert (suites.errors, suites.failures) == (1, 0)


def test_a_check_that_failed_without_a_finding_is_a_result_where_it_was_detected() -> None:
    report = Report(verifier="make", kind="build", command="make", state="failed", exit=2, origin="Makefile")
    (run,) = json.loads(sarif([Checked("build", (report,), None)], prefix="a b/"))["runs"]
    (result,) = run["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b/Makefile" and place["region"] == {"startLine": 1}
    assert result["message"]["text"].startswith("make failed")


def test_what_is_left_out_is_said() -> None:
    cut = msgspec.structs.replace(LINT, note="only the first 1,000 findings are told")
    (run,) = json.loads(sarif([Checked("lint", (cut,), None)]))["runs"]
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    assert told == {"level": "warning", "message": {"text": cut.note}}
    (suite,) = read(junit([Checked("lint", (cut,), None)]))
    assert [(each.name, each.value) for each in suite.properties()] == [("note", cut.note)]


def test_paths_are_those_of_the_repository(tmp_path: Path) -> None:
    inner = tmp_path / "sub" / "pack"
    inner.mkdir(parents=True)
    assert prefix_in_repository(inner) == ""
    (tmp_path / ".git").mkdir()
    assert (prefix_in_repository(inner), prefix_in_repository(tmp_path)) == ("sub/pack/", "")
    assert prefix_in_repository(tmp_path / "gone" / "\0") == ""
    (run,) = json.loads(sarif([Checked("lint", (LINT,), None)], prefix="sub/pack/"))["runs"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "sub/pack/src/a%20b.py"
    assert run["automationDetails"]["id"] == "sub/pack/lint/ruff/", "two workspaces are two categories"


@pytest.mark.parametrize("form", ["junit", "sarif"])
def test_the_last_round_of_a_task_counts_and_a_new_turn_begins_anew(form: ReportFormat) -> None:
    out = io.BytesIO()
    front = ReportsFront(given(out), form)
    result = BatchResult(command="x", outcome="verified", exit=0, data={}, error=None, seconds=1.0)
    events: list[Event] = [
        TurnStarted(turn_id="1", kind="task", text="x"),
        ChecksFinished(turn_id="1", round=1, files=("a",), reports=(LINT,)),
        ChecksFinished(turn_id="1", round=2, files=("a",), reports=(PASSED,)),
    ]
    for event in events:
        front.event(event)
    front.result(result)
    front.event(TurnStarted(turn_id="2", kind="command", text="ls"))
    front.event(ToolFinished(turn_id="2", call_id="c", name="ls", summary="", text="", data={}, seconds=0.1))
    front.result(result)
    front.close()
    text = out.getvalue().decode()
    assert "pytest" in text and "ruff" not in text


def given(out: io.BytesIO) -> Writer:
    """A writer into memory."""

    class Kept(Writer):
        def __init__(self) -> None:
            """Nothing is opened."""

        def out(self, data: bytes) -> None:
            out.write(data)

    return Kept()


def test_hostile_text_is_no_markup(tmp_path: Path) -> None:
    odd = Finding(path="</testsuite>.py", line=1, message="]]>&<x a='\"'>\x1b[31m\x00\ud800", code="<&>")
    report = Report(verifier="<v>", kind="lint", command="c", state="failed", findings=(odd,))
    (suite,) = read(junit([Checked("lint", (report,), None)]))
    (case,) = suite
    assert case.classname == "</testsuite>.py" and "\x00" not in case.result[0].message
    (run,) = json.loads(sarif([Checked("lint", (report,), None)]))["runs"]
    assert run["results"][0]["ruleId"] == "<&>"
