from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent_core.agent.intent import asks_about_failure, asks_for_change, route, since_of

CHANGES = """
create a file called notes.md
add a --verbose flag to the command line
Add type hints to api.py
please add docstrings to all public functions
fix the crash when the config file is missing
Fix the failing test in tests/test_api.py
rename load to load_config everywhere
Rename the class Foo to Bar.
delete the unused helpers
remove dead code from utils.py
write unit tests for the parser module
Write a README
update the version to 1.2.0
change the default port to 9090
replace requests with httpx
refactor this function into two
implement retry with exponential back-off
can you add caching to the search function?
could you please fix this bug
Could you rename this variable?
would you move the constants to their own file
I want you to remove the print statements
I'd like you to convert this class to a dataclass
we need to bump the dependency to 2.0
let's extract the validation into a helper
go ahead and apply the fix
make the timeout configurable
make it faster
set the log level to debug in config.toml
undo the last change
insert a newline at the end of each file
split utils.py into smaller modules
migrate the tests from unittest to pytest
Hi, please correct the typo in the README
ok, now add a test for it
simplify the loop in parse()
Help me fix the import error in main.py
the function parse needs to be renamed
The timeout in client.py should be changed to 30 seconds
find the bug in parser.py and fix it
look at server.py and add a health check to it
enable strict mode in the type checker
disable the cache by default
sort the imports in app.py
turn this script into a package
just delete it
improve the error message for missing keys
generate a changelog entry
append a line to CHANGELOG.md
wrap the call in a try block
"""
QUESTIONS = """
where is the code that retries failed network calls?
how do I add dark mode?
How would I rename a column?
how should we add caching to the API
what changes when I set DEBUG to true?
why does the build fail?
build fails, why?
build
explain how the fix for #123 works
which files create the database?
what would it take to support Windows
plan the refactoring of the billing module
make a plan to upgrade to Django 5
outline how to add CI
show me app/models.py
find every line that contains TODO
list files under docs
who calls delete_user?
does anything delete temporary files?
is there a function to remove duplicates
when is the cache updated?
what does update() do
should I replace this with a dict?
write me a summary of this repository
create an overview of the modules
give me a step by step approach to fix the flaky tests
how is the config created
tests that write files
can the parser handle updates?
could this be removed?
without changing anything, tell me how to fix the parser
explain the bug but don't change any code
the function that merges two sorted lists
part of the code that creates the status bar
add_user: where is it called
summarise the changes in CHANGELOG.md
fix?
what is the best way to introduce type checking
where do we set the default timeout
describe how settings are written to disk
Was the login page changed recently?
support for Windows?
"""


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


def test_the_table_is_large_enough() -> None:
    assert len(lines(CHANGES)) + len(lines(QUESTIONS)) >= 60


@pytest.mark.parametrize("text", lines(CHANGES))
def test_an_imperative_asks_for_a_change(text: str) -> None:
    assert asks_for_change(text)


@pytest.mark.parametrize("text", lines(QUESTIONS))
def test_a_question_asks_for_none(text: str) -> None:
    assert not asks_for_change(text)


@pytest.mark.parametrize(
    "text",
    ["", "   ", "\n", "?", "add", "." * 100_000, "add " * 50_000, "the " * 50_000 + "needs to be fixed"],
)
def test_odd_text_is_judged_quickly_and_without_an_exception(text: str) -> None:
    asks_for_change(text)
    route(text)


ROUTES = [
    ("where is asks_for_change defined?", "grep", {"pattern": "asks_for_change"}),
    ("search for raise ValueError", "grep", {"pattern": "raise ValueError"}),
    ("grep for class Parser", "grep", {"pattern": "Parser"}),
    ("find `self._cache[` in src", "grep", {"pattern": "self._cache[", "path": "src"}),
    ("who calls open_runtime()?", "grep", {"pattern": "open_runtime"}),
    ("which modules import msgspec", "grep", {"pattern": "msgspec"}),
    ("usages of TurnPort", "grep", {"pattern": "TurnPort"}),
    ("show pyproject.toml", "cat", {"path": "pyproject.toml"}),
    ("show me lines 5 to 9 of src/app.py", "cat", {"path": "src/app.py", "start": 5, "end": 9}),
    ("cat src/app.py:12-40", "cat", {"path": "src/app.py", "start": 12, "end": 40}),
    ("what is in Makefile", "cat", {"path": "Makefile"}),
    ("list the files in src/core", "tree", {"path": "src/core"}),
    ("how is this repository structured", "tree", {}),
    ("what have I changed?", "diff", {}),
    ("show my uncommitted changes", "diff", {}),
    ("how do I add a new command?", "plan", {}),
    ("how does the session decide what to run next?", "search", {}),
    ("what happens when the endpoint is down", "search", {}),
    ("where in src/app.py is the port read?", "search", {}),
    ("why are passwords hashed twice", "search", {}),
    ("what went wrong last night", "ctx", {"since": "last night"}),
    ("what happened in the past 2 hours?", "ctx", {"since": "2h"}),
    ("build fails, why?", "ctx", {}),
]  # fmt: skip


FAILED = """
why does it crash
why does the server crash on startup?
what went wrong last night
build fails, why?
why does the build fail?
the worker keeps restarting, what is going on
what do the logs say?
any errors today?
why do requests time out since an hour
the api is down
summarize the logs of the last 2 hours
it won't start
why am I getting 502 errors
check the logs
are there errors in the log?
what "ERROR" lines are in the logs
orders service timed out
why can the account page not be checked?
why can't the config be loaded
"""
OF_CODE = """
where is the code that retries failed network calls?
how are errors handled in the parser
which tests fail when the cache is off
where are logs written
what does CrashReporter do
who raises TimeoutError
how does logging work
set the log level
how should we handle failures
find every line that contains "failed"
what happens when the database is down?
how do I run the tests
does anything delete temporary files?
why can a tuple be hashed?
"""


@pytest.mark.parametrize("text", lines(FAILED))
def test_a_question_that_the_logs_may_answer(text: str) -> None:
    assert asks_about_failure(text)


@pytest.mark.parametrize("text", lines(OF_CODE))
def test_a_question_about_code_that_deals_with_errors(text: str) -> None:
    assert not asks_about_failure(text)


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("errors in the last few hours", {"since": "3h"}),
        ("crashes of the past week", {"since": "1w"}),
        ("what broke overnight", {"since": "overnight"}),
        ("what failed This Morning?", {"since": "this morning"}),
        ("errors since monday", {"since": "monday"}),
        ("what fails since 14:30?", {"since": "14:30"}),
        ("it fails since today", {"since": "today"}),
        ("it fails", {}),
    ],
)
def test_since_when(text: str, since: dict[str, str]) -> None:
    assert since_of(text) == since


@pytest.mark.parametrize(("text", "purpose", "arguments"), ROUTES)
def test_a_request_is_routed(text: str, purpose: str, arguments: dict[str, object]) -> None:
    found = route(text)
    assert (found.purpose, found.arguments) == (purpose, arguments)


def test_the_kits_requests_are_routed(kit: Path) -> None:
    """The bar of the kit: logistic regression over embeddings places 39 of 40; rules must not be worse."""
    held_out, examples = json.loads((kit / "prototypes" / "route_set.json").read_text())
    pairs = [*held_out, *((text, tool) for tool, texts in examples.items() for text in texts)]
    wrong = [text for text, tool in pairs if route(text).purpose.replace("search", "esearch") != tool]
    assert len(wrong) <= 2, wrong


def test_a_mention_is_no_part_of_the_path() -> None:
    found = route("what is in @src/calc.py:3-9 about add?")
    assert (found.purpose, found.arguments) == ("cat", {"path": "src/calc.py", "start": 3, "end": 9})
