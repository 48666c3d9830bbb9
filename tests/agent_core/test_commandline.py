"""What typed lines are: commands, shell commands, questions, mistakes."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core.commandline import (
    CommandLine,
    Mention,
    ShellLine,
    Task,
    lone_word,
    parse,
    render,
    synopsis,
    usage,
)
from agent_core.errors import UsageError
from agent_core.events import ActionClass
from agent_core.tools.base import ToolContext, ToolResult
from agent_core.tools.ctx import CtxTool
from agent_core.tools.registry import Registry, builtin_tools


class PlanArgs(msgspec.Struct, frozen=True):
    task: Annotated[str, msgspec.Meta(description="What to plan.", extra={"also": "--task-text"})]
    steps: Annotated[int, msgspec.Meta(description="How many.", extra={"flag": "-n"})] = 5


class SeekArgs(msgspec.Struct, frozen=True):
    query: Annotated[str, msgspec.Meta(extra={"free": True, "ends": True, "also": "--q"})]
    limit: Annotated[int, msgspec.Meta(ge=0, extra={"flag": "--limit"})] = 0
    tests: bool = False


class RuleArgs(msgspec.Struct, frozen=True):
    what: Literal["list", "revoke"] = "list"
    rule: str = ""


class CheckArgs(msgspec.Struct, frozen=True):
    ratio: Annotated[float, msgspec.Meta(extra={"flag": "--ratio"})] = 0.5
    fix: Annotated[bool, msgspec.Meta(extra={"flag": ("-f", "--repair")})] = False
    names: tuple[str, ...] = ()


class _Fake:
    aliases: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str] = "a command of the tests"
    action: ClassVar[ActionClass] = "read"
    takes_rest: ClassVar[bool] = False
    for_agent: ClassVar[bool] = False

    async def run(self, args: Any, context: ToolContext) -> ToolResult:
        raise NotImplementedError


class PlanTool(_Fake):
    name = "plan"
    aliases: ClassVar[tuple[str, ...]] = ("p",)
    args_type = PlanArgs
    positional = ("task",)
    takes_rest = True


class SeekTool(_Fake):
    name = "seek"
    args_type = SeekArgs
    positional = ("query",)
    takes_rest = True


class RuleTool(_Fake):
    name = "rules"
    args_type = RuleArgs
    positional = ("what", "rule")
    takes_rest = True


class CheckTool(_Fake):
    name = "check"
    args_type = CheckArgs
    positional = ("names",)


class BuildTool(_Fake):
    name = "build"
    args_type = msgspec.defstruct("BuildArgs", [], frozen=True)
    positional = ()


UNUSED: Any = None
CTX = CtxTool(logs=UNUSED, models=UNUSED)
REGISTRY = Registry([*builtin_tools(), CTX, PlanTool(), SeekTool(), RuleTool(), CheckTool(), BuildTool()])

COMMANDS: list[tuple[str, str, dict[str, Any]]] = [
    ("seek where is it", "seek", {"query": "where is it"}),
    ("seek where is it --limit 5", "seek", {"query": "where is it", "limit": 5}),
    ("seek where is it --limit=5 --tests", "seek", {"query": "where is it", "limit": 5, "tests": True}),
    ("seek --tests what's up --limit 3 ", "seek", {"query": "what's up", "limit": 3, "tests": True}),
    ("seek --q 'where is it' --limit 5", "seek", {"query": "where is it", "limit": 5}),
    ("seek --query where is it --tests", "seek", {"query": "where is it", "tests": True}),
    ("seek --query=x --limit 5", "seek", {"query": "x", "limit": 5}),
    ("seek what --limit does", "seek", {"query": "what --limit does"}),
    ("seek what does --limit 5 do --tests", "seek", {"query": "what does --limit 5 do", "tests": True}),
    ("seek 'what does --limit 5' --tests", "seek", {"query": "what does --limit 5", "tests": True}),
    ("seek 'what does --limit 5'", "seek", {"query": "what does --limit 5"}),
    ("seek 'a b' c --limit 5", "seek", {"query": "'a b' c", "limit": 5}),
    ("seek x--limit 5", "seek", {"query": "x--limit 5"}),
    ("seek -- x --tests", "seek", {"query": "x --tests"}),
    ("tree", "tree", {}),
    ("/tree", "tree", {}),
    ("tree --depth 2", "tree", {"depth": 2}),
    ("tree --depth=2 src", "tree", {"depth": 2, "path": "src"}),
    ("ls", "ls", {}),
    ("ls src", "ls", {"path": "src"}),
    ("ls src -a", "ls", {"path": "src", "all": True}),
    ("ls --all src/a\\ b", "ls", {"path": "src/a b", "all": True}),
    ("ls 'the'", "ls", {"path": "the"}),
    ("/ls the", "ls", {"path": "the"}),
    ("diff", "diff", {}),
    ("diff src/app.py", "diff", {"path": "src/app.py"}),
    ("cat README.md", "cat", {"path": "README.md"}),
    ("cat src/a.py:10-40", "cat", {"path": "src/a.py:10-40"}),
    ("cat a.py --start 3 --end 9", "cat", {"path": "a.py", "start": 3, "end": 9}),
    ('cat "my file.txt"', "cat", {"path": "my file.txt"}),
    ("cat 'it'\"'\"'s'", "cat", {"path": "it's"}),
    ("grep foo", "grep", {"pattern": "foo"}),
    ("grep foo .", "grep", {"pattern": "foo", "path": "."}),
    ("grep this", "grep", {"pattern": "this"}),
    ("grep foo?", "grep", {"pattern": "foo?"}),
    ("grep for src", "grep", {"pattern": "for", "path": "src"}),
    (r"grep def\s+main src", "grep", {"pattern": r"def\s+main", "path": "src"}),
    (r'grep "def\s+\"x\"" src', "grep", {"pattern": r'def\s+"x"', "path": "src"}),
    (r"grep 'a\.b'", "grep", {"pattern": r"a\.b"}),
    (r"grep \(x\)", "grep", {"pattern": r"\(x\)"}),
    ("grep foo -i -w", "grep", {"pattern": "foo", "ignore_case": True, "word": True}),
    ("grep -iw foo", "grep", {"pattern": "foo", "ignore_case": True, "word": True}),
    ("grep -ig '*.py' foo", "grep", {"pattern": "foo", "ignore_case": True, "glob": "*.py"}),
    ("grep foo -g *.py", "grep", {"pattern": "foo", "glob": "*.py"}),
    ("grep foo -g=*.py", "grep", {"pattern": "foo", "glob": "*.py"}),
    ("grep foo -g*.py", "grep", {"pattern": "foo", "glob": "*.py"}),
    ("grep foo --glob=!tests/** src", "grep", {"pattern": "foo", "glob": "!tests/**", "path": "src"}),
    ("grep -- -x", "grep", {"pattern": "-x"}),
    ("grep '-x'", "grep", {"pattern": "-x"}),
    ("grep - src", "grep", {"pattern": "-", "path": "src"}),
    ("grep --pattern foo --path src", "grep", {"pattern": "foo", "path": "src"}),
    ("grep foo --limit 5 -F", "grep", {"pattern": "foo", "limit": 5, "literal": True}),
    ("plan add a cache", "plan", {"task": "add a cache"}),
    ("plan don't break it?", "plan", {"task": "don't break it?"}),
    ("plan 'add a cache'", "plan", {"task": "add a cache"}),
    ("plan add 'a' cache", "plan", {"task": "add 'a' cache"}),
    ("plan -n 3 add it", "plan", {"task": "add it", "steps": 3}),
    ("plan --task-text how is it done", "plan", {"task": "how is it done"}),
    ("plan\n- one\n- two", "plan", {"task": "- one\n- two"}),
    ("p add it", "plan", {"task": "add it"}),
    ("rules", "rules", {}),
    ("rules revoke shell:git *", "rules", {"what": "revoke", "rule": "shell:git *"}),
    ("rules revoke 'shell:git *'", "rules", {"what": "revoke", "rule": "shell:git *"}),
    ("check a b --ratio .25 --repair", "check", {"names": ("a", "b"), "ratio": 0.25, "fix": True}),
    ("check -f", "check", {"fix": True}),
    ("build", "build", {}),
    ("/shell ls -la | wc", "shell", {"command": "ls -la | wc"}),
    ("tree   ", "tree", {}),
]

QUESTIONS = [
    "build fails, why?",
    "why does build fail?",
    " tree",
    "\ttree",
    "tree?",
    "Tree",
    "tree view of the tests please",
    "tree isn't right",
    "tree is wrong",
    "ls the files",
    "ls please",
    "ls src and tests",
    "diff the two",
    "diff between main and dev",
    "diff this",
    "cat what?",
    "cat pictures,",
    "grep is slow, why?",
    "grep foo src?",
    "grep don't",
    "tree\nis broken",
    "tree src\n--depth two",
    "ls -l prints nothing, why?",
    "ls --all shows no hidden ones",
    "build --release fails on the server",
    "ctx --limit ignores everything behind the first",
    "build - still broken",
    "ctx crashes",
    "context 'a --b' managers",
    "diff v1.2 v1.3",
    "cat a.py shows garbage",
    "rules are rules",
    "build the docs",
    "shell scripts are broken",
    "shell ls",
    "/usr/lib/x.so is missing",
    "/etc/hosts",
    "// what is this comment",
    "what is grep?",
    "unknown",
    "@src/app.py what is this?",
    "explain `ls src`",
    "é",
]

MISTAKES = [
    ("", "Nothing"),
    ("   \n", "Nothing"),
    ("!", "No command"),
    ("!   ", "No command"),
    ("/", "No command"),
    ("/ tree", "No command"),
    ("/gerp foo", "no command 'gerp'"),
    ("/unknown", "no command"),
    ("/grep", "pattern is missing"),
    ("grep", "pattern is missing"),
    ("cat", "path is missing"),
    ("shell", "command is missing"),
    ("/ls a b", "'b' is one word too many"),
    ("/ls -z", "'-z' is not an option"),
    ("/ls --all=yes", "takes no value"),
    ("/grep foo -g", "-g needs a value"),
    ("/grep 'foo", "a quote is not closed"),
    ("/tree --depth two", "'two' is not a number"),
    ("/tree --depth 99", "<= 32"),
    ("/tree --depth 1 --depth 2", "given twice"),
    ("/rules destroy", "destroy"),
    ("/build now", "one word too many"),
    ("/cat a.py --start -1", ">= 1"),
    ("/diff a b", "one word too many"),
    ("ls --wrong", "'--wrong' is not an option"),
    ("ls -l", "'-l' is not an option"),
    ("ctx --bogus", "'--bogus' is not an option"),
    ("ctx --bogus=3 --limit 5", "'--bogus' is not an option"),
    ("ctx --limit x", "'x' is not a number"),
    ("ctx --limit", "--limit needs a value"),
    ("ctx logs/app.log", "'logs/app.log' is one word too many"),
    ("ctx *.log --since 10m", "'*.log' is one word too many"),
    ("context app.log", "'app.log' is one word too many"),
    ("diff --stat", "'--stat' is not an option"),
    ("cat a.py b.py", "'b.py' is one word too many"),
    ("cat a.py:1-9 src/b", "'src/b' is one word too many"),
    ("cat a.py --start x", "'x' is not a number"),
    ("cat a.py --start 0", ">= 1"),
    ("grep -z foo", "'-z' is not an option"),
    ("grep foo src tests --bogus", "'tests' is one word too many"),
    ("grep foo --limit 0", ">= 1"),
    ("tree --depth", "--depth needs a value"),
    ("tree --depth two", "'two' is not a number"),
    ("tree --depth 1 --depth 2", "given twice"),
    ("build --release", "'--release' is not an option"),
]


@pytest.mark.parametrize(("line", "name", "given_args"), COMMANDS)
def test_commands(line: str, name: str, given_args: dict[str, Any]) -> None:
    parsed = parse(line, REGISTRY)
    assert isinstance(parsed, CommandLine)
    assert parsed.tool_name == name
    tool = REGISTRY.get(name)
    assert tool is not None
    required = {field: given_args[field] for field in tool.positional if field in given_args}
    assert parsed.args == tool.args_type(**{**required, **given_args})
    assert parsed.text == line.strip()


@pytest.mark.parametrize("line", QUESTIONS)
def test_questions(line: str) -> None:
    parsed = parse(line, REGISTRY)
    assert isinstance(parsed, Task)
    assert parsed.text == line.strip()


@pytest.mark.parametrize(("line", "says"), MISTAKES)
def test_mistakes(line: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(line, REGISTRY)
    assert says in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("frobnicate", "'frobnicate'"),
        ("gerp\n", "/grep"),
        ("emb_indx ", "'emb_indx'"),
        ("grep", ""),
        (" frobnicate", ""),
        ("/frobnicate", ""),
        ("frobnicate?", ""),
        ("frobnicate it", ""),
        ("rules nonsense", "rules has no 'nonsense'"),
        ("rules list", ""),
        ("rules of thumb", ""),
        ("grep nonsense", ""),
        ("@a.py", ""),
        ("a.py", ""),
        ("", ""),
    ],
)
def test_a_single_word_that_is_no_command_is_told_of(line: str, said: str) -> None:
    told = lone_word(line, REGISTRY)
    assert (told is not None) == bool(said)
    assert told is None or said in " ".join(told)


def test_a_mistyped_word_after_a_command_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        parse("rules lits", REGISTRY)
    assert "`rules list`" in caught.value.hint and "leading space" in caught.value.hint
    assert parse(" rules lits", REGISTRY) == Task("rules lits")
    assert parse("rules lits or not", REGISTRY) == Task("rules lits or not")


def test_a_mistyped_command_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        parse("/gerp foo", REGISTRY)
    assert "/grep" in caught.value.hint


@pytest.mark.parametrize(
    ("line", "command"),
    [("!ls", "ls"), ("! ls -la | wc ", "ls -la | wc"), ("!!", "!"), ("!echo 'a\nb'", "echo 'a\nb'")],
)
def test_shell_lines(line: str, command: str) -> None:
    assert parse(line, REGISTRY) == ShellLine(command)


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("what is @src/a.py?", [Mention("src/a.py")]),
        ("@a.py:10-40 and (@b.py:7)", [Mention("a.py", 10, 40), Mention("b.py", 7, 7)]),
        ("look at @a.py:10-, then", [Mention("a.py", 10, None)]),
        ("@a.py:40-10", [Mention("a.py", 10, 40)]),
        ('read @"my file.txt":3-4 now', [Mention("my file.txt", 3, 4)]),
        ("@a.py @a.py", [Mention("a.py")]),
        ("mail me@example.com @", []),
        ("@...", []),
        ("no mention", []),
    ],
)
def test_mentions(text: str, mentions: list[Mention]) -> None:
    parsed = parse(" " + text, REGISTRY)
    assert isinstance(parsed, Task)
    assert list(parsed.mentions) == mentions


def test_usage_tells_everything() -> None:
    grep = REGISTRY.get("grep")
    assert grep is not None
    assert synopsis(grep) == "grep <pattern> [path] [-i] [-w] [-g GLOB] [-F] [--limit N]"
    text = usage(grep)
    for part in ("Regular expression", "-i, --ignore-case", "-g, --glob GLOB", "Default: 200"):
        assert part in text
    plan = REGISTRY.get("plan")
    assert plan is not None
    assert usage(plan).endswith("Also: p")


TEXT = st.text(min_size=1, max_size=30)
ARGS: list[tuple[str, st.SearchStrategy[msgspec.Struct]]] = [
    (
        "grep",
        st.builds(
            lambda **given: REGISTRY.get("grep").args_type(**given),  # type: ignore[union-attr]
            pattern=TEXT,
            path=TEXT,
            ignore_case=st.booleans(),
            word=st.booleans(),
            literal=st.booleans(),
            glob=st.text(max_size=9),
            limit=st.integers(1, 10_000),
        ),
    ),
    (
        "cat",
        st.builds(
            lambda **given: REGISTRY.get("cat").args_type(**given),  # type: ignore[union-attr]
            path=TEXT,
            start=st.integers(1, 9999),
            end=st.integers(0, 9999),
        ),
    ),
    ("plan", st.builds(PlanArgs, task=TEXT, steps=st.integers(-5, 5))),
    ("rules", st.builds(RuleArgs, what=st.sampled_from(["list", "revoke"]), rule=st.text(max_size=9))),
    (
        "check",
        st.builds(
            CheckArgs,
            ratio=st.floats(allow_nan=False),
            fix=st.booleans(),
            names=st.lists(TEXT, max_size=3).map(tuple),
        ),
    ),
]


@pytest.mark.parametrize(("name", "strategy"), ARGS, ids=[name for name, _ in ARGS])
@pytest.mark.parametrize("by_name", [True, False])
def test_what_is_rendered_reads_back(name: str, strategy: Any, by_name: bool) -> None:
    tool = REGISTRY.get(name)
    assert tool is not None

    @settings(max_examples=150, deadline=None)
    @given(strategy)
    def check(args: msgspec.Struct) -> None:
        line = render(name if by_name else tool, args)
        assert parse(line, REGISTRY) == CommandLine(name, args, line.strip())

    check()


def test_a_shell_command_is_rendered_as_it_is_typed() -> None:
    shell = REGISTRY.get("shell")
    assert shell is not None
    assert render(shell, shell.args_type(command="ls | wc")) == "!ls | wc"


WORDS = st.sampled_from(
    [
        "grep",
        "/grep",
        "ls",
        "/",
        "!",
        "tree",
        "-i",
        "--depth",
        "--",
        "-g",
        "plan",
        "'",
        '"',
        "\\",
        "@a:1-",
        "=",
        " ",
    ]
)


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(st.text(max_size=60), st.lists(st.one_of(WORDS, st.text(max_size=4)), max_size=8).map(" ".join))
)
def test_nothing_but_usage_errors_is_raised(line: str) -> None:
    try:
        parsed = parse(line, REGISTRY)
    except UsageError:
        return
    assert isinstance(parsed, CommandLine | ShellLine | Task)


def test_a_default_that_says_nothing_is_left_out() -> None:
    (grep,) = (tool for tool in builtin_tools() if tool.name == "grep")
    text = usage(grep)
    assert "the whole project without it.\n" in text and "Default: 200." in text
