"""The screens by name: the command that tells what each shows, and those that do what can be done there."""

from __future__ import annotations

from typing import NamedTuple


class Page(NamedTuple):
    """A screen. `command` tells its content ("" where the front end itself does), `does` what can be done."""

    name: str
    also: tuple[str, ...]
    command: str
    does: tuple[str, ...]


PAGES: tuple[Page, ...] = (
    Page("work", ("status", "home"), "", (
        "anything else you type is a question or a task", "!COMMAND runs a shell command",
        "@FILE puts a file into the question", "undo and redo take changes back and make them again",
        "compact sums the conversation up", "window says what the model gets to see",
    )),
    Page("files", ("tree", "file"), "tree --depth 2", (
        "tree FOLDER and ls FOLDER list", "cat FILE or cat FILE:10-40 reads one",
        "ls -a lists ignored files, too", "grep REGEX searches", "codectx FILE says what a file is",
    )),
    Page("logs", ("log", "events"), "ctx", (
        "ctx --source NAME takes one log, ctx --since 10m what is new",
        "ctx --source bus takes the key events of the bus", "cat LOG:100-140 and grep REGEX LOG read lines",
        "stack logs SERVICE --follow goes on until Ctrl-C", "logs ship sends logs to the bus",
    )),
    Page("suggestions", ("next", "suggest"), "", (
        "1 to 9, or accept 1, runs one", "why 1 says why", "dismiss 1 takes one off the list",
    )),
    Page("results", ("result", "search"), "", (
        "esearch QUESTION, intel QUESTION and vretr QUESTION search the code", "open 1 reads a place",
    )),
    Page("stack", ("services", "service"), "stack ps", (
        "stack up, stop, restart, build, pull, each with services or for all", "stack scale SERVICE=2",
        "stack down removes the containers", "stack logs SERVICE --follow goes on until Ctrl-C",
        "stack autoscale scales the workers once", "stack clean frees space", "stack init writes the files",
        "stack doctor says what is missing here", "Ctrl-C cancels what goes on",
    )),
    Page("topics", ("topic",), "stack topics", (
        "stack topics PATTERN names some", "stack tail TOPIC reads messages", "stack up kafka starts the bus",
    )),
    Page("messages", ("message", "tail"), "stack tail agent.* logs.*", (
        "stack tail TOPIC --follow goes on until Ctrl-C", "stack tail TOPIC --grep REGEX filters",
        "stack tail TOPIC --since 10m begins at a time, -n 50 so many messages back",
    )),
    Page("learning", ("rl", "policy"), "rl status", (
        "rl evaluate says whether suggestions help", "rl train and rl stop", "rl freeze and rl thaw",
        "rl reset", "rl export FILE", "rl promote NUMBER and rl rollback",
    )),
    Page("sessions", ("session", "conversations"), "sessions", (
        "resume NAME goes on in one", "fork copies this one", "sessions rename NAME names it",
        "sessions show ID reads one", "sessions delete ID", "export writes this one as Markdown",
    )),
    Page("settings", ("setting", "config", "preferences"), "config", (
        "config show NAME says one in full", "config set NAME VALUE changes one",
        "config unset NAME takes it out again",
    )),
    Page("models", ("model",), "model list", ("model use NAME switches", "model pull NAME fetches one")),
    Page("keys", ("key", "commands"), "", ()),
    Page("auth", ("login", "apikey"), "auth list", (
        "auth login keeps a key, typed without being shown", "auth test and auth remove",
    )),
    Page("bus", ("kafka",), "bus", ("stack topics says what is on it", "stack up kafka starts it")),
    Page("review", ("diff", "changes"), "diff", (
        "undo takes the last turn's changes back, redo makes them again", "commit commits them",
        "run_tests, lint and build check them",
    )),
    Page("permissions", ("rules",), "permissions", ("permissions revoke RULE takes one back",)),
    Page("help", ("?",), "help", ("help COMMAND says more of one",)),
)  # fmt: skip

KEYS = (
    "Keys: Enter sends; Tab completes a command, an option or a path, twice lists the choices;",
    "Up and Down go through what was typed before; Ctrl-A and Ctrl-E go to the line's ends;",
    "a backslash at the end goes on in the next line;",
    "Ctrl-C stops the answer; at an empty prompt twice, or Ctrl-D, leaves;",
    "what you type while something runs waits until it has ended; /drop takes the last of it back.",
    "Commands of this mode: /screen NAME, /next, /accept 1, /why 1, /dismiss 1, /results, /open 1, /last,",
    "/status, /keys, /drop, /quit.",
)


def page_of(name: str) -> Page | None:
    """The page that a word means: a name, another word for it, or the beginning of one name alone."""
    low = name.lower().lstrip("/")
    exact = next((page for page in PAGES if low == page.name or low in page.also), None)
    begun = [page for page in PAGES if page.name.startswith(low)]
    return exact or (begun[0] if low and len(begun) == 1 else None)


def names() -> str:
    """All of them, to choose from."""
    return ", ".join(page.name for page in PAGES)
