"""JUnit and SARIF beside the schemas of those who read them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import xmlschema

from agent_core.batch_reports import Checked, junit, sarif
from agent_core.errors import ErrorInfo
from agent_core.verify.api import Finding, Report
from tests.agent_core.test_batch_reports import HUNG, LINT, MISSING, PASSED
from tests.conftest import ROOT

SCHEMAS = ROOT / "tests" / "schemas"
ODD = Report(
    verifier="<v>",
    kind="lint",
    command="c \x1b[2J",
    state="failed",
    findings=(
        Finding(
            path="</testsuite>.py", line=0, column=0, message="]]>&<x a='\"'>\x1b[31m\x00\ud800", code="<&>"
        ),
        Finding(path="ünï/ö 1%.py", line=3, message="", severity="warning"),
        Finding(path="", line=0, message="no place"),
    ),
)
CASES: dict[str, list[Checked]] = {
    "nothing": [],
    "findings, a time-out, a success": [
        Checked("lint", (LINT, HUNG), None), Checked("run_tests", (PASSED,), None),
    ],
    "no check": [Checked("lint", (), MISSING)],
    "hostile text": [Checked("lint \x00", (ODD,), None)],
    "an error without a hint": [Checked("", (), ErrorInfo("internal", "m"))],
}  # fmt: skip


@pytest.fixture(scope="module")
def jenkins() -> Any:
    return xmlschema.XMLSchema(str(SCHEMAS / "junit-10.xsd"))


@pytest.fixture(scope="module")
def oasis() -> Any:
    schema = json.loads((SCHEMAS / "sarif-schema-2.1.0.json").read_text())
    return jsonschema.validators.validator_for(schema)(
        schema, format_checker=jsonschema.validators.validator_for(schema).FORMAT_CHECKER
    )


@pytest.mark.parametrize("case", CASES)
def test_junit_is_as_jenkins_wants_it(jenkins: Any, case: str) -> None:
    jenkins.validate(io.BytesIO(junit(CASES[case])))


@pytest.mark.parametrize("case", CASES)
def test_sarif_is_as_oasis_wants_it(oasis: Any, case: str) -> None:
    oasis.validate(json.loads(sarif(CASES[case])))


def test_the_schemas_do_refuse(jenkins: Any, oasis: Any) -> None:
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        jenkins.validate(io.BytesIO(b"<testsuites><testcase/></testsuites>"))
    with pytest.raises(jsonschema.ValidationError):
        oasis.validate({"version": "2.1.0", "runs": [{"results": []}]})


def test_where_the_schemas_are_from_is_told() -> None:
    told = (SCHEMAS / "README.md").read_text()
    assert all(path.name in told for path in Path(SCHEMAS).iterdir() if path.name != "README.md")
