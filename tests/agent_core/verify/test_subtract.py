"""What a change brought, whatever moved."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from agent_core.verify.api import Finding, Report, State
from agent_core.verify.subtract import subtract


def lint(
    line: int, message: str = "unused", *, path: str = "a.py", source: str = "import os", code: str = "F401"
) -> Finding:
    return Finding(path=path, line=line, message=message, source=source, code=code)


def report(
    *findings: Finding, state: State = "failed", passed: int | None = None, tests: bool = False
) -> Report:
    kind = "run_tests" if tests else "lint"
    return Report(verifier="x", kind=kind, command="x", state=state, findings=findings, passed=passed)


def test_a_finding_that_moved_is_known() -> None:
    after = subtract(report(lint(3)), report(lint(90)))
    assert (after.state, after.findings, after.known, after.remaining) == ("passed", (), 1, (lint(90),))
    assert after.note == "1 finding was there before"


def test_what_is_new_stays_and_fails() -> None:
    new = lint(4, "undefined", code="F821", source="x")
    after = subtract(report(lint(3)), report(lint(3), new))
    assert (after.state, after.findings, after.known) == ("failed", (new,), 1)


def test_one_more_of_the_same_is_new() -> None:
    after = subtract(report(lint(3)), report(lint(3), lint(7)))
    assert (after.state, len(after.findings), after.known) == ("failed", 1, 1)


def test_the_same_message_at_another_line_of_text_is_new() -> None:
    after = subtract(report(lint(3)), report(lint(3, source="import sys")))
    assert after.state == "failed" and after.known == 0


def failing(message: str, line: int = 9) -> Finding:
    return Finding(path="t.py", line=line, message=message, code="t.py::test_a", source=str(line))


def test_a_test_that_fails_as_before_is_known_wherever_it_stands() -> None:
    before = report(failing("assert 0x7f01beef at /tmp/pytest-1/a took 0.12s"), tests=True)
    after = subtract(
        before, report(failing("assert 0x7f99dead at /tmp/pytest-2/b took 3.4s", 80), tests=True, passed=5)
    )
    assert (after.state, after.known) == ("passed", 1)


def test_a_test_that_fails_in_another_way_is_new() -> None:
    after = subtract(
        report(failing("assert 4 == 3"), tests=True), report(failing("assert 5 == 3"), tests=True, passed=5)
    )
    assert (after.state, after.known) == ("failed", 0)


def test_tests_of_which_none_passed_prove_nothing() -> None:
    broken = failing("ImportError: x")
    after = subtract(report(broken, tests=True), report(broken, tests=True, passed=0))
    assert (after.state, after.known) == ("broken", 1)
    assert "nothing was tried" in after.note


def test_reports_that_say_nothing_are_left_alone() -> None:
    for state in ("broken", "missing"):
        after = report(lint(3), state=state)
        assert subtract(report(lint(3)), after) == after
        assert subtract(report(lint(3), state=state), report(lint(3))) == report(lint(3))


def test_what_timed_out_did_not_pass() -> None:
    after = subtract(report(lint(3)), report(lint(3), state="timed-out"))
    assert (after.state, after.findings) == ("timed-out", ())


FINDINGS = st.lists(
    st.builds(
        lint,
        st.integers(1, 5),
        st.sampled_from("ab"),
        path=st.sampled_from(["a", "b"]),
        source=st.sampled_from("xy"),
    ),
    max_size=12,
).map(tuple)


@given(FINDINGS, FINDINGS)
def test_nothing_is_lost_and_nothing_is_made_up(
    before: tuple[Finding, ...], after: tuple[Finding, ...]
) -> None:
    result = subtract(report(*before), report(*after))
    assert sorted(map(repr, (*result.findings, *result.remaining))) == sorted(map(repr, after))
    assert result.known == len(result.remaining) <= len(before)
    assert subtract(report(*after), report(*after)).findings == ()
    moved = tuple(msgspec.structs.replace(each, line=each.line + 100) for each in after)
    assert subtract(report(*before), report(*moved)).known == result.known


def test_a_check_that_fails_without_a_word_of_where_failed_before_if_it_said_the_same() -> None:
    def said(tail: str) -> Report:
        return msgspec.structs.replace(report(tests=True), tail=tail)

    before = said("not ok 1 - add (took 12.5 ms)\nfailed 1 of 3")
    same = subtract(before, said("not ok 1 - add (took 9.1 ms)\nfailed 1 of 3"))
    assert (same.state, same.note) == ("broken", "it fails without the change, too")
    assert same.remaining[0].message == "x fails" and "not ok 1 - add" in same.remaining[0].excerpt
    other = subtract(before, said("not ok 1 - add\nnot ok 2 - twice\nfailed 2 of 3"))
    assert (other.state, other.remaining) == ("failed", ())


def test_what_took_too_long_before_says_nothing() -> None:
    slow = report(state="timed-out", tests=True)
    assert subtract(slow, slow).state == "broken"
    assert subtract(report(state="passed", tests=True), slow) == slow


def test_a_linter_that_breaks_with_the_change_alone_has_failed() -> None:
    broken = msgspec.structs.replace(report(state="broken"), exit=2)
    assert subtract(report(state="passed"), broken).state == "failed"
    assert subtract(broken, broken).state == "broken"
