"""A proposed change as it is asked about."""

from __future__ import annotations

from functools import reduce

from agent_core.agent.edit.checking import Checked
from agent_core.events import ApprovalNeeded, ProposedFile
from agent_core.verify.api import Finding, Report

SERVER = '''"""Serves requests."""

import os
import time


def serve(port: int) -> None:
    """Listen until told to stop."""
    print("listening on", port)
    while True:
        time.sleep(1)


class Client:
    """Calls the server."""

    retries = 3

    def fetch(self, url: str) -> bytes:
        """The body of an answer."""
        for attempt in range(self.retries):
            answer = self.send(url)
            if answer.status == 200:
                return answer.body
        raise TimeoutError(url)

    def send(self, url: str) -> "Answer":
        raise NotImplementedError


def main() -> None:
    serve(int(os.environ["PORT"]))
'''
CHANGES = (
    (
        "import os\nimport time\n",
        "import logging\nimport os\nimport time\n\nlog = logging.getLogger(__name__)\n",
    ),
    ('print("listening on", port)', 'log.info("listening on port %d", port)'),
    ("self.send(url)\n", "self.send(url, timeout=self.timeout)\n"),
    ("answer.body\n", "answer.body\n            time.sleep(2**attempt)  # the server may be starting\n"),
    ("    retries = 3\n", "    retries = 5\n    timeout = 10.0\n"),
)
MENDED = reduce(lambda text, change: text.replace(*change), CHANGES, SERVER)
TEST = """from server import Client


def test_the_client_waits_between_two_attempts(monkeypatch):
    slept = []
    monkeypatch.setattr("server.time.sleep", slept.append)
    with pytest.raises(TimeoutError):
        Client().fetch("http://nowhere")
    assert slept == [1, 2, 4]
"""
FILES = (
    ProposedFile(path="src/server.py", before=SERVER, after=MENDED),
    ProposedFile(path="tests/test_client.py", before=None, after=TEST),
    ProposedFile(
        path="docs/retries.md",
        before="# Retries\n\nThere are 3 attempts.\n",
        after="# Retries\n\nThere are 5 attempts, with a pause that doubles.\n",
        note="line 3: white space differed (87% sure)",
    ),
    ProposedFile(path="src/legacy_client.py", before="from server import Client\n", after=None),
)
REPORTS = (
    Report(
        verifier="ruff", kind="lint", command="ruff check src tests", state="failed", exit=1, seconds=0.2,
        findings=(
            Finding(path="tests/test_client.py", line=7, code="F821", message="Undefined name `pytest`"),
        ),
        known=2, sandboxed=True,
    ),
    Report(
        verifier="pytest", kind="run_tests", command="python -m pytest -q tests/test_client.py",
        state="failed", exit=1, seconds=3.4, passed=12, failed=1, sandboxed=True,
        findings=(
            Finding(
                path="tests/test_client.py", line=9, code="test_the_client_waits_between_two_attempts",
                message="AssertionError: assert [1, 2, 4, 8, 16] == [1, 2, 4]",
                excerpt="    assert slept == [1, 2, 4]\nE   assert [1, 2, 4, 8, 16] == [1, 2, 4]",
            ),
        ),
    ),
    Report(verifier="mypy", kind="lint", command="mypy src", state="missing"),
)  # fmt: skip
PASSED = (
    Report(
        verifier="ruff", kind="lint", command="ruff check src tests", state="passed", exit=0, seconds=0.2,
        sandboxed=True,
    ),
    Report(
        verifier="pytest", kind="run_tests", command="python -m pytest -q", state="passed", exit=0,
        seconds=3.4, passed=13, sandboxed=True,
    ),
)  # fmt: skip


def asked(
    files: tuple[ProposedFile, ...] = FILES, reports: tuple[Report, ...] = REPORTS, *, call_id: str = "t1.7"
) -> ApprovalNeeded:
    """The question."""
    paths = ", ".join(file.path for file in files)
    return ApprovalNeeded(
        turn_id="t1",
        call_id=call_id,
        action="write",
        command=f"change {paths}",
        reason=Checked(reports=reports).remark() or "Nothing checked it.",
        rule=", ".join(f"write:{file.path}" for file in files),
        files=files,
        reports=reports,
    )
