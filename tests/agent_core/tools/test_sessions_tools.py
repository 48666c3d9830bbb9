"""`sessions`, `resume`, `fork` and `export` in a running session."""

from __future__ import annotations

from pathlib import Path

from agent_core.events import SessionOpened, ToolFinished, TurnFinished
from agent_core.session.session import Session
from agent_core.tools.export import ExportTool
from agent_core.tools.fork import ForkTool
from agent_core.tools.resume import ResumeTool
from agent_core.tools.sessions import SessionsTool
from tests.fakes.session import Echo, GivenModels, Recorder, make_session


def wired(root: Path, *, allow: tuple[str, ...] = ()) -> tuple[Session, Recorder]:
    """A session that is saved, with the commands that look after sessions."""
    session, seen = make_session(root, Echo(), saved=True, allow=allow, interactive=False)
    conversation = session.conversation
    session.registry.add(SessionsTool(conversation=conversation, models=GivenModels()))  # type: ignore[arg-type]
    for tool in (ResumeTool, ForkTool, ExportTool):
        session.registry.add(tool(conversation=conversation))
    return session, seen


async def said(session: Session, seen: Recorder, line: str) -> ToolFinished:
    """What a command found."""
    session.submit(line)
    await session.idle()
    found = seen.of(ToolFinished)[-1]
    assert isinstance(found, ToolFinished)
    return found


async def test_sessions_are_listed_renamed_summed_up_and_deleted(tmp_path: Path) -> None:
    session, seen = wired(tmp_path)
    assert "No session is saved" in (await said(session, seen, "sessions")).text
    await said(session, seen, "echo one")
    assert (await said(session, seen, "sessions rename login form")).error is None
    listed = await said(session, seen, "sessions list")
    assert listed.text.startswith(f"* {session.conversation.id}  login form: echo one")
    assert listed.data["sessions"][0]["turns"] == 1
    summed = await said(session, seen, "sessions summary")
    assert (summed.data["turns"], summed.data["answer"]) == (1, "")
    shown = await said(session, seen, "sessions show login")
    assert "# login form" in shown.text and "<code>echo one" in shown.text
    refused = await said(session, seen, "sessions delete login form")
    assert refused.error is not None and "is open" in refused.error.message
    await session.aclose()
    other, seen = wired(tmp_path)
    assert (await said(other, seen, "sessions delete login form")).error is None
    assert other.conversation.store.list() == []
    for line in (
        "sessions delete",
        "sessions rename",
        "sessions summary",
        "sessions show nothing",
        "/resume x",
    ):
        assert (await said(other, seen, line)).error is not None, line


async def test_a_session_is_forked_and_exported_where_writing_is_allowed(tmp_path: Path) -> None:
    session, seen = wired(tmp_path, allow=("write",))
    root = tmp_path / "workspace"
    await said(session, seen, "echo `one` <b>")
    first = session.conversation.id
    await said(session, seen, "fork second")
    assert seen.one(SessionOpened).forked_from == first
    await said(session, seen, "echo two")
    exported = await said(session, seen, "export out.md")
    assert exported.data["changed"] == ["out.md"]
    text = (root / "out.md").read_text()
    assert "# second" in text and "> echo two" in text and "&lt;b&gt;" in text
    assert (await said(session, seen, f"export --of {first}")).error is None
    assert "echo two" not in (root / f"session-{first}.md").read_text()
    outside = await said(session, seen, "export ../out.md")
    assert outside.error is not None and outside.error.code == "path-outside"
    folder = await said(session, seen, "export .")
    assert folder.error is not None
    await session.aclose()


async def test_writing_asks(tmp_path: Path) -> None:
    session, seen = wired(tmp_path)
    await said(session, seen, "echo one")
    session.submit("export out.md")
    await session.idle()
    assert seen.of(TurnFinished)[-1].exit == 3
    assert not (tmp_path / "workspace" / "out.md").exists()
    await session.aclose()
