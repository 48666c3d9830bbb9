from __future__ import annotations

import pytest

from agent_core.code.roles import Role, role, role_weights


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/app.py", "source"),
        ("tests/test_app.py", "test"),
        ("pkg/app_test.go", "test"),
        ("src/test/java/FooTest.java", "test"),
        ("src/main/java/org/testing/Foo.java", "source"),
        ("docs/guide.md", "document"),
        ("CHANGELOG.md", "log"),
        ("LICENSE", "log"),
        ("vendor/lib/x.go", "generated"),
        ("web/app.min.js", "generated"),
        ("package-lock.json", "generated"),
        ("config.yaml", "data"),
        ("Makefile", "source"),
        ("latest/contest.py", "source"),
    ],
)
def test_paths_have_roles(path: str, expected: str) -> None:
    assert role(path) == expected


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("which tests cover the parser", "test"),
        ("the installation guide", "document"),
        ("who are the authors", "log"),
        ("the CI workflow in yaml", "data"),
        ("the vendored copy", "generated"),
    ],
)
def test_what_a_question_asks_for_counts_nearly_in_full(question: str, kind: Role) -> None:
    usual, asked = role_weights("how are retries counted"), role_weights(question)
    assert asked[kind] > usual[kind]
    assert {one: weight for one, weight in asked.items() if one != kind} == {
        one: weight for one, weight in usual.items() if one != kind
    }
    assert max(usual, key=lambda one: usual[one]) == "source"
