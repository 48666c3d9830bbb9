"""Small models and their faults: does every turn end well, and does the call run that was meant?

`make bench-small-model` runs whole turns of a session with the real tools.

1. Over a scripted server that speaks Ollama's and OpenAI's protocols and gives the replies of
   `_small_cases.py`, which also says, by a rule of its own, what is called recoverable.
2. Over the genuine Ollama server and a real llama.cpp server (the kit's, with the tiny model) a question, a
   plan and a change each, in a window of 1,024 tokens. `--scripted` leaves these out.

- `well_formed`: the part of all turns that end once, with an answer or an error that says what to do, and
  that show no tool call, no parse error and no traceback;
- `turns`: how many there were, `real_turns` of them over the real servers;
- `recovered`: the part of the recoverable cases in which the first tool that ran was the right one with the
  right arguments;
- `named`: the part of the others after which the model was told what is wrong, or, where it made no call, was
  asked again; and nothing ran that was not meant.

`--cases FILE` takes other cases (JSON lines), `--seed` and `--each` make others, `--write FILE` writes them,
`--show` prints each that did not end as it should.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from agent_core.commandline import render
from agent_core.events import Event, Notice, TextDelta, ToolStarted, TurnFinished
from agent_core.runtime import Runtime, open_runtime
from benchmarks._small_cases import Case, cases
from benchmarks.common import kit, report
from tests.fakes.model_server import ModelServer
from tests.fakes.model_wire import Answer, Call
from tests.fixtures_models import PLAIN, WITH_TOOLS, llamacpp_server, ollama_server

LIMITS = [("well_formed", ">=", 1.0), ("turns", ">=", 300), ("recovered", ">=", 0.95), ("named", ">=", 1.0)]
QUESTION = "How does the program come by its port?"
FINAL = "The port is read in src/app.py:5."
_TOLD = re.compile(
    r"There is no tool|Wrong arguments|held no JSON object|was cut off|must be one JSON object"
)
_SHOWN = re.compile(
    r"Traceback|JSONDecodeError|ValidationError|__unparsed__|<tool_call|</?think|\{\s*\"(?:action|name|tool|function)\""
)
_FILES = {
    "src/app.py": "import os\n\n\ndef read_port():\n    return os.environ['PORT']\n\n\nP = read_port()\n",
    "docs/port.md": "The program reads PORT.\n",
}
_REAL = (QUESTION, "plan read the port from a file", "edit rename read_port to port_of in src/app.py")


@asynccontextmanager
async def session(root: Path, **settings: str) -> AsyncIterator[tuple[Runtime, list[Event]]]:
    """A runtime on a small project, and the events that it publishes."""
    for path, text in _FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    runtime = open_runtime(root, flags=settings, env={}, interactive=False, allow=("write", "run"))
    seen: list[Event] = []
    publish = runtime.bus.publish

    def record(event: Event) -> None:
        seen.append(event)
        publish(event)

    runtime.bus.publish = record  # type: ignore[method-assign]
    try:
        yield runtime, seen
    finally:
        await runtime.aclose()
        failed = [event for event in seen if isinstance(event, TurnFinished) and event.error]
        if any(event.error.code == "internal" for event in failed if event.error) and runtime.log.path:
            print(runtime.log.path.read_text()[-3000:], file=sys.stderr)


async def turn(runtime: Runtime, seen: list[Event], text: str) -> list[Event]:
    """The events of one turn."""
    seen.clear()
    runtime.session.history.clear()
    runtime.session.submit(text)
    await runtime.session.idle()
    return list(seen)


def ends_well(events: list[Event]) -> str:
    """Why the turn is not well-formed; "" when it is."""
    ends = [event for event in events if isinstance(event, TurnFinished)]
    if len(ends) != 1:
        return f"{len(ends)} ends"
    (end,) = ends
    if end.error is not None and (end.error.code == "internal" or not end.error.message):
        return f"error {end.error.code}: {end.error.message}"
    if end.error is None and not end.text.strip():
        return "no answer and no error"
    said = "".join(event.text for event in events if isinstance(event, TextDelta))
    notices = "\n".join(f"{event.message} {event.hint}" for event in events if isinstance(event, Notice))
    message = f"{end.error.message} {end.error.hint}" if end.error else ""
    found = _SHOWN.search("\n".join((said, end.text, notices, message)))
    return f"it shows {found[0]!r}" if found else ""


def replies(case: Case) -> list[Answer]:
    """What the server says: the case, then whatever ends the turn well."""
    first = Answer(
        text=tuple(re.findall(r"(?s).{1,7}", case["text"])),
        calls=tuple(Call(name, (arguments,)) for name, arguments in case["calls"]),
    )
    final = Answer(text=(FINAL,))
    return (
        [first, Answer(text=('{"action": "answer"}',)), final] if case["mode"] == "choice" else [first, final]
    )


def judge(case: Case, events: list[Event], asked: list[Any], runtime: Runtime) -> str:
    """What went wrong with the case's call; "" when nothing did."""
    ran = [event for event in events if isinstance(event, ToolStarted)]
    if case["recoverable"]:
        tool = runtime.registry.get(case["tool"])
        assert tool is not None
        wanted = render(tool, msgspec.convert(case["arguments"], tool.args_type))
        got = ran[0].command if ran else "nothing"
        return "" if got == wanted else f"{got} ran instead of {wanted}"
    if case["mode"] != "choice" and ran:
        return f"{ran[0].command} ran"
    if len(asked) < 2:
        return "the model was not asked again"
    no_call = not case["calls"] and case["tool"] not in case["text"] and "get_weather" not in case["text"]
    told = json.dumps([request.body["messages"] for request in asked[1:]])
    return "" if no_call or _TOLD.search(told) else "the model was not told what is wrong"


async def scripted(made: list[Case], folder: Path) -> list[dict[str, Any]]:
    """Every case as a turn; one row each."""
    rows: list[dict[str, Any]] = []
    async with ModelServer() as server:
        for mode in ("native", "text", "choice"):
            server.show["capabilities"] = ["completion"] if mode == "choice" else ["completion", "tools"]
            choice = {"provider": "ollama", "ollama_host": server.url, "ollama_model": "big"}
            wire = {"provider": "openai", "openai_base_url": server.url + "/v1", "openai_model": "big"}
            settings = choice if mode == "choice" else wire
            root = folder / mode
            async with session(root, **settings, context_window="8192") as (runtime, seen):
                for case in (case for case in made if case["mode"] == mode):
                    server.script(*replies(case))
                    before = len(server.chats)
                    events = await turn(runtime, seen, QUESTION)
                    asked = server.chats[before:]
                    rows.append(
                        {
                            **case,
                            "badly": ends_well(events),
                            "wrong": judge(case, events, asked, runtime),
                        }
                    )
    return rows


async def real(folder: Path) -> list[dict[str, Any]]:
    """Turns over real servers."""
    rows: list[dict[str, Any]] = []
    small = {"context_window": "1024", "answer_reserve": "128", "max_steps": "3"}
    with ExitStack() as stack:
        genuine = stack.enter_context(ollama_server(kit() / "ollama" / "ollama.sh", folder / "ollama"))
        llama = stack.enter_context(llamacpp_server())
        ollama = {"provider": "ollama", "ollama_host": genuine.url}
        servers = {
            "ollama": {**ollama, "ollama_model": PLAIN},
            "ollama with tools": {**ollama, "ollama_model": WITH_TOOLS},
            "llama.cpp": {"provider": "openai", "openai_base_url": llama, "openai_model": "smollm2"},
        }
        for number, (name, settings) in enumerate(servers.items()):
            async with session(folder / f"real{number}", **settings, **small) as (runtime, seen):
                for text in _REAL:
                    events = await turn(runtime, seen, text)
                    rows.append(
                        {"id": f"{name}: {text}", "fault": name, "badly": ends_well(events), "wrong": ""}
                    )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=Path, help="other cases, JSON lines")
    parser.add_argument("--seed", type=int, default=5, help="of the cases that are made (5)")
    parser.add_argument("--each", type=int, default=3, help="cases of each fault (3)")
    parser.add_argument("--write", type=Path, help="write the cases that were made, and end")
    parser.add_argument("--scripted", action="store_true", help="leave the real servers out")
    parser.add_argument("--show", action="store_true", help="print what did not end as it should")
    options = parser.parse_args()
    made = cases(options.seed, options.each)
    if options.cases:
        made = [json.loads(line) for line in options.cases.read_text().splitlines()]
    if options.write:
        options.write.write_text("".join(json.dumps(case) + "\n" for case in made))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["XDG_STATE_HOME"] = str(folder / "state")
        rows = asyncio.run(scripted(made, folder))
        over = [] if options.scripted else asyncio.run(real(folder))
    sys.exit(not show(rows, over, options.show))


def show(rows: list[dict[str, Any]], over: list[dict[str, Any]], detail: bool) -> bool:
    """Print the figures and write the report; whether every limit is met."""
    for row in [*rows, *over]:
        if detail and (row["badly"] or row["wrong"]):
            print(f"{row['id']}: {row['badly'] or row['wrong']}\n    {row.get('text') or row.get('calls')!r}")
    good = [row for row in rows if row["recoverable"]]
    rest = [row for row in rows if not row["recoverable"]]
    figures = {
        "well_formed": sum(not row["badly"] for row in [*rows, *over]) / max(1, len(rows) + len(over)),
        "turns": len(rows) + len(over),
        "real_turns": len(over),
        "recovered": sum(not row["wrong"] for row in good) / max(1, len(good)),
        "named": sum(not row["wrong"] for row in rest) / max(1, len(rest)),
    }
    by_fault: dict[str, list[int]] = {}
    for row in rows:
        counts = by_fault.setdefault(row["fault"], [0, 0])
        counts[0] += not row["wrong"]
        counts[1] += 1
    return report("small-model", figures, LIMITS, faults=by_fault)


if __name__ == "__main__":
    main()
