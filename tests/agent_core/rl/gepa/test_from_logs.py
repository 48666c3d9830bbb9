"""Examples from the logs: from a real log read by the real log process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent_core.config import Settings
from agent_core.errors import LogFault
from agent_core.logs.api import Digest, DigestQuery
from agent_core.logs.client import WorkerLogs
from agent_core.masking import mask_secrets
from agent_core.rl.gepa.examples import Explains
from agent_core.rl.gepa.from_logs import from_logs, log_texts
from agent_core.rl.gepa.judging import Reply, judge
from agent_core.workspace import Workspace
from tests.agent_core.rl.gepa.made import SECRET, THINGS


@pytest.fixture
async def logs(tmp_path: Path) -> AsyncIterator[WorkerLogs]:
    (tmp_path / "logs").mkdir()
    lines: list[str] = []
    for minute, thing in enumerate(THINGS[:24]):
        for second in range(20):
            lines.append(f"2026-11-29T10:{minute:02}:{second:02} INFO web request {second} served in 3 ms")
        lines.append(f"2026-11-29T10:{minute:02}:30 ERROR {thing} could not weigh {thing}: {thing} broken")
        lines.append(f"2026-11-29T10:{minute:02}:31 WARN web {thing} answered late, api_key={SECRET}")
    (tmp_path / "logs" / "app.log").write_text("\n".join(lines) + "\n")
    opened = WorkerLogs(workspace=Workspace.open(tmp_path), settings=Settings())
    yield opened
    await opened.aclose()


async def test_a_few_events_at_a_time_each_kind_on_one_side(logs: WorkerLogs, tmp_path: Path) -> None:
    texts = await log_texts(logs, mask=mask_secrets)
    assert texts == await log_texts(logs, mask=mask_secrets)
    examples = from_logs(texts, room=4000)
    assert len(examples) == len(texts)
    sides = {side: [one for one in examples if one.side == side] for side in ("learn", "validate")}
    broken = {
        side: {
            thing for thing in THINGS for one in rows if f"could not weigh {thing}" in one.fields["events"]
        }
        for side, rows in sides.items()
    }
    assert broken["learn"] and broken["validate"] and not broken["learn"] & broken["validate"]
    for one in examples:
        assert isinstance(one.goal, Explains) and 1 <= one.goal.count <= 4
        assert SECRET not in one.fields["events"]
        assert f"[{one.goal.count}]" in one.fields["events"]
        reply = (
            f"**Likely cause:** it broke [{one.goal.grave[0]}].\n**Next steps:**\n- mend it\n- look again\n"
        )
        good = judge(one.goal, Reply(reply), workspace=Workspace.open(tmp_path), tools=())
        assert good.score == 1.0, good.feedback


async def test_what_does_not_fit_is_left_out(logs: WorkerLogs) -> None:
    texts = await log_texts(logs, mask=mask_secrets)
    assert not from_logs(texts, room=10)


class NoLogs:
    """Logs that cannot be read."""

    async def digest(self, query: DigestQuery) -> Digest:
        raise LogFault("the disk is gone")


async def test_logs_that_cannot_be_read_are_left_out_and_said(workspace: Workspace) -> None:
    from agent_core.rl.gepa.api import Budget
    from agent_core.rl.gepa.optimising import optimise
    from agent_core.tools.registry import Registry
    from tests.agent_core.rl.gepa.made import Obeys
    from tests.fakes.session import GivenModels

    report = await optimise(
        workspace,
        models=GivenModels(Obeys()),  # type: ignore[arg-type]
        settings=Settings(),
        registry=Registry(),
        logs=NoLogs(),  # type: ignore[arg-type]
        budget=Budget(calls=1),
        skills=("logs",),
    )
    assert report.notes == ("The logs are left out: the disk is gone",)
    assert [outcome.verdict for outcome in report.outcomes] == ["scarce"]
