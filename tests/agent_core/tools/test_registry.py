"""The registry: names, plugins that are really installed, and what is no tool."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar

import msgspec
import pytest

from agent_core.commandline import CommandLine, parse
from agent_core.config import Settings
from agent_core.events import ActionClass
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.registry import Registry, builtin_tools, tool_schema
from agent_core.workspace import Workspace

EXAMPLE = Path(__file__).resolve().parents[2] / "plugins" / "example"


class Args(msgspec.Struct, frozen=True):
    name: str = ""
    count: Annotated[int, msgspec.Meta(extra={"flag": "-c"})] = 1


class Good:
    name: ClassVar[str] = "good"
    aliases: ClassVar[tuple[str, ...]] = ("fine",)
    summary: ClassVar[str] = "does nothing"
    action: ClassVar[ActionClass] = "read"
    args_type: ClassVar[type[msgspec.Struct]] = Args
    positional: ClassVar[tuple[str, ...]] = ("name",)
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = True

    async def run(self, args: Args, context: ToolContext) -> ToolResult:
        return ToolResult(text="", summary="")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example plugin, installed by pip into a folder of its own, without network."""
    target = tmp_path_factory.mktemp("plugins")
    argv = [
        sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
        "--disable-pip-version-check", "--target", str(target), str(EXAMPLE),
    ]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture
def with_plugin(installed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(installed))
    importlib.invalidate_caches()
    yield
    for name in [name for name in sys.modules if name.startswith("dspy_tui_wordcount")]:
        del sys.modules[name]


def test_the_built_in_tools() -> None:
    registry = Registry(builtin_tools())
    assert [tool.name for tool in builtin_tools()] == ["grep", "ls", "tree", "cat", "diff", "shell"]
    assert {tool.name for tool in builtin_tools() if tool.for_agent} == {"grep", "ls", "tree", "cat", "diff"}
    assert registry.get("grep") is registry.get("grep") is not None
    assert registry.get("no-such-tool") is None
    assert registry.get("What?\n\0") is None
    assert registry.failures == []


@pytest.mark.usefixtures("with_plugin")
async def test_an_installed_plugin_is_found_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one two\nthree\n")
    registry = Registry(builtin_tools())
    parsed = parse("wordcount a.txt -l", registry)
    assert isinstance(parsed, CommandLine)
    tool = registry.get("wordcount")
    assert tool is not None and registry.get("wc") is tool
    context = ToolContext(workspace=Workspace.open(tmp_path), settings=Settings())
    assert (await tool.run(parsed.args, context)).data == {"count": 2}
    assert tool_schema(tool)["required"] == ["path"]


@pytest.mark.usefixtures("with_plugin")
def test_broken_plugins_are_recorded_and_never_raised() -> None:
    registry = Registry(builtin_tools())
    grep = registry.get("grep")
    assert "dspy_tui_wordcount" not in sys.modules, "a known name imports no plugin"
    names = [tool.name for tool in registry.all()]
    assert names[:6] == ["grep", "ls", "tree", "cat", "diff", "shell"]
    assert names[6:] == ["wordcount"]
    assert registry.get("grep") is grep
    failures = {failure.name: failure for failure in registry.failures}
    assert set(failures) == {"grep", "wc-broken", "wc-missing", "wc-incomplete", "wc-leaves"}
    assert "another tool" in failures["grep"].error
    assert failures["wc-broken"].error == "RuntimeError: this plugin was written for another version"
    assert "NoSuchName" in failures["wc-missing"].error
    assert failures["wc-incomplete"].error.startswith("it has no aliases, summary")
    assert "SystemExit" in failures["wc-leaves"].error
    assert "dspy-tui-wordcount 0.3.0" in failures["wc-broken"].source
    registry.all()
    assert len(registry.failures) == 5, "each is tried once"


@pytest.mark.usefixtures("with_plugin")
def test_asking_for_one_plugin_leaves_the_others_alone() -> None:
    registry = Registry(builtin_tools())
    assert registry.get("wordcount") is not None
    assert [failure.name for failure in registry.failures] == ["grep"]


def test_names_are_unique() -> None:
    registry = Registry([Good()])
    with pytest.raises(ValueError, match="'good' is taken"):
        registry.add(Good())
    assert registry.get("fine") is registry.get("good")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": "Bad Name"}, "is no name"),
        ({"name": 3}, "is no name"),
        ({"action": "destroy"}, "no class of action"),
        ({"args_type": dict}, "msgspec.Struct"),
        ({"run": lambda self, args, context: None}, "coroutine"),
        ({"positional": ()}, "without a flag"),
        ({"positional": ("name", "count")}, "without a flag"),
        ({"args_type": msgspec.defstruct("A", [("name", str), ("x", dict[str, int])])}, "cannot be typed"),
        ({"args_type": msgspec.defstruct("A", [("name", str), ("loud", bool, True)])}, "False by default"),
    ],
)
def test_what_is_no_tool(changes: dict[str, Any], says: str) -> None:
    tool = type("Bad", (Good,), changes)()
    with pytest.raises((TypeError, ValueError), match=says):
        Registry([tool])


def test_schemas_are_flat_and_small() -> None:
    for tool in builtin_tools():
        schema = tool_schema(tool)
        assert set(schema) == {"type", "properties", "required", "additionalProperties"}
        for name, part in schema["properties"].items():
            assert part["type"] in ("string", "integer", "boolean"), (tool.name, name)
            assert 10 < len(part["description"]) <= 80, (tool.name, name)
        assert len(json.dumps(schema)) < 1_100
    grep = tool_schema(builtin_tools()[0])
    assert grep["required"] == ["pattern"]
    assert "limit" not in grep["properties"]


@pytest.mark.parametrize(
    "module", ["agent_core.tools.registry", "agent_core.commandline", "agent_core.process"]
)
def test_the_start_up_path_looks_through_no_distributions(module: str) -> None:
    code = (
        f"import {module}, sys\n"
        "from agent_core.tools.registry import Registry, builtin_tools\n"
        "Registry(builtin_tools()).get('grep')\n"
        "print('importlib.metadata' in sys.modules, 'pathspec' in sys.modules, 'difflib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"] * 3
