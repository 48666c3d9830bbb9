from __future__ import annotations

import pytest

from agent_core.agent.claims import unbacked


@pytest.mark.parametrize(
    "text",
    [
        "I have fixed the port handling in app.py.",
        "I've added a test for it.",
        "I changed `read_port` so that it takes a default.",
        "The function has been renamed to port_of.",
        "Done. The fix is now in place.",
    ],
)
def test_a_change_that_did_not_happen_is_named(text: str) -> None:
    assert unbacked(text, changed=False, ran=False) == "(Not verified: no file was changed in this turn.)"
    assert unbacked(text, changed=True, ran=False) == ""


@pytest.mark.parametrize(
    "text", ["All tests pass.", "The tests now pass.", "I ran the suite.", "The build is green now."]
)
def test_a_run_that_did_not_happen_is_named(text: str) -> None:
    assert unbacked(text, changed=False, ran=False) == (
        "(Not verified: no test or check was run in this turn.)"
    )
    assert unbacked(text, changed=False, ran=True) == ""


def test_both_are_named_together() -> None:
    said = unbacked("I fixed it and all tests pass.", changed=False, ran=False)
    assert said == "(Not verified: no file was changed and no test or check was run in this turn.)"


@pytest.mark.parametrize(
    "text",
    [
        "The port is read in app.py:5.",
        "`I have fixed it` is what the log says.",
        "```\nI have fixed it. All tests pass.\n```",
        "Once you have added a default, make sure the tests pass.",
        "It would help if I changed the default.",
        "This check must pass before the release.",
        "I would not say that the tests pass.",
        "The value can be changed in the settings.",
        "> I have fixed it",
    ],
)
def test_what_claims_nothing_gets_no_remark(text: str) -> None:
    assert unbacked(text, changed=False, ran=False) == ""
