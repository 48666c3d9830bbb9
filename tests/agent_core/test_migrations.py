"""State of earlier versions is taken over, with a copy; that of a newer one is left as it is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent_core.agent import estimate
from agent_core.checkpoints.states import State
from agent_core.checkpoints.store import Store
from agent_core.config import load as load_config
from agent_core.cooldowns import Cooldowns
from agent_core.credentials.known import known_endpoints, note_endpoint, unreadable
from agent_core.doctor.versions import check_versions
from agent_core.errors import AgentError, LearningFault, LogFault
from agent_core.files import load_state, read_state, update_state
from agent_core.index.arrays import OtherVersion
from agent_core.index.image import Image
from agent_core.logs.events.baseline import Baseline, Generation
from agent_core.logs.learned import Learned
from agent_core.logs.mining.miner import Miner
from agent_core.logs.shipping.shelf import Shelf
from agent_core.mcp.client_consent import Consent
from agent_core.migrations import Format, NewerState, version_of
from agent_core.permissions import Permissions
from agent_core.rl.offline.begun import note, noted
from agent_core.rl.offline.registry import Registry
from agent_core.rl.store import statefile
from agent_core.rl.store.store import Store as Records
from agent_core.session.saved.store import SavedSessions
from agent_core.skills.saved import read_saved, use_version
from agent_core.workspace import Workspace
from stack import autoscale
from tests.conftest import ROOT
from tui.prompt_history import PromptHistory

KEPT = ROOT / "tests" / "fixtures" / "state"
VERSIONS = sorted(path.name for path in KEPT.iterdir() if (path / "home").is_dir())
SHOP = Path("/tmp/shop")
"""Where the workspace of the fixtures was: what is kept of it in the user's folder goes by this."""


@pytest.fixture(params=VERSIONS)
def kept(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of a version, as they were written by it."""
    shutil.copytree(KEPT / request.param, tmp_path / "kept")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "kept/home/state"))
    return tmp_path / "kept"


@pytest.fixture
def workspace(kept: Path) -> Workspace:
    return Workspace(kept / "workspace")


def seen_of(workspace: Workspace) -> Path:
    return next((workspace.state_dir / "logs/seen").glob("*.seen"))


def shelf_of(workspace: Workspace) -> Path:
    return next((workspace.state_dir / "logs/shipped").glob("*/*.json"))


# Every version's files are taken for what they are


def test_what_a_person_allowed_and_what_was_learnt_of_a_model(kept: Path) -> None:
    rules = Permissions(workspace=SHOP).list()
    assert [rule.rule for rule in rules] == ["run:pytest *"]
    assert estimate._kept("localhost:11434/qwen3") == 1.25
    tokens = kept / "home/state/dspy-tui/tokens.json"
    before = tokens.read_bytes()
    estimate._keep("other", 1.5)
    assert (estimate._kept("localhost:11434/qwen3"), estimate._kept("other")) == (1.25, 1.5)
    assert version_of(tokens.read_bytes()) == 2
    backups = [path.read_bytes() for path in tokens.parent.glob("tokens.json.backup-*")]
    assert backups == ([before] if version_of(before) == 1 else [])


def test_conversations_prompts_and_cooldowns(workspace: Workspace) -> None:
    (saved,) = SavedSessions(workspace).list()
    assert (saved.name, saved.bad) == ("shop", 0) and saved.turns >= 5
    loaded = SavedSessions(workspace).load(saved.id)
    assert not loaded.warnings and loaded.records[0].event
    history = PromptHistory(workspace)
    history.load()
    assert history.step(-1, "") == "why do orders fail?"
    told: list[Any] = []
    cooldowns = Cooldowns(workspace=workspace, seconds={"index": 1e12}, publish=told.append)
    assert cooldowns.remaining("index") > 0 and not told


def test_what_a_turn_changed_can_be_taken_back(workspace: Workspace) -> None:
    store = Store(workspace=workspace)
    (record,) = store.records()
    assert [change.name for change in record.changes if change.name != "."] == ["made.py"]
    (after,) = (change.after for change in record.changes if change.name == "made.py")
    assert isinstance(after, State) and store.get(after.id) == b"x = 1\n"
    assert store.tree() is not None and not store.warnings


def test_what_was_learnt_of_use_and_by_training(workspace: Workspace) -> None:
    loaded = statefile.read(workspace.root / statefile.STATE)
    assert loaded.state is not None and loaded.state.decisions == 1 and not loaded.older
    registry = Registry(workspace.state_dir / "rl/policies")
    used = registry.in_use
    assert used is not None and used.version == 1
    try:
        assert registry.load(used).header.actions == used.actions
    except LearningFault as fault:  # it learnt to order by what is not looked at any more
        assert "sees or chooses among other things" in fault.message
    begun = noted(workspace.state_dir / "rl")
    assert begun is not None and begun.changes == 120


def test_which_workers_were_scaled(workspace: Workspace) -> None:
    path = workspace.state_dir / "autoscale.json"
    kept, warning = read_state(path, autoscale._Kept)
    assert kept is not None and kept.services["dspy-worker"].running == 2 and not warning
    content = newer(path)
    with pytest.raises(NewerState):
        read_state(path, autoscale._Kept)
    assert path.read_bytes() == content


def test_better_prompts(workspace: Workspace) -> None:
    saved, warning = read_saved(workspace.state_dir / "skills", "ask")
    assert saved is not None and saved.used is not None and not warning
    assert saved.used.prompts["answer"].instructions == "Answer shortly."


def test_what_was_seen_of_logs_and_shipped(workspace: Workspace) -> None:
    templates = Baseline(seen_of(workspace))._file.generations[0].templates
    assert templates["served <*>"] == 50
    assert Learned(workspace.state_dir / "logs/seen/wordings", mask=str).begin().dump() == (
        (workspace.state_dir / "logs/seen/wordings").read_bytes()
    )
    shelf = Shelf(shelf_of(workspace).parent, "shop\nlogs/app.log")
    assert [part.name for part in shelf.parts] == ["0-app"] and not shelf.warning
    shelf.close()


def test_the_index(workspace: Workspace) -> None:
    assert Image.load(workspace.state_dir / "index/image").chunks >= 2


# Of versions before that


def test_what_was_seen_of_logs_with_secrets_is_masked_and_no_copy_kept(tmp_path: Path) -> None:
    shutil.copytree(KEPT / "v0", tmp_path / "v0")
    path = seen_of(Workspace(tmp_path / "v0/workspace"))
    before = Baseline(path, mask=lambda text: text.replace("login", "***"))
    before.learn(Generation("new", 1, {"x": 1}, {}))
    assert b"login" not in path.read_bytes() and b"served <*>" in path.read_bytes()
    assert sorted(path.parent.iterdir()) == [path]


def test_the_state_of_the_older_program_is_taken_over_with_a_copy(tmp_path: Path) -> None:
    shutil.copytree(KEPT / "v0", tmp_path / "v0")
    root = tmp_path / "v0/workspace"
    old = (root / statefile.STATE).read_bytes()
    records = Records(Workspace(root))
    records.open()
    records.close()
    assert version_of((root / statefile.STATE).read_bytes()) == 1
    assert b'"schema"' in (root / statefile.STATE).read_bytes()
    assert [path.read_bytes() for path in root.glob(f"{statefile.STATE}.backup-*")] == [old]


def test_an_index_of_another_version_is_known_for_one_and_made_anew(tmp_path: Path) -> None:
    with pytest.raises(OtherVersion):
        Image.load(KEPT / "v0/workspace/.dspy_tui/index/image")


# Of a version to come


def newer(path: Path) -> bytes:
    """Make a file one of a version to come."""
    content = path.read_bytes()
    if path.suffix in (".json", ".jsonl"):
        head, end, rest = content.partition(b"\n") if path.suffix == ".jsonl" else (content, b"", b"")
        plain = {
            "schema": 99,
            **{k: v for k, v in msgspec.json.decode(head).items() if k != "schema"},
            "more": [],
        }
        content = msgspec.json.encode(plain) + end + rest
    else:
        plain = msgspec.msgpack.decode(content)
        plain |= {"version" if "version" in plain else "schema": 99, "more": []}
        content = msgspec.msgpack.encode(plain)
    path.write_bytes(content)
    return content


def test_what_a_newer_version_wrote_is_left_alone(kept: Path, workspace: Workspace) -> None:
    state = workspace.state_dir
    user = kept / "home/state/dspy-tui"
    (user / "tokens.json").write_bytes(b'{"schema": 99, "factors": "others"}')
    paths = {
        path: newer(path)
        for path in (
            user / "permissions.json", state / "cooldowns.json", state / "skills/ask.json",
            state / "logs/seen/wordings", state / "checkpoints/turns/000001",
            shelf_of(workspace), seen_of(workspace),
            state / "rl/policies/1/about.json", state / "rl/policies/in-use.json", state / "rl/begun.json",
            workspace.root / statefile.STATE, next((state / "sessions").glob("*.jsonl")),
        )
    }  # fmt: skip
    paths[user / "tokens.json"] = (user / "tokens.json").read_bytes()

    refused: list[tuple[Callable[[], Any], type[Exception]]] = [
        (lambda: Permissions(workspace=SHOP).remember("run:make"), NewerState),
        (lambda: Cooldowns(workspace=workspace, seconds={}, publish=print)._write("index", 1.0), NewerState),
        (lambda: use_version(state / "skills", "ask", 0), AgentError),
        (lambda: Shelf(shelf_of(workspace).parent, "shop\nlogs/app.log"), LogFault),
        (lambda: Baseline(seen_of(workspace)).learn(Generation("new", 1, {}, {})), NewerState),
        (lambda: Registry(state / "rl/policies").roll_back(), AgentError),
        (lambda: statefile.load(workspace.root / statefile.STATE), statefile.ForeignState),
    ]
    for write, error in refused:
        with pytest.raises(error):
            write()
    begun = noted(KEPT / "v1/workspace/.dspy_tui/rl")
    assert begun is not None
    estimate._keep("other", 1.5)
    learned = Learned(state / "logs/seen/wordings", mask=str)
    miner = learned.begin()
    miner.mine("an order came")
    with pytest.raises(NewerState):
        learned.add(miner)
    sessions = SavedSessions(workspace)
    assert not sessions.list() and "newer version" in sessions.warnings[0]
    with pytest.raises(NewerState):
        note(state / "rl", begun)
    store = Store(workspace=workspace)
    assert not store.records() and not store.records() and len(store.warnings) == 1
    store.sweep(set())  # none of what the newer turn needs goes
    assert len(list((state / "checkpoints/blobs").rglob("*"))) > 1
    assert {path: path.read_bytes() for path in paths} == paths
    assert not list(kept.rglob("*.bad-*"))


def test_whose_keys_are_in_the_keyring_is_a_newer_version_s(tmp_path: Path) -> None:
    env = {"XDG_CONFIG_HOME": str(tmp_path)}
    note_endpoint("models", "https://models/v1", env)
    assert known_endpoints(env) == {"models": "https://models/v1"}
    content = newer(tmp_path / "dspy-tui/keyring.json")
    assert known_endpoints(env) == {}
    with pytest.raises(NewerState):
        note_endpoint("others", "https://others/v1", env)
    assert (tmp_path / "dspy-tui/keyring.json").read_bytes() == content


async def test_the_doctor_tells_of_which_version_files_are(kept: Path, workspace: Workspace) -> None:
    env = {"XDG_STATE_HOME": str(kept / "home/state")}
    check = await check_versions(workspace, env)
    first = version_of((kept / "home/state/dspy-tui/tokens.json").read_bytes()) == 1
    assert check.verdict == "ok"
    assert ("tokens.json (schema 1); taken over" in check.detail) == first
    assert ("files of state, all of this version" in check.detail) != first
    for path in (seen_of(workspace), workspace.state_dir / "skills/ask.json"):
        newer(path)
    check = await check_versions(workspace, env)
    assert (
        check.verdict == "warn"
        and "ask.json (schema 99)" in check.detail
        and "seen (schema 99)" in check.detail
    )


@pytest.mark.parametrize(
    ("content", "said"), [(b"{broken", "broken: "), (b'{"endpoints": 5, "workspaces": 5}', "broken: ")]
)
async def test_lists_that_are_broken_are_named_until_something_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, said: str
) -> None:
    env = {"XDG_CONFIG_HOME": str(tmp_path / "c"), "XDG_STATE_HOME": str(tmp_path / "s")}
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    keys, answers = tmp_path / "c/dspy-tui/keyring.json", tmp_path / "s/dspy-tui/mcp.json"
    for path in (keys, answers):
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    workspace = Workspace(tmp_path)
    for _ in range(2):
        check = await check_versions(workspace, env)
        assert check.verdict == "warn" and said in check.detail
        assert "keyring.json" in check.detail and "mcp.json" in check.detail
        assert known_endpoints(env) == {} and "keyring.json: broken" in unreadable(env)
        consent = Consent(workspace=tmp_path, permissions=Permissions(workspace=tmp_path))
        consent.load()
        assert "mcp.json: broken" in consent.trouble
    assert (keys.read_bytes(), answers.read_bytes()) == (content, content)
    assert "kept as keyring.json.bad-" in note_endpoint("models", "https://models/v1", env)
    assert not unreadable(env) and known_endpoints(env)


async def test_a_newer_list_of_keys_is_named(tmp_path: Path) -> None:
    env = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    note_endpoint("models", "https://models/v1", env)
    newer(tmp_path / "dspy-tui/keyring.json")
    assert "newer version" in unreadable(env)
    assert "keyring.json (schema 99)" in (await check_versions(Workspace(tmp_path), env)).detail


async def test_all_that_a_training_keeps_is_looked_at(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    folder = workspace.ensure_state_dir("rl")
    names = ("ended.json", "report.json", "prompts.json")
    for name in names:
        (folder / name).write_text('{"schema": 99}')
    check = await check_versions(workspace, {"HOME": str(tmp_path)})
    assert check.verdict == "warn" and all(f"{name} (schema 99)" in check.detail for name in names)


def test_settings_for_a_newer_version_are_left_out_and_named(tmp_path: Path) -> None:
    (tmp_path / ".dspy_tui").mkdir()
    file = tmp_path / ".dspy_tui/config.toml"
    file.write_text('schema = 99\nollama_model = "other"\n')
    config = load_config(root=tmp_path, env={})
    assert config.settings.ollama_model != "other" and "newer version" in config.warnings[0]
    file.write_text('schema = 1\nollama_model = "other"\n')
    config = load_config(root=tmp_path, env={})
    assert (config.settings.ollama_model, config.warnings) == ("other", ())


# The mechanism


class Named(msgspec.Struct):
    name: str
    schema: int = 3


NAMED = Format(
    Named,
    version=3,
    steps={1: lambda old: {"called": old["n"]}, 2: lambda old: {"name": old["called"], "schema": 3}},
)


@pytest.mark.parametrize(
    "content", [b'{"n": "a"}', b'{"schema": 2, "called": "a"}', b'{"schema": 3, "name": "a"}']
)
def test_each_step_is_taken_from_where_a_file_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "named.json"
    path.write_bytes(content)
    assert load_state(path, NAMED) == (Named("a"), "")
    assert path.read_bytes() == content, "reading writes nothing"
    update_state(path, NAMED, lambda old: old or Named(""))
    assert version_of(path.read_bytes()) == 3
    backups = [backup.read_bytes() for backup in tmp_path.glob("named.json.backup-*")]
    assert backups == ([] if b"3" in content else [content])


def test_an_older_file_that_cannot_be_taken_over_is_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "named.json"
    path.write_bytes(b'{"schema": 2, "other": 1}')
    value, warning = load_state(path, NAMED)
    assert value is None and "broken" in warning
    assert [aside.read_bytes() for aside in tmp_path.glob("*.bad-*")] == [b'{"schema": 2, "other": 1}']


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"1", b'{"schema": "x"}', b'{"schema": -3}', b'{"schema": true}', b"\xff"]
)
def test_what_says_no_version_is_of_the_first(content: bytes) -> None:
    assert version_of(content) == 1


def test_miners_of_a_version_to_come_are_refused() -> None:
    with pytest.raises(NewerState):
        Miner.load(msgspec.msgpack.encode({"version": 99, "shapes": "others"}))
