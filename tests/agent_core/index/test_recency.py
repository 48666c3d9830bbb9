"""What git says of when files changed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from agent_core.gitchurn import MOST_COMMITS, Churn, Commit
from agent_core.index.question import read_question
from agent_core.index.rank import Ranker
from agent_core.index.reasons import reasons
from agent_core.index.recency import Recency
from tests.agent_core.index.workspaces import fresh

TODAY = date(2026, 11, 25)


def commit(day: str, *files: str) -> Commit:
    return Commit(day, files)


FIRST = commit("2019-01-01", "a.py", "b.py")


def test_of_two_that_speak_alike_the_recent_one_comes_first(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.py").write_text("def frobnicate(value):\n    return value\n")
    (tmp_path / "c.py").write_text("def other():\n    pass\n")
    image, recency = fresh(tmp_path), Recency()
    ranker = Ranker(image, recency=recency)
    question = read_question("frobnicate the value")

    def found() -> list[str]:
        return [file.entry.row.path for file in ranker.rank(question, None, limit=5)]

    assert found() == ["a.py", "b.py"]
    commits = (commit("2026-11-23", "b.py", "c.py", "gone.py"), commit("2020-01-01", "a.py", "b.py"), FIRST)
    recency.take(Churn(commits=commits), today=TODAY)
    assert found() == ["b.py", "a.py"], "and what nothing else speaks for is no result"
    assert (recency.days("b.py"), recency.days("d.py")) == (2, None)
    best = ranker.rank(question, None, limit=1)[0]
    assert "changed 2 days ago" in reasons(best, question, days=recency.days("b.py"))
    assert not any("changed" in text for text in reasons(best, question, days=2000))


def test_commits_of_very_many_files_say_nothing(tmp_path: Path) -> None:
    recency = Recency()
    everything = tuple(f"{number}.py" for number in range(500))
    recency.take(Churn(commits=(commit("2026-11-24", *everything), FIRST)), today=TODAY)
    assert recency.days("1.py") is None


def test_the_first_commit_brings_files_and_changes_none() -> None:
    recency = Recency()
    recency.take(Churn(commits=(commit("2026-11-25", "a.py", "b.py"),)), today=TODAY)
    assert (recency.days("a.py"), recency.days("b.py")) == (None, None)
    recency.take(Churn(commits=(commit("2026-11-25", "b.py"), FIRST)), today=TODAY)
    assert (recency.days("a.py"), recency.days("b.py")) == (None, 0)
    beyond = tuple(commit("2026-11-24", "a.py") for _ in range(MOST_COMMITS))
    recency.take(Churn(commits=beyond), today=TODAY)
    assert recency.days("a.py") == 1, "what was read of a long log begins with no first one"
    recency.take(Churn(), today=TODAY)
    assert recency.days("a.py") is None


def test_a_date_to_come_counts_as_today() -> None:
    recency = Recency()
    recency.take(Churn(commits=(commit("2031-01-01", "a.py"), FIRST)), today=TODAY)
    assert recency.days("a.py") == 0
