"""A command line that is off, where a program reads the result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from junitparser import JUnitXml

from tests.e2e.conftest import ROOT, Run

BATCH = json.loads((ROOT / "docs" / "batch.schema.json").read_text())


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--batch", "--fromat", "json", "--format", "json"), 2),
        (("--batch", "--format=json", "--bogus"), 2),
        (("--batch", "-c", "ls", "--keep-going=yes", "--format", "json"), 2),
        (("-c", "ls", "--format", "json"), 2),
        (("--batch", "--format", "json"), 2),
        (("--batch", "-c", "ls", "--workspace", "/no/such", "--format", "json"), 7),
        (("--batch", "-c", "ls", "--set", "nonsense=1", "--format", "json"), 2),
    ],
)
def test_a_batch_is_a_document_with_the_error(run: Run, words: tuple[str, ...], code: int) -> None:
    done = run(*words)
    document = json.loads(done.stdout)
    jsonschema.validate(document, BATCH)
    assert done.returncode == code and document["results"] == []
    assert document["error"]["message"] and document["error"]["message"] in done.stderr.decode()


@pytest.mark.parametrize(
    "words",
    [
        ("config", "show", "--bogus", "--format", "json"),
        ("doctor", "--format", "json", "--set", "nonsense=1"),
        ("auth", "--format", "json"),
        ("auth", "test", "not-an-endpoint", "--format=json"),
        ("stack", "up", "--profile", "--format", "json"),
        ("rl", "--format", "json"),
    ],
)
def test_other_commands_have_a_document_for_errors(run: Run, words: tuple[str, ...]) -> None:
    done = run(*words)
    document = json.loads(done.stdout)
    assert done.returncode == 2 and document["schema"] == "dspy-tui.error/1"
    assert set(document["error"]) == {"code", "message", "hint"} and done.stderr


def test_reports_have_the_error_too(run: Run) -> None:
    found: Any = JUnitXml.fromstring(run("--batch", "--format", "junit", "--bogus").stdout)
    assert found.errors == 1
    (one,) = json.loads(run("--batch", "--format", "sarif", "--bogus").stdout)["runs"]
    assert not one["invocations"][0]["executionSuccessful"]


def test_without_a_format_nothing_is_written(run: Run) -> None:
    for words in (("--bogus",), ("--batch", "--format", "yaml")):
        assert run(*words).stdout == b""


def test_a_reader_that_is_gone_is_no_traceback(run: Run) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run("--batch", "--format", "json", "--bogus", stdout=full)
    assert done.returncode == 2 and b"Traceback" not in done.stderr
